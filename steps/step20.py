"""Step 20: operators, + and *.

New: the function Mul, and the methods `__add__` and `__mul__`, which Python calls for `a + b` and `a * b`. A
formula now reads like a formula, and records the same graph as before; `add(a, b)` has done its duty. This part
is about the operators alone. To keep it short, what they do not touch is left out until step 23, where the
package has it all: no_grad and retain_grad of step 18; name, shape, dtype and len of step 19.

In the package: autograd/core.py
"""

import weakref

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = self.creator = None
        self.generation = 0

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = max(funcs, key=lambda f: f.generation)  # the package keeps a heap instead
            funcs.remove(f)
            gxs = f.backward(f.output().grad)  # called, a weak reference gives what it refers to
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)

    def cleargrad(self):
        self.grad = None
    def __repr__(self):
        return "Variable(" + str(self.data).replace("\n", "\n" + " " * len("Variable(")) + ")"

    def __add__(self, other):
        return Add()(self, other)
    def __mul__(self, other):
        return Mul()(self, other)


class Function:
    def __call__(self, *inputs):
        output = Variable(np.asarray(self.forward(*[x.data for x in inputs])))
        output.creator = self
        self.generation = max(x.generation for x in inputs)
        output.generation = self.generation + 1
        self.inputs, self.output = inputs, weakref.ref(output)
        return output


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1
    def backward(self, gy):
        return gy, gy


class Mul(Function):
    def forward(self, x0, x1):
        return x0 * x1
    def backward(self, gy):
        x0, x1 = self.inputs
        return gy * x1.data, gy * x0.data


a = Variable(np.array(3.0))
b = Variable(np.array(2.0))
c = Variable(np.array(1.0))
y = a * b + c
y.backward()
print(y)
print("gradients:", a.grad, b.grad, c.grad)

x = Variable(np.array(3.0))
z = x * x
z.backward()
print(z, "gradient:", x.grad)

assert repr(y) == "Variable(7.0)"
assert (a.grad, b.grad, c.grad) == (2.0, 3.0, 1.0)
assert (z.data, x.grad) == (9.0, 6.0)
