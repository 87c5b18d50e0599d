"""Convolutions, against loops over every window."""

from itertools import product

import numpy as np

from autograd.functions.conv import col2im, conv1d, conv2d, conv2d_by_im2col, conv3d, conv_transpose2d, im2col
from tests.ops.table import Op, case, normal, strided, wrong


def each(value, n):
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


def pads(pad, size, kernel, stride, dilation):
    n = len(size)
    if isinstance(pad, str) and pad == "valid":
        pad = 0
    if isinstance(pad, str) and pad == "same":
        need = [
            max((int(np.ceil(H / S)) - 1) * S + D * (K - 1) + 1 - H, 0)
            for H, K, S, D in zip(size, kernel, stride, dilation)
        ]
        return [(k // 2, k - k // 2) for k in need]
    return [each(p, 2) for p in each(pad, n)]


def patches(x, kernel, stride, pad, dilation):
    """The padded images, the number of windows, and for each window its index and pixels (N, C, *kernel)."""
    n = x.ndim - 2
    kernel, stride, dilation = each(kernel, n), each(stride, n), each(dilation, n)
    padded = np.pad(x, [(0, 0), (0, 0), *pads(pad, x.shape[2:], kernel, stride, dilation)])
    out = [(H - D * (K - 1) - 1) // S + 1 for H, K, S, D in zip(padded.shape[2:], kernel, stride, dilation)]

    def at(o):
        return padded[(..., *[slice(i * S, i * S + D * (K - 1) + 1, D) for i, S, D, K in zip(o, stride, dilation, kernel)])]

    return out, ((o, at(o)) for o in product(*map(range, out)))


def convolution(x, W, b=None, stride=1, pad=0, dilation=1, groups=1):
    """The definition, window by window and group by group."""
    out, windows = patches(x, W.shape[2:], stride, pad, dilation)
    y = np.zeros((len(x), len(W), *out), np.result_type(x, W))
    for o, patch in windows:
        for m in range(len(W)):
            g = m // (len(W) // groups) * W.shape[1]
            y[(slice(None), m, *o)] = (patch[:, g : g + W.shape[1]] * W[m]).reshape(len(x), -1).sum(axis=1)
    return y if b is None else y + b.reshape(-1, *[1] * len(out))


def transposed(x, W, b=None, stride=1, pad=0, output_pad=0, dilation=1, groups=1):
    """Every pixel lays its filter down on a canvas, of which the padding is then cut off."""
    kernel, n = W.shape[2:], W.ndim - 2
    stride, dilation, output_pad = each(stride, n), each(dilation, n), each(output_pad, n)
    pad = [each(p, 2) for p in each(pad, n)]
    canvas = [
        (H - 1) * S + D * (K - 1) + 1 + R for H, S, D, K, R in zip(x.shape[2:], stride, dilation, kernel, output_pad)
    ]
    per = W.shape[1]
    y = np.zeros((len(x), per * groups, *canvas), np.result_type(x, W))
    for c in range(len(W)):
        g = c // (len(W) // groups) * per
        for o in product(*map(range, x.shape[2:])):
            place = [slice(i * S, i * S + D * (K - 1) + 1, D) for i, S, D, K in zip(o, stride, dilation, kernel)]
            y[(slice(None), slice(g, g + per), *place)] += x[(slice(None), c, *o)].reshape(-1, *[1] * (n + 1)) * W[c]
    y = y[(..., *[slice(before, size - behind) for (before, behind), size in zip(pad, canvas)])]
    return y if b is None else y + b.reshape(-1, *[1] * n)


def rows(x, kernel, stride=1, pad=0, dilation=1):
    """im2col by its definition: a row for each window."""
    _, windows = patches(x, kernel, stride, pad, dilation)
    cols = np.stack([patch.reshape(len(x), -1) for _, patch in windows], axis=1)
    return cols.reshape(cols.shape[0] * cols.shape[1], cols.shape[2])


def summed(cols, shape, kernel, stride=1, pad=0, dilation=1):
    """col2im through the matrix of im2col: its transpose, applied to the rows."""
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    matrix = np.stack([rows(unit, kernel, stride, pad, dilation).ravel() for unit in units])
    return (matrix @ cols.ravel()).reshape(shape).astype(cols.dtype)


def x(*shape, seed=1):
    return normal(*shape, seed=seed)


def W(*shape, seed=2):
    return normal(*shape, seed=seed)


def b(M):
    return normal(M, seed=3)


IM2COL = [
    case(np.arange(16.0).reshape(1, 1, 4, 4), 2),
    case(x(1, 1, 3, 3), 2),
    case(x(1, 2, 3, 3), 2, stride=1),
    case(x(1, 1, 4, 5), (2, 3)),
    case(x(2, 1, 3, 3), 2, stride=2, pad=1),
    case(x(1, 1, 4, 4), 3, pad="same"),
    case(x(1, 1, 4, 3), 2, stride=2, pad="same"),
    case(x(1, 1, 4, 4), 2, pad="valid"),
    case(x(1, 1, 4, 4), 2, dilation=2),
    case(x(1, 1, 5, 4), (3, 1), dilation=(2, 1)),
    case(x(1, 1, 3, 3), 2, pad=((1, 0), (0, 2))),
    case(x(1, 1, 3, 3), 2, pad=(1, 2)),
    case(x(1, 1, 2, 3), 1),
    case(x(1, 1, 1, 1), 3, pad=1),
    case(x(2, 2, 2, 2), 2),
    case(x(1, 1, 5, 4), 2, stride=(3, 2)),
    case(x(1, 1, 2, 2), 1, stride=2),
    case(x(1, 1, 2, 2), 2, pad=3, stride=2),
    case(strided(x(1, 2, 3, 3)), 2),
    case(x(1, 1, 4, 3).swapaxes(2, 3), 2),
    case(x(1, 1, 3, 3).astype(np.float32), 2),
    case(x(2, 1, 2, 3), 2),
    case(x(1, 0, 3, 3), 2),
    case(x(1, 1, 3, 4), (3, 4)),
    case(np.broadcast_to(x(1, 1, 3, 3), (2, 1, 3, 3)), 2),
]


def back(case_):
    """The case of col2im that belongs to one of im2col."""
    image, kernel = case_.args
    cols = rows(np.zeros(image.shape), kernel, **case_.options)
    return case(x(*cols.shape, seed=4).astype(image.dtype), image.shape, kernel, **case_.options)


CONV2D = [
    case(np.arange(16.0).reshape(1, 1, 4, 4), np.ones((1, 1, 2, 2)), np.array([3.0])),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2)),
    case(x(1, 2, 3, 3), W(2, 2, 2, 2), b(2)),
    case(x(2, 1, 3, 3), W(2, 1, 3, 3), b(2), pad=1),
    case(x(1, 1, 5, 4), W(1, 1, 3, 2), b(1), stride=2),
    case(x(1, 1, 4, 4), W(2, 1, 2, 2), stride=2, pad=1),
    case(x(1, 1, 4, 5), W(1, 1, 2, 2), b(1), stride=(3, 2), pad=(0, 1)),
    case(x(1, 1, 4, 4), W(1, 1, 3, 3), pad="same"),
    case(x(1, 1, 3, 4), W(1, 1, 2, 3), b(1), pad="same", stride=2),
    case(x(1, 1, 4, 3), W(1, 1, 2, 2), pad="valid"),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2), b(1), pad=((1, 0), (0, 2))),
    case(x(1, 1, 5, 4), W(1, 1, 2, 2), dilation=2),
    case(x(1, 1, 5, 4), W(1, 1, 2, 2), b(1), dilation=(3, 2), pad=1, stride=2),
    case(x(1, 2, 3, 3), W(2, 1, 2, 2), b(2), groups=2),
    case(x(1, 3, 2, 3), W(3, 1, 2, 2), groups=3, pad=1),
    case(x(2, 2, 2, 2), W(4, 1, 2, 1), b(4), groups=2),
    case(x(1, 4, 2, 2), W(2, 2, 1, 2), groups=2, stride=(1, 2)),
    case(x(2, 3, 2, 2), W(2, 3, 1, 1), b(2)),
    case(x(1, 2, 3, 3), W(2, 2, 1, 1), stride=2),
    case(x(2, 2, 1, 1), W(2, 2, 3, 3)[:, :, :2], b(2), pad=1),
    case(x(1, 1, 2, 2), W(1, 1, 2, 2), pad=3),
    case(x(5, 1, 2, 2), W(1, 1, 2, 2), b(1)),
    case(x(1, 1, 3, 3), W(1, 1, 3, 3), b(1)),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2), np.array([0.5]), stride=5),
    case(strided(x(1, 2, 3, 3)), strided(W(1, 2, 2, 2)), b(1)),
    case(x(3, 3, 2, 1).T, W(1, 2, 2, 2).swapaxes(2, 3), b(1), pad=1),
    case(np.broadcast_to(x(1, 1, 3, 3), (2, 1, 3, 3)), W(1, 1, 2, 2)),
    case(x(1, 2, 3, 3).astype(np.float32), W(2, 2, 2, 2).astype(np.float32), b(2).astype(np.float32)),
    case(x(1, 2, 3, 3).astype(np.float32), W(2, 2, 2, 2), b(2), pad=1),
    case(x(2, 1, 3, 2), W(2, 1, 2, 2), b(2)),
    case(x(1, 2, 5, 4), W(2, 1, 2, 2), b(2), np.array([2, 1]), np.array([[1, 0], [0, 2]]), np.array(1), np.int64(2)),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2), stride=[np.int64(2), 1], pad=np.int64(1)),
]

