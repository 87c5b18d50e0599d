"""Step 38: reshape and transpose.

New: functions that compute nothing and only put elements elsewhere. Their gradient goes the way back: to
reshape, back to the old shape; to transpose, back by the inverse order of the axes. An element's derivative
stays with its element. Both are methods too, written as for an array.

In the package: autograd/functions/shape.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable(np.arange(6.0).reshape(2, 3))

y = F.reshape(x, (6,))
weights = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
(y * weights).backward()
print("reshape:", x.shape, "->", y.shape, " gradient:", x.grad.data.tolist())
assert np.array_equal(x.grad, weights.reshape(2, 3))

x.cleargrad()
y = x.T
weights = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
(y * weights).backward()
print("transpose:", x.shape, "->", y.shape, " gradient:", x.grad.data.tolist())
assert np.array_equal(x.grad, weights.T)

z = ag.Variable(np.arange(24.0).reshape(2, 3, 4))
t = z.transpose(1, 2, 0)
gradient = ag.grad(t, z, grad_outputs=t.data)  # each element sends its own value home
print("three axes:", z.shape, "->", t.shape, " every element found its way back:", np.array_equal(gradient, z))
assert t.shape == (3, 4, 2)
assert np.array_equal(gradient, z)

assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.reshape(-1, 2).shape == (3, 2)
