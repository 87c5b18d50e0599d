"""Step 08: recursion becomes a loop.

New: `backward` walks in a loop; step 07's way stays here only to be compared, as `backward_by_recursion`.
Every nested call takes a place on Python's stack, which has about a thousand of them. A recurrent network
over a long text is easily deeper than that. The loop remembers one variable, not a stack of calls, and has no
limit. (From here on forward and backward stand close together, as in the package's algebra.py.)

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
        if f is not None:
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


x = Variable(np.array(0.5))
y = Square()(Exp()(Square()(x)))
y.grad = np.array(1.0)
y.backward()
print("x.grad =", x.grad)
assert abs(x.grad - 3.297442541400256) < 2e-15

z = u = Variable(np.array(3.0))
for _ in range(100_000):
    z = Neg()(z)
z.grad = np.array(1.0)
failure = None
try:
    z.backward_by_recursion()
except RecursionError as error:
    failure = error
print("100,000 functions by recursion:", repr(failure))
assert failure is not None and u.grad is None  # the recursion did not come through to u

z.backward()
print("100,000 functions by the loop: u.grad =", u.grad)
assert u.grad == 1.0  # an even number of changes of sign
