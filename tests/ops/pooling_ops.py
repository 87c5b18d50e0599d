"""Pooling, against loops over every window."""

from math import ceil, floor

import numpy as np

from autograd.functions.pooling import (
    adaptive_average_pool2d,
    average_pool2d,
    global_average_pool2d,
    max_pool2d,
    upsample2d,
)
from tests.ops.conv_ops import each, pads
from tests.ops.table import Op, case, normal, strided, wrong


def pooled(f, x, kernel, stride, pad, fill, ceil_mode=False):
    """f over the pixels of each window of the padded images, those beyond the padding left out."""
    kernel = each(kernel, 2)
    stride = kernel if stride is None else each(stride, 2)
    around = pads(pad, x.shape[2:], kernel, stride, (1, 1))
    padded = np.pad(x, [(0, 0), (0, 0), *around], constant_values=fill)
    rounded = ceil if ceil_mode else floor
    out = [rounded((H - K) / S) + 1 for H, K, S in zip(padded.shape[2:], kernel, stride)]
    out = [
        n - (ceil_mode and (n - 1) * S >= H + before) for n, S, H, (before, _) in zip(out, stride, x.shape[2:], around)
    ]
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for i in range(out[0]):
        for j in range(out[1]):
            h, w = i * stride[0], j * stride[1]
            y[:, :, i, j] = f(padded[:, :, h : h + kernel[0], w : w + kernel[1]])
    return y


def maxima(x, kernel, stride=None, pad=0, ceil_mode=False):
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return pooled(lambda window: window.max((2, 3)), x, kernel, stride, pad, lowest, ceil_mode)


def means(x, kernel, stride=None, pad=0):
    return pooled(lambda window: window.mean((2, 3)), x, kernel, stride, pad, 0)


def adaptive(x, size):
    OH, OW = each(size, 2)
    H, W = x.shape[2:]
    y = np.zeros((*x.shape[:2], OH, OW), x.dtype)
    for i in range(OH):
        for j in range(OW):
            rows = slice(floor(i * H / OH), ceil((i + 1) * H / OH))
            y[:, :, i, j] = x[:, :, rows, floor(j * W / OW) : ceil((j + 1) * W / OW)].mean((2, 3))
    return y


def apart(*shape, seed=0):
    """Numbers of which no two are closer than 0.1: far from the kinks of a maximum."""
    n = int(np.prod(shape))
    return 0.1 * np.random.default_rng([seed, *shape]).permutation(n).reshape(shape) - 0.05 * n


def sizes(x):
    """Cases of windows that a maximum and a mean share; `x(*shape)` makes the images."""
    return [
        case(x(1, 1, 4, 4), 2),
        case(x(1, 1, 2, 2), 2),
        case(x(2, 2, 2, 3), 2),
        case(x(1, 1, 5, 4), 2),
        case(x(1, 1, 4, 4), 3, 1),
        case(x(1, 1, 4, 4), 2, 1),
        case(x(1, 1, 4, 5), (2, 3)),
        case(x(1, 1, 4, 5), (3, 2), (1, 2)),
        case(x(1, 1, 5, 5), 3, 2),
        case(x(1, 1, 4, 4), 3, 2, 1),
        case(x(1, 1, 3, 3), 2, pad=1),
        case(x(1, 1, 3, 4), 3, pad=(1, 0)),
        case(x(1, 1, 3, 4), 2, 1, ((1, 0), (0, 1))),
        case(x(1, 1, 4, 3), 3, 1, "same"),
        case(x(1, 1, 5, 3), 2, 2, "same"),
        case(x(1, 1, 4, 3), 2, 1, "valid"),
        case(x(1, 1, 3, 3), 1),
        case(x(1, 1, 3, 3), 1, 2),
        case(x(1, 1, 6, 4), 2, 3),
        case(x(3, 1, 2, 2), 2),
        case(x(0, 1, 4, 4), 2),
        case(strided(x(1, 2, 3, 3)), 2, 1),
        case(x(1, 1, 4, 3).swapaxes(2, 3), 2),
        case(np.broadcast_to(x(1, 1, 3, 4), (2, 1, 3, 4)), 2),
        case(x(1, 2, 4, 2).astype(np.float32), 2),
    ]


def plain(*shape):
    return normal(*shape, seed=5)


