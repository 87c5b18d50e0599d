"""Step 37: arrays, element by element.

New: nothing has to be built. A function that works element by element has formulas that are true for every
element, and NumPy applies them to all: the gradient has the shape of the data. What needs a thought is what
is differentiated. `backward` on an array begins with ones, which is the derivative of the sum of its
elements. One number would need one walk; so does the sum, whatever the size.

In the package: autograd/functions/elementwise.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
c = np.array([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]])

y = F.sin(x) + x * c
y.backward()
print("the data:\n", x.data)
print("the gradient, cos x + c:\n", x.grad.data)
array_form = x.grad

x.cleargrad()
(F.sin(x) + x * c).sum().backward()
print("that of the sum is the same:", np.array_equal(x.grad, array_form))

one = ag.Variable(x.data[1, 2])
(F.sin(one) + one * c[1, 2]).backward()
print("and the last element alone: ", one.grad.item())

assert x.grad.shape == x.shape == (2, 3)
assert np.allclose(array_form, np.cos(x.data) + c)
assert np.array_equal(x.grad, array_form)
assert one.grad.item() == array_form.data[1, 2]
