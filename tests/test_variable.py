"""A Variable looks like its array: operators on either side, conversions, comparisons, and what it refuses."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from autograd import Variable, as_variable, grad, no_grad
from autograd.algebra import as_array

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
drawn = settings(deadline=None, derandomize=True, max_examples=60)


def assert_equal(x, expected):
    np.testing.assert_allclose(as_array(x), np.asarray(expected), rtol=1e-12)
    assert x.shape == np.shape(expected)


# What it is made of


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (1.5, "float64", ()),
        (2, "int64", ()),
        (True, "bool", ()),
        ([1.0, 2.0], "float64", (2,)),
        ([[1, 2]], "int64", (1, 2)),
    ],
)
def test_numbers_and_lists_become_arrays(data, dtype, shape):
    x = Variable(data)
    assert (x.dtype, x.shape, x.ndim, x.size) == (np.dtype(dtype), shape, len(shape), math.prod(shape))
    assert type(x.data) is type(np.zeros(1))


def test_an_array_is_held_and_not_copied():
    a = np.ones(3)
    assert Variable(a).data is a


@pytest.mark.parametrize("data", ["text", [None], object(), b"bytes", {}])
def test_what_is_no_number_is_refused(data):
    with pytest.raises(TypeError, match="a Variable holds numbers"):
        Variable(data)


def test_a_variable_of_a_variable_is_refused():
    with pytest.raises(TypeError, match="detach"):
        Variable(Variable(1.0))


def test_data_takes_arrays_only():
    x = Variable(np.ones(2))
    x.data = np.zeros(2)
    assert_equal(x, [0, 0])
    for data in ([1.0], Variable(1.0), 3.0):
        with pytest.raises(TypeError, match="data must be an array"):
            x.data = data


@pytest.mark.parametrize("data", [np.ones(3), np.ones((), np.float32), np.ones((2, 1), np.float32)])
def test_data_of_another_kind_has_another_place_in_the_graph(data):
    """What is computed with it gets its gradients in its shape and dtype, not in those of before."""
    x = Variable(2.0)
    x * 1
    x.data = data
    (x * 3).backward()
    assert (x.grad.shape, x.grad.dtype) == (data.shape, data.dtype)
    assert_equal(x.grad, np.full(data.shape, 3))


@pytest.mark.parametrize("shape, axis", [((0, 3), None), ((0, 3), 0), ((2, 0), -1), ((0,), (0,))])
def test_mean_and_max_of_nothing(shape, axis):
    x = Variable(np.ones(shape))
    for name in ("mean", "max"):
        with pytest.raises(ValueError, match=f"{name} of no elements: shape "):
            getattr(x, name)(axis)
    with pytest.raises(ValueError, match="of no elements"):
        x.min(axis)
    assert x.sum(axis).shape == x.data.sum(axis).shape


def test_the_mean_of_float16_does_not_overflow():
    x = Variable(np.ones(70000, np.float16))
    y = x.mean()
    assert (y.dtype, float(y)) == (np.float16, 1)
    y.backward()
    assert x.grad.dtype == np.float16
    assert (x.grad.data == np.float16(1 / 70000)).all()


def test_as_variable():
    x = Variable(np.ones(2))
    assert as_variable(x) is x
    assert_equal(as_variable([1.0, 2.0]), [1, 2])
    assert as_variable(3.0, "y").name == "y"


# Operators


@pytest.mark.parametrize("op", OPERATORS)
def test_numbers_and_arrays_on_either_side(op):
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 3.0])
    for left, right in [(a, b), (b, a), (a, 3.0), (3.0, a), (a, 2), (2, a), (a, np.float64(3)), (np.float64(3), a)]:
        expected = op(left, right)
        is_array = [not isinstance(x, (int, float)) for x in (left, right)]
        if is_array[0]:
            y = op(Variable(left), right)
            assert isinstance(y, Variable)
            assert_equal(y, expected)
        if is_array[1]:
            y = op(left, Variable(right))
            assert isinstance(y, Variable)
            assert_equal(y, expected)
        if all(is_array):
            assert_equal(op(Variable(left), Variable(right)), expected)


def test_matmul_on_either_side():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for y in (Variable(a) @ Variable(b), Variable(a) @ b, a @ Variable(b)):
        assert isinstance(y, Variable)
        assert_equal(y, a @ b)


def test_unary_operators():
    x = Variable(np.array([-1.5, 0.0, 2.0]))
    assert_equal(-x, [1.5, 0, -2])
    assert +x is x
    y = abs(x)
    y.backward()
    assert_equal(y, [1.5, 0, 2])
    assert_equal(x.grad, [-1, 0, 1])


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("number", [2, 2.5, True])
def test_numbers_are_weak(op, number):
    """float32 and float16 stay what they are beside Python's numbers, in the gradient too."""
    for dtype in (np.float32, np.float16):
        for f in (lambda x: op(x, number), lambda x: op(number, x)):
            x = Variable(np.array([1.0, 2.0], dtype))
            y = f(x)
            y.sum().backward()
            assert y.dtype == x.grad.dtype == dtype
            x = Variable(np.array(2.0, dtype))  # 0-d as well
            y = f(x)
            y.backward()
            assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_give_plain_arrays(op):
    a, b = np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])
    for y in (op(Variable(a), Variable(b)), op(Variable(a), b)):
        assert type(y) is type(a)
        assert y.dtype == np.bool_
        assert y.tolist() == op(a, b).tolist()
    assert op(Variable(a), 2).tolist() == op(a, 2).tolist()
    assert op(a, Variable(b)).tolist() == op(a, b).tolist()
    assert op(2, Variable(b)).tolist() == op(2, b).tolist()


