"""2a. Tensors, define-by-run: numbers, shapes, conditions, broadcasting.

The slides build a graph first and run it later. Here the operation runs when its line does, so a condition is Python's
own `if`, and the gradient goes through the branch that was taken. A number of Python widens nothing, and what is made
of Python's numbers takes a default dtype. Arrays of different shapes meet by broadcasting: sizes of 1 are repeated.

    python examples/lecture/02a_tensors.py

    runs/lecture/02a_broadcasting.png  Four sums of arrays of different shapes, the first of three numbers and one.
        The pale numbers are repetitions that nobody has to store.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag


def numbers_and_shapes():
    eight, nine = ag.Variable(5) + ag.Variable(3), ag.Variable(3) ** 2
    print("5 + 3 =", eight, " 3 ** 2 =", nine)
    assert eight.item() == 8 and nine.item() == 9
    assert eight.dtype.kind == nine.dtype.kind == "i"  # integers stay integers
    for rank, shape in enumerate([(), (3,), (2, 3), (2, 2, 3)]):
        assert ag.Variable(np.zeros(shape)).ndim == rank
    assert (ag.Variable(np.ones(3, np.float32)) * 1.5).dtype == np.float32  # a Python number widens nothing
    with ag.default_dtype(np.float32):
        x = ag.Variable([[1.0, 2.0], [3.0, 4.0]])
        print("a list in a block of default_dtype(np.float32):", x.dtype, " and 2 x + 1:", (2 * x + 1).dtype)
        assert x.dtype == (2 * x + 1).dtype == np.float32


def conditions():
    def cond(condition, yes, no):
        return yes() if condition else no()

    assert cond(True, lambda: ag.Variable(1) + 1, lambda: ag.Variable(1) + 10).item() == 2
    x, y = ag.Variable(2.0), ag.Variable(5.0)
    z = cond(x < y, lambda: x * 17, lambda: y + 23)
    print("if 2 < 5 then 2 * 17 else 5 + 23 =", z.item(), " gradients:", [g.item() for g in ag.grad(z, [x, y])])
    assert z.item() == 34
    assert [g.item() for g in ag.grad(z, [x, y])] == [17, 0]  # the other branch was never run


def elementwise():
    assert (ag.Variable([1, 2, 3]) + ag.Variable([5, 6, 7])).data.tolist() == [6, 8, 10]
    assert (ag.Variable([5.0]) * ag.Variable([10.0]) + ag.Variable([2.0])).data.tolist() == [52]
    power = (ag.Variable(2) + 3) ** (ag.Variable(2) * 3)
    x = ag.Variable([2.0, 3.0, 5.0])
    print("(2 + 3) ** (2 * 3) =", power.item(), " mean of 2, 3, 5:", x.mean().item(), " sum:", x.sum().item())
    assert power.item() == 15625
    assert abs(x.mean().item() - 3.3333333) < 1e-7 and x.sum().item() == 10


def products():
    a, b = ag.Variable([[1, 2], [3, 4]]), ag.Variable([[2, 0], [1, 2]])
    print("a b =", (a @ b).data.tolist(), " b a =", (b @ a).data.tolist())
    assert (a @ b).data.tolist() == [[4, 4], [10, 8]]
    assert (b @ a).data.tolist() == [[2, 4], [7, 10]]  # the order matters
    c, d = ag.Variable([[1, 2, 3], [4, 5, 6]]), ag.Variable([[6, 3], [5, 2], [4, 1]])
    assert (c @ d).data.tolist() == [[28, 10], [73, 28]]


def broadcasting():
    three = np.arange(3)
    pairs = [
        (ag.Variable(three), np.array(5), [5, 6, 7]),
        (ag.Variable([[0], [10], [20], [30]]), three, [[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32]]),
        (ag.Variable(np.ones((3, 3))), three, [[1, 2, 3]] * 3),
        (ag.Variable(three).reshape(3, 1), three, [[0, 1, 2], [1, 2, 3], [2, 3, 4]]),
    ]
    assert (ag.Variable(three) + 5).data.tolist() == [5, 6, 7]
    figure = Figure(figsize=(8, 8), layout="constrained")
    for (a, b, expected), row in zip(
        pairs, figure.subplots(4, 5, width_ratios=[3, 0.5, 3, 0.5, 3], height_ratios=[1.2, 4, 3, 3])
    ):
        y = a + b
        assert y.data.tolist() == expected
        for operand, axes in ((a.data, row[0]), (b, row[2])):
            matrix(axes, np.broadcast_to(operand, y.shape), f"{operand.shape} as {y.shape}", limit=y.data.max())
            for text in axes.texts:
                column, line = text.get_position()
                repeated = line >= np.atleast_2d(operand).shape[0] or column >= np.atleast_2d(operand).shape[1]
                text.set_alpha(0.3 if repeated else 1)
        sign(row[1], "+")
        sign(row[3], "=")
        matrix(row[4], y.data, f"{y.shape}", limit=y.data.max())
    save(figure, "02a_broadcasting.png")


numbers_and_shapes()
conditions()
elementwise()
products()
broadcasting()
