"""Images against PyTorch: values and gradients of pooling, sizes, places and borders, over many options."""

from itertools import product

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from tests.against_torch import close, one_thread, torch

__all__ = ["one_thread"]

T, rng = torch.nn.functional, np.random.default_rng(0)
SIZES = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}


def agree(f, g, *arrays):
    """Do f on Variables and g on tensors give the same, and the same gradients of a random seed?"""
    given, tensors = [Variable(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = f(*given), g(*tensors)
    close(y, expected)
    seed = rng.standard_normal(y.shape)
    gradients = torch.autograd.grad(expected, tensors, torch.tensor(seed))
    for found, e in zip(grad([y], given, [seed]), gradients):
        close(found, e)


@pytest.mark.parametrize("n", SIZES)
def test_pooling(n):
    x = rng.standard_normal((2, 3, *SIZES[n]))
    for k, s, p, c in product((2, 3), (1, 2, 3), (0, 1), (False, True)):
        average, theirs = getattr(F, f"average_pool{n}d"), getattr(T, f"avg_pool{n}d")
        for padded in (False, True):
            agree(lambda v: average(v, k, s, p, c, padded), lambda t: theirs(t, k, s, p, c, padded), x)
        maximum, theirs = getattr(F, f"max_pool{n}d"), getattr(T, f"max_pool{n}d")
        for d in (1, 2) if min(SIZES[n]) > 2 * (k - 1) else (1,):
            agree(lambda v: maximum(v, k, s, p, c, d), lambda t: theirs(t, k, s, p, d, c), x)
            found = F.max_pool_with_indices(x, k, s, p, c, d)[1]
            np.testing.assert_array_equal(found, theirs(torch.tensor(x), k, s, p, d, c, return_indices=True)[1].numpy())
    for size, (ours, theirs) in product((1, 2, 3, 4, 8), (("average", "avg"), ("max", "max"))):
        pools = getattr(F, f"adaptive_{ours}_pool{n}d"), getattr(T, f"adaptive_{theirs}_pool{n}d")
        agree(lambda v: pools[0](v, size), lambda t: pools[1](t, size), x)


@pytest.mark.parametrize("n", SIZES)
def test_max_unpool(n):
    y, places = F.max_pool_with_indices(rng.standard_normal((2, 3, *SIZES[n])), 2)
    indices = torch.tensor(places)
    theirs = getattr(T, f"max_unpool{n}d")
    agree(lambda v: F.max_unpool(v, places, SIZES[n]), lambda t: theirs(t, indices, 2, output_size=SIZES[n]), y)


@pytest.mark.parametrize("n", SIZES)
def test_interpolate(n):
    x = rng.standard_normal((2, 3, *SIZES[n]))
    line = ("linear", "bilinear", "trilinear")[n - 1]
    for mode in ("nearest", "nearest-exact", "area", line, *(["bicubic"] if n == 2 else [])):
        for align in (False, True) if mode in (line, "bicubic") else (None,):
            for size, scale in ((3, None), (11, None), (1, None), (None, 2), (None, 1.7), (None, 0.6)):
                agree(
                    lambda v: F.interpolate(v, size, scale, mode, bool(align)),
                    lambda t: T.interpolate(t, size, scale, mode, align),
                    x,
                )


def test_interpolate_without_aliases():
    x = rng.standard_normal((2, 3, 12, 7))
    for mode, (size, scale) in product(
        ("bilinear", "bicubic"), ((3, None), (11, None), (1, None), (None, 0.6), (None, 2))
    ):
        agree(
            lambda v: F.interpolate(v, size, scale, mode, antialias=True),
            lambda t: T.interpolate(t, size, scale, mode, antialias=True),
            x,
        )


@pytest.mark.parametrize("n", [2, 3])
def test_grid_sample(n):
    x = rng.standard_normal((2, 3, *SIZES[n]))
    modes = ("bilinear", "nearest", *(["bicubic"] if n == 2 else []))
    for mode, outside, align, reach in product(modes, ("zeros", "border", "reflection"), (False, True), (0.9, 1.5, 6)):
        grid = rng.uniform(-reach, reach, (2, *[4] * n, n))
        agree(
            lambda v, g: F.grid_sample(v, g, mode, outside, align),
            lambda t, g: T.grid_sample(t, g, mode, outside, align),
            x,
            grid,
        )
    for align in (False, True):
        theta = rng.standard_normal((2, n, n + 1))
        size = (2, 3, *SIZES[n])
        agree(lambda v: F.affine_grid(v, size[2:], align), lambda t: T.affine_grid(t, size, align), theta)


def test_borders_and_windows():
    x = rng.standard_normal((2, 3, 5, 6))
    for mode in ("reflect", "replicate", "circular"):
        agree(lambda v: F.pad(v, ((0, 0), (0, 0), (2, 1), (3, 4)), 0, mode), lambda t: T.pad(t, (3, 4, 2, 1), mode), x)
    agree(lambda v: F.unfold(v, (2, 3), 2, 1), lambda t: T.unfold(t, (2, 3), padding=1, stride=2), x)
    columns = F.unfold(x, (2, 3), 2, 1)
    agree(lambda v: F.fold(v, (5, 6), (2, 3), 2, 1), lambda t: T.fold(t, (5, 6), (2, 3), padding=1, stride=2), columns)
