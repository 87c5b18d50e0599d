"""Step 24: functions with hills and valleys.

New: no code but a trial. Three test functions of optimization are written as their formulas stand in a book,
and `backward` gives the gradient of each: of a bowl, of a flat valley, and of a polynomial with so many terms
that nobody would like to derive it by hand. At (1, 1) all three are checked against difference quotients. The
polynomial is of degree eight: a computer does not mind.

In the package: autograd/variable.py
"""

import autograd as ag


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein_price(x, y):
    a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    b = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return a * b


def by_differences(f, x, y, h=1e-5):
    return (f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)


found = {}
for f in (sphere, matyas, goldstein_price):
    x, y = ag.Variable(1.0), ag.Variable(1.0)
    z = f(x, y)
    z.backward()
    found[f] = x.grad.item(), y.grad.item()
    print(f"{f.__name__:16} z = {z.item():<8.6g} gradient = ({found[f][0]:.6g}, {found[f][1]:.6g})")
    for exact, near in zip(found[f], by_differences(f, 1.0, 1.0)):
        assert abs(exact - near) < 1e-6 * max(1, abs(exact))

assert found[sphere] == (2.0, 2.0)
assert all(abs(g - 0.04) < 1e-12 for g in found[matyas])
assert found[goldstein_price] == (-5376.0, 8064.0)
