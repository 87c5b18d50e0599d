"""Special functions far out: every derivative is a function with a formula of its own.

A rule such as f' = 2 x f - 2 / sqrt(pi) subtracts nearly equal numbers there, and each order loses digits again. So
the derivative of order n is computed by a rule from those of lower orders near 0, and by a series or a fraction behind.
It is computed in float64, for at the border the rule has lost up to six digits.

Source: NIST Digital Library of Mathematical Functions, dlmf.nist.gov, 7.10, 7.12, 7.18, 10.29 and 10.40.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.backend import namespace, special, to_numpy
from autograd.function import Function

__all__ = ["Dawsn", "Erfcx", "LogNdtr", "ScaledBessel", "bessel"]

ROOT_PI = math.sqrt(math.pi)


class Derivatives(Function):
    """y = the derivative of order n of a function, at x; `near` and `far` compute it for n > 0."""

    value: Any
    near: Any
    far: Any
    is_far: Any

    def __init__(self, n=0):
        self.n = n

    def forward(self, x):
        if not self.n:
            return self.value(x)
        xp, dtype = namespace(x), x.dtype
        x = xp.asarray(x, "f8")
        far = self.is_far(x)
        if not far.any():
            return self.near(x).astype(dtype)
        y = xp.empty_like(x)
        y[~far], y[far] = self.near(x[~far]), self.far(x[far])
        return y.astype(dtype)[()]

    def backward(self, gy):
        return gy * self.derivative()(self.inputs[0])

    def derivative(self):
        return type(self)(self.n + 1)


class Erfcx(Derivatives):
    """f(x) = e^(x^2) erfc x"""

    def value(self, x):
        return special(x).erfcx(x)

    def is_far(self, x):
        return x > 3

    def near(self, x):
        """f' = 2 x f - 2 / sqrt(pi), differentiated n - 1 times"""
        before = self.value(x)
        y = 2 * x * before - 2 / ROOT_PI
        for k in range(1, self.n):
            before, y = y, 2 * (x * y + k * before)
        return y

    def far(self, x):
        """The derivative of order k is -k / t times that before it, t = x + (k + 1)/2 / (x + (k + 2)/2 / (x + ...))."""
        t, y = x, self.value(x)
        for k in range(self.n + 24, 0, -1):
            t = x + 0.5 * (k + 1) / t
            if k <= self.n:
                y = y * (-k / t)
        return y


class Dawsn(Derivatives):
    """f(x) = e^(-x^2) times the integral of e^(t^2) from 0 to x"""

    def value(self, x):
        if hasattr(special(x), "dawsn"):
            return special(x).dawsn(x)
        there = to_numpy(x)  # CuPy has none
        return namespace(x).asarray(special(there).dawsn(there))

    def is_far(self, x):
        return abs(x) > 6 + self.n / 3

    def near(self, x):
        """f' = 1 - 2 x f, differentiated n - 1 times"""
        before = self.value(x)
        y = 1 - 2 * x * before
        for k in range(1, self.n):
            before, y = y, -2 * (x * y + k * before)
        return y

    def far(self, x):
        """1 / (2 x) + 1 / (4 x^3) + 3 / (8 x^5) + ..., differentiated term by term"""
        z, n = 1 / x, self.n
        total, y = 1.0, 0.5 * z
        for k in range(40, -1, -1):
            total = 1 + (2 * k + 1 + n) * (2 * k + 2 + n) / (4 * k + 4) * z * z * total
        for k in range(1, n + 1):
            y = y * (-k * z)
        return y * total


class LogNdtr(Derivatives):
    """f(x) = ln of the probability that a standard normal number is below x"""

    def value(self, x):
        return special(x).log_ndtr(x)

    def is_far(self, x):
        return x < (-4 if self.n > 1 else -math.inf)  # the slope itself cancels nowhere

    def near(self, x):
        """f'' = -f' (x + f'), differentiated n - 2 times"""
        slope = math.sqrt(2 / math.pi) / special(x).erfcx(-math.sqrt(0.5) * x)
        a, b = [slope], [namespace(x).minimum(x, 50.0) + slope]  # f' is 0 behind 50, and 0 times infinity is nan
        for k in range(self.n - 1):
            a.append(-sum([math.comb(k, j) * a[j] * b[k - j] for j in range(k + 1)]))
            b.append(a[-1] + 1 if k == 0 else a[-1])
        return a[-1]

    def far(self, x):
        """-x^2 / 2 and the cumulants of what a normal number above z = -x has above it, whose moments are fractions.

        The moment of order k is k / t times that before it, t = z + (k + 1) / (z + (k + 2) / (z + ...)).
        """
        z, n = -x, self.n
        t, ratios = z, []
        for k in range(n + 30, 0, -1):
            t = z + (k + 1) / t
            ratios.append(k / t)
        moments, cumulants = [1.0], [0.0]
        for k, ratio in enumerate(ratios[: -n - 1 : -1], 1):
            moments.append(moments[-1] * ratio)
            rest = sum([math.comb(k - 1, j - 1) * cumulants[j] * moments[k - j] for j in range(1, k)])
            cumulants.append(moments[k] - rest)
        return cumulants[n] - 1 if n == 2 else cumulants[n]


def bessel(kind: str, n: int, x: Any) -> Any:
    """The function of Bessel of a kind (i, j, k, y, or ie for e^-|x| I) and a whole order n >= 0, of an array."""
    module, name = special(x), f"{kind[0]}v{kind[1:]}"
    if n < 2:
        return getattr(module, f"{kind[0]}{n}{kind[1:]}")(x)
    if hasattr(module, name):
        return getattr(module, name)(n, x).astype(x.dtype)
    there = to_numpy(x)  # CuPy has the orders 0 and 1 alone
    return namespace(x).asarray(getattr(special(there), name)(n, there), x.dtype)


class ScaledBessel(Derivatives):
    """f(x) = e^-|x| I_m(x)"""

    def __init__(self, m, n=0):
        self.m = m
        self.n = n
        self.name = f"i{m}e"

    def derivative(self):
        return ScaledBessel(self.m, self.n + 1)

    def value(self, x):
        return bessel("ie", self.m, x)

    def is_far(self, x):
        return abs(x) > 30 + self.n

    def near(self, x):
        """I_m' = (I_(m-1) + I_(m+1)) / 2; the factor e^-|x| has the slope -sign x, and 0 at 0."""
        m, n, against = self.m, self.n, -namespace(x).sign(x)
        I = [bessel("ie", k, x) for k in range(m + n + (n > 1 or not m))]
        if (m, n) == (1, 1):  # without I_2, which takes long
            at_0 = x == 0
            return I[0] - (I[1] + 0.5 * at_0) / (x + at_0) + against * I[1]
        y = 0
        for k in range(n + 1):
            slope = sum([math.comb(k, j) * I[abs(m - k + 2 * j)] for j in range(k + 1)]) / 2**k
            y = math.comb(n, k) * slope + against * y
        return y

    def far(self, x):
        """(1 - (4 m^2 - 1) / (8 x) + (4 m^2 - 1)(4 m^2 - 9) / (2 (8 x)^2) - ...) / sqrt(2 pi x), term by term"""
        m, n, xp = self.m, self.n, namespace(x)
        z, total = 1 / abs(x), 1.0
        for k in range(30, -1, -1):
            total = 1 + ((2 * k + 1) ** 2 - 4 * m * m) / (8 * k + 8) * (1 + n / (k + 0.5)) * z * total
        y = xp.sqrt(z / (2 * math.pi)) * total
        for k in range(n):
            y = y * (-(k + 0.5) * z)
        return y * xp.sign(x) ** (m + n)
