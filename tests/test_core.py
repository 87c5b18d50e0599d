"""Function and grad: what a user's own function may do, and what the gradients are worth."""

import numpy as np
import pytest

from autograd import Function, Variable, as_variable, enable_grad, grad, no_grad
from autograd.core import as_array
from autograd.testing import check_gradients


def assert_equal(x, expected, rtol=1e-12):
    np.testing.assert_allclose(as_array(x), np.asarray(expected), rtol=rtol, atol=1e-12)
    assert x.shape == np.shape(expected)


class MatMul(Function):
    """The one of the lecture note, to the letter."""

    def forward(self, x, W):
        y = x.dot(W)
        return y

    def backward(self, gy):
        x, W = self.inputs
        gx = gy @ W.T
        gW = x.T @ gy
        return gx, gW


class Exp(Function):
    def forward(self, x):
        return 2.718281828459045**x

    def backward(self, gy):
        return gy * self.outputs[0]


class Halves(Function):
    """Two outputs, one of which is the other's square."""

    def forward(self, x):
        return x / 2, x * x / 4

    def backward(self, gy0, gy1):
        (x,) = self.inputs
        return gy0 / 2 + gy1 * x / 2


class Spy(Function):
    """The identity that counts the calls of its backward."""

    def __init__(self):
        self.calls = 0

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        self.calls += 1
        return gy


# A user's own function


def test_the_notes_function_works_as_it_stands_at_any_order():
    rng = np.random.default_rng(0)
    x, W = Variable(rng.standard_normal((2, 3))), Variable(rng.standard_normal((3, 4)))
    y = MatMul()(x, W)
    y.backward()
    assert_equal(x.grad, np.ones((2, 4)) @ W.data.T)
    assert_equal(W.grad, x.data.T @ np.ones((2, 4)))
    check_gradients(lambda x, W: MatMul()(x, W), x.data, W.data)
    check_gradients(lambda x, W: MatMul()(MatMul()(x, W), W.T) ** 3, x.data, W.data)


def test_outputs_can_be_named_at_any_order():
    check_gradients(lambda x: Exp()(x), np.array([0.5, -1.0]), order=4)


def test_a_function_called_on_arrays_is_its_forward():
    a = np.array([1.0, 2.0])
    y = Exp()(a)
    assert type(y) is type(a)
    assert_equal(y, [2.718281828459045, 7.38905609893065])


def test_inputs_and_outputs_are_arrays_in_first_order_and_variables_in_second():
    seen = []

    class Square(Function):
        def forward(self, x):
            seen.append(x)
            return x * x

        def backward(self, gy):
            (x,), (y,) = self.inputs, self.outputs
            seen.append((x, y, gy))
            return 2 * gy * x

    x = Variable(np.array([1.0, 2.0]))
    y = Square()(x)
    grad(y, x)
    assert all(type(a) is type(x.data) for a in (seen[0], *seen[1]))
    grad(y, x, create_graph=True)
    assert all(isinstance(a, Variable) for a in seen[2])
    assert seen[2][0] is x
    assert seen[2][1] is y


def test_what_backward_does_not_name_is_not_kept():
    class Quiet(Function):
        def forward(self, x):
            return x + 1

        def backward(self, gy):
            return self.peek(gy)

        def peek(self, gy):
            return gy * self.inputs[0]

    class Loud(Quiet):
        keeps_inputs = True

        def backward(self, gy):
            return self.peek(gy)

    class LoudAbout(Quiet):
        def backward(self, gy):
            return gy * self.outputs[0]

    x = Variable(np.array([3.0]))
    with pytest.raises(RuntimeError, match="keeps_inputs = True"):
        Quiet()(x).backward()
    Loud()(x).backward()
    assert_equal(x.grad, [3])
    assert (Quiet.keeps_inputs, Loud.keeps_inputs, LoudAbout.keeps_inputs) == (False, True, False)
    assert (Quiet.keeps_outputs, LoudAbout.keeps_outputs) == (False, True)


def test_parents_say_which_gradients_are_wanted():
    wanted = []

    class Times(Function):
        def forward(self, x, y):
            return x * y

        def backward(self, gy):
            wanted.append([node is not None for node in self.parents])
            x, y = self.inputs
            return gy * y, gy * x

    x, a = Variable(np.ones(2)), np.ones(2)
    for left, right in ((x, x), (x, a), (a, x), (x, 2.0)):
        Times()(left, right).backward()
    Times()(x, Variable(np.array([1, 2]))).backward()  # integers are constants
    assert wanted == [[True, True], [True, False], [False, True], [True, False], [True, False]]


