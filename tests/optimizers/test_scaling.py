"""float16 with float32 copies of the weights, and a scaled loss."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, serialize, training
from autograd.checkpoints import Checkpoints


def mlp(dtype, rng=0):
    return L.Sequential(L.Linear(32, 8, rng=rng, dtype=dtype), F.tanh, L.Linear(3, 32, rng=rng + 1, dtype=dtype))


def samples(n=96):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 8)).astype(np.float32)
    return x, (x[:, :3] + 0.1 * rng.standard_normal((n, 3))).argmax(1)


def trained(dtype, make, steps=150):
    """The losses of steps by hand, with a small learning rate."""
    model = mlp(dtype)
    optimizer = make(model)
    x, t = samples()
    losses = []
    for _ in range(steps):
        loss = F.softmax_cross_entropy(model(Variable(x.astype(dtype))), t)
        model.cleargrads()
        optimizer.backward(loss) if isinstance(optimizer, O.LossScale) else loss.backward()
        optimizer.update()
        losses.append(float(loss))
    return np.array(losses), model


def test_a_small_mlp_trains_as_in_float32():
    """The curves differ by the rounding of float16: 2^-11 of a loss of 1, several times over."""
    expected, _ = trained(np.float32, lambda model: O.Adam(model, 1e-3))
    found, model = trained(np.float16, lambda model: O.LossScale(O.Adam(model, 1e-3, master=True)))
    assert expected[-1] < 0.5 * expected[0]
    np.testing.assert_allclose(found, expected, atol=4e-3)
    assert {p.dtype for p in model.params()} == {np.dtype(np.float16)}


@pytest.mark.parametrize("make", [O.SGD, O.Momentum, O.Adam, O.AdamW])
def test_small_updates_add_up_in_the_master_alone(make):
    """1000 updates of 1e-4 on a weight of 1, whose next numbers in float16 are 1 - 4.9e-4 and 1 + 9.8e-4."""

    def after(dtype, **options):
        p = Variable(np.ones(5, dtype))
        optimizer = make([p], 1e-4, **options)
        for _ in range(1000):
            p.grad = Variable(np.full(5, 0.1 if make is O.Momentum else 1.0, dtype))
            optimizer.update()
        return p.data.astype(float)

    expected = after(np.float32)
    assert expected[0] < 0.95
    np.testing.assert_array_equal(after(np.float16), 1.0)
    np.testing.assert_allclose(after(np.float16, master=True), expected, rtol=2e-3)
    np.testing.assert_array_equal(after(np.float32, master=True), expected)


def test_small_gradients_vanish_without_a_scale():
    """d/dw of 1e-5 w^2 / 300 at w = 1 is 6.7e-8, about the smallest number of float16."""

    def gradient(backward):
        w = Variable(np.ones(3, np.float16))
        backward(((w * 1e-3) * (w * 1e-3)).sum() * 1e-3, w)
        return w

    w = gradient(lambda loss, w: loss.backward())
    np.testing.assert_array_equal(w.grad.data, 0)
    holder = []
    w = gradient(lambda loss, w: (holder.append(O.LossScale(O.SGD([w], 1e6, master=True))), holder[0].backward(loss)))
    assert w.grad.data.all()
    holder[0].update()
    np.testing.assert_allclose(holder[0].optimizer.state["0"][-1], 1 - 2e-9 * 1e6, atol=2e-4)


def test_an_overflow_skips_the_update_and_halves_the_scale():
    p = Variable(np.ones(2, np.float16))
    optimizer = O.LossScale(O.SGD([p], 0.1, master=True), every=2)
    assert optimizer.scale == 2.0**15
    scales = []
    for k in range(6):
        p.cleargrad()
        optimizer.backward((p * (100.0 if k == 1 else 1.0)).sum())
        before = p.data.copy()
        optimizer.update()
        assert (p.data == before).all() == (k == 1)
        scales.append(optimizer.scale)
    assert optimizer.skipped == 1
    assert optimizer.optimizer.steps == 5
    assert scales == [2.0**n for n in (15, 14, 14, 15, 15, 16)]
    np.testing.assert_allclose(p.data.astype(float), 1 - 0.1 * optimizer.optimizer.steps, atol=2e-3)
    p.grad = Variable(np.array([np.nan, 1], np.float16))
    optimizer.update()
    assert optimizer.skipped == 2


def test_transforms_see_true_gradients_in_float32():
    seen = []

    def look(params, grads):
        seen.append(grads["0"])
        return grads

    p = Variable(np.ones(2, np.float16))
    optimizer = O.LossScale(O.SGD([p], 0.1, transforms=[look]))
    optimizer.backward((p * 3.0).sum() / 2)
    optimizer.update()
    assert seen[0].dtype == np.float32
    np.testing.assert_array_equal(seen[0], 1.5)
    assert optimizer.optimizer.transforms == (look,)


def test_what_is_written_into_a_parameter_counts():
    """Another model's weights, say, after the master was made."""
    p = L.Parameter(np.array([1.0, 2.0], np.float16))
    optimizer = O.SGD([p], 1e-4, master=True)
    p.grad = Variable(np.ones(2, np.float16))
    optimizer.update()
    p.data = np.array([5.0, p.data[1]], np.float16)
    optimizer.update()
    np.testing.assert_allclose(optimizer.state["0"][0], [5 - 1e-4, 2 - 2e-4], rtol=1e-6)


