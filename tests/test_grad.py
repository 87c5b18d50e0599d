"""grad and backward: their results at every order, and that these are values."""

import itertools

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


# Seeds

S = [1.0, 10.0]
SEEDS = {
    "gradient": lambda y: y.backward(gradient=np.array(S)),
    "first": lambda y: y.backward(np.array(S)),
    "list": lambda y: y.backward(S),
    "Variable": lambda y: y.backward(Variable(S)),
    "integers": lambda y: y.backward(np.array([1, 10])),
    "list of Variables": lambda y: y.backward([Variable(1.0), 10]),
    "laid": lambda y: (setattr(y, "grad", Variable(S)), y.backward()),
    "laid array": lambda y: (setattr(y, "grad", np.array(S)), y.backward()),
    "recorded": lambda y: y.backward(np.array(S), create_graph=True),
    "retained": lambda y: y.backward(S, retain_grad=True),
    "laid and retained": lambda y: (setattr(y, "grad", Variable(S)), y.backward(retain_grad=True)),
}


@pytest.mark.parametrize("backward", SEEDS.values(), ids=SEEDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.standin_exempt("seeds of NumPy")
def test_a_backward_pass_starts_from_the_seed(backward, dtype):
    x = Variable(np.array([1.0, 2.0], dtype))
    y = x * 2
    backward(y)
    assert_equal(x.grad, [2, 20])
    assert x.grad.dtype == dtype
    if y.grad is not None:
        assert_equal(as_array(y.grad), S)


GRAD_OUTPUTS = {
    "array": np.array(S),
    "list": S,
    "tuple": tuple(S),
    "in a list": [np.array(S)],
    "list in a list": [S],
    "Variable": Variable(S),
    "list of Variables": [Variable(1.0), Variable(10.0)],
    "float32": np.array(S, np.float32),
}


@pytest.mark.parametrize("seed", GRAD_OUTPUTS.values(), ids=GRAD_OUTPUTS)
@pytest.mark.standin_exempt("seeds of NumPy")
def test_grad_outputs_of_one_output_in_every_form(seed):
    x = Variable(np.array([1.0, 2.0]))
    assert_equal(grad(x * 2, x, seed), [2, 20])
    assert_equal(grad([x * 2], x, [seed] if len(seed) == 2 else seed), [2, 20])


def test_a_seed_of_one_element_and_of_several_outputs():
    x = Variable(np.array([3.0]))
    assert_equal(grad(x * 2, x, [5.0]), [10])
    assert_equal(grad(x * 2, x, 5.0 * np.ones(1)), [10])
    s = Variable(3.0)
    (s * 2).backward(5.0)
    assert_equal(s.grad, 10)
    assert_equal(grad([s * 2, s * 3], s, [5, [2.0][0]]), 16)
    y = s * 2
    assert_equal(grad([y, y], s, [1.0, 4.0]), 10)


def test_seeds_from_a_list_of_variables_are_differentiated():
    x, v = Variable(np.array([1.0, 2.0])), Variable(3.0)
    gx = grad(x**2, x, [v, 2 * v], create_graph=True)
    assert_equal(grad(gx, v), 2 * 1 + 2 * 2 * 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: y.backward(np.ones(3)),
        lambda x, y: y.backward(5.0),
        lambda x, y: y.backward("ones"),
        lambda x, y: y.backward(retain_grad=np.ones(2)),
        lambda x, y: y.backward(create_graph=1),
        lambda x, y: y.backward(np.array([1j, 1])),
        lambda x, y: grad(y, x, True),
        lambda x, y: grad(y, x, None, np.ones(2)),
        lambda x, y: grad(y, x, [True]),
        lambda x, y: grad(y, x, np.ones((2, 1))),
        lambda x, y: grad([y, y], x, np.ones(2)[:1]),
        lambda x, y: y.backward({}),
        lambda x, y: (setattr(y, "grad", Variable(np.ones(3))), y.backward()),
        lambda x, y: grad(y, x, [1.0, None]),
        lambda x, y: grad(y, x, "ab"),
        lambda x, y: (setattr(y, "grad", Variable(np.ones(2))), y.backward(np.ones(2))),
        lambda x, y: (setattr(x, "grad", Variable(np.ones(3))), y.backward()),
    ],
)
@pytest.mark.standin_exempt("seeds of NumPy")
def test_a_seed_that_does_not_fit_is_refused_and_changes_nothing(call):
    x = Variable(np.array([1.0, 2.0]))
    y = x * 2
    with pytest.raises((TypeError, ValueError), match="gradient|grad|retain_grad|create_graph|seed"):
        call(x, y)
    assert x.grad is None or x.grad.shape == (3,)


def test_flags_in_order_still_count():
    x = Variable(2.0)
    y = x * x
    y.backward(True)
    assert_equal(y.grad, 1)
    y.backward(True)  # what it has put there is no seed
    assert_equal(y.grad, 2)
    assert_equal(x.grad, 8)
    x.cleargrad()
    y.backward(False, True)
    assert x.grad.creator is not None


def test_a_gradient_laid_into_a_leaf_is_added_to_in_its_dtype():
    x = Variable(np.ones(2, np.float32))
    x.grad = np.array([1.0, 2.0])
    (x * 2).backward()
    assert_equal(x.grad, [3, 4])
    assert x.grad.dtype == np.float32


# Powers

