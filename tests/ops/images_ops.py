"""Rows for images of one, two and three spatial axes: pooling, new sizes, places, borders, pixels moved.

The references are loops over windows, regions and pixels.
"""

from itertools import product
from math import ceil, floor

import numpy as np

import autograd.functions as F
from tests.ops.conv_ops import W, b, each, pads, transposed
from tests.ops.conv_ops import x as images
from tests.ops.pooling_ops import apart, plain
from tests.ops.table import Op, away_from, case, normal, strided, wrong


def windows(x, kernel, stride=None, pad=0, ceil_mode=False, dilation=1):
    """The numbers of windows, and for each window the pixels of its taps, also those outside of the image."""
    n = x.ndim - 2
    kernel, dilation = each(kernel, n), each(dilation, n)
    stride = kernel if stride is None else each(stride, n)
    around = pads(pad, x.shape[2:], kernel, stride, dilation)
    out = []
    for H, K, S, D, (before, behind) in zip(x.shape[2:], kernel, stride, dilation, around):
        steps = (H + before + behind - D * (K - 1) - 1) / S
        O = (ceil if ceil_mode else floor)(steps) + 1
        out.append(O - (ceil_mode and H + before <= (O - 1) * S))
    found = {}
    for o in product(*map(range, out)):
        lines = [[i * S + k * D - before for k in range(K)] for i, S, K, D, (before, _) in zip(o, stride, kernel, dilation, around)]
        found[o] = list(product(*lines))
    return out, found, around


def on(p, size, around=None):
    """Is the pixel on the image, or on its padding?"""
    return all(i in range(-a, H + c) for i, H, (a, c) in zip(p, size, around or [(0, 0)] * len(size)))


def maxima(x, kernel, stride=None, pad=0, ceil_mode=False, dilation=1, indices=False):
    out, found, _ = windows(x, kernel, stride, pad, ceil_mode, dilation)
    y, numbers = np.zeros((*x.shape[:2], *out), x.dtype), np.zeros((*x.shape[:2], *out), int)
    for o, taps in found.items():
        taps = [p for p in taps if on(p, x.shape[2:])]
        values = np.stack([x[(..., *p)] for p in taps], -1)
        y[(..., *o)] = values.max(-1)
        numbers[(..., *o)] = np.array([np.ravel_multi_index(p, x.shape[2:]) for p in taps])[values.argmax(-1)]
    return (y, numbers) if indices else y


def means(x, kernel, stride=None, pad=0, ceil_mode=False, count_include_pad=True, divisor=None):
    out, found, around = windows(x, kernel, stride, pad, ceil_mode)
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for o, taps in found.items():
        counted = sum(on(p, x.shape[2:], around if count_include_pad else None) for p in taps)
        y[(..., *o)] = sum(x[(..., *p)] for p in taps if on(p, x.shape[2:])) / (divisor or counted)
    return y


def regions(f):
    def reference(x, size):
        out = each(size, x.ndim - 2)
        y = np.zeros((*x.shape[:2], *out), x.dtype)
        for o in product(*map(range, out)):
            part = x[(..., *[slice(floor(i * H / O), ceil((i + 1) * H / O)) for i, H, O in zip(o, x.shape[2:], out)])]
            y[(..., *o)] = f(part.reshape(*x.shape[:2], -1), -1)
        return y

    return reference


def laid_back(x, indices, size):
    size = each(size, x.ndim - 2)
    y = np.zeros((*x.shape[:2], int(np.prod(size))), x.dtype)
    for n, c in product(*map(range, x.shape[:2])):
        for value, i in zip(x[n, c].ravel(), np.asarray(indices)[n, c].ravel()):
            y[n, c, i] = value
    return y.reshape(*x.shape[:2], *size)


def hat(d):
    return max(0.0, 1 - abs(d))


def keys(d, a=-0.75):
    """Keys' kernel."""
    d = abs(d)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def nearest(d):
    return float(-0.5 <= d < 0.5)


def mirrored(p, H, align):
    """The pixel p of an image repeated in mirrors: about its outer pixels, or about its edges."""
    while not 0 <= p < H:
        p = (-p if p < 0 else 2 * (H - 1) - p) if align else (-1 - p if p < 0 else 2 * H - 1 - p)
        if H == 1:
            return 0
    return p