WRONG = [
    wrong(ValueError, "x must have the 4 axes", plain(3, 3), 2),
    wrong(ValueError, r"\(3 \+ 0 \+ 0 - 1 \(4 - 1\) - 1\) // 4 \+ 1 = 0", plain(1, 1, 3, 3), 4),
    wrong(ValueError, "kernel must be a whole number", plain(1, 1, 3, 3), 0),
    wrong(ValueError, "stride must be a whole number", plain(1, 1, 3, 3), 2, (1, 0)),
    wrong(ValueError, "pad must be 'same', 'valid'", plain(1, 1, 3, 3), 2, pad=0.5),
]

OPS = [
    Op(
        "max_pool2d", max_pool2d, maxima,
        [
            *sizes(apart),
            case(apart(1, 1, 3, 3), 2, ceil_mode=True),
            case(apart(1, 1, 5, 4), 3, 2, ceil_mode=True),
            case(apart(1, 1, 4, 5), 2, 2, 1, ceil_mode=True),
            case(apart(1, 1, 5, 6), (2, 3), (3, 4), (1, 1), ceil_mode=True),
            case(apart(1, 1, 3, 3) - 2, 2, 1, 1),
        ],
        [*WRONG, wrong(ValueError, "pad must be smaller than the kernel", plain(1, 1, 3, 3), 2, pad=2)],
    ),
    Op("average_pool2d", average_pool2d, means, sizes(plain), WRONG),
    Op(
        "global_average_pool2d", global_average_pool2d, lambda x: x.sum(3).sum(2)[..., None, None] / x[0, 0].size,
        [
            case(plain(1, 1, 2, 2)),
            case(plain(2, 3, 2, 2)),
            case(plain(1, 2, 3, 2)),
            case(plain(2, 2, 1, 1)),
            case(plain(3, 1, 1, 4)),
            case(strided(plain(1, 2, 2, 3))),
            case(plain(3, 2, 2, 1).T),
            case(plain(2, 1, 2, 3).astype(np.float32)),
        ],
        [
            wrong(ValueError, "x must have the 4 axes", plain(3, 3)),
            wrong(ValueError, "global_average_pool2d", plain(1, 1, 1, 3, 3)),
        ],
    ),
    Op(
        "adaptive_average_pool2d", adaptive_average_pool2d, adaptive,
        [
            case(plain(1, 1, 4, 4), 2),
            case(plain(1, 1, 4, 4), 1),
            case(plain(2, 1, 3, 3), 2),
            case(plain(1, 2, 3, 3), (2, 1)),
            case(plain(1, 1, 5, 4), (3, 3)),
            case(plain(1, 1, 5, 3), (5, 3)),
            case(plain(1, 1, 2, 3), (4, 5)),
            case(plain(1, 1, 7, 3), (3, 2)),
            case(plain(1, 2, 1, 1), 3),
            case(strided(plain(1, 1, 4, 5)), 3),
            case(plain(1, 1, 5, 4).T, 1),
            case(plain(1, 1, 5, 4).swapaxes(2, 3), (3, 2)),
            case(plain(1, 2, 3, 4).astype(np.float32), 2),
        ],
        [
            wrong(ValueError, "x must have the 4 axes", plain(3, 3), 1),
            wrong(ValueError, "size must be a whole number of at least 1", plain(1, 1, 3, 3), 0),
            wrong(ValueError, "^adaptive_average_pool2d: size must be", plain(1, 1, 3, 3), (1, 2, 3)),
        ],
    ),
    Op(
        "upsample2d", upsample2d, lambda x, scale=2: np.repeat(np.repeat(x, each(scale, 2)[0], 2), each(scale, 2)[1], 3),
        [
            case(plain(1, 1, 2, 2)),
            case(plain(1, 1, 1, 1), 3),
            case(plain(1, 2, 2, 2), 2),
            case(plain(2, 1, 2, 1), (1, 3)),
            case(plain(1, 1, 2, 3), (2, 1)),
            case(plain(1, 1, 3, 3), 1),
            case(strided(plain(1, 1, 2, 2)), 2),
            case(plain(1, 1, 3, 2).swapaxes(2, 3), 2),
            case(plain(1, 2, 2, 1).astype(np.float32), 2),
        ],
        [
            wrong(ValueError, "x must have the 4 axes", plain(3, 3)),
            wrong(ValueError, "^upsample2d: scale must be a whole number of at least 1", plain(1, 1, 2, 2), 0),
            wrong(ValueError, "scale must be a whole number of at least 1", plain(1, 1, 2, 2), 1.5),
        ],
    ),
]  # fmt: skip
