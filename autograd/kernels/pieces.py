"""Large arrays of NumPy, computed piece by piece: the steps stay in the cache, and threads share the pieces.

def write_sigmoid(y, x): ...  # writes the result into y, in steps

@kernel(by_pieces(write_sigmoid))
def sigmoid(x): ...
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograd.backend import Array
from autograd.kernels.threads import hold, shared
from autograd.kernels.ways import Way

__all__ = ["by_pieces", "in_pieces", "is_large"]

PIECE = 1 << 21  # bytes of an argument computed at once, at most
LARGE = 1 << 20  # bytes for which pieces pay


def by_pieces(write: Callable[..., None]) -> Way[..., Array]:
    """The way that computes an element from those at its place in arrays of one shape."""
    return Way(lambda *xs: in_pieces(write, *xs), is_large)


def is_large(*xs: Array) -> bool:
    """Are these large arrays of NumPy that have one shape and dtype, each in one run of memory?"""
    x = xs[0]
    if type(x) is not np.ndarray or x.nbytes <= LARGE or x.dtype.char not in "fd":
        return False
    return {(type(a), a.shape, a.dtype, a.flags.c_contiguous) for a in xs} == {(np.ndarray, x.shape, x.dtype, True)}


def in_pieces(write: Callable[..., None], *xs: Array, row: tuple[int, ...] = ()) -> Array:
    """y, of the shape of the arrays xs: `write(y, *xs)` writes pieces of y from pieces of these, which have whole rows.

    The pieces are large, because each step of a thread begins with the interpreter lock, for which it may have to wait.
    """
    y = np.empty(xs[0].shape, xs[0].dtype)
    arrays = [x.reshape(-1, *row) for x in (y, *xs)]
    N, threads = len(arrays[0]), hold.threads()
    count = -(-y.nbytes // (PIECE * threads)) * threads
    n = -(-N // count)
    starts = iter(range(0, N, n))  # whoever is free takes the next piece

    def work(share: slice) -> None:
        for i in starts:
            write(*[x[i : i + n] for x in arrays])

    shared(work, threads, threads, short=True)
    return y
