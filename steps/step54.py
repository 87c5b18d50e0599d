"""Step 54: dropout, and a mode for tests.

New: a function that does one thing while training and another in use. While training, dropout sets each
element to 0 with probability p, so that no unit may rely on a single other one; the elements that stay are
divided by 1 - p, so that the expected sum is what it was. Ones with p = 0.5 become 0 or 2. In use nothing
should be random: under `test_mode` it hands x on. The switch is a ContextVar like that of `no_grad`.

In the package: autograd/functions/regularization.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable(np.ones(8))

y = F.dropout(x, 0.5, rng=0)
print("training:    ", y.data)
y.backward()
print("its gradient:", x.grad.data, "is the same mask")

with ag.test_mode():
    z = F.dropout(x, 0.5)
print("test mode:   ", z.data)

many = F.dropout(ag.Variable(np.ones(100_000)), 0.3, rng=0)
print(f"p = 0.3: {(many.data == 0).mean():.3f} are 0, the mean is {many.mean().item():.3f}")

assert set(y.data.tolist()) == {0.0, 2.0}
assert np.array_equal(x.grad, y)
assert np.array_equal(z, np.ones(8))
assert abs((many.data == 0).mean() - 0.3) < 0.01 and abs(many.mean().item() - 1) < 0.01
assert np.array_equal(F.dropout(x, 0.5, rng=1), F.dropout(x, 0.5, rng=1))  # a seed gives the same mask again
