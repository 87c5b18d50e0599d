"""Formulas for one number of single precision, without a branch or a table, so that a loop does many at once."""

from __future__ import annotations

import numpy as np

from autograd.kernels.loops.jit import inlined

__all__ = ["bell", "density", "exp", "exp_of_sum", "negative", "sigmoid", "size", "tail"]

real, whole = np.float32, np.int32

# Added to a number below 2^22, it leaves the number rounded to a whole one, in the lowest bits.
ROUNDING = real(1.5 * 2**23)
ROUNDING_BITS = ROUNDING.view(whole)
LOG2E = real(1.4426950408889634)
LN2, REST = real(0.693359375), real(-2.12194440e-4)  # ln 2 = LN2 + REST, and small multiples of LN2 are exact
# (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, by Cephes (S. L. Moshier, "Methods and programs for mathematical
# functions", 1989)
E5, E4, E3 = real(1.9875691500e-4), real(1.3981999507e-3), real(8.3334519073e-3)
E2, E1, E0 = real(4.1665795894e-2), real(1.6666665459e-1), real(5.0000001201e-1)
ZERO, HALF, ONE = real(0), real(0.5), real(1)
LEAST, MOST = real(-104), real(89)  # from here on e^x is 0, and infinite
BIAS, SHIFT, ONE_BIT = whole(127), whole(23), whole(1)


@inlined
def exp_of_sum(x, rest):
    """e^(x + rest) for -106 <= x <= 89, where rest is so small that x + rest would lose it.

    e^x = 2^n e^r with a whole n and |r| <= ln(2) / 2. A number 2^n has the bits (n + 127) << 23; here it is a product
    of two, so that it may be as small as the smallest number, or overflow.
    """
    t = real(x * LOG2E + ROUNDING)
    n = whole(t.view(np.int32) - ROUNDING_BITS)
    k = t - ROUNDING
    r = ((x - k * LN2) - k * REST) + rest
    p = ((((E5 * r + E4) * r + E3) * r + E2) * r + E1) * r + E0
    y = p * (r * r) + r + ONE
    half = whole(n >> ONE_BIT)
    a = whole((half + BIAS) << SHIFT)
    b = whole((n - half + BIAS) << SHIFT)
    return y * a.view(np.float32) * b.view(np.float32)


@inlined
def exp(x):
    """e^x to one unit in the last place. nan stays nan: it meets no comparison."""
    x = LEAST if x < LEAST else x
    x = MOST if x > MOST else x
    return exp_of_sum(x, ZERO)


@inlined
def sigmoid(x):
    """1 / (1 + e^-x)"""
    return ONE / (ONE + exp(-x))


HALF_OF_BITS = whole(-4096)  # a number with these bits of another has a square that is exact
DENSITY = real(0.3989422804014327)  # 1 / sqrt(2 pi)
SIZE_BITS, ZERO_BITS = whole(0x7FFFFFFF), whole(0)
FAR = real(14.5)  # e^(-FAR^2 / 2) is 0


@inlined
def negative(x):
    """Does x have a minus sign? By its bit: LLVM makes branches of comparisons that have to do with each other."""
    x = real(x)
    return x.view(np.int32) < ZERO_BITS


@inlined
def size(x):
    """|x|, at most FAR"""
    x = real(x)
    bits = whole(x.view(np.int32) & SIZE_BITS)
    a = bits.view(np.float32)
    return FAR if a > FAR else a


@inlined
def bell(a):
    """e^(-a^2 / 2) for |a| <= FAR, with a^2 in two parts: rounded, it would cost as many digits as it has itself."""
    a = real(a)
    bits = whole(a.view(np.int32) & HALF_OF_BITS)
    high = bits.view(np.float32)
    return exp_of_sum(-HALF * high * high, -HALF * (a - high) * (a + high))


# e^(a^2 / 2) Q(a) (a + K) as a polynomial of (a - K) / (a + K), where Q(a) is the probability that a standard normal
# number is above a. Relative error 5e-8, made least by reweighted least squares (Lawson 1961) for 0 <= a <= FAR.
K = real(3)
T8, T7, T6, T5 = real(-0.000262988869), real(-0.00089775352), real(0.001074732), real(0.00692000602)
T4, T3, T2, T1 = real(-0.0104800934), real(-0.047255285), real(0.230019399), real(-0.509332328)
T0 = real(0.729083668)


@inlined
def tail(a, bell):
    """The probability that a standard normal number is above a, for 0 <= a <= FAR, given e^(-a^2 / 2)."""
    scale = ONE / (a + K)
    t = (a - K) * scale
    p = (((((((T8 * t + T7) * t + T6) * t + T5) * t + T4) * t + T3) * t + T2) * t + T1) * t + T0
    return bell * p * scale


@inlined
def density(bell):
    """The density of the normal distribution, given e^(-x^2 / 2)."""
    return bell * DENSITY


@inlined
def settled(mean, x):
    """The mean of x; of equal numbers this number itself, or deviations would be noise of any size.   (N, P)"""
    first = x[0, 0]
    if first != x[-1, -1] or first == mean:
        return mean
    for n in range(x.shape[0]):
        for p in range(x.shape[1]):
            if x[n, p] != first:
                return mean
    return first
