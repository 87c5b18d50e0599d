"""A strict stand-in for CuPy: an array type of its own, a module of its own, and NumPy beneath both.

`Array` and this module behave as CuPy 14 does where it differs from NumPy, and where CuPy would forgive, they don't:

- NumPy arrays are refused everywhere, lists in functions that CuPy has no lists in; `asarray` and `array` bring data
  here, `asnumpy` and `.get()` bring it back, and NumPy's own functions and `np.asarray` on an Array are a TypeError
  (CuPy takes over `np.exp(x)`, but then somebody wrote `np.` where `namespace(x).` was meant);
- reductions and elements are 0-d Arrays, never scalars;
- integers out of bounds in an index array, and in `take`, wrap around; `broadcast_to` gives what can be written into;
- dtypes that a GPU lacks are refused: longdouble, text, objects, dates. Bytes in the other order are put in order;
- results lie row by row, whatever the operands' order, and what need not be copied is the same object;
- floating-point errors warn nobody, and integers divided by 0 or raised to -1 are 0;
- what CuPy lacks is lacking: names (`einsum_path`), methods (`__index__`), arguments (`where=`, `initial=`, `item(1)`).

`tests/test_standin.py` holds both to one table of expressions, CuPy where there is a GPU.

Register it with `backend.register(standin.Array, standin)`.
"""

import functools
import operator
import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import scipy.special

from autograd.bfloat16 import is_bfloat16

MISSING = {
    "apply_over_axes", "block", "einsum_path", "errstate", "frompyfunc", "geomspace", "geterr", "insert", "matvec",
    "nanpercentile", "nanquantile", "nditer", "seterr", "spacing", "unstack", "vecdot", "vecmat",
}  # fmt: skip
UNSUPPORTED = {"where", "initial", "subok"}  # arguments

PLAIN = {
    "broadcast_shapes", "can_cast", "dtype", "finfo", "iinfo", "isscalar", "issubdtype", "ndindex", "promote_types",
}  # functions that know no arrays  # fmt: skip
NUMBERS = {"arange", "empty", "eye", "full", "identity", "indices", "linspace", "logspace", "ones", "tri", "zeros"}
SEQUENCES = {
    "broadcast_arrays", "column_stack", "concatenate", "dstack", "einsum", "hstack", "ix_", "meshgrid", "stack",
    "unravel_index", "ravel_multi_index", "vstack", "ndim", "shape", "size", "result_type",
    "concat", "select",
}  # the first argument need not be an Array  # fmt: skip
ADDABLE = set("ilqILQefd")  # the dtypes for which CuPy has an atomic addition
DTYPES = set("?bhilqpBHILQPefdFD")
METADATA = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}


def refuse(x):
    raise TypeError(f"Unsupported type {type(x)}: the stand-in computes with its own arrays and with numbers")


def opened(x):
    """The NumPy array in an Array, also inside lists and tuples; anything else of NumPy's is refused."""
    if isinstance(x, Array):
        return x.held
    if isinstance(x, np.ndarray):
        refuse(x)
    if isinstance(x, (list, tuple)):
        return type(x)([opened(item) for item in x])
    return x


def operand(x):
    """What an operator or a ufunc takes: an Array or a number."""
    if isinstance(x, Array):
        return x.held
    if isinstance(x, (bool, int, float, complex, np.generic)):
        return x
    return refuse(x)


def supported(dtype):
    """The dtype, if CuPy has it: longdouble, text, objects and dates it has not."""
    if dtype is not None:
        dtype = np.dtype(dtype)
        if dtype.char not in DTYPES and not is_bfloat16(dtype):
            raise ValueError(f"Unsupported dtype {dtype}")
        if not dtype.isnative:
            raise ValueError(f"Unsupported dtype {dtype.str} with big-endian byte-order")
    return dtype


def closed(y):
    """NumPy's result as Arrays: scalars become 0-d ones."""
    if isinstance(y, (np.ndarray, np.generic)):
        supported(y.dtype)
        return Array(np.asarray(y))
    if isinstance(y, (list, tuple)):
        return (list if isinstance(y, list) else tuple)([closed(item) for item in y])  # no tuples with names
    return y


def in_rows(y):
    """NumPy's new arrays as CuPy's, whose elements lie row by row; views stay as they are."""
    if isinstance(y, tuple):
        return tuple(map(in_rows, y))
    return np.ascontiguousarray(y) if isinstance(y, np.ndarray) and y.shape and y.base is None else y


