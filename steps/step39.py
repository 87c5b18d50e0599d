"""Step 39: the sum.

New: a function whose result is smaller than its input. Every element takes part in the sum with the factor 1,
so each receives the whole gradient of the sum: backwards, the gradient is repeated. With `axis` it is
repeated along that axis, and `keepdims` leaves an axis of length 1 where the sum was taken. (Which axes a sum
concerns, and in step 40 a broadcast, is worked out in autograd/shapes.py.)

In the package: autograd/functions/reduction.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

y = F.sum(x)
y.backward()
print("sum of all:", y.item(), " gradient:", x.grad.data.tolist())
assert y.item() == 21.0
assert np.array_equal(x.grad, np.ones((2, 3)))

x.cleargrad()
y = F.sum(x, axis=0)
(y * np.array([1.0, 10.0, 100.0])).backward()
print("sum of the rows:", y.data.tolist(), " gradient:", x.grad.data.tolist())
assert np.array_equal(y, [5.0, 7.0, 9.0])
assert np.array_equal(x.grad, [[1.0, 10.0, 100.0], [1.0, 10.0, 100.0]])

kept = x.sum(axis=1, keepdims=True)
print("keepdims:", x.shape, "->", kept.shape, "and the rows divided by it sum to", (x / kept).sum(axis=1).data)
assert kept.shape == (2, 1)
assert np.allclose((x / kept).sum(axis=1), 1)
