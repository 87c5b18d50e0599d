"""Variables, backward passes, and Functions that a script defines."""

import gc
import weakref

import dezero
import dezero.functions as F
import dezero.layers as L
import numpy as np
import pytest
from dezero import Parameter, Variable

import autograd
from autograd import grad
from tests.compat.dezero.samples import A, B, Square, numpys_own

pytestmark = numpys_own


@pytest.mark.parametrize("data", [1.0, 2, [1.0, 2.0], np.float64(3.0), "x", Variable(np.ones(2))])
def test_a_variable_takes_only_arrays(data):
    with pytest.raises(TypeError, match="a Variable takes an array"):
        Variable(data)


def test_a_variable_shows_itself_as_in_dezero():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), name="x")
    assert repr(x) == "variable([[1. 2.]\n          [3. 4.]])"
    assert repr(Variable(None)) == "variable(None)"
    assert repr(Variable(np.array(2))) == "variable(2)"
    assert (x.name, x.shape, x.ndim, x.size, x.dtype, len(x)) == ("x", (2, 2), 2, 4, np.float64, 2)
    assert np.array_equal(x.T.data, x.data.T)
    assert np.array_equal(x.dot(x).data, x.data @ x.data)
    assert np.array_equal(x.reshape(4).data, x.reshape((4,)).data)
    assert x.transpose().shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (2, 2)
    assert (x.max().data, x.min(axis=0, keepdims=True).shape) == (4.0, (1, 2))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, a: x + a, lambda x, a: a + x, lambda x, a: x - a, lambda x, a: a - x, lambda x, a: x * a,
        lambda x, a: a * x, lambda x, a: x / a, lambda x, a: a / x, lambda x, a: 1 - x, lambda x, a: 2 / x + 1,
        lambda x, a: -x, lambda x, a: x**2, lambda x, a: x[0], lambda x, a: x.T, lambda x, a: x.sum(axis=0),
        lambda x, a: x @ a.T, lambda x, a: a @ x.T, lambda x, a: x.dot(a.T),
    ],
)  # fmt: skip
def test_every_operator_gives_a_variable_of_dezero(f):
    y = f(Variable(A), B)
    assert type(y) is Variable
    np.testing.assert_allclose(y.data, f(A, B), rtol=1e-15)


def test_data_can_wait_and_be_replaced():
    p = Parameter(None, name="W")
    assert p.data is None
    p.data = np.ones(3)
    y = F.sum(p * 2)
    y.backward()
    assert repr(p.grad) == "variable([2. 2. 2.])"
    p.data -= 0.5 * p.grad.data
    assert p.data.tolist() == [0, 0, 0]
    p.data = np.ones((2, 2))  # another shape
    p.cleargrad()
    F.sum(p * p).backward()
    assert p.grad.shape == (2, 2)
    with pytest.raises(TypeError, match="data must be an array"):
        p.data = p * 2


def test_one_element_is_a_number_whatever_its_shape():
    x = Variable(np.array([[2.5]]))
    assert float(x.data) == 2.5
    assert int((x * 2).data + 0) == 5
    x.data += 1
    assert type(x.value) is np.ndarray
    assert float(x.data) == 3.5


def test_numbers_and_arrays():
    assert dezero.as_array(3.0).shape == ()
    assert dezero.as_array(np.float32(3)).dtype == np.float32
    x = Variable(A)
    assert dezero.as_array(x) is x
    assert dezero.as_variable(x) is x
    assert type(dezero.as_variable(autograd.Variable(A))) is Variable


def test_float32_stays_float32():
    x = Variable(np.ones((2, 2), np.float32))
    for y in (x * 2.0, 1 / x, x**0.5, x * np.float64(2), F.dropout(x, 0.5), F.clip(x, 0.0, 1.0), L.Linear(3)(x)):
        assert y.dtype == np.float32


def test_gradients_add_up_until_they_are_cleared():
    x = Variable(np.array(3.0))
    (x * x).backward()
    (x + x).backward()
    assert repr(x.grad) == "variable(8.0)"
    x.cleargrad()
    assert x.grad is None


def test_retain_grad_gives_every_variable_of_the_graph_its_gradient():
    x = Variable(np.array(3.0))
    y = 2 * x**2
    inner = weakref.ref(y.creator.inputs[0])  # nobody but the graph holds it
    y.backward(retain_grad=True)
    assert (y.grad.data, inner().grad.data, x.grad.data) == (1, 2, 12)
    y = 2 * x**2
    inner = y.creator.inputs[0]
    y.backward()
    assert y.grad is None
    assert inner.grad is None


def test_a_gradient_that_is_set_is_the_seed():
    x = Variable(np.array([1.0, 2.0]))
    y = x * x
    y.grad = Variable(np.array([10.0, 100.0]))
    y.backward()
    assert x.grad.data.tolist() == [20, 400]
    assert y.grad is None


def test_gradients_are_never_shared():
    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    (a + b).backward()
    a.grad.data += 5
    assert b.grad.data.tolist() == [1, 1]


def test_backward_of_a_leaf_says_what_is_wrong():
    with pytest.raises(RuntimeError, match="no graph"):
        Variable(A).backward()


