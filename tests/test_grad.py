"""grad and backward: their results at every order, and that these are values."""

import numpy as np
import pytest

from autograd import Function, Variable, enable_grad, grad, no_grad
from autograd.algebra import as_array


def assert_equal(x, expected, rtol=1e-12):
    np.testing.assert_allclose(as_array(x), np.asarray(expected), rtol=rtol, atol=1e-12)
    assert x.shape == np.shape(expected)


class Spy(Function):
    """The identity that counts the calls of its backward."""

    def __init__(self):
        self.calls = 0

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        self.calls += 1
        return gy


# grad


def test_grad_has_the_form_of_its_inputs():
    x, y = Variable(2.0), Variable(3.0)
    z = x * x * y
    assert_equal(grad(z, x), 12)
    gx, gy = grad(z, (x, y))
    assert_equal(gx, 12)
    assert_equal(gy, 4)
    assert isinstance(grad(z, [x]), list)
    assert x.grad is None
    assert y.grad is None


def test_grad_of_several_outputs_adds_their_contributions():
    x = Variable(np.array([1.0, 2.0]))
    y, z = x * 2, x * x
    assert_equal(grad([y, z], x), [4, 6])
    assert_equal(grad([y, z], x, [np.array([1.0, 0.0]), None]), [4, 4])
    assert_equal(grad([y, y], x, [np.array([1.0, 0.0]), np.array([0.5, 2.0])]), [3, 4])
    assert_equal(grad((y, z), [x], (None, Variable(np.array([1.0, -1.0]))))[0], [4, -2])


def test_grad_outputs_of_a_single_output():
    x = Variable(np.array([1.0, 2.0]))
    v = np.array([3.0, -1.0])
    assert_equal(grad(x**3, x, v), [9, -12])
    assert_equal(grad(x**3, x, grad_outputs=Variable(v)), [9, -12])
    assert v.tolist() == [3, -1]


def test_a_seed_can_be_differentiated():
    x, v = Variable(np.array([1.0, 2.0])), Variable(np.array([3.0, -1.0]))
    gx = grad(x**3, x, v, create_graph=True)
    assert_equal(grad(gx, v), [3, 12])


def test_forward_over_reverse_by_a_second_seed():
    """A product of the Jacobian with a vector, from two backward passes."""
    x, u = Variable(np.array([1.0, 2.0])), Variable(np.zeros(2))
    vjp = grad(x * x[::-1], x, u, create_graph=True)
    assert_equal(grad(vjp, u, np.array([1.0, 10.0])), [12, 12])


def test_grad_of_an_intermediate_variable():
    x = Variable(2.0)
    y = x * x
    z = y * y * x
    gx, gy = grad(z, [x, y])
    assert_equal(gy, 2 * 4 * 2)
    assert_equal(gx, 5 * 16)  # through y as well
    assert_equal(grad(z, z), 1)


def test_an_input_without_influence_has_the_gradient_zero():
    x, y = Variable(np.ones((2, 3), np.float32)), Variable(1.0)
    gx = grad(y * 2, x)
    assert_equal(gx, np.zeros((2, 3)))
    assert gx.dtype == np.float32
    with np.errstate(invalid="ignore"):
        assert_equal(grad(y * 2, Variable(np.array([np.inf, np.nan]))), [0, 0])
    gx = grad(y * 2, x, create_graph=True)
    assert_equal(grad(gx.sum(), x), np.zeros((2, 3)))


def test_grad_walks_only_the_graph_between_outputs_and_inputs():
    below, between, beside, above = Spy(), Spy(), Spy(), Spy()
    x, other = Variable(2.0), Variable(3.0)
    a = below(x * 1)
    b = between(a * 2)
    c = beside(other * 2)
    d = above(b * c)
    assert_equal(grad(b * c, a), 2 * 6)
    assert [s.calls for s in (below, between, beside, above)] == [0, 1, 0, 0]
    ga, gother = grad(d, [a, other])
    assert_equal(ga, 12)
    assert_equal(gother, 8)
    assert [s.calls for s in (below, between, beside, above)] == [0, 2, 1, 1]
    assert all(v.grad is None for v in (x, other, a, b, c, d))


def test_grad_refuses_what_it_cannot_do():
    x, n = Variable(2.0), Variable(2)
    y = x * 2
    for outputs, inputs in ((y, n), (n, x), (y, 2.0), (3.0, x), (y, [x, None])):
        with pytest.raises(TypeError, match="grad takes floating-point Variables"):
            grad(outputs, inputs)
    assert_equal(grad(Variable(1.0), x), 0)  # a leaf is in the graph, and x has no influence on it
    with no_grad():
        z = x * 2
    with pytest.raises(RuntimeError, match="under no_grad"):
        grad(z, x)
    with pytest.raises(ValueError, match=r"shapes of the outputs, \[\(\)\]"):
        grad(y, x, np.ones(2))
    with pytest.raises(ValueError, match="grad_outputs"):
        grad([y, y], x, [1.0])


