"""Normalization on CuPy: batch norm in two kernels each way, layer norm in one, and two to four back.

    batch norm    a block of threads sums up a channel: mean and var; then each number is normalized by itself
    in test mode  the latter alone
    back          a block sums up gy and gy xn of a channel: gbeta and ggamma; then gx, number by number
    layer norm    a block has a row: mean, var and the normalized row; back, its gx
    ggamma, gbeta of layer norm: a block has 32 columns of some rows; the sums of several such parts are added up
    RMS norm      the kernels of layer norm, with no mean and no beta

A mean is that of the distances from the first number, so that equal numbers have themselves as their mean. Each thread
adds up runs of 64 numbers, and a block adds up its threads in a tree.
"""

from __future__ import annotations

from typing import Any

from autograd.backend import Array, namespace
from autograd.kernels.gpu import THREADS, cuda, floats_on_gpu
from autograd.kernels.gpu.sums import SUM, TREE
from autograd.kernels.gpu.windows import contiguous
from autograd.kernels.ways import way

__all__ = [
    "batch_norm", "batch_norm_gradient", "batch_norm_inference", "layer_norm", "layer_norm_gradient",
    "moved_statistics", "rms_norm", "rms_norm_gradient",
]  # fmt: skip

CHANNEL, ROW = 1024, 512  # the most threads that share a channel, or a row
FEW = 4  # numbers that a thread has at least, where there are many
COLUMNS = 32  # that a block of 256 threads sums up, in 8 lanes of rows
ROWS, PARTS = 512, 64  # rows for which a further block pays, and the most blocks for some columns

CHANNELS = """
// runs what follows for the place i in x of each number of channel c that is this thread's
#define EACH_OF_CHANNEL \\
  for (I j = threadIdx.x, i; j < N * P; j += blockDim.x) \\
    if (i = (j / P * C + c) * P + j % P, true)
#define EACH_CHANNEL for (I c = blockIdx.x; c < C; c += gridDim.x)
"""

statistics_kernel = cuda(
    "channel_statistics", "RawKernel", SUM, TREE, CHANNELS,
    """
extern "C" __global__ void __launch_bounds__(1024)
channel_statistics(const T* x, T* mean, T* var, const I N, const I C, const I P) {
  EACH_CHANNEL {
    const A first = A(x[c * P]);
    Sum sum, squares;
    EACH_OF_CHANNEL sum.add(A(x[i]) - first);
    const A m = first + over_block(sum.value()) / A(N * P);
    EACH_OF_CHANNEL squares.add((A(x[i]) - m) * (A(x[i]) - m));
    const A v = over_block(squares.value()) / A(N * P);
    if (threadIdx.x == 0) mean[c] = T(m), var[c] = T(v);
  }
}
""",
)  # fmt: skip

normalized_kernel = cuda(
    "normalized_channels", "RawKernel", CHANNELS,
    """
extern "C" __global__ void normalized_channels(const T* x, const T* mean, const T* var, const T* gamma, const T* beta,
    T* y, const A eps, const I N, const I C, const I P) {
  EACH(i, N * C * P) {
    const I c = i / P % C;
    y[i] = T((A(x[i]) - A(mean[c])) * (A(gamma[c]) / sqrt(A(var[c]) + eps)) + A(beta[c]));
  }
}
""",
)  # fmt: skip

channel_sums_kernel = cuda(
    "channel_sums", "RawKernel", SUM, TREE, CHANNELS,
    """
extern "C" __global__ void __launch_bounds__(1024)
channel_sums(const T* gy, const T* x, const T* mean, const T* var, T* ggamma, T* gbeta,
    const A eps, const I N, const I C, const I P) {
  EACH_CHANNEL {
    const A m = A(mean[c]);
    Sum sum, products;
    EACH_OF_CHANNEL {
      sum.add(A(gy[i]));
      products.add(A(gy[i]) * (A(x[i]) - m));
    }
    const A total = over_block(sum.value()), product = over_block(products.value()) / sqrt(A(var[c]) + eps);
    if (threadIdx.x == 0) gbeta[c] = T(total), ggamma[c] = T(product);
  }
}
""",
)  # fmt: skip

