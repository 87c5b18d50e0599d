"""Step 12: the same, nicer to write.

New: only the spelling. With a `*` in front of its parameter a Function is called with variables instead of a
list, and `forward` gets its arrays by name. One result need not be wrapped in a tuple, and comes back without
a list around it. Both those who write a Function and those who call it are spared the brackets of step 11.

In the package: autograd/function.py
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
            (x,) = f.inputs  # this walk knows only chains
            x.grad = f.backward(y.grad)
            y = x


class Function:
    def __call__(self, *inputs):
        ys = self.forward(*[x.data for x in inputs])
        outputs = [Variable(np.asarray(y)) for y in (ys if isinstance(ys, tuple) else (ys,))]
        for output in outputs:
            output.creator = self
        self.inputs, self.outputs = inputs, outputs
        return outputs[0] if len(outputs) == 1 else outputs


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1


class DivMod(Function):
    def forward(self, x0, x1):
        return x0 // x1, x0 % x1


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


x0, x1 = Variable(np.array(2.0)), Variable(np.array(3.0))
y = add(x0, x1)
print("2 + 3 =", y.data)

q, r = DivMod()(Variable(np.array(17.0)), Variable(np.array(5.0)))
print("17 = 5 *", q.data, "+", r.data)

square(x1).backward()
print("the way back through square:", x1.grad)

assert y.data == 5.0
assert y.creator.inputs == (x0, x1) and y.creator.outputs == [y]
assert (q.data, r.data) == (3.0, 2.0)
assert q.creator is r.creator
assert x1.grad == 6.0
