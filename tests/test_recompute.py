"""`ag.checkpoint` against the plain graph, at orders 1 to 3, and against numeric derivatives."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, checkpoint, grad, no_grad, testing

rng = np.random.default_rng(0)
W = LAYER = None  # what the functions below read


@pytest.fixture(autouse=True)
def parts():
    global W, LAYER
    W = Variable(np.random.default_rng(0).standard_normal((3, 3)) * 0.5)
    LAYER = L.Sequential(L.Linear(3, 3, dtype=float, rng=0), F.tanh, L.LayerNorm(3, dtype=float))


def plain(f, *xs):
    return f(*xs)


def a_layer(run, x):
    return run(LAYER, x)


def a_closure(run, x):
    return run(lambda h: F.tanh(h @ W) * x, x * x)


def a_computed_closure(run, x):
    h = F.sin(x @ W)
    return run(lambda x: F.tanh(x @ W) * h + h**2, x * 2)


def several_outputs(run, x):
    a, b = run(lambda x: (F.exp(x @ W), F.sin(x)), x)
    return a * b + a


def an_input_passes_through(run, x):
    h = x * x
    a, same, b = run(lambda h: (h @ W, h, W), h)
    assert same is h
    assert b is W
    return a * same + b


def structures(run, x):
    pair, found = {"a": x * 2, "b": [x, 3.0, np.ones(3)]}, None
    found = run(lambda pair, k: {"y": pair["a"] * pair["b"][0] + pair["b"][2], "n": (k, pair["b"][1])}, pair, "k")
    assert found["n"] == ("k", 3.0)
    return found["y"]


def one_output_twice(run, x):
    def f(x):
        h = F.tanh(x @ W)
        return h, h

    a, b = run(f, x)
    return a * x + b**2


def nested(run, x):
    return run(lambda x: run(lambda h: F.tanh(h @ W), x * x) * run(F.sin, x) + x, x)


def in_a_row(run, x):
    for _ in range(3):
        x = run(lambda x: F.tanh(x @ W) + x, x)
    return x


def one_variable_twice(run, x):
    return run(lambda a, b: F.tanh(a @ W) * b + a * x, x, x)


def gradients_inside(run, x):
    return run(lambda x: grad((F.tanh(x @ W) ** 2).sum(), x, create_graph=True) * x, x * 1.5)


def not_differentiable(run, x):
    y, index, there, count = run(lambda x: (F.sort(x * x), np.argsort(x.data), x > 0, 3), x)
    assert isinstance(there, np.ndarray)
    assert count == 3
    return y * there + index


def no_parameters(run, x):
    return run(F.exp, x)


def a_stack(run, x):
    return run(lambda x: Variable([x * x, F.sin(x)]), x)


FUNCTIONS = [
    a_layer, a_closure, a_computed_closure, several_outputs, one_output_twice, an_input_passes_through, structures,
    nested, in_a_row, one_variable_twice, gradients_inside, not_differentiable, no_parameters,
    pytest.param(a_stack, marks=pytest.mark.standin_exempt("Variable takes lists of Variables only by itself")),
]  # fmt: skip


def derivatives(f, run, order=3):
    """The value and the gradients in x, W and the layer's parameters, of orders 1 to 3."""
    x = Variable(np.linspace(-1.0, 1.3, 9).reshape(3, 3))
    leaves = [x, W, *LAYER.params()]
    found = [(f(run, x) ** 3).sum()]
    for _ in range(order):
        gxs = grad(found[-1], leaves, create_graph=True)
        found += [*gxs, sum([(gx**2).sum() for gx in gxs])]
    return [y.data for y in found]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_every_order_is_that_of_the_plain_graph(f):
    for found, expected in zip(derivatives(f, checkpoint), derivatives(f, plain), strict=True):
        scale = max(1.0, abs(expected).max())
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_numeric_derivatives(f):
    if f is not_differentiable:
        pytest.skip("the order of the elements jumps")
    testing.check_gradients(lambda x: f(checkpoint, x), rng.standard_normal((3, 3)))


def test_backward_adds_to_the_leaves_as_the_plain_graph_does():
    def gradients(run):
        x = Variable(np.linspace(-1.0, 1.3, 9).reshape(3, 3))
        W.cleargrad()
        y = in_a_row(run, x)
        (y**2).sum().backward(keep_graph=True)
        (y * 2).sum().backward()
        return x.grad.data, W.grad.data

    for found, expected in zip(gradients(checkpoint), gradients(plain)):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_f_is_called_twice_and_keeps_its_inputs_alone():
    calls, inner = [], []

    def f(x):
        h = F.exp(x)
        calls.append(1)
        inner.append(weakref.ref(h))
        return F.sin(h)

    x = Variable(np.ones((3, 3)))
    y = checkpoint(f, x)
    assert len(calls) == 1
    assert inner[0]() is None
    assert type(y.creator).__name__ == "Recomputed"
    y.sum().backward()
    assert len(calls) == 2
    assert inner[1]() is None
    np.testing.assert_allclose(x.grad.data, np.cos(np.e) * np.e)