channels_back_kernel = cuda(
    "channels_back", "RawKernel", CHANNELS,
    """
extern "C" __global__ void channels_back(const T* gy, const T* x, const T* gamma, const T* mean, const T* var,
    const T* ggamma, const T* gbeta, T* gx, const A eps, const I N, const I C,
    const I P) {
  const A n = A(N * P);
  EACH(i, N * C * P) {
    const I c = i / P % C;
    const A inv = A(1) / sqrt(A(var[c]) + eps), xn = (A(x[i]) - A(mean[c])) * inv;
    gx[i] = T((A(gy[i]) - A(gbeta[c]) / n - xn * (A(ggamma[c]) / n)) * (A(gamma[c]) * inv));
  }
}
""",
)  # fmt: skip

rows_kernel = cuda(
    "normalized_rows", "RawKernel", SUM, TREE,
    """
extern "C" __global__ void __launch_bounds__(512)
normalized_rows(const T* x, const T* gamma, const T* beta, T* y, T* mean, T* var,
    const A eps, const I N, const I D) {
  for (I n = blockIdx.x; n < N; n += gridDim.x) {
    const T* row = x + n * D;
    const A first = A(row[0]);
    Sum sum, squares;
    for (I d = threadIdx.x; mean && d < D; d += blockDim.x) sum.add(A(row[d]) - first);
    const A m = mean ? first + over_block(sum.value()) / A(D) : A(0);
    for (I d = threadIdx.x; d < D; d += blockDim.x) squares.add((A(row[d]) - m) * (A(row[d]) - m));
    const A v = over_block(squares.value()) / A(D), inv = A(1) / sqrt(v + eps);
    for (I d = threadIdx.x; d < D; d += blockDim.x)
      y[n * D + d] = T((A(row[d]) - m) * inv * A(gamma[d]) + (beta ? A(beta[d]) : A(0)));
    if (threadIdx.x == 0 && mean) mean[n] = T(m);
    if (threadIdx.x == 0) var[n] = T(v);
  }
}
""",
)  # fmt: skip

rows_back_kernel = cuda(
    "rows_back", "RawKernel", SUM, TREE,
    """
extern "C" __global__ void __launch_bounds__(512)
rows_back(const T* gy, const T* x, const T* gamma, const T* mean, const T* var, T* gx,
    const A eps, const I N, const I D) {
  for (I n = blockIdx.x; n < N; n += gridDim.x) {
    const A m = mean ? A(mean[n]) : A(0), inv = A(1) / sqrt(A(var[n]) + eps);
    Sum sum, products;
    for (I d = threadIdx.x; d < D; d += blockDim.x) {
      const A g = A(gy[n * D + d]) * A(gamma[d]);
      sum.add(g);
      products.add(g * (A(x[n * D + d]) - m));
    }
    const A mean_g = mean ? over_block(sum.value()) / A(D) : A(0), mean_gxn = over_block(products.value()) * inv / A(D);
    for (I d = threadIdx.x; d < D; d += blockDim.x) {
      const I i = n * D + d;
      gx[i] = T((A(gy[i]) * A(gamma[d]) - mean_g - (A(x[i]) - m) * inv * mean_gxn) * inv);
    }
  }
}
""",
)  # fmt: skip

