"""Step 07: the graph remembers.

New: a Variable remembers its `creator`, the function that made it, and has a `backward` of its own. The
function knows its input, so from y one can go back step by step; nobody has to write the order down a second
time. The links are made while the program runs (define by run): whatever was computed, with any `if` and any
loop, is the graph. `backward` asks the creator for the gradient of its input and then calls `backward` on
that input.

In the package: autograd/engine.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        f = self.creator
        if f is not None:  # else the user made this variable, and nothing lies behind it
            x = f.input
            x.grad = f.backward(self.grad)
            x.backward()


class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        output = Variable(y)
        output.creator = self
        self.input = input  # backward needs to know where the derivative is taken
        return output


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.input.data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        x = self.input.data
        return np.exp(x) * gy


f, g, h = Square(), Exp(), Square()

x = Variable(np.array(0.5))
a = f(x)
b = g(a)
y = h(b)
print("y was made by", type(y.creator).__name__, "from the output of", type(y.creator.input.creator).__name__)

y.grad = np.array(1.0)
y.backward()
print("x.grad =", x.grad)

assert y.creator is h and h.input is b
assert b.creator is g and g.input is a
assert a.creator is f and f.input is x
assert x.creator is None
assert abs(x.grad - 3.297442541400256) < 2e-15
