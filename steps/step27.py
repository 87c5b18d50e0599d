"""Step 27: a graph whose size depends on the data.

New: a function written as a Python loop that ends when it is exact enough, the Taylor series

    sin x = x - x³/3! + x⁵/5! - …

Nobody has to describe such a loop to the framework: the graph is whatever ran, three terms or ten. Its
gradient is that of the terms that were used, so it is as exact as they are: it is checked against cos.

In the package: autograd/functions/elementwise.py
"""

import math

import autograd as ag
import autograd.functions as F


def taylor_sin(x, threshold=1e-4):
    """sin x, up to the first term smaller than the threshold; and how many terms that were."""
    y = 0
    for i in range(100_000):
        c = (-1) ** i / math.factorial(2 * i + 1)
        term = c * x ** (2 * i + 1)
        y = y + term
        if abs(term.item()) < threshold:
            return y, i + 1
    raise ValueError("no term became smaller than the threshold")


def count_functions(y):
    """How many functions lie behind y: the size of its graph."""
    found, waiting = set(), [y.creator]
    while waiting:
        f = waiting.pop()
        if f is not None and f not in found:
            found.add(f)
            waiting += [parent.creator for parent in f.parents if parent is not None]
    return len(found)


x = ag.Variable(math.pi / 4)
y = F.sin(x)
y.backward()
print("sin:             ", y.item(), "gradient", x.grad.item())
assert abs(y.item() - 0.7071067811865475) < 2e-16

sizes, values, gradients = [], [], []
for threshold in (1e-4, 1e-16):
    x.cleargrad()
    y, terms = taylor_sin(x, threshold)
    y.backward()
    sizes.append(count_functions(y))
    values.append(y.item())
    gradients.append(x.grad.item())
    print(f"Taylor to {threshold:.0e}: {values[-1]} gradient {gradients[-1]}: {terms} terms, {sizes[-1]} functions")

assert abs(values[0] - 0.7071064695751781) < 2e-16
assert abs(gradients[0] - 0.7071032148228457) < 2e-16
assert abs(gradients[1] - math.cos(math.pi / 4)) < 1e-15
assert sizes[1] > sizes[0]
