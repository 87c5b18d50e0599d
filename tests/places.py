"""`pytest --standin` and `pytest --gpu`: the suite on arrays that are not NumPy's.

A test file that was moved has, as `np`, a `NumPyForTests`: NumPy whose functions take arrays from there and give arrays
there. So a test prepares its inputs and compares its results without knowing where they lie.
"""

import sys
from types import ModuleType

import numpy as np

from autograd.backend import namespace
from autograd.bfloat16 import kind_of

VIEWS = {"broadcast_to", "expand_dims", "moveaxis", "ravel", "reshape", "squeeze", "swapaxes", "transpose"}
WRITING = {"at", "copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


class Place:
    """Where the suite's arrays lie: their type, and the ways there and back."""

    def __init__(self, name, array_type, there, back):
        self.name, self.array_type, self.there, self.home = name, array_type, there, back

    def moved(self, x):
        """NumPy arrays as arrays there, also inside lists and tuples."""
        if type(x) in (list, tuple):
            return type(x)([self.moved(item) for item in x])
        return self.there(x) if isinstance(x, np.ndarray) and kind_of(x.dtype) in "fciub" else x

    def back(self, x):
        """Arrays there as NumPy arrays, also inside lists, tuples and dicts."""
        if type(x) in (list, tuple):
            return type(x)([self.back(item) for item in x])
        if type(x) is dict:
            return {name: self.back(item) for name, item in x.items()}
        return self.home(x) if isinstance(x, self.array_type) else x


class NumPyForTests:
    """NumPy whose functions take arrays there and give arrays there. Numbers stay numbers.

    It forgives everything, so it is not for the package.
    """

    def __init__(self, held, place):
        self.held, self.place = held, place

    def __getattr__(self, name):
        held, place = getattr(self.held, name), self.place
        if name == "default_rng":
            return lambda seed=None: draws(place)(held(seed).bit_generator)
        if isinstance(held, type):
            return place.array_type if held is np.ndarray else held
        return NumPyForTests(held, place) if callable(held) or isinstance(held, ModuleType) else held

    def __call__(self, *args, **kwargs):
        place = self.place
        if self.held in (np.asarray, np.ascontiguousarray) and len(args) == 1 and not kwargs:
            own = isinstance(args[0], place.array_type)
            return args[0] if own and self.held is np.asarray else place.moved(np.array(place.back(args[0])))
        name = getattr(self.held, "__name__", "")
        if name in VIEWS and isinstance(args[0], place.array_type):  # a test may write into the view
            return getattr(namespace(args[0]), name)(*args, **kwargs)
        if name in ("shares_memory", "may_share_memory") and all(isinstance(x, place.array_type) for x in args):
            return bool(namespace(args[0]).may_share_memory(*args))
        given, out = place.back(list(args)), kwargs.get("out")
        y = self.held(*given, **place.back(kwargs))
        if isinstance(out, place.array_type):  # what lies on a GPU was written into a copy of it
            out[...] = place.moved(y)
            return out
        if name in WRITING and isinstance(args[0], place.array_type):
            args[0][...] = place.moved(given[0])
        return place.moved(y)


def draws(place):
    """The class of generators of NumPy's: the package gets NumPy arrays from it, a test gets the same numbers there."""

    def method(name):
        draw = getattr(np.random.Generator, name)

        def drawn(self, *args, **kwargs):
            y = draw(self, *map(place.back, args), **place.back(kwargs))
            return y if sys._getframe(1).f_globals["__name__"].startswith("autograd") else place.moved(y)

        return drawn

    names = ["integers", "normal", "permutation", "random", "standard_normal", "uniform", "choice"]
    return type("DrawsThere", (np.random.Generator,), {name: method(name) for name in names})
