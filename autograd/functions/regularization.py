"""Noise against over-fitting."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand
from autograd.backend import generator, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import number
from autograd.config import training
from autograd.function import Function
from autograd.functions.conv import check_images
from autograd.kernels.gpu import draws
from autograd.variable import Variable

__all__ = ["dropout", "dropout1d", "dropout2d", "dropout3d"]


class Dropout(Function):
    """y = x mask / (1 - p), each element of the mask 0 with probability p and 1 otherwise

    With `whole` > 0 the last so many axes share an element of the mask.
    """

    def __init__(self, p, rng, whole=0):
        self.p = p
        self.rng = rng
        self.whole = whole

    def forward(self, x):
        kept = x.ndim - self.whole
        shape = *x.shape[:kept], *[1] * self.whole
        if draws.fits(self.rng, x):
            mask = draws.mask(self.rng, shape, self.p, x)
        else:
            draw = self.rng.random(shape, dtype="float32")
            mask = namespace(x).asarray(draw >= self.p) * x.dtype.type(1 / (1 - self.p))
        self.save(mask=mask, constant=True)
        return x * mask

    def backward(self, gy):
        return gy * self.saved.mask


def dropout(x: Operand, p: float = 0.5, rng: Any = None) -> Variable:
    """Each element becomes 0 with probability p, and x / (1 - p) otherwise: the expected value stays x.

    Under `test_mode()` it is the identity, because training scales already (the lecture scales when testing instead).
    `rng` is a NumPy generator or a seed; by default the shared generator of `autograd.seed`. A seed gives the same
    mask on every device. With p = 0 nothing is drawn.
    Raises TypeError if p is not a number or x is not floating-point, ValueError if p is not in [0, 1).
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    p = checked_chance("dropout", x, p)
    return Dropout(p, generator(rng))(x) if p and training() else x


def checked_chance(name: str, x: Operand, p: Any) -> Any:
    """The probability p as a number. Raises what `dropout` raises."""
    p = number(f"{name}: p", p, least=0, below=1)
    dtype = getattr(x, "dtype", None)
    if dtype is None or kind_of(dtype) not in "fc":
        raise TypeError(f"{name} takes floating-point arrays, not {dtype or type(x).__name__}: try x.astype(float)")
    return p


def dropout1d(x: Operand, p: float = 0.5, rng: Any = None) -> Variable:
    """dropout2d with one spatial axis.   (N, C, L)"""
    return of_channels("dropout1d", 1, x, p, rng)


def dropout2d(x: Operand, p: float = 0.5, rng: Any = None) -> Variable:
    """Each channel of each image becomes 0 as a whole with probability p, and x / (1 - p) otherwise.   (N, C, H, W)

    Neighbouring pixels say much the same, so that `dropout` of single ones would take little away. The options are
    those of `dropout`. Raises what it raises, and ValueError unless x has four axes.
    Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.
    """
    return of_channels("dropout2d", 2, x, p, rng)


def dropout3d(x: Operand, p: float = 0.5, rng: Any = None) -> Variable:
    """dropout2d with three spatial axes.   (N, C, D, H, W)"""
    return of_channels("dropout3d", 3, x, p, rng)


def of_channels(name: str, n: int, x: Operand, p: float, rng: Any) -> Any:
    """Dropout of channels with `n` spatial axes."""
    p = checked_chance(name, x, p)
    check_images(name, x, n)
    return Dropout(p, generator(rng), n)(x) if p and training() else x
