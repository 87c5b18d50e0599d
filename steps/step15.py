"""Step 15: a graph that forks and joins breaks the walk.

New: a counter-example, and no cure yet. In y = (x²)² + (x²)² the value a = x² is used twice, and the walk
reaches the function that made a once for each use. The first time it comes too early, with half of a's
gradient. The second time it brings the whole, so x gets the first half twice: 96 instead of 64. To forbid the
second visit (`visit_once`) is no better: now the other half is missing, and 32 is left. Both times the order
is wrong, not the number of visits.

In the package: autograd/engine.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self, visit_once=False):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        visited = []
        while funcs:
            f = funcs.pop()
            if visit_once and f in visited:
                continue
            visited.append(f)
            gxs = f.backward(*[y.grad for y in f.outputs])
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None:
                    funcs.append(x.creator)

    def cleargrad(self):
        self.grad = None


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

    def backward(self, gy):
        return gy, gy


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


x = Variable(np.array(2.0))
gradients = []
for visit_once in (False, True):
    x.cleargrad()
    a = square(x)
    y = add(square(a), square(a))
    y.backward(visit_once)
    gradients.append(x.grad)

naive, once = gradients
right = 8 * 2.0**3  # y is 2 x⁴
print("y =", y.data)
print("x.grad, in the order of the list:   ", naive)
print("x.grad, every function visited once:", once, "so that", right - once, "are missed")
print("the derivative 8 x³ at 2:           ", right)

assert y.data == 32.0
assert (naive, once, right) == (96.0, 32.0, 64.0)