def resized(x, size=None, scale=None, mode="nearest", align_corners=False, antialias=False):
    n = x.ndim - 2
    if mode == "area":
        return regions(np.mean)(x, [floor(H * s) for H, s in zip(x.shape[2:], each(scale, n))] if size is None else size)
    scales = each(scale, n) if size is None else [None] * n
    for axis in range(n):
        H = x.shape[axis + 2]
        O = floor(H * scales[axis]) if size is None else each(size, n)[axis]
        step = H / O if scales[axis] is None else 1 / scales[axis]
        matrix = np.zeros((O, H))
        for o in range(O):
            if mode.startswith("nearest"):
                matrix[o, min(floor((o + (0.5 if mode == "nearest-exact" else 0)) * step), H - 1)] += 1
                continue
            s = o * (H - 1) / max(O - 1, 1) if align_corners else (o + 0.5) * step - 0.5
            if antialias:
                wide, kernel = max(step, 1), (lambda t: keys(t, -0.5)) if mode == "bicubic" else hat
                matrix[o] = [kernel((s - p) / wide) for p in range(H)]
                matrix[o] /= matrix[o].sum()
                continue
            for p in range(-4, H + 4):
                matrix[o, min(max(p, 0), H - 1)] += (keys if mode == "bicubic" else hat)(s - p)
        x = np.moveaxis(np.moveaxis(x, axis + 2, -1) @ matrix.T.astype(x.dtype), -1, axis + 2)
    return x


def sampled(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    size = x.shape[2:]
    kernel = {"bilinear": hat, "bicubic": keys, "nearest": nearest}[mode]
    y = np.zeros((*x.shape[:2], *grid.shape[1:-1]), np.result_type(x, grid))
    for i, o in product(range(len(x)), product(*map(range, grid.shape[1:-1]))):
        place = [(g + 1) / 2 * (H - 1) if align_corners else ((g + 1) * H - 1) / 2 for g, H in zip(grid[(i, *o)][::-1].tolist(), size)]
        lines = [[(p, kernel(s - p)) for p in range(floor(s) - 2, floor(s) + 4)] for s in place]
        for taps in product(*lines):
            weight = np.prod([w for _, w in taps])
            pixels = [p for p, _ in taps]
            if padding_mode == "border":
                pixels = [min(max(p, 0), H - 1) for p, H in zip(pixels, size)]
            elif padding_mode == "reflection":
                pixels = [mirrored(p, H, align_corners) for p, H in zip(pixels, size)]
            if on(pixels, size):
                y[(i, slice(None), *o)] += weight * x[(i, slice(None), *pixels)]
    return y


def grid_of(shape, *out, align=False, reach=2, seed=0):
    """Places of which none is near a pixel or the middle between two, where derivatives jump."""
    rng = np.random.default_rng([seed, *shape, *out])
    n = len(shape) - 2
    grid = np.zeros((shape[0], *out, n))
    for axis, H in enumerate(shape[2:]):
        places = rng.integers(-reach, H + reach, grid.shape[:-1]) + rng.choice([0.15, 0.3, 0.7, 0.85], grid.shape[:-1])
        grid[..., n - 1 - axis] = places * 2 / (H - 1) - 1 if align else (2 * places + 1) / H - 1
    return grid


def samples():
    cases = []
    for m, p, a in product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (False, True)):
        shape = (1, 2, 3, 4) if p == "zeros" else (2, 1, 3, 2)
        cases.append(case(plain(*shape), grid_of(shape, 2, 1, align=a), m, p, a))
    for m, p in product(("bilinear", "nearest"), ("zeros", "border", "reflection")):
        cases.append(case(plain(1, 1, 2, 3, 2), grid_of((1, 1, 2, 3, 2), 1, 2, 1), m, p))
    shape, x = (1, 1, 3, 3), plain(1, 1, 3, 3)
    cases += [case(x, np.full((1, 1, 1, 2), 30.1)), case(x, np.full((1, 1, 1, 2), -1e3), "bicubic"), case(strided(x), grid_of(shape, 2, 2)), case(x.swapaxes(2, 3), strided(grid_of(shape, 2, 2)))]
    return [*cases, case(x.astype(np.float32), grid_of(shape, 2, 2).astype(np.float32)), case(plain(1, 2, 1, 1), grid_of((1, 2, 1, 1), 2, 1), "bilinear", "reflection")]


