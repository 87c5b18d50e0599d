"""Clipping, weight decay and freezing change what the formula gets, and nothing else."""

import numpy as np
import pytest

from autograd import Variable
from autograd.backend import namespace
from autograd.layers import MLP, Parameter
from autograd.optimizers import SGD, Adam, check_finite, clip_by_norm, clip_by_value, freeze, weight_decay

P = {"a": Parameter(np.array([1.0, 2.0])), "b.W": Parameter(np.array([[3.0]])), "b.b": Parameter(np.array(4.0))}
G = {"a": np.array([1.0, -2.0]), "b.W": np.array([[2.0]]), "b.b": np.array(4.0)}  # the norm is 5


def applied(transform, params=P, grads=G):
    before = {path: g.copy() for path, g in grads.items()}
    result = transform(params, grads)
    assert list(grads) == list(before)
    for path, g in grads.items():
        np.testing.assert_array_equal(g, before[path])
    return result


@pytest.mark.parametrize("max_norm, scale", [(10, 1), (5.0001, 1), (2.5, 0.5), (1e-300, 2e-301)])
def test_clip_by_norm(max_norm, scale):
    for path, g in applied(clip_by_norm(max_norm)).items():
        np.testing.assert_allclose(g, G[path] * scale)


def test_clip_by_norm_where_squares_overflow_or_vanish():
    g = {"a": np.array([3e30, 4e30], np.float32)}
    clipped = clip_by_norm(5.0)({}, g)["a"]
    np.testing.assert_allclose(clipped, [3, 4], rtol=1e-6)
    assert clipped.dtype == np.float32
    tiny = {"a": np.array([3e-28, 4e-28], np.float32)}
    np.testing.assert_allclose(clip_by_norm(5e-30)({}, tiny)["a"], [3e-30, 4e-30])


def test_clip_by_norm_does_not_hide_nan():
    assert np.isnan(clip_by_norm(1.0)({}, {"a": np.array([np.nan, 1.0])})["a"]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_check_finite_stops_before_the_update(bad):
    net = MLP((3, 2), in_size=2, rng=0)
    optimizer = Adam(net, transforms=[check_finite, clip_by_norm(1.0)])
    path, p = [*net.named_params()][-1]
    p.grad = Variable(np.zeros_like(p.data))
    optimizer.update()
    before = {path: p.data.tobytes() for path, p in net.named_params()}
    state = optimizer.state_dict()
    p.grad = Variable(np.array([0, bad], p.dtype))
    with pytest.raises(FloatingPointError, match=f"the gradient of {path} is not finite, and nothing was updated"):
        optimizer.update()
    assert {path: p.data.tobytes() for path, p in net.named_params()} == before
    assert optimizer.steps == state["steps"] == 1


def test_clip_by_norm_of_nothing():
    assert clip_by_norm(1.0)({}, {}) == {}


def test_clip_by_norm_against_torch():
    torch = pytest.importorskip("torch")
    params = [torch.nn.Parameter(torch.tensor(g)) for g in G.values()]
    for p, g in zip(params, G.values()):
        p.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(params, 2.5)
    for p, g in zip(params, applied(clip_by_norm(2.5)).values()):
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=1e-6)


def test_clip_by_value():
    result = applied(clip_by_value(1.5))
    np.testing.assert_array_equal(result["a"], [1, -1.5])
    np.testing.assert_array_equal(result["b.W"], [[1.5]])


def test_weight_decay():
    result = applied(weight_decay(0.1))
    np.testing.assert_allclose(result["a"], [1.1, -1.8])
    np.testing.assert_allclose(result["b.W"], [[2.3]])


def test_weight_decay_is_the_gradient_of_a_penalty():
    net, x = MLP((2, 1), in_size=3, rng=0, dtype=np.float64), np.ones((4, 3))
    y = net(x).sum() + 0.5 * 0.3 * sum((p**2).sum() for p in net.params())
    y.backward()
    with_penalty = {path: p.grad.data for path, p in net.named_params()}
    net.cleargrads()
    net(x).sum().backward()
    decayed = weight_decay(0.3)(dict(net.named_params()), {path: p.grad.data for path, p in net.named_params()})
    for path, g in decayed.items():
        np.testing.assert_allclose(g, with_penalty[path])