def options(given):
    for name in UNSUPPORTED & given.keys():
        raise TypeError(f"got an unexpected keyword argument {name!r}")
    supported(given.get("dtype"))
    return {name: opened(x) for name, x in given.items()}


def sizes(shape):
    """A shape as NumPy takes it. CuPy has no sizes that are arrays, nor None."""
    for n in shape if isinstance(shape, (tuple, list)) else (shape,):
        if n is None or (hasattr(n, "shape") and not isinstance(n, np.generic)):
            raise TypeError(f"{type(n).__name__!r} object cannot be interpreted as an integer")
    return shape


def index_for(index, shape):
    """An index of NumPy's own, in which integers from arrays wrap around."""
    parts = index if isinstance(index, tuple) else (index,)
    masks = [getattr(getattr(part, "dtype", None), "kind", None) == "b" for part in parts]
    sizes = [part.ndim if mask else part is not None and part is not ... for part, mask in zip(parts, masks)]
    axis, found = 0, []
    for part, mask, size in zip(parts, masks, sizes):
        inner = part if isinstance(part, np.ndarray) and not part.shape else opened(part)
        if isinstance(part, (float, np.floating)):
            inner = int(part)  # with CuPy, x[1.0] is x[1]
        elif isinstance(part, slice):
            ends = part.start, part.stop, part.step
            inner = slice(*[int(end.held) if isinstance(end, Array) else end for end in ends])
        elif isinstance(part, (Array, list)) and not mask and np.size(inner) and np.asarray(inner).dtype.kind in "iu":
            inner = np.asarray(inner) % max(shape[axis], 1)
        found.append(inner)
        axis += len(shape) - sum(sizes) if part is ... else size
    return tuple(found) if isinstance(index, tuple) else found[0]


def binary(op):
    def method(self, other):
        if not isinstance(other, Array) and getattr(other, "__array_ufunc__", 0) is None:  # asked of the instance
            return NotImplemented  # it asks to be left the operation, as a Variable does
        return closed(quietly(op, self.held, operand(other)))

    return method


def mirrored(op):
    return lambda self, other: closed(quietly(op, operand(other), self.held))


@np.errstate(all="ignore")
def quietly(f, *args, **kwargs):
    """f of NumPy's arrays as CuPy computes it: without warnings, and with integer powers that are never an error."""
    whole = f in (operator.pow, np.power) and all(np.result_type(x).kind in "iub" for x in args)
    if whole and np.any(np.less(args[1], 0)):
        x, p = np.broadcast_arrays(*args)
        return np.where((p < 0) & (abs(x) != 1), 0, x ** abs(p))
    try:
        return in_rows(f(*args, **kwargs))
    except TypeError as error:  # NumPy has classes of its own
        raise TypeError(str(error)) from error


def compared(op, without):
    """A comparison; with None, each element is `without`."""

    def method(self, other):
        if other is None and without is not None:
            return Array(np.full(self.shape, without))
        return binary(op)(self, other)

    return method


def in_place(op):
    def method(self, other):
        quietly(op, self.held, operand(other), out=self.held, casting="same_kind")
        return self

    return method


def unary(op):
    return lambda self: closed(in_rows(op(self.held)))


def forwarded(name):
    def method(self, *args, **kwargs):
        with silence(name):
            y = getattr(self.held, name)(*map(opened, args), **options(kwargs))
        return closed(y if name == "copy" else in_rows(y))

    return method


@contextmanager
def silence(name):
    """No warning of what is computed in the block, by a function of this name."""
    with np.errstate(all="ignore"):
        if name not in WARNING:
            yield
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield


WARNING = {"average", "cov", "mean", "nanmean", "nanstd", "nanvar", "std", "var"}  # not by the state of errors


class Flags:
    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata

    def __getitem__(self, name):
        return getattr(self, name.lower())


