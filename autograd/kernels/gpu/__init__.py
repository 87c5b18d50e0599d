"""CUDA kernels for CuPy's arrays, and the ways by them: one file a topic.

A kernel is a text, made and entered in `SOURCES` by `cuda`. NVRTC compiles it when arrays of a dtype first meet it, and
CuPy keeps what it compiled on the disk. CuPy itself is never imported here: it comes with the arrays.

    sigmoid = cuda("sigmoid", "ElementwiseKernel", "T x", "T y", "y = 1 / (1 + exp(-x))")
    y = sigmoid(x)(x)

    rows = cuda("rows", "RawKernel", '''extern "C" __global__ void rows(const T* x, T* y, I n) { EACH(i, n) ... }''')
    rows.run(n, x, y, n)

`sigmoid(x)` is the kernel for arrays like x. In a raw text three types stand for those of the arguments:

    T  the numbers of x, the first     A  those in which they are added up: float for 16 bits; Python's floats
    I  indices and Python's whole numbers: int, or 64 bits for large arrays

`run` starts n threads. `EACH(i, n)` is the loop of a thread over its share of n elements: those a whole grid apart.

Elementwise kernels take any views; raw ones only arrays in one piece of memory. A way fits where `on_gpu` or
`floats_on_gpu` says so: CuPy's arrays, and neither Variables nor the arrays of another module.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autograd.backend import Array, namespace

__all__ = ["SOURCES", "THREADS", "TYPES", "Source", "cuda", "floats_on_gpu", "on_gpu"]

THREADS = 256  # of a block, where its threads do not work together
MOST_BLOCKS = 1 << 16  # threads go on to further elements, a whole grid ahead
LONG = 1 << 30  # elements from which on an index, one grid ahead, might pass 2^31

WHOLE = {
    "?": "bool", "b": "signed char", "B": "unsigned char", "h": "short", "H": "unsigned short", "i": "int",
    "I": "unsigned int", "l": "long", "L": "unsigned long", "q": "long long", "Q": "unsigned long long",
}  # fmt: skip
TYPES = {  # T and A
    "e": ("float16", "float"), "E": ("bfloat16", "float"), "f": ("float", "float"), "d": ("double", "double"),
    **{char: (name, name) for char, name in WHOLE.items()},
}  # fmt: skip
HALF = """#include <cupy/carray.cuh>
#if __has_include(<cupy/float16.cuh>)
#include <cupy/float16.cuh>
#endif
"""  # CuPy's class float16 has moved within its version 14
HEADERS = {"float16": HALF, "bfloat16": HALF + "#include <cupy/bfloat16.cuh>\n"}
MATH = """#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
#endif
"""  # NVRTC has no math.h
LOOP = """// runs what follows for each i below n that is this thread's
#define EACH(i, n) for (I i = blockIdx.x * (I)blockDim.x + threadIdx.x; i < (n); i += (I)gridDim.x * blockDim.x)
"""
SOURCES: dict[str, Source] = {}  # all texts, by name


class Source:
    """A CUDA kernel as a text, and the kernels of CuPy that were made of it."""

    def __init__(self, name: str, kind: str, parts: tuple[str, ...], options: dict[str, Any]) -> None:
        self.name, self.kind, self.parts, self.options = name, kind, parts, options
        self.made: dict[Any, Any] = {}

    def __call__(self, x: Array, long: bool = False) -> Any:
        """The kernel for arrays of the dtype of x; `long`: with indices of 64 bits."""
        key = None if self.kind != "RawKernel" else (x.dtype.char, long)
        if key not in self.made:
            parts = self.parts if key is None else (self.text(*key),)
            self.made[key] = getattr(namespace(x), self.kind)(*parts, name=self.name, **self.options)
        return self.made[key]

    def run(self, n: int, *args: Any, threads: int = THREADS) -> None:
        """Starts a raw kernel with n threads, in blocks of `threads`. The first argument is an array."""
        long = max(n, *[x.size for x in args if hasattr(x, "size")]) >= LONG
        index, real = np.int64 if long else np.int32, np.float64 if args[0].dtype.char == "d" else np.float32
        numbers = [index(a) if type(a) is int else real(a) if type(a) is float else a for a in args]
        blocks = max(1, min(-(-n // threads), MOST_BLOCKS))
        self(args[0], long)((blocks,), (threads,), tuple(numbers))

    def text(self, char: str = "f", long: bool = False) -> str:
        """The whole text of a raw kernel for a dtype."""
        T, A = TYPES[char]
        index = "long long" if long else "int"
        types = f"typedef {T} T;\ntypedef {A} A;\ntypedef {index} I;\n"
        return HEADERS.get(T, "") + MATH + types + LOOP + "\n".join(self.parts)


def cuda(name: str, kind: str, *parts: str, **options: Any) -> Source:
    """Enters a kernel of CuPy's class `kind`, ElementwiseKernel or RawKernel, with its arguments.

    The parts of a raw one are pieces of one text, in which the function has the kernel's name.
    """
    SOURCES[name] = Source(name, kind, parts, options)
    return SOURCES[name]


def on_gpu(*xs: Any) -> bool:
    """Are all of these arrays of CuPy?"""
    cupy = sys.modules.get("cupy")
    return cupy is not None and all([type(x) is cupy.ndarray for x in xs])  # noqa: C419  # a list is faster


def floats_on_gpu(*xs: Any, chars: str = "efd") -> bool:
    """Are all of these arrays of CuPy, of one dtype, which is float16, float32 or float64, or another of `chars`?"""
    return on_gpu(*xs) and xs[0].dtype.char in chars and len({x.dtype for x in xs}) == 1
