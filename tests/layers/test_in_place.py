"""`p -= lr * p.grad`: inside no_grad a write that graphs see, elsewhere an error."""

import operator

import numpy as np
import pytest

from autograd import Variable, no_grad
from autograd.layers import Linear, Parameter

pytestmark = pytest.mark.standin_exempt("compares with NumPy's operators, on NumPy's arrays")

OPERATORS = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv, "**=": operator.ipow,
    "//=": operator.ifloordiv, "%=": operator.imod,
}  # fmt: skip
OF_VARIABLES = [name.removeprefix("__") for name in dir(Variable)]  # "add__"
OPERANDS = {
    "number": 3,
    "array": np.array([1.0, 2.0, 4.0], np.float32),
    "wider": np.array([1.0, 2.0, 4.0]),
    "row": np.float64(2),
    "Variable": Variable(np.array([1.0, 2.0, 4.0], np.float32)),
    "list": [1, 2, 3],
}


@pytest.mark.parametrize("operand", OPERANDS)
@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_under_no_grad_the_array_is_written_into(sign, operand, shape):
    p, y = Parameter(np.full(shape, 2, np.float32)), OPERANDS[operand]
    q, array = p, p.data
    expected = OPERATORS[sign](np.full(shape, 2.0), getattr(y, "data", y) if operand == "Variable" else y)
    with no_grad():
        p = OPERATORS[sign](p, y)
    assert p is q
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.data, expected)
    assert np.shares_memory(p.data, array)


def test_a_matrix_product_in_place():
    p, W = Parameter(np.arange(6.0).reshape(2, 3)), np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 2]])
    q = p
    with no_grad():
        p @= W
    assert p is q
    np.testing.assert_array_equal(p.data, [[1, 0, 4], [4, 3, 10]])
    with no_grad(), pytest.raises(ValueError, match=r"@= takes .* for float64 \(2, 3\), not float64 \(4,\)"):
        p @= np.ones(4)
    with pytest.raises(RuntimeError, match="@= on a Parameter must be inside"):
        p @= W


def test_every_operator_in_place_that_a_variable_can_do_is_one_of_a_parameter():
    for name in [name for name in vars(operator) if name.startswith("__i") and name[3:] in OF_VARIABLES]:
        assert name in vars(Parameter), name


@pytest.mark.parametrize("sign", OPERATORS)
def test_elsewhere_it_is_an_error_and_changes_nothing(sign):
    p = Parameter(np.full(3, 2.0))
    with pytest.raises(RuntimeError, match=r"on a Parameter must be inside `with no_grad\(\):`"):
        OPERATORS[sign](p, 3)
    np.testing.assert_array_equal(p.data, [2, 2, 2])


@pytest.mark.parametrize("operand", [np.ones((2, 3)), np.ones(4), "abc", None, np.ones(3, complex)])
@pytest.mark.parametrize("sign", OPERATORS)
def test_what_does_not_fit(sign, operand):
    p = Parameter(np.full(3, 2.0))
    with no_grad(), pytest.raises((TypeError, ValueError), match="takes a number or an array for float64"):
        OPERATORS[sign](p, operand)
    np.testing.assert_array_equal(p.data, [2, 2, 2])


def test_training_by_hand():
    rng = np.random.default_rng(0)
    layer, x, t = Linear(1, 2, rng=0), rng.standard_normal((20, 2)).astype(np.float32), np.ones((20, 1), np.float32)
    losses = []
    for _ in range(100):
        loss = ((layer(x) - t) ** 2).mean()
        layer.cleargrads()
        loss.backward()
        with no_grad():
            for p in layer.params():
                p -= 0.1 * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0]


def test_a_graph_sees_the_write():
    layer = Linear(2, 2)
    y = (layer(Variable(np.ones((1, 2), np.float32))) ** 2).sum()
    with no_grad():
        layer.W *= 0.5
    with pytest.raises(RuntimeError, match=r"\(2, 2\) was changed after"):
        y.backward()


def test_a_number_of_no_axes():
    p = Parameter(1.0)
    with no_grad():
        p += 2
    assert p.item() == 3


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ipow", "ifloordiv", "imod"])
def test_a_leaf_is_updated_under_no_grad_and_its_former_array_stays(name):
    op = getattr(operator, name)
    array = np.array([2.0, 5.0], np.float32)
    x = y = Variable(array)
    with no_grad():
        x = op(x, np.array([2.0, 2.0]))
    assert x is y
    assert x.dtype == np.float32
    np.testing.assert_array_equal(array, [2, 5])
    np.testing.assert_allclose(x.data, op(array.copy(), np.float32(2)))


def test_the_loop_by_hand_trains_a_leaf():
    w = Variable(np.zeros(2))
    for _ in range(100):
        ((w - np.array([1.0, 2.0])) ** 2).sum().backward()
        with no_grad():
            w -= 0.1 * w.grad
        w.cleargrad()
    np.testing.assert_allclose(w.data, [1, 2], atol=1e-6)


def test_a_result_and_a_recorded_leaf_are_rebound():
    x = y = Variable(1.0)
    x += 1
    assert (x.item(), y.item()) == (2, 1)
    with no_grad():
        z = a = x * 2
        z += 1
        assert (z.item(), a.item()) == (5, 4)
        x *= 2
    assert x.creator is None


def test_an_update_keeps_the_shape():
    x = Variable(np.zeros(2))
    with no_grad(), pytest.raises(ValueError, match=r"broadcasts to \(2,\), not to \(3, 2\)"):
        x += np.ones((3, 2))
    np.testing.assert_array_equal(x.data, [0, 0])
