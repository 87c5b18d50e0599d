"""bfloat16: computed in float32, rounded at the end, kept as it is. `tests/test_ops.py` has every function of it."""

import copy
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Function, Variable, bfloat16, data, estimators, metrics, models, serialize, training
from autograd.changes import Changed
from autograd.testing import check_gradients
from autograd.watch import anomaly
from tests.optimizers.test_scaling import mlp, samples
from tests.programs.test_source import training as step_of

ml_dtypes = pytest.importorskip("ml_dtypes", reason="pip install ml_dtypes")
HALF = np.dtype(ml_dtypes.bfloat16)
UNIT = 2.0**-8  # half a step behind 1


def halves(*numbers):
    return Variable(np.array(numbers, np.float32).astype(HALF))


def spread(*shape, seed=0):
    """Numbers of bfloat16 in float32."""
    x = np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)
    return x.astype(HALF).astype(np.float32)


def wide(x):
    return np.asarray(x.data if isinstance(x, Variable) else x).astype(np.float32)


def rounded(x):
    """To the nearest number of bfloat16, and to even between two, by the bits: independent of ml_dtypes."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32)


# numbers


def test_values_are_rounded_to_the_nearest():
    x = np.concatenate([np.random.default_rng(0).standard_normal(1000), [1 + 2**-8, 1 + 3 * 2**-8, 0, -0.0]])
    x = x.astype(np.float32)
    np.testing.assert_array_equal(wide(Variable(x).astype("bfloat16")), rounded(x))
    y = Variable(x) * Variable(x[::-1].copy())
    z = Variable(x).astype(HALF) * Variable(x[::-1].copy()).astype(HALF)
    np.testing.assert_array_equal(wide(z), rounded(rounded(x) * rounded(x[::-1].copy())))
    assert y.dtype == np.float32


@pytest.mark.parametrize("dtype", ["bfloat16", ml_dtypes.bfloat16, HALF], ids=repr)
def test_the_ways_in(dtype):
    assert Variable(1.0).astype(dtype).dtype == HALF
    assert L.Linear(3, 2, dtype=dtype).W.dtype == HALF
    assert Variable(np.ones(3, HALF)).dtype == HALF
    batch, _ = next(iter(data.DataLoader((np.ones((4, 2)), np.arange(4)), 2, dtype=dtype)))
    assert batch.dtype == HALF
    for layer in (L.LSTM(3, dtype=dtype), L.Conv2d(3, 3, dtype=dtype), L.LayerNorm(3, dtype=dtype)):
        assert {p.dtype for p in layer.params()} == {HALF}


@pytest.mark.standin_exempt("it puts arrays in the place of Python's numbers")
def test_the_default_dtype():
    with ag.default_dtype("bfloat16"):
        assert Variable([1.0, 2.0]).dtype == Variable(0.5).dtype == HALF


@pytest.mark.standin_exempt("a message")
def test_without_ml_dtypes_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    for call in (lambda d: L.Linear(3, dtype=d), lambda d: Variable(1.0).astype(d), ag.set_default_dtype):
        with pytest.raises(RuntimeError, match=r"bfloat16 needs ml_dtypes: pip install 'define-by-run\[half\]'"):
            call("bfloat16")


@pytest.mark.standin_exempt("dtypes of ml_dtypes")
@pytest.mark.parametrize("name", ["float8_e4m3fn", "uint1", "int4", "float8_e8m0fnu"])
def test_other_numbers_of_ml_dtypes_are_refused(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    with pytest.raises(TypeError, match="real ones"):
        Variable(np.zeros(3).astype(dtype))
    with pytest.raises(TypeError, match="must be floating-point"):
        L.Linear(3, dtype=dtype)
    for void in (np.zeros(2, "V2"), np.zeros(2, [("a", "f4")])):
        with pytest.raises(TypeError, match="real ones"):
            Variable(void)


def test_numbers_of_python():
    x = halves(1.5, -2.0, 0.25)
    assert (float(x[0]), int(x[1]), x[2].item()) == (1.5, -2, 0.25)
    assert f"{x[0]:.2f}" == "1.50"
    assert "bfloat16" in repr(x)
    assert [float(y) for y in x] == [1.5, -2.0, 0.25]
    assert len(x) == 3
    assert bool(x[0])
    assert [f(x, 0.25).tolist() for f in (operator.lt, operator.eq, operator.ge)] == [
        [False, True, False], [False, False, True], [True, False, True],
    ]  # fmt: skip
    assert (x > np.arange(3)).tolist() == [True, False, False]
    assert (x == halves(1.5, 2.0, 0.25)).tolist() == [True, False, True]


@pytest.mark.standin_exempt("pickles of real arrays")
def test_copies():
    x = halves(1.5, -2.0)
    assert x.to_numpy().dtype == np.asarray(x).dtype == HALF
    for y in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert y.dtype == HALF
        (y * y).sum().backward()
        np.testing.assert_array_equal(wide(y.grad), [3, -4])


def test_dtypes_of_results():
    """Numbers and arrays beside a Variable take its dtype; two Variables have that of both, and at least float32."""
    x, n = halves(1, 2, 3), np.ones(3)
    constants = (2, 0.5, True, np.float64(2), np.float16(2), np.arange(3), n, n.astype(np.float16))
    assert {(x * other).dtype for other in constants} == {HALF}
    for other, expected in (("float16", "float32"), ("float32", "float32"), ("float64", "float64")):
        w = Variable(n.astype(other))
        assert {y.dtype for y in (x * w, w * x, F.stack([x, w]))} == {np.dtype(expected)}
    assert F.exp(x.data).dtype == HALF
    assert F.exp(x).dtype == x.mean().dtype == x.sum().dtype == x.max().dtype == abs(x).dtype == HALF
    assert F.argmax(x, 0).dtype == np.int64


def test_numbers_beside_are_not_rounded_before_they_are_used():
    """0.1 is 0.10009765625 in bfloat16."""
    x = spread(1000)
    for number in (0.1, np.float64(0.1), np.float32(0.1)):
        y = Variable(x.astype(HALF)) * number
        np.testing.assert_array_equal(wide(y), rounded(x * np.float32(0.1)))


def test_sums_are_computed_in_float32():
    x = Variable(np.full((1000, 3), 0.1).astype(HALF))
    y = wide(x.sum(0))
    np.testing.assert_array_equal(y, rounded(np.full(3, np.float32(1000) * rounded(0.1))))
    W = spread(1000, 4)
    y = Variable(np.ones((2, 1000)).astype(HALF)) @ Variable(W.astype(HALF))
    np.testing.assert_allclose(wide(y)[0], W.astype(float).sum(0), rtol=UNIT, atol=1e-4)


@pytest.mark.parametrize("dtype", [HALF, np.float16], ids=["bfloat16", "float16"])
def test_a_layer_is_rounded_once(dtype):
    """The sum with the bias is: of 256 + 0.75 + 0.75 bfloat16 makes 258, of 256 + 0.75 it makes 256."""
    large = 2.0**8 if dtype is HALF else 2.0**11
    x, W, b = [Variable(np.array(a).astype(dtype)) for a in ([[large, 0.75]], [[1], [1]], [0.75])]
    assert wide(F.linear(x, W, b)) == large + 2
    assert wide(F.linear(x, W, b.astype(np.float64))) == large + (1.5 if dtype is HALF else 0.75)


def test_products_beside_other_numbers():
    """Whole numbers take the dtype, and beside float32 nothing is rounded, there nor back."""
    x, W = spread(4, 5), spread(5, 3)
    for other, dtype in (("float32", np.float32), ("float64", np.float64), ("float16", np.float32)):
        vx, vW = Variable(x.astype(HALF)), Variable(W.astype(other))
        for y, expected in ((vx @ vW, x @ wide(vW)), (vW.T @ vx.T, (x @ wide(vW)).T)):
            assert y.dtype == dtype
            np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-5)
            y.sum().backward()
        assert (vx.grad.dtype, vW.grad.dtype) == (HALF, np.dtype(other))
    for n in (np.arange(15).reshape(5, 3), np.ones((5, 3), bool)):
        for y in (F.matmul(x.astype(HALF), n), Variable(x.astype(HALF)) @ n, Variable(x.astype(HALF)) @ Variable(n)):
            assert y.dtype == HALF
            np.testing.assert_allclose(wide(y), x @ n, rtol=UNIT, atol=1e-4)


def test_the_bias_of_many_rows_has_its_gradient_from_all():
    """Row by row of a Jacobian too: of 1000 ones bfloat16 would add up 256."""
    x, W, b = [Variable(np.ones(shape).astype(HALF)) for shape in ((1000, 2), (2, 3), (3,))]
    np.testing.assert_array_equal(wide(ag.jacobian(lambda b: F.linear(x, W, b).sum(0), b)), 1000 * np.eye(3))


def test_limits():
    largest = float(ml_dtypes.finfo(HALF).max)
    x = halves(np.inf, -np.inf, np.nan, 1)
    np.testing.assert_array_equal(wide(F.nan_to_num(x)), [largest, -largest, 0, 1])
    assert F.accuracy(Variable(np.array([[0, 1], [np.nan, 1]]).astype(HALF)), np.array([1, 1])) == 0.5
    assert metrics.mae(halves(1, 2), halves(2, 4)) == 1.5


# the graph


class Seen(Function):
    """2 x^2, with a note of the dtypes that it was given."""

    notes = []

    def forward(self, x):
        self.notes.append(x.dtype)
        return 2 * x * x

    def backward(self, gy):
        (x,) = self.inputs
        self.notes.append((x.dtype, gy.dtype))
        return 4 * x * gy


def test_a_function_sees_float32_and_the_graph_keeps_halves():
    x = halves(1, 2, 3)
    Seen.notes.clear()
    y = Seen()(x)
    assert {a.dtype for a in y.creator.arrays} == {HALF}
    y.backward()
    assert Seen.notes == [np.float32, (np.float32, np.float32)]
    assert x.grad.dtype == y.dtype == HALF
    np.testing.assert_array_equal(wide(x.grad), [4, 8, 12])


def test_gradients_are_added_up():
    x = halves(1, 2, 3)
    for _ in range(3):
        (x * x).sum().backward()
    assert x.grad.dtype == HALF
    np.testing.assert_array_equal(wide(x.grad), [6, 12, 18])
    y = x * x + x * x + 3 * x
    np.testing.assert_array_equal(wide(ag.grad(y, x)), [7, 11, 15])


def test_elements_named_twice_receive_both():
    """In float32: of 300 ones bfloat16 would add up 256."""
    x = halves(1, 2, 3)
    x[np.array([0, 2] + 300 * [1])].sum().backward()
    np.testing.assert_array_equal(wide(x.grad), [1, 300, 1])
    x.cleargrad()
    F.broadcast_to(x, (1000, 3)).sum().backward()
    np.testing.assert_array_equal(wide(x.grad), [1000, 1000, 1000])


def test_higher_orders():
    """x^4 at numbers whose powers bfloat16 holds."""
    x = y = halves(1, -2, 0.5)
    y = y**4
    for expected in ([4, -32, 0.5], [12, 48, 3], [24, -48, 12], [24, 24, 24]):
        y = ag.grad(y, x, create_graph=True)
        assert y.dtype == HALF
        np.testing.assert_array_equal(wide(y), expected)
    assert ag.hessian(lambda x: (x**3).sum(), x).dtype == HALF
    (gx,) = [g.data for g in [ag.jvp(lambda x: x * x, x, x)[1]]]
    np.testing.assert_array_equal(wide(gx), [2, 8, 0.5])


def test_a_gradient_beside_float32_is_cast_back():
    x, w = halves(1, 2), Variable(np.array([3, 4], np.float32))
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (HALF, np.float32)


def test_retained_and_in_place():
    x = halves(1, 2)
    y = x * x
    (y * 3).sum().backward(retain_grad=True)
    assert y.grad.dtype == HALF
    with ag.no_grad():
        x -= 0.5
    assert x.dtype == HALF
    x.data[...] = 7
    np.testing.assert_array_equal(wide(x), [7, 7])


def test_what_stands_for_an_array_that_is_gone_is_not_touched():
    gone = Changed(np.ones(2, HALF), "it is gone")
    assert bfloat16.widened([gone, 2.0]) == [gone, 2.0]


@pytest.mark.standin_exempt("the content of arrays on a GPU is not looked at")
def test_an_array_that_was_edited_is_noticed():
    x = halves(1, 2)
    y = x * x
    x.data[...] = 3
    with pytest.raises(RuntimeError, match="was changed after"):
        y.backward()


def test_a_recomputed_part_is_that_part():
    model = mlp(HALF)
    x, t = samples()
    found = []
    for f in (model, lambda x: ag.checkpoint(model, x)):
        model.cleargrads()
        loss = F.softmax_cross_entropy(f(Variable(x.astype(HALF))), t)
        loss.backward()
        found.append([float(loss), *[wide(p.grad) for p in model.params()]])
    for a, b in zip(*found):
        np.testing.assert_array_equal(a, b)


def test_anomalies_are_found():
    with anomaly(), pytest.raises(FloatingPointError, match="the output of Log"):
        F.log(halves(0, 1))


class Square(Function):
    def forward(self, x):
        self.twice = (2 * x).astype(HALF)
        return x * x

    def backward(self, gy):
        return gy * self.twice


def test_an_attribute_of_it_is_no_constant():
    x = halves(1, 2)
    with pytest.raises(RuntimeError, match="its `twice` was computed by forward"):
        ag.grad(Square()(x), x, create_graph=True)


def test_check_gradients_takes_the_numbers_in_float64():
    check_gradients(lambda x: F.tanh(x * x), np.linspace(-1, 1, 5).astype(HALF))


# nothing changes for others


@pytest.mark.standin_exempt("a process of its own")
def test_nothing_is_looked_for_before_the_first():
    program = """
