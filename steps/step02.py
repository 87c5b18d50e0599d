"""Step 02: a Function makes variables from variables.

New: the class Function. Calling one takes the array out of a Variable, gives it to `forward`, and puts the
result into a new Variable. A subclass, here Square, writes only `forward`: a formula on arrays that knows
nothing of boxes. What every function has in common is therefore written once.

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


x = Variable(np.array(10.0))
f = Square()
y = f(x)
print(type(y).__name__, "y.data =", y.data)

assert isinstance(y, Variable)
assert y.data == 100.0
assert x.data == 10.0  # the input is left as it was
