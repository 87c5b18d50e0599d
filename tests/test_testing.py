"""`check_gradients` finds what is wrong, and says which order, which input and which element; numeric gradients."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable
from autograd.algebra import as_array
from autograd.testing import check_gradients, numerical_diff, numerical_gradient

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


# Numeric gradients


def test_numeric_derivatives_are_those_of_the_notes():
    def f(x):
        return 0.01 * x**2 + 0.1 * x

    for g, at, printed in (
        (f, 5, 0.19999999999909),
        (f, 10.0, 0.29999999999863),
        (lambda x: x**2 + 16, 3, 6.00000000000378),
    ):
        assert numerical_diff(g, at, 1e-4) == pytest.approx(printed, abs=1e-14)
    found = numerical_gradient(lambda x: (x**2).sum(), np.array([3.0, 4.0]), 1e-4)
    np.testing.assert_allclose(found, [6.00000000000378, 7.999999999999119], rtol=0, atol=1e-14)
    assert abs(numerical_diff(np.sin, 1.0) - np.cos(1.0)) < 1e-10  # the step that is taken by itself
    assert isinstance(numerical_diff(F.sin, np.float32(1.0)), float)
    assert numerical_diff(lambda x: F.sin(Variable(x)), 0) == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("dtype, most", [(np.float64, 1e-9), (np.float32, 1e-3), (np.float16, 0.1)])
def test_the_step_fits_the_dtype(dtype, most, on_device):
    x = on_device(X.astype(dtype))
    found = numerical_gradient(lambda x: F.sum(F.sin(x) * x), x)
    assert (type(found), found.dtype, found.shape) == (type(x), dtype, X.shape)
    expected = np.cos(X) * X + np.sin(X)
    assert np.abs(np.array(found.tolist()) - expected).max() < most
    assert x.tolist() == X.tolist()


def test_a_numeric_gradient_at_a_variable_and_through_a_closure():
    """The idiom of the notes: f reads the array from elsewhere, and ignores its argument."""
    params = {"W": Variable(X.copy()), "b": np.array([0.5, -0.5])}
    y = (params["W"] ** 3).sum()

    def loss(_):
        return ((params["W"] @ X.T) ** 2).sum() + (params["b"] ** 2).sum()

    expected = 2 * X @ X.T @ X
    np.testing.assert_allclose(numerical_gradient(loss, params["W"]), expected, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(loss, params["b"]), [1, -1], atol=1e-8)
    assert params["W"].data.tolist() == X.tolist()
    y.backward()  # the graph from before finds its array as it was
    np.testing.assert_allclose(params["W"].grad.data, 3 * X**2)


def test_what_a_numeric_gradient_takes():
    square_sum = lambda x: (x * x).sum()  # noqa: E731
    fixed = np.array([1.0, 2.0])
    fixed.flags.writeable = False
    for x in ([1, 2], [1.0, 2.0], np.array([1, 2]), fixed, Variable([1, 2]), Variable([1.0, 2.0])):
        np.testing.assert_allclose(numerical_gradient(square_sum, x), [2, 4], atol=1e-9)
    for x in (3, 3.0, np.float64(3), np.array(3.0), Variable(3.0)):
        found = numerical_gradient(square_sum, x)
        assert found.shape == ()
        assert float(found) == pytest.approx(6, abs=1e-9)
    assert numerical_gradient(square_sum, np.zeros((0, 2))).shape == (0, 2)
    x = np.arange(6.0).reshape(2, 3).T  # not contiguous
    np.testing.assert_allclose(numerical_gradient(square_sum, x), 2 * x, atol=1e-9)


def test_a_numeric_gradient_says_what_is_wrong_and_puts_x_back():
    x = np.array([1.0, 2.0])
    for f, error, said in (
        (lambda x: x, ValueError, r"f must give one number, not the shape \(2,\): take its sum or mean"),
        (lambda x: "a", TypeError, "f must give a number, not 'a'"),
        (lambda x: None, TypeError, "f must give a number, not None"),
        (lambda x: 1 / 0, ZeroDivisionError, "division by zero"),
        (None, TypeError, "numerical_gradient: f must be a function, not None"),
    ):
        with pytest.raises(error, match=said):
            numerical_gradient(f, x)
        assert x.tolist() == [1, 2]
    with pytest.raises(ValueError, match="numerical_gradient: h must be above 0"):
        numerical_gradient(np.sum, x, -1e-4)
    with pytest.raises(TypeError, match="numerical_diff: x must be a number"):
        numerical_diff(np.sin, x)


@pytest.mark.parametrize("dtype, large", [(np.float16, 1000), (np.float32, 1e6), (np.float64, 1e12)])
def test_the_step_grows_with_x(dtype, large):
    for value in (large, -2 * large, 0.5):
        found = numerical_gradient(lambda x: float(x.sum()), np.array([value], dtype))
        np.testing.assert_allclose(found, 1, rtol=1e-3)


def test_a_step_that_is_lost_is_an_error():
    with pytest.raises(ValueError, match="h = 0.0001 is lost beside x = 1e\\+16: give a larger one"):
        numerical_gradient(lambda x: x.sum(), np.array([1e16]), 1e-4)
    with pytest.raises(ValueError, match="is lost beside"):
        numerical_diff(lambda x: x, 1e16, 1e-4)
    assert numerical_diff(lambda x: x**2, 1e12) == pytest.approx(2e12)
    assert numerical_diff(lambda x: x**2, np.array(3.0)) == pytest.approx(6)


@pytest.mark.parametrize("x", ["abc", None, np.array([1j]), object()])
def test_numeric_derivatives_take_real_numbers(x):
    with pytest.raises(TypeError, match="numerical_gradient"):
        numerical_gradient(lambda x: x.sum(), x)


@pytest.mark.parametrize("y", ["3.5", b"3"])
def test_text_is_no_number(y):
    with pytest.raises(TypeError, match="f must give a number"):
        numerical_gradient(lambda x: y, np.ones(1))
