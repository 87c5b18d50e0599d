"""1. The matrix product, its gradient, and the calculus of a layer.

A matrix product is a table of scalar products: row i of the one with column j of the other. Its Function stands here
as in the note on step 41. Backward is two products more, gx = gy Wᵀ and gW = xᵀ gy; the shapes leave no other choice.
A layer y = sigmoid(x W + b) needs no formula of its own: the operators' gradients, put together, are what matrix
calculus says.

    python examples/lecture/01_matrix_product.py

    runs/lecture/01_matrix_product.png  Above: the product; one row and one column make one number. Below: the
        gradients of the sum of all its numbers, so gy is all ones.
    runs/lecture/01_one_and_many.png  (1, D) (D, H) beside (N, D) (D, H), with D = 3, H = 4, N = 5: every row of a batch
        becomes what it would become alone.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag
import autograd.functions as F


class MatMul(ag.Function):
    def forward(self, x, W):
        return x @ W

    def backward(self, gy):
        x, W = self.inputs
        return gy @ W.T, x.T @ gy


def products():
    a, b = ag.Variable([[1, 2], [3, 4]]), ag.Variable([[5, 6], [7, 8]])
    print("[[1 2] [3 4]] [[5 6] [7 8]] =", (a @ b).data.tolist())
    assert (ag.Variable([1, 2, 3]) @ ag.Variable([4, 5, 6])).item() == 32
    assert (a @ b).data.tolist() == [[19, 22], [43, 50]]
    w, x = ag.Variable([1, 2, 3]), ag.Variable([4, 5, 6])
    assert w.dot(x).item() == 32 and a.dot(b).data.tolist() == [[19, 22], [43, 50]]  # as the notes write it
    assert (ag.Variable([[1, 2, 3], [4, 5, 6]]) @ ag.Variable([[1], [2], [3]])).data.tolist() == [[14], [32]]


def the_function_of_the_note():
    x = ag.Variable([[1.03456353, 0.27193871, 0.86023841], [1.06768801, -0.83540155, 1.35419697]])
    W = ag.Variable([
        [-0.77110712, 0.31744908, 1.4434869, 0.81484399],
        [-0.59206421, -0.47752476, 0.42763204, 0.84477188],
        [-0.82779724, 1.08705633, 0.90385875, 2.0810289],
    ])  # fmt: skip
    y = MatMul()(x, W)
    y.backward()
    print("y =", y.data.round(4).tolist())
    print("x.grad", x.grad.shape, "=", x.grad.data.round(4).tolist(), " W.grad", W.grad.shape)
    expected = [[-1.67086747, 1.13369138, 2.38720262, 2.86291505], [-1.44969098, 2.20994988, 2.40795197, 2.98239845]]
    assert np.abs(y.data - expected).max() < 9.5e-9
    assert (x.grad.shape, W.grad.shape) == ((2, 3), (3, 4))
    assert np.abs(x.grad.data - [1.80467285, 0.20281495, 3.24414674]).max() < 1e-8  # both rows: gy is all ones
    return x, W, y


def one_and_many():
    """(1, D) (D, H) = (1, H) and (N, D) (D, H) = (N, H)"""
    (D, H, N, row), rng = (3, 4, 5, 2), np.random.default_rng(0)
    batch, W = rng.integers(-3, 4, (N, D)), rng.integers(-3, 4, (D, H))
    one = batch[row : row + 1]
    y, Y = ag.Variable(one).dot(ag.Variable(W)), ag.Variable(batch).dot(ag.Variable(W))
    print("(1, 3) (3, 4) is", y.shape, " (5, 3) (3, 4) is", Y.shape)
    assert (y.shape, Y.shape) == ((1, H), (N, H)) and Y.data[row].tolist() == y.data[0].tolist()
    assert [ag.Variable(x).dot(ag.Variable(W)).data.tolist() for x in batch] == Y.data.tolist()  # one by one

    figure = Figure(figsize=(10, 2.6), layout="constrained")
    half = np.array([D, 0.6, H, 0.8, H])
    line = figure.subplots(1, 11, width_ratios=[*half, 1.2, *half])
    line[5].axis("off")
    for axes, x, out, k, letter in ((line[:5], one, y.data, 0, "1"), (line[6:], batch, Y.data, row, "N")):
        matrix(axes[0], x, f"x  ({letter}, D)", [(k, i) for i in range(D)], limit=12)
        sign(axes[1], "×")
        matrix(axes[2], W, "W  (D, H)", limit=12)
        sign(axes[3], "=")
        matrix(axes[4], out, f"y  ({letter}, H)", [(k, j) for j in range(H)], limit=12)
    save(figure, "01_one_and_many.png")


def calculus_of_a_layer():
    """u = x W + b, y = sigmoid(u), d = gy y (1 - y):   gW = xᵀ d,  gb = sum of d over the batch,  gx = d Wᵀ"""
    rng = np.random.default_rng(0)
    x, W, b = [ag.Variable(rng.standard_normal(shape)) for shape in ((5, 3), (3, 4), (4,))]
    gy = rng.standard_normal((5, 4))
    y = F.sigmoid(x @ W + b)
    gx, gW, gb = ag.grad(y, [x, W, b], gy)
    d = gy * y.data * (1 - y.data)
    for name, g, formula in (("gx", gx, d @ W.data.T), ("gW", gW, x.data.T @ d), ("gb", gb, d.sum(axis=0))):
        print(f"{name} {g.shape}: by the operators and by the formula, difference {np.abs(g.data - formula).max():.1e}")
        assert np.allclose(g.data, formula, rtol=0, atol=1e-13)


def draw(x, W, y):
    gy = np.ones((2, 4))
    lines = [
        [(x, "x", [(0, k) for k in range(3)]), "×", (W, "W", [(k, 1) for k in range(3)]), "=", (y, "y", [(0, 1)])],
        [(gy, "gy", ()), "×", (W.data.T, "Wᵀ", ()), "=", (x.grad, "gx", ())],
        [(x.data.T, "xᵀ", ()), "×", (gy, "gy", ()), "=", (W.grad, "gW", ())],
    ]
    figure = Figure(figsize=(9, 7), layout="constrained")
    for line, row in zip(lines, figure.subplots(3, 5, width_ratios=[4, 0.5, 4, 0.5, 4])):
        for part, axes in zip(line, row):
            if isinstance(part, str):
                sign(axes, part)
                continue
            M, name, marked = part
            M = ag.as_array(M)
            matrix(axes, M, f"{name}  {M.shape}", marked, limit=3.5, digits=2)
    save(figure, "01_matrix_product.png")


products()
one_and_many()
parts = the_function_of_the_note()
calculus_of_a_layer()
draw(*parts)