import sys
import numpy as np
import autograd as ag, autograd.layers as L, autograd.functions as F, autograd.optimizers as O
from autograd import bfloat16
model = L.Sequential(L.Linear(3), F.relu, L.Linear(2))
loss = F.softmax_cross_entropy(model(np.ones((4, 5), np.float16)), np.array([0, 1, 0, 1]))
loss.backward()
O.Adam(model).update()
print(bfloat16.seen, "ml_dtypes" in sys.modules)
ag.Variable(1.0).astype("bfloat16")
print(bfloat16.seen, "ml_dtypes" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False", "True", "True"]


@pytest.mark.standin_exempt("a process of its own")
@pytest.mark.parametrize(
    "inputs", ["pickle.load(sys.stdin.buffer)", "Variable(np.ones(2, np.float32)), np.ones(2, ml_dtypes.bfloat16)"]
)
def test_the_first_may_come_in_a_pickle_or_as_a_constant(inputs):
    program = f"""
import pickle, sys
import ml_dtypes, numpy as np
from autograd import Function, Variable
class Given(Function):
    def forward(self, *xs):
        print({{str(x.dtype) for x in xs}})
        return xs[0]
Given()({inputs})
"""
    given = pickle.dumps(halves(1, 2))
    found = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, check=True)
    assert found.stdout.split() == [b"{'float32'}"]


