"""Convolution and pooling against PyTorch: hundreds of parameter sets, drawn at random."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.variable import grad
from tests.against_torch import close, one_thread, torch  # noqa: F401

SETS = 320


def compare(f, theirs, arrays, rng):
    """Forward and all gradients of two functions of the same arrays."""
    xs = [Variable(x) for x in arrays]
    ts = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, t = f(*xs), theirs(*ts)
    close(y, t)
    gy = rng.standard_normal(y.shape).astype(y.dtype)
    for gx, gt in zip(grad(y, xs, gy), torch.autograd.grad(t, ts, torch.tensor(gy))):
        close(gx, gt)


def draw(rng, least, most, n=2):
    """One number for all axes, or one for each."""
    numbers = rng.integers(least, most + 1, n).tolist()
    return numbers[0] if rng.random() < 0.5 else tuple(numbers)


def pair(value, n=2):
    return value if isinstance(value, tuple) else (value,) * n


def drawn(seed, n):
    """Random images, filters, bias and options of a convolution over n axes that fits."""
    rng = np.random.default_rng([seed, n])
    dtype = np.float32 if seed % 2 else np.float64
    while True:
        size, kernel = rng.integers(1, 10, n), rng.integers(1, 5, n)
        stride, pad, dilation = draw(rng, 1, 3, n), draw(rng, 0, 3, n), draw(rng, 1, 3, n)
        room = size + 2 * np.array(pair(pad, n)) - np.array(pair(dilation, n)) * (kernel - 1)
        if room.min() >= 1:
            break
    G = int(rng.choice([1, 1, 2, 3]))
    N, C, M = int(rng.integers(1, 5)), G * int(rng.integers(1, 4)), G * int(rng.integers(1, 4))
    x, W, b = [rng.standard_normal(s).astype(dtype) for s in ((N, C, *size), (M, C // G, *kernel), (M,))]
    return rng, x, W, b, {"stride": stride, "dilation": dilation, "groups": G}, pad


@pytest.mark.parametrize("n", [1, 2, 3])
def test_convolution(n):
    f, theirs = (getattr(module, f"conv{n}d") for module in (F, torch.nn.functional))
    for seed in range(SETS):
        rng, x, W, b, options, pad = drawn(seed, n)
        arrays = [x, W, b] if rng.random() < 0.7 else [x, W]
        compare(lambda *a: f(*a, pad=pad, **options), lambda *a: theirs(*a, padding=pad, **options), arrays, rng)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 5)])
def test_same(kernel):
    rng = np.random.default_rng(0)
    for dilation in (1, 2):
        arrays = [rng.standard_normal(s) for s in ((2, 3, 7, 6), (4, 3, *pair(kernel)), (4,))]
        compare(
            lambda *a: F.conv2d(*a, pad="same", dilation=dilation),
            lambda *a: torch.nn.functional.conv2d(*a, padding="same", dilation=dilation),
            arrays,
            rng,
        )


def test_transposed_convolution():
    compared = 0
    seed = 0
    while compared < SETS:
        seed += 1
        rng, x, W, b, options, pad = drawn(seed, 2)
        stride, groups = pair(options["stride"]), options["groups"]
        W = rng.standard_normal((x.shape[1], len(W) // groups, *W.shape[2:])).astype(x.dtype)
        output_pad = tuple(int(rng.integers(0, S)) for S in stride)
        ends = [
            (H - 1) * S + D * (K - 1) + 1 - 2 * P + R
            for H, S, D, K, P, R in zip(
                x.shape[2:], stride, pair(options["dilation"]), W.shape[2:], pair(pad), output_pad
            )
        ]
        if min(ends) < 1:
            continue
        compared += 1
        compare(
            lambda *a: F.conv_transpose2d(*a, pad=pad, output_pad=output_pad, **options),
            lambda *a: torch.nn.functional.conv_transpose2d(*a, padding=pad, output_padding=output_pad, **options),
            [x, W, b] if rng.random() < 0.7 else [x, W],
            rng,
        )


def windows_drawn(seed):
    """Random images and windows on them; with small whole numbers in half of the images, so that pixels are equal."""
    rng = np.random.default_rng([seed, 7])
    dtype = np.float32 if seed % 2 else np.float64
    kernel, stride = draw(rng, 1, 4), draw(rng, 1, 4)
    pad = tuple(int(rng.integers(0, K // 2 + 1)) for K in pair(kernel))
    size = [int(rng.integers(max(1, K - 2 * P), 10)) for K, P in zip(pair(kernel), pad)]
    x = rng.standard_normal((int(rng.integers(1, 4)), int(rng.integers(1, 4)), *size))
    return rng, (x.round() if rng.random() < 0.5 else x).astype(dtype), kernel, stride, pad


def test_max_pooling():
    for seed in range(SETS):
        rng, x, kernel, stride, pad = windows_drawn(seed)
        ceil = bool(rng.random() < 0.5)
        compare(
            lambda x: F.max_pool2d(x, kernel, stride, pad, ceil_mode=ceil),
            lambda x: torch.nn.functional.max_pool2d(x, kernel, stride, pad, ceil_mode=ceil),
            [x],
            rng,
        )


def test_average_pooling():
    for seed in range(SETS):
        rng, x, kernel, stride, pad = windows_drawn(seed)
        compare(
            lambda x: F.average_pool2d(x, kernel, stride, pad),
            lambda x: torch.nn.functional.avg_pool2d(x, kernel, stride, pad),
            [x],
            rng,
        )


def test_adaptive_average_pooling():
    for seed in range(SETS):
        rng = np.random.default_rng([seed, 8])
        x = rng.standard_normal((2, 2, *rng.integers(1, 10, 2))).astype(np.float32 if seed % 2 else np.float64)
        size = tuple(rng.integers(1, 7, 2).tolist())
        compare(
            lambda x: F.adaptive_average_pool2d(x, size),
            lambda x: torch.nn.functional.adaptive_avg_pool2d(x, size),
            [x],
            rng,
        )


def test_upsampling():
    for seed in range(SETS):
        rng = np.random.default_rng([seed, 9])
        x = rng.standard_normal((2, 2, *rng.integers(1, 6, 2)))
        scale = draw(rng, 1, 3)
        compare(
            lambda x: F.upsample2d(x, scale),
            lambda x: torch.nn.functional.interpolate(x, scale_factor=tuple(map(float, pair(scale)))),
            [x],
            rng,
        )
