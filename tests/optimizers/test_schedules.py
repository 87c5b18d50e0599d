"""Schedules by their closed forms."""

from math import cos, pi

import pytest

from autograd.optimizers import constant, cosine, exponential, step, warmup


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
        (lambda: warmup(10, None), TypeError, "lr must be a number"),
    ],
)  # fmt: skip
def test_wrong_numbers(make, error, match):
    with pytest.raises(error, match=match):
        make()
