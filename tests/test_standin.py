"""Does the stand-in catch what it is there for? Five planted mixing errors pass on NumPy and fail on it.

And is it honest? One table of expressions says what CuPy does; both are held to it.
"""

import operator
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Function, Variable, anomaly, backend, data, grad, metrics, serialize, training
from tests import standin

pytestmark = pytest.mark.standin_exempt("is about both backends")


def numpys(x):
    return np.asarray(x)


places = [numpys, standin.asarray]


# Five planted errors. Each is a line that looks harmless, and is wrong on a GPU.


def wrong_forward(there):
    class Exp(Function):
        def forward(self, x):
            return np.exp(x)  # namespace(x).exp(x)

        def backward(self, gy):
            return gy * self.outputs[0]

    Exp()(Variable(there([1.0, 2.0]))).backward()


def wrong_backward(there):
    class Abs(Function):
        def forward(self, x):
            return abs(x)

        def backward(self, gy):
            (x,) = self.inputs
            return gy * (np.array([1.0, 1.0]) * (x > 0))  # a constant made on the CPU

    Abs()(Variable(there([1.0, 2.0]))).backward()


def wrong_optimizer(there):
    class Rprop(O.Optimizer):
        slots = ("step_size",)

        def step(self, lr, t, p, g, step_size):
            p -= lr * np.sign(g)

    x = Variable(there([1.0, 2.0]))
    (x * x).sum().backward()
    Rprop([x], lr=0.1).update()


def wrong_loader(there):
    x, t = there([[1.0], [2.0], [3.0], [4.0]]), there([0, 1, 0, 1])
    order = np.random.default_rng(0).permutation(4)
    batches = [(x[rows], t[rows]) for rows in np.split(order, 2)]  # rows belong on the data's device
    assert len(batches) == 2


def wrong_serializer(there, path):
    W = Variable(there([1.0, 2.0]))
    np.savez(path, W=W.data)  # to_numpy(W.data)


@pytest.mark.parametrize("planted", [wrong_forward, wrong_backward, wrong_optimizer, wrong_loader, wrong_serializer])
def test_a_planted_error_is_caught(planted, tmp_path):
    more = (tmp_path / "W.npz",) if planted is wrong_serializer else ()
    planted(numpys, *more)
    with pytest.raises((TypeError, ValueError)):
        planted(standin.asarray, *more)


# The real ones pass, and from either to either


