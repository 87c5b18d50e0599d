"""`dezero.core_simple`, the core before second derivatives: gradients are arrays."""

from __future__ import annotations

from typing import Any

from autograd import algebra
from autograd.compat.dezero import core
from autograd.compat.dezero.core import as_array, setup_variable
from autograd.compat.dezero.switches import Config, no_grad, using_config
from autograd.function import Tracked

__all__ = ["Config", "Function", "Variable", "as_array", "as_variable", "no_grad", "setup_variable", "using_config"]

GRAD: Any = vars(Tracked)["grad"]  # the slot of the gradient in a Variable


class Variable(core.Variable, family=True):
    """A Variable whose gradient is an array."""

    __slots__ = ()

    @property
    def grad(self) -> Any:  # type: ignore[override]
        return algebra.as_array(GRAD.__get__(self))

    @grad.setter
    def grad(self, grad: Any) -> None:
        GRAD.__set__(self, grad)


def as_variable(x: Any) -> Any:
    """A Variable unchanged, an array as a Variable."""
    return x if isinstance(x, Tracked) else Variable(x)


class Function(core.Function):
    """A Function whose `backward` takes arrays and returns arrays."""

    as_variable = staticmethod(as_variable)

    def gradients(self, *gys: Any) -> Any:
        return self.backward(*[as_array(algebra.as_array(gy)) for gy in gys])
