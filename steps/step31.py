"""Step 31: why backward must be made of Functions.

New: a counter-example. Two sines with the same derivative: one writes its `backward` with NumPy's cos, the
other with the public function `F.cos`. The first derivatives agree to the last digit. For the second, the
cosine of the first one is a number that fell from the sky: its own dependence on x is not in the graph, and
0 comes out instead of -sin x. So every `backward` is made of operators and functions which have a `backward`
themselves. sin and cos lead to each other, * leads to *: the circle closes, and every order exists.

In the package: autograd/functions/elementwise.py
"""

import math

import numpy as np

import autograd as ag
import autograd.functions as F


class Sin(ag.Function):
    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy * F.cos(x)


class BlindSin(Sin):
    def backward(self, gy):
        (x,) = self.inputs
        return gy * np.cos(ag.as_array(x))  # an array: what depends on x here is out of sight


def derivatives(f, x, order):
    """f(x) and its derivatives up to the order, each the gradient of the one before."""
    values = [f(x)]
    for _ in range(order):
        values.append(ag.grad(values[-1], x, create_graph=True))
    return [value.item() for value in values]


at = 1.0
right = derivatives(Sin(), ag.Variable(at), 5)
blind = derivatives(BlindSin(), ag.Variable(at), 2)
expected = [math.sin(at), math.cos(at), -math.sin(at), -math.cos(at), math.sin(at), math.cos(at)]

print("order   sin, made of F.cos   made of np.cos   should be")
for order, value in enumerate(expected):
    other = f"{blind[order]:.10f}" if order < len(blind) else "-"
    print(f"{order:5}   {right[order]:18.10f}   {other:>14}   {value:.10f}")

assert np.allclose(right, expected, rtol=1e-15, atol=0)
assert blind[1] == right[1]  # nothing wrong is to be seen in the first derivative
assert blind[2] == 0.0 and abs(expected[2]) > 0.8