def test_a_training_step_there(standin_as_gpu, tmp_path):
    """Layer, loss, optimizer, loader and file: all on the stand-in, with the numbers of NumPy."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((8, 3)), rng.integers(0, 2, 8)
    trained = {}
    for device in ("cpu", "gpu"):
        model = L.Sequential(
            L.Linear(5, 3, rng=np.random.default_rng(1)), F.tanh, L.Linear(2, 5, rng=np.random.default_rng(2))
        )
        model.to(device)
        optimizer = O.Adam(model, lr=0.1)
        for batch, labels in data.DataLoader((x, t), batch_size=4, rng=0, device=device):
            assert type(batch) is (standin.Array if device == "gpu" else np.ndarray)
            model.cleargrads()
            F.softmax_cross_entropy(model(batch), labels).backward()
            optimizer.update()
        trained[device] = {path: backend.to_numpy(p.data) for path, p in model.named_params()}
        serialize.save(model, tmp_path / f"{device}.npz")
    for path, value in trained["cpu"].items():
        np.testing.assert_allclose(trained["gpu"][path], value, rtol=1e-5)
    for saved in ("cpu", "gpu"):
        for device in ("cpu", "gpu"):
            model = L.Sequential(L.Linear(5, 3), F.tanh, L.Linear(2, 5))
            model.to(device)
            serialize.load(model, tmp_path / f"{saved}.npz")
            for path, p in model.named_params():
                assert backend.device_of(p.data) == device
                np.testing.assert_array_equal(backend.to_numpy(p.data), trained[saved][path])


def test_fit_and_evaluate_there(standin_as_gpu):
    x, t = data.spiral()
    histories = []
    for device in ("cpu", "gpu"):
        model = L.Sequential(
            L.Linear(16, 2, rng=np.random.default_rng(1)), L.BatchNorm(16), F.relu, L.Linear(3, 16, rng=2)
        )
        model.to(device)
        loader = data.DataLoader((x, t), batch_size=50, rng=0, device=device)
        measured = {"test": loader, "metric": F.accuracy}
        history = training.fit(model, F.softmax_cross_entropy, O.Momentum(model, lr=0.1), loader, epochs=2, **measured)
        histories.append(history)
    for name in ("loss", "metric", "test_loss", "gradient_norm"):
        np.testing.assert_allclose(*[getattr(history, name) for history in histories], rtol=1e-4)


def test_weights_accumulation_metrics_and_predictions_there(standin_as_gpu):
    x, t = data.spiral()
    w = np.random.default_rng(0).uniform(0, 1, len(x)).astype(np.float32)
    found = []
    for device in ("cpu", "gpu"):
        model = L.Sequential(L.Linear(16, 2, rng=1), F.relu, L.Linear(3, 16, rng=2)).to(device)
        loader = data.DataLoader((x, t, w), batch_size=70, rng=0, device=device)
        measured = {"test": loader, "metric": [metrics.f1, partial(metrics.accuracy, top=2)]}
        history = training.fit(
            model, F.softmax_cross_entropy, O.SGD(model, lr=0.1), loader, accumulate=2, epochs=2, **measured
        )
        y = training.predict(model, data.DataLoader((x, t), 70, shuffle=False, device=device))
        assert backend.device_of(y) == device
        found.append([*[history[name] for name in history if name != "seconds"], backend.to_numpy(y)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_to_the_gpu_and_back_is_differentiable(standin_as_gpu):
    x = Variable(np.array([1.0, 2.0], np.float32))
    y = (x.to("gpu") ** 3).to("cpu")
    assert type(y.data) is np.ndarray
    gx = grad(y, x, create_graph=True)
    assert type(gx.data) is np.ndarray
    assert gx.dtype == np.float32
    np.testing.assert_allclose(gx.data, [3, 12])
    np.testing.assert_allclose(grad(gx.sum(), x).data, [6, 12])


def test_mixed_devices_are_an_error_that_names_function_shapes_and_remedy():
    x, W = Variable(np.ones((2, 3))), Variable(standin.ones((3, 4)))
    for f in (lambda: x @ W, lambda: x @ W.detach(), lambda: x * standin.ones(3), lambda: F.linear(x, W)):
        with pytest.raises(
            ValueError, match=r"\w+: the arrays lie on different devices \(.*\(2, 3\).*\): move all"
        ) as e:
            f()
        assert str(e.value).partition(":")[0].lower() in ("matmul", "mul", "linear")


def test_an_index_on_another_device_is_named_too():
    x, there = Variable(np.ones((2, 3))), Variable(standin.ones((2, 3)))
    for v, index in ((there, np.array([0, 1])), (x, standin.asarray(np.array([0, 1])))):
        for wanted in (index, (index, 0)):
            with pytest.raises(ValueError, match=r"GetItem: the arrays lie on different devices \(.*\): move all"):
                v[wanted]


# Programs with both devices: what goes together, and what is an error by name


LAZY = {
    "Linear": (lambda: L.Linear(3), (2, 4)),
    "W alone": (lambda: L.Linear(3, bias=False), (2, 4)),
    "Conv2d": (lambda: L.Conv2d(3, 2), (2, 1, 4, 4)),
    "ConvTranspose2d": (lambda: L.ConvTranspose2d(3, 2), (2, 1, 4, 4)),
    "RNN": (lambda: L.RNN(3), (2, 5, 4)),
    "LSTM": (lambda: L.LSTM(3), (2, 5, 4)),
    "GRU": (lambda: L.GRU(3), (2, 5, 4)),
    "BatchNorm": (lambda: L.BatchNorm(), (2, 4)),
}


@pytest.mark.parametrize("name", LAZY)
def test_a_layer_lies_where_to_has_said(name, gpu):
    """The first input tells a size, not the device: data elsewhere are the same error as for a layer of known sizes."""
    make, shape = LAZY[name]
    x = np.ones(shape, np.float32)
    for layer, there, here in ((make(), x, gpu(x)), (make().to("gpu"), gpu(x), x)):
        with pytest.raises(ValueError, match="the arrays lie on different devices"):
            layer(here)
        y = layer(there)
        y = y[0] if isinstance(y, tuple) else y
        assert {backend.device_of(p.data) for p in layer.params()} == {backend.device_of(there)}
        assert backend.device_of(y.data) == backend.device_of(there)


def test_a_model_of_layers_without_sizes_moves_as_one(gpu):
    model = L.Sequential(L.Linear(4), F.relu, L.BatchNorm(), L.Linear(2)).to("gpu")
    model(gpu(np.ones((3, 5), np.float32))).sum().backward()
    assert {backend.device_of(x.data) for p in model.params() for x in (p, p.grad)} == {"gpu"}


@pytest.mark.parametrize("f", [lambda s: s, F.exp, F.tanh, F.relu, F.sqrt, F.sigmoid, lambda s: s**2 + 1 / s, abs])
def test_a_number_of_the_cpu_gets_its_gradient_there(f, gpu):
    """A Variable of no axes goes into a computation on the GPU as a number does; an optimizer can train it."""
    scale, x = Variable(np.array(2.0, np.float32)), np.arange(3, dtype=np.float32)
    y = (f(scale) * gpu(x)).sum()
    assert backend.device_of(y.data) == "gpu"
    y.backward()
    assert type(scale.grad.data) is np.ndarray
    again = grad((f(scale) * gpu(x)).sum(), scale, create_graph=True)
    assert type(again.data) is np.ndarray
    expected = grad((f(scale) * x).sum(), scale)
    for g in (scale.grad, again):
        np.testing.assert_allclose(g.data, expected.data, rtol=1e-6)
    O.SGD([scale], lr=0.5).update()
    assert type(scale.data) is np.ndarray
    np.testing.assert_allclose(scale.data, 2 - 0.5 * float(expected), rtol=1e-6)


def test_the_gradient_of_a_number_is_differentiated_again(gpu):
    scale = Variable(np.array(2.0))
    g = grad((scale**3 * gpu(np.ones(4))).sum(), scale, create_graph=True)
    second = grad(g, scale)
    assert (float(g), float(second), type(second.data)) == (48, 48, np.ndarray)


def test_indices_lie_where_their_table_lies(gpu):
    """One rule for all that look up: an array of indices elsewhere is an error by name, before anything is copied."""
    table = np.arange(6.0).reshape(3, 2)
    for W, index in ((gpu(table), np.array([0, 2])), (table, gpu(np.array([0, 2])))):
        for W in (W, Variable(W)):
            calls = {
                "GetItem": lambda: F.getitem(W, index), "embedding": lambda: F.embedding(W, index),
                "take": lambda: F.take(W, index, 0), "take_along_axis": lambda: F.take_along_axis(W, index[:, None], 0),
                "index_add": lambda: F.index_add(W, index, W[:2], 0),
            }  # fmt: skip
            for name, call in calls.items():
                with pytest.raises(ValueError, match=f"(?i)^{name}: the arrays lie on different devices .*: move all"):
                    call()
    W = Variable(gpu(table))
    for index in ([0, 2], gpu(np.array([0, 2]))):
        for y in (W[index], F.embedding(W, index), F.take(W, index, 0)):
            np.testing.assert_array_equal(backend.to_numpy(y.data), table[[0, 2]])
    assert W[np.int64(1)].shape == W[np.array(1)].shape == (2,)  # of no axes: a number


def test_an_empty_table_is_an_error_at_once(gpu):
    with pytest.raises(ValueError, match="embedding: the index must be empty, as W has 0 rows, not 1"):
        F.embedding(gpu(np.ones((0, 2))), gpu(np.array([1])))


def test_seeds_lie_where_their_output_lies(gpu):
    x = Variable(gpu(np.ones(3)))
    y, seed = x * 2, np.ones(3)  # a way back that only multiplies by numbers
    for call in (
        lambda: grad(y, x, seed), lambda: grad(y, x, Variable(seed)), lambda: y.backward(seed),
        lambda: grad(y, x, Variable(seed), create_graph=True),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"(grad_outputs|gradient).*: the arrays lie on different devices"):
            call()
    y.grad = Variable(seed)
    with pytest.raises(ValueError, match="grad of the output: the arrays lie on different devices"):
        y.backward()
    for number in (2.0, np.float64(2), np.array(2.0), Variable(2.0)):  # a number goes along
        assert backend.to_numpy(grad(x.sum(), x, number).data).tolist() == [2, 2, 2]
        assert backend.device_of(grad(x.sum(), x, number).data) == "gpu"


def test_a_gradient_of_another_device_is_named_by_the_optimizer(gpu):
    model = L.Linear(2, 3).to("gpu")
    model.W.grad = Variable(np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match=r"^W: the parameter and its gradient: the arrays lie on different devices"):
        O.SGD(model).update()


def test_an_error_in_a_backward_names_its_function(gpu):
    class Twice(Function):
        def forward(self, x):
            return x * 2

        def backward(self, gy):
            return gy * np.array([2.0, 2.0])

    with pytest.raises((TypeError, ValueError)) as error:
        Twice()(Variable(gpu(np.ones(2)))).backward()
    assert "in the derivative of Twice(" in "".join(error.value.__notes__)


def test_a_backward_that_gives_an_array_of_the_cpu_is_an_error(gpu):
    class Sum(Function):
        def forward(self, x):
            return x.sum()

        def backward(self, gy):
            return np.ones(2)

    x = Variable(gpu(np.ones(2)), name="weights")
    with pytest.raises(ValueError, match="the gradient of weights: the arrays lie on different devices"):
        Sum()(x).backward()


def test_the_other_order_of_bytes_goes_to_the_gpu(gpu):
    x = Variable(np.array([1.0, 2.0], ">f4"))
    y = x.to("gpu")
    assert y.dtype == np.float32
    (y * y).sum().backward()
    assert type(x.grad.data) is np.ndarray
    np.testing.assert_array_equal(x.grad.data, [2, 4])


def test_integers_of_dezero_are_differentiated_there(gpu):
    from autograd import compat  # noqa: F401
    from autograd.compat.dezero.core import Variable as Dezeros

    x = Dezeros(gpu(np.array([1, 2, 3])))
    (x * x).backward()
    assert backend.to_numpy(x.grad.data).tolist() == [2, 4, 6]
    y = x[np.array([0, 0, 2])]  # as DeZero on CuPy, an index of NumPy's goes along
    assert backend.to_numpy(y.data).tolist() == [1, 1, 3]


def test_one_seed_for_both_devices(gpu, tmp_path):
    """Weights and masks of dropout are NumPy's, bit by bit; a run goes on from a checkpoint with the next ones."""
    x, found = np.ones((64, 33), np.float32), {}
    for there in (lambda x: x, gpu):
        backend.seed(3)
        model = L.Sequential(L.Linear(40), L.Dropout(0.3)).to(backend.device_of(there(x)))
        first = model(there(x)).data
        serialize.save(tmp_path / "run.npz", model=model, generator=backend.generator)
        second = model(there(x)).data
        backend.seed(99)
        serialize.load(tmp_path / "run.npz", model=model, generator=backend.generator)
        resumed = model(there(x)).data
        found[there] = [backend.to_numpy(y) for y in (first, second, resumed)]
        np.testing.assert_array_equal(found[there][1], found[there][2])
        assert (found[there][0] != found[there][1]).any()
    for one, other in zip(*found.values()):
        np.testing.assert_array_equal(one == 0, other == 0)
        np.testing.assert_allclose(one, other, rtol=1e-5)
    backend.seed(None)


