"""Convolution on CuPy by NVIDIA's cuDNN, where its Python package `nvidia-cudnn-frontend` is installed (extra `cudnn`).

cuDNN has the three products under names of its own. Each is one graph, and reads images as they lie in memory:

    forward           conv_fprop(image x, weight W) -> y     with b: + b in the same graph
    transpose         conv_dgrad(loss y, filter W)  -> x
    filter_gradient   conv_wgrad(image x, loss y)   -> W     the bias gradient is a sum of its own

`plan` has cuDNN choose the algorithm of a graph, once for each operation, dtype, device and sizes. A call then is

    arrays in one piece --> execute(addresses, workspace) on CuPy's current stream --> the result, C-contiguous

Of the algorithms only those are allowed that give the same bits in each run, add up in float32 at least, and need at
most WORKSPACE bytes. Where none is left the way does not fit, and `conv.py` computes the product. float32 is not cut to
TF32 for tensor cores, unless the environment has CUPY_TF32=1 as in `products.py`.

Groups are seen from the channels: an image has C of them, a filter C/G. One spatial axis is two, the first of size 1.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib import import_module
from math import prod
from typing import Any
from warnings import warn

from autograd.backend import Array, namespace
from autograd.kernels.gpu.windows import contiguous, floats
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows
from autograd.locks import Lock
from autograd.shapes import Shape
from autograd.sums import sum_over

__all__ = ["WORKSPACE", "filter_gradient", "forward", "library", "plan", "transpose"]

WORKSPACE = 1 << 28  # bytes of memory beside the arrays that an algorithm may use: 256 MiB
ALIGNED = 16  # an address that cuDNN reads from is a multiple of it
TYPES = {"e": ("HALF", "FLOAT"), "f": ("FLOAT", "FLOAT"), "d": ("DOUBLE", "DOUBLE")}  # of numbers, and of their sums
BARRED = "NONDETERMINISTIC", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION"  # cuDNN's notes on an algorithm
FAILED = "cuDNN's {} of arrays of the shapes {} into {} failed: {}"
HANDLES: dict[int, Any] = {}  # by device: see `handle`
lock = Lock()


@cache
def library() -> Any:
    """The module `cudnn`, or None where it is not installed. Warns where it is, and does not find what it needs."""
    try:
        cudnn = import_module("cudnn")
        cudnn.destroy_handle(cudnn.create_handle())
    except Exception as error:  # of any class, where one of NVIDIA's libraries is missing
        if not (isinstance(error, ModuleNotFoundError) and error.name == "cudnn"):
            warn(f"cudnn is installed but can't be used, so convolution does without: {error}", RuntimeWarning, 2)
        return None
    return cudnn


def handle(device: int, stream: int) -> Any:
    """cuDNN's state for a device, which works on this stream. It serves one thread at a time, as do graphs: `lock`."""
    if device not in HANDLES:
        HANDLES[device] = library().create_handle()
    library().set_stream(handle=HANDLES[device], stream=stream)
    return HANDLES[device]


def behind(w: Windows) -> list[int]:
    """The padding behind: as before the image where that gives these windows, since more algorithms know equal ones."""
    found = []
    for H, K, S, (before, _), D, O in zip(*w):
        needed = (O - 1) * S + D * (K - 1) + 1 - H - before
        found.append(before if 0 <= before - needed < S else max(needed, 0))
    return found


def laid_out(shape: Shape, axes: int) -> dict[str, list[int]]:
    """An array in one piece of memory as cuDNN describes it, with so many spatial axes; (M,), a bias, has none."""
    N, M, *size = shape if len(shape) > 1 else (1, *shape)
    dim = [N, M, *[1] * (axes - len(size)), *size]
    return {"dim": dim, "stride": [prod(dim[axis + 1 :]) for axis in range(len(dim))]}


def graph_of(operation: str, result: Shape, shapes: tuple[Shape, ...], w: Windows, char: str, on: Any) -> Any:
    """The graph of a product for a handle: the result has the number 1, the factors 2 and 3, the bias 4."""
    cudnn = library()
    number, total = [getattr(cudnn.data_type, name) for name in TYPES[char]]
    graph = cudnn.pygraph(io_data_type=number, intermediate_data_type=total, compute_data_type=total, handle=on)
    missing = max(2 - len(w.size), 0)
    axes, zero, one = len(w.size) + missing, [0] * missing, [1] * missing
    x, W, *biases = [
        graph.tensor(name=f"x{uid}", data_type=number, uid=uid, **laid_out(shape, axes))
        for uid, shape in enumerate(shapes, 2)
    ]
    y = getattr(graph, operation)(
        x, W,
        pre_padding=zero + [before for before, _ in w.pad], post_padding=zero + behind(w),
        stride=one + [*w.stride], dilation=one + [*w.dilation],
    )  # fmt: skip
    size = laid_out(result, axes)
    for b in biases:
        y.set_dim(size["dim"])
        y.set_stride(size["stride"])
        y = graph.bias(input=y, bias=b)
    y.set_dim(size["dim"])  # several images have the same windows
    y.set_stride(size["stride"])
    y.set_data_type(number)
    y.set_uid(1)
    y.set_output(True)
    return graph


