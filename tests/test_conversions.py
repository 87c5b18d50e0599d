"""What Python, NumPy, SciPy and Matplotlib ask of a Variable: answered, or refused in words that say what to do."""

import fractions
import json
import operator
import pydoc

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import Variable
from autograd.names import OF_VARIABLES

pytestmark = pytest.mark.standin_exempt("what NumPy, SciPy and Matplotlib ask; the stand-in has arrays of its own")

X = Variable(np.arange(6.0).reshape(2, 3) + 1)
ONE = Variable(2.0)
BACK = (X * 2).backward


@pytest.mark.parametrize(
    "error, words, f",
    [
        (ValueError, r"the truth of a Variable needs one element: write \(x > 0\)", lambda: bool(X)),
        (ValueError, r"the truth of a Variable needs one element", lambda: not X),
        (ValueError, r"the truth of a Variable needs one element", lambda: X and 1),
        (TypeError, r"len and loops take a Variable with axes, not float64 of shape \(\)", lambda: len(ONE)),
        (TypeError, r"len and loops take a Variable with axes", lambda: list(ONE)),
        (ValueError, r"item takes a Variable of one element, or the index of one", lambda: X.item()),
        (IndexError, r"item takes a Variable of one element, or the index of one", lambda: X.item(9)),
        (TypeError, r"an index must be one integer", lambda: [1, 2][X]),
        (TypeError, r"an index must be one integer", lambda: operator.index(ONE)),
        (TypeError, r"round: ndigits must be a whole number", lambda: round(X, "a")),
        (TypeError, r"takes no assignment to its elements", lambda: operator.setitem(X, 0, 1)),
        (TypeError, r"takes no assignment to its elements", lambda: operator.delitem(X, 0)),
        (TypeError, r"sum has no argument dim=: it is axis= here", lambda: X.sum(dim=1)),
        (TypeError, r"mean has no argument dim=: it is axis= here", lambda: X.mean(dim=1)),
        (TypeError, r"max has no argument keepdim=: it is keepdims= here", lambda: X.max(keepdim=True)),
        (TypeError, r"min has no argument dim=: it is axis= here", lambda: X.min(dim=1)),
        (TypeError, r"not requires_grad=: it has a gradient if", lambda: Variable([1.0], requires_grad=True)),
        (TypeError, r"not dtype=: it has a gradient if", lambda: Variable([1.0], dtype=np.float32)),
        (ValueError, r"reshape takes sizes of at least 0, or -1 for the rest, not \(-2, 3\)", lambda: X.reshape(-2, 3)),
        (ValueError, r"reshape takes sizes of at least 0", lambda: F.reshape(X.data, None)),
        (ValueError, r"reshape takes sizes of at least 0", lambda: X.reshape(-6)),
        (TypeError, r"matmul takes a Variable or an array, not NoneType", lambda: X @ None),
        (TypeError, r"np.invert does not take \(float64\)", lambda: np.invert(X)),
        (TypeError, r"np.gcd does not take \(float64, 2\)", lambda: np.gcd(X, 2)),
        (TypeError, r"np.left_shift does not take", lambda: np.left_shift(X, 1)),
        (ValueError, r"grad takes at least one output", lambda: ag.grad([], X)),
        (TypeError, "backward has no argument retain_graph=: it is keep_graph= here", lambda: BACK(retain_graph=True)),
        (TypeError, "backward has no argument grad_tensors=: it is gradient=", lambda: BACK(grad_tensors=[1])),
        (TypeError, "backward: keep_graph must be True or False", lambda: BACK(keep_graph=np.ones(2))),
        (TypeError, "backward: keep_graph must be True or False", lambda: BACK(keep_graph="no")),
        (TypeError, "grad has no argument retain_graph=; it takes outputs", lambda: ag.grad(X, X, retain_graph=True)),
        (TypeError, r"linear takes .* not list.*Variable\(\[\.\.\.\]\) stacks", lambda: F.linear(X, X.T, [ONE, ONE])),
        (TypeError, r"Variable\(\[\.\.\.\]\) stacks", lambda: F.outer(X[0], [ONE, ONE])),
        (TypeError, r"Variable\(\[\.\.\.\]\) stacks", lambda: F.einsum("ij,j", X, [ONE, ONE, ONE])),
        (ValueError, r"accuracy\(y > 0, t\)", lambda: F.accuracy(np.array([-2.0, 3.0]), np.array([0, 1]))),
        (TypeError, r"a Buffer takes numbers, not Variables", lambda: ag.Buffer([ONE, ONE])),
        (TypeError, r"a Parameter is a leaf and takes numbers", lambda: ag.Parameter([ONE, ONE])),
    ],
)
def test_mistakes_are_answered_in_our_words(error, words, f):
    with pytest.raises(error, match=words):
        f()