WRONG_CONV2D = [
    wrong(ValueError, r"\(3 \+ 0 \+ 0 - 1 \(4 - 1\) - 1\) // 1 \+ 1 = 0", x(1, 1, 3, 3), W(1, 1, 4, 2)),
    wrong(ValueError, r"spatial axis 1 .* \(3 \+ 0 \+ 1 - 3 \(3 - 1\)", x(1, 1, 9, 3), W(1, 1, 3, 3), None, 2, (0, (0, 1)), 3),
    wrong(ValueError, r"x must have the 4 axes \(N, C, H, W\)", x(1, 3, 3), W(1, 1, 2, 2)),
    wrong(ValueError, "W must have 4 axes", x(1, 1, 3, 3), W(1, 2, 2)),
    wrong(ValueError, "filters .* in 1 groups", x(1, 2, 3, 3), W(1, 1, 2, 2)),
    wrong(ValueError, "filters .* in 2 groups", x(1, 2, 3, 3), W(3, 1, 2, 2), groups=2),
    wrong(ValueError, "groups must be at least 1, not 0", x(1, 1, 3, 3), W(1, 1, 2, 2), groups=0),
    wrong(TypeError, r"groups must be a whole number, not 2\.0", x(1, 2, 3, 3), W(2, 1, 2, 2), groups=2.0),
    wrong(TypeError, "groups must be a whole number, not True", x(1, 1, 3, 3), W(1, 1, 2, 2), groups=True),
    wrong(TypeError, "groups must be a whole number, not 'a'", x(1, 1, 3, 3), W(1, 1, 2, 2), groups="a"),
    wrong(ValueError, r"W must have 4 axes, .* not the shape \(\)", x(1, 1, 3, 3), 2.0),
    wrong(ValueError, r"b must have the shape \(1,\), .* not \(\)", x(1, 1, 3, 3), W(1, 1, 2, 2), 2.0),
    wrong(ValueError, "stride must be a whole number of at least 1", x(1, 1, 3, 3), W(1, 1, 2, 2), stride=np.array([1, 0])),
    wrong(ValueError, "pad must be 'same', 'valid'", x(1, 1, 3, 3), W(1, 1, 2, 2), pad=np.array([0.5, 1])),
    wrong(ValueError, r"b must have the shape \(2,\)", x(1, 1, 3, 3), W(2, 1, 2, 2), b(1)),
    wrong(ValueError, "stride must be a whole number of at least 1", x(1, 1, 3, 3), W(1, 1, 2, 2), stride=0),
    wrong(ValueError, "dilation must be a whole number of at least 1", x(1, 1, 3, 3), W(1, 1, 2, 2), dilation=(1, 1.5)),
    wrong(ValueError, "pad must be 'same', 'valid'", x(1, 1, 3, 3), W(1, 1, 2, 2), pad=-1),
    wrong(ValueError, "pad must be 'same', 'valid'", x(1, 1, 3, 3), W(1, 1, 2, 2), pad="full"),
    wrong(ValueError, "or 2 of them", x(1, 1, 3, 3), W(1, 1, 2, 2), pad=(1, 1, 1)),
]

