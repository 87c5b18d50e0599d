"""Groups with rates and decays of their own, against an optimizer for each; averages of weights."""

import numpy as np
import pytest

from autograd import Variable
from autograd.backend import to_numpy
from autograd.functions import relu
from autograd.layers import LayerNorm, Linear, Parameter, Sequential
from autograd.optimizers import EMA, SGD, Adam, AdamW, Momentum, group, step, vectors, weight_decay


def network():
    return Sequential(Linear(4, 3, rng=0), LayerNorm(4), relu, Linear(2, 4, rng=1))


def train(model, *optimizers, steps=3):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    for _ in range(steps):
        model.cleargrads()
        (model(x) ** 2).sum().backward()
        for optimizer in optimizers:
            optimizer.update()


def test_a_group_is_an_optimizer_of_its_own():
    one, several = network(), network()
    train(one, AdamW(one, 0.1, groups=[group("0", lr=0.01, decay=0.5), group("3.b", scale=2.0, beta1=0.5)]))
    paths = dict(several.named_params())
    first = {p: paths[p] for p in ("0.W", "0.b")}
    rest = {p: paths[p] for p in paths if p not in first and p != "3.b"}
    train(several, AdamW(first, 0.01, decay=0.5), AdamW(rest, 0.1), AdamW([paths["3.b"]], 0.2, beta1=0.5))
    for (path, p), q in zip(one.named_params(), several.params()):
        np.testing.assert_array_equal(p.data, q.data, err_msg=path)


def test_the_first_group_that_has_a_setting_counts():
    p = Parameter(1.0)
    p.grad = Variable(1.0)
    SGD({"a": p}, 1.0, groups=[group("a", scale=0.5), group(lambda path: True, lr=0.25, scale=9.0)]).update()
    assert float(p) == 1 - 0.25 * 0.5


def test_schedules_of_groups():
    p, q = Parameter(0.0), Parameter(0.0)
    optimizer = SGD({"p": p, "q": q}, step(1.0, 1, 0.5), groups=[group("q", lr=step(10.0, 1, 0.1))])
    p.grad = q.grad = Variable(-1.0)
    for _ in range(3):
        optimizer.update()
    assert (float(p), float(q)) == pytest.approx((1.75, 11.1))
    optimizer.groups = [group("p", scale=0.0)]
    optimizer.update()
    assert (float(p), float(q)) == pytest.approx((1.75, 11.225))


def test_decay_without_biases_and_norms():
    model = network()
    for p in model.params():
        p.data, p.grad = np.ones_like(p.data), Variable(np.zeros_like(p.data))
    AdamW(model, 0.1, decay=0.5, groups=[group(vectors, decay=0.0)]).update()
    assert {path: float(p.data.mean()) for path, p in model.named_params()} == pytest.approx(
        {"0.W": 0.95, "0.b": 1, "1.gamma": 1, "1.beta": 1, "3.W": 0.95, "3.b": 1}
    )
    SGD(model, 1.0, transforms=[weight_decay(0.5, vectors=False)]).update()
    assert float(model[0].b.data[0]) == float(model[1].gamma.data[0]) == 1
    assert float(model[0].W.data[0, 0]) == pytest.approx(0.475)


