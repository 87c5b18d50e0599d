"""Step 08: recursion becomes a loop.

New: `backward` walks in a loop; step 07's way stays here only to be compared, as `backward_by_recursion`.
Every nested call takes a place on Python's stack, which has about a thousand of them. A recurrent network
over a long text is easily deeper than that. The loop remembers one variable, not a stack of calls, and has no
limit.

In the package: autograd/engine.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        y = self
        while y.creator is not None:
            f = y.creator
            x = f.input
            x.grad = f.backward(y.grad)
            y = x

    def backward_by_recursion(self):
        f = self.creator
        if f is not None:  # else the user made this variable, and nothing lies behind it
            x = f.input
            x.grad = f.backward(self.grad)
            x.backward_by_recursion()


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


class Neg(Function):
    def forward(self, x):
        return -x

    def backward(self, gy):
        return -gy


def chain(x, length):
    for _ in range(length):
        x = Neg()(x)
    return x


f, g, h = Square(), Exp(), Square()

x = Variable(np.array(0.5))
y = h(g(f(x)))
y.grad = np.array(1.0)
y.backward()
print("x.grad =", x.grad)

u = Variable(np.array(3.0))
z = chain(u, 100_000)
z.grad = np.array(1.0)
try:
    z.backward_by_recursion()
    failure = None
except RecursionError as error:
    failure = error
print("100,000 functions by recursion:", repr(failure))
reached = u.grad

z.backward()
print("100,000 functions by the loop: u.grad =", u.grad)

assert abs(x.grad - 3.297442541400256) < 2e-15
assert isinstance(failure, RecursionError)
assert reached is None  # the recursion did not come through to u
assert u.grad == 1.0  # an even number of changes of sign