class Foreign:
    """An array of another library, whose dtypes have no `kind`."""

    dtype = "float32"


@pytest.mark.parametrize("f", [F.arccos, lambda x: halves(1) * x, lambda x: F.mean_squared_error(halves(1), x)])
def test_dtypes_of_other_libraries_are_refused_in_words(f):
    with pytest.raises(TypeError, match="takes Variables, arrays and numbers, not Foreign|must be of real numbers"):
        f(Foreign())


# training


class Sequences(L.Layer):
    """The class of a sequence, by its last state."""

    def __init__(self, dtype):
        super().__init__()
        self.cell, self.out = L.LSTM(12, 8, rng=0, dtype=dtype), L.Linear(3, 12, rng=1, dtype=dtype)

    def forward(self, x):
        return self.out(self.cell(x.reshape(len(x), 4, 8))[:, -1])


def convolutions(dtype):
    return L.Sequential(
        L.Conv2d(4, 3, pad=1, in_channels=1, rng=0, dtype=dtype), L.BatchNorm(4, dtype=dtype), F.relu,
        lambda x: F.max_pool2d(x, 2).reshape(len(x), -1), L.Linear(3, 16, rng=1, dtype=dtype),
    )  # fmt: skip


def transformer(dtype):
    return L.Sequential(
        L.Linear(16, 8, rng=0, dtype=dtype), L.TransformerEncoderLayer(16, 4, rng=1, dtype=dtype),
        L.LayerNorm(16, dtype=dtype), lambda x: x[:, -1], L.Linear(3, 16, rng=2, dtype=dtype),
    )  # fmt: skip


