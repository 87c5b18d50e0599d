"""Does the stand-in catch what it is there for? Five planted mixing errors pass on NumPy and fail on it."""

from functools import partial

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Function, Variable, backend, data, grad, metrics, serialize, training
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


# It behaves as CuPy does: each line was compared with CuPy 14


@pytest.fixture
def x():
    return standin.asarray(np.arange(6.0).reshape(2, 3))


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


def test_views_and_copies(x):
    assert x.base is None
    assert x.T.base is not None
    assert x[0].base is not None
    assert x.copy().base is None
    assert standin.asarray(x) is x
    assert not np.shares_memory(x.get(), x.held)
