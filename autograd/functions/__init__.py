"""The functions, one topic a file. Each takes Variables, arrays or numbers.

`__all__` of a topic lists its functions; all of them are here.
"""

from inspect import CO_VARARGS
from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd import names
from autograd.functions.accuracy import *
from autograd.functions.activation import *
from autograd.functions.arithmetic import *
from autograd.functions.attention import *
from autograd.functions.conv import *
from autograd.functions.ctc import *
from autograd.functions.cumulative import *
from autograd.functions.differences import *
from autograd.functions.elementwise import *
from autograd.functions.embedding import *
from autograd.functions.fourier import *
from autograd.functions.indices import *
from autograd.functions.joins import *
from autograd.functions.likelihood import *
from autograd.functions.linalg import *
from autograd.functions.linear import *
from autograd.functions.loss import *
from autograd.functions.margin import *
from autograd.functions.matrices import *
from autograd.functions.normalization import *
from autograd.functions.pairs import *
from autograd.functions.piecewise import *
from autograd.functions.pixels import *
from autograd.functions.pooling import *
from autograd.functions.recurrent import *
from autograd.functions.reduction import *
from autograd.functions.regularization import *
from autograd.functions.resize import *
from autograd.functions.rounding import *
from autograd.functions.shape import *
from autograd.functions.similarity import *
from autograd.functions.sorting import *
from autograd.functions.special import *
from autograd.functions.triangles import *

__all__ = [name for name, value in list(globals().items()) if isinstance(value, FunctionType)]

for name in __all__:  # those with options answer other frameworks' words, and speak for what they call
    code = globals()[name].__code__
    if code.co_argcount + code.co_kwonlyargcount > 1 or code.co_flags & CO_VARARGS:
        globals()[name] = names.speaking(globals()[name])
        globals()[name].__module__ = __name__  # where pickle finds this one

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise names.missing_name(__name__, name, __all__)
