"""NumPy and CuPy meet here, and nowhere else.

An array's type says which module computes with it: `namespace(x)` is `numpy` or `cupy`, and functions are written as
`namespace(x).exp(x)`. There is no global choice of a backend: data that lies on the GPU is computed on the GPU.
CuPy is imported when it is first asked for. That it imports does not mean that a GPU is there: `gpu_available()` asks.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray; in the middle of a computation also a NumPy scalar

MODULES: dict[type, ModuleType | None] = {np.ndarray: np}  # type -> the module that computes with it; None: no array

NAMESPACES: dict[type, ModuleType] = {}  # what `namespace` answered for one argument of a type


def register(array_type: type, module: ModuleType) -> None:
    """Makes `module` the namespace of arrays of `array_type`: what CuPy's arrays get when they are first met."""
    MODULES[array_type] = NAMESPACES[array_type] = module


def module_of(x: object) -> ModuleType | None:
    """The module of an array; None for what is no array: numbers, NumPy scalars, lists, Variables."""
    kind = type(x)
    if kind not in MODULES:
        known = [MODULES[base] for base in kind.__mro__ if MODULES.get(base) is not None]
        of_cupy = any(base.__module__.split(".")[0] == "cupy" and base.__name__ == "ndarray" for base in kind.__mro__)
        MODULES[kind] = sys.modules["cupy"] if of_cupy else known[0] if known else None
    return MODULES[kind]


def is_array(x: object) -> bool:
    return module_of(x) is not None


def as_numbers(x: Any) -> Array:
    """A number or nested list of numbers as a NumPy array; TypeError for anything else, complex numbers included."""
    array = x if is_array(x) else np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a Variable holds numbers, real ones, not {array.dtype}: {x!r:.60}")
    return array


def namespace(x: object, *others: object) -> ModuleType:
    """The module that computes with these arrays: `numpy`, `cupy`, or whatever was registered.

    Numbers, NumPy scalars and lists have no say; of numbers alone it is NumPy.

    Raises:
        ValueError: arrays of two modules in one call.
    """
    kind = type(x)
    if not others and kind in NAMESPACES:
        return NAMESPACES[kind]
    found = {module for module in map(module_of, (x, *others)) if module is not None}
    if len(found) > 1:
        raise ValueError(mixed((x, *others)))
    module = found.pop() if found else np
    if not others:
        NAMESPACES[kind] = module
    return module


def mixed(arrays: Sequence[object]) -> str | None:
    """The message for arrays of different devices in one call; None if they are all of one."""
    modules = [module_of(x) for x in arrays]
    if len({m for m in modules if m is not None}) < 2:
        return None
    given = ", ".join(f"{m.__name__} {x.shape}" for m, x in zip(modules, arrays) if m)  # type: ignore[attr-defined]
    return f"the arrays lie on different devices ({given}): move all to one with .to('cpu') or .to('gpu')"


def explained(error: Exception, name: str, arrays: Sequence[Any], attributes: Mapping[str, Any]) -> Exception:
    """The error that the function `name` raised, saying what it was called on; its own error for mixed devices.

    Among its attributes may be arrays too: an index, a mask.
    """
    message = mixed([*arrays, *[x for v in attributes.values() for x in (v if isinstance(v, tuple) else (v,))]])
    if message is not None:
        return ValueError(f"{name}: {message}")
    given = [f"{x.dtype} {x.shape}" if hasattr(x, "shape") else repr(x)[:40] for x in arrays]
    error.add_note(f"in {name}({', '.join(given)})")
    return error


@functools.cache
def cupy() -> ModuleType:
    """CuPy, or a RuntimeError that says what is missing."""
    try:
        import cupy as module
    except ImportError as error:
        raise RuntimeError(
            "computing on a GPU needs CuPy: pip install 'define-by-run[cuda12]' or 'define-by-run[cuda13]'"
        ) from error
    if not module.cuda.is_available():
        raise RuntimeError("CuPy is installed, but it finds no usable GPU: check the driver with nvidia-smi")
    return module  # type: ignore[no-any-return]


def gpu_available() -> bool:
    """True if CuPy can be imported and a GPU can be used."""
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
    return np.asarray(x) if module is np else np.asarray(module.asnumpy(x))


def to_device(x: Array, device: str) -> Array:
    """The array on `'cpu'` or `'gpu'`: itself if it lies there, a copy otherwise."""
    if device == "cpu":
        return to_numpy(x)
    if device == "gpu":
        return cupy().asarray(x) if namespace(x) is np else x
    raise ValueError(f"device must be 'cpu' or 'gpu', not {device!r}")


class Randomness:
    """The one generator behind dropout masks and initial weights wherever no `rng` is given.

    Numbers are drawn on the CPU and moved, so that a seed gives the same numbers on every device.
    """

    def __init__(self) -> None:
        self.generator: np.random.Generator | None = None

    def seed(self, number: int | None) -> None:
        """Starts the shared generator anew from `number` (None: from the system's entropy)."""
        self.generator = np.random.default_rng(number)

    def state_dict(self) -> dict[str, Any]:
        """Where the generator is, in a form that JSON can hold: a run with dropout that loads it goes on exactly."""
        return {"bit_generator": dict(self().bit_generator.state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a `state_dict`. Raises ValueError for what is none, and changes nothing then."""
        generator = np.random.default_rng()
        try:
            generator.bit_generator.state = state["bit_generator"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not the state of a generator, as its state_dict() gives it: {state!r:.60}") from error
        self.generator = generator

    def __call__(self, rng: np.random.Generator | int | None = None) -> np.random.Generator:
        """`rng` itself, a generator seeded by the number `rng`, or the shared one."""
        if rng is not None:
            return np.random.default_rng(rng)
        if self.generator is None:
            self.seed(None)
        return self.generator  # type: ignore[return-value]


generator = Randomness()
seed = generator.seed