def test_an_optimizer_does_not_write_through_a_broadcast_view(gpu):
    """CuPy's broadcast views can be written into: a step there would count for each copy."""
    there = gpu(np.ones(1))
    for optimizer in (O.SGD, O.Momentum, O.Adam):
        x = Variable(backend.namespace(there).broadcast_to(there, (3,)))
        x.grad = Variable(gpu(np.ones(3)))
        optimizer([x], lr=0.5).update()
        np.testing.assert_allclose(backend.to_numpy(x.data), [0.5] * 3, rtol=1e-6)
        assert float(there[0]) == 1
    W = L.Parameter(backend.namespace(there).broadcast_to(there, (3,)))
    W.grad = Variable(gpu(np.ones(3)))
    O.SGD([W], lr=0.5).update()
    assert backend.to_numpy(W.data).tolist() == [0.5] * 3
    assert float(there[0]) == 1


def test_anomaly_finds_an_index_that_would_wrap_around(gpu):
    """On a GPU nothing looks at the numbers of an index array: that would wait for the GPU at every call."""
    x = Variable(gpu(np.arange(24.0).reshape(2, 3, 4)))
    index = gpu(np.array([0, 3]))
    np.testing.assert_array_equal(backend.to_numpy(x[:, index].data), backend.to_numpy(x.data)[:, [0, 0]])
    with anomaly():
        for good in ((..., index), (x.data[..., 0] > 15, index), (0, None, slice(2), index), gpu(np.array([-2, 1]))):
            x[good]
        for bad, axis, wrong in [((slice(None), index), 1, 3), ((..., -2 * index), 2, -6), (index, 0, 3)]:
            with pytest.raises(IndexError, match=f"must be in -.* for axis {axis}, not {wrong}, .*test_standin.py"):
                x[bad]


