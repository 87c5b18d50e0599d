"""CUDA kernels for CuPy's arrays, and the ways by them: one file a topic.

A kernel is a text, made and entered in `SOURCES` by `cuda`. NVRTC compiles it when arrays of a dtype first meet it, and
CuPy keeps what it compiled on the disk. CuPy itself is never imported here: it comes with the arrays.

    sigmoid = cuda("sigmoid", "ElementwiseKernel", "T x", "T y", "y = 1 / (1 + exp(-x))")
    y = sigmoid(x)(x)

    rows = cuda("rows", "RawKernel", '''extern "C" __global__ void rows(const T* x, T* y, I n) { ... }''')
    rows(x)((blocks,), (THREADS,), (x, y, np.int32(n)))

`rows(x)` is the kernel for arrays like x. In a raw text three types stand for those of the arrays:

    T  the numbers of x     A  those in which they are added up, float for float16     I  indices: int, or 64 bits

Elementwise kernels take any views; raw ones only arrays in one piece of memory. A way fits where `on_gpu` or
`floats_on_gpu` says so: CuPy's arrays, and neither Variables nor the arrays of another module.
"""

from __future__ import annotations

import sys
from typing import Any

from autograd.backend import Array, namespace

__all__ = ["SOURCES", "THREADS", "TYPES", "Source", "blocks_of", "cuda", "floats_on_gpu", "on_gpu"]

THREADS = 256  # of a block, where its threads do not work together
MOST_BLOCKS = 1 << 16  # threads go on to further elements, a whole grid ahead
LONG = 1 << 30  # elements from which on an index, one grid ahead, might pass 2^31

TYPES = {"e": ("float16", "float"), "f": ("float", "float"), "d": ("double", "double")}  # T and A
SOURCES: dict[str, Source] = {}  # all texts, by name


class Source:
    """A CUDA kernel as a text, and the kernels of CuPy that were made of it."""

    def __init__(self, name: str, kind: str, parts: tuple[str, ...], options: dict[str, Any]) -> None:
        self.name, self.kind, self.parts, self.options = name, kind, parts, options
        self.made: dict[Any, Any] = {}

    def __call__(self, x: Array, size: int = 0) -> Any:
        """The kernel for arrays of the dtype of x, with `size` elements at most if that is more than x has."""
        key = None if self.kind != "RawKernel" else (x.dtype.char, max(x.size, size) >= LONG)
        if key not in self.made:
            parts = self.parts if key is None else (self.text(*key),)
            self.made[key] = getattr(namespace(x), self.kind)(*parts, name=self.name, **self.options)
        return self.made[key]

    def text(self, char: str = "f", long: bool = False) -> str:
        """The whole text of a raw kernel for a dtype."""
        T, A = TYPES[char]
        index = "long long" if long else "int"
        types = f"typedef {T} T;\ntypedef {A} A;\ntypedef {index} I;\n"
        return "#include <cupy/carray.cuh>\n" + types + "\n".join(self.parts)


def cuda(name: str, kind: str, *parts: str, **options: Any) -> Source:
    """Enters a kernel of one of CuPy's three kinds: ElementwiseKernel, ReductionKernel, RawKernel, with its arguments.

    The parts of a raw one are pieces of one text, in which the function has the kernel's name.
    """
    SOURCES[name] = Source(name, kind, parts, options)
    return SOURCES[name]


def on_gpu(*xs: Any) -> bool:
    """Are all of these arrays of CuPy?"""
    cupy = sys.modules.get("cupy")
    return cupy is not None and all([type(x) is cupy.ndarray for x in xs])  # noqa: C419  # a list is faster


def floats_on_gpu(*xs: Any) -> bool:
    """Are all of these arrays of CuPy, of one dtype, which is float16, float32 or float64?"""
    return on_gpu(*xs) and xs[0].dtype.char in TYPES and len({x.dtype for x in xs}) == 1


def blocks_of(n: int, threads: int = THREADS) -> tuple[int]:
    """The grid for n threads, each of which goes on to further elements if there are more."""
    return (max(1, min(-(-n // threads), MOST_BLOCKS)),)
