"""6b. Backpropagation: nodes and layers, each with its own backward.

A product, a quotient, ReLU, sigmoid; then the affine layer, whose gradients are products of matrices, and softmax with
the cross entropy, whose gradient is as simple as can be: what was said minus what was right, (y - t) / batch. The one
surprise is a copy. A bias is used by every sample of the batch, so its gradient is the sum over the batch: the
derivative of repeat is sum.

    python examples/lecture/06b_layers.py

    runs/lecture/06b_affine.png  The affine layer, forward and backward from ones.
    runs/lecture/06b_softmax.png  Two samples: what softmax says, the target, and the gradient, which pulls the right
        class up and pushes the others down.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save

import autograd as ag
import autograd.functions as F


def near(x, expected, tolerance=1e-14):
    return np.allclose(ag.as_array(x), expected, rtol=0, atol=tolerance)


def nodes():
    x, y = ag.Variable(10.0), ag.Variable(5.0)
    product = x * y
    gx, gy = ag.grad(product, [x, y], np.array(1.5))
    print("10 * 5 =", product.item(), " backward of 1.5:", gx.item(), gy.item())
    assert product.item() == 50 and (gx.item(), gy.item()) == (7.5, 15)
    assert [g.item() for g in ag.grad((x + y) ** 2, [x, y])] == [30, 30]  # 2 (x + y)
    gx, gy = ag.grad(x / y, [x, y])
    assert near(gx, 1 / 5) and near(gy, -10 / 25)  # 1/y and -x/y²


def activations():
    x, gy = ag.Variable([1.0, -2.0, 3.0, -4.0, 5.0]), np.array([-1.0, 1.0, -1.0, 1.0, -1.0])
    y = F.relu(x)
    gx = ag.grad(y, x, gy)
    print("ReLU", y.data, " gradient", gx.data)
    assert y.data.tolist() == [1, 0, 3, 0, 5] and gx.data.tolist() == [-1, 0, -1, 0, -1]
    assert gy.tolist() == [-1, 1, -1, 1, -1]  # the incoming gradient is as it was
    x = ag.Variable([-2.0, -1.0, 1.0, 2.0])
    y = F.sigmoid(x)
    gx = ag.grad(y, x, np.full(4, 30.0))
    print("sigmoid", y.data.round(8), " gradient of 30s", gx.data.round(8))
    assert near(y, [0.11920292, 0.26894142, 0.73105858, 0.88079708], 5e-9)
    assert near(gx, [3.14980756, 5.898358, 5.898358, 3.14980756], 5e-8)


def repeat_and_sum():
    x = ag.Variable([1.0, 2.0, 3.0])
    gy = np.arange(12.0).reshape(4, 3)
    assert near(ag.grad(F.broadcast_to(x, (4, 3)), x, gy), gy.sum(axis=0))
    x = ag.Variable(np.ones((4, 3)))
    assert near(ag.grad(F.sum_to(x, (3,)), x, np.array([1.0, 2.0, 3.0])), [[1, 2, 3]] * 4)


def affine():
    W, b = ag.Variable([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]), ag.Variable(np.ones(3))
    X = ag.Variable([[1.0, 1.0], [2.0, 2.0]])
    Y = F.linear(X, W, b)
    dX, dW, db = ag.grad(Y, [X, W, b])
    print("affine", Y.data.tolist(), " dX", dX.data.tolist(), " dW", dW.data.tolist(), " db", db.data)
    assert near(Y, [[4, 4, 4], [7, 7, 7]])
    assert near(dX, [[3, 6], [3, 6]]) and near(dW, [[3, 3, 3], [3, 3, 3]]) and near(db, [2, 2, 2])
    x = ag.Variable([1.0, 1.0])  # one sample alone
    y = x @ W + b
    assert near(y, [4, 4, 4])
    assert near(ag.grad(y, x), [3, 6]) and near(ag.grad(y, W), np.ones((2, 3)))

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    names = ["X", "W", "b", "X W + b", "dX = gy Wᵀ", "dW = Xᵀ gy", "db = sum of gy", "gy"]
    parts = [X, W, b, Y, dX, dW, db, np.ones((2, 3))]
    for name, part, axes in zip(names, parts, figure.subplots(2, 4).flat):
        matrix(axes, ag.as_array(part), name, limit=8)
    save(figure, "06b_affine.png")


def softmax_with_loss():
    x, t = ag.Variable([[10.0, 9.0, 8.0], [4.0, 6.0, 5.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    y, loss = F.softmax(x), F.softmax_cross_entropy(x, t)
    dx = ag.grad(loss, x)
    print("softmax", y.data.round(4).tolist(), f" loss {loss.item():.7f}  dx", dx.data.round(4).tolist())
    assert near(y, [[0.66524096, 0.24472847, 0.09003057], [0.09003057, 0.66524096, 0.24472847]], 5e-9)
    deck = -(t * F.log(y + 1e-7)).sum() / 2  # the deck adds 1e-7 inside the logarithm
    assert near(deck, 0.4076058141, 5e-11) and near(loss, 0.4076058141, 2e-7)
    assert near(dx, (y.data - t) / 2)

    figure = Figure(figsize=(9, 3), layout="constrained")
    for sample, axes in enumerate(figure.subplots(1, 2)):
        for shift, (label, heights) in zip((-0.27, 0, 0.27), (("y", y.data), ("t", t), ("(y - t) / 2", dx.data))):
            bars = axes.bar(np.arange(3) + shift, heights[sample], width=0.26, label=label)
            axes.bar_label(bars, fmt="{:.2f}", fontsize=8, padding=2)
        axes.axhline(0, color="k", linewidth=0.8)
        axes.set_xticks(range(3), [f"class {k}" for k in range(3)])
        axes.set(title=f"x = {x.data[sample]}", ylim=(-0.35, 1.15))
    axes.legend(loc="upper right")
    save(figure, "06b_softmax.png")


nodes()
activations()
repeat_and_sum()
affine()
softmax_with_loss()