class Array:
    """An array as CuPy's: not a subclass of NumPy's, and no conversion to one unless asked for."""

    __array_ufunc__ = None  # ndarray + Array is ours to refuse, and np.exp(Array) a TypeError
    __array_priority__ = 100
    __hash__ = None
    device = "the stand-in"

    def __init__(self, held, base=None):
        self.held = held
        self.base = base  # the Array whose memory this one sees; None for an array of its own

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct one")

    def __array_function__(self, function, types, args, kwargs):
        if function not in METADATA:
            raise TypeError(f"numpy.{function.__name__} on an array that is not NumPy's: use namespace(x)")
        return function(*map(opened, args), **options(kwargs))

    shape = property(lambda self: self.held.shape)
    dtype = property(lambda self: self.held.dtype)
    ndim = property(lambda self: self.held.ndim)
    size = property(lambda self: self.held.size)
    nbytes = property(lambda self: self.held.nbytes)
    itemsize = property(lambda self: self.held.itemsize)
    strides = property(lambda self: self.held.strides)
    flags = property(lambda self: Flags(self.held.flags))
    T = property(lambda self: self.seeing(self.held.T))
    mT = property(lambda self: self.seeing(self.held.mT))
    real = property(lambda self: self.seeing(self.held.real) if self.dtype.kind == "c" else self)
    imag = property(lambda self: self.seeing(self.held.imag) if self.dtype.kind == "c" else Array(self.held * 0))

    def seeing(self, y):
        """NumPy's result as an Array; a view has this Array, or the one that it sees, as its base."""
        return Array(y, self if self.base is None else self.base) if np.may_share_memory(y, self.held) else Array(y)

    def get(self):
        return self.held.copy()

    def item(self):
        return self.held.item()

    def tolist(self):
        return self.held.tolist()

    def __len__(self):
        return len(self.held)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        return self.seeing(np.asarray(self.held[index_for(index, self.shape)]))

    def __setitem__(self, index, value):
        if isinstance(value, (list, tuple)):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self.held[index_for(index, self.shape)] = operand(value)

    def __copy__(self):
        return Array(self.held.copy())

    def __deepcopy__(self, memo):
        return Array(self.held.copy())

    def __reduce__(self):
        return Array, (self.held.copy(),)

    def __repr__(self):
        return repr(self.held)

    def __str__(self):
        return str(self.held)

    def __format__(self, form):
        return format(self.held.item() if form and not self.shape else self.held, form)

    def __bool__(self):
        if not self.size:
            warnings.warn("The truth value of an empty array is ambiguous", DeprecationWarning, stacklevel=2)
            return False
        return bool(self.held)

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        dtype = supported(dtype)
        if not copy and dtype == self.dtype and order in ("K", "A"):
            return self
        with np.errstate(all="ignore"):
            return Array(self.held.astype(dtype, order))

    def reshape(self, *shape, order="C"):
        shape = sizes(shape[0] if len(shape) == 1 else shape)
        return self.seeing(self.held.reshape(shape, order=order))

    def ravel(self, order="C"):
        return self.seeing(self.held.ravel(order))

    def take(self, indices, axis=None, out=None):
        indices = opened(indices)
        n = self.size if axis is None else self.shape[axis]
        return Array(np.take(self.held, np.asarray(indices) % n if n else indices, axis))

    def transpose(self, *axes):
        return self.seeing(self.held.transpose(*axes))

    def swapaxes(self, axis1, axis2):
        return self.seeing(self.held.swapaxes(axis1, axis2))

    def squeeze(self, axis=None):
        y = self.held.squeeze(axis)
        return self if y.shape == self.shape else self.seeing(y)

    def diagonal(self, *args):
        return self.seeing(self.held.diagonal(*args))

    def view(self, dtype=None):
        return self.seeing(self.held.view() if dtype is None else self.held.view(supported(dtype)))

    def conj(self):
        return Array(self.held.conj()) if self.dtype.kind == "c" else self

    conjugate = conj

    def dot(self, other):
        return closed(self.held.dot(operand(other)))

    def __divmod__(self, other):
        return self // other, self % other

    def __rdivmod__(self, other):
        return other // self, other % self

    def __int__(self):
        return int(self.held)

    def __float__(self):
        return float(self.held)

    def __complex__(self):
        return complex(self.held)

    for name in [
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift",
    ]:  # fmt: skip
        op = getattr(operator, f"{name}_" if name in ("and", "or") else name)
        locals()[f"__{name}__"], locals()[f"__r{name}__"] = binary(op), mirrored(op)
    for name, without in [("eq", False), ("ne", True), ("lt", None), ("le", None), ("gt", None), ("ge", None)]:
        locals()[f"__{name}__"] = compared(getattr(operator, name), without)
    for name in ["neg", "pos", "abs", "invert"]:
        locals()[f"__{name}__"] = unary(getattr(operator, name))
    for name, ufunc in {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power,
        "floordiv": np.floor_divide, "mod": np.remainder, "and": np.bitwise_and, "or": np.bitwise_or,
        "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
    }.items():  # fmt: skip
        locals()[f"__i{name}__"] = in_place(ufunc)
    for name in [
        "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "compress", "copy", "cumprod",
        "cumsum", "fill", "flatten", "max", "mean", "min", "nonzero", "partition", "prod", "put", "repeat", "round",
        "searchsorted", "sort", "std", "sum", "tobytes", "trace", "var",
    ]:  # fmt: skip
        locals()[name] = forwarded(name)
    del name, op, ufunc, without


