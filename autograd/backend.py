"""NumPy and CuPy meet here, and nowhere else.

The type of an array says which module computes with it. `namespace(x)` is `numpy` or `cupy`, and functions are written
as `namespace(x).exp(x)`. There is no global choice: data on the GPU is computed on the GPU. CuPy is imported when it is
first asked for. An import does not show that a GPU is there; `gpu_available()` does.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import numpy as np

from autograd.bfloat16 import is_bfloat16, kind_of
from autograd.checks import shown, whole
from autograd.config import float_dtype
from autograd.effects import drawing
from autograd.locks import drawers

__all__ = [
    "AFTER_READING", "Array", "array_of_dlpack", "as_numbers", "as_values", "by_numpy", "check_index", "cupy",
    "current_stream",
    "device_conflict", "device_of", "forget", "generator", "gpu_available", "is_array", "item", "module_of",
    "namespace", "read", "register", "restored", "seed", "seeded", "special", "state_of", "to_device", "to_numpy",
    "zeros_like",
]  # fmt: skip

LARGEST_SEED = 2**128 - 1
ON_A_GPU = "?bhilqpBHILQPefdFD"  # the characters of the dtypes that CuPy has: no longdouble, no text, no dates
T = TypeVar("T")
Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray; in the middle of a computation also a NumPy scalar

MODULES: dict[type, ModuleType | None] = {np.ndarray: np}  # the module that computes with a type; None: no array
NAMESPACES: dict[type, ModuleType] = {}  # what `namespace` answered for a type: numpy for numbers too
NUMPY: set[type] = {np.ndarray}  # the types of arrays that NumPy computes with
SPECIAL: dict[ModuleType, Any] = {}  # the module of special functions beside such a module
AFTER_READING: list[Callable[[], None]] = []  # called when numbers have come from a GPU, for errors found there


def register(array_type: type, module: ModuleType, special: Any = None, numpy: bool = False) -> None:
    """Makes `module` the namespace of arrays of `array_type`, and `special` that of their special functions.

    With `numpy` the module computes as NumPy does, in the same order.
    """
    MODULES[array_type] = NAMESPACES[array_type] = module
    SPECIAL[module] = special
    if numpy:
        NUMPY.add(array_type)


def forget(array_type: type) -> None:
    """Ends what `register` has begun: arrays of this type belong to no module any more."""
    SPECIAL.pop(MODULES.pop(array_type), None)  # type: ignore[arg-type]
    NAMESPACES.pop(array_type, None)
    NUMPY.discard(array_type)


def by_numpy(x: object) -> bool:
    """Is x an array with which NumPy computes, be it recorded or not? Where CuPy is more exact, more is done for it."""
    return type(x) in NUMPY


def module_of(x: object) -> ModuleType | None:
    """The module of an array; None for numbers, NumPy scalars, lists and Variables."""
    kind = type(x)
    if kind not in MODULES:
        known = [MODULES[base] for base in kind.__mro__ if MODULES.get(base) is not None]
        of_cupy = any(base.__module__.split(".")[0] == "cupy" and base.__name__ == "ndarray" for base in kind.__mro__)
        MODULES[kind] = sys.modules["cupy"] if of_cupy else known[0] if known else None
    return MODULES[kind]


def is_array(x: object) -> bool:
    return module_of(x) is not None


def as_numbers(x: Any) -> Array:
    """A number or nested list of numbers as a NumPy array. Raises TypeError for anything else, complex numbers too."""
    try:
        array = x if is_array(x) else np.asarray(x)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a list of numbers must have rows of one length, not {shown(x)}: {error}") from error
    if kind_of(array.dtype) not in "fiub":
        raise TypeError(f"a Variable holds numbers, real ones, not {array.dtype}: {shown(x)}")
    return array


def as_values(x: Any) -> Array:
    """`as_numbers` for new values: Python's floats become an array of the default dtype; NumPy's keep theirs."""
    array, dtype = as_numbers(x), float_dtype()
    if array.dtype is dtype or array.dtype != np.float64 or has_dtype(x):
        return array
    return array.astype(dtype)


def has_dtype(x: Any) -> bool:
    """Does a dtype stand in it already: is it an array, a number of NumPy, or a list that holds one?"""
    if isinstance(x, (list, tuple)):
        return any(map(has_dtype, x))
    return hasattr(x, "dtype") or not isinstance(x, (int, float))


def namespace(x: object, *others: object) -> ModuleType:
    """The module that computes with these arrays: `numpy`, `cupy`, or one that was registered.

    Numbers, NumPy scalars and lists go with any module; alone they belong to NumPy.
    Raises ValueError for arrays of two modules.
    """
    kind = type(x)
    if kind in NAMESPACES and (not others or {kind}.issuperset(map(type, others))):
        return NAMESPACES[kind]
    found = {module for module in map(module_of, (x, *others)) if module is not None}
    if len(found) > 1:
        raise ValueError(device_conflict((x, *others)))
    module = found.pop() if found else np
    if not others:
        NAMESPACES[kind] = module
    return module


def device_conflict(arrays: Sequence[object]) -> str | None:
    """The message for arrays that lie on different devices; None if they lie on one."""
    modules = [module_of(x) for x in arrays]
    if len({m for m in modules if m is not None}) < 2:
        return None
    for module in modules:
        if hasattr(module, "refuse_others"):  # a recording device, which has words of its own
            module.refuse_others(arrays)  # type: ignore[union-attr]
    given = ", ".join(f"{m.__name__} {x.shape}" for m, x in zip(modules, arrays) if m)  # type: ignore[attr-defined]
    return f"the arrays lie on different devices ({given}): move all to one with .to('cpu') or .to('gpu')"


def check_index(name: str, x: Array, index: Array) -> None:
    """Raises ValueError for an array of indices on another device than x. CuPy would copy it there unseen, each time.

    An index of no axes is a number, and goes with any array.
    """
    there, here = module_of(x), module_of(index)
    recording = hasattr(there, "refuse_others") or hasattr(here, "refuse_others")  # such a device looks by itself
    if here is not there and here is not None and index.shape and not recording:
        raise ValueError(f"{name}: {device_conflict([x, index])}")


@functools.cache
def cupy() -> ModuleType:
    """The module CuPy, which has computed a product. Raises RuntimeError, which says what is missing."""
    try:
        import cupy as module
    except ImportError as error:
        raise RuntimeError(
            "computing on a GPU needs CuPy: pip install 'define-by-run[cuda12]' or 'define-by-run[cuda13]'"
        ) from error
    if not module.cuda.is_available():
        raise RuntimeError("CuPy is installed, but it finds no usable GPU: check the driver with nvidia-smi")
    try:  # a driver alone is enough for the answer above, and for nothing else
        float((module.ones((2, 2), np.float32) @ module.ones((2, 2), np.float32) + 1)[0, 0])
    except Exception as error:  # each missing library has an error of its own
        raise RuntimeError(
            f"CuPy finds a GPU, but it can't compute there ({type(error).__name__}: {error}). Most often CUDA's "
            "headers or libraries are missing: pip install 'define-by-run[cuda12]' or 'define-by-run[cuda13]'"
        ) from error
    return module  # type: ignore[no-any-return]


def special(*xs: object) -> Any:
    """The module of special functions for these arrays: SciPy's or CuPy's. Raises RuntimeError if it is not there."""
    module = namespace(*xs)
    if SPECIAL.get(module) is None:
        try:
            SPECIAL[module] = import_module("scipy.special" if module is np else "cupyx.scipy.special")
        except ImportError as error:
            raise RuntimeError("special functions need SciPy: pip install 'define-by-run[science]'") from error
    return SPECIAL[module]


def gpu_available() -> bool:
    """Can CuPy be imported, and can it compute on a GPU?"""
    try:
        cupy()
    except RuntimeError:
        return False
    return True


def device_of(x: Array) -> str:
    """`'cpu'` or `'gpu'`: where the array lies."""
    return "cpu" if namespace(x) is np else "gpu"


def to_numpy(x: Array) -> np.ndarray[Any, Any]:
    """The array in main memory: itself if it lies there, a copy otherwise."""
    module = namespace(x)
    return np.asarray(x) if module is np else read(np.asarray(module.asnumpy(x)))


def item(x: Array) -> Any:
    """The one number of an array, as a number of Python."""
    return x.item() if type(x) is np.ndarray else read(x.item())


def read(x: T) -> T:
    """x, which may have come from a GPU: an error that was found there is raised now."""
    for look in AFTER_READING:
        look()
    return x


def to_device(x: Array, device: str) -> Array:
    """The array on `'cpu'` or `'gpu'`: itself if it lies there, a copy otherwise.

    A copy on the GPU has its bytes in the machine's order. Raises ValueError for other names of devices, TypeError for
    numbers that a GPU does not have.
    """
    if device == "cpu":
        return to_numpy(x)
    if device == "gpu":
        if namespace(x) is not np:
            return x
        if (dtype := np.asarray(x).dtype).char not in ON_A_GPU and not is_bfloat16(dtype):
            raise TypeError(f"a GPU has no {dtype}: move numbers of another dtype, such as x.astype(np.float64)")
        return cupy().asarray(x)
    raise ValueError(f"device must be 'cpu' or 'gpu', not {device!r}")


def current_stream() -> Callable[[], AbstractContextManager[Any]]:
    """A function that gives a block on the device and the stream that are current here, for another thread."""
    module = sys.modules.get("cupy")
    if module is None:
        return nullcontext
    device, stream = module.cuda.Device(), module.cuda.get_current_stream()

    @contextmanager
    def block() -> Iterator[None]:
        with device, stream:
            yield

    return block


def array_of_dlpack(x: Any) -> Array:
    """The array of NumPy or CuPy in the memory of another framework's array, by DLPack."""
    kind, _ = x.__dlpack_device__()
    return (cupy() if int(kind) == DLPACK_GPU else np).from_dlpack(x)


