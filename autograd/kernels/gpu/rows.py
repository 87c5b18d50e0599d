"""Softmax, its logarithm, its cross entropy, their gradients, and a causal mask: one kernel each, a block for each row.

The threads of a block go along the row, find its maximum and its sums together, and write it. A row is read up to three
times, from the cache if it is short. Rows lie along the last axes; over other axes the plain ways compute.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import cuda, floats_on_gpu
from autograd.kernels.gpu.sums import TREE
from autograd.kernels.ways import Way, way

__all__ = ["by_rows", "cross_entropy", "hide_later", "in_place"]

WARP, WIDE = 32, 256  # threads of a block for short rows and for long ones

MOST = """
__device__ A larger(A x, A y) { return isnan(x) || x > y ? x : y; }  // nan stays
__device__ A most_of_block(A x) {
  __shared__ A part[32];
  for (int d = 16; d; d /= 2) x = larger(x, __shfl_xor_sync(0xffffffff, x, d));
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = x;
  __syncthreads();
  x = part[0];
  for (int w = 1; w < blockDim.x / 32; w++) x = larger(x, part[w]);
  __syncthreads();
  return x;
}
#define ALONG for (I c = threadIdx.x; c < C; c += blockDim.x)
"""

HEAD = """
extern "C" __global__ void {name}({arguments}, const I N, const I C) {{
  for (I n = blockIdx.x; n < N; n += gridDim.x) {{
"""

SOFTMAX = """
    A most = -INFINITY, sum = 0;
    ALONG most = larger(most, (A)x[n * C + c]);
    most = most_of_block(most);
    ALONG sum += exp((A)x[n * C + c] - most);
    sum = over_block(sum);
"""

BODIES = {
    "softmax": ("const T* x, T* y", SOFTMAX + "ALONG y[n * C + c] = exp((A)x[n * C + c] - most) / sum;"),
    "softmax_gradient": (
        "const T* gy, const T* y, T* gx",
        """
    A sum = 0;
    ALONG sum += (A)gy[n * C + c] * (A)y[n * C + c];
    sum = over_block(sum);
    ALONG gx[n * C + c] = (A)y[n * C + c] * ((A)gy[n * C + c] - sum);""",
    ),
    "log_softmax": ("const T* x, T* y", SOFTMAX + "ALONG y[n * C + c] = (A)x[n * C + c] - most - log(sum);"),
    "log_softmax_gradient": (
        "const T* gy, const T* y, T* gx",
        """
    A sum = 0;
    ALONG sum += (A)gy[n * C + c];
    sum = over_block(sum);
    ALONG gx[n * C + c] = (A)gy[n * C + c] - exp((A)y[n * C + c]) * sum;""",
    ),
    "hide_later": (
        "T* s, const I queries, const I offset",
        "ALONG if (c > n % queries + offset) s[n * C + c] = (A)s[n * C + c] - INFINITY;",
    ),
    "hidden_softmax": (  # a row of -inf gives 0
        "const T* x, T* y",
        """
    A most = -INFINITY, sum = 0;
    ALONG most = larger(most, (A)x[n * C + c]);
    most = most_of_block(most);
    if (most == -INFINITY) most = 0;
    ALONG sum += exp((A)x[n * C + c] - most);
    sum = over_block(sum);
    ALONG y[n * C + c] = exp((A)x[n * C + c] - most) / (sum == 0 ? 1 : sum);""",
    ),
    "cross_entropy": (  # a label that is out of range gives nan, and reads nothing
        "const T* x, const long long* labels, A s, T* losses, T* residual",
        SOFTMAX
        + """
    const long long label = labels[n];
    A others = 0;
    if (s != 0) {
      ALONG others += (A)x[n * C + c] - most;
      others = over_block(others);
    }
    if (threadIdx.x == 0) {
      const A chosen = label < 0 || label >= C ? (A)NAN : (A)x[n * C + label] - most;
      losses[n] = log(sum) - (1 - s) * chosen - s / C * others;
    }
    ALONG residual[n * C + c] = exp((A)x[n * C + c] - most) / sum - (c == label ? 1 - s : 0) - s / C;""",
    ),
}
KERNELS = {
    name: cuda(
        f"rows_{name}", "RawKernel", TREE, MOST, HEAD.format(name=f"rows_{name}", arguments=arguments), body, "  }\n}\n"
    )
    for name, (arguments, body) in BODIES.items()
}


def run(name: str, N: int, C: int, *xs: Any) -> None:
    """Runs the kernel `name` with these arguments over N rows of C."""
    if N and C:
        threads = WARP if C <= WARP * 4 else WIDE
        KERNELS[name].run(N * threads, *xs, N, C, threads=threads)


def by_rows(name: str) -> Way[..., Any]:
    """The way of f(*arrays, axes) by rows, where the axes are the last ones."""

    def compute(*arguments: Any) -> Array:
        *xs, axes = arguments
        xp, shape = namespace(xs[0]), xs[-1].shape
        C = prod([shape[a] for a in axes])
        y = xp.empty(shape, xs[-1].dtype)
        run(name, y.size // max(C, 1), C, *[xp.ascontiguousarray(x) for x in xs], y)
        return y

    def fits(*arguments: Any) -> bool:
        *xs, axes = arguments
        n = xs[-1].ndim
        same = floats_on_gpu(*xs) and all([x.shape == xs[-1].shape for x in xs])  # noqa: C419  # faster
        return same and sorted([a % n for a in axes]) == [*range(n - len(axes), n)]

    return named(compute, fits, name)


def in_place(name: str) -> Way[..., Any]:
    """The way of f(x, ...) that writes into the rows of x along the last axis."""

    def compute(x: Array, *others: Array) -> Array:
        xp, C = namespace(x), x.shape[-1]
        run(name, x.size // max(C, 1), C, x, *[xp.ascontiguousarray(y) for y in others], x)
        return x

    def fits(x: Array, *others: Array) -> bool:
        same = floats_on_gpu(x, *others) and all([y.shape == x.shape for y in others])  # noqa: C419  # faster
        return same and x.ndim > 0 and x.flags.c_contiguous

    return named(compute, fits, name)


def named(compute: Callable[..., Any], fits: Callable[..., bool], name: str) -> Way[..., Any]:
    compute.__name__ = compute.__qualname__ = name
    return Way(compute, fits)


@way(fits=lambda s, offset: floats_on_gpu(s) and s.flags.c_contiguous)
def hide_later(s: Array, offset: int) -> Array:
    T, S = s.shape[-2:]
    run("hide_later", s.size // max(S, 1), S, s, T, max(-T, min(offset, S)))
    return s


@way(fits=lambda x, labels, smoothing: floats_on_gpu(x))
def cross_entropy(x: Array, labels: Array, smoothing: float) -> tuple[Array, Array]:
    xp, (N, C) = namespace(x), x.shape
    losses, residual = xp.empty(N, x.dtype), xp.empty(x.shape, x.dtype)
    labels = xp.ascontiguousarray(labels.astype(np.int64, copy=False))
    run("cross_entropy", N, C, xp.ascontiguousarray(x), labels, float(smoothing), losses, residual)
    return losses, residual