@pytest.mark.parametrize(
    "which, left",
    [
        (("a",), ["b.W", "b.b"]), (("b",), ["a"]), (("b.W", "a"), ["b.b"]),
        ((lambda path: path.endswith("b"),), ["a", "b.W"]), (("a", lambda path: "W" in path), ["b.b"]),
    ],
)  # fmt: skip
def test_freeze(which, left):
    assert list(applied(freeze(*which))) == left


def test_a_path_is_not_a_beginning_of_a_name():
    params = {"enc.W": Parameter(1.0), "encoder.W": Parameter(1.0)}
    grads = {path: np.array(1.0) for path in params}
    assert list(freeze("enc")(params, grads)) == ["encoder.W"]


def test_freezing_what_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"no parameter at or below 'c'; there are a, b.W, b.b"):
        freeze("c")(P, G)
    for which in [(), (3,), (["a"],)]:
        with pytest.raises(TypeError, match="freeze takes paths"):
            freeze(*which)


def test_a_frozen_parameter_keeps_value_and_count():
    net = MLP((3, 2), in_size=2, rng=0)
    optimizer = Adam(net, transforms=[freeze("0")])
    before = net.state_dict()
    net(np.ones((1, 2), np.float32)).sum().backward()
    optimizer.update()
    assert list(optimizer.counts) == ["2.W", "2.b"]
    np.testing.assert_array_equal(net[0].W.data, before["0.W"])
    assert not np.array_equal(net[2].b.data, before["2.b"])


def test_transforms_are_applied_in_order():
    p = Parameter(np.array([3.0, 4.0]))
    p.grad = Variable(np.zeros(2))
    SGD([p], 1.0, transforms=[weight_decay(1.0), clip_by_norm(1.0)]).update()
    np.testing.assert_allclose(p.data, [3 - 0.6, 4 - 0.8])
    np.testing.assert_array_equal(p.grad.data, [0, 0])
    with pytest.raises(TypeError, match="transforms must be functions"):
        SGD([p], 1.0, transforms=[1.0])
    with pytest.raises(TypeError, match=r"transforms must be a list, such as \[clip_by_norm\(1.0\)\]"):
        SGD([p], 1.0, transforms=clip_by_norm(1.0))


@pytest.mark.parametrize("make", [clip_by_norm, clip_by_value, weight_decay])
def test_numbers_are_not_negative(make):
    """Nor 0 for a limit, which no gradient would pass."""
    with pytest.raises(ValueError, match="must be at least 0" if make is weight_decay else "must be above 0"):
        make(-1.0)
    if make is not weight_decay:
        with pytest.raises(ValueError, match="must be above 0, not 0"):
            make(0)
    with pytest.raises(TypeError, match="must be a number"):
        make("1")


def test_dtype_and_device_stay(on_device):
    g = {"0": on_device(np.array([3.0, -4.0], np.float32))}
    p = {"0": Parameter(on_device(np.array([1.0, 2.0], np.float32)))}
    for transform in (clip_by_norm(1.0), clip_by_value(1.0), weight_decay(0.1), freeze(lambda path: False)):
        result = transform(p, g)["0"]
        assert result.dtype == np.float32
        assert namespace(result) is namespace(g["0"])


@pytest.mark.parametrize(
    "transform, said",
    [
        (lambda params, grads: None, "must return a dict of gradients by path, not None"),
        (lambda params, grads: list(grads), "must return a dict of gradients by path, not"),
        (lambda params, grads: {"c": 1}, "must return gradients of 0, not of 'c'"),
        (lambda params, grads: {"0": 1.0}, r"must return for 0 an array \(2,\), not float"),
        (lambda params, grads: {"0": np.ones(3)}, r"must return for 0 an array \(2,\), not ndarray \(3,\)"),
        (lambda params, grads: {"0": Variable(np.ones(2))}, r"must return for 0 an array \(2,\), not Variable"),
        (lambda params, grads: {"0": None}, "not NoneType"),
    ],
)
def test_what_a_transform_returns_is_checked_before_anything_is_changed(transform, said):
    """A Variable among them would leave the parameter as it is, in silence."""
    p = Parameter(np.ones(2))
    p.grad = Variable(np.ones(2))
    optimizer = SGD([p], transforms=[transform])
    with pytest.raises((TypeError, ValueError), match=f"the transform <lambda> {said}|the transform <lambda> .*{said}"):
        optimizer.update()
    np.testing.assert_array_equal(p.data, [1, 1])
    assert optimizer.steps == 0
