"""Every check, with every kind of right and wrong value."""

import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable
from autograd.checks import dtype_of, flag, function, number, one_of, shown, whole

pytestmark = pytest.mark.standin_exempt("checks are about Python's and NumPy's numbers")

inf, nan = math.inf, math.nan
OTHERS = {  # neither a number nor True or False
    "None": None, "text": "1", "bytes": b"1", "list": [1], "tuple": (1,), "dict": {}, "set": {1}, "object": object(),
    "class": int, "function": len, "complex": 1 + 0j, "complex64": np.complex64(1), "array": np.array([1]),
    "0-d array": np.array(1), "Variable": Variable(np.array(1.0)), "Decimal": Decimal(1), "date": np.datetime64("2020"),
    "range": range(1),
}  # fmt: skip
others = pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
truths = pytest.mark.parametrize("value", [True, False, np.True_, np.False_], ids=repr)
HUGE = 10**400  # larger than any float


# whole


@pytest.mark.parametrize("value", [1, 7, np.int8(7), np.int64(7), 2**63 - 1], ids=lambda v: f"{v!r:.20}")
def test_whole_numbers(value):
    found = whole("f: n", value)
    assert type(found) is int
    assert found == value


def test_the_least_whole_number():
    assert whole("f: n", 0, 0) == 0
    assert whole("f: n", -3, -3) == -3
    for value, least in ((0, 1), (-1, 0), (np.int8(-4), -3), (-(10**30), 1)):
        with pytest.raises(ValueError, match=f"^f: n must be at least {least}, not {value}$"):
            whole("f: n", value, least)


@pytest.mark.parametrize(
    "value", [2**63, np.uint64(2**63), HUGE, 10**5000], ids=["2**63", "uint64", "10**400", "10**5000"]
)
def test_a_whole_number_is_an_index(value):
    """NumPy's answer to a larger size or seed is an OverflowError, in words of C; Python does not print 10**5000."""
    with pytest.raises(ValueError, match="^f: n must be at most 9223372036854775807, not "):
        whole("f: n", value)
    assert whole("f: n", 3, 0, 3) == 3
    with pytest.raises(ValueError, match="^f: n must be at most 2, not 3$"):
        whole("f: n", 3, 0, 2)


@others
def test_what_is_no_whole_number(value):
    with pytest.raises(TypeError, match="^f: n must be a whole number, not "):
        whole("f: n", value)


@truths
def test_true_and_false_are_no_whole_numbers(value):
    with pytest.raises(TypeError, match=r"^f: n must be a whole number, not (np\.)?(True|False)_?$"):
        whole("f: n", value)


@pytest.mark.parametrize("value", [2.0, 0.5, nan, inf, np.float32(2), np.float64(2), Fraction(2)], ids=repr)
def test_fractions_are_no_whole_numbers(value):
    with pytest.raises(TypeError, match="must be a whole number"):
        whole("f: n", value)


# number


@pytest.mark.parametrize("value", [0, -2, 0.5, -1e300, np.float16(0.5), np.float32(0.5), np.int8(3)], ids=repr)
def test_numbers(value):
    found = number("f: x", value)
    assert type(found) in (int, float)
    assert found == value
    assert isinstance(found, int) == isinstance(value, (int, np.integer))


def test_a_fraction_becomes_a_float():
    found = number("f: x", Fraction(1, 4))
    assert type(found) is float
    assert found == 0.25


@pytest.mark.parametrize("value", [HUGE, -HUGE, Fraction(HUGE), 10**5000], ids=["400", "-400", "fraction", "5000"])
@pytest.mark.parametrize("finite", [True, False])
def test_a_number_larger_than_any_float(value, finite):
    with pytest.raises(ValueError, match=r"f: x must be at most 1\.8e308 in size, as a float is, not "):
        number("f: x", value, least=0, finite=finite)


@others
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match="^f: x must be a number, not "):
        number("f: x", value)


@truths
def test_true_and_false_are_no_numbers(value):
    with pytest.raises(TypeError, match="^f: x must be a number, not "):
        number("f: x", value)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "message"),
    [
        ({"least": 0}, [0, 1, 1e308], [-1e-300, -1, -inf], "at least 0"),
        ({"above": 0}, [1e-300, 2], [0, -0.0, -1], "above 0"),
        ({"most": 1}, [1, -5], [1.0000001, 2, inf], "at most 1"),
        ({"below": 1}, [0.999, -5], [1, 1.0, 2], "below 1"),
        ({"least": 0, "most": 1}, [0, 1, 0.5], [-0.1, 1.1], "at least 0 and at most 1"),
        ({"least": 0, "below": 1}, [0, 0.999], [-0.1, 1], "at least 0 and below 1"),
        ({"above": 0, "most": 1}, [1, 0.001], [0, 1.1], "above 0 and at most 1"),
        ({"above": -0.5, "below": 0.5}, [0, 0.49], [-0.5, 0.5], "above -0.5 and below 0.5"),
    ],
    ids=str,
)
def test_the_range_of_a_number(bounds, inside, outside, message):
    for value in inside:
        assert number("f: x", value, **bounds) == value
        assert number("f: x", np.float64(value), **bounds) == value
    for value in (*outside, nan):
        with pytest.raises(ValueError, match=f"^f: x must be {message}, not {value}$"):
            number("f: x", value, **bounds)