SHAPES = {
    "mlp": (mlp, (8,)), "lstm": (Sequences, (32,)), "convolutions": (convolutions, (1, 4, 4)),
    "transformer": (transformer, (4, 8)),
}  # fmt: skip


def losses(model, optimizer, shape, steps=80):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((48, *shape)).astype(np.float32)
    t = x.reshape(48, -1)[:, -3:].argmax(1)
    dtype = next(iter(model.params())).dtype
    found = []
    for _ in range(steps):
        loss = F.softmax_cross_entropy(model(Variable(x.astype(dtype))), t)
        model.cleargrads()
        optimizer.backward(loss) if isinstance(optimizer, O.LossScale) else loss.backward()
        optimizer.update()
        found.append(float(loss))
    return np.array(found)


OPTIMIZERS = {
    "sgd": lambda model: O.SGD(model, 0.2),
    "adam with masters": lambda model: O.Adam(model, 3e-3, master=True),
    "scaled": lambda model: O.LossScale(O.Adam(model, 3e-3, master=True)),
    "clipped": lambda m: O.Momentum(m, 0.05, master=True, transforms=[O.clip_by_norm(2.0), O.weight_decay(1e-3)]),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("kind", SHAPES)
def test_training_goes_as_in_float32(kind, make):
    build, shape = SHAPES[kind]
    model, single = build(HALF), build(np.float32)
    for path, p in single.named_params():
        p.data = dict(model.named_params())[path].data.astype(np.float32)
    found, expected = losses(model, make(model), shape), losses(single, make(single), shape)
    assert expected[-1] < 0.8 * expected[0]
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert {p.dtype for p in model.params()} == {p.grad.dtype for p in model.params()} == {HALF}


@pytest.mark.parametrize("make", [O.SGD, O.Adam])
def test_small_updates_add_up_in_the_master_alone(make):
    """100 updates of 1e-3 on a weight of 1, whose next numbers are 1 - 2^-8 and 1 + 2^-7."""

    def after(dtype, **options):
        p = Variable(np.ones(5).astype(dtype))
        optimizer = make([p], 1e-3, **options)
        for _ in range(100):
            p.grad = Variable(np.ones(5).astype(dtype))
            optimizer.update()
        return wide(p)

    np.testing.assert_array_equal(after(HALF), np.ones(5))  # lost
    np.testing.assert_allclose(after(HALF, master=True), after(np.float32), rtol=UNIT)
    np.testing.assert_array_equal(after(HALF, master=True), rounded(after(np.float32)))


def test_transforms_keep_the_dtype():
    """Their numbers are not rounded before they are used, and the results once."""
    g, p = np.array([3, 4, 0.1], np.float32).astype(HALF), halves(1, -2, 0.5)
    norm = np.sqrt((wide(g).astype(float) ** 2).sum())
    for transform, expected in (
        (O.clip_by_norm(0.3), rounded(wide(g) * np.float32(0.3 / norm))),
        (O.clip_by_value(3.3), rounded(np.clip(wide(g), -3.3, np.float32(3.3)))),
        (O.weight_decay(0.1), rounded(wide(g) + rounded(wide(p) * np.float32(0.1)))),
    ):
        found = transform({"p": p}, {"p": g})["p"]
        assert found.dtype == HALF
        np.testing.assert_array_equal(wide(found), expected)


def test_averages_of_weights_are_float32():
    model = mlp(HALF)
    ema = O.EMA(model, 0.9)
    ema.update()
    assert {average.dtype for average in ema.averages.values()} == {np.dtype(np.float32)}
    with ema.weights():
        assert {p.dtype for p in model.params()} == {HALF}


def test_fit_with_a_loader():
    x, t = samples()
    model = mlp(HALF)
    loader = data.DataLoader((x, t), 32, dtype=HALF, rng=0)
    optimizer = O.LossScale(O.Adam(model, 1e-2, master=True))
    history = training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=4)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.standin_exempt("data are arrays of NumPy")