def test_settings_are_back_after_an_error():
    p = Parameter(np.ones(2))
    optimizer = Momentum({"p": p}, 0.1, groups=[group("p", momentum=0.0)])
    p.grad = Variable(np.ones(2))
    optimizer.update()
    p.data, p.grad = np.ones(3), Variable(np.ones(3))
    with pytest.raises(ValueError, match="make a new optimizer"):
        optimizer.update()
    assert optimizer.momentum == 0.9


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda p: SGD(p, groups=3), TypeError, "groups must be a list, such as"),
        (lambda p: SGD(p, groups=[{"lr": 1}]), TypeError, "groups must be a list"),
        (lambda p: SGD(p, groups=[group("0", decay=0.1)]), TypeError, "a group of SGD takes lr, scale, not decay"),
        (lambda p: Adam(p, groups=[group("0", beta1=1.5)]), ValueError, "beta1 must be at least 0 and below 1"),
        (lambda p: group(), TypeError, "group takes paths"),
        (lambda p: group(3, lr=1), TypeError, "group takes paths"),
        (lambda p: group("a"), TypeError, "group takes a setting"),
        (lambda p: group("a", lr="fast"), TypeError, "lr must be a number"),
        (lambda p: group("a", scale=-1), ValueError, "group: scale must be at least 0"),
        (lambda p: weight_decay(0.1, vectors=3), TypeError, "vectors must be True or False"),
    ],
)  # fmt: skip
def test_what_is_refused(make, error, match):
    with pytest.raises(error, match=match):
        make([Parameter(1.0)])


# Averages


def test_an_average_by_hand():
    p = Parameter(np.array([4.0]))
    ema = EMA([p], 0.5)
    expected = 4.0
    for n, value in enumerate([4.0, 2.0, 1.0, 3.0, 7.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]):
        p.data = np.array([value])
        ema.update()
        d = min(0.5, (1 + n) / (10 + n))
        expected = d * expected + (1 - d) * value
    np.testing.assert_allclose(ema.averages["0"], expected)
    with ema.weights():
        np.testing.assert_allclose(p.data, expected)
    np.testing.assert_array_equal(p.data, [1.0])


def test_an_average_of_a_model_on_each_device(moved):
    model = moved(network())
    ema, kept = EMA(model), model.state_dict()
    ema.update()
    for p in model.params():
        p.data = p.data * 0
    with ema.weights():
        for path, p in model.named_params():
            assert type(p.data) is type(kept[path])
            np.testing.assert_array_equal(to_numpy(p.data), to_numpy(kept[path]))
    with pytest.raises(ZeroDivisionError), ema.weights():
        raise ZeroDivisionError
    assert not any(to_numpy(p.data).any() for p in model.params())
    other = EMA(model)
    other.load_state_dict(ema.state_dict())
    ema.update()
    other.update()
    for path, average in ema.averages.items():
        np.testing.assert_array_equal(to_numpy(average), to_numpy(other.averages[path]))


def test_float16_is_averaged_in_float32():
    p = Parameter(np.ones(2, np.float16))
    ema = EMA([p])
    ema.update()
    assert ema.averages["0"].dtype == np.float32
    with ema.weights():
        assert p.dtype == np.float16


def test_what_an_average_refuses():
    ema = EMA([Parameter(1.0)])
    with pytest.raises(RuntimeError, match="no averages yet"), ema.weights():
        pass
    for wrong in (3, {}, {"steps": 1, "0": 3}):
        with pytest.raises(TypeError, match="load_state_dict"):
            ema.load_state_dict(wrong)
    with pytest.raises(ValueError, match="EMA: decay must be"):
        EMA([Parameter(1.0)], 1.0)
    with pytest.raises(TypeError, match="EMA takes a layer"):
        EMA(3)


def test_a_path_that_stands_for_nothing_is_an_error():
    layer = Linear(2, 3)
    optimizer = SGD(layer, 1.0, groups=[group("nope", lr=0.0)])
    layer(np.ones((1, 3), np.float32)).sum().backward()
    before = layer.W.data.copy()
    with pytest.raises(ValueError, match="group: there is no parameter at or below 'nope'; there are W, b"):
        optimizer.update()
    np.testing.assert_array_equal(layer.W.data, before)


def test_an_average_refuses_paths_of_another_model():
    average = EMA(Linear(2, 3))
    with pytest.raises(ValueError, match="the model has no fc.W; it has W, b"):
        average.load_state_dict({"steps": 1, "fc.W": np.ones((3, 2))})
    assert average.steps == 0