def test_a_variable_can_be_in_sets_and_keys():
    x, y = Variable(1.0), Variable(1.0)
    assert len({x, y, x}) == 2
    assert {x: 1}[x] == 1


def test_in_place_operators_make_a_new_variable():
    x = Variable(np.ones(2))
    y = x
    y += 1
    y *= 3
    y.sum().backward()
    assert_equal(x, [1, 1])
    assert_equal(x.grad, [3, 3])


# Like an array


def test_conversions():
    x = Variable(2.5)
    assert (float(x), int(x), bool(x), x.item()) == (2.5, 2, True, 2.5)
    assert isinstance(x.item(), float)
    assert len(Variable(np.zeros((3, 2)))) == 3
    with pytest.raises(TypeError):
        len(x)
    with pytest.raises(ValueError, match="the truth of a Variable needs one element"):
        bool(Variable(np.ones(2)))


def test_iteration_goes_over_the_first_axis_and_ends():
    x = Variable(np.arange(6.0).reshape(3, 2))
    rows = list(x)
    assert [row.shape for row in rows] == [(2,)] * 3
    (rows[0] * 2 + rows[2]).sum().backward()
    assert_equal(x.grad, [[2, 2], [0, 0], [1, 1]])
    _, middle, _ = x
    assert_equal(middle, [2, 3])
    with pytest.raises(TypeError):
        iter(Variable(1.0)).__next__()


def test_repr():
    assert repr(Variable(np.array([1.0, 2.0]))) == "Variable([1., 2.])"
    assert repr(Variable(np.array([1.0]), name="w")) == "Variable([1.], name='w')"
    assert repr(Variable(2.5)) == "Variable(2.5)"
    assert repr(Variable(np.ones(1, np.float32))) == "Variable([1.], dtype=float32)"
    assert repr(Variable(np.eye(2))).splitlines() == ["Variable([[1., 0.],", "          [0., 1.]])"]
    assert repr(Variable(np.zeros((0, 3)))).startswith("Variable([], shape=(0, 3)")
    assert repr(Variable(2.0) * 3) == "Variable(6.)"


