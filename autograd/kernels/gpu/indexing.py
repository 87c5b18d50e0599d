"""Elements chosen by a mask, and rows added at an index: threads add at the same time, by atomic operations.

Those come in any order, so sums of three and more numbers may differ in their last bits from run to run. float16 is
added up in float32.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import cuda, floats_on_gpu, on_gpu
from autograd.kernels.gpu.fusion import FORMULAS, Element
from autograd.kernels.ways import way
from autograd.shapes import Shape

__all__ = ["add_rows", "masked"]

MASKED = cuda("indexing_masked", "ElementwiseKernel", "T x, bool m", "T y", "y = m ? x : (T)0")

ADD = cuda(
    "indexing_add_rows",
    "RawKernel",
    """
extern "C" __global__ void indexing_add_rows(const T* x, const long long* index, A* y, const I n, const I D,
                                             const I V) {
  EACH(i, n) {
    const long long row = index[i / D];
    if (0 <= row && row < V) atomicAdd(y + row * D + i % D, (A)x[i]);
  }
}
""",
)


@way(fits=lambda x, index, shape: floats_on_gpu(x) and index.dtype.kind in "iu")
def add_rows(x: Array, index: Array, shape: Shape) -> Array:
    xp, n = namespace(x, index), x.size
    y = xp.zeros(shape, np.promote_types(x.dtype, np.float32))
    given = xp.ascontiguousarray(x), xp.ascontiguousarray(index.astype(np.int64, copy=False))
    ADD.run(n, *given, y, n, prod(shape[1:]), int(shape[0]))
    return y.astype(x.dtype, copy=False)


def fits_masked(x: Any, mask: Any) -> bool:
    """Are these Elements, or arrays of CuPy?"""
    return type(x) is Element or (floats_on_gpu(x) and on_gpu(mask) and mask.dtype.kind == "b")


@way(fits=fits_masked)
def masked(x: Array, mask: Array) -> Array:
    return FORMULAS.where(mask, x, 0) if type(x) is Element else MASKED(x)(x, mask)
