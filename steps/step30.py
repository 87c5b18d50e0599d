"""Step 30: what must change for a second derivative.

New: a question, asked in three small experiments. After `backward` the gradient is a number that has
forgotten how it was computed, so nobody can differentiate it: that is the first experiment, with its error.
But it was computed: a Function that reports what its `backward` is given shows plain arrays at work, with
* and + as anywhere else. And with `create_graph=True` the very same lines are given Variables, and leave a
graph behind. So nothing in the formulas has to change; what they are run on has to.

In the package: autograd/variable.py
"""

import autograd as ag

seen = []


class Cube(ag.Function):
    """y = x³, and a look at what `backward` is given."""

    def forward(self, x):
        return x**3

    def backward(self, gy):
        (x,) = self.inputs
        gx = 3 * x**2 * gy
        seen.append(type(gx))
        return gx


print("1. the gradient after backward() has no graph:")
x = ag.Variable(2.0)
y = Cube()(x)
y.backward()
print("   x.grad =", x.grad, "  its creator:", x.grad.creator)
try:
    x.grad.backward()
    message = None
except RuntimeError as error:
    message = str(error)
print("   x.grad.backward():", message)
assert x.grad.item() == 12.0 and x.grad.creator is None and message

print("2. what backward has computed with:", seen[-1].__name__)
assert seen[-1] is not ag.Variable

print("3. with create_graph=True:", end=" ")
x.cleargrad()
y.backward(create_graph=True)
first = x.grad
print(seen[-1].__name__)
print("   x.grad =", first, "  its creator:", type(first.creator).__name__)
assert seen[-1] is ag.Variable and first.creator is not None

x.cleargrad()
first.backward()
print("   backward from there: f''(2) =", x.grad)
assert x.grad.item() == 12.0  # 6 x
