"""8a. Convolution: a filter slides over an image.

At every place the pixels under the filter are multiplied by it and summed: one number. The same few weights look at all
places, so what is learned in one corner is known in all. A border of zeros keeps the size; a stride makes it smaller:
OH = (H + 2P - FH) / S + 1. Backward, each pixel and each weight collects from all the places where it was used.

    python examples/lecture/08a_convolution.py

    runs/lecture/08a_sliding.png  The four places of a 3 x 3 filter on a 4 x 4 image.
    runs/lecture/08a_backward.png  Forward with a bias of 3, the gradient that comes back, and what arrives at image,
        filter and bias.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag
import autograd.functions as F

IMAGE = np.array([[1.0, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]])
FILTER = np.array([[2.0, 0, 1], [0, 1, 2], [1, 0, 2]])


def one(M):
    """A matrix as one image of one channel, or as one filter."""
    return M[None, None]


def sliding():
    y = F.conv2d(one(IMAGE), one(FILTER))
    print("convolution", y[0, 0].tolist())
    assert y.tolist() == [[[[15, 16], [6, 15]]]]
    assert F.conv2d(one(IMAGE), one(FILTER), np.array([3.0])).tolist() == [[[[18, 19], [9, 18]]]]
    padded = F.conv2d(one(IMAGE), one(FILTER), pad=1)
    print("with a border of zeros", padded[0, 0].tolist())
    assert padded.tolist() == [[[[7, 12, 10, 2], [4, 15, 16, 10], [10, 6, 15, 6], [8, 10, 4, 3]]]]

    figure = Figure(figsize=(8, 9.5), layout="constrained")
    for (i, j), row in zip(np.ndindex(2, 2), figure.subplots(4, 5, width_ratios=[4, 0.5, 3, 0.5, 2])):
        assert (IMAGE[i : i + 3, j : j + 3] * FILTER).sum() == y[0, 0, i, j]
        matrix(row[0], IMAGE, "image", [(i + k, j + m) for k, m in np.ndindex(3, 3)], limit=16)
        matrix(row[2], FILTER, "filter", limit=16)
        matrix(row[4], y[0, 0], "output", [(i, j)], limit=16)
        sign(row[1], "*")
        sign(row[3], "=")
    save(figure, "08a_sliding.png")


def sizes():
    for size, F_, S, P, expected in (
        ((4, 4), 3, 1, 1, (4, 4)), ((7, 7), 3, 2, 0, (3, 3)), ((28, 31), 5, 3, 2, (10, 11)),
    ):  # fmt: skip
        by_formula = tuple((H + 2 * P - F_) // S + 1 for H in size)
        shape = F.conv2d(np.zeros((1, 1, *size)), np.zeros((1, 1, F_, F_)), stride=S, pad=P).shape
        print(f"{size}, pad {P}, stride {S}, filter {F_}: {shape[2:]}")
        assert shape[2:] == by_formula == expected
    try:
        F.conv2d(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 3, 3)))
    except ValueError as error:
        print("error:", error)
        assert "(2 + 0 + 0 - 1 (3 - 1) - 1) // 1 + 1 = 0" in str(error)
    else:
        raise AssertionError("a filter larger than the image has no place")


def backward():
    x, W = ag.Variable(one(np.arange(16.0).reshape(4, 4))), ag.Variable(np.ones((1, 1, 2, 2)))
    b = ag.Variable([3.0])
    y = F.conv2d(x, W, b)
    gy = one(np.arange(9.0).reshape(3, 3))
    dx, dW, db = ag.grad(y, [x, W, b], gy)
    print("forward", y.data[0, 0].tolist(), " dW", dW.data[0, 0].tolist(), " db", db.data.tolist())
    assert y.data.tolist() == [[[[13, 17, 21], [29, 33, 37], [45, 49, 53]]]]
    assert db.data.tolist() == [36] and dW.data.tolist() == [[[[258, 294], [402, 438]]]]
    assert dx.data.tolist() == [[[[0, 1, 3, 2], [3, 8, 12, 7], [9, 20, 24, 13], [6, 13, 15, 8]]]]

    figure = Figure(figsize=(9, 4.8), layout="constrained")
    parts = {"x": x, "W": W, "b": b, "y = x * W + b": y, "dx": dx, "dW": dW, "db": db, "gy": gy}
    for (name, M), axes in zip(parts.items(), figure.subplots(2, 4, width_ratios=[4, 2, 1, 3]).flat):
        M = ag.as_array(M)
        matrix(axes, M[0, 0] if M.ndim == 4 else M, name)
    save(figure, "08a_backward.png")


sliding()
sizes()
backward()
