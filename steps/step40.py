"""Step 40: broadcasting.

New: a pair of functions, each the derivative of the other. `broadcast_to` repeats an array to a larger shape,
so backwards the gradients of the copies are summed; `sum_to` sums to a smaller shape, so backwards the
gradient is repeated. NumPy broadcasts by itself in x0 + x1, and then the gradient that comes back has the
shape of the result, too large for x1. The engine sums it over the axes that autograd/shapes.py finds, once for
all functions: no `backward` has to think of it.

In the package: autograd/engine.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable([1.0, 2.0, 3.0])
y = F.broadcast_to(x, (2, 3))
y.backward()
print("broadcast_to:", y.data.tolist(), " gradient:", x.grad.data)
assert np.array_equal(x.grad, [2.0, 2.0, 2.0])

x = ag.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
y = F.sum_to(x, (1, 3))
(y * np.array([1.0, 10.0, 100.0])).backward()
print("sum_to:      ", y.data.tolist(), " gradient:", x.grad.data.tolist())
assert np.array_equal(y, [[5.0, 7.0, 9.0]])
assert np.array_equal(x.grad, [[1.0, 10.0, 100.0]] * 2)

x0, x1 = ag.Variable([1.0, 2.0, 3.0]), ag.Variable([10.0])
y = x0 + x1
y.backward()
print("x0 + x1 =", y, " gradient of x1:", x1.grad)
print(y.data.astype(int), x1.grad.data.astype(int))
assert np.array_equal(y, [11.0, 12.0, 13.0])
assert np.array_equal(x1.grad, [3.0]) and x1.grad.shape == (1,)
assert np.array_equal(x0.grad, [1.0, 1.0, 1.0])
