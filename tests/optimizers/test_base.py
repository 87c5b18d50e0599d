"""What all optimizers share: which parameters are updated, the count, the state, and devices."""

import json
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import partial
from pickle import dumps, loads

import numpy as np
import pytest

from autograd import Variable, no_grad
from autograd.backend import namespace, to_numpy
from autograd.functions.activation import relu
from autograd.layers import MLP, Layer, Linear, Parameter, Sequential
from autograd.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    Lion,
    Momentum,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
    clip_by_norm,
    cosine,
    plateau,
    warmup,
)  # fmt: skip
from autograd.optimizers.schedules import written
from tests import standin

ALL = [SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop, Adam, AdamW, RAdam, Lion]


def batches(n, dtype=np.float32):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((4, 3)).astype(dtype) for _ in range(n)]


def train(model, optimizer, xs):
    for x in xs:
        model.cleargrads()
        y = model(x)
        (y * y).sum().backward()
        optimizer.update()


def values(model):
    return [to_numpy(x) for x in model.state_dict().values()]


def model(dtype=np.float32):
    return MLP((5, 2), in_size=3, rng=0, dtype=dtype)


# Which parameters


def test_a_layer_a_list_a_generator_and_a_dict():
    net = model()
    path, p = next(net.named_params())
    for root in (net, list(net.params()), net.params(), dict(net.named_params())):
        optimizer = SGD(root, 1.0)
        before, p.grad = p.data.copy(), Variable(np.ones_like(p.data))
        optimizer.update()
        np.testing.assert_array_equal(p.data, before - 1)
        assert list(optimizer.counts) in ([path], ["0"])


def test_plain_variables_can_be_trained():
    x = Variable(2.0)
    optimizer = SGD([x], 0.1)
    (x**2).backward()
    optimizer.update()
    assert float(x) == pytest.approx(1.6)


