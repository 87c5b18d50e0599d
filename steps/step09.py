"""Step 09: three conveniences.

New: `square(x)` for `Square()(x)`; `backward` starts by itself from ones where no gradient was set; and a
Variable takes an array and nothing else. The last one prevents errors that would show up far from their
cause, and it needs some care from us: NumPy turns the result of np.array(2.0) ** 2 into a scalar, so a
Function makes an array of it.

In the package: autograd/variable.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        y = self
        while y.creator is not None:
            f = y.creator
            x = f.input
            x.grad = f.backward(y.grad)
            y = x


class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        output = Variable(np.asarray(y))  # NumPy makes a scalar of np.array(2.0) ** 2
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


def square(x):
    return Square()(x)


def exp(x):
    return Exp()(x)


x = Variable(np.array(0.5))
y = square(exp(square(x)))
y.backward()
print("x.grad =", x.grad)

refusal = None
try:
    Variable(0.5)
except TypeError as error:
    refusal = error
print("Variable(0.5):", repr(refusal))

assert abs(x.grad - 3.297442541400256) < 2e-15
assert y.grad == 1.0 and y.grad.shape == y.data.shape
assert isinstance(y.data, np.ndarray)
assert isinstance(refusal, TypeError) and "np.array(0.5)" in str(refusal)