# Orders


def test_third_derivative_of_a_power():
    x = Variable(np.array([1.0, 2.0]))
    y = x**4
    for expected in ([4, 32], [12, 48], [24, 48], [24, 24], [0, 0]):
        y = grad(y, x, create_graph=True)
        assert_equal(y, expected)


def test_data_replaced_between_forward_and_backward():
    """A function differentiates at what it saw, in both ways of walking back."""
    x = Variable(2.0)
    y = x * x * x
    x.data = np.array(5.0)
    assert_equal(grad(y, x), 12)
    gx = grad(y, x, create_graph=True)
    assert_equal(gx, 12)
    assert_equal(grad(gx, x), 12)


def test_unchain_backward_cuts_every_level():
    a = Variable(np.ones(2)) * 2
    b = a * a
    c = b * b
    y = c * a
    y.unchain_backward()
    assert [v.creator for v in (a, b, c)] == [None] * 3
    assert y.creator is not None


def test_powers_at_zero():
    """x^p has no infinities where the derivative is 0: in x for p = 0, in p for x = 0."""
    x, p = Variable(np.array([0.0, 0.0, 2.0])), Variable(np.array([2.0, 3.0, 0.0]))
    gx, gp = grad(x**p, [x, p])
    assert_equal(gx, [0, 0, 0])
    assert_equal(gp, [0, 0, 0.6931471805599453])
    for n in (0, 1, 2, 3):
        z = Variable(0.0)
        y = z**n
        for k in range(1, 4):
            y = grad(y, z, create_graph=True)
            assert_equal(y, [0, 1, 2, 6][n] if k == n else 0)


def test_gradient_penalty():
    """A gradient inside a loss, as in double backpropagation: d/dx of (2x)^2 + x^2 is 10x."""
    x = Variable(2.0)
    y = x**2
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    z = gx**2 + y
    z.backward()
    assert_equal(x.grad, 8 * 2 + 2 * 2)


def test_a_gradient_without_create_graph_has_none():
    x = Variable(2.0)
    gx = grad(x**3, x)
    assert gx.creator is None
    with pytest.raises(RuntimeError, match="create_graph=True"):
        grad(gx, x)


def test_create_graph_records_inside_no_grad_and_no_graph_is_left_without_it():
    x = Variable(2.0)
    y = x**3
    with no_grad():
        gx = grad(y, x, create_graph=True)
    assert_equal(grad(gx, x), 12)


# Gradients are values


def test_gradients_never_share_arrays():
    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    (a + b).backward()
    assert a.grad.data is not b.grad.data
    a.grad.data *= 5
    assert_equal(b.grad, [1, 1])
    for f in (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a.reshape(2, 1) + b.T,
        lambda a, b: (a + b) + (a + b),
    ):
        ga, gb = grad(f(a, b).sum(), [a, b])
        expected = gb.data.tolist()
        ga.data += 7
        assert gb.data.tolist() == expected


def test_a_seed_is_not_a_gradient():
    x, v = Variable(np.ones(2)), np.array([1.0, 2.0])
    gx = grad(x + 0, x, v)
    gx.data *= 0
    assert v.tolist() == [1, 2]
    gy = grad(x * 1, x, Variable(v))
    gy.data *= 0
    assert v.tolist() == [1, 2]


def test_retained_gradients_do_not_share_either():
    x = Variable(np.ones(2))
    y = x + 0
    z = y + 0
    z.backward(retain_grad=True)
    for v in (z, y, x):
        v.grad.data += 1
        assert_equal(v.grad, [2, 2])


def test_views_of_a_gradient_are_copied():
    x = Variable(np.arange(4.0))
    y = x.reshape(2, 2)
    y.backward(retain_grad=True)
    x.grad.data[0] = 9
    assert_equal(y.grad, np.ones((2, 2)))
    s = Variable(np.ones(3))
    s.sum().backward()
    s.grad.data[0] = 5  # writable, though the derivative of a sum is a broadcast
    assert_equal(s.grad, [5, 1, 1])


def test_the_same_input_twice():
    x = Variable(3.0)
    assert_equal(grad(x * x, x), 6)
    assert_equal(grad(x + x, x), 2)
    gx, same = grad(x * x, [x, x])
    assert_equal(gx, 6)
    assert_equal(same, 6)
    gx.data[...] = 0
    assert_equal(same, 6)


def test_enable_grad_inside_no_grad():
    x = Variable(2.0)
    with no_grad():
        with enable_grad():
            y = x * x
        z = x * x
    assert y.creator is not None
    assert z.creator is None


def test_no_grad_decorates():
    @no_grad()
    def f(x):
        return x * x

    assert f(Variable(2.0)).creator is None
    assert (Variable(2.0) * 2).creator is not None


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (Variable(2.0) * 2).creator is not None