def test_samples_are_drawn_with_weights_of_it():
    weights = np.array([0, 1, 3]).astype(HALF)
    np.testing.assert_array_equal(data.WeightedSampler(weights).p, [0, 0.25, 0.75])


@pytest.mark.standin_exempt("data are arrays of NumPy")
@pytest.mark.parametrize(("dtype", "expected"), [(HALF, HALF), (int, HALF), ("float16", "float32"), ("f8", "f8")])
def test_sequences_are_padded_in_the_dtype_of_all(dtype, expected):
    x, lengths = data.padded([np.ones(2, HALF), np.ones(3, dtype)])
    assert (x.dtype, lengths.tolist()) == (np.dtype(expected), [2, 3])
    np.testing.assert_array_equal(wide(x), [[1, 1, 0], [1, 1, 1]])


def test_a_gpt_goes_on_with_a_text():
    half = models.GPT(10, context=8, size=8, depth=1, heads=2, rng=0, dtype=HALF)
    single = models.GPT(10, context=8, size=8, depth=1, heads=2)
    for p in half.params():
        p.data *= 8  # the best token is far from the second
    single.load_state_dict({path: wide(x) for path, x in half.state_dict().items()})
    text = np.array([[1, 2]])
    assert half.generate(text, 4, temperature=0).tolist() == single.generate(text, 4, temperature=0).tolist()