def test_integers_are_differentiated():
    x, c = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
    y = x**2 * 2 - c
    assert (y.data.tolist(), y.dtype.kind) == ([-8, -2, 8], "i")
    y.backward()
    assert (x.grad.data.tolist(), x.grad.dtype.kind) == ([4, 8, 12], "i")
    assert c.grad.data.tolist() == [-3]
    x.cleargrad()
    F.sum(F.exp(x / 2)).backward()
    np.testing.assert_allclose(x.grad.data, np.exp(x.data / 2) / 2)
    x.cleargrad()
    y = x**3
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward()
    assert x.grad.data.tolist() == [6, 12, 18]
    with dezero.no_grad():
        assert (x + c).data.tolist() == [11, 12, 13]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.conv2d(x.reshape(1, 1, 2, 3), x.reshape(1, 1, 3, 2)[:, :, :2], pad=1) ** 2,
        lambda x: F.batch_norm(x, x[0], x[1], np.zeros(3), np.ones(3)) ** 3,
        lambda x: F.max(x * x, axis=-1),
        F.sigmoid,
        F.softmax_simple,
        lambda x: F.sigmoid_cross_entropy(x * 100, np.ones((2, 3))),
    ],
    ids=["conv2d", "batch_norm", "max", "sigmoid", "softmax_simple", "sigmoid_cross_entropy"],
)
def test_second_derivatives_are_right(f):
    """Also where DeZero's crash or are wrong."""
    direction = np.arange(6.0).reshape(2, 3)

    def slope(x):
        gx = grad(F.sum(f(x)), x, create_graph=True)
        return F.sum(gx * direction)

    x = Variable(A.copy())
    found = grad(slope(x), x).data
    for index in np.ndindex(2, 3):
        h = np.zeros((2, 3))
        h[index] = 1e-6
        difference = (slope(Variable(A + h)).data - slope(Variable(A - h)).data) / 2e-6
        np.testing.assert_allclose(found[index], difference, rtol=1e-5, atol=1e-6)


def test_a_graph_can_be_walked():
    x = Variable(np.array(2.0))
    y = F.sin(x)
    z = y * y + 1
    product = z.creator.inputs[0]
    assert [type(v.creator).__name__ for v in (z, product, y)] == ["Add", "Mul", "Sin"]
    assert product.creator.inputs[0] is y
    assert y.creator.inputs[0] is x
    assert z.creator.outputs[0]() is z
    assert (x.generation, y.generation, product.generation, z.generation) == (0, 1, 2, 3)
    assert (x.creator, y.creator.generation) == (None, 0)
    np.testing.assert_allclose(y.creator.backward(Variable(np.array(3.0))).data, 3 * np.cos(2.0))
    z.unchain_backward()
    assert y.creator is None
    assert z.creator is not None


def test_a_graph_dies_by_reference_count():
    gc.collect()
    gc.disable()
    try:
        x = Variable(A)
        y = Square()(F.linear(F.sigmoid(x), Variable(B.T), None))
        F.sum(y).backward(retain_grad=True)
        references = [weakref.ref(v) for v in (y, y.creator.inputs[0], y.node, y.node.creator)]
        x.cleargrad()
        del y
        assert [r() for r in references] == [None] * 4
    finally:
        gc.enable()


class Exponential(dezero.Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        assert isinstance(gy, Variable)
        return gy * self.outputs[0]()


class SumAndProduct(dezero.Function):
    def forward(self, a, b):
        return a + b, a * b

    def backward(self, g0, g1):
        a, b = self.inputs
        return g0 + g1 * b, g0 + g1 * a


class Gate(dezero.Function):
    """Returns the gradient of its first input only, as DeZero lets it."""

    def forward(self, x, mask):
        return x * mask

    def backward(self, gy):
        _, mask = self.inputs
        return gy.data * mask.data


def test_a_function_has_inputs_and_outputs():
    x, f = Variable(np.array(3.0)), Square()
    y = f(x)
    assert issubclass(f.seen, np.ndarray)
    assert f.inputs[0] is x
    assert f.outputs[0]() is y
    assert y.creator is f
    assert (f.generation, y.generation) == (0, 1)
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward()
    assert (y.data, first.data, x.grad.data) == (9, 6, 2)


def test_functions_of_a_script():
    x = Variable(A)
    F.sum(Exponential()(Exponential()(x))).backward()
    np.testing.assert_allclose(x.grad.data, np.exp(np.exp(A)) * np.exp(A))
    a, b = Variable(A), Variable(B)
    both = SumAndProduct()(a, b)
    assert type(both) is list
    F.sum(both[0] * both[1]).backward()
    np.testing.assert_allclose(a.grad.data, A * B + (A + B) * B)
    mask = A > 0
    x.cleargrad()
    F.sum(Gate()(x, mask) * 2).backward()
    np.testing.assert_array_equal(x.grad.data, 2 * mask)
    whole = Variable(np.array([1, 2]))
    Square()(whole).backward()
    assert whole.grad.data.tolist() == [2, 4]
    assert Square()(np.ones(2)).data.tolist() == [1, 1]  # arrays become Variables


def test_a_discarded_output_is_no_error():
    a = Variable(A)
    product = SumAndProduct()(a, B)[1]
    F.sum(product).backward()
    np.testing.assert_allclose(a.grad.data, B)


def test_functions_without_formulas_say_so():
    with pytest.raises(NotImplementedError, match="define forward"):
        dezero.Function()(Variable(A))


def test_several_outputs_of_integers_have_gradients():
    a = Variable(np.array([1, 2]))
    total, product = SumAndProduct()(a, np.array([3, 4]))
    (total * 2 + product).backward()
    assert a.grad.data.tolist() == [5, 6]


def test_a_gradient_keeps_the_dtype_in_which_it_is_computed():
    x = Variable(np.ones(2, np.float32))
    F.sum(x * np.ones(2)).backward()
    assert (x.dtype, x.grad.dtype) == (np.float32, np.float64)


def test_a_variable_of_the_house_gets_the_gradient():
    x = autograd.Variable(A)
    y = F.sum(F.tanh(x) * 2)
    assert type(y) is Variable
    y.backward()
    np.testing.assert_allclose(x.grad.data, 2 / np.cosh(A) ** 2)
