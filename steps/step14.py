"""Step 14: the same variable twice.

New: gradients add. In x + x each use of x sends a gradient back, and step 13 let the second one overwrite the
first. Now it is added, which means that a second computation adds to what the first has left: `cleargrad`
empties x. The sum is written `x.grad + gx` and not `x.grad += gx`. The latter changes an array in place, and
that array may be the gradient of other variables too, since Add gives the very same gy to both of its inputs.
(DivMod leaves us; a function may still have several outputs.)

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


x = Variable(np.array(3.0))
add(x, x).backward()
print("x + x:     x.grad =", x.grad)
assert x.grad == 2.0

add(add(x, x), x).backward()
print("x + x + x: x.grad =", x.grad, "(2 are left from before)")
assert x.grad == 5.0

x.cleargrad()
add(add(x, x), x).backward()
print("x + x + x: x.grad =", x.grad)
assert x.grad == 3.0

# z = (a + b) + a, backwards by hand, with the sum for a in place: b should get 1.
gz = np.array(1.0)
gt, ga = Add().backward(gz)
ga_more, gb = Add().backward(gt)
ga += ga_more
print("in place:  ga =", ga, "but gb =", gb, "and even gz =", gz)

a, b = Variable(np.array(3.0)), Variable(np.array(4.0))
add(add(a, b), a).backward()
print("as a sum:  ga =", a.grad, "and gb =", b.grad)

assert ga is gb is gz and gb == 2.0  # one array with three names, and two of them wrong
assert (a.grad, b.grad) == (2.0, 1.0)
