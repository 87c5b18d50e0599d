"""Convolutions and pooling, forward and backward."""

import numpy as np

import autograd.functions as F
from rows import both_ways


def conv(N, C, M, size, kernel, stride=1, pad=1, groups=1):
    """M filters over images of C channels; gradients of both."""

    def data(rng):
        x, W = rng.standard_normal((N, C, size, size)), rng.standard_normal((M, C // groups, kernel, kernel))
        return x.astype(np.float32), (0.05 * W).astype(np.float32)

    def jax(jnp, x, W):
        from jax.lax import conv_general_dilated

        return conv_general_dilated(x, W, (stride, stride), [(pad, pad)] * 2, feature_group_count=groups)

    return both_ways(
        lambda x, W: F.conv2d(x, W, None, stride, pad, groups=groups),
        lambda torch, x, W: torch.nn.functional.conv2d(x, W, None, stride, pad, 1, groups),
        data,
        jax,
    )


def first(N, C, M, size, kernel, pad):
    """The first layer of a network needs no gradient of its images."""

    def data(rng):
        shapes = (M, C, kernel, kernel), (M,), (N, C, size, size)
        return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]

    return both_ways(
        lambda W, b, x: F.conv2d(x, W, b, pad=pad),
        lambda torch, W, b, x: torch.nn.functional.conv2d(x, W, b, padding=pad),
        data,
        constants=1,
    )


ROWS = {
    "conv64_3x3_32": conv(16, 64, 64, 32, 3),
    "conv64_128_s2": conv(16, 64, 128, 32, 3, 2),
    "conv64_128_1x1": conv(16, 64, 128, 32, 1, 1, 0),
    "conv256_4x4": conv(16, 256, 256, 4, 3),
    "conv_depthwise64": conv(16, 64, 64, 32, 3, 1, 1, 64),
    "conv_first3_64_7x7s2": conv(16, 3, 64, 32, 7, 2, 3),
    "conv_first1_30_5x5": first(100, 1, 30, 28, 5, 0),
    "conv_first3_32_3x3": first(32, 3, 32, 64, 3, 1),
    "max_pool_2x2": both_ways(
        lambda x: F.max_pool2d(x, 2),
        lambda torch, x: torch.nn.functional.max_pool2d(x, 2),
        lambda rng: [rng.standard_normal((100, 30, 24, 24)).astype(np.float32)],
    ),
    "adaptive_max_pool_33_10": both_ways(
        lambda x: F.adaptive_max_pool2d(x, 10),
        lambda torch, x: torch.nn.functional.adaptive_max_pool2d(x, 10),
        lambda rng: [rng.standard_normal((8, 16, 33, 33)).astype(np.float32)],
    ),
}
