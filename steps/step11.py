"""Step 11: many inputs, many outputs.

New: a Function takes a list of variables and returns a list, and `forward` does the same with arrays; both lists
are kept. Add has two inputs and one output; DivMod, the quotient and the remainder, has two of each. The walk of
`backward` knows only chains: it comes through Square and gives up at Add, until step 13 puts that right. (Exp and
the tests have done their duty.)

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
    def __call__(self, inputs):
        xs = [x.data for x in inputs]
        ys = self.forward(xs)
        outputs = [Variable(np.asarray(y)) for y in ys]
        for output in outputs:
            output.creator = self
        self.inputs, self.outputs = inputs, outputs
        return outputs


class Square(Function):
    def forward(self, xs):
        (x,) = xs
        return (x**2,)

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Add(Function):
    def forward(self, xs):
        x0, x1 = xs
        return (x0 + x1,)


class DivMod(Function):
    def forward(self, xs):
        x0, x1 = xs
        return (x0 // x1, x0 % x1)


x0, x1 = Variable(np.array(2.0)), Variable(np.array(3.0))
(y,) = Add()([x0, x1])
print("2 + 3 =", y.data)

q, r = DivMod()([Variable(np.array(17.0)), Variable(np.array(5.0))])
print("17 = 5 *", q.data, "+", r.data)

(z,) = Square()([x1])
z.backward()
print("the way back through Square:", x1.grad)
refusal = None
try:
    y.backward()
except ValueError as error:
    refusal = error
print("the way back through Add:", repr(refusal))

assert y.data == 5.0
assert y.creator.inputs == [x0, x1] and y.creator.outputs == [y]
assert (q.data, r.data) == (3.0, 2.0)
assert q.creator is r.creator
assert x1.grad == 6.0 and refusal is not None