@pytest.mark.standin_exempt("scikit-learn checks arrays of NumPy")
def test_an_estimator_refuses_it():
    pytest.importorskip("sklearn", reason="pip install scikit-learn")
    with pytest.raises(TypeError, match="Classifier: dtype must be one of scikit-learn's"):
        estimators.Classifier(dtype=HALF).fit(np.ones((4, 2)), [0, 1, 0, 1])


@pytest.mark.standin_exempt("a stand-in is not captured")
def test_a_captured_step_is_the_step():
    x, t = samples()
    models = mlp(HALF), mlp(HALF)

    steps = [step_of(model, O.Adam(model, 1e-2, master=True)) for model in models]
    steps[1] = ag.capture(steps[1])
    for _ in range(6):
        a, b = [step(x, t) for step in steps]
        assert float(a) == float(b)
    for p, q in zip(*[model.params() for model in models]):
        np.testing.assert_array_equal(wide(p), wide(q))
        assert q.dtype == HALF


@pytest.mark.standin_exempt("the text of a program")
def test_the_text_of_a_captured_function_runs_by_itself():
    step = ag.capture(lambda x: F.exp(Variable(x) * 0.1).data)
    x = np.arange(4).astype(HALF)
    for _ in range(3):
        y = step(x)
    names = {}
    exec(step.source, names)
    assert "import ml_dtypes" in step.source
    (found,) = names["step"](x)
    np.testing.assert_array_equal(wide(found), wide(y))
    np.testing.assert_array_equal(wide(y), rounded(np.exp(rounded(np.arange(4, dtype=np.float32) * np.float32(0.1)))))


# files and other frameworks


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_files_keep_it(tmp_path, extension):
    model, other = mlp(HALF), mlp(HALF, rng=5)
    path = tmp_path / f"x.{extension}"
    serialize.save(model, path)
    assert {x.dtype for x in serialize.read(path).values()} == {HALF}
    serialize.load(other, path)
    for p, q in zip(model.params(), other.params()):
        np.testing.assert_array_equal(wide(p), wide(q))
    state = {"F": np.ones((2, 3), HALF).T, "none": np.ones((0, 2), HALF), "one": np.ones((), HALF)}
    serialize.save(state, path)
    for name, x in serialize.read(path).items():
        assert (x.dtype, x.shape) == (HALF, state[name].shape)


@pytest.mark.standin_exempt("a message")
@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_a_file_is_not_damaged_because_a_package_is_missing(tmp_path, monkeypatch, extension):
    path = tmp_path / f"x.{extension}"
    serialize.save({"x": np.ones(2, HALF)}, path)
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(RuntimeError, match="^bfloat16 needs ml_dtypes"):
        serialize.read(path)


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_float32_loads_it_and_back_as_far_as_the_numbers_are_the_same(tmp_path, extension):
    half, single = mlp(HALF), mlp(np.float32, rng=5)
    path = tmp_path / f"x.{extension}"
    serialize.save(half, path)
    serialize.load(single, path)
    for p, q in zip(half.params(), single.params()):
        np.testing.assert_array_equal(wide(p), wide(q))
    serialize.save(single, path)
    serialize.load(mlp(HALF), path)
    next(iter(single.params())).data[...] += np.float32(1e-4)
    serialize.save(single, path)
    with pytest.raises(ValueError, match="dtype float32 in the state, bfloat16 here"):
        serialize.load(half, path)
    with pytest.warns(UserWarning, match="is converted from float32 to bfloat16"):
        serialize.load(half, path, cast=True)
    with pytest.raises(ValueError, match="dtype float32 in the state, float64 here"):
        serialize.load(mlp(np.float64), path)


