"""Step 35: the derivatives of tanh, and how large their graphs are.

New: a look at what higher orders cost. The derivative of y = tanh x is 1 - y², which looks harmless; but the
product rule makes several terms of each term, and so each derivative has a graph that is a multiple of the one
before. What comes out is checked against a formula: the n-th derivative of tanh is a polynomial in y, and the
next one is that polynomial's derivative times 1 - y². The package takes that way: its tanh has one function for
each derivative, while the class here, which is written as one would at first, has hundreds.

In the package: autograd/functions/elementwise.py
"""

from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial

import autograd as ag
import autograd.functions as F
from autograd import visualize


class Tanh(ag.Function):
    """y = tanh x, with the derivative as it comes from the definition."""

    def forward(self, x):
        return np.tanh(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (1 - y * y)


def count_functions(y):
    """How many functions lie behind y: the size of its graph."""
    found, waiting = set(), [y.creator]
    while waiting:
        f = waiting.pop()
        if f is not None and f not in found:
            found.add(f)
            waiting += [parent.creator for parent in f.parents if parent is not None]
    return len(found)


folder = Path("runs/steps")
folder.mkdir(parents=True, exist_ok=True)

x = ag.Variable(1.0, name="x")
derivatives, short = [Tanh()(x)], [F.tanh(x)]
for _ in range(7):
    for found in (derivatives, short):
        found.append(ag.grad(found[-1], x, create_graph=True))

polynomial = Polynomial([0, 1])  # tanh itself, as a polynomial in y
sizes = []
for order, derivative in enumerate(derivatives):
    derivative.name = f"derivative {order}" if order else "y"
    sizes.append(count_functions(derivative))
    value, expected = derivative.item(), polynomial(derivatives[0].item())
    polynomial = polynomial.deriv() * Polynomial([1, 0, -1])
    print(f"derivative {order}: {value:18.12f}  by the formula {expected:18.12f}  functions: {sizes[-1]:5}")
    assert abs(value - expected) < 1e-10 * max(1, abs(expected))

for order in (1, 2, 3):
    picture = visualize.plot(derivatives[order], folder / f"step35_tanh{order}.svg")
    print("drawn:", picture)

print("the same by the package's tanh:", f"{short[7].item():.12f}", "functions:", count_functions(short[7]))
assert abs(short[7].item() - derivatives[7].item()) < 1e-9
assert all(later > sooner for sooner, later in zip(sizes, sizes[1:]))