@pytest.mark.parametrize("make", [O.SGD, O.Adam])
def test_a_state_has_the_master(make, tmp_path):
    def start():
        model = mlp(np.float16)
        return model, O.LossScale(make(model, 1e-3, master=True), 2.0**10, every=3)

    def steps(model, optimizer, n):
        x, t = samples()
        for _ in range(n):
            model.cleargrads()
            optimizer.backward(F.softmax_cross_entropy(model(Variable(x.astype(np.float16))), t))
            optimizer.update()

    model, optimizer = start()
    steps(model, optimizer, 4)
    serialize.save(tmp_path / "run.npz", model=model, optimizer=optimizer)
    steps(model, optimizer, 5)
    again, other = start()
    serialize.load(tmp_path / "run.npz", model=again, optimizer=other)
    assert (other.scale, other.good) == (2.0**11, 4)
    steps(again, other, 5)
    for p, q in zip(model.params(), again.params()):
        np.testing.assert_array_equal(p.data, q.data)
    assert optimizer.state_dict().keys() == other.state_dict().keys()
    assert "0.W.master" in optimizer.state_dict()
    with pytest.raises(ValueError, match=r"0.W.master: unexpected"):
        make(again).load_state_dict(other.optimizer.state_dict())
    plain = make(again, 1e-3)
    steps(again, O.LossScale(plain), 1)
    other.load_state_dict(plain.state_dict())  # the masters are made of the weights
    steps(again, other, 1)
    with pytest.raises(ValueError, match="loss_scale must be"):
        other.load_state_dict({**other.state_dict(), "loss_scale": -1.0})


def test_master_may_be_switched():
    p = Variable(np.ones(2, np.float16))
    optimizer = O.Adam([p], 1e-2)
    for master in (False, True, True, False, True):
        optimizer.master = master
        p.grad = Variable(np.ones(2, np.float16))
        optimizer.update()
    np.testing.assert_allclose(p.data.astype(float), 0.95, atol=2e-3)
    with pytest.raises(TypeError, match="master must be True or False"):
        optimizer.master = 1


