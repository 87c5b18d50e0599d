"""Step 10: tests.

New: functions named test_…, each of which checks one claim, and the gradient check: backward must agree with
the numerical derivative of step 04, at points nobody chose by hand. The check has to be able to fail, so the
last test gives it a wrong `backward` and expects it to notice. This file runs alone, and as
`pytest steps/step10.py` too.

In the package: autograd/testing.py
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
            x = f.input
            x.grad = f.backward(y.grad)
            y = x


class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        output = Variable(np.asarray(y))  # NumPy makes a scalar of np.array(2.0) ** 2
        output.creator = self
        self.input = input  # backward needs to know where the derivative is taken
        return output


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.input.data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        x = self.input.data
        return np.exp(x) * gy


def square(x):
    return Square()(x)


def exp(x):
    return Exp()(x)


def numerical_derivative(f, x, eps=1e-4):
    y0, y1 = f(Variable(x.data - eps)), f(Variable(x.data + eps))
    return (y1.data - y0.data) / (2 * eps)


def gradient_is_right(f):
    x = Variable(np.random.default_rng(0).uniform(0.1, 1.0, size=5))
    f(x).backward()
    return np.allclose(x.grad, numerical_derivative(f, x), rtol=1e-6)


def test_forward():
    assert square(Variable(np.array(2.0))).data == 4.0
    assert exp(Variable(np.array(0.0))).data == 1.0


def test_backward():
    x = Variable(np.array(3.0))
    square(x).backward()
    assert x.grad == 6.0


def test_gradient_check():
    for f in (square, exp, lambda x: square(exp(square(x)))):
        assert gradient_is_right(f)


def test_gradient_check_finds_an_error():
    class WrongSquare(Square):
        def backward(self, gy):
            return self.input.data * gy  # the 2 is missing

    assert not gradient_is_right(WrongSquare())


if __name__ == "__main__":
    for test in (test_forward, test_backward, test_gradient_check, test_gradient_check_finds_an_error):
        test()
        print(test.__name__, "passed")