TRANSPOSED = [
    case(x(1, 1, 2, 2), W(1, 1, 2, 2)),
    case(x(1, 1, 2, 3), W(1, 1, 3, 2), b(1)),
    case(x(1, 2, 2, 2), W(2, 1, 2, 2), b(1)),
    case(x(2, 1, 2, 2), W(1, 2, 2, 2), b(2)),
    case(x(1, 1, 2, 2), W(1, 1, 2, 2), stride=2),
    case(x(1, 1, 2, 2), W(1, 1, 3, 3), b(1), stride=2, pad=1),
    case(x(1, 1, 2, 2), W(1, 1, 3, 3), stride=2, pad=1, output_pad=1),
    case(x(1, 1, 2, 3), W(1, 1, 2, 2), b(1), stride=(3, 2), output_pad=(2, 0)),
    case(x(1, 1, 3, 3), W(1, 1, 3, 3), pad=1),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2), pad=((1, 0), (0, 1))),
    case(x(1, 1, 3, 3), W(1, 1, 2, 2), b(1), pad=1, stride=(1, 2)),
    case(x(1, 1, 2, 2), W(1, 1, 2, 2), dilation=2),
    case(x(1, 1, 2, 2), W(1, 1, 2, 3), b(1), dilation=(3, 1), stride=2, pad=1),
    case(x(1, 2, 2, 2), W(2, 1, 2, 2), b(2), groups=2),
    case(x(1, 4, 2, 1), W(4, 1, 2, 2), groups=2),
    case(x(1, 2, 2, 2), W(2, 2, 1, 1), b(4), groups=2, stride=2, output_pad=1),
    case(x(2, 2, 1, 1), W(2, 1, 2, 2)),
    case(x(1, 1, 3, 3), W(1, 1, 1, 1), b(1)),
    case(x(5, 1, 1, 2), W(1, 1, 2, 2), b(1)),
    case(x(1, 1, 4, 4), W(1, 1, 2, 2), pad=2),
    case(strided(x(1, 2, 2, 2)), strided(W(2, 1, 2, 2)), b(1)),
    case(x(1, 1, 2, 3).swapaxes(2, 3), W(1, 1, 2, 2).swapaxes(2, 3), b(1), stride=2),
    case(np.broadcast_to(x(1, 1, 2, 2), (2, 1, 2, 2)), W(1, 1, 2, 2)),
    case(x(1, 1, 2, 2).astype(np.float32), W(1, 2, 2, 2).astype(np.float32), b(2).astype(np.float32)),
    case(x(1, 1, 2, 2).astype(np.float32), W(1, 1, 2, 2), stride=3),
    case(x(1, 2, 2, 2), W(2, 1, 2, 2), None, np.array([2, 1]), np.array([1, 0]), np.array([1, 0]), 1, np.int64(2)),
]