@pytest.mark.standin_exempt("its data sets are NumPy's")
def test_fit_with_a_scale_and_a_resumed_run(tmp_path):
    x, t = samples()

    def run(epochs, folder, resume=False):
        model = mlp(np.float16)
        optimizer = O.LossScale(O.Adam(model, 1e-2, master=True), 2.0**24, every=5)
        history = training.fit(
            model, F.softmax_cross_entropy, optimizer, data.DataLoader((x, t), 32, rng=0), epochs=epochs,
            test=[(x, t)], verbose=False, checkpoints=Checkpoints(folder), resume=resume, accumulate=2,
        )  # fmt: skip
        return history, model, optimizer

    history, model, optimizer = run(20, tmp_path / "a")
    assert optimizer.skipped > 4
    assert history.loss[-1] < 0.7 * history.loss[0]
    assert np.isfinite(history.gradient_norm[-1])
    assert 0 < history.gradient_norm[-1] < 10
    assert history["lr"][-1] == 1e-2
    run(7, tmp_path / "b")
    resumed, again, _ = run(20, tmp_path / "b", resume=True)
    assert resumed.loss == history.loss
    for p, q in zip(model.params(), again.params()):
        np.testing.assert_array_equal(p.data, q.data)
    with pytest.raises(ValueError, match="optimizer must be one of this model"):
        training.fit(model, F.softmax_cross_entropy, O.LossScale(O.Adam(mlp(np.float16))), [(x, t)])
    with pytest.raises(TypeError, match=r"loss_scale=: .*O.LossScale"):
        training.fit(model, F.softmax_cross_entropy, optimizer, [(x, t)], loss_scale=2)


@pytest.mark.standin_exempt("a step is written down in NumPy")
def test_a_captured_step_has_a_master_and_no_scale():
    def losses(capture):
        model = mlp(np.float16)
        optimizer = O.Adam(model, 1e-3, master=True)
        x, t = samples()

        def step(x, t):
            model.cleargrads()
            loss = F.softmax_cross_entropy(model(x), t)
            loss.backward()
            optimizer.update()
            return loss

        step = ag.capture(step) if capture else step
        return [float(step(x.astype(np.float16), t)) for _ in range(7)]

    assert losses(True) == losses(False)
    model = mlp(np.float16)
    optimizer = O.LossScale(O.Adam(model))

    def run(step):
        for _ in range(6):
            step(*samples())

    @ag.capture
    def step(x, t):
        optimizer.backward(F.softmax_cross_entropy(model(x), t))
        optimizer.update()

    with pytest.raises(RuntimeError, match="which no captured step can"):
        run(step)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="LossScale: optimizer must be an Optimizer, such as"):
        O.LossScale(mlp(np.float16))
    with pytest.raises(ValueError, match="LossScale: start must be"):
        O.LossScale(O.SGD(mlp(np.float16)), 0)
    with pytest.raises(TypeError, match="takes the loss, a Variable"):
        O.LossScale(O.SGD(mlp(np.float16))).backward(3.0)
    with pytest.raises(TypeError, match="a dict that state_dict"):
        O.LossScale(O.SGD(mlp(np.float16))).load_state_dict(3)
    assert repr(O.LossScale(O.SGD(mlp(np.float16)))) == "LossScale(SGD, scale=32768, skipped=0)"


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_gradients_that_are_always_nan_are_an_error():
    """It would halve the scale and skip for ever."""
    p = Variable(np.ones(3, np.float16))
    optimizer = O.LossScale(O.SGD([p]), start=2.0**-12)
    for _ in range(2):
        p.grad = Variable(np.full(3, np.nan, np.float16))
        optimizer.update()
    with pytest.raises(FloatingPointError, match="not finite at the smallest scale"):
        optimizer.update()
    model = mlp(np.float16)
    x, t = samples(32)
    with pytest.raises(FloatingPointError, match="no update of epoch 1 had finite gradients"):
        training.fit(
            model,
            lambda y, t: F.softmax_cross_entropy(y, t) + F.sqrt(y * 0).sum(),
            O.LossScale(O.SGD(model), 1.0),
            data.DataLoader((x.astype(np.float16), t), 8),
            epochs=2,
            verbose=False,
        )
