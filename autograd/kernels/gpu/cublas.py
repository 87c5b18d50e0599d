"""cuBLAS's products, in a CUDA graph too.

CuPy refuses to call cuBLAS while a stream is captured. cuBLAS itself allows it: its kernels become parts of the graph,
with the factors that lie in main memory. So while a graph is captured, the functions are called in the library that
CuPy has loaded, by CuPy's handle; at any other time CuPy calls them. What cuBLAS needs besides is memory of the graph.

    write_product -> functions(cuda) -> CuPy's gemmEx, or that of Captured -> cuBLAS
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ctypes import c_int, c_longlong, c_size_t, c_void_p
from typing import Any

__all__ = ["captured", "functions"]

NUMBER, POINTER = c_int, c_void_p
START = (POINTER, *[NUMBER] * 5, POINTER)  # handle, two operations, m, n, k, alpha
MATRIX, MATRICES = (POINTER, NUMBER, NUMBER), (POINTER, NUMBER, NUMBER, c_longlong)  # where, type, width, to the next
END = (NUMBER, NUMBER)  # how it is added up, algorithm


class Captured:
    """The functions of cuBLAS, by the names and arguments that they have in CuPy, in a stream that is captured."""

    def __init__(self, cuda: Any) -> None:
        self.library = ctypes.CDLL(cuda.cublas.__file__)  # CuPy's module, and all that it is linked to
        self.cublasGemmEx = self.function("cublasGemmEx", *START, *MATRIX * 2, POINTER, *MATRIX, *END)
        strided = (*START, *MATRICES * 2, POINTER, *MATRICES, NUMBER, *END)
        self.cublasGemmStridedBatchedEx = self.function("cublasGemmStridedBatchedEx", *strided)
        self.set_stream = self.function("cublasSetStream_v2", POINTER, POINTER)
        self.set_workspace = self.function("cublasSetWorkspace_v2", POINTER, POINTER, c_size_t)

    def function(self, name: str, *kinds: Any) -> Any:
        found = getattr(self.library, name)
        found.argtypes = kinds
        return found

    def gemmEx(self, *args: Any) -> None:
        check(self.cublasGemmEx(*args))

    def gemmStridedBatchedEx(self, *args: Any) -> None:
        check(self.cublasGemmStridedBatchedEx(*args))


instead: ContextVar[Captured | None] = ContextVar("instead", default=None)


def check(status: int) -> None:
    if status:
        raise RuntimeError(f"cuBLAS gave the error {status} while a CUDA graph was captured")


def functions(cuda: Any) -> Any:
    """The functions of cuBLAS, for a stream that is captured or not."""
    return instead.get() or cuda.cublas


@contextmanager
def captured(cuda: Any, stream: Any) -> Iterator[Any]:
    """Has the products of the block captured in this stream. Gives the memory that they use, to live with the graph."""
    found, handle = Captured(cuda), cuda.device.get_cublas_handle()
    size = (32 if int(cuda.Device().compute_capability) >= 90 else 4) << 20  # as much as cuBLAS takes by itself
    memory = cuda.alloc(size)
    check(found.set_stream(handle, stream.ptr))
    check(found.set_workspace(handle, memory.ptr, size))
    token = instead.set(found)
    try:
        yield memory
    finally:
        instead.reset(token)
        found.set_stream(handle, None)  # cuBLAS takes its own memory again