def mapped(theta, size, align_corners=False):
    n = theta.shape[1]
    y = np.zeros((len(theta), *each(size, n), n), theta.dtype)
    for o in product(*map(range, each(size, n))):
        place = [(2 * i / max(H - 1, 1) - (H > 1) if align_corners else (2 * i + 1) / H - 1) for i, H in zip(o, each(size, n))]
        y[(slice(None), *o)] = theta @ np.array([*place[::-1], 1])
    return y


def shuffled(x, scale):
    *N, C, H, W = x.shape
    y = np.zeros((*N, C // scale**2, H * scale, W * scale), x.dtype)
    for c, h, w in product(*map(range, y.shape[-3:])):
        y[..., c, h, w] = x[..., c * scale**2 + h % scale * scale + w % scale, h // scale, w // scale]
    return y


def unshuffled(x, scale):
    *N, C, H, W = x.shape
    y = np.zeros((*N, C * scale**2, H // scale, W // scale), x.dtype)
    for c, h, w in product(range(C), range(H), range(W)):
        y[..., c * scale**2 + h % scale * scale + w % scale, h // scale, w // scale] = x[..., c, h, w]
    return y


def channels(x, groups):
    K = x.shape[1] // groups
    return np.stack([x[:, c % groups * K + c // groups] for c in range(x.shape[1])], 1)


def columns(x, kernel, stride=1, pad=0, dilation=1):
    _, found, _ = windows(x, kernel, stride, pad, False, dilation)
    cols = [[x[(..., *p)] if on(p, x.shape[2:]) else np.zeros(x.shape[:2], x.dtype) for p in taps] for taps in found.values()]
    return np.array(cols).transpose(2, 3, 1, 0).reshape(len(x), -1, len(cols)).astype(x.dtype)


def folded(cols, size, kernel, stride=1, pad=0, dilation=1):
    K = int(np.prod(each(kernel, len(size))))
    y = np.zeros((cols.shape[0], cols.shape[1] // K, *size), cols.dtype)
    _, found, _ = windows(y, kernel, stride, pad, False, dilation)
    for column, taps in enumerate(found.values()):
        for k, p in enumerate(taps):
            if on(p, size):
                y[(..., *p)] += cols[:, k::K, column]
    return y


SIZES = {1: (7,), 2: (4, 5), 3: (3, 4, 2)}


def pooled(n, make, average=False):
    """Windows over n axes, with every option."""
    x, small = make(1, 2, *SIZES[n]), make(2, 1, *[3] * n)
    cases = [case(x, 2), case(x, 2, 1), case(x, 2, 3), case(x, 2, pad=1), case(x, 2, 1, 1), case(small, 3, 2, 1), case(small, 1), case(x, (2,) * n, (1,) * n, ((1, 0),) * n), case(small, 2, 1, "same")]
    cases += [case(x, k, s, p, True) for k, s, p in ((2, None, 0), (2, 2, 1), (2, 3, 1), (2, 3, 0))] + [case(small, 2, 2, 0, True), case(small, 4, 2, 0, True) if n == 1 else case(small, 3)]
    cases += [case(strided(small), 2), case(small.swapaxes(-1, -2) if n > 1 else small.swapaxes(0, 2), 2), case(small.astype(np.float32), 2, 1), case(np.broadcast_to(small[:1], small.shape), 2)]
    if not average:
        return [*cases, case(make(1, 1, *[5] * n), 2, 1, dilation=2), case(make(1, 1, *[5] * n), 2, 2, 1, True, 3), case(small, 2, dilation=(2,) * n), case(small, 2, 1, 1, dilation=2)]
    cases += [case(x, 2, s, p, c, False) for s, p, c in ((None, 1, False), (3, 1, True), (1, ((1, 0),) * n, False), (2, 0, True))]
    return [*cases, case(x, 2, divisor=3), case(x, 2, 1, 1, False, False, 1.5), case(small, 2, 2, 1, True, True, -2)]


def regional(n, make):
    x, small = make(1, 2, *SIZES[n]), make(2, 1, *[3] * n)
    cases = [case(x, s) for s in (1, 2, 3, 4, SIZES[n], tuple(s + 1 for s in SIZES[n]))] + [case(small, s) for s in (1, 2, 3, 5)]
    return [*cases, case(strided(small), 2), case(small.astype(np.float32), 2), case(make(1, 1, *[4] * n), 2), case(small.swapaxes(-1, -2) if n > 1 else small.swapaxes(0, 2), 1)]


def interpolations():
    cases = []
    for n, line in ((1, "linear"), (2, "bilinear"), (3, "trilinear")):
        x = plain(1, 1, *[(5,), (3, 4), (2, 3, 2)][n - 1])
        for m in ("nearest", "nearest-exact", line, "area", *(["bicubic"] if n == 2 else [])):
            cases += [case(x, s, None, m) for s in (3, 5)] + [case(x, scale=s, mode=m) for s in (2, 1.6)]
            if m in (line, "bicubic"):
                cases += [case(x, s, None, m, True) for s in (1, 4)] + [case(x, scale=(1.5,) * n, mode=m, align_corners=True)]
                cases += [case(x, s, None, m, antialias=True) for s in (1, 2, 4)] + [case(x, scale=0.7, mode=m, antialias=True)]
    x = plain(2, 2, 3, 2)
    return [*cases, *[case(a, 4, mode=m) for a in (strided(x), x.swapaxes(2, 3), x.astype(np.float32)) for m in ("nearest", "bicubic")]]


def unpooled():
    cases = []
    for n, s in SIZES.items():
        x = apart(1, 2, *s)
        for k, stride in ((2, 2), (2, 3)):
            y, places = maxima(x, k, stride, indices=True)
            cases += [case(y, places, s), case(y.astype(np.float32), places.astype(np.int32), s)]
    y, places = maxima(apart(1, 1, 4, 4), 3, 1, indices=True)  # a pixel is the maximum of several windows
    return [*cases, case(y, places, 4), case(y, places.copy(), np.array([4, 4])), case(strided(y), places, (4, 4)), case(plain(1, 1, 2), np.array([[[0, 0]]]), 2)]


def bordered(x, width, value=0, mode="constant"):
    mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    return np.pad(x, width, mode, **({"constant_values": value} if mode == "constant" else {}))


modes = ("edge", "reflect", "symmetric", "wrap", "replicate", "circular")
x, v = normal(3, 4), normal(5)
borders = [case(a, w, mode=m) for m in modes for a, w in ((x, 1), (x, ((2, 0), (1, 3))), (v, (0, 4)), (v, 2), (strided(x), 1), (x.astype(np.float32), (1, 2)))] + [case(v, 5, mode="symmetric"), case(v, 12, mode="edge"), case(x, 0, mode="reflect")]

unfolds = [case(images(1, 2, *s), k, st, p, d) for s in ((5,), (3, 4), (2, 3, 2)) for k, st, p, d in ((2, 1, 0, 1), (1, 2, 0, 1), (2, 2, 1, 1), (2, 1, 1, 2))] + [case(strided(images(1, 1, 3, 3)), 2), case(images(2, 1, 3, 3).astype(np.float32), (2, 1), (1, 2))]


def folds():
    return [case(np.asarray(normal(*columns(*c.args).shape, seed=4), c.args[0].dtype), c.args[0].shape[2:], *c.args[1:]) for c in unfolds]


def thinned(x, p=0.5, rng=None):
    """Each channel kept or dropped as a whole, one after the other."""
    y = x.copy()
    for i, u in enumerate(np.random.default_rng(rng).random(x.shape[0] * x.shape[1], np.float32) if p else ()):
        y.reshape(-1, *x.shape[2:])[i] = x.reshape(-1, *x.shape[2:])[i] / (1 - p) if u >= p else 0
    return y


def chances(n):
    arrays = [plain(2, 3, *[2] * n), strided(plain(3, 2, *[1] * n)), plain(1, 4, *[2] * n).astype(np.float32), plain(0, 2, *[2] * n)]
    return [case(a, p, rng=seed) for a in arrays for p in (0, 0.2, 0.5) for seed in (1, 2)]


AXES = {1: r"x must have the 3 axes \(N, C, L\)", 2: "x must have the 4 axes", 3: r"x must have the 5 axes \(N, C, D, H, W\)"}


def wrong_sizes(n, name, *more):
    x = plain(1, 1, *[3] * n)
    return [
        wrong(ValueError, AXES[n], plain(3, 3), 2, *more), wrong(ValueError, rf"{name}: the kernel .* does not fit", x, 4, *more), wrong(ValueError, f"{name}: kernel must be a whole number", x, 0, *more),
        wrong(ValueError, "stride must be a whole number", x, 2, 0), wrong(ValueError, "pad must be 'same', 'valid'", x, 2, pad=0.5), wrong(TypeError, "ceil_mode must be True or False", x, 2, ceil_mode=1),
    ]  # fmt: skip


def rows_over(n):
    x = plain(1, 1, *[3] * n)
    empty = wrong(ValueError, "pad must be smaller than the kernel .* a window is empty", x, 2, pad=2)
    label = f" over {n} axes" if n == 2 else ""
    regions_refused = [wrong(ValueError, AXES[n], plain(3, 3), 1), wrong(ValueError, f"^adaptive_.*_pool{n}d: size must be a whole number of at least 1", x, 0)]
    return [
        Op(
            f"max_pool{n}d{label}", getattr(F, f"max_pool{n}d"), maxima, pooled(n, apart),
            [*wrong_sizes(n, f"max_pool{n}d"), empty, wrong(ValueError, "pad must be smaller, not 1: a window is empty, because no tap .* is on the image", plain(1, 1, *[1] * n), 2, pad=1, dilation=2), wrong(ValueError, "dilation must be", x, 2, dilation=0), wrong(TypeError, "real numbers, not complex", x * 1j, 2)],
        ),
        Op(
            f"average_pool{n}d{label}", getattr(F, f"average_pool{n}d"), means, pooled(n, plain, average=True),
            [*wrong_sizes(n, f"average_pool{n}d"), wrong(ValueError, "a window is empty", x, 2, pad=2, count_include_pad=False), wrong(ValueError, "divisor must be a number other than 0", x, 2, divisor=0), wrong(TypeError, "count_include_pad must be True or False", x, 2, count_include_pad=0)],
        ),
        Op(f"adaptive_average_pool{n}d{label}", getattr(F, f"adaptive_average_pool{n}d"), regions(np.mean), regional(n, plain), regions_refused),
        Op(f"adaptive_max_pool{n}d{label}", getattr(F, f"adaptive_max_pool{n}d"), regions(np.max), regional(n, apart), [*regions_refused, wrong(ValueError, "at least one pixel", plain(1, 1, *[0] * n), 1)]),
        Op(f"dropout{n}d", getattr(F, f"dropout{n}d"), thinned, chances(n), [wrong(ValueError, AXES[n], plain(3, 3)), wrong(ValueError, f"dropout{n}d: p must be at least 0 and below 1", x, 1), wrong(TypeError, "takes floating-point arrays", np.ones(3, int))]),
    ]  # fmt: skip


def convolutions(n):
    size, kernel = {1: (3,), 3: (1, 2, 2)}[n], {1: (2,), 3: (2, 1, 2)}[n]
    x = images(1, 2, *size)
    cases = [case(x, W(2, 1, *kernel)), case(x, W(2, 3, *kernel), b(3)), case(x, W(2, 2, *kernel), b(2), 2), case(x, W(2, 1, *kernel), None, 2, 0, 1), case(x, W(2, 1, *[2] * n), None, 3, 1, 2), case(x, W(2, 1, *kernel), b(2), 1, 0, 0, 1, 2)]
    cases += [case(x, W(2, 1, *kernel), dilation=2), case(x, W(2, 1, *[3] * n), pad=1), case(images(2, 2, *size), W(2, 2, *kernel), groups=2, stride=2), case(strided(x), strided(W(2, 1, *kernel)), b(1))]
    return [*cases, case(x.astype(np.float32), W(2, 1, *kernel).astype(np.float32), b(1).astype(np.float32)), case(x, W(2, 1, *[1] * n), pad=((0, 0),) * n)]


grid = grid_of((1, 1, 3, 3), 2, 2)



def powers(x, ord, kernel, stride=None, pad=0, ceil_mode=False):
    out, found, _ = windows(x, kernel, stride, pad, ceil_mode)
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for o, taps in found.items():
        inside = [p for p in taps if all(0 <= i < n for i, n in zip(p, x.shape[2:]))]
        y[(..., *o)] = sum(np.abs(x[(..., *p)]) ** ord for p in inside) ** (1 / ord)
    return y




def lp(n):
    image = lambda *shape: away_from(plain(*shape), 0)  # noqa: E731
    sizes = (4, 5, 3)[:n]
    cases = [case(image(1, 1, *sizes), p, 2) for p in (1, 2, 3)] + [case(image(1, 2, *sizes), 2, 2, 1), case(image(1, 1, *sizes), 2, 3, 2, 1), case(image(1, 1, *sizes), 2, 2, ceil_mode=True), case(strided(image(1, 1, *sizes)), 2, 2), case(image(1, 1, *sizes).astype(np.float32), 2, 2)]
    return Op(f"lp_pool{n}d", getattr(F, f"lp_pool{n}d"), powers, cases, [wrong(ValueError, "x must have the", plain(3), 2, 2), wrong(ValueError, "ord must be at least 1, not 0", plain(1, 1, *sizes), 0, 2), wrong(ValueError, "kernel must be", plain(1, 1, *sizes), 2, 0)])



OPS = [
    *[row for n in SIZES for row in rows_over(n)],
    *[
        Op(
            f"conv_transpose{n}d", getattr(F, f"conv_transpose{n}d"), transposed, convolutions(n),
            [wrong(ValueError, AXES[n], images(2, 2), W(1, 1)), wrong(ValueError, f"conv_transpose{n}d takes filters", images(1, 2, *[2] * n), W(3, 1, *[2] * n)), wrong(ValueError, "output_pad must be smaller", images(1, 1, *[2] * n), W(1, 1, *[2] * n), None, 1, 0, 1)],
        )
        for n in (1, 3)
    ],
    *[
        Op(
            f"max_pool_with_indices, {('values', 'indices')[i]}", lambda *args, i=i, **options: F.max_pool_with_indices(*args, **options)[i], lambda *args, i=i, **options: maxima(*args, **options, indices=True)[i],
            [c for n in SIZES for c in pooled(n, apart)], [wrong(ValueError, "must have the axes", plain(3, 3), 2), wrong(ValueError, "a window is empty", plain(1, 1, 3, 3), 2, pad=2)], order=3 - 3 * i,
        )
        for i in (0, 1)
    ],
    Op(
        "max_unpool", F.max_unpool, laid_back, unpooled(),
        [
            wrong(TypeError, "indices must be integers, not float64", plain(1, 1, 2), plain(1, 1, 2), 4), wrong(ValueError, r"must have the shape \(1, 1, 2\) of x, not", plain(1, 1, 2), np.array([[[0]]]), 4),
            wrong(ValueError, r"indices must be in 0 \.\. 3", plain(1, 1, 2), np.array([[[0, 4]]]), 4), wrong(ValueError, "size must be a whole number", plain(1, 1, 2), np.array([[[0, 1]]]), 0), wrong(ValueError, "must have the axes", plain(2), np.array([0, 1]), 4),
        ],
    ),
    Op(
        "interpolate", F.interpolate, resized, interpolations(),
        [
            wrong(ValueError, "a size or a scale, one of them", plain(1, 1, 3)), wrong(ValueError, "one of them", plain(1, 1, 3), 2, 2), wrong(ValueError, "mode must be one of 'nearest', .*, not 'bilinear'", plain(1, 1, 3), 2, mode="bilinear"),
            wrong(ValueError, "align_corners must be False in mode 'nearest'", plain(1, 1, 3), 2, align_corners=True), wrong(ValueError, "antialias takes lines and cubics without align_corners, not mode 'area'", plain(1, 1, 3), 2, mode="area", antialias=True), wrong(ValueError, "size must be a whole number", plain(1, 1, 3), 0), wrong(ValueError, "scale must be above 0", plain(1, 1, 3), scale=0),
            wrong(ValueError, "must have the axes", plain(3), 2), wrong(ValueError, "at least one pixel", plain(1, 1, 0), 2), wrong(ValueError, "or 1 of them", plain(1, 1, 3), scale=(1, 2)),
        ],
    ),
    Op(
        "grid_sample", F.grid_sample, sampled, samples(),
        [
            wrong(ValueError, "takes x", plain(1, 1, 3), grid), wrong(ValueError, "takes x", plain(2, 1, 3, 3), grid), wrong(ValueError, "takes x", plain(1, 1, 3, 3), grid[..., :1]), wrong(TypeError, "floating-point x and grid, not", plain(1, 1, 3, 3), np.zeros((1, 1, 1, 2), int)),
            wrong(ValueError, "mode must be one of", plain(1, 1, 3, 3), grid, "linear"), wrong(ValueError, "padding_mode must be one of", plain(1, 1, 3, 3), grid, "nearest", "wrap"),
        ],
    ),
    Op(
        "affine_grid", F.affine_grid, mapped, [case(normal(2, n, n + 1), s, a) for n in (2, 3) for s in ((2,) * n, (3, 1, 2)[:n], 1, 3) for a in (False, True)] + [case(strided(normal(1, 2, 3)), 2), case(normal(1, 2, 3).astype(np.float32), 2)],
        [wrong(ValueError, r"theta \(N, 2, 3\) or", plain(2, 3), 2), wrong(ValueError, "size must be", plain(1, 2, 3), (1, 2, 3)), wrong(TypeError, "floating-point theta", np.zeros((1, 2, 3), int), 2)],
    ),
    Op("pad with borders", F.pad, bordered, borders, [wrong(ValueError, "mode must be one of 'constant', 'edge'", x, 1, mode="mirror"), *[wrong(ValueError, rf"mode '{m}' must be at most {most} wide along axis 0 of 5 elements", v, most + 1, mode=m) for m, most in (("reflect", 4), ("symmetric", 5), ("wrap", 5))]]),
    Op("pixel_shuffle", F.pixel_shuffle, shuffled, [case(normal(*s), r) for s, r in (((1, 4, 2, 3), 2), ((2, 8, 1, 2), 2), ((9, 2, 1), 3), ((1, 1, 2, 2), 1), ((2, 1, 4, 1, 1), 2), ((0, 4, 2, 2), 2))] + [case(strided(normal(4, 2, 2)), 2), case(normal(4, 1, 3).astype(np.float32), 2)],
       [wrong(ValueError, "a multiple of 4 channels", normal(1, 3, 2, 2), 2), wrong(ValueError, "scale must be at least 1", normal(1, 4, 2, 2), 0)]),
    Op("pixel_unshuffle", F.pixel_unshuffle, unshuffled, [case(normal(*s), r) for s, r in (((1, 1, 4, 2), 2), ((2, 2, 2, 2), 2), ((1, 3, 3), 3), ((1, 1, 2, 2), 1), ((2, 1, 1, 2, 4), 2), ((0, 1, 2, 2), 2))] + [case(strided(normal(1, 4, 2)), 2), case(normal(2, 2, 2).astype(np.float32), 2)],
       [wrong(ValueError, "multiples of 2", normal(1, 1, 3, 2), 2), wrong(TypeError, "scale must be a whole number", normal(1, 1, 2, 2), 2.0)]),
    Op("channel_shuffle", F.channel_shuffle, channels, [case(normal(*s), g) for s, g in (((2, 4), 2), ((1, 6, 2), 3), ((1, 6, 1, 2), 2), ((2, 3, 2), 1), ((1, 3, 2), 3), ((0, 4, 2), 2))] + [case(strided(normal(1, 4, 2)), 2), case(normal(1, 4).astype(np.float32), 2)],
       [wrong(ValueError, "C a multiple of 2 groups", normal(1, 3), 2), wrong(ValueError, "groups must be at least 1", normal(1, 3), 0)]),
    Op("unfold", F.unfold, columns, unfolds, [wrong(ValueError, "must have the axes", plain(3, 3), 2), wrong(ValueError, "unfold: .* does not fit", plain(1, 1, 2), 3), wrong(ValueError, "unfold: kernel must be", plain(1, 1, 2), 0)]),
    Op("fold", F.fold, folded, folds(), [wrong(ValueError, r"columns \(N, C · 4, 4\) for the image \(3, 3\)", plain(1, 4, 3), (3, 3), 2), wrong(ValueError, "size must be a tuple", plain(1, 4, 4), 3, 2), wrong(ValueError, "fold: size must be", plain(1, 4, 4), (0, 3), 2)]),
    *[lp(n) for n in (1, 2, 3)],
]  # fmt: skip
