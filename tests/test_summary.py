"""Model summaries: counts against closed forms and published numbers, and a model that is as it was."""

import sys

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable, models
from autograd.summary import MULTIPLY_ADDS, Summary

N, T, I, H, O = 2, 5, 3, 4, 6


def zeros(*shape):
    return np.zeros(shape, np.float32)


class Of(L.Layer):
    """A layer that computes a function."""

    def __init__(self, f):
        self.f = f

    def forward(self, *xs):
        return self.f(*[Variable(x) for x in xs])


IDENTITY = np.eye(N)
CLOSED_FORMS = [  # function, inputs, the products that it adds up
    (F.matmul, (zeros(7, N, I), zeros(I, O)), 7 * N * I * O),
    (F.matmul, (zeros(I), zeros(I)), I),
    (F.linear, (zeros(N, T, I), zeros(I, O), zeros(O)), N * T * I * O),
    (lambda a, b: F.einsum("nij,njk->nik", a, b), (zeros(7, N, I), zeros(7, I, O)), 7 * N * I * O),
    (lambda x: F.einsum("ii->", x), (zeros(I, I),), 0),
    (F.conv2d, (zeros(N, 3, 8, 8), zeros(O, 3, 3, 3)), N * O * 6 * 6 * 27),
    (lambda x, W: F.conv2d(x, W, groups=2, pad=1), (zeros(N, 4, 8, 8), zeros(6, 2, 3, 3)), N * 6 * 8 * 8 * 18),
    (F.conv1d, (zeros(N, 3, 8), zeros(O, 3, 3)), N * O * 6 * 9),
    (lambda x, W: F.conv_transpose2d(x, W, stride=2), (zeros(N, 3, 4, 4), zeros(3, O, 3, 3)), N * 3 * 16 * O * 9),
    (F.scaled_dot_product_attention, (zeros(N, 7, T, I), zeros(N, 7, 8, I), zeros(N, 7, 8, H)), 14 * T * 8 * (I + H)),
    (F.inv, (IDENTITY,), N**3),
    (F.det, (np.eye(3),), 9),
    (F.slogdet, (np.eye(3),), 9),
    (F.cholesky, (np.eye(6),), 36),
    (F.solve, (np.eye(3), np.ones((3, 2))), 9 + 2 * 9),
    (F.solve_triangular, (np.eye(4), np.ones((4, 5))), 40),
    (F.exp, (zeros(N, I),), 0),
    (F.sum, (zeros(N, I),), 0),
]


@pytest.mark.parametrize("f, xs, count", CLOSED_FORMS)
def test_multiply_adds_are_those_of_the_closed_form(f, xs, count):
    assert Of(f).summary(*xs).multiply_adds == count


@pytest.mark.standin_exempt("SciPy's matrices are NumPy's")
def test_multiply_adds_of_a_sparse_matrix_are_its_entries():
    sparse = pytest.importorskip("scipy.sparse")
    A = sparse.csr_matrix(np.diag([1.0, 2.0, 3.0]))
    assert Of(lambda x: A @ x).summary(np.ones((3, 5))).multiply_adds == 3 * 5


@pytest.mark.parametrize("kind, gates", [(L.RNN, 1), (L.GRU, 3), (L.LSTM, 4)])
def test_multiply_adds_of_recurrent_layers(kind, gates):
    s = kind(H).summary(zeros(N, T, I))
    assert s.multiply_adds == N * T * gates * H * (I + H)
    assert s.rows[0].parameters == s.parameters


def test_every_formula_is_of_a_function_there_is():
    files = [
        "algebra",
        "sparse",
        *[f"functions.{name}" for name in ("attention", "conv", "linalg", "linear", "recurrent")],
    ]
    known = {name for file in files for name in vars(sys.modules[f"autograd.{file}"])}
    assert set(MULTIPLY_ADDS) <= known


@pytest.mark.parametrize(
    "name, parameters, giga",  # as torchvision's documentation has them
    [("ResNet18", 11_689_512, 1.814), ("MobileNetV2", 3_504_872, 0.301), ("SqueezeNet", 1_248_424, 0.819)],
)
def test_networks_have_the_published_numbers(name, parameters, giga):
    s = getattr(models, name)().summary(zeros(1, 3, 224, 224))
    assert s.parameters == parameters
    assert round(s.multiply_adds / 1e9, 3) == giga
    assert s.parameter_bytes == 4 * parameters
    assert sum([row.parameters for row in s.rows]) == parameters
    assert s.rows[0].outputs == ((1, 1000),)


def test_a_gpt_has_the_count_of_its_formula():
    V, T, D, depth, heads = 100, 16, 64, 3, 4
    s = models.GPT(V, 32, D, depth, heads).summary(np.zeros((N, T), int))
    weights, scores = 4 * D * D + 8 * D * D, 2 * T * D  # of a token in a block: products with matrices, q k^T and P v
    assert s.multiply_adds == N * T * (depth * (weights + scores) + V * D)


