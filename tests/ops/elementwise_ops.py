"""Rows for the elementary functions. The reference is Python's `math`, one number after the other."""

import math
import re

import numpy as np

import autograd.functions.elementwise as F
from tests.ops.table import Op, case, normal, strided, unary, wrong


def by_element(f):
    """The function of an array that applies f to its elements as Python numbers."""

    def function(x, *args, **options):
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        return np.array([f(float(a), *args, **options) for a in x.flat], dtype).reshape(x.shape)

    return function


def arrays(low=None, high=None, points=(), **options):
    """`unary`, and nine more: other layouts, a narrow range, whole numbers."""
    x = unary(low, high, points)[10].args[0]  # (2, 3, 4)
    more = [x[0, ::2], x[:, :, ::-1], x[1].T, np.moveaxis(x, 0, 2), strided(x[0]), x[:, :1, 0], x[0, 0] * 1.001]
    more += [np.broadcast_to(x[0, 0, 0], (2, 2)), x[0, 1].astype(np.float32)]
    return unary(low, high, points, **options) + [case(a, **options) for a in more]


def not_numbers(name):
    """Text, None and a dict, which no array function takes."""
    return [wrong(TypeError, rf"^\w+ takes Variables, arrays and numbers, not {type(x).__name__}: ", x) for x in ("text", None, {})]


def row(name, low=None, high=None, extra=()):
    """The row of a function that `math` has under the same name, or nearly."""
    reference = getattr(math, re.sub("^arc", "a", name))
    more = [case(np.array(x, float)) for x in extra]
    return Op(name, getattr(F, name), by_element(reference), arrays(low, high) + more, not_numbers(name))


OPS = [
    row("exp", extra=[[-40.0, 5.0]]),
    row("log", low=0.1, high=4.0, extra=[[1e3, 2.0]]),
    row("log1p", low=-0.8, high=4.0, extra=[[1e-9, -1e-9, 0.0]]),
    row("expm1", extra=[[1e-9, -1e-9, 0.0]]),
    row("sqrt", low=0.1, high=4.0, extra=[[1e3, 2.0]]),
    Op("square", F.square, by_element(lambda x: math.pow(x, 2)), arrays() + [case(np.zeros(2))], not_numbers("Square")),
    row("sin", extra=[[0.0, math.pi, 20.0]]),
    row("cos", extra=[[0.0, math.pi, 20.0]]),
    row("tan", low=-1.2, high=1.2, extra=[[0.0, math.pi]]),
    row("arcsin", low=-0.8, high=0.8, extra=[[0.0, 1e-9]]),
    row("arccos", low=-0.8, high=0.8, extra=[[0.0, 1e-9]]),
    row("arctan", extra=[[0.0, 1e3, -1e3]]),
    row("sinh", extra=[[0.0, 5.0]]),
    row("cosh", extra=[[0.0, 5.0]]),
    row("log2", low=0.1, high=4.0, extra=[[1e3, 2.0, 0.125]]),
    row("log10", low=0.1, high=4.0, extra=[[1e3, 2.0, 0.01]]),
    row("exp2", extra=[[-40.0, 5.0]]),
    row("cbrt", low=0.2, high=3.0, extra=[[-8.0, 27.0]]),
    row("arcsinh", extra=[[0.0, 1e3, -1e-9]]),
    row("arccosh", low=1.2, high=4.0, extra=[[1e3, 2.0]]),
    row("arctanh", low=-0.8, high=0.8, extra=[[0.0, 1e-9]]),
    Op("deg2rad", F.deg2rad, by_element(math.radians), arrays(), not_numbers("deg2rad")),
    Op("rad2deg", F.rad2deg, by_element(math.degrees), arrays(), not_numbers("rad2deg")),
    row("tanh", extra=[[0.0, 20.0, -20.0], normal(3) * 1e-5]),
    Op("logit", F.logit, by_element(lambda a: math.log(a / (1 - a))), arrays(low=0.1, high=0.9), not_numbers("logit")),
    Op("rsqrt", F.rsqrt, by_element(lambda a: 1 / math.sqrt(a)), arrays(low=0.3, high=3.0), not_numbers("rsqrt")),
    Op("sinc", F.sinc, by_element(lambda a: math.sin(math.pi * a) / (math.pi * a) if a else 1.0), arrays() + [case(np.array([0.0, 1e-9, 1.0, -0.3, 0.31, 0.33]))], not_numbers("sinc")),
]