def test_no_gradient_is_computed_for_a_constant():
    x, a = Variable(np.ones((2, 2))), np.ones((2, 2))
    for y, constant in ((x * a, 1), (a * x, 0), (x @ a, 1), (a @ x, 0), (x - a, 1), (x / a, 1), (x**a, 1), (a**x, 0)):
        assert y.creator.backward(a)[constant] is None
        assert y.creator.backward(a)[1 - constant].shape == (2, 2)


def test_none_is_zero_and_constants_may_get_anything():
    class First(Function):
        def forward(self, x, y):
            return x + 0 * y

        def backward(self, gy):
            return gy, None

    x, y = Variable(np.ones(2)), Variable(np.ones(2))
    First()(x, y).backward()
    assert_equal(x.grad, [1, 1])
    assert y.grad is None
    assert_equal(grad(First()(x, y), y), [0, 0])
    First()(x, np.ones(2)).backward()


def test_the_engine_sums_and_casts_gradients():
    class Plain(Function):
        """An addition that knows nothing of broadcasting."""

        def forward(self, x, y):
            return x + y

        def backward(self, gy):
            return gy, gy

    x, y = Variable(np.ones((2, 3))), Variable(np.ones(3, np.float32))
    Plain()(x, y).backward()
    assert_equal(x.grad, np.ones((2, 3)))
    assert_equal(y.grad, [2, 2, 2])
    assert y.grad.dtype == np.float32


def test_zero_dimensional_arrays_and_numbers_come_back_as_variables():
    class Total(Function):
        def forward(self, x):
            return x.sum()

        def backward(self, gy):
            (x,) = self.inputs
            return gy * (x * 0 + 1)

    x = Variable(np.ones(3))
    y = Total()(x)
    assert type(y.data) is type(x.data)
    assert y.shape == ()
    y.backward()
    assert_equal(x.grad, [1, 1, 1])

    class Count(Function):
        def forward(self, x):
            return len(x)

    assert_equal(Count()(x), 3)


# Errors


def test_a_missing_forward_or_backward_says_so():
    class Nothing(Function):
        pass

    class Forward(Function):
        def forward(self, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="Nothing has no forward, or no derivative: define both"):
        Nothing()(Variable(1.0))
    with pytest.raises(NotImplementedError, match="Forward has no forward, or no derivative: define both"):
        Forward()(Variable(1.0)).backward()


def test_a_wrong_number_of_gradients_is_an_error():
    class Add(Function):
        def forward(self, x, y):
            return x + y

        def backward(self, gy):
            return gy

    with pytest.raises(ValueError, match=r"Add.backward: 1 gradients for 2 inputs"):
        Add()(Variable(1.0), Variable(2.0)).backward()


