"""Schedules by their closed forms."""

import json
import pickle
from dataclasses import FrozenInstanceError
from math import cos, pi

import pytest

from autograd import Variable
from autograd.layers import MLP, Parameter
from autograd.optimizers import (
    SGD,
    clip_by_norm,
    clip_by_value,
    constant,
    cosine,
    exponential,
    freeze,
    onecycle,
    plateau,
    step,
    warmup,
    weight_decay,
)
from autograd.optimizers.schedules import restored, written


@pytest.mark.parametrize(
    "schedule, expected",
    [
        (constant(0.1), {0: 0.1, 99: 0.1}),
        (step(0.8, 10, 0.5), {0: 0.8, 9: 0.8, 10: 0.4, 19: 0.4, 20: 0.2}),
        (step(1.0, 3), {2: 1.0, 3: 0.1, 6: 0.01}),
        (exponential(2.0, 0.9), {0: 2.0, 1: 1.8, 2: 1.62, 10: 2 * 0.9**10}),
        (cosine(1.0, 100), {0: 1.0, 25: (1 + cos(pi / 4)) / 2, 50: 0.5, 100: 0.0, 200: 0.0}),
        (cosine(1.0, 10, end=0.2), {0: 1.0, 5: 0.6, 10: 0.2, 11: 0.2}),
        (warmup(4, 0.8), {0: 0.2, 1: 0.4, 3: 0.8, 4: 0.8, 50: 0.8}),
        (onecycle(1.0, 101, up=41 / 101, end=1e2), {0: 0.04, 20: 0.52, 40: 1.0, 70: 0.5002, 100: 0.0004, 500: 0.0004}),
        (onecycle(1.0, 1), {0: 0.04 / 1e4, 1: 0.04 / 1e4}),
        (plateau(0.1), {0: 0.1, 9: 0.1}),
        (warmup(2, cosine(1.0, 10)), {0: 0.5, 1: 1.0, 2: 1.0, 7: 0.5, 12: 0.0}),
    ],
)  # fmt: skip
def test_values(schedule, expected):
    for n, lr in expected.items():
        assert schedule(n) == pytest.approx(lr, abs=1e-15)
        assert type(schedule(n)) is float


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: constant(-1), ValueError, "lr must be at least 0"),
        (lambda: step(0.1, 0), ValueError, "every must be at least 1"),
        (lambda: step(0.1, 1.5), TypeError, "every must be a whole number"),
        (lambda: exponential(0.1, -1), ValueError, "factor must be at least 0"),
        (lambda: cosine(0.1, 0), ValueError, "steps must be at least 1"),
        (lambda: cosine("0.1", 10), TypeError, "lr must be a number"),
        (lambda: warmup(0, 0.1), ValueError, "steps must be at least 1"),
        (lambda: warmup(10, None), TypeError, "warmup: after must be a number"),
        (lambda: onecycle(0.1, 0), ValueError, "steps must be at least 1"),
        (lambda: onecycle(0.1, 10, up=1.0), ValueError, "onecycle: up must be above 0 and below 1"),
        (lambda: onecycle(0.1, 10, start=0), ValueError, "onecycle: start must be above 0"),
        (lambda: plateau(0.1, factor=1.0), ValueError, "plateau: factor must be at least 0 and below 1"),
        (lambda: plateau(0.1, patience=0.5), TypeError, "plateau: patience must be a whole number"),
        (lambda: plateau(0.1).see("low"), TypeError, "see: loss must be a number"),
    ],
)  # fmt: skip
def test_wrong_numbers(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_onecycle_is_that_of_torch():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=37)
    ours = onecycle(0.5, 37)
    for n in range(36):
        assert ours(n) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        theirs.step()


LOSSES = [5, 4, 4, 4, 4.0001, 3.9999, 4, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2]


def test_a_plateau_by_hand():
    rate = plateau(0.8, factor=0.5, patience=2, least=0.25)
    rates = []
    for loss in [4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]:
        rate.see(loss)
        rates.append(rate(0))
    assert rates == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.25, 0.25, 0.25, 0.25]
    p = Parameter(1.0)
    optimizer = SGD([p], rate)
    p.grad = Variable(1.0)
    optimizer.update()
    assert float(p) == 0.75


def test_a_plateau_is_that_of_torch():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    ours = plateau(0.1, patience=2)
    for loss in LOSSES:
        theirs.step(loss)
        ours.see(loss)
        assert ours(0) == pytest.approx(optimizer.param_groups[0]["lr"])


PRINTED = {
    "constant(lr=0.1)": constant(0.1),
    "step(lr=0.8, every=10, factor=0.1)": step(0.8, 10),
    "exponential(lr=2.0, factor=0.9)": exponential(2, 0.9),
    "cosine(lr=0.1, steps=10000, end=0.0)": cosine(0.1, 10_000),
    "warmup(steps=4, after=0.8)": warmup(4, 0.8),
    "warmup(steps=2, after=cosine(lr=1.0, steps=10, end=0.0))": warmup(2, cosine(1.0, 10)),
    "onecycle(lr=1.0, steps=101, up=0.3, start=25.0, end=10000.0)": onecycle(1.0, 101),
    "plateau(lr=0.1, factor=0.1, patience=10, least=0.0, threshold=0.0001)": plateau(0.1),
}


@pytest.mark.parametrize("text", PRINTED)
def test_a_schedule_prints_itself_is_compared_and_pickled(text):
    schedule = PRINTED[text]
    assert repr(schedule) == text
    assert eval(text) == schedule
    copy = pickle.loads(pickle.dumps(schedule))
    assert copy == schedule
    assert [copy(n) for n in range(20)] == [schedule(n) for n in range(20)]
    assert restored("lr", json.loads(json.dumps(written(schedule)))) == schedule
    assert schedule != constant(0.2)
    if not text.startswith("plateau"):
        with pytest.raises(FrozenInstanceError):
            schedule.lr = 1.0


def test_an_optimizer_with_schedule_and_transforms_is_pickled_with_its_model():
    net = MLP((2, 1), in_size=2, rng=0)
    transforms = [clip_by_norm(1.0), clip_by_value(0.5), weight_decay(0.01, vectors=False), freeze("0.b")]
    optimizer = SGD(net, warmup(2, cosine(1.0, 10)), transforms=transforms)
    text = (
        "[clip_by_norm(max_norm=1.0), clip_by_value(limit=0.5), weight_decay(rate=0.01, vectors=False), freeze('0.b')]"
    )
    assert repr(transforms) == text
    copy, again = pickle.loads(pickle.dumps((net, optimizer)))
    assert again.transforms == optimizer.transforms == tuple(eval(text))
    assert again.lr == optimizer.lr
    for model, one in ((net, optimizer), (copy, again)):
        for p in model.params():
            p.grad = Variable(p.data * 3)
        one.update()
    for p, q in zip(net.params(), copy.params()):
        assert (p.data == q.data).all()