@pytest.mark.standin_exempt("files of real arrays")
def test_files_of_others(tmp_path):
    """BF16 of other programs is float32, as their users expect; a model of bfloat16 takes it all the same."""
    library = pytest.importorskip("safetensors.numpy", reason="pip install safetensors")
    model = L.Linear(3, 2, rng=0, dtype=HALF)
    library.save_file({path: p.data for path, p in model.named_params()}, tmp_path / "x.safetensors")
    assert {x.dtype for x in serialize.read(tmp_path / "x.safetensors").values()} == {np.dtype(np.float32)}
    other = L.Linear(3, 2, rng=5, dtype=HALF)
    serialize.load(other, tmp_path / "x.safetensors")
    np.testing.assert_array_equal(wide(model.W), wide(other.W))
    serialize.save(model, tmp_path / "y.safetensors")
    assert library.load_file(tmp_path / "y.safetensors")["W"].dtype == HALF
    np.savez(tmp_path / "z.npz", a=np.ones(3, HALF))
    assert serialize.read(tmp_path / "z.npz")["a"].dtype == HALF


@pytest.mark.standin_exempt("the memory of real arrays")
def test_what_has_no_bfloat16_says_so(tmp_path):
    with pytest.raises(BufferError, match="have no bfloat16 in DLPack"):
        np.from_dlpack(halves(1, 2))
    pytest.importorskip("onnx", reason="pip install onnx")
    from autograd.formats import onnx

    with pytest.raises(TypeError, match=r"0\.W must be float32, not bfloat16"):
        onnx.export(mlp(HALF), tmp_path / "x.onnx", np.ones((2, 8), np.float32))
    with pytest.raises(TypeError, match="x0 must be float32"):
        onnx.export(mlp(np.float32), tmp_path / "x.onnx", np.ones((2, 8), HALF))


@pytest.mark.standin_exempt("PyTorch takes NumPy's arrays")
class TestAgainstTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch", reason="PyTorch is optional")

    def both(self, torch, ours, theirs, *xs):
        """Values and gradients of both are within two units of the largest number of each other."""
        variables = [Variable(x.astype(HALF)) for x in xs]
        tensors = [torch.tensor(x, dtype=torch.bfloat16, requires_grad=True) for x in xs]
        y, z = ours(*variables), theirs(*tensors)
        seed = spread(*y.shape, seed=9)
        y.backward(Variable(seed.astype(HALF)))
        z.backward(torch.tensor(seed, dtype=torch.bfloat16))
        pairs = [(y, z), *[(x.grad, a.grad) for x, a in zip(variables, tensors)]]
        for a, b in pairs:
            b = b.detach().float().numpy()
            assert a.dtype == HALF
            np.testing.assert_allclose(wide(a), b, rtol=0, atol=3 * UNIT * np.abs(b).max())

    @pytest.mark.parametrize("name", ["matmul", "softmax", "gelu", "layer_norm", "conv2d", "log_softmax", "mean"])
    def test_functions(self, torch, name):
        T = torch.nn.functional
        ours, theirs, *shapes = {
            "matmul": (F.matmul, torch.matmul, (8, 16), (16, 4)),
            "softmax": (F.softmax, lambda x: T.softmax(x, -1), (8, 16)),
            "gelu": (F.gelu, T.gelu, (8, 16)),
            "layer_norm": (F.layer_norm, lambda x, g, b: T.layer_norm(x, (16,), g, b), (8, 16), (16,), (16,)),
            "conv2d": (lambda x, W: F.conv2d(x, W), T.conv2d, (2, 3, 8, 8), (4, 3, 3, 3)),
            "log_softmax": (F.log_softmax, lambda x: T.log_softmax(x, -1), (8, 16)),
            "mean": (lambda x: x.mean(0), lambda x: x.mean(0), (8, 16)),
        }[name]
        self.both(torch, ours, theirs, *[spread(*shape) for shape in shapes])

    def test_files(self, torch, tmp_path):
        from autograd import models

        net = torch.nn.Linear(3, 2).bfloat16()
        half, single = L.Linear(2, 3, dtype=HALF), L.Linear(2, 3)
        for model in (half, single):
            models.load_weights(model, net.state_dict())
            np.testing.assert_array_equal(wide(model.W), net.weight.detach().float().numpy().T)
        assert (half.W.dtype, single.W.dtype) == (HALF, np.float32)