@pytest.mark.parametrize(
    "root, error, match",
    [
        ([], ValueError, "nothing to train"),
        ({}, ValueError, "nothing to train"),
        (Parameter(1.0), TypeError, "in a list"),
        ([np.ones(2)], TypeError, "leaf Variables"),
        ([Variable(1)], TypeError, "leaf Variables"),
        ([Variable(1.0) * 2], TypeError, "leaf Variables"),
        ([Linear(2)], TypeError, "leaf Variables"),
        (3, TypeError, "not 3, which is not iterable"),
        (Linear, TypeError, "the class itself: make a layer of it first"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained(root, error, match):
    with pytest.raises(error, match=match):
        SGD(root, 0.1)


def test_an_empty_generator_is_an_error():
    params = model().params()
    list(params)
    with pytest.raises(ValueError, match="a generator is, the second time"):
        SGD(params, 0.1)


def test_lazy_and_later_parameters_are_found():
    net = Sequential(Linear(5), relu, Linear(2))
    for optimizer in (SGD(net, 0.1), SGD(list(net.params()), 0.1)):
        train(net, optimizer, batches(2))
        assert len(optimizer.counts) == 4
    net.parts.append(Linear(2))
    optimizer = SGD(net, 0.1)
    train(net, optimizer, batches(1))
    assert len(optimizer.counts) == 6


def test_two_references_to_a_parameter_are_one_step():
    net = Layer()
    net.a = Linear(2, 2)
    net.b, net.W, net.list = net.a, net.a.W, [net.a]
    before = net.a.W.data.copy()
    for p in net.params():
        p.grad = Variable(np.ones_like(p.data))
    optimizer = SGD(net, 0.5)
    optimizer.update()
    np.testing.assert_array_equal(net.a.W.data, before - 0.5)
    assert optimizer.counts == {"a.W": 1, "a.b": 1}
    optimizer = Adam([net.W, net.a.W, net.W], 0.5)
    optimizer.update()
    assert optimizer.counts == {"0": 1}


def test_a_gradient_is_a_variable():
    net = model()
    before = values(net)
    for p in net.params():
        p.grad = Variable(np.ones_like(p.data))
    net[2].W.grad = np.ones_like(net[2].W.data)
    with pytest.raises(TypeError, match=r"2\.W: grad must be a Variable or None, not \w+: put it in one"):
        SGD(net, 0.1).update()
    assert all(np.array_equal(a, b) for a, b in zip(before, values(net)))


def test_without_a_gradient_nothing_happens():
    net = model()
    before = values(net)
    optimizer = Adam(net)
    with pytest.warns(UserWarning, match=r"no parameter has a gradient: call loss\.backward\(\) first"):
        optimizer.update()
    assert all(np.array_equal(a, b) for a, b in zip(before, values(net)))
    assert optimizer.counts == {}


def test_each_parameter_has_its_own_count():
    p, q = Parameter(1.0), Parameter(1.0)
    optimizer = Adam([p, q], 0.1, eps=0.0)
    p.grad = Variable(0.5)
    for _ in range(3):
        optimizer.update()
    p.grad, q.grad = None, Variable(2.0)
    optimizer.update()
    assert optimizer.counts == {"0": 3, "1": 1}
    assert float(q) == pytest.approx(0.9)


def test_the_gradient_is_not_changed():
    for kind in ALL:
        p = Parameter(np.ones(3))
        p.grad = Variable(np.array([1.0, 2.0, 3.0]))
        kind([p]).update()
        np.testing.assert_array_equal(p.grad.data, [1, 2, 3])


def test_a_gradient_of_another_shape_is_an_error():
    p = Parameter(np.ones(3))
    p.grad = Variable(1.0)
    with pytest.raises(ValueError, match=r"0: the gradient must have the shape of the parameter, \(3,\), not \(\)"):
        SGD([p]).update()


def test_a_parameter_of_another_shape_is_an_error():
    p = Parameter(np.ones(3))
    optimizer = Momentum([p])
    p.grad = Variable(np.ones(3))
    optimizer.update()
    p.data, p.grad = np.ones(2), Variable(np.ones(2))
    with pytest.raises(ValueError, match="make a new optimizer"):
        optimizer.update()


@pytest.mark.parametrize("holder", [list, lambda parts: {"a": parts[0]}])
@pytest.mark.parametrize("recording", [True, False])
def test_a_variable_in_the_place_of_a_parameter_is_an_error_at_the_update(holder, recording):
    net = Layer()
    net.parts = holder([Parameter(np.ones(2))])
    net.W = Parameter(np.ones(2))
    optimizer = SGD(net, 0.1)
    key = next(iter(net.parts)) if isinstance(net.parts, dict) else 0
    for p in net.params():
        p.grad = Variable(np.ones(2))
    optimizer.update()
    with nullcontext() if recording else no_grad():
        net.parts[key] = net.parts[key] - 0.1
    with pytest.raises(ValueError, match=rf"parts\.{key} was a Parameter and is a plain Variable now"):
        optimizer.update()
    del net.parts[key]
    optimizer.update()


# Arrays have owners


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("make", [list, lambda xs: {str(i): x for i, x in enumerate(xs)}])
def test_an_optimizer_writes_into_no_array_of_the_user(kind, make):
    a, whole, later = np.ones(3), np.ones((2, 3)), np.full(3, 5.0)
    x, row = Variable(a), Variable(whole[0])
    optimizer = kind(make([x, row]), 0.5)
    for step in range(4):
        if step == 2:
            x.data = later
        x.grad, row.grad = Variable(np.ones(3)), Variable(np.ones(3))
        optimizer.update()
    np.testing.assert_array_equal(a, np.ones(3))
    np.testing.assert_array_equal(whole, np.ones((2, 3)))
    np.testing.assert_array_equal(later, np.full(3, 5.0))
    assert (x.data < 5).all()
    assert (row.data < 1).all()


def test_an_array_is_copied_once():
    x = Variable(np.ones(3))
    optimizer = SGD([x], 0.5)
    x.grad = Variable(np.ones(3))
    optimizer.update()
    array = x.data
    for _ in range(3):
        optimizer.update()
        assert np.shares_memory(x.data, array)
    np.testing.assert_array_equal(array, np.full(3, -1.0))


def test_a_read_only_array_is_an_error_before_anything_is_changed():
    x, y = Variable(np.ones(2)), Variable(np.broadcast_to(1.0, (2,)))
    optimizer = SGD([x, y])
    x.grad = y.grad = Variable(np.ones(2))
    with pytest.raises(ValueError, match="1: the array must be writable, not read-only: assign a copy"):
        optimizer.update()
    np.testing.assert_array_equal(x.data, [1, 1])
    assert optimizer.steps == 0


class Zeroing(Optimizer):
    def step(self, lr, t, p, g):
        g *= 0
        p -= g


class Adding(SGD):
    slots = ("v",)

    def step(self, lr, t, p, g, v):
        g += v + 1


def multiplied(params, grads):
    for g in grads.values():
        g *= 0
    return grads


def assigned(params, grads):
    for g in grads.values():
        g[...] = 0
    return grads


EDITORS = {
    "a formula": (Zeroing, (), r"Zeroing\.step"),
    "a formula with slots": (Adding, (), r"Adding\.step"),
    "a transform": (SGD, [multiplied], "the transform multiplied"),
    "a second transform": (Adam, [clip_by_norm(9), assigned], "the transform assigned"),
    "a partial": (SGD, [partial(assigned)], "the transform partial"),
}


@pytest.mark.standin_exempt("it is for NumPy's arrays, which can be locked")
@pytest.mark.parametrize("name", EDITORS)
def test_who_edits_the_gradient_is_told_and_the_gradient_is_whole(name):
    kind, transforms, writer = EDITORS[name]
    p, own = Parameter(np.ones(3)), np.ones(3)
    p.grad = Variable(own)
    with pytest.raises(RuntimeError, match=rf"^{writer} writes into the gradient that it is given"):
        kind([p], 0.1, transforms=transforms).update()
    np.testing.assert_array_equal(own, np.ones(3))
    assert own.flags.writeable
    assert p.grad.data.flags.writeable


@pytest.mark.parametrize("name", EDITORS)
def test_arrays_that_cannot_be_locked_are_copied(name):
    kind, transforms, _ = EDITORS[name]
    p = Parameter(standin.asarray([1.0, 2.0]))
    p.grad = Variable(standin.asarray([1.0, 1.0]))
    kind([p], 0.1, transforms=transforms).update()
    assert to_numpy(p.grad.data).tolist() == [1, 1]


# The learning rate


def test_a_schedule_is_asked_for_each_update():
    asked = []
    p = Parameter(1.0)
    optimizer = SGD([p], lambda n: asked.append(n) or 0.1)
    p.grad = Variable(1.0)
    for _ in range(3):
        optimizer.update()
    assert asked == [0, 1, 2]
    assert float(p) == pytest.approx(0.7)


@pytest.mark.parametrize("lr", [np.float64(0.1), lambda n: np.float64(0.1), 1])
def test_the_formula_gets_a_python_float_which_widens_nothing(lr):
    class Plain(Optimizer):
        def step(self, lr, t, p, g):
            assert type(lr) is float
            assert (lr * g).dtype == np.float32

    p = Parameter(np.ones(2, np.float32))
    p.grad = Variable(np.ones(2, np.float32))
    Plain([p], lr).update()


def test_the_learning_rate_can_be_replaced():
    p = Parameter(1.0)
    optimizer = SGD([p], 0.1)
    p.grad = Variable(1.0)
    optimizer.update()
    optimizer.lr = 0.5
    optimizer.update()
    assert float(p) == pytest.approx(0.4)


@pytest.mark.parametrize(
    "lr, error",
    [(float("nan"), ValueError), (-1.0, ValueError), (10**400, ValueError), ("0.5", TypeError), (True, TypeError)],
)
def test_a_wrong_learning_rate_is_refused_before_anything_is_changed(lr, error):
    p = Parameter(1.0)
    p.grad = Variable(1.0)
    with pytest.raises(error, match="lr must be"):
        SGD([p], lr)
    replaced, scheduled = SGD([p], 0.1), SGD([p], lambda n: lr)
    with pytest.raises(error, match="lr must be"):
        replaced.lr = lr
    with pytest.raises(error, match="lr must be"):
        scheduled.update()
    assert (float(p), replaced.lr, scheduled.steps) == (1, 0.1, 0)


@pytest.mark.parametrize("lr", [lambda: 0.1, lambda n, m: 0.1, cosine, int, float, SGD])
def test_a_schedule_takes_the_count_of_updates(lr):
    optimizer = SGD([Parameter(1.0)])
    for use in (lambda: setattr(optimizer, "lr", lr), lambda: SGD([Parameter(1.0)], lr)):
        with pytest.raises(TypeError, match="lr must be a number, or a function of the count of updates"):
            use()
    assert optimizer.lr == 0.01


BOUNDED = [(kind, f.name) for kind in ALL for f in fields(kind) if f.metadata]
WRONG = [(x, ValueError) for x in (np.nan, -1, np.inf, 10**400, -(10**400), Fraction(10**400))] + [
    (x, TypeError) for x in ("0.5", True, None)
]


@pytest.mark.parametrize("kind, name", BOUNDED)
def test_hyperparameters_are_checked_whenever_they_are_set(kind, name):
    p = Parameter(1.0)
    optimizer = kind([p])
    before = getattr(optimizer, name)
    for value, error in WRONG:
        with pytest.raises(error, match=f"{name} must be"):
            setattr(optimizer, name, value)
        with pytest.raises(error, match=f"{name} must be"):
            kind([p], **{name: value})
    assert getattr(optimizer, name) == before
    setattr(optimizer, name, np.float32(0.25))
    assert type(getattr(optimizer, name)) is float


def test_transforms_are_checked_whenever_they_are_set():
    optimizer = SGD([Parameter(1.0)])
    for wrong in (None, 3, [3], "clip", [cosine(0.1, 2), None], [clip_by_norm], [lambda g: g], [SGD]):
        with pytest.raises(TypeError, match="transforms must be"):
            optimizer.transforms = wrong
    assert optimizer.transforms == ()


@pytest.mark.parametrize(
    "options, said",
    [
        ({"learning_rate": 0.1}, "SGD takes lr, not learning_rate"),
        ({"momentum": 0.9}, r"SGD takes no momentum: take Momentum\(model, lr, momentum\)"),
        ({"nesterov": True}, "SGD takes no nesterov: take Nesterov"),
        ({"weight_decay": 0.1}, r"SGD takes no weight_decay: give transforms=\[weight_decay\(rate\)\], or take AdamW"),
        ({"params": []}, "SGD takes model, not params"),
        ({"foo": 1}, "SGD takes model, lr, transforms, groups, master, not foo"),
    ],
)
def test_the_words_of_others_lead_to_ours(options, said):
    with pytest.raises(TypeError, match=f"^{said}"):
        SGD(*([] if "params" in options else [model()]), **options)


def test_the_words_of_others_lead_to_those_of_this_optimizer():
    for make, said in (
        (lambda: Adam(model(), betas=(0.9, 0.99)), "Adam takes beta1= and beta2=, not betas"),
        (lambda: AdamW(model(), weight_decay=0.1), "AdamW takes decay, not weight_decay"),
        (lambda: RMSprop(model(), alpha=0.9), "RMSprop takes rho, not alpha"),
        (
            lambda: SGD(model(), 0.1, 0.9),
            "SGD takes model, lr; by name transforms, groups, master, not 3 arguments in a row",
        ),
    ):
        with pytest.raises(TypeError, match=f"^{said}"):
            make()


@pytest.mark.parametrize(
    "name, said",
    [
        ("zero_grad", r"model\.cleargrads\(\)"), ("learning_rate", "lr"), ("setup", "the model as first argument"),
        ("minimize", r"loss\.backward\(\), then update\(\)"), ("param_groups", "an optimizer for each group"),
        ("add_param_group", "an optimizer for each group"), ("add_hook", r"transforms=\[\.\.\.\]"),
    ],
)  # fmt: skip
def test_attributes_of_others_lead_to_ours(name, said):
    for kind in ALL:
        with pytest.raises(AttributeError, match=f"{kind.__name__} has no attribute '{name}': here it is {said}"):
            getattr(kind(model()), name)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("name", ["learning_rate", "momentum", "beta", "eps", "rho", "foo", "model", "params", "lrr"])
def test_a_name_that_nothing_reads_cannot_be_set(kind, name):
    optimizer = kind([Parameter(1.0)])
    if name in {f.name for f in fields(kind)}:
        setattr(optimizer, name, 0.5)
        assert getattr(optimizer, name) == 0.5
        return
    with pytest.raises(TypeError, match=f"^{kind.__name__} takes .*{name}"):
        setattr(optimizer, name, 0.5)
    assert not hasattr(optimizer, name)


def test_a_formula_of_a_user_may_have_attributes_of_its_own():
    @dataclass(eq=False)
    class Counting(SGD):
        alpha: float = 1.0

        def __post_init__(self, model):
            super().__post_init__(model)
            self.calls = 0

    optimizer = Counting([Parameter(1.0)])
    optimizer.calls, optimizer.alpha = 3, 2.0
    assert (optimizer.calls, optimizer.alpha) == (3, 2.0)
    with pytest.raises(TypeError, match="Counting takes lr, not learning_rate"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize("kind", ALL)
def test_a_model_that_is_missing(kind):
    for make in (kind, lambda: kind(lr=0.1), lambda: kind(transforms=())):
        with pytest.raises(TypeError, match=rf"^{kind.__name__} takes model, lr, .*: give it model too"):
            make()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("again", [deepcopy, lambda x: loads(dumps(x))])
def test_a_copy_goes_on_alone(kind, again):
    net = model()
    optimizer = kind(net, 0.1)
    train(net, optimizer, batches(2))
    other = again(optimizer)
    before = values(net)
    train(other.root, other, batches(2))
    assert all(np.array_equal(a, b) for a, b in zip(before, values(net)))
    train(net, optimizer, batches(2))
    assert all(np.array_equal(a, b) for a, b in zip(values(other.root), values(net)))


@pytest.mark.parametrize("kind", ALL)
def test_step_is_the_formula_and_says_so(kind):
    with pytest.raises(TypeError, match=rf"{kind.__name__}.step takes the arrays of one parameter: .* call update\(\)"):
        kind(model()).step()


def test_a_formula_may_come_from_a_class_beside():
    class Down:
        def step(self, lr, t, p, g):
            p -= lr

    class Both(Down, Optimizer):
        pass

    p = Parameter(1.0)
    p.grad = Variable(1.0)
    Both([p], 0.25).update()
    assert float(p) == 0.75


def test_what_cannot_be_trained_is_named():
    net = model()
    for root, said in (
        (net.params, r"a method: call it, params\(\)"), ([net], "not a list of layers: put them into one Layer"),
        ([{"params": net.params()}], "not a list of groups: make an optimizer for each"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=said):
            SGD(root)


@pytest.mark.parametrize("state", [None, [1], "state", {1: 2}])
def test_a_state_is_a_dict(state):
    with pytest.raises(TypeError, match=r"load_state_dict takes a dict that state_dict\(\) gave, not"):
        SGD(model()).load_state_dict(state)


def test_an_optimizer_shows_its_numbers():
    assert repr(Momentum([Parameter(1.0)], 0.1, 0.5)) == "Momentum(lr=0.1, transforms=(), groups=(), momentum=0.5)"


def test_a_graph_older_than_an_update_is_refused():
    """The gradient of the second `backward` would be that of other weights."""
    layer = Linear(2, 2)
    y = (layer(Variable(np.ones((1, 2), np.float32))) ** 2).sum()
    y.backward()
    SGD(layer, 0.1).update()
    with pytest.raises(RuntimeError, match=r"W \(2, 2\) was changed after"):
        y.backward()


# A subclass


def test_an_optimizer_is_one_formula():
    class Sign(Optimizer):
        slots = ("s",)

        def step(self, lr, t, p, g, s):
            s += abs(g) * t
            p -= lr * g / (s + 1)

    p = Parameter(1.0)
    optimizer = Sign([p], 0.5)
    p.grad = Variable(-3.0)
    optimizer.update()
    optimizer.update()
    assert float(p) == pytest.approx(1 + 0.5 * 3 / 4 + 0.5 * 3 / 10)
    assert optimizer.state_dict() == {"steps": 2, "lr": 0.5, "0.t": 2, "0.s": 9}


def test_an_optimizer_without_a_formula_says_so():
    p = Parameter(1.0)
    p.grad = Variable(1.0)
    with pytest.raises(NotImplementedError, match="define step"):
        Optimizer([p], 0.1).update()


# State


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays(kind, dtype):
    net = model(dtype)
    optimizer = kind(net, np.float64(0.1))
    train(net, optimizer, batches(3, dtype))
    arrays = [x for slots in optimizer.state.values() for x in slots]
    assert len(arrays) == 4 * len(kind.slots)
    assert {x.dtype for x in [*arrays, *values(net)]} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", ALL)
def test_training_goes_on_exactly(kind):
    xs = batches(6)
    whole = model()
    train(whole, kind(whole, cosine(0.05, 6)), xs)
    first, second = model(), model()
    optimizer = kind(first, cosine(0.05, 6))
    train(first, optimizer, xs[:3])
    state, weights = optimizer.state_dict(), first.state_dict()
    train(first, optimizer, xs[3:])
    resumed = kind(second, cosine(0.05, 6))
    second.load_state_dict(weights)
    resumed.load_state_dict(state)
    train(second, resumed, xs[3:])
    for a, b, c in zip(values(whole), values(first), values(second)):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_state_loads_before_a_lazy_layer_is_called():
    net = MLP((5, 2), rng=0)
    optimizer = Adam(net)
    train(net, optimizer, batches(1))
    lazy = Adam(MLP((5, 2)))
    lazy.load_state_dict(optimizer.state_dict())
    assert lazy.counts == optimizer.counts


def test_state_is_a_copy_with_numbers_fit_for_json():
    net = model()
    optimizer = Momentum(net)
    train(net, optimizer, batches(1))
    state = optimizer.state_dict()
    entries = {f"{path}.{name}" for path in ["0.W", "0.b", "2.W", "2.b"] for name in "tv"}
    assert set(state) == {"steps", "lr", "momentum", *entries}
    before = state["0.W.v"].copy()
    train(net, optimizer, batches(1))
    np.testing.assert_array_equal(state["0.W.v"], before)
    assert json.dumps({key: x for key, x in state.items() if not key.endswith(".v")})


@pytest.mark.parametrize("kind", ALL)
def test_a_loaded_state_brings_its_learning_rate_and_hyper_parameters(kind):
    """The rate that was lowered by hand, too."""
    names = [f.name for f in fields(kind) if f.metadata]
    first, second = kind(model(), 0.5), kind(model(), 0.25)
    first.lr = 0.05
    for name in names:
        setattr(first, name, 0.125)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.lr == 0.05
    assert [getattr(second, name) for name in names] == [0.125] * len(names)


def test_a_state_without_hyper_parameters_leaves_them_as_they_are():
    """Version 0.1.0 wrote such states."""
    optimizer = Adam(model(), 0.3, beta1=0.5)
    optimizer.load_state_dict({"steps": 7})
    assert (optimizer.lr, optimizer.beta1, optimizer.steps) == (0.3, 0.5, 7)


def test_a_schedule_and_the_place_in_it_are_in_the_state():
    net, again = model(), model()
    optimizer, other = Adam(net, warmup(2, cosine(1.0, 10))), Adam(again, 0.7)
    assert optimizer.lr_now == 0.5
    train(net, optimizer, batches(4))
    assert optimizer.lr_now == cosine(1.0, 10)(2)
    again.load_state_dict(net.state_dict())
    other.load_state_dict(json.loads(json.dumps({k: x for k, x in optimizer.state_dict().items() if k[0] not in "02"})))
    assert other.lr == warmup(2, cosine(1.0, 10))
    assert other.lr_now == optimizer.lr_now
    other.load_state_dict(optimizer.state_dict())
    train(net, optimizer, batches(3))
    train(again, other, batches(3))
    for a, b in zip(values(net), values(again)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("around", [lambda rate: rate, lambda rate: warmup(2, rate)])
def test_a_plateau_goes_on_as_the_object_that_is_told_the_losses(around):
    first, held = plateau(1.0, 0.5, patience=1), plateau(0.3)
    for loss in (2.0, 1.0, 1.0, 1.0, 1.0):
        first.see(loss)
    optimizer, other = SGD(model(), around(first)), SGD(model(), around(held))
    with pytest.raises(ValueError, match="plateau: waited must be at least 0"):
        other.load_state_dict({"steps": 3, "lr": written(around(replace_waited(first)))})
    assert held == plateau(0.3)
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict())))
    assert held == first
    assert (held.lr, held.waited, held.best) == (0.5, 1, 1.0)
    first.see(1.0)
    held.see(1.0)
    assert other.lr_now == optimizer.lr_now
    assert held.lr == 0.25


def replace_waited(rate):
    changed = deepcopy(rate)
    changed.waited = -1
    return changed


def test_a_rate_of_ones_own_is_not_in_the_state_and_stays():
    optimizer, other = SGD(model(), lambda n: 0.1), SGD(model(), lambda n: 0.2)
    assert "lr" not in optimizer.state_dict()
    other.load_state_dict(optimizer.state_dict())
    assert other.lr_now == 0.2
    assert "lr" not in SGD(model(), warmup(3, lambda n: 0.1)).state_dict()


@pytest.mark.parametrize(
    "entries, match",
    [
        ({"lr": -1.0}, "lr must be at least 0, not -1.0"), ({"lr": "x"}, "lr must be a number, not 'x'"),
        ({"lr": {"schedule": "sine", "lr": 1.0}}, "lr must be a number or one of the schedules constant, step, "),
        ({"lr": {"schedule": "cosine", "lr": 1.0}}, "lr must be a number or one of the schedules"),
        ({"lr": {"schedule": "cosine", "lr": 1.0, "steps": 0, "end": 0.0}}, "steps must be at least 1"),
        ({"lr": {"schedule": "warmup", "steps": 2, "after": []}}, "lr: after must be a number"),
        ({"momentum": 1.5}, "momentum must be at least 0 and below 1"),
        ({"beta1": 0.5}, "beta1: unexpected in a state"),
    ],
)  # fmt: skip
def test_hyper_parameters_that_do_not_fit_are_refused(entries, match):
    optimizer = Momentum(model(), 0.1)
    with pytest.raises(ValueError, match=match):
        optimizer.load_state_dict({"steps": 5, **entries})
    assert (optimizer.steps, optimizer.lr, optimizer.momentum) == (0, 0.1, 0.9)


def test_everything_that_does_not_fit_is_named_and_nothing_is_changed():
    net = model()
    optimizer = Adam(net)
    train(net, optimizer, batches(2))
    before = optimizer.state_dict()
    state = before | {"0.W.m": np.ones((2, 2), np.float32), "0.b.v": np.ones(5), "other.t": 1, "x": 1, "steps": 9}
    state |= {"2.b.t": 1.5, "2.b.m": "m"}
    del state["2.W.v"]
    with pytest.raises(ValueError) as error:
        optimizer.load_state_dict(state)
    message = str(error.value)
    for line in [
        "0.W.m: float32 (2, 2) in the state, the parameter is float32 (3, 5)",
        "0.b.v: float64 (5,) in the state, the parameter is float32 (5,)",
        "2.W.v: missing",
        "2.b.t must be a whole number, not 1.5",
        "2.b.m must be an array, not str",
        "other: there is no such parameter",
        "other.m: missing",
        "x: unexpected in a state of Adam",
    ]:
        assert line in message
    after = optimizer.state_dict()
    assert after.keys() == before.keys()
    assert all(np.array_equal(after[key], before[key]) for key in before)


def test_a_state_of_another_optimizer():
    net = model()
    optimizer = Adam(net)
    train(net, optimizer, batches(1))
    with pytest.raises(ValueError, match=r"0\.W\.m: unexpected in a state of SGD"):
        SGD(net).load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match="steps: missing"):
        SGD(net).load_state_dict({})


# Devices


@pytest.mark.parametrize("kind", ALL)
def test_on_each_device(kind, on_device, moved):
    here, there = model(), moved(model())
    a, b = kind(here, 0.05), kind(there, 0.05)
    train(here, a, batches(3))
    train(there, b, [on_device(x) for x in batches(3)])
    for x, y in zip(values(here), values(there)):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
    module = namespace(on_device(np.ones(1)))
    assert all(namespace(x) is module for slots in b.state.values() for x in slots)


def test_the_state_moves_along(on_device, moved):
    here, there = model(), model()
    a, b = Adam(here), Adam(there)
    train(here, a, batches(2))
    train(there, b, batches(2))
    moved(there)
    train(here, a, batches(2))
    train(there, b, [on_device(x) for x in batches(2)])
    for x, y in zip(values(here), values(there)):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
