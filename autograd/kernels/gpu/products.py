"""Products of matrices by one call of cuBLAS each, into memory that is there, and one along an axis of any array.

CuPy's own would fill or copy matrices that a call can take as they are: transposed, or one for a whole batch. Numbers
of 16 bits, which tensor cores multiply, are added up in float32, and a result is rounded once. As in CuPy, the
environment variable CUPY_TF32=1 lets float32 lose digits for speed.
"""

from __future__ import annotations

import os
from math import prod

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import cuda, floats_on_gpu
from autograd.kernels.gpu.cublas import functions
from autograd.kernels.gpu.sums import SUM
from autograd.kernels.ways import way

__all__ = ["half_product", "product", "weighted_sums", "write_product"]

REAL_TYPE = {"f": 0, "d": 1, "e": 2, "E": 14}  # cuBLAS's numbers for CUDA_R_32F, _64F, _16F, _16BF
COMPUTE_TYPE = {"f": 68, "d": 70, "e": 68, "E": 68}  # CUBLAS_COMPUTE_32F and CUBLAS_COMPUTE_64F
TF32 = 77  # CUBLAS_COMPUTE_32F_FAST_TF32: 10 bits of each factor, by tensor cores
PLAIN, TRANSPOSED, DEFAULT = 0, 1, -1  # of cuBLAS's operations, and its own choice of an algorithm
FACTORS = {char: [np.array(factor, "d" if char == "d" else "f") for factor in (0, 1)] for char in REAL_TYPE}


def write_product(y: Array, A: Array, B: Array, add: bool = False) -> Array:
    """y = A B, or y += A B.   (G, M, N) (G, M, K) (G, K, N), where A or B may be one matrix for all; y in one piece"""
    G, M, N = y.shape
    K = A.shape[2]
    if not y.size or not K:
        if not add:
            y.fill(0)  # it may hold anything: nan times 0 is nan
        return y
    (A, turn_A, wide_A, next_A), (B, turn_B, wide_B, next_B) = laid_out(A), laid_out(B)
    cuda, char = namespace(y).cuda, y.dtype.char
    real, (zero, one) = REAL_TYPE[char], FACTORS[char]
    factor = (one if add else zero).ctypes.data
    start = (cuda.device.get_cublas_handle(), turn_B, turn_A, N, M, K, one.ctypes.data)  # of columns: y' = B' A'
    end = (TF32 if char == "f" and os.environ.get("CUPY_TF32") == "1" else COMPUTE_TYPE[char], DEFAULT)
    if G == 1:
        operands = (B.data.ptr, real, wide_B, A.data.ptr, real, wide_A, factor, y.data.ptr, real, N)
        functions(cuda).gemmEx(*start, *operands, *end)
    else:
        matrices = (B.data.ptr, real, wide_B, next_B, A.data.ptr, real, wide_A, next_A)
        functions(cuda).gemmStridedBatchedEx(*start, *matrices, factor, y.data.ptr, real, N, M * N, G, *end)
    return y


def has_tensor_cores(x: Array, W: Array, b: Array | None = None) -> bool:
    """Are these numbers of 16 bits that the GPU multiplies? bfloat16 needs one of compute capability 8.0."""
    if not floats_on_gpu(x, W, *[] if b is None else [b], chars="eE"):
        return False
    return x.dtype.char == "e" or int(namespace(x).cuda.Device().compute_capability) >= 80


@way(fits=has_tensor_cores)
def half_product(x: Array, W: Array, b: Array | None = None) -> Array:
    """(..., N, K) (..., K, M) -> (..., N, M), or with b: (N, K) (K, M) (M,) -> (N, M)"""
    if b is None:
        return product(x, W)
    y = namespace(x).empty((1, len(x), len(b)), x.dtype)
    y[...] = b  # cuBLAS adds to it, before it rounds
    return write_product(y, x[None], W[None], add=True)[0]


def product(A: Array, B: Array) -> Array:
    """A @ B of arrays of one dtype, in a CUDA graph too."""
    xp, a, b = namespace(A), A[None] if A.ndim == 1 else A, B[:, None] if B.ndim == 1 else B
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (M, K), N = a.shape[-2:], b.shape[-1]
    if b.ndim == 2:
        y, a, b = xp.empty((1, prod(batch) * M, N), A.dtype), a.reshape(1, prod(batch) * M, K), b[None]
    else:
        y = xp.empty((prod(batch), M, N), A.dtype)
        a, b = [folded(x, batch) for x in (a, b)]
    return write_product(y, a, b).reshape(*batch, *[M] * (A.ndim > 1), *[N] * (B.ndim > 1))


def folded(A: Array, batch: tuple[int, ...]) -> Array:
    """The matrices of A, for a batch of this shape, behind one another; one if they are the same."""
    if prod(A.shape[:-2]) == 1:
        return A.reshape(1, *A.shape[-2:])
    return namespace(A).broadcast_to(A, (*batch, *A.shape[-2:])).reshape(prod(batch), *A.shape[-2:])


def laid_out(A: Array) -> tuple[Array, int, int, int]:
    """A, is it transposed in memory?, the numbers from a row to the next, and from a matrix to the next.

    A itself, or a copy if no axis of its matrices has its numbers side by side.
    """
    count, rows, columns = A.shape
    to_next, to_row, to_column = [step // A.itemsize for step in A.strides]
    to_next = to_next if count > 1 else 0
    if to_column == 1 and (to_row >= columns or rows == 1):
        return A, PLAIN, max(to_row, columns), to_next
    if to_row == 1 and (to_column >= rows or columns == 1):
        return A, TRANSPOSED, max(to_column, rows), to_next
    return namespace(A).ascontiguousarray(A), PLAIN, columns, rows * columns if count > 1 else 0


weighted_kernel = cuda(
    "weighted_sums",
    "RawKernel",
    SUM,
    """
// y[i, o, j] = sum over h of A[o, h] x[i, h, j]; where the weight is 0, nothing of x, not even a nan
extern "C" __global__ void weighted_sums(const T* x, const T* weights, T* y, const I size, const I O, const I H,
                                         const I after) {
  EACH(k, size) {
    const T* row = weights + k / after % O * H;
    const T* from = x + k / after / O * H * after + k % after;
    Sum sum;
    for (I h = 0; h < H; h++) {
      const A weight = A(row[h]);
      if (weight != A(0)) sum.add(weight * A(from[h * after]));
    }
    y[k] = T(sum.value());
  }
}
""",
)


@way(fits=lambda x, A, axis: floats_on_gpu(x, A))
def weighted_sums(x: Array, A: Array, axis: int) -> Array:
    """(..., H, ...) (O, H) -> (..., O, ...)"""
    xp, axis, (O, H) = namespace(x), axis % x.ndim, A.shape
    x, A = xp.ascontiguousarray(x), xp.ascontiguousarray(A)
    y = xp.empty((*x.shape[:axis], O, *x.shape[axis + 1 :]), x.dtype)
    weighted_kernel.run(y.size, x, A, y, y.size, O, H, prod(x.shape[axis + 1 :]))
    return y