@lru_cache(1 << 10)
def plan(
    operation: str, result: Shape, shapes: tuple[Shape, ...], w: Windows, char: str, device: int, exact: bool
) -> Any:
    """The graph of a product with an algorithm chosen, and its workspace in bytes; None if cuDNN has no algorithm.

    `exact`: float32 is not cut to TF32. Raises RuntimeError if cuDNN fails otherwise.
    """
    cudnn, notes = library(), [*BARRED, "TENSOR_CORE"] if char == "f" and exact else BARRED
    try:
        with lock:
            graph = graph_of(operation, result, shapes, w, char, handle(device, 0))
            graph.validate()
            graph.build_operation_graph()
            graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
            graph.deselect_numeric_notes([getattr(cudnn.numerical_note, note) for note in notes])
            graph.deselect_workspace_greater_than(WORKSPACE)
            graph.check_support()
            graph.build_plans()
            return graph, graph.get_workspace_size()
    except Exception as error:  # its classes differ from version to version
        if isinstance(error, cudnn.cudnnGraphNotSupportedError) or "NOT_SUPPORTED" in str(error):
            return None
        raise RuntimeError(FAILED.format(operation, shapes, result, error)) from error


def planned(operation: str, result: Shape, w: Windows, *xs: Array) -> Any:
    """The plan for these arrays of CuPy."""
    device, exact = namespace(xs[0]).cuda.runtime.getDevice(), os.environ.get("CUPY_TF32") != "1"
    return plan(operation, result, tuple([x.shape for x in xs]), w, xs[0].dtype.char, device, exact)


def fits(operation: str, result: Shape, w: Windows, *xs: Array | None) -> bool:
    """Are these arrays, where they are not None, of CuPy and not empty, and has cuDNN an algorithm for them?"""
    if not floats(w, *xs) or library() is None:
        return False
    given = [x for x in xs if x is not None]
    known = given[0].dtype.char in TYPES and min([prod(result), *[x.size for x in given]]) > 0
    return known and planned(operation, result, w, *given) is not None


def compute(operation: str, result: Shape, w: Windows, *xs: Array | None) -> Array:
    """Executes the plan for these arrays, where they are not None."""
    given = [contiguous(x) for x in xs if x is not None]
    given = [x.copy() if x.data.ptr % ALIGNED else x for x in given]
    (graph, size), xp = planned(operation, result, w, *given), namespace(given[0])
    y, workspace = xp.empty(result, given[0].dtype), xp.empty(size, "uint8")
    addresses = {uid: x.data.ptr for uid, x in enumerate((y, *given), 1)}
    try:
        with lock:
            on = handle(xp.cuda.runtime.getDevice(), xp.cuda.get_current_stream().ptr)
            graph.execute(addresses, workspace.data.ptr, handle=on)
    except Exception as error:
        raise RuntimeError(FAILED.format(operation, [x.shape for x in given], result, error)) from error
    return y


@way(lambda x, W, b, w, groups=1: fits("conv_fprop", (len(x), len(W), *w.out), w, x, W, b))
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (M, C/G, *kernel) (M,) -> (N, M, *out)"""
    return compute("conv_fprop", (len(x), len(W), *w.out), w, x, W, b)


@way(lambda y, W, w, groups=1: fits("conv_dgrad", (len(y), W.shape[1] * groups, *w.size), w, y, W))
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, M, *out) (M, C/G, *kernel) -> (N, C, *size)"""
    return compute("conv_dgrad", (len(y), W.shape[1] * groups, *w.size), w, y, W)


@way(lambda x, y, w, groups=1, bias=False: fits("conv_wgrad", (y.shape[1], x.shape[1] // groups, *w.kernel), w, x, y))
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, *size) (N, M, *out) -> (M, C/G, *kernel), and (M,) with `bias`"""
    b = sum_over(y, (0, *range(2, y.ndim)), keepdims=False) if bias else None
    return compute("conv_wgrad", (y.shape[1], x.shape[1] // groups, *w.kernel), w, x, y), b