def test_the_second_computation_belongs_to_the_forward_pass_at_every_order():
    """Kernels may take another way where a recorded backward pass has made a value."""
    made = []

    def f(x):
        h = F.exp(x)
        made.append(h.creator.made_by)
        return F.sin(h)

    x = Variable(np.ones(3))
    g = grad(checkpoint(f, x).sum(), x, create_graph=True)
    grad(g.sum(), x)
    assert made == [None, None]


def test_without_a_graph_it_is_f_itself():
    x = Variable(np.ones(3))
    with no_grad():
        assert checkpoint(F.exp, x).creator is None
    assert isinstance(checkpoint(F.exp, np.ones(3)), np.ndarray)
    assert checkpoint(lambda: 3) == 3
    assert checkpoint(lambda x: x, x) is x
    assert checkpoint(lambda x: x.detach(), x).creator is None
    y = checkpoint(lambda x: (x.detach(), x * 2), x)
    (y[0] * y[1]).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2 * np.ones(3))


def test_an_output_without_a_gradient_has_none():
    """Zeros in its place would give 0 times infinity."""
    x = Variable(np.array([0.0, 1.0]))
    y, _ = checkpoint(lambda x: (x * 2, F.sqrt(x)), x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2, 2])


class Noisy(L.Layer):
    """Dropout in three ways: of the shared generator, of one of its own, and numbers that the program draws."""

    def __init__(self):
        self.linear = L.Linear(8)
        self.own = L.Dropout(0.4, rng=np.random.default_rng(1))

    def forward(self, x):
        x = self.own(F.dropout(x, 0.3))
        return F.dropout(self.linear(x), 0.3) + ag.generator().standard_normal(8) * x