@pytest.mark.standin_exempt("its views do not name the array that holds their memory")
def test_rows_are_the_layers_with_what_is_theirs():
    model = L.Sequential(L.Conv2d(8, 3, in_channels=1), F.relu, L.BatchNorm(8), F.flatten, L.Linear(10))
    s = model.summary(zeros(4, 1, 6, 6))
    assert [(r.path, r.kind, r.depth, r.calls, r.output, r.parameters, r.multiply_adds) for r in s.rows] == [
        ("", "Sequential", 0, 1, "(4, 10)", 0, 0),
        ("0", "Conv2d", 1, 1, "(4, 8, 4, 4)", 80, 4 * 8 * 16 * 9),
        ("2", "BatchNorm", 1, 1, "(4, 8, 4, 4)", 16, 0),
        ("4", "Linear", 1, 1, "(4, 10)", 1290, 4 * 1280),
    ]
    assert s.parameters == sum(p.size for p in model.params()) == 1386
    assert s.buffer_bytes == sum(b.data.nbytes for _, b in model.named_buffers())
    image = 4 * 8 * 16 * 4
    assert s.activation_bytes == 3 * image + 4 * 10 * 4  # of three layers; flatten is a view


def test_a_table_in_the_terminal_and_in_a_notebook():
    s = L.Sequential(L.Linear(3, 2), L.Sequential(L.Linear(4, 3), F.tanh)).summary(zeros(5, 2))
    assert repr(s) == str(s)
    assert str(s).splitlines() == [
        "layer            output  parameters  multiply-adds",
        "Sequential       (5, 4)",
        "  0: Linear      (5, 3)           9             30",
        "  1: Sequential  (5, 4)",
        "    0: Linear    (5, 4)          16             60",
        "total                            25             90",
        "memory: parameters 100 B, activations 220 B",
    ]
    html = s._repr_html_()
    assert html.count("<tr>") == 6
    assert html.count("</table>") == 1
    assert "multiply-adds" in html
    assert "&emsp;1: Sequential" in html


class Twice(L.Layer):
    def __init__(self):
        self.inner = L.Linear(3, 3)
        self.same = self.inner
        self.unused = L.Linear(7, 2)

    def forward(self, x, y, *, scale):
        return {"sum": self.inner(x) + self.same(y) * scale, "parts": [x, y]}


def test_several_inputs_and_outputs_a_shared_layer_and_one_that_is_not_called():
    s = Twice().summary(zeros(5, 3), Variable(zeros(1, 3)), scale=2.0)
    assert [(r.path, r.calls, r.output, r.parameters, r.multiply_adds) for r in s.rows] == [
        ("", 1, "(5, 3), (5, 3), (1, 3)", 0, 0),
        ("inner", 2, "(1, 3)", 12, 9 * 6),
        ("unused", 0, "not called", 21, 0),
    ]
    assert "inner: Linear (2 calls)" in str(s)
    assert "not called" in str(s)


def test_tied_parameters_count_once():
    model = L.Sequential(L.Linear(3, 3), L.Linear(3, 3))
    model[1].W = model[0].W
    s = model.summary(zeros(1, 3))
    assert s.parameters == 9 + 3 + 3
    assert s.multiply_adds == 18


def test_frozen_parameters_are_said():
    model = L.Sequential(L.Linear(3, 2).freeze(), L.Linear(4, 3))
    s = model.summary(zeros(1, 2))
    assert s.frozen == 9
    assert "frozen: 9 of the parameters" in str(s)


class Sampling(L.Layer):
    def __init__(self):
        self.norm, self.drop, self.cell, self.rng = (
            L.BatchNorm(4),
            L.Dropout(0.5),
            L.LSTM(4, 4),
            np.random.default_rng(3),
        )

    def forward(self, x):
        noise = self.rng.normal(size=x.shape) + ag.generator().normal(size=x.shape)
        return self.cell(self.drop(self.norm(x + noise.astype(np.float32)))[:, None])


@pytest.mark.standin_exempt("the state of NumPy's generators")
def test_nothing_is_changed():
    model = Sampling().train()
    model(zeros(6, 4) + 1)
    with ag.no_grad():
        model(zeros(6, 4) + 2)
    state, draws = model.state_dict(), ag.generator().bit_generator.state
    own = model.rng.bit_generator.state
    values = [s.value for _, s in L.base.named_objects(model, L.base.State)]
    grads = [p.grad for p in model.params()]
    model.summary(zeros(3, 4))
    for path, array in model.state_dict().items():
        np.testing.assert_array_equal(array, state[path])
    assert ag.generator().bit_generator.state == draws
    assert model.rng.bit_generator.state == own
    assert [s.value for _, s in L.base.named_objects(model, L.base.State)] == values
    assert [p.grad for p in model.params()] == grads
    assert model.training is True


def test_it_works_under_no_grad_and_sizes_what_was_open():
    model = L.Sequential(L.Linear(5), F.relu, L.Linear(2))
    with ag.no_grad():
        s = model.summary(zeros(3, 4))
    assert s.parameters == 25 + 12
    assert s.activation_bytes == 3 * (5 + 5 + 2) * 4
    assert model[0].W.shape == (4, 5)


def test_an_error_in_the_model_leaves_it_as_it_was():
    model = L.LSTM(4, 4)
    model(zeros(2, 4))
    before = [s.value for _, s in L.base.named_objects(model, L.base.State)]
    with pytest.raises(ValueError):
        model.summary(zeros(2, 9))
    assert [s.value for _, s in L.base.named_objects(model, L.base.State)] == before


def test_wrong_calls():
    with pytest.raises(TypeError, match="summary takes what the Linear is called with.*argument: 'x'"):
        L.Linear(3).summary()
    with pytest.raises(TypeError, match="summary takes what the Linear is called with"):
        L.Linear(3).summary(zeros(1, 2), zeros(1, 2))


def test_sizes_in_three_digits():
    s = Summary(parameter_bytes=1_234_567, buffer_bytes=999, activation_bytes=45_600_000_000)
    assert s.notes == ["memory: parameters 1.23 MB, buffers 999 B, activations 45.6 GB"]
