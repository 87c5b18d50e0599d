"""The names that stood here in version 0.1. Their homes are `function`, `algebra` and `variable`."""

from __future__ import annotations

from autograd.algebra import *
from autograd.function import Function
from autograd.variable import Variable, as_variable, grad

__all__ = ["Function", "Variable", "as_variable", "grad"]
