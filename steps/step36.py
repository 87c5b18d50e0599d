"""Step 36: a gradient inside an expression.

New: a gradient with a graph is a Variable like any other, so one can go on computing with it and differentiate
the result: z = (dy/dx)³ + y, with y = x². On paper dy/dx = 2x, z = 8x³ + x², dz/dx = 24x² + 2x = 100 at 2.
Losses of this kind are in real use: a penalty on the steepness of a network is the square of a gradient, and
training needs its derivative.

In the package: autograd/variable.py
"""

import autograd as ag

x = ag.Variable(2.0)
y = x**2
slope = ag.grad(y, x, create_graph=True)

z = slope**3 + y
z.backward()
print("dy/dx =", slope.item())
print("z     =", z.item())
print("dz/dx =", x.grad.item())

assert slope.item() == 4.0
assert z.item() == 68.0
assert x.grad.item() == 100.0