DLPACK_GPU = 2  # DLPack's number for CUDA; memory that the CPU reaches too has others


def zeros_like(x: Array) -> Array:
    """Zeros of the shape and the dtype of x, on its device. For an infinite x, x * 0 would be nan."""
    return namespace(x).zeros(x.shape, x.dtype)


def seeded(name: str, rng: Any) -> np.random.Generator:
    """The generator `rng` itself, or one that starts from the seed `rng`: a whole number, several, or None for entropy.

    Raises TypeError or ValueError for anything else.
    """
    if isinstance(rng, (np.random.Generator, np.random.BitGenerator, np.random.SeedSequence, np.random.RandomState)):
        return np.random.default_rng(rng)
    if isinstance(rng, (list, tuple)) and rng:
        return np.random.default_rng([whole(name, n, 0, LARGEST_SEED) for n in rng])
    if rng is not None and not hasattr(rng, "__index__"):
        raise TypeError(f"{name} must be a NumPy generator, a seed (a whole number) or None, not {shown(rng)}")
    return np.random.default_rng(None if rng is None else whole(name, rng, 0, LARGEST_SEED))


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """Where a generator is in its sequence, as JSON can hold it."""
    return {"bit_generator": without_arrays(rng.bit_generator.state)}


def without_arrays(state: Any) -> Any:
    """The same dict, with lists in place of arrays."""
    if isinstance(state, dict):
        return {name: without_arrays(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def restored(state: Any) -> np.random.Generator:
    """A new generator that goes on from a `state_of`. Raises ValueError for anything else."""
    try:
        inner = state["bit_generator"]
        kind = getattr(np.random, inner["bit_generator"])
        if not issubclass(kind, np.random.BitGenerator):
            raise TypeError(f"{kind.__name__} is no kind of generator")
        bits = kind()
        bits.state = inner
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"state must be what state_dict() of a generator gives, not {state!r:.60}") from error
    return np.random.Generator(bits)


class Randomness:
    """The shared generator of dropout masks and initial weights, used where no `rng` is given.

    Numbers are drawn on the CPU and moved; a mask of dropout is drawn on the GPU, as the same numbers. So a seed gives
    the same on every device.
    """

    def __init__(self) -> None:
        self.rng: np.random.Generator | None = None
        drawers.add(self)

    def seed(self, number: int | None) -> None:
        """Starts the shared generator anew from `number`; None takes the system's entropy."""
        self.rng = seeded("seed", number)

    def state_dict(self) -> dict[str, Any]:
        """The state of the generator, as JSON can hold it. A run with dropout that loads it continues exactly."""
        return state_of(self())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from a `state_dict`. Raises ValueError for anything else, and changes nothing then."""
        self.rng = restored(state)

    def __call__(self, rng: np.random.Generator | int | None = None) -> np.random.Generator:
        """`rng` itself, a generator seeded by the number `rng`, or the shared one."""
        if rng is not None:
            return drawing(rng) if isinstance(rng, np.random.Generator) else seeded("rng", rng)
        if self.rng is None:
            self.seed(None)
        return drawing(self.rng)  # type: ignore[no-any-return]


generator = Randomness()
seed = generator.seed
