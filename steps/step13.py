"""Step 13: backward with several inputs.

New: the walk can branch. `backward` of a function gets one gy for each output and returns one gx for each input.
Behind every input there may be another creator, and we can go only one way at a time: a list holds those that
wait. Add hands its gy on to both. Of DivMod the quotient only jumps, and the remainder x0 - q x1 has the
derivatives 1 and -q. (An output that nobody has used comes with None; the package makes zeros of it.)

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

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = funcs.pop()
            gxs = f.backward(*[y.grad for y in f.outputs])
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx
                if x.creator is not None:
                    funcs.append(x.creator)


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


class DivMod(Function):
    def forward(self, x0, x1):
        return x0 // x1, x0 % x1

    def backward(self, gq, gr):  # gq leads nowhere: almost everywhere q is constant
        q = self.outputs[0].data
        return gr, -q * gr


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


x = Variable(np.array(2.0))
y = Variable(np.array(3.0))
z = add(square(x), square(y))
z.backward()
print("x² + y² =", z.data)
print("gradients:", x.grad, y.grad)

a, b = Variable(np.array(17.0)), Variable(np.array(5.0))
q, r = DivMod()(a, b)
add(q, r).backward()
print("17 = 5 *", q.data, "+", r.data, "and the gradients of 3 + 2:", a.grad, b.grad)

assert z.data == 13.0
assert x.grad == 4.0
assert y.grad == 6.0
assert (a.grad, b.grad) == (1.0, -3.0)