CONV1D = [
    case(x(1, 1, 5), W(1, 1, 2)),
    case(x(2, 2, 5), W(3, 2, 3), b(3)),
    case(x(1, 1, 6), W(1, 1, 2), b(1), stride=2),
    case(x(1, 1, 5), W(2, 1, 3), pad=1),
    case(x(1, 1, 5), W(1, 1, 3), b(1), pad="same"),
    case(x(1, 1, 7), W(1, 1, 3), pad="same", stride=3),
    case(x(1, 1, 5), W(1, 1, 2), b(1), pad=((2, 0),)),
    case(x(1, 1, 7), W(1, 1, 3), dilation=3),
    case(x(1, 1, 6), W(1, 1, 2), b(1), dilation=2, stride=2, pad=1),
    case(x(1, 2, 4), W(2, 1, 2), b(2), groups=2),
    case(x(1, 4, 3), W(2, 2, 2), groups=2),
    case(x(3, 2, 4), W(2, 2, 1), b(2)),
    case(x(1, 1, 1), W(1, 1, 3), pad=1),
    case(x(1, 1, 3), W(1, 1, 3), b(1)),
    case(x(4, 1, 5), W(1, 1, 2), b(1)),
    case(x(1, 3, 4), W(3, 1, 3), groups=3, pad=(1,)),
    case(strided(x(1, 2, 5)), strided(W(1, 2, 2)), b(1)),
    case(x(1, 5, 2).swapaxes(1, 2), W(1, 2, 2), b(1)),
    case(x(1, 1, 5).astype(np.float32), W(2, 1, 2).astype(np.float32), b(2).astype(np.float32)),
    case(x(1, 1, 5), W(1, 1, 2), np.array([0.5]), stride=4),
]