# It behaves as CuPy does: one table for both. `pytest -m gpu` shows a line in which they come apart.

X = np.arange(6.0).reshape(2, 3)  # x in the table; n are the same numbers as integers
BEHAVIOUR = r"""
x.__setitem__(..., [1, 2, 3])  ->  ValueError
x.__setitem__(0, (1, 2, 3))  ->  ValueError
written(x, 0, 7.0)  ->  float64 [[7.0, 7.0, 7.0], [3.0, 4.0, 5.0]]
written(x, (0, 1), xp.asarray(7.0))  ->  float64 [[0.0, 7.0, 2.0], [3.0, 4.0, 5.0]]
xp.asarray([xp.asarray(1.0), xp.asarray(2.0)])  ->  float64 [1.0, 2.0]
xp.asarray([xp.asarray(1.0), 2.0])  ->  TypeError
xp.asarray([x, [[1.0, 2.0, 3.0]] * 2])  ->  TypeError
xp.asarray([x[0], x[1]])  ->  float64 [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
xp.asarray(np.arange(3, dtype=">f4"))  ->  float32 [0.0, 1.0, 2.0]
xp.zeros(2, ">f4")  ->  ValueError
x.astype(">f4")  ->  ValueError
xp.asarray(np.ones(2, np.longdouble))  ->  ValueError
xp.asarray(np.ones(2, np.clongdouble))  ->  ValueError
xp.zeros(2, np.longdouble)  ->  ValueError
x.astype(np.longdouble)  ->  ValueError
xp.asarray(np.array(["a"]))  ->  ValueError
xp.asarray(np.array([None]))  ->  ValueError
xp.asarray(np.array(["2020-01-01"], "M8[D]"))  ->  ValueError
xp.asarray("a")  ->  ValueError
xp.asarray(None)  ->  ValueError
xp.asarray({1})  ->  ValueError
xp.asarray(range(3))  ->  int64 [0, 1, 2]
x.item(1)  ->  TypeError
x[0, 0].item(0)  ->  TypeError
x[0, 1].item()  ->  1.0
x.reshape(xp.asarray(6))  ->  TypeError
x.reshape((xp.asarray(2), 3))  ->  TypeError
x.reshape(np.array(6))  ->  TypeError
x.reshape(np.int64(6))  ->  float64 [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
x.reshape(None)  ->  TypeError
x.reshape(-1, 4)  ->  ValueError
xp.zeros(xp.asarray(3))  ->  TypeError
xp.multiply.at(x, xp.asarray([0]), 2.0)  ->  NotImplementedError
xp.subtract.at(x, xp.asarray([0]), 2.0)  ->  TypeError
xp.subtract.at(n, xp.asarray([0]), 2)  ->  TypeError
added(x, xp.asarray([1, 1]), 2.0)  ->  float64 [[0.0, 1.0, 2.0], [7.0, 8.0, 9.0]]
added(x.astype("f2"), xp.asarray([0]), 2.0)  ->  float16 [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]
added(n.astype("i4"), xp.asarray([0]), 2)  ->  int32 [[2, 3, 4], [3, 4, 5]]
xp.add.at(n.astype("i1"), xp.asarray([0]), 2)  ->  TypeError
xp.add.at(n.astype("u2"), xp.asarray([0]), 2)  ->  TypeError
xp.add.at(n > 1, xp.asarray([0]), True)  ->  TypeError
xp.maximum.reduce(x)  ->  NotImplementedError
xp.add.reduce(x)  ->  float64 [3.0, 5.0, 7.0]
xp.add.accumulate(x)  ->  float64 [[0.0, 1.0, 2.0], [3.0, 5.0, 7.0]]
xp.einsum("ij->i", x, out=xp.zeros(2))  ->  TypeError
xp.einsum("ij,ij->i", x, x)  ->  float64 [5.0, 50.0]
x.take(xp.asarray([5, -3]), axis=0)  ->  float64 [[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]
xp.take(x, xp.asarray([7]))  ->  float64 [1.0]
x.take([0, 1], axis=1)  ->  float64 [[0.0, 1.0], [3.0, 4.0]]
x.take(xp.asarray([5]), axis=0, mode="clip")  ->  TypeError
x[xp.asarray([5, -1])]  ->  float64 [[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]
x[[5]]  ->  float64 [[3.0, 4.0, 5.0]]
x[5]  ->  IndexError
x[:, xp.asarray([4])]  ->  float64 [[1.0], [4.0]]
x[1.0]  ->  float64 [3.0, 4.0, 5.0]
x[xp.asarray(1):]  ->  float64 [[3.0, 4.0, 5.0]]
x[xp.asarray(1)]  ->  float64 [3.0, 4.0, 5.0]
x[xp.asarray([1.0])]  ->  IndexError
x[[True, False]]  ->  float64 [[0.0, 1.0, 2.0]]
x[x > 2]  ->  float64 [3.0, 4.0, 5.0]
x[True]  ->  float64 [[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]
n ** -1  ->  int64 [[0, 1, 0], [0, 0, 0]]
n ** 2  ->  int64 [[0, 1, 4], [9, 16, 25]]
2 ** n  ->  int64 [[1, 2, 4], [8, 16, 32]]
xp.power(n, -1)  ->  int64 [[0, 1, 0], [0, 0, 0]]
n // 0  ->  int64 [[0, 0, 0], [0, 0, 0]]
n % 0  ->  int64 [[0, 0, 0], [0, 0, 0]]
n / 0  ->  float64 [[nan, inf, inf], [inf, inf, inf]]
x / 0.0  ->  float64 [[nan, inf, inf], [inf, inf, inf]]
x // 0.0  ->  float64 [[nan, inf, inf], [inf, inf, inf]]
xp.log(x * 0)  ->  float64 [[-inf, -inf, -inf], [-inf, -inf, -inf]]
xp.reciprocal(x)  ->  float64 [[inf, 1.0, 0.5], [0.3333333333333333, 0.25, 0.2]]
xp.zeros((0, 3)).mean()  ->  float64 nan
xp.zeros((0, 3)).max(axis=0)  ->  ValueError
xp.zeros((0, 3)).sum(axis=0)  ->  float64 [0.0, 0.0, 0.0]
bool(xp.zeros(0))  ->  DeprecationWarning
bool(x)  ->  ValueError
bool(x[0, 0])  ->  False
x == None  ->  bool [[False, False, False], [False, False, False]]
x != None  ->  bool [[True, True, True], [True, True, True]]
x < None  ->  TypeError
x == [0.0, 1.0, 2.0]  ->  TypeError
x + [1, 2, 3]  ->  TypeError
x + None  ->  TypeError
x + "a"  ->  TypeError
x + 1j  ->  complex128 [[1j, (1+1j), (2+1j)], [(3+1j), (4+1j), (5+1j)]]
x.astype("f4") + np.float32(1)  ->  float32 [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
x.astype("f4") + np.float64(1)  ->  float64 [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
np.float64(2) * x.astype("f4")  ->  float64 [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]
(np.float64(2) ** x).dtype  ->  dtype('float64')
n + 0.5  ->  float64 [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]
n.astype("i1") + 200  ->  OverflowError
n.astype("u1") + 1  ->  uint8 [[1, 2, 3], [4, 5, 6]]
(n > 1) - (n > 2)  ->  TypeError
-(n > 1)  ->  TypeError
~(n > 1)  ->  bool [[True, True, False], [False, False, False]]
(n > 1) + (n > 2)  ->  bool [[False, False, True], [True, True, True]]
x & x  ->  TypeError
divmod(x, 2)  ->  float64 [[0.0, 0.0, 1.0], [1.0, 2.0, 2.0]], float64 [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
divmod(7.0, x + 1)  ->  float64 [[7.0, 3.0, 2.0], [1.0, 1.0, 1.0]], float64 [[0.0, 1.0, 1.0], [3.0, 2.0, 1.0]]
n << 1  ->  int64 [[0, 2, 4], [6, 8, 10]]
n >> 1  ->  int64 [[0, 0, 1], [1, 2, 2]]
1 << n  ->  int64 [[1, 2, 4], [8, 16, 32]]
n ^ 3  ->  int64 [[3, 2, 1], [0, 7, 6]]
x ^ 3  ->  TypeError
in_place("ixor", n, 1)  ->  int64 [[1, 0, 3], [2, 5, 4]]
in_place("ilshift", n, 1)  ->  int64 [[0, 2, 4], [6, 8, 10]]
in_place("iadd", n, 0.5)  ->  TypeError
in_place("itruediv", n, 2)  ->  TypeError
in_place("iadd", x.astype("f4"), xp.ones((2, 3)))  ->  float32 [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
in_place("iadd", x[0], x)  ->  ValueError
written(xp.broadcast_to(xp.asarray([1.0]), (3,)), 0, 5.0)  ->  float64 [5.0, 5.0, 5.0]
f"{x[0, 1]:.2f}"  ->  '1.00'
f"{x}"  ->  '[[0. 1. 2.]\n [3. 4. 5.]]'
str(x)  ->  '[[0. 1. 2.]\n [3. 4. 5.]]'
repr(x)  ->  'array([[0., 1., 2.],\n       [3., 4., 5.]])'
x.astype(x.dtype, copy=False) is x  ->  True
x.astype(x.dtype) is x  ->  False
xp.ascontiguousarray(x) is x  ->  True
x.real is x  ->  True
xp.real(x) is x  ->  True
xp.atleast_1d(x) is x  ->  True
x.squeeze() is x  ->  True
x.conj() is x  ->  True
xp.array(x, copy=False) is x  ->  True
xp.asarray(x) is x  ->  True
x.reshape(x.shape) is x  ->  False
x[...] is x  ->  False
x.ravel() is x  ->  False
+x is x  ->  False
x.T.base is x  ->  True
x[0][1:].base is x  ->  True
x.base is None  ->  True
x.reshape(3, 2).base is None  ->  False
x.T.reshape(6).base is None  ->  True
x.T.copy().base is None  ->  True
x[xp.asarray([0])].base is None  ->  True
xp.asarray(np.ones((2, 3)).T).base is None  ->  True
xp.broadcast_to(x, (4, 2, 3)).base is x  ->  True
xp.einsum("ij->ji", x).base is x  ->  True
x.take(xp.asarray([0]), axis=0).base is None  ->  True
order(x.T)  ->  'columns'
order(x.T + x.T)  ->  'rows'
order(x.T * 2)  ->  'rows'
order(-x.T)  ->  'rows'
order(xp.exp(x.T))  ->  'rows'
order(xp.maximum(x.T, 0.0))  ->  'rows'
order(xp.where(x.T > 1, x.T, 0.0))  ->  'rows'
order(x.T.copy())  ->  'rows'
order(xp.copy(x.T))  ->  'columns'
order(x.T.astype("f4"))  ->  'columns'
order(xp.zeros_like(x.T))  ->  'columns'
order(xp.asarray(np.ones((2, 3)).T))  ->  'columns'
order(xp.concatenate([x.T, x.T]))  ->  'rows'
order(x.T @ x)  ->  'rows'
order(xp.ascontiguousarray(x.T))  ->  'rows'
order(x.T[xp.asarray([0, 1])])  ->  'rows'
x.flags["C_CONTIGUOUS"]  ->  True
x.flags.writeable  ->  AttributeError
x.setflags  ->  AttributeError
x.__index__  ->  AttributeError
x.__array_interface__  ->  AttributeError
xp.errstate  ->  AttributeError
xp.einsum_path  ->  AttributeError
xp.nditer  ->  AttributeError
xp.frompyfunc  ->  AttributeError
range(xp.asarray(3))  ->  TypeError
round(x[0, 0])  ->  TypeError
int(x[0, 1])  ->  1
float(x)  ->  TypeError
float(x[:1, :1])  ->  TypeError
len(x[0, 0])  ->  TypeError
hash(x)  ->  TypeError
np.asarray(x)  ->  TypeError
float(np.float64(2) * x[0, 1])  ->  2.0
np.shape(x)  ->  (2, 3)
np.result_type(x, np.float32)  ->  dtype('float64')
x.max(initial=0.0)  ->  TypeError
x.sum(where=x > 0)  ->  TypeError
xp.sum(x, where=x > 1)  ->  TypeError
xp.exp(x, where=x > 0)  ->  TypeError
x.max(axis=2)  ->  AxisError
x.max(axis=(0, 1))  ->  float64 5.0
x.argmax(axis=1)  ->  int64 [2, 2]
n.mean()  ->  float64 2.5
(n > 1).sum()  ->  int64 4
n.astype("u1").sum()  ->  uint64 15
xp.exp(n).dtype  ->  dtype('float64')
xp.exp(n.astype("i1")).dtype  ->  dtype('float16')
xp.exp(n > 1).dtype  ->  dtype('float16')
xp.square(x, out=xp.zeros((2, 3)))  ->  float64 [[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]
xp.square(x, out=xp.zeros((2, 3), "f4"))  ->  float32 [[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]
xp.square(3.0)  ->  float64 9.0
xp.exp([1.0])  ->  TypeError
xp.maximum(x, [1.0, 2.0, 3.0])  ->  TypeError
xp.where(n > 1, 1.0, 0.0)  ->  float64 [[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
xp.where(n > 1, x.astype("f4"), 0.0)  ->  float32 [[0.0, 0.0, 2.0], [3.0, 4.0, 5.0]]
xp.where(n > 1, x, [1.0, 1.0, 1.0])  ->  TypeError
xp.concatenate([x, [[1.0, 1.0, 1.0]]])  ->  TypeError
xp.concatenate([x, n])  ->  float64 [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
xp.concat([x, x])  ->  float64 [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
xp.stack([x[0], x[1]])  ->  float64 [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
xp.einsum("ij,j->i", x, [1.0, 1.0, 1.0])  ->  float64 [3.0, 12.0]
x @ [1.0, 1.0, 1.0]  ->  TypeError
x @ x  ->  ValueError
x[0] @ x[0]  ->  float64 5.0
x + x[:, :2]  ->  ValueError
xp.allclose(x, x)  ->  bool True
xp.array_equal(x, x)  ->  bool True
xp.full((2,), xp.asarray(3.0))  ->  float64 [3.0, 3.0]
xp.repeat(x, 2, axis=0)  ->  float64 [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]
xp.bincount(n.ravel(), x.ravel(), 9)  ->  float64 [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0, 0.0]
xp.lib.stride_tricks.as_strided(x, (2, 2), (24, 8))  ->  float64 [[0.0, 1.0], [3.0, 4.0]]
xp.lib.stride_tricks.sliding_window_view(x, 2, axis=1)  ->  float64 [[[0.0, 1.0], [1.0, 2.0]], [[3.0, 4.0], [4.0, 5.0]]]
x.mT  ->  float64 [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
x.T.tobytes() == x.T.copy().tobytes()  ->  True
x.view("i8").shape  ->  (2, 3)
xp.asnumpy(x).tolist()  ->  [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
"""


