"""Step 33: Newton's method, with the second derivative by the machine.

New: the same walk to the minimum as in step 29, and no formula for f'' any more. `grad(y, x)` gives dy/dx as
a value and leaves `x.grad` alone; with `create_graph=True` that value has a graph of its own, and `grad` of it
is the second derivative. Only the function itself is written down.

In the package: autograd/variable.py
"""

import autograd as ag


def f(x):
    return x**4 - 2 * x**2


x = ag.Variable(2.0)
path = [x.item()]
for _ in range(9):
    first = ag.grad(f(x), x, create_graph=True)
    second = ag.grad(first, x)
    x.data = x.data - first.data / second.data
    path.append(x.item())

for i, value in enumerate(path):
    print(f"{i}  {value:.10f}")

for value, expected in zip(path, [2.0, 1.4545454545, 1.1510467894, 1.0253259290]):
    assert abs(value - expected) < 5e-11
assert path[7] == path[9] == 1.0
assert x.grad is None  # `grad` returns values and edits nothing
