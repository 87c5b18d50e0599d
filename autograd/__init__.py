"""A define-by-run automatic differentiation framework: write the model as a Python program, call `backward()`.

>>> import autograd as ag
>>> x = ag.Variable([1.0, 2.0, 3.0])
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
Variable([2., 4., 6.])
"""

from autograd.config import enable_grad, no_grad, test_mode
from autograd.core import Function, Variable, as_variable, grad

__all__ = ["Function", "Variable", "as_variable", "enable_grad", "grad", "no_grad", "test_mode"]