@pytest.mark.parametrize("write", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_an_array_takes_no_variable_in_place(write):
    a = np.ones((2, 3))
    with pytest.raises(TypeError, match=r"writes no Variable into an array.*w\.data -= lr \* w\.grad\.data"):
        write(a, X)
    with pytest.raises(TypeError, match="writes no Variable into an array"):
        np.add(a, X, out=a)
    assert (a == 1).all()


@pytest.mark.parametrize("name", [*OF_VARIABLES, "sin", "sqrt", "relu", "softmax", "norm"])
def test_a_word_of_another_framework_names_ours(name):
    if hasattr(Variable, name):
        pytest.skip("a Variable has it")
    with pytest.raises(AttributeError, match=f"a Variable has no attribute '{name}': here it is "):
        getattr(X, name)
    assert not hasattr(X, name)


def test_a_slip_of_the_pen_is_found():
    with pytest.raises(AttributeError, match="'rashape': did you mean reshape"):
        _ = X.rashape
    with pytest.raises(AttributeError, match="no attribute 'nonsense'$"):
        _ = X.nonsense


def test_one_element_by_its_index():
    assert (X.item(5), X.item((1, 2)), ONE.item()) == (6, 6, 2)


def graph():
    return Variable([2.0]) * 1


def test_scipy_gets_no_number_out_of_a_graph():
    integrate, optimize = pytest.importorskip("scipy.integrate"), pytest.importorskip("scipy.optimize")
    g = graph()
    with pytest.raises(TypeError, match="use x.data"):
        integrate.quad(lambda t: g[0] * t, 0, 1)
    with ag.no_grad():
        assert integrate.quad(lambda t: g[0] * t, 0, 1)[0] == pytest.approx(1)

    def gradient(x):
        v = Variable(x)
        return ag.grad(((v - 3) ** 2).sum(), v)

    with pytest.raises(TypeError, match="use x.data"):
        optimize.minimize(lambda x: float(((x - 3) ** 2).sum()), np.zeros(2), jac=gradient)
    found = optimize.minimize(lambda x: float(((x - 3) ** 2).sum()), np.zeros(2), jac=lambda x: gradient(x).data)
    np.testing.assert_allclose(found.x, [3, 3], atol=1e-5)


@pytest.mark.parametrize(
    "f",
    [np.exp, np.sum, F.exp, F.sin, F.sum, F.relu, F.softmax, F.reshape, F.maximum],
    ids=lambda f: f"{f.__module__}.{f.__name__}",
)
def test_a_sparse_matrix_is_refused_by_all_but_products(f):
    S = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(2))
    more = {F.reshape: ((4,),), F.maximum: (ONE,)}.get(f, ())
    if f in (np.exp, np.sum):
        with pytest.raises(TypeError, match="a sparse matrix beside a Variable takes @ alone|takes no sparse matrix"):
            np.add(S, ONE)
    else:
        with pytest.raises(TypeError, match="takes no sparse matrix: use A @ x"):
            f(S, *more)


def test_numpys_dot_of_a_sparse_matrix():
    S = pytest.importorskip("scipy.sparse").csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0]]))
    B = Variable(np.ones((2, 2)))
    y = np.dot(S, B)
    y.sum().backward()
    np.testing.assert_allclose(y.data, [[3, 3], [3, 3]])
    np.testing.assert_allclose(B.grad.data, [[1, 1], [5, 5]])