CONV3D = [
    case(x(1, 1, 2, 3, 2), W(1, 1, 2, 2, 2)),
    case(x(1, 2, 2, 2, 2), W(1, 2, 2, 1, 2), b(1)),
    case(x(2, 1, 2, 2, 2), W(2, 1, 1, 2, 1), b(2)),
    case(x(1, 1, 3, 2, 3), W(1, 1, 2, 2, 2), b(1), stride=(2, 1, 1)),
    case(x(1, 1, 2, 2, 2), W(1, 1, 2, 2, 2), pad=1, stride=2),
    case(x(1, 1, 2, 3, 2), W(1, 1, 2, 2, 2), b(1), pad="same"),
    case(x(1, 1, 2, 2, 2), W(1, 1, 2, 2, 2), pad=((1, 0), 0, (0, 1))),
    case(x(1, 1, 3, 2, 3), W(1, 1, 2, 1, 2), b(1), dilation=(2, 1, 2)),
    case(x(1, 2, 2, 2, 2), W(2, 1, 1, 2, 2), b(2), groups=2),
    case(x(3, 1, 1, 2, 2), W(1, 1, 1, 1, 1), b(1)),
    case(strided(x(1, 1, 2, 2, 3)), W(1, 1, 1, 2, 2), b(1)),
    case(x(1, 1, 2, 2, 2).astype(np.float32), W(1, 1, 2, 1, 1).astype(np.float32), b(1).astype(np.float32)),
]

