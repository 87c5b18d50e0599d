"""Step 03: functions compose.

New: a second function, Exp, and a chain of three. A Function takes a Variable and gives a Variable, so the
output of one is fit to be the input of the next, and a long formula is built from short ones. We need to know
the derivative only of the short ones; the rest of this part is about getting that of the long one.

In the package: autograd/function.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data


class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        return Variable(y)


class Square(Function):
    def forward(self, x):
        return x**2


class Exp(Function):
    def forward(self, x):
        return np.exp(x)


f, g, h = Square(), Exp(), Square()

x = Variable(np.array(0.5))
a = f(x)
b = g(a)
y = h(b)
print("square(exp(square(0.5))) =", y.data)

assert abs(y.data - 1.648721270700128) < 1e-15
assert abs(y.data - np.sqrt(np.e)) < 1e-15  # exp(1/4) squared is exp(1/2)