@pytest.mark.standin_exempt("the program draws NumPy's arrays")
@pytest.mark.parametrize("lazy", [True, False])
def test_dropout_has_one_mask(lazy):
    def steps(run):
        ag.seed(5)
        model = Noisy()
        if not lazy:
            model(np.ones((1, 8), np.float32))
        x, found = Variable(np.ones((4, 8), np.float32)), []
        for _ in range(2):
            y = run(model, run(model, x))
            grads = grad((y**2).sum(), [x, model.linear.W])
            found += [y.data, *[g.data for g in grads]]
        return [*found, ag.generator().random(3), model.own.rng.random(3)]

    for found, expected in zip(steps(checkpoint), steps(plain), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_running_statistics_move_once():
    def steps(run):
        model = L.Sequential(L.Linear(4, rng=0), L.BatchNorm(), F.relu, L.BatchNorm())
        x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
        for k in range(3):
            model.cleargrads()
            (run(model, Variable(x * (k + 1))) ** 3).sum().backward()
        return [*[b.data for _, b in model.named_buffers()], *[p.grad.data for p in model.params()]]

    for found, expected in zip(steps(checkpoint), steps(plain), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_buffer_on_which_the_result_depends_is_the_old_one_again():
    class Counting(L.Layer):
        def __init__(self):
            self.count = L.Buffer(np.zeros(1))

        def forward(self, x):
            self.count.data = self.count.data + 1.0
            return x * x * self.count.data

    model, x = Counting(), Variable(np.array([3.0]))
    y = checkpoint(model, checkpoint(model, x))
    assert model.count.data[0] == 2
    y.backward()
    assert model.count.data[0] == 2
    np.testing.assert_allclose(x.grad.data, 2 * 4 * 3.0**3)  # y = 2 (x^2)^2


def test_the_mode_is_that_of_the_first_computation():
    model = L.Sequential(L.Dropout(0.5), L.BatchNorm(3))
    x = Variable(np.ones((2, 3), np.float32))
    with ag.test_mode():
        y = checkpoint(model, x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, 1 / np.sqrt(1 + 1e-5), rtol=1e-6)
    model, x = L.Dropout(0.5, rng=0), Variable(np.ones(100))
    y = checkpoint(model, x)
    with ag.test_mode(), no_grad():
        y.backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    with ag.default_dtype(np.float32):
        y = checkpoint(lambda x: x * Variable([1.0, 2.0]).data, Variable(np.ones(2, np.float32)))
    y.sum().backward()


def test_a_recurrent_layer_that_goes_on():
    def steps(run):
        layer = L.LSTM(3, in_size=2, rng=0)
        xs = np.random.default_rng(0).standard_normal((4, 5, 2)).astype(np.float32)
        ys = [run(layer, Variable(x)) for x in xs]
        sum([(y**2).sum() for y in ys]).backward()
        return [layer.h.data, *[p.grad.data for p in layer.params()]]

    for found, expected in zip(steps(checkpoint), steps(plain), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_derivatives_of_functions():
    x, v = rng.standard_normal(4), rng.standard_normal(4)
    f = lambda run: lambda x: run(lambda x: F.tanh(x * x) * x, x)  # noqa: E731
    total = lambda run: lambda x: f(run)(x).sum() ** 2  # noqa: E731
    for derivative in (
        lambda run: ag.jvp(f(run), x, v)[1],
        lambda run: ag.vjp(f(run), x, v)[1],
        lambda run: ag.jacobian(f(run), x),
        lambda run: ag.hessian(total(run), x),
        lambda run: ag.hvp(total(run), x, v)[1],
        lambda run: ag.vmap(f(run))(Variable(np.stack([x, v]))),
        lambda run: ag.value_and_grad(lambda x: ag.vmap(f(run))(x).sum(), np.stack([x, v]))[1],
    ):
        np.testing.assert_allclose(derivative(checkpoint).data, derivative(plain).data, rtol=1e-10)


@pytest.mark.standin_exempt("parameters are NumPy's")
def test_a_layer_as_a_function_of_its_parameters():
    """Its parameters have other values and places in the graph during the call, and not during the walk back."""
    x = rng.standard_normal((2, 3))
    params = {path: p.data * 0.7 for path, p in LAYER.named_params()}
    loss = lambda run: lambda p: (ag.functional_call(Wrapped(run), p, x) ** 3).sum()  # noqa: E731

    class Wrapped(L.Layer):
        def __init__(self, run):
            self.run, self.inner = run, LAYER

        def forward(self, x):
            return self.run(self.inner, x)

    params = {f"inner.{path}": p for path, p in params.items()}
    found, expected = [ag.value_and_grad(loss(run), params) for run in (checkpoint, plain)]
    np.testing.assert_allclose(found[0].data, expected[0].data)
    for path in params:
        np.testing.assert_allclose(found[1][path].data, expected[1][path].data, rtol=1e-10, atol=1e-12)
    v = {path: np.ones(p.shape) for path, p in params.items()}
    found, expected = [ag.hvp(loss(run), params, v)[1] for run in (checkpoint, plain)]
    for path in params:
        np.testing.assert_allclose(found[path].data, expected[path].data, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        *[
            ag.hvp(lambda model: (model(x) ** 3).sum(), Wrapped(run), v)[1]["inner.0.W"].data
            for run in (checkpoint, plain)
        ]
    )


@pytest.mark.standin_exempt("a step is written down in NumPy")
def test_a_captured_step():
    def steps(run, capture):
        ag.seed(0)
        model = L.Sequential(L.Linear(4, 3, rng=0), F.tanh, L.Dropout(0.3), L.Linear(2, 4, rng=1))
        optimizer = O.Adam(model, 0.1)

        def step(x, t):
            model.cleargrads()
            loss = F.mean_squared_error(run(model, x), t)
            loss.backward()
            optimizer.update()
            return loss

        step = ag.capture(step) if capture else step
        x, t = np.ones((5, 3), np.float32), np.zeros((5, 2), np.float32)
        return [float(step(Variable(x), t)) for _ in range(6)]

    np.testing.assert_allclose(steps(checkpoint, True), steps(plain, False), rtol=1e-6)
    assert steps(checkpoint, False) == steps(plain, False)


def test_watchers_see_it():
    x = Variable(np.ones((4, 4)))
    with ag.profile() as profile:
        checkpoint(lambda x: F.exp(x) * x, x).sum().backward()
    assert "Exp" in str(profile)
    with ag.anomaly():
        checkpoint(lambda x: F.exp(x) * x, x).sum().backward()
        with pytest.raises(FloatingPointError):
            checkpoint(lambda x: F.log(x), x - 2.0).sum().backward()


def test_frozen_parameters_and_training():
    model = L.Sequential(L.Linear(3, 3, rng=0), F.tanh, L.Linear(1, 3, rng=1))
    model[0].freeze()
    optimizer = O.SGD(model, 0.1)
    losses = []
    for _ in range(5):
        loss = (checkpoint(model, Variable(np.ones((2, 3), np.float32))) ** 2).mean()
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss))
    assert model[0].W.grad is None
    assert losses[-1] < losses[0]
    model[0].thaw()
    y = checkpoint(model[0], np.ones((2, 3), np.float32))
    y.sum().backward()
    assert model[0].W.grad is not None


@pytest.mark.standin_exempt("only values of NumPy's arrays are compared")
@pytest.mark.parametrize("kind", ["loop", "state", "noise", "count", "parameter", "freed"])
def test_what_cannot_be_computed_again_is_an_error(kind):
    x = Variable(np.full((70, 70), 0.5))
    if kind == "loop":
        h, layers = x, [L.Linear(70, 70, rng=0, dtype=float), L.Linear(70, 70, rng=0, dtype=float)]
        for layer in layers:
            h = checkpoint(lambda h: layer(h), h)  # at the walk back both are the last layer
        with pytest.raises(
            RuntimeError, match=r"checkpoint: f must compute the same.*(lambda in a loop|values differ)"
        ):
            h.sum().backward()
        return
    if kind == "freed":
        y = checkpoint(F.exp, x).sum()
        y.backward()
        with pytest.raises(RuntimeError, match=r"checkpoint: .*keep_graph=True"):
            y.backward()
        return
    if kind == "parameter":
        p = L.Parameter(np.ones((70, 70)))
        y = checkpoint(lambda x: x * p * p, x).sum()
        p.data = p.data * 2
        with pytest.raises(RuntimeError, match="was changed after"):
            y.backward()
        return
    calls, own = [], np.random.default_rng(0)

    def f(x):
        calls.append(1)
        if kind == "state":
            return x * float(len(calls))
        if kind == "count":
            return [x * 2.0, x * 3.0][: 3 - len(calls)]
        return x * own.standard_normal(x.shape)

    y = checkpoint(f, x)
    with pytest.raises(RuntimeError, match=r"checkpoint: f must compute the same.*values differ.*ag.generator"):
        (y[0] + y[-1]).sum().backward()


def test_wrong_arguments():
    with pytest.raises(TypeError, match="checkpoint: f must be a function, not"):
        checkpoint(3, Variable(1.0))
    with pytest.raises(TypeError, match=r"checkpoint has no argument use_reentrant=: leave it out"):
        checkpoint(F.exp, Variable(1.0), use_reentrant=False)


@pytest.mark.standin_exempt("counts NumPy's buffers")
def test_memory_of_a_chain():
    """36 blocks of two arrays: all, or 6 inputs and 6 blocks, and some gradients."""
    blocks = [L.Linear(20, 20, rng=i) for i in range(36)]

    def peak(run):
        x = Variable(np.ones((1000, 20), np.float32))
        tracemalloc.start()
        try:
            for i in range(0, 36, 6):
                x = run(L.Sequential(*[part for block in blocks[i : i + 6] for part in (block, F.tanh)]), x)
            x.sum().backward()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(checkpoint) < 0.6 * peak(plain)


def test_it_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        x = Variable(np.ones((70, 70)))
        y = checkpoint(lambda x: F.exp(x) * W.sum(), x * 2)
        g = grad(y.sum(), x, create_graph=True)
        nodes = [weakref.ref(v.node) for v in (y, g)]
        del y, g
        assert [node() for node in nodes] == [None, None]
        y = checkpoint(lambda x: F.exp(x) * W.sum(), x * 2)
        inner = weakref.ref(y.creator.again)
        y.sum().backward()
        assert inner() is None, "a kept result keeps no function"
    finally:
        gc.enable()


@pytest.mark.standin_exempt("draws by NumPy's own generator")
@pytest.mark.parametrize("dtype", ["e", "f", "d"])
@pytest.mark.parametrize("n", [8, 100, 100_000])
def test_other_values_of_the_second_computation_are_seen(n, dtype):
    """Another mask, another order, another sign: each has the sums of the first, or nearly so."""
    rng, turns = np.random.default_rng(0), iter(range(1000))
    x = rng.standard_normal(n).astype(dtype)
    half = np.arange(n) % 2 == 0
    fs = {
        "mask of equal sums": lambda x: x * (half if next(turns) % 2 else ~half).astype(dtype),
        "order": lambda x: x[rng.permutation(n)] * 2,
        "sign": lambda x: x * (1.0 if next(turns) % 2 else -1.0),
        "mask": lambda x: x * (rng.random(n) < 0.5).astype(dtype),
    }
    for f in fs.values():
        y = ag.checkpoint(f, ag.Variable(x)).sum()
        with pytest.raises(RuntimeError, match="its values differ"):
            y.backward()
    y = ag.checkpoint(lambda x: x * 2, ag.Variable(x)).sum()
    y.backward()