columns_kernel = cuda(
    "column_sums", "RawKernel", SUM,
    """
// ggamma[part, d] = sum over some rows of gy xn, gbeta[part, d] = that of gy; each where it is not null
extern "C" __global__ void column_sums(const T* gy, const T* x, const T* mean, const T* var, A* ggamma, A* gbeta,
    const A eps, const I N, const I D, const I tiles, const I parts, const I rows) {
  __shared__ A numbers[2][8][32];
  const int column = threadIdx.x % 32, lane = threadIdx.x / 32;
  for (I block = blockIdx.x; block < tiles * parts; block += gridDim.x) {
    const I part = block / tiles, d = block % tiles * 32 + column, end = min(N, (part + 1) * rows);
    Sum products, sum;
    for (I n = part * rows + lane; d < D && n < end; n += 8) {
      const A g = A(gy[n * D + d]);
      sum.add(g);
      products.add(g * (A(x[n * D + d]) - (mean ? A(mean[n]) : A(0))) / sqrt(A(var[n]) + eps));
    }
    numbers[0][lane][column] = products.value();
    numbers[1][lane][column] = sum.value();
    __syncthreads();
    A* sums = lane == 0 ? ggamma : lane == 1 ? gbeta : 0;
    if (sums && d < D) {
      A total = A(0);
      for (int k = 0; k < 8; k++) total += numbers[lane][k][column];
      sums[part * D + d] = total;
    }
    __syncthreads();
  }
}
""",
)  # fmt: skip

moved_kernel = cuda(
    "moved_statistics",
    "ElementwiseKernel",
    "T mean, T var, S batch_mean, S batch_var, S keep, S take, S unbiased",
    "T new_mean, T new_var",
    "new_mean = T(S(mean) * keep + batch_mean * take); new_var = T(S(var) * keep + batch_var * unbiased * take)",
)


def fits(gy: Array, x: Array, *others: Array) -> bool:
    """Is a gradient of the shape of x asked for, of these arrays?"""
    return floats_on_gpu(gy, x, *others) and x.size > 0 and gy.shape == x.shape


def sizes(x: Array) -> tuple[int, int, int]:
    """N, C, P: samples, channels, and numbers of a channel in a sample."""
    N, C = x.shape[:2]
    return N, C, x.size // (N * C)


@way(fits=lambda x, gamma, beta, eps: floats_on_gpu(x, gamma, beta) and x.size > 0)
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """(N, C, ...) (C,) (C,) -> (N, C, ...), and (C,) twice"""
    xp, x, (N, C, P) = namespace(x), contiguous(x), sizes(x)
    mean, var, threads = xp.empty(C, x.dtype), xp.empty(C, x.dtype), sharing(N * P, CHANNEL)
    statistics_kernel.run(C * threads, x, mean, var, N, C, P, threads=threads)
    return batch_norm_inference(x, gamma, beta, mean, var, eps), mean, var


@way(fits=lambda x, gamma, beta, mean, var, eps: floats_on_gpu(x, gamma, beta, mean, var) and x.size > 0)
def batch_norm_inference(x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float) -> Array:
    """(N, C, ...), (C,) four times -> (N, C, ...)"""
    x, gamma, beta, mean, var = map(contiguous, (x, gamma, beta, mean, var))
    y = namespace(x).empty(x.shape, x.dtype)
    normalized_kernel.run(x.size, x, mean, var, gamma, beta, y, float(eps), *sizes(x))
    return y


@way(fits=lambda gy, x, gamma, mean, var, eps, needs: fits(gy, x, gamma, mean, var))
def batch_norm_gradient(
    gy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float, needs: Any
) -> tuple[Array | None, Array, Array]:
    """gx, ggamma and gbeta"""
    gy, x, gamma, mean, var = map(contiguous, (gy, x, gamma, mean, var))
    xp, (N, C, P), eps = namespace(x), sizes(x), float(eps)
    ggamma, gbeta, gx, threads = xp.empty(C, x.dtype), xp.empty(C, x.dtype), None, sharing(N * P, CHANNEL)
    channel_sums_kernel.run(C * threads, gy, x, mean, var, ggamma, gbeta, eps, N, C, P, threads=threads)
    if needs[0]:
        gx = xp.empty(x.shape, x.dtype)
        channels_back_kernel.run(x.size, gy, x, gamma, mean, var, ggamma, gbeta, gx, eps, N, C, P)
    return gx, ggamma, gbeta