P = {  # x^p (log x)^j p (p - 1) ...: the derivative of order (i in x, j in p), by hand
    (0, 1): lambda x, p, l: x**p * l,
    (1, 0): lambda x, p, l: p * x ** (p - 1),
    (1, 1): lambda x, p, l: x ** (p - 1) * (1 + p * l),
    (2, 0): lambda x, p, l: p * (p - 1) * x ** (p - 2),
    (0, 2): lambda x, p, l: x**p * l**2,
    (2, 1): lambda x, p, l: x ** (p - 2) * (2 * p - 1 + p * (p - 1) * l),
    (1, 2): lambda x, p, l: x ** (p - 1) * l * (2 + p * l),
    (3, 0): lambda x, p, l: p * (p - 1) * (p - 2) * x ** (p - 3),
    (0, 3): lambda x, p, l: x**p * l**3,
}


@pytest.mark.parametrize("order", P, ids=str)
@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, -1.0, 0.5])
@pytest.mark.parametrize("x", [0.5, 1.0, 2.0])
def test_powers_of_variables_at_every_order(x, p, order):
    """In every order of differentiation: all mixed derivatives are the same."""
    expected = P[order](x, p, np.log(x))
    for way in set(itertools.permutations("x" * order[0] + "p" * order[1])):
        variables = {"x": Variable(x), "p": Variable(p)}
        y = variables["x"] ** variables["p"]
        for name in way:
            y = grad(y, variables[name], create_graph=True)
        np.testing.assert_allclose(float(y), expected, rtol=1e-12, atol=1e-12)


def test_powers_of_zero_have_a_symmetric_hessian_and_no_nan():
    for p in (1.0, 2.0, 3.0, 4.0):
        x, q = Variable(0.0), Variable(p)
        gx, gq = grad(x**q, [x, q], create_graph=True)
        assert_equal(gx, float(p == 1))
        assert_equal(gq, 0)
        assert_equal(grad(gx, q), as_array(grad(gq, x)))
        if p > 1:
            assert_equal(grad(gx, q), 0)
            assert_equal(grad(gx, x), 2.0 * (p == 2))


# Graphs without a leaf


def made_of_integers(f):
    n = Variable(np.array([1, 2, 3]))
    return lambda: f(n).backward()


def made_under_no_grad(f):
    x = Variable(np.array([1.0, 2.0]))

    def run():
        with no_grad():
            y = x * 2
        f(y).backward()

    return run


FS = [
    lambda x: (x / 2).sum(),
    lambda x: (x * 0.5).sum() + 1,
    lambda x: x.mean() * 2,
    lambda x: ((x / 2) ** 2).sum(),
    lambda x: ((x * 1.0) @ np.ones(x.size)) * 2,
    lambda x: abs(x * 1.5).max() * 1,
]


@pytest.mark.parametrize("f", FS)
@pytest.mark.parametrize("made", [made_of_integers, made_under_no_grad])
def test_backward_that_reaches_no_leaf_is_an_error(made, f):
    with pytest.raises(RuntimeError, match="of integers, or made under no_grad|is of int64, without a derivative"):
        made(f)()


def test_grad_of_what_was_made_without_a_graph_is_an_error():
    W = Variable(np.ones(2))
    with no_grad():
        y = W * 2
    with pytest.raises(RuntimeError, match="made under no_grad"):
        grad((y * 3).sum(), W)
    g = grad((W * W).sum(), W)
    with pytest.raises(RuntimeError, match="no leaf"):
        (g * 2).sum().backward()
    assert_equal(grad((y * 3).sum(), y), [3, 3])  # named: it is meant
    z = y.detach()
    (z * 3).sum().backward()
    assert_equal(z.grad, [3, 3])
    (y * W).sum().backward()  # beside a leaf it is a constant that gets its gradient
    assert_equal(W.grad, [2, 2])


# Who owns a gradient


class Edits(Function):
    """As the lecture's layers do it: zeros are written into the array that came from above."""

    def __init__(self, how="item"):
        self.how = how

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        if self.how == "item":
            gy[...] = 0
        elif self.how == "out":
            np.multiply(gy, 0, out=gy)
        elif self.how == "operator":
            gy *= 0
        elif self.how == "view":
            gy.reshape(-1)[0] = 0
        else:
            gy.fill(0)
        return gy


@pytest.mark.parametrize("how", ["item", "out", "operator", "view", "method"])
@pytest.mark.standin_exempt("there a backward gets a copy")
def test_a_backward_that_edits_its_gradient_is_refused(how):
    for f in (
        lambda x: Edits(how)(x) + x,
        lambda x: (Edits(how)(x) + x).sum(),
        lambda x: Edits(how)(x) * 2,
        lambda x: Edits(how)(x.reshape(2, 1)),
    ):
        x, s = Variable(np.ones(2)), np.ones(2)
        with pytest.raises(RuntimeError, match=r"Edits\.backward writes into the gradient .* gy = gy\.copy\(\)"):
            f(x).backward()
        with pytest.raises(RuntimeError, match="writes into the gradient"):
            grad(Edits(how)(x), x, s)
        assert s.tolist() == [1, 1]
        s *= 2  # writeable again
    x = Variable(np.ones(2))
    gx = grad(Edits("operator")(x), x, create_graph=True)  # of a Variable, `*=` makes another one
    assert_equal(gx, [0, 0])


def test_a_backward_that_returns_its_gradient_shares_nothing():
    x, z = Variable(np.ones(2)), Variable(np.ones(2))
    y = Spy()(x) + z
    y.backward(retain_grad=True)
    for v in (x, z, y):
        v.grad.data[...] += 1
        assert_equal(v.grad, [2, 2])
