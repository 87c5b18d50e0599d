"""Step 32: the change, small enough to read.

New: three lines of steps 18 to 22, shown on the smallest framework that has them: Variables of numbers, with `+`
and `*`. (1) The seed of the walk is a Variable. (2) `backward` multiplies Variables, not their data, so that
its work is recorded like any other. (3) Recording is on during the walk only where it is asked for: otherwise
a first derivative would pay for a second. The package goes one step further with (3): when nothing is
recorded, `backward` is given plain arrays.

In the package: autograd/variable.py
"""

import autograd as ag

recording = True


class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator, self.generation = data, None, None, 0

    def backward(self, create_graph=False):
        global recording
        before, recording = recording, create_graph  # (3)
        self.grad = Variable(1.0)  # (1)
        waiting = [self]
        while waiting:
            y = max(waiting, key=lambda v: v.generation)
            waiting.remove(y)
            if y.creator is None:
                continue
            f, gy, y.grad = y.creator, y.grad, None
            for x, gx in zip(f.inputs, f.backward(gy)):
                x.grad = gx if x.grad is None else x.grad + gx
                waiting += [] if x in waiting else [x]
        recording = before

    def __add__(self, other):
        return Add()(self, other)

    def __mul__(self, other):
        return Mul()(self, other)


class Function:
    def __call__(self, *inputs):
        y = Variable(self.forward(*(x.data for x in inputs)))
        if recording:
            self.inputs, y.creator = inputs, self
            y.generation = 1 + max(x.generation for x in inputs)
        return y


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, gy):
        return gy, gy


class Mul(Function):
    def forward(self, a, b):
        return a * b

    def backward(self, gy):
        a, b = self.inputs
        return gy * b, gy * a  # (2): in step 22 it was gy * b.data, gy * a.data


x = Variable(2.0)
derivatives = []
y = x * x * x * x + x * x
for _ in range(4):
    x.grad = None
    y.backward(create_graph=True)
    y = x.grad
    derivatives.append(y.data)
print("x⁴ + x² at 2, derivatives 1 to 4, of forty lines:", derivatives)

u, expected = ag.Variable(2.0), []
z = u * u * u * u + u * u
for _ in range(4):
    z = ag.grad(z, u, create_graph=True)
    expected.append(z.item())
print("the same by the package:                         ", expected)

x.grad = None
(x * x).backward()
print("without create_graph:", x.grad.data, "with the creator", x.grad.creator)

assert derivatives == expected == [36.0, 50.0, 48.0, 24.0]
assert x.grad.data == 4.0 and x.grad.creator is None