def written(x, index, value):
    x[index] = value
    return x


def added(xp, x, index, value):
    xp.add.at(x, index, value)
    return x


def in_place(name, x, y):
    return getattr(operator, name)(x, y)


def order(y):
    return "rows" if y.flags.c_contiguous else "columns" if y.flags.f_contiguous else "neither"


def plain(y, xp):
    """A result as text: an array by its dtype and numbers, anything else as Python shows it."""
    if isinstance(y, (tuple, list)) and any(isinstance(part, xp.ndarray) for part in y):
        return ", ".join([plain(part, xp) for part in y])
    return f"{y.dtype} {xp.asnumpy(y).tolist()}" if isinstance(y, xp.ndarray) else repr(y)


def outcome(source, xp):
    """What an expression gives with this module, as text: the class of the error if it fails, or warns."""
    names = {"np": np, "xp": xp, "x": xp.asarray(X), "n": xp.asarray(X.astype(int))}
    names |= {"written": written, "added": partial(added, xp), "in_place": in_place, "order": order}
    try:
        return plain(eval(source, names), xp)
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("line", BEHAVIOUR.strip().splitlines())
def test_it_behaves_as_cupy_does(line, other_device):
    source, expected = line.split("  ->  ")
    assert outcome(source, backend.namespace(other_device(X))) == expected