def test_shapes_and_methods():
    a = np.arange(24.0).reshape(2, 3, 4)
    x = Variable(a)
    assert_equal(x.T, a.T)
    assert_equal(x.reshape(6, 4), a.reshape(6, 4))
    assert_equal(x.reshape((4, -1)), a.reshape(4, 6))
    assert_equal(x.reshape([4, 6]), a.reshape(4, 6))
    assert_equal(x.reshape(-1), a.reshape(-1))
    assert_equal(x.transpose(), a.T)
    assert_equal(x.transpose(1, 0, 2), a.transpose(1, 0, 2))
    assert_equal(x.transpose((-1, 0, 1)), a.transpose(2, 0, 1))
    assert_equal(x.transpose([1, 2, 0]), a.transpose(1, 2, 0))
    assert_equal(x.swapaxes(-1, 0), a.swapaxes(-1, 0))
    with pytest.raises(ValueError, match="axis 5 does not fit"):
        x.swapaxes(0, 5)
    for axis in (None, 0, -1, (0, 2)):
        for keepdims in (False, True):
            for name in ("sum", "mean", "max", "min"):
                expected = getattr(a, name)(axis=axis, keepdims=keepdims)
                assert_equal(getattr(x, name)(axis=axis, keepdims=keepdims), expected)
    assert_equal(Variable(2.0).T, 2.0)


def test_of_equal_maxima_the_first_receives_the_gradient():
    x = Variable(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]))
    assert_equal(grad(x.max(axis=1), x), [[0, 1, 0], [1, 0, 0]])
    assert_equal(grad(x.min(axis=-1), x), [[1, 0, 0], [1, 0, 0]])


@pytest.mark.standin_exempt("an array that is not NumPy's refuses to be converted without being asked")
def test_numpy_reads_it():
    x = Variable(np.array([1.0, 2.0]))
    assert np.asarray(x).tolist() == [1, 2]
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert np.asarray(x) is x.data or np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x, copy=True), x.data)
    with no_grad():
        assert np.asarray(Variable(2.0) * 3).shape == ()
    with pytest.raises(ValueError, match="copy"):
        np.array(x, dtype=np.float32, copy=False)


def test_detach_shares_the_data_and_has_no_graph():
    x = Variable(np.ones(2), name="x")
    y = (x * 2).detach()
    assert y.creator is None
    z = x.detach()
    assert z.data is x.data
    assert z.name == "x"


def test_creator_and_name():
    x = Variable(1.0, name="x")
    y = x * 2
    assert x.creator is None
    assert type(y.creator).__name__ == "Mul"
    assert (x.name, y.name) == ("x", None)


# astype and to


def test_astype_returns_the_gradient_in_the_dtype_of_the_input():
    x = Variable(np.array([1.0, 2.0], np.float32))
    assert x.astype(np.float32) is x
    y = (x.astype(np.float64) ** 2).sum()
    assert y.dtype == np.float64
    gx = grad(y, x, create_graph=True)
    assert gx.dtype == np.float32
    assert_equal(gx, [2, 4])
    assert_equal(grad(gx.astype("float64").sum(), x), [2, 2])
    assert x.astype(np.float16).dtype == np.float16


def test_astype_to_integers_leaves_the_graph():
    x = Variable(np.array([1.5, 2.5]))
    y = x.astype(int)
    assert_equal(y, [1, 2])
    with pytest.raises(RuntimeError, match="no graph"):
        y.sum().backward()
    z = (x * y).sum()
    z.backward()
    assert_equal(x.grad, [1, 2])


@pytest.mark.standin_exempt("what lies on the CPU")
def test_to_the_device_where_it_is():
    x = Variable(np.ones(2))
    assert x.to("cpu") is x
    with pytest.raises(ValueError, match="one of 'cpu', 'gpu', not 'tpu'"):
        x.to("tpu")


# Pickling and copying


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_are_copied_and_pickled(copied):
    x = Variable(np.array([1.0, 2.0]), name="x")
    (x * x).sum().backward()
    y = copied(x)
    assert type(y) is Variable
    assert y.name == "x"
    assert_equal(y, [1, 2])
    assert_equal(y.grad, [2, 4])
    assert y.creator is None
    y.cleargrad()
    (y * 3).sum().backward()  # a leaf of its own: the original hears nothing
    assert_equal(y.grad, [3, 3])
    assert_equal(x.grad, [2, 4])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_has_its_own_array(copied):
    x = Variable(np.array([1.0, 2.0]))
    y = copied(x)
    y.data[0] = 9.0
    assert_equal(x, [1, 2])


