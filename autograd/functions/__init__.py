"""The functions, one topic a file. Each takes Variables, arrays or numbers.

`__all__` of a topic lists its functions; all of them are here.
"""

from types import FunctionType

from autograd.functions.accuracy import *
from autograd.functions.activation import *
from autograd.functions.arithmetic import *
from autograd.functions.conv import *
from autograd.functions.elementwise import *
from autograd.functions.embedding import *
from autograd.functions.linear import *
from autograd.functions.loss import *
from autograd.functions.normalization import *
from autograd.functions.pooling import *
from autograd.functions.reduction import *
from autograd.functions.regularization import *
from autograd.functions.shape import *

__all__ = [name for name, value in list(globals().items()) if isinstance(value, FunctionType)]