# Where CuPy forgives what a program should not do, the stand-in does not


@pytest.fixture
def x():
    return standin.asarray(X)


STRICTER = r"""
np.exp(x)
np.sum(x)
np.add(x, 1.0)
np.zeros_like(x)
np.concatenate([x, x])
np.transpose(x)
x[np.array([0])]
x[np.array([True, False])]
x.take(np.array([0]), axis=0)
written(x, 0, np.array(3.0))
written(x, 0, None)
xp.einsum("ij,ij->i", x, np.ones((2, 3)))
xp.zeros_like(np.ones(3))
xp.full((2,), np.array(3.0))
"""


@pytest.mark.parametrize("source", STRICTER.strip().splitlines())
def test_it_is_stricter_than_cupy(source, other_device):
    """CuPy takes NumPy's arrays here, by a hidden copy. A program should not rely on it."""
    xp = backend.namespace(other_device(X))
    assert (outcome(source, xp) == "TypeError") == (xp is standin)


def test_numpy_does_not_get_in(x):
    a = np.ones((2, 3))
    for f in (
        lambda: x + a, lambda: a + x, lambda: a @ x.T, lambda: x == a, lambda: standin.exp(a),
        lambda: standin.add(x, a), lambda: standin.concatenate([x, a]), lambda: standin.einsum("ij,ij->i", x, a),
        lambda: x[np.array([0])],
        lambda: x.__setitem__(0, a[0]), lambda: x.__iadd__(a), lambda: standin.add.at(x, np.array([0]), 1.0),
        lambda: standin.where(x > 1, x, a), lambda: standin.maximum(x, [1.0, 2.0, 3.0]), lambda: x * [1.0, 2.0, 3.0],
        lambda: standin.sum([1.0, 2.0]), lambda: standin.prod((2, 3)),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            f()


def test_it_does_not_get_into_numpy(x):
    for f in (
        np.asarray,
        np.array,
        np.exp,
        np.sum,
        np.zeros_like,
        np.transpose,
        np.copy,
        lambda x: np.concatenate([x, x]),
        float,
    ):
        with pytest.raises(TypeError):
            f(x)
    assert (np.shape(x), np.ndim(x), np.result_type(x, np.float32)) == ((2, 3), 2, np.float64)


def test_numbers_are_welcome_and_weak(x):
    narrow = x.astype(standin.float32)
    for y in (
        narrow * 2.0,
        2 * narrow,
        standin.maximum(narrow, 0.5),
        narrow**2,
        standin.where(narrow > 1, 0.0, narrow),
    ):
        assert y.dtype == np.float32
    assert (narrow * np.float64(2)).dtype == np.float64
    assert (np.float64(2) * narrow).dtype == np.float64


def test_nothing_is_a_scalar(x):
    for y in (
        x.sum(),
        x[0, 0],
        x.max(),
        standin.sum(x),
        standin.add(1.0, 2.0),
        x.mean(axis=0)[1],
        next(iter(x))[0],
        x[0, 0][()],
    ):
        assert type(y) is standin.Array
        assert y.shape == ()
    assert (float(x.sum()), x[0, 1].item(), bool(x[0, 1] > 0), len(x)) == (15.0, 1.0, True, 2)
    with pytest.raises(TypeError):
        hash(x)


def test_integers_out_of_bounds_wrap_in_index_arrays(x):
    np.testing.assert_array_equal(standin.asnumpy(x[standin.asarray([5, -1])]), [[3, 4, 5], [3, 4, 5]])
    np.testing.assert_array_equal(standin.asnumpy(x[:, standin.asarray([4])]), [[1], [4]])
    standin.add.at(x, (standin.asarray([2]), standin.asarray([3])), 10.0)
    assert float(x[0, 0]) == 10
    with pytest.raises(IndexError):
        x[5]


def test_what_cupy_lacks_is_lacking(x):
    for name in ("errstate", "einsum_path", "nditer", "frompyfunc"):
        assert not hasattr(standin, name)
    for name in ("setflags", "__index__", "__array_interface__", "tofile"):
        assert not hasattr(x, name)
    assert not hasattr(x.flags, "writeable")
    for f in (lambda: x.max(initial=0.0), lambda: standin.sum(x, where=x > 0), lambda: standin.exp(x, where=x > 0)):
        with pytest.raises(TypeError, match="unexpected keyword"):
            f()


@pytest.mark.gpu
def test_special_functions_that_cupy_lacks(other_device):
    module = backend.special(other_device(X))
    assert [name for name in standin.SpecialFunctions.LACKING if hasattr(module, name)] == []


def test_views_and_copies(x):
    assert x.base is None
    assert x.T.base is not None
    assert x[0].base is not None
    assert x.copy().base is None
    assert standin.asarray(x) is x
    assert not np.shares_memory(x.get(), x.held)


@pytest.mark.skipif(backend.gpu_available(), reason="there is a GPU")
def test_the_suite_on_a_gpu_is_refused_where_there_is_none():
    command = [sys.executable, "-m", "pytest", "--gpu", "-q", "-p", "no:cacheprovider", "tests/test_config.py"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--gpu: computing on a GPU needs CuPy: pip install" in found.stderr or "--gpu: CuPy" in found.stderr
