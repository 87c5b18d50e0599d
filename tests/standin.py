"""A strict stand-in for CuPy: an array type of its own, a module of its own, and NumPy beneath both.

`Array` and this module behave as CuPy 14 does where it differs from NumPy, and where CuPy would forgive, they don't:

- NumPy arrays are refused everywhere, lists in functions that CuPy has no lists in; `asarray` and `array` bring data
  here, `asnumpy` and `.get()` bring it back, and NumPy's own functions and `np.asarray` on an Array are a TypeError
  (CuPy takes over `np.exp(x)`, but then somebody wrote `np.` where `namespace(x).` was meant);
- reductions and elements are 0-d Arrays, never scalars;
- integers out of bounds in an index array wrap around;
- what CuPy lacks is lacking: names (`einsum_path`), methods (`__index__`), arguments (`where=`, `initial=`).

Register it with `backend.register(standin.Array, standin)`.
"""

import functools
import operator
import sys
from types import ModuleType

import numpy as np
import scipy.special

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
}  # the first argument need not be an Array  # fmt: skip
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


def closed(y):
    """NumPy's result as Arrays: scalars become 0-d ones."""
    if isinstance(y, (np.ndarray, np.generic)):
        return Array(np.asarray(y))
    if isinstance(y, (list, tuple)):
        return (list if isinstance(y, list) else tuple)([closed(item) for item in y])  # no tuples with names
    return y


def options(given):
    for name in UNSUPPORTED & given.keys():
        raise TypeError(f"got an unexpected keyword argument {name!r}")
    return {name: opened(x) for name, x in given.items()}


def index_for(index, shape):
    """An index of NumPy's own, in which integers from arrays wrap around."""
    parts = index if isinstance(index, tuple) else (index,)
    masks = [getattr(getattr(part, "dtype", None), "kind", None) == "b" for part in parts]
    sizes = [part.ndim if mask else part is not None and part is not ... for part, mask in zip(parts, masks)]
    axis, found = 0, []
    for part, mask, size in zip(parts, masks, sizes):
        inner = opened(part)
        if isinstance(part, (Array, list)) and not mask and np.size(inner):
            inner = np.asarray(inner) % max(shape[axis], 1)
        found.append(inner)
        axis += len(shape) - sum(sizes) if part is ... else size
    return tuple(found) if isinstance(index, tuple) else found[0]


def binary(op):
    def method(self, other):
        if not isinstance(other, Array) and getattr(other, "__array_ufunc__", 0) is None:  # asked of the instance
            return NotImplemented  # it asks to be left the operation, as a Variable does
        return closed(op(self.held, operand(other)))

    return method


def mirrored(op):
    return lambda self, other: closed(op(operand(other), self.held))


def in_place(op):
    def method(self, other):
        op(self.held, operand(other), out=self.held, casting="same_kind")
        return self

    return method


def unary(op):
    return lambda self: closed(op(self.held))


def forwarded(name):
    def method(self, *args, **kwargs):
        return closed(getattr(self.held, name)(*map(opened, args), **options(kwargs)))

    return method


class Flags:
    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata


class Array:
    """An array as CuPy's: not a subclass of NumPy's, and no conversion to one unless asked for."""

    __array_ufunc__ = None  # ndarray + Array is ours to refuse, and np.exp(Array) a TypeError
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, held):
        self.held = held

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
    base = property(lambda self: None if self.held.base is None else Array(self.held.base))
    T = property(lambda self: Array(self.held.T))
    real = property(lambda self: Array(self.held.real))
    imag = property(lambda self: Array(self.held.imag))

    def get(self):
        return self.held.copy()

    def item(self, *args):
        return self.held.item(*args)

    def tolist(self):
        return self.held.tolist()

    def __len__(self):
        return len(self.held)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        return closed(self.held[index_for(index, self.shape)])

    def __setitem__(self, index, value):
        if isinstance(value, list) and not sys._getframe(1).f_globals["__name__"].startswith("autograd"):
            value = asarray(value)  # a test may write its numbers down
        self.held[index_for(index, self.shape)] = operand(value)

    def __copy__(self):
        return Array(self.held.copy())

    def __deepcopy__(self, memo):
        return Array(self.held.copy())

    def __reduce__(self):
        return Array, (self.held.copy(),)

    def __repr__(self):
        return repr(self.held)

    def __bool__(self):
        return bool(self.held)

    def __int__(self):
        return int(self.held)

    def __float__(self):
        return float(self.held)

    def __complex__(self):
        return complex(self.held)

    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]:
        op = getattr(operator, f"{name}_" if name in ("and", "or") else name)
        locals()[f"__{name}__"], locals()[f"__r{name}__"] = binary(op), mirrored(op)
    for name in ["eq", "ne", "lt", "le", "gt", "ge"]:
        locals()[f"__{name}__"] = binary(getattr(operator, name))
    for name in ["neg", "pos", "abs", "invert"]:
        locals()[f"__{name}__"] = unary(getattr(operator, name))
    for name, ufunc in {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power,
        "floordiv": np.floor_divide, "mod": np.remainder, "and": np.bitwise_and, "or": np.bitwise_or,
    }.items():  # fmt: skip
        locals()[f"__i{name}__"] = in_place(ufunc)
    for name in [
        "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress", "conj",
        "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "fill", "flatten", "max", "mean", "min", "nonzero",
        "partition", "prod", "put", "ravel", "repeat", "reshape", "round", "searchsorted", "sort", "squeeze", "std",
        "sum", "swapaxes", "take", "trace", "transpose", "var", "view",
    ]:  # fmt: skip
        locals()[name] = forwarded(name)
    del name, op, ufunc