@pytest.mark.parametrize("value", [inf, -inf, np.float32(inf)], ids=repr)
def test_infinity(value):
    assert number("f: x", value, finite=False) == value
    with pytest.raises(ValueError, match="^f: x must be a finite number, not -?inf$"):
        number("f: x", value)
    with pytest.raises(ValueError, match="^f: x must be .*, not -?inf$"):
        number("f: x", value, least=-1)


@pytest.mark.parametrize("value", [nan, np.float32(nan)], ids=repr)
def test_nan_is_never_right(value):
    with pytest.raises(ValueError, match="^f: x must be a finite number, not nan$"):
        number("f: x", value)
    with pytest.raises(ValueError, match="^f: x must be a number, not nan$"):
        number("f: x", value, finite=False)


def test_numbers_of_numpy_become_pythons_which_widen_no_array():
    x = np.ones(2, np.float16)
    assert (x * number("f: x", np.float64(2))).dtype == np.float16
    assert (x * number("f: x", np.int64(2))).dtype == np.float16


# flag


@truths
def test_flags(value):
    assert flag("f: on", value) is bool(value)


@others
def test_what_is_no_flag(value):
    with pytest.raises(TypeError, match="^f: on must be True or False, not "):
        flag("f: on", value)


@pytest.mark.parametrize("value", [0, 1, 1.0, np.int64(1), "True"], ids=repr)
def test_numbers_are_no_flags(value):
    with pytest.raises(TypeError, match="^f: on must be True or False, not "):
        flag("f: on", value)


# one_of


def test_words():
    assert one_of("f: how", "mean", "mean", "sum") == "mean"
    assert one_of("f: how", np.str_("sum"), "mean", "sum") == "sum"
    assert one_of("f: how", pickle.loads(pickle.dumps("mean")), "mean", "sum") == "mean"  # equal, another object
    assert one_of("f: how", None, "mean", None) is None


@others
def test_what_is_no_choice(value):
    if value is None:
        value = "None"
    with pytest.raises(ValueError, match="^f: how must be one of 'mean', None, not "):
        one_of("f: how", value, "mean", None)


@pytest.mark.parametrize("value", ["Mean", "", "mean ", True, 0, None, np.array(["mean", "sum"])], ids=repr)
def test_almost_a_choice(value):
    with pytest.raises(ValueError, match="^f: how must be one of 'mean', 'sum', not "):
        one_of("f: how", value, "mean", "sum")


# All of them


@pytest.mark.parametrize("check", [whole, number, flag, lambda name, value: one_of(name, value, "a")])
def test_a_long_value_is_cut(check):
    with pytest.raises((TypeError, ValueError)) as error:
        check("f: x", "x" * 1000)
    assert len(str(error.value)) < 100


def test_anything_can_be_shown():
    """A message is no place to fail: of an object that cannot be printed, or a number too long for Python to print."""

    class Silent:
        def __repr__(self):
            raise RuntimeError("no text")

    assert shown("x" * 1000) == repr("x" * 1000)[:40]
    assert shown(Silent()) == "a Silent"
    assert shown(10**5000) == "a very large int"
    for check in (whole, number, flag, lambda name, value: one_of(name, value, "a")):
        with pytest.raises((TypeError, ValueError), match="^f: x must be .*not a Silent"):
            check("f: x", Silent())


@pytest.mark.parametrize("dtype", [np.float32, "float64", float, np.dtype(np.float16), "f4"], ids=repr)
def test_dtypes(dtype):
    assert dtype_of("f: dtype", dtype) == np.dtype(dtype)


@pytest.mark.parametrize(
    "dtype", [None, int, bool, "abc", "", 0, {}, [], object, str, "M8[D]", complex, np.ones(2)], ids=repr
)
def test_what_is_no_floating_point_dtype(dtype):
    with pytest.raises(TypeError, match="^f: dtype must be floating-point, such as np.float32, not "):
        dtype_of("f: dtype", dtype)
    if dtype is not int and dtype is not bool:
        with pytest.raises(TypeError, match="^f: dtype must be of numbers, such as np.float32, not "):
            dtype_of("f: dtype", dtype, "fiub")


def test_functions():
    assert function("f: f", len) is len
    with pytest.raises(TypeError, match="^f: f must be a function, not 3$"):
        function("f: f", 3)


def test_an_error_of_numpy_is_explained():
    """With what was given, by the function's name; errors that this package raises, and those of users, stay."""
    unfit, x = "takes arguments that fit together, ", Variable(np.ones(6))
    cases = [
        (lambda: F.exp(np.array(["a"])), TypeError, "^exp takes arrays of numbers, not <U1"),
        (lambda: F.exp(None), TypeError, "^exp takes Variables, arrays and numbers, not NoneType: None"),
        (lambda: x + np.ones(3), ValueError, r"^add takes arrays whose shapes broadcast, not float64 \(6,\) and "),
        (lambda: x.reshape(4), ValueError, rf"^reshape {unfit}not float64 \(6,\), shape = 4: "),
        (lambda: F.reshape(np.ones(6), (4,)), ValueError, rf"^reshape {unfit}not float64 \(6,\), shape = \(4,\): "),
        (lambda: x[6], IndexError, f"^getitem {unfit}.*out of bounds"),
    ]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            call()
        assert caught.value.__notes__[0].startswith("in ")

    class Mine(Function):
        def forward(self, x):
            return x + "a"

    with pytest.raises(TypeError) as caught:
        Mine()(Variable(1.0))
    assert "takes" not in str(caught.value)
    assert caught.value.__notes__ == ["in Mine(float64 ())"]