@pytest.mark.parametrize("gradient", [np.ones(5), np.ones((3, 1)), 1.0, "text"])
def test_a_gradient_of_a_wrong_shape_is_an_error(gradient):
    class Wrong(Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            return gradient

    with pytest.raises(ValueError, match=r"Wrong.backward: gradient .* for an input of shape \(3,\)"):
        Wrong()(Variable(np.ones(3))).backward()


def test_an_error_in_forward_says_where_and_on_what():
    with pytest.raises(ValueError, match="could not be broadcast") as caught:
        Variable(np.ones(2)) * Variable(np.ones(3))
    assert caught.value.__notes__ == ["in Mul(float64 (2,), float64 (3,))"]


def test_backward_without_a_graph_says_what_to_do():
    x = Variable(np.ones(2))
    with no_grad():
        y = x * 2
    cut = x * 2
    cut.unchain()
    for leaf in (x, y, cut, x.detach(), as_variable(3.0)):
        with pytest.raises(RuntimeError, match=r"has no graph.*Compute it from a floating-point Variable"):
            leaf.backward()


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


# Several outputs


def test_several_outputs():
    x = Variable(np.array([2.0, 4.0]))
    y, z = Halves()(x)
    assert_equal(y, [1, 2])
    assert_equal(z, [1, 4])
    (3 * y + z).backward()
    assert_equal(x.grad, [1.5 + 1, 1.5 + 2])
    check_gradients(lambda x: Halves()(x), x.data)
    check_gradients(lambda x: Halves()(x)[1] ** 2, x.data)


@pytest.mark.parametrize("kept", [0, 1])
def test_an_unused_or_dropped_output_counts_as_zero(kept):
    expected = [[0.5, 0.5], [1.0, 2.0]][kept]
    x = Variable(np.array([2.0, 4.0]))
    outputs = Halves()(x)  # both alive
    assert_equal(grad(outputs[kept], x), expected)
    only = Halves()(x)[kept]  # the other is gone
    assert_equal(grad(only, x), expected)
    assert_equal(grad(grad(only * only, x, create_graph=True).sum(), x), [[0.5, 0.5], [3.0, 12.0]][kept])
    used = Halves()(x)
    loss = used[kept] * 1  # used, and then dropped
    (used[1 - kept] * 2).sum()
    del used
    assert_equal(grad(loss, x), expected)


def test_a_function_of_several_outputs_is_walked_once():
    calls = []

    class Pair(Function):
        def forward(self, x):
            return x * 2, x * 3

        def backward(self, gy, gz):
            calls.append((float(gy), float(gz)))
            return 2 * gy + 3 * gz

    x = Variable(1.0)
    y, z = Pair()(x)
    deep = y
    for _ in range(5):
        deep = deep * 2
    (deep + z + y).backward()
    assert calls == [(33, 1)]
    assert_equal(x.grad, 69)


def test_an_integer_output_beside_a_floating_one():
    class WithArgmax(Function):
        def forward(self, x):
            return x * 2, x.argmax()

        def backward(self, gy, _):
            return gy * 2

    x = Variable(np.array([1.0, 3.0, 2.0]))
    y, n = WithArgmax()(x)
    assert n.item() == 1
    assert n.creator is None
    y.backward()
    assert_equal(x.grad, [2, 2, 2])


def test_no_outputs_at_all():
    class Drop(Function):
        def forward(self, x):
            return ()

    assert Drop()(Variable(1.0)) == ()


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


# What beginners do


class Square(Function):
    def forward(self, x):
        return x * x

    def backward(self, gy):
        (x,) = self.inputs
        return 2 * x * gy


def test_a_function_is_called_once():
    square = Square()
    square(np.ones(2)), square(np.ones(2))  # on arrays it keeps nothing
    y = square(Variable(2.0))
    with pytest.raises(RuntimeError, match="this Square was called before: make a new one for every call"):
        square(Variable(3.0))
    with pytest.raises(RuntimeError, match="was called before"):
        square(np.ones(2))  # it would overwrite what the graph needs
    assert_equal(grad(y, y), 1)


@pytest.mark.parametrize("sequence", [[1.0, 2.0], (1.0, 2.0)])
def test_lists_beside_a_0d_variable_are_arrays_not_repetitions(sequence):
    for x in (Variable(2), Variable(2.0)):
        assert_equal(x * sequence, [2, 4])
        assert_equal(sequence * x, [2, 4])
        assert_equal(sequence - x, [-1, 0])
    with pytest.raises(TypeError, match="a Variable holds numbers"):
        Variable(3) * "ab"


def test_complex_numbers_are_refused():
    for data in (1j, [1 + 2j], np.array([1j])):
        with pytest.raises(TypeError, match="holds numbers, real ones, not complex128"):
            Variable(data)


def test_a_forward_without_return_is_a_clear_error():
    class Forgetful(Function):
        def forward(self, x):
            x + 1

    with pytest.raises(TypeError, match="holds numbers, real ones, not object: None"):
        Forgetful()(Variable(1.0))


def test_a_gradient_that_is_a_view_still_receives_gradients():
    x = Variable(np.array([1.0, 2.0]))
    g = grad(x.sum(), x, create_graph=True)
    (g**2).sum().backward(retain_grad=True)
    assert_equal(g.grad, [2, 2])


def test_seeds_take_the_dtype_of_their_output():
    x = Variable(np.ones(2, np.float32))
    assert grad(x, x, grad_outputs=np.ones(2)).dtype == np.float32
    y = Variable(2.0)
    assert_equal(grad(y * y, y, grad_outputs=3), 12)


def test_backward_may_return_a_list_and_call_super():
    class Both(Function):
        def forward(self, x0, x1):
            return x0 + 2 * x1

        def backward(self, gy):
            return [gy, 2 * gy]

    class Scaled(Square):
        def backward(self, gy):
            return 3 * super().backward(gy)

    a, b = Variable(1.0), Variable(2.0)
    Both()(a, b).backward()
    assert_equal(a.grad, 1)
    assert_equal(b.grad, 2)
    assert_equal(grad(Scaled()(b), b), 12)
