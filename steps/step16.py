"""Step 16: generations put it right.

New: every variable and function has a `generation`. A variable made by the user is of generation 0, a
function is of the latest generation among its inputs, and its outputs are one later. Of the functions that
wait, the walk takes one of the latest generation. Whatever uses a value is later than the function that made
it: so when that function's turn comes, all parts of its gradient have arrived, and one visit is enough.

In the package: autograd/engine.py
"""

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
            f = max(funcs, key=lambda f: f.generation)  # the package sorts once instead
            funcs.remove(f)
            gxs = f.backward(*[y.grad for y in f.outputs])
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)

    def cleargrad(self):
        self.grad = None


class Function:
    def __call__(self, *inputs):
        ys = self.forward(*[x.data for x in inputs])
        outputs = [Variable(np.asarray(y)) for y in (ys if isinstance(ys, tuple) else (ys,))]
        self.generation = max(x.generation for x in inputs)
        for output in outputs:
            output.creator, output.generation = self, self.generation + 1
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

    def backward(self, gy):
        return gy, gy


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


x = Variable(np.array(2.0))
a = square(x)
b, c = square(a), square(a)
y = add(b, c)
print("generations:", [v.generation for v in (x, a, b, c, y)])

y.backward()
print("y =", y.data)
print("x.grad =", x.grad)

assert [v.generation for v in (x, a, b, c, y)] == [0, 1, 2, 2, 3]
assert y.data == 32.0
assert a.grad == 16.0  # 8 from each of its two uses
assert x.grad == 64.0