# Integers


def test_integers_are_constants():
    n, x = Variable(np.array([1, 2, 3])), Variable(np.array([0.5, 1.5, 2.5]))
    (n * x).sum().backward()
    assert n.grad is None
    assert_equal(x.grad, [1, 2, 3])
    assert (n + n).dtype == n.dtype
    assert_equal(x[Variable(np.array([2, 2]))], [2.5, 2.5])


def test_a_gradient_of_integers_is_an_error():
    n = Variable(np.array([1, 2, 3]))
    with pytest.raises(RuntimeError, match="it is of int64, without a derivative: make it of floating-point numbers"):
        (n * 2).sum().backward()
    with pytest.raises(TypeError, match="floating-point Variables, not int64"):
        grad(Variable(1.0) * 2, n)


# Drawn by hypothesis


@given(st.data())
@drawn
def test_gradients_of_broadcasting_are_sums(data):
    """Against arrays that are broadcast by hand: the gradient of each operand is the sum over its copies."""
    shapes = data.draw(nst.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3)).input_shapes
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    a, b = (rng.uniform(0.5, 2.0, shape) for shape in shapes)
    full = np.broadcast_shapes(*shapes)
    for op, da, db in [
        (operator.add, lambda a, b: 1 + 0 * a * b, lambda a, b: 1 + 0 * a * b),
        (operator.mul, lambda a, b: b + 0 * a, lambda a, b: a + 0 * b),
        (operator.truediv, lambda a, b: 1 / b + 0 * a, lambda a, b: -a / b**2),
    ]:
        x, y = Variable(a), Variable(b)
        z = op(x, y)
        assert z.shape == full
        v = rng.standard_normal(full)
        gx, gy = grad(z, [x, y], v)
        for g, d, shape in ((gx, v * da(a, b), shapes[0]), (gy, v * db(a, b), shapes[1])):
            assert g.shape == shape
            lead = len(full) - len(shape)
            summed = d.sum(axis=tuple(i for i in range(len(full)) if i < lead or shape[i - lead] == 1), keepdims=True)
            np.testing.assert_allclose(g.data, summed.reshape(shape), rtol=1e-10, atol=1e-12)


@given(st.data())
@drawn
def test_gradients_of_indexing_count_each_element(data):
    """With a seed v, element e of x receives the sum of the v whose place in the result shows e."""
    shape = data.draw(nst.array_shapes(min_dims=1, max_dims=3, max_side=4))
    index = data.draw(
        st.one_of(
            nst.basic_indices(shape, allow_newaxis=True),
            nst.integer_array_indices(shape, result_shape=nst.array_shapes(max_dims=2, max_side=3)),
            nst.arrays(bool, shape),
        )
    )
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(part) if hasattr(part, "dtype") else part for part in parts)
    a = np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)
    x = Variable(a)
    y = x[index]
    assert_equal(y, a[index])
    v = np.asarray(np.random.default_rng(0).standard_normal(y.shape))
    expected = [0.0] * a.size
    for number, weight in zip(a[index].ravel().tolist(), v.ravel().tolist()):
        expected[int(number) - 1] += weight
    gx = grad(y, x, v, create_graph=True)
    np.testing.assert_allclose(gx.data, np.array(expected).reshape(shape), rtol=1e-12, atol=1e-12)
    w = Variable(v)  # linear, so the derivative in the seed is the index again
    gw = grad(grad(x[index], x, w, create_graph=True), w, a)
    np.testing.assert_allclose(gw.data, a[index], rtol=1e-12)


def test_under_no_grad_nothing_is_recorded():
    x = Variable(np.ones(2))
    with no_grad():
        y = x * 2
    assert isinstance(y, Variable)
    assert y.creator is None