OPS = [
    Op(
        "im2col", im2col, rows, IM2COL,
        [
            wrong(ValueError, r"x must have the 4 axes", x(3, 3), 2),
            wrong(ValueError, r"\(3 \+ 0 \+ 0 - 1 \(4 - 1\) - 1\) // 1 \+ 1 = 0", x(1, 1, 3, 3), 4),
            wrong(ValueError, "kernel must be a whole number of at least 1", x(1, 1, 3, 3), 0),
            wrong(ValueError, "im2col: kernel must be", x(1, 1, 3, 3), (2, 2, 2)),
            wrong(ValueError, "im2col: stride must be", x(1, 1, 3, 3), 2, "a"),
        ],
    ),
    Op(
        "col2im", col2im, summed, [back(c) for c in IM2COL if c.args[0].size],
        [
            wrong(ValueError, r"an im2col of shape \(4, 4\), not \(4, 3\)", x(4, 3), (1, 1, 3, 3), 2),
            wrong(ValueError, r"shape must be \(N, C, H, W\)", x(4, 4), (3, 3), 2),
            wrong(ValueError, "col2im: .* does not fit", x(4, 4), (1, 1, 3, 3), 5),
            wrong(ValueError, "col2im: pad must be", x(4, 4), (1, 1, 3, 3), 2, 1, -1),
        ],
    ),
    Op("conv2d", conv2d, convolution, CONV2D, WRONG_CONV2D),
    Op("conv2d_by_im2col", conv2d_by_im2col, convolution, CONV2D, WRONG_CONV2D),
    Op(
        "conv_transpose2d", conv_transpose2d, transposed, TRANSPOSED,
        [
            wrong(ValueError, r"\(1 - 1\) 1 \+ 1 \(2 - 1\) \+ 1 - 1 - 1 \+ 0 = 0", x(1, 1, 1, 1), W(1, 1, 2, 2), pad=1),
            wrong(ValueError, "output_pad must be smaller than the stride 2, not 2", x(1, 1, 2, 2), W(1, 1, 2, 2), None, 2, 0, 2),
            wrong(ValueError, "filters .* in 1 groups", x(1, 2, 2, 2), W(1, 1, 2, 2)),
            wrong(ValueError, "filters .* in 2 groups", x(1, 3, 2, 2), W(3, 1, 2, 2), groups=2),
            wrong(ValueError, "x must have the 4 axes", x(1, 2, 2), W(1, 1, 2, 2)),
            wrong(ValueError, r"b must have the shape \(2,\)", x(1, 1, 2, 2), W(1, 2, 2, 2), b(3)),
            wrong(ValueError, "pad must be numbers or pairs, not 'same'", x(1, 1, 2, 2), W(1, 1, 2, 2), pad="same"),
            wrong(ValueError, "conv_transpose2d: stride must be", x(1, 1, 2, 2), W(1, 1, 2, 2), stride=0),
            wrong(ValueError, "conv_transpose2d: pad must be", x(1, 1, 2, 2), W(1, 1, 2, 2), pad=-1),
            wrong(ValueError, "conv_transpose2d: output_pad must be", x(1, 1, 2, 2), W(1, 1, 2, 2), output_pad=-1),
            wrong(ValueError, "conv_transpose2d: groups must be at least 1, not 0", x(1, 1, 2, 2), W(1, 1, 2, 2), groups=0),
            wrong(ValueError, "conv_transpose2d: groups must be at least 1, not -2", x(1, 2, 2, 2), W(2, 1, 2, 2), groups=-2),
            wrong(TypeError, "conv_transpose2d: groups must be a whole number", x(1, 2, 2, 2), W(2, 1, 2, 2), groups=2.0),
        ],
    ),
    Op(
        "conv1d", conv1d, convolution, CONV1D,
        [
            wrong(ValueError, r"x must have the 3 axes \(N, C, L\)", x(1, 1, 3, 3), W(1, 1, 2, 2)),
            wrong(ValueError, r"conv1d: .* \(3 \+ 0 \+ 0 - 1 \(4 - 1\) - 1\) // 2 \+ 1 = 0", x(1, 1, 3), W(1, 1, 4), stride=2),
            wrong(ValueError, "W must have 3 axes", x(1, 1, 3), W(1, 1, 2, 2)),
        ],
    ),
    Op(
        "conv3d", conv3d, convolution, CONV3D,
        [
            wrong(ValueError, r"x must have the 5 axes \(N, C, D, H, W\)", x(1, 1, 3, 3), W(1, 1, 2, 2)),
            wrong(ValueError, "spatial axis 2", x(1, 1, 2, 2, 1), W(1, 1, 2, 2, 2)),
        ],
    ),
]  # fmt: skip
