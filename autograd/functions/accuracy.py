"""How often a classifier is right."""

from __future__ import annotations

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.functions.operands import operand

__all__ = ["accuracy"]


def accuracy(y: Operand, t: Operand) -> float:
    """The fraction of samples whose largest score is at the target, a number.   (..., C) (...) or (..., C) -> float

    t are labels, or distributions over the classes, whose largest elements count. No gradient flows.
    Raises ValueError if the shapes do not fit or there is no sample.
    """
    y, t = as_array(operand("accuracy", y)), as_array(t)
    t = t if hasattr(t, "dtype") else namespace(y).asarray(t)
    if not y.size or t.shape not in (y.shape, y.shape[:-1]):
        raise ValueError(f"accuracy takes scores (..., C) and labels (...) or (..., C), not {y.shape} and {t.shape}")
    labels = t.argmax(-1) if t.shape == y.shape else t
    return float((y.argmax(-1) == labels).mean())