DRAWN = {
    "plot": 1, "hist": 1, "bar": 2, "barh": 2, "scatter": 2, "errorbar": 3, "fill_between": 2, "stackplot": 2,
    "hist2d": 2, "step": 2, "stem": 1, "boxplot": 1, "violinplot": 1, "pie": 1, "quiver": 4, "hexbin": 2, "vlines": 3,
    "semilogy": 1, "stairs": 1, "eventplot": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_matplotlib_draws_leaves_and_values_under_no_grad(name):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    leaf = Variable(np.arange(1.0, 4))
    getattr(figure.add_subplot(), name)(*[leaf] * DRAWN[name])
    with ag.no_grad():
        getattr(figure.add_subplot(), name)(*[leaf * 2] * DRAWN[name])
    with pytest.raises(TypeError, match="use x.data"):
        getattr(figure.add_subplot(), name)(*[leaf * 2] * DRAWN[name])
    assert leaf.grad is None


def test_functions_without_a_twin_are_numpys_under_no_grad():
    with ag.no_grad():
        assert np.percentile(X, 50) == 3.5
        assert np.histogram(X * 2, 3)[0].sum() == 6
        np.testing.assert_array_equal(np.unique(X), np.arange(6) + 1)
    with pytest.raises(TypeError, match="np.percentile of a Variable has no gradient here"):
        np.percentile(X, 50)


def test_cumulative_products_of_small_integers_do_not_overflow():
    y = np.cumprod(Variable(np.array([200, 2], np.uint8)))
    np.testing.assert_array_equal(y.data, [200, 400])


HALF = np.float16


@pytest.mark.parametrize(
    "f, expected",
    [
        (lambda: np.average(Variable(np.full(5000, 2, HALF)), weights=np.full(5000, 20, HALF)), 2),
        (lambda: F.binary_cross_entropy(Variable(np.array([1e-4], HALF)), [1.0]), 9.21),
        (lambda: ag.grad(np.arctan2(v := Variable(HALF(300)), HALF(400)), v), 0.0016),
        (lambda: ag.grad(np.arcsinh(v := Variable(HALF(300))), v), 1 / 300),
        (lambda: ag.grad(np.hypot(v := Variable(HALF(300)), HALF(400)), v), 0.6),
        (lambda: ag.grad(np.logaddexp(v := Variable(HALF(300)), HALF(301)), v), 1 / (1 + np.e)),
    ],
)
def test_float16_is_computed_in_float32(f, expected):
    y = f()
    assert y.dtype == HALF
    np.testing.assert_allclose(y.data, expected, rtol=2e-3)


@pytest.mark.parametrize(
    "dtype, huge", [(np.float32, 1e20), (np.float32, 1e38), (np.float64, 1e160), (np.float64, 1e308)]
)
@pytest.mark.parametrize(
    "f",
    [
        F.gelu, lambda x: F.gelu(x, "tanh"), F.silu, F.sigmoid, F.softplus, F.elu, F.selu, F.tanh, F.relu, F.erf,
        F.leaky_relu, F.hardtanh, F.softmax, F.log_softmax, F.logsumexp,
    ],
)  # fmt: skip
def test_activations_are_right_and_silent_far_out(f, dtype, huge):
    """Warnings are errors here. Far out the gradient is that of the asymptote, which two steps nearer has too."""
    for create_graph in (False, True):
        x = Variable(np.array([huge, 0.5, -huge], dtype))
        near = Variable(np.array([50.0, 0.5, -800.0], dtype))
        gx, g = [ag.grad(f(v), v, create_graph=create_graph) for v in (x, near)]
        np.testing.assert_allclose(gx.data, g.data, atol=1e-6)
        if create_graph:
            assert np.isfinite(ag.grad(gx, x).data).all()


def test_fractions_are_numbers():
    np.testing.assert_allclose((X + fractions.Fraction(1, 2)).data, X.data + 0.5)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1)])
def test_one_element_of_any_shape_is_a_number(shape):
    x = ag.Variable(np.full(shape, 0.123456))
    for loss in (x, x * 1.0):
        assert f"{loss:.4f}" == "0.1235" == format(loss, ".4f")
        assert f"{loss:>8.2f}|{loss:.1e}" == "    0.12|1.2e-01"
        assert float(loss) == loss.item() == 0.123456
        assert int(loss) == 0
        assert complex(loss) == 0.123456 + 0j
        assert bool(loss) is True
        assert round(float(loss), 4) == float(round(loss, 4)) == 0.1235
        assert json.loads(json.dumps({"loss": loss}, default=float)) == {"loss": 0.123456}
        assert json.dumps([loss.item(), loss.tolist()])
    assert not ag.Variable(np.zeros(shape))


def test_several_elements_are_no_number():
    x = ag.Variable([1.0, 2.0])
    for call in (lambda: f"{x:.4f}", lambda: float(x), lambda: bool(x)):
        with pytest.raises((TypeError, ValueError), match=r"shape \(2,\)"):
            call()


def test_help_names_the_methods():
    text = pydoc.render_doc(ag.Variable, renderer=pydoc.plaintext)
    for words in ("lambda", "attrgetter", "method(", "compare(", "functools", "<locals>"):
        assert words not in text, words
    for words in (
        "__add__(x: 'Any', other: 'Operand')",
        "y = x0 + x1",
        "shape\n |      The size along each axis.",
        "__float__(self",
    ):
        assert words in text, words
    assert ag.Variable.__rsub__.__qualname__ == "Variable.__rsub__"
