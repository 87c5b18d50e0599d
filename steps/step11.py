"""Step 11: many inputs, many outputs.

New: a Function takes a list of variables and returns a list, and `forward` does the same with arrays. Add has
two inputs and one output; DivMod, the quotient and the remainder, has two of each. `backward` is left out for
two steps, because its walk knows only chains; it comes back in step 13, and Square with it. Exp is not needed
again.

In the package: autograd/core.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = None
        self.creator = None


class Function:
    def __call__(self, inputs):
        xs = [x.data for x in inputs]
        ys = self.forward(xs)
        outputs = [Variable(np.asarray(y)) for y in ys]
        for output in outputs:
            output.creator = self
        self.inputs = inputs
        return outputs


class Add(Function):
    def forward(self, xs):
        x0, x1 = xs
        return (x0 + x1,)


class DivMod(Function):
    def forward(self, xs):
        x0, x1 = xs
        return (x0 // x1, x0 % x1)


xs = [Variable(np.array(2.0)), Variable(np.array(3.0))]
ys = Add()(xs)
y = ys[0]
print("2 + 3 =", y.data)

q, r = DivMod()([Variable(np.array(17.0)), Variable(np.array(5.0))])
print("17 = 5 *", q.data, "+", r.data)

assert y.data == 5.0
assert y.creator.inputs == xs
assert (q.data, r.data) == (3.0, 2.0)
assert q.creator is r.creator
