"""Step 29: Newton's method, with the second derivative by hand.

New: a better step. Gradient descent knows the slope and guesses how far to go. Newton's method also knows how
the slope changes: it goes to the lowest point of the parabola that touches the curve, from x to
x - f'(x) / f''(x). For f = x⁴ - 2x² it is at the minimum after seven steps, to the last digit. The catch is
f'': here it is a formula that somebody has derived by hand. Step 33 gets rid of it.

In the package: autograd/variable.py
"""

import autograd as ag


def f(x):
    return x**4 - 2 * x**2


def second_derivative(x):
    return 12 * x**2 - 4


x = ag.Variable(2.0)
path = [x.item()]
for _ in range(9):
    y = f(x)
    x.cleargrad()
    y.backward()
    x.data = x.data - x.grad.data / second_derivative(x.data)
    path.append(x.item())

u = ag.Variable(2.0)
updates = 0
while abs(u.item() - 1) > 1e-10:
    y = f(u)
    u.cleargrad()
    y.backward()
    u.data = u.data - 0.01 * u.grad.data
    updates += 1

for i, value in enumerate(path):
    print(f"{i}  {value:.10f}")
print(f"gradient descent with learning rate 0.01 needs {updates} updates for ten digits")

for value, expected in zip(path, [2.0, 1.4545454545, 1.1510467894, 1.0253259290]):
    assert abs(value - expected) < 5e-11
assert path[7] == path[9] == 1.0
assert updates > 100