class Ufunc:
    def __init__(self, held):
        self.held = held
        self.__name__ = held.__name__

    def __call__(self, *args, **kwargs):
        return written(kwargs.get("out"), quietly(self.held, *map(operand, args), **options(kwargs)))

    def at(self, x, index, *values):
        kinds = {"add": ADDABLE, "subtract": set("iI"), "maximum": ADDABLE, "minimum": ADDABLE}.get(self.__name__)
        if kinds is None:
            raise NotImplementedError(f"`cupy_{self.__name__}.at` is not supported yet")
        if x.dtype.char not in kinds:
            raise TypeError(f"cupy.{self.__name__}.at only supports some dtypes, not {x.dtype}")
        self.held.at(x.held, index_for(index, x.shape), *map(operand, values))

    def reduced(self, name):
        if self.__name__ not in ("add", "multiply"):
            raise NotImplementedError(f"`cupy_{self.__name__}.{name}` is not supported yet")
        held = getattr(self.held, name)
        return lambda x, *args, **kwargs: closed(held(operand(x), *args, **options(kwargs)))

    reduce = property(lambda self: self.reduced("reduce"))
    accumulate = property(lambda self: self.reduced("accumulate"))


def written(out, y):
    """The Array that a function was told to write into; otherwise its result as one."""
    return out if isinstance(out, Array) else closed(y)


def wrapped(name, held):
    def function(*args, **kwargs):
        if name not in SEQUENCES | NUMBERS and args and not isinstance(args[0], Array):
            refuse(args[0])
        if name in ARRAYS_ONLY and any(isinstance(x, list) for x in args[0]):
            raise TypeError("Unsupported type <class 'list'>")
        if name in FILLED:
            sizes(args[0])
        for word in {"out", "mode"} & kwargs.keys() & NO_OPTIONS.get(name, set()):
            raise TypeError(f"Did not understand the following kwargs: [{word!r}]")
        if name in METHODS and args:
            return getattr(args[0], name)(*args[1:], **kwargs)
        with silence(name):
            y = held(*map(opened, args), **options(kwargs))
        if name in VIEWING:
            return seen(args[1 if name == "einsum" else 0], y)
        return written(kwargs.get("out"), y if name in KEEPING_TOO else in_rows(y))

    function.__name__ = name
    return function


ARRAYS_ONLY = {"concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"}
FILLED = {"empty", "full", "ones", "zeros"}  # the first argument is a shape
NO_OPTIONS = {"einsum": {"out"}, "take": {"mode"}}
METHODS = {"astype", "diagonal", "ravel", "reshape", "squeeze", "swapaxes", "take", "transpose"}  # as that of the Array
VIEWING = {
    "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "einsum", "expand_dims", "flip", "moveaxis", "rollaxis",
    "split",
}  # fmt: skip
KEEPING_TOO = {"copy", "zeros_like", "ones_like", "empty_like", "full_like"}  # the order of their argument


def seen(x, y):
    """NumPy's views of an Array, or the Array itself where nothing is different."""
    if isinstance(y, (list, tuple)):
        return type(y)([seen(x, part) for part in y])
    return x if isinstance(x, Array) and y is x.held else x.seeing(np.asarray(y)) if isinstance(x, Array) else closed(y)


class Submodule:
    """`random` (CuPy's generators give its arrays), `linalg` and `fft`."""

    def __init__(self, held):
        self.held = held

    def __getattr__(self, name):
        held = getattr(self.held, name)
        if name == "default_rng":
            return lambda seed=None: Generator(held(seed))
        return wrapped(name, held)


class StrideTricks:
    """cupy.lib.stride_tricks, whose views can be written into."""

    def as_strided(self, x, shape=None, strides=None):
        return x.seeing(np.lib.stride_tricks.as_strided(x.held, shape, strides))

    def sliding_window_view(self, x, window_shape, axis=None):
        return x.seeing(np.lib.stride_tricks.sliding_window_view(x.held, window_shape, axis, writeable=True))