def sharing(n: int, most: int) -> int:
    """The threads that share n numbers: a power of two."""
    return min(most, max(32, 1 << (n // FEW).bit_length()))


@way(fits=lambda x, gamma, beta, eps: floats_on_gpu(x, gamma, beta) and x.size > 0)
def layer_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """(..., D) (D,) (D,) -> (..., D), and (N, 1) twice for N rows"""
    mean = namespace(x).empty((x.size // gamma.size, 1), x.dtype)
    y, var = normalized(x, gamma, contiguous(beta), mean, eps)
    return y, mean, var


@way(fits=lambda x, gamma, eps: floats_on_gpu(x, gamma) and x.size > 0)
def rms_norm(x: Array, gamma: Array, eps: float) -> tuple[Array, Array]:
    """(..., D) (D,) -> (..., D), and (N, 1) for N rows"""
    return normalized(x, gamma, None, None, eps)


def normalized(x: Array, gamma: Array, beta: Array | None, mean: Array | None, eps: float) -> tuple[Array, Array]:
    """y and var; `mean` is written. Without it, var is the mean of the squares."""
    x, gamma = contiguous(x), contiguous(gamma)
    xp, D, N = namespace(x), gamma.size, x.size // gamma.size
    y, var, threads = xp.empty(x.shape, x.dtype), xp.empty((N, 1), x.dtype), sharing(D, ROW)
    rows_kernel.run(N * threads, x, gamma, beta, y, mean, var, float(eps), N, D, threads=threads)
    return y, var


@way(fits=lambda gy, x, gamma, mean, var, eps, needs: fits(gy, x, gamma, mean, var))
def layer_norm_gradient(
    gy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float, needs: Any
) -> tuple[Array | None, Array | None, Array | None]:
    """gx, ggamma and gbeta"""
    return back(gy, x, gamma, contiguous(mean), var, eps, needs)


@way(fits=lambda gy, x, gamma, square, eps, needs: fits(gy, x, gamma, square))
def rms_norm_gradient(
    gy: Array, x: Array, gamma: Array, square: Array, eps: float, needs: Any
) -> tuple[Array | None, Array | None]:
    """gx and ggamma"""
    return back(gy, x, gamma, None, square, eps, (*needs, False))[:2]


def back(
    gy: Array, x: Array, gamma: Array, mean: Array | None, var: Array, eps: float, needs: Any
) -> tuple[Array | None, Array | None, Array | None]:
    """gx, ggamma and gbeta; without a mean those of a RMS norm."""
    gy, x, gamma, var = map(contiguous, (gy, x, gamma, var))
    xp, D, N, eps = namespace(x), gamma.size, x.size // gamma.size, float(eps)
    gx, sums = None, [None, None]
    if needs[0]:
        gx, threads = xp.empty(x.shape, x.dtype), sharing(D, ROW)
        rows_back_kernel.run(N * threads, gy, x, gamma, mean, var, gx, eps, N, D, threads=threads)
    if needs[1] or needs[2]:
        tiles, parts = -(-D // COLUMNS), min(PARTS, -(-N // ROWS))
        shape, wide = (parts, *gamma.shape)[parts == 1 :], xp.float64 if x.dtype.char == "d" else xp.float32
        sums = [xp.empty(shape, wide) if need else None for need in needs[1:]]
        layout = (N, D, tiles, parts, -(-N // parts))
        columns_kernel.run(tiles * parts * THREADS, gy, x, mean, var, *sums, eps, *layout)
        sums = [s if s is None else (s if parts == 1 else s.sum(axis=0)).astype(x.dtype, copy=False) for s in sums]
    return gx, sums[0], sums[1]


@way(fits=lambda mean, var, *batch: floats_on_gpu(mean, var) and floats_on_gpu(*batch[:2]))
def moved_statistics(
    mean: Array, var: Array, batch_mean: Array, batch_var: Array, momentum: float, n: int
) -> tuple[Array, Array]:
    """(C,) four times -> (C,) twice"""
    unbiased = n / max(n - 1, 1)
    return moved_kernel(mean)(mean, var, batch_mean, batch_var, momentum, 1 - momentum, unbiased)  # type: ignore[no-any-return]
