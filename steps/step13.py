"""Step 13: backward with several inputs.

New: `backward` is back, and the walk can branch. A function returns one gx for each of its inputs. Behind
every input there may be another creator, and we can go only one way at a time: a list holds those that wait.
Add hands its gy on to both. DivMod, which only jumps, has left, and with it the second output: from here on a
function has one, which it keeps, too, as its `output`. (In the package it may have several; then it gets one
gy for each.)

In the package: autograd/engine.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = funcs.pop()
            gxs = f.backward(f.output.grad)
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx
                if x.creator is not None:
                    funcs.append(x.creator)


class Function:
    def __call__(self, *inputs):
        output = Variable(np.asarray(self.forward(*[x.data for x in inputs])))
        output.creator = self
        self.inputs, self.output = inputs, output
        return output


class Square(Function):
    def forward(self, x):
        return x**2
    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1
    def backward(self, gy):
        return gy, gy


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


x = Variable(np.array(2.0))
y = Variable(np.array(3.0))
z = add(square(x), square(y))
z.backward()
print("x² + y² =", z.data)
print("gradients:", x.grad, y.grad)

assert z.data == 13.0
assert x.grad == 4.0
assert y.grad == 6.0
