"""Step 06: backpropagation by hand.

New: a Variable has a `grad`, a Function keeps its input and has a `backward`. Given gy, the derivative of the
final result in the function's output, `backward` returns the derivative in its input: its own derivative
times gy. We call these in the reverse order of the computation, starting with 1, the derivative of y in
itself. The result has all its digits, where the numerical derivative of step 04 has seven.

In the package: autograd/function.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None


class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        self.input = input  # backward needs to know where the derivative is taken
        return Variable(y)


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

y.grad = np.array(1.0)
b.grad = h.backward(y.grad)
a.grad = g.backward(b.grad)
x.grad = f.backward(a.grad)
print("x.grad =", x.grad)

assert abs(x.grad - 3.297442541400256) < 2e-15
assert abs(x.grad - 2 * np.exp(0.5)) < 2e-15
assert abs(x.grad - 3.2974426293330694) < 1e-7  # the numerical one of step 04