class SpecialFunctions:
    """cupyx.scipy.special, which has no functions of Bessel of any order, and lacks others."""

    LACKING = frozenset({
        "dawsn", "ellipe", "erfi", "factorial", "hyp0f1", "hyp1f1", "hyp2f1", "iv", "ive", "jn", "jv", "jve", "kn",
        "kv", "kve", "ndtri_exp", "owens_t", "powm1", "spence", "stdtr", "struve", "voigt_profile", "wofz",
        "wrightomega", "yv", "yve",
    })  # fmt: skip

    def __getattr__(self, name):
        if name in self.LACKING:
            raise AttributeError(name)
        held = getattr(scipy.special, name)
        return lambda *args: closed(held(*map(operand, args)))


class Generator:
    def __init__(self, held):
        self.held = held

    def __getattr__(self, name):
        return lambda *args, **kwargs: closed(getattr(self.held, name)(*map(opened, args), **options(kwargs)))


ndarray = Array
random = Submodule(np.random)
linalg = Submodule(np.linalg)
fft = Submodule(np.fft)
special = SpecialFunctions()
lib = SimpleNamespace(stride_tricks=StrideTricks())


def asarray(x, dtype=None, order=None, copy=None):
    """An Array: the same one if it is one already; a copy of a NumPy array, a list or a number."""
    if isinstance(x, Array):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return array(x, dtype, order=order)


def array(x, dtype=None, copy=True, order=None, ndmin=0):
    if isinstance(x, Array) and not copy and dtype in (None, x.dtype) and ndmin <= x.ndim:
        return x
    if isinstance(x, (list, tuple)):
        x = joined(x, dtype)
    y = np.array(x.held if isinstance(x, Array) else x, dtype=supported(dtype), order=order or "K", ndmin=ndmin)
    return closed(y.astype(y.dtype.newbyteorder("="), copy=False))


def joined(x, dtype):
    """A nested list of numbers, or of Arrays alone: CuPy makes no array of both."""
    leaves = [*leaves_of(x)]
    if any(isinstance(leaf, Array) for leaf in leaves):
        if not all(isinstance(leaf, Array) for leaf in leaves):
            raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct one")
        return np.array(opened(x), dtype)
    return np.array(x, dtype)


def leaves_of(x):
    for item in x:
        yield from leaves_of(item) if isinstance(item, (list, tuple)) else (item,)


def ascontiguousarray(x, dtype=None):
    """The Array itself if its elements lie row by row."""
    if not isinstance(x, Array):
        x = array(x)
    same = x.flags.c_contiguous and dtype in (None, x.dtype)
    return x if same else Array(np.ascontiguousarray(x.held, supported(dtype)))


def broadcast_to(x, shape):
    """A view that can be written into, as CuPy's; who writes, writes into all copies at once."""
    if not isinstance(x, Array):
        refuse(x)
    y = np.lib.stride_tricks.as_strided(x.held, *strided_to(np.broadcast_to(x.held, shape)))
    return x if y.shape == x.shape else x.seeing(y)


def strided_to(y):
    return y.shape, y.strides


def real(x):
    return x.real


def imag(x):
    return x.imag


def allclose(x, y, *args, **kwargs):
    return closed(np.asarray(np.allclose(operand(x), operand(y), *args, **kwargs)))


def array_equal(x, y):
    return closed(np.asarray(np.array_equal(operand(x), operand(y))))


def asnumpy(x):
    """The NumPy array of the same values."""
    return x.held.copy() if isinstance(x, Array) else np.asarray(x)


def where(condition, *choices):
    if not isinstance(condition, Array):
        refuse(condition)
    return closed(in_rows(np.where(condition.held, *map(operand, choices))))


@functools.cache
def wrapper(name):
    held = getattr(np, name)
    if isinstance(held, np.ufunc):
        return Ufunc(held)
    return wrapped(name, held) if callable(held) and not isinstance(held, type) and name not in PLAIN else held


def __getattr__(name):
    """NumPy's name: types and constants as they are, functions on Arrays. (Not put here: `sum` would hide Python's.)"""
    if name.startswith("__") or name in MISSING:
        raise AttributeError(f"the stand-in, as CuPy, has no {name!r}")
    return wrapper(name)


# For pytest --standin


def place(x):
    """A NumPy array as an Array of the same memory, which a test may look at."""
    return closed(x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("=")))


def held(x):
    """The NumPy array of the same memory."""
    return x.held