class Ufunc:
    def __init__(self, held):
        self.held = held
        self.__name__ = held.__name__

    def __call__(self, *args, **kwargs):
        return closed(self.held(*map(operand, args), **options(kwargs)))

    def at(self, x, index, *values):
        self.held.at(x.held, index_for(index, x.shape), *map(operand, values))


def wrapped(name, held):
    def function(*args, **kwargs):
        if name not in SEQUENCES | NUMBERS and args and not isinstance(args[0], Array):
            refuse(args[0])
        return closed(held(*map(opened, args), **options(kwargs)))

    function.__name__ = name
    return function


class Submodule:
    """`random` (CuPy's generators give its arrays), `linalg` and `fft`."""

    def __init__(self, held):
        self.held = held

    def __getattr__(self, name):
        held = getattr(self.held, name)
        if name == "default_rng":
            return lambda seed=None: Generator(held(seed))
        return wrapped(name, held)


class SpecialFunctions:
    """cupyx.scipy.special, which has no functions of Bessel of any order."""

    def __getattr__(self, name):
        if name in {"iv", "ive", "jv", "kv", "yv"}:
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


def asarray(x, dtype=None, order=None, copy=None):
    """An Array: the same one if it is one already; a copy of a NumPy array, a list or a number."""
    if isinstance(x, Array):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return array(x, dtype, order=order)


def array(x, dtype=None, copy=True, order=None, ndmin=0):
    if isinstance(x, (list, tuple)):
        x = np.array([item.held if isinstance(item, Array) else item for item in x], dtype)
    return Array(np.array(x.held if isinstance(x, Array) else x, dtype=dtype, order=order or "K", ndmin=ndmin))


def asnumpy(x):
    """The NumPy array of the same values."""
    return x.held.copy() if isinstance(x, Array) else np.asarray(x)


def where(condition, *choices):
    if not isinstance(condition, Array):
        refuse(condition)
    return closed(np.where(condition.held, *map(operand, choices)))


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


# For pytest --standin: what a test file has as `np`


def moved(x):
    """NumPy arrays as Arrays of the same memory, also inside lists and tuples."""
    if type(x) in (list, tuple):
        return type(x)([moved(item) for item in x])
    return Array(x) if isinstance(x, np.ndarray) else x


def back(x):
    """Arrays as NumPy arrays of the same memory, also inside lists, tuples and dicts."""
    if type(x) in (list, tuple):
        return type(x)([back(item) for item in x])
    if type(x) is dict:
        return {name: back(item) for name, item in x.items()}
    return x.held if isinstance(x, Array) else x


class NumPyForTests:
    """NumPy whose functions take Arrays and give Arrays: with it a test prepares its inputs and compares its results.

    It forgives everything, so it is not for the package. Numbers stay numbers.
    """

    def __init__(self, held):
        self.held = held

    def __getattr__(self, name):
        held = getattr(self.held, name)
        if name == "default_rng":
            return lambda seed=None: DrawsThere(held(seed).bit_generator)
        if isinstance(held, type):
            return Array if held is np.ndarray else held
        return NumPyForTests(held) if callable(held) or isinstance(held, ModuleType) else held

    def __call__(self, *args, **kwargs):
        if self.held in (np.asarray, np.ascontiguousarray) and len(args) == 1 and not kwargs:
            return moved(args[0]) if isinstance(args[0], Array) else Array(np.array(back(args[0])))
        return moved(self.held(*map(back, args), **back(kwargs)))


class DrawsThere(np.random.Generator):
    """A generator of NumPy's: the package gets NumPy arrays from it, a test gets Arrays of the same numbers."""

    for name in ["integers", "normal", "permutation", "random", "standard_normal", "uniform", "choice"]:

        def method(self, *args, draw=getattr(np.random.Generator, name), **kwargs):
            y = draw(self, *map(back, args), **back(kwargs))
            return y if sys._getframe(1).f_globals["__name__"].startswith("autograd") else moved(y)

        locals()[name] = method
    del name, method
