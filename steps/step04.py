"""Step 04: numerical differentiation.

New: numerical_derivative, which moves x a little to either side and divides the difference of the results by
the distance. It works on every function and needs no thought, but it is inexact: a wide step misses the
curvature, and a narrow one subtracts two nearly equal numbers and loses their digits. It is slow as well, two
evaluations for each single input. So it will not train a network, but it is the judge of every derivative
still to come.

In the package: autograd/testing.py
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


def numerical_derivative(f, x, eps=1e-4):
    y0 = f(Variable(x.data - eps))
    y1 = f(Variable(x.data + eps))
    return (y1.data - y0.data) / (2 * eps)


def composite(x):
    f, g, h = Square(), Exp(), Square()
    return h(g(f(x)))


dy = numerical_derivative(Square(), Variable(np.array(2.0)))
print("square at 2:     ", dy)

x = Variable(np.array(0.5))
dz = numerical_derivative(composite, x)
print("composite at 0.5:", dz)

exact = 2 * np.exp(0.5)  # the composite is exp(2 x²), its derivative 4 x exp(2 x²)
errors = {eps: abs(numerical_derivative(composite, x, eps) - exact) for eps in (1e-1, 1e-4, 1e-7, 1e-12)}
for eps, error in errors.items():
    print(f"eps {eps:.0e}: error {error:.1e}")

assert dy == 4.000000000004
assert abs(dz - 3.2974426293330694) < 1e-11  # one last digit of exp, divided by 2 eps
assert errors[1e-1] > errors[1e-4] > errors[1e-7] < errors[1e-12]
