"""Kernels with several ways to compute them (dispatch): a call takes the first way that fits its arguments.

    @way(fits=lambda x: isinstance(x, np.ndarray) and x.size > CACHED)
    def erf_in_blocks(x): ...

    @kernel(erf_in_blocks)
    def erf(x): ...

The function under `@kernel` is the plain way, or twin. It fits always, and says what the faster ways have to compute.
`erf.ways` is a list, fastest first: a program may add a way to it, or remove one. `KERNELS` lists all kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from autograd.config import mode

__all__ = ["KERNELS", "Kernel", "Way", "kernel", "way"]

P = ParamSpec("P")
T = TypeVar("T")


class Way(Generic[P, T]):
    """A function `compute`, and `fits`, which says for the same arguments whether it can compute them, and faster."""

    def __init__(self, compute: Callable[P, T], fits: Callable[..., bool]) -> None:
        update_wrapper(self, compute)
        self.compute, self.fits = compute, fits

    def __call__(self, *args: P.args, **options: P.kwargs) -> T:
        return self.compute(*args, **options)


class Kernel(Generic[P, T]):
    """A function `plain` and a list of faster `ways`; a call takes the first that fits, `plain` if none does.

    `writes` are the positions of the arguments that it writes into: it returns the first of these, or nothing.
    """

    def __init__(self, plain: Callable[P, T], ways: list[Way[..., Any]], writes: tuple[int, ...] = ()) -> None:
        update_wrapper(self, plain)
        self.plain, self.ways, self.writes = plain, ways, writes

    def __call__(self, *args: P.args, **options: P.kwargs) -> T:
        watcher = mode.get().watcher
        return self.compute(*args, **options) if watcher is None else watcher.kernel(self, args, options)

    def compute(self, *args: P.args, **options: P.kwargs) -> T:
        """Computes in the first way that fits."""
        for way in self.ways:
            if way.fits(*args, **options):
                return way.compute(*args, **options)
        return self.plain(*args, **options)


KERNELS: dict[str, Kernel[Any, Any]] = {}  # all kernels, by module and name: "autograd.kernels.conv.forward"


def way(fits: Callable[..., bool] = lambda *args, **options: True) -> Callable[[Callable[P, T]], Way[P, T]]:
    """Makes the decorated function a way for the arguments that `fits` accepts."""
    return lambda compute: Way(compute, fits)


def kernel(
    *ways: Way[..., Any] | Callable[..., Way[..., Any]], writes: tuple[int, ...] = ()
) -> Callable[[Callable[P, T]], Kernel[P, T]]:
    """Makes the decorated function a kernel with these ways, fastest first, and enters it in `KERNELS`.

    A function among them makes a way of the plain twin.
    """

    def define(plain: Callable[P, T]) -> Kernel[P, T]:
        made: Kernel[P, T] = Kernel(plain, [w if isinstance(w, Way) else w(plain) for w in ways], writes)
        KERNELS[f"{plain.__module__}.{plain.__qualname__}"] = made
        return made

    return define
