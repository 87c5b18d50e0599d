"""`check_gradients` finds what is wrong, and says which order, which input and which element."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable
from autograd.algebra import as_array
from autograd.testing import check_gradients

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


class Cube(Function):
    """x^3, whose derivatives of each order can be spoilt."""

    def __init__(self, wrong=None):
        self.wrong = wrong

    def forward(self, x):
        return x * x * x

    def backward(self, gy):
        (x,) = self.inputs
        if self.wrong == "element":
            mask = as_array(x) * 0 + 1
            mask[1, 2] += 0.001
            return 3 * gy * x * x * mask
        if self.wrong == "second":
            return 3 * gy * x * as_array(x)  # right, but the graph of x^2 is lost by half
        if self.wrong == "third":
            return Square()(x) * gy * 3
        return 3 * gy * x * x


class Square(Function):
    def forward(self, x):
        return x * x

    def backward(self, gy):
        (x,) = self.inputs
        return 2 * gy * as_array(x)


def test_what_is_right_passes():
    check_gradients(lambda x: Cube()(x), X)
    check_gradients(lambda x, W: (x @ W, F.tanh(x)), X, X.T, order=3)
    check_gradients(lambda x, n, p: x[n] ** p, X, np.array([0, 1, 1]), 3)
    check_gradients(lambda x: x * 2.0, X.astype(np.float32))
    check_gradients(lambda x: x * 1, np.zeros((0, 3)))
    check_gradients(F.exp, np.array(0.3), order=5)
    check_gradients(F.exp, Variable(X))


@pytest.mark.parametrize(
    "wrong, message",
    [
        ("element", r"order 1, input 0, element \(1, 2\): the derivative is .*, central differences give"),
        ("second", "order 2, input 0, a random direction"),
        ("third", "order 3, input 0, a random direction"),
    ],
)
def test_what_is_wrong_is_found_at_its_order(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_gradients(lambda x: Cube(wrong)(x), X)
    if wrong != "element":
        check_gradients(lambda x: Cube(wrong)(x), X, order=int(message[6]) - 1)


def test_the_input_is_named_by_its_place():
    with pytest.raises(AssertionError, match="order 1, input 2"):
        check_gradients(lambda a, n, x: a * n + Cube("element")(x), X, 2, X)


def test_a_modified_input_is_found():
    class Greedy(Function):
        def forward(self, x):
            x += 1
            return x * 1

        def backward(self, gy):
            return gy

    with pytest.raises(AssertionError, match="order 1: f or its backward modified input 0"):
        check_gradients(lambda x: Greedy()(x), X.copy())


def test_a_missing_derivative_is_found():
    class Half(Function):
        def forward(self, x, y):
            return x * y

        def backward(self, gy):
            return gy * self.inputs[1], None

    with pytest.raises(AssertionError, match="order 1, input 1, element"):
        check_gradients(lambda x, y: Half()(x, y), X, X)


def test_random_functions_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="different values for equal inputs"):
        check_gradients(lambda x: x * float(rng.random()), X)


def test_there_must_be_something_to_differentiate():
    with pytest.raises(TypeError, match="no floating-point array among the 2 inputs"):
        check_gradients(lambda n, x: x, np.array([1, 2]), 2.0)
    for f in (lambda x: 3.0, lambda x: as_array(x), lambda x: x.astype(int), lambda x: (x > 0, 1)):
        with pytest.raises(TypeError, match="f must return a floating-point Variable"):
            check_gradients(f, X)


def test_tolerances_and_step_can_be_chosen():
    f = lambda x: Cube("element")(x)  # noqa: E731
    check_gradients(f, X, order=1, rtol=1e-2)
    with pytest.raises(AssertionError):
        check_gradients(lambda x: F.exp(x * 10), X, order=1, eps=1e-1)


def test_the_random_directions_have_a_seed():
    for rng in (0, 1, np.random.default_rng(2)):
        with pytest.raises(AssertionError, match="order 2"):
            check_gradients(lambda x: Cube("second")(x), X, rng=rng)


def test_it_works_where_the_arrays_are(on_device):
    check_gradients(lambda x, W: F.sigmoid(x @ W), on_device(X), on_device(X.T.copy()))
    with pytest.raises(AssertionError, match=r"order 1, input 0, element \(1, 2\)"):
        check_gradients(lambda x: Cube("element")(x), on_device(X))


@pytest.mark.parametrize(
    "options, error, said",
    [
        ({"order": 0}, ValueError, "order must be at least 1"),
        ({"order": -1}, ValueError, "order must be at least 1"),
        ({"order": 1.0}, TypeError, "order must be a whole number"),
        ({"order": True}, TypeError, "order must be a whole number"),
        ({"rtol": np.inf}, ValueError, "rtol must be at least 0 and below 1"),
        ({"rtol": 1}, ValueError, "rtol must be at least 0 and below 1"),
        ({"rtol": np.nan}, ValueError, "rtol must be"),
        ({"rtol": -1e-3}, ValueError, "rtol must be"),
        ({"atol": np.inf}, ValueError, "atol must be at least 0"),
        ({"atol": "1"}, TypeError, "atol must be a number"),
        ({"eps": 0}, ValueError, "eps must be above 0"),
        ({"eps": np.nan}, ValueError, "eps must be above 0"),
    ],
)
def test_a_check_that_would_check_nothing_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        check_gradients(lambda x: Cube("element")(x), X, **options)


def test_the_function_comes_first():
    with pytest.raises(TypeError, match="check_gradients takes a function and then its inputs, not array"):
        check_gradients(X, X)
