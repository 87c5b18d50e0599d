"""Pooling on CuPy: one kernel for each function, a thread for each number of its result.

    window_max, window_sum, gather_max, region_max   a thread has a window, and walks over its taps
    scatter_max, window_fill                         a thread has a pixel, and walks over the windows that it lies in

So no two threads write one number, and windows that overlap cost no more than others.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import TYPES, cuda, on_gpu
from autograd.kernels.gpu.sums import SUM
from autograd.kernels.gpu.windows import WINDOWS, contiguous, geometry, small
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows
from autograd.shapes import Shape

__all__ = ["gather_max", "region_max", "scatter_max", "window_fill", "window_max", "window_sum"]

BYTE = 256  # so many taps have a number in a byte

OVER_TAPS = """
#define EACH_WINDOW \\
  const int O = number(w.out); \\
  for (I i = blockIdx.x * (I)blockDim.x + threadIdx.x; i < size; i += (I)gridDim.x * blockDim.x)
// the place in x of the first pixel of the image in which window i lies
#define IMAGE (i / O * number(w.size))
// runs what follows for each tap k on the image, with its pixel p
#define EACH_TAP \\
  int start[3]; \\
  corner(w, i % O, start); \\
  int k = 0; \\
  for (int k0 = 0, p0 = start[0]; k0 < w.kernel[0]; k0++, p0 += w.dilation[0]) \\
    for (int k1 = 0, p1 = start[1]; k1 < w.kernel[1]; k1++, p1 += w.dilation[1]) \\
      for (int k2 = 0, p2 = start[2], p; k2 < w.kernel[2]; k2++, p2 += w.dilation[2], k++) \\
        if (p = (p0 * w.size[1] + p1) * w.size[2] + p2, on(w, 0, p0) && on(w, 1, p1) && on(w, 2, p2))
"""

OVER_WINDOWS = """
#define EACH_PIXEL \\
  const int O = number(w.out), pixels = number(w.size); \\
  for (I i = blockIdx.x * (I)blockDim.x + threadIdx.x; i < size; i += (I)gridDim.x * blockDim.x)
// runs what follows for each window whose tap lies on pixel i
#define EACH_WINDOW_ON_IT \\
  const int p = i % pixels, p2 = p % w.size[2], p1 = p / w.size[2] % w.size[1], p0 = p / w.size[2] / w.size[1]; \\
  for (int k0 = 0, o0, o1, o2; k0 < w.kernel[0]; k0++) \\
    for (int k1 = (o0 = window_over(w, 0, p0, k0)) < 0 ? w.kernel[1] : 0; k1 < w.kernel[1]; k1++) \\
      for (int k2 = (o1 = window_over(w, 1, p1, k1)) < 0 ? w.kernel[2] : 0; k2 < w.kernel[2]; k2++) \\
        if ((o2 = window_over(w, 2, p2, k2)) >= 0)
#define TAP ((k0 * w.kernel[1] + k1) * w.kernel[2] + k2)
#define WINDOW (i / pixels * O + (o0 * w.out[1] + o1) * w.out[2] + o2)
"""

window_max_kernel = cuda(
    "window_max",
    "RawKernel",
    WINDOWS,
    OVER_TAPS,
    """
// the first tap with the maximum, or the last with a nan, goes into one of the two arrays; the other is null
extern "C" __global__ void window_max(const T* x, T* y, unsigned char* near, long long* far, const T lowest,
                                      const Windows w, const I size) {
  EACH_WINDOW {
    const T* image = x + IMAGE;
    T best = lowest;
    int tap = -1;
    bool nan = false;
    EACH_TAP {
      const T value = image[p];
      if (A(value) != A(value)) nan = true, best = value, tap = k;
      else if (tap < 0 || (!nan && A(value) > A(best))) best = value, tap = k;
    }
    y[i] = best;
    if (near) near[i] = max(tap, 0);
    else far[i] = max(tap, 0);
  }
}
""",
)

gather_max_kernel = cuda(
    "gather_max",
    "RawKernel",
    WINDOWS,
    """
extern "C" __global__ void gather_max(const T* x, const unsigned char* near, const long long* far, T* y,
                                      const Windows w, const I size) {
  const int O = number(w.out);
  for (I i = blockIdx.x * (I)blockDim.x + threadIdx.x; i < size; i += (I)gridDim.x * blockDim.x) {
    int start[3], k = near ? near[i] : far[i];
    corner(w, i % O, start);
    const int p2 = start[2] + k % w.kernel[2] * w.dilation[2];
    const int p1 = start[1] + k / w.kernel[2] % w.kernel[1] * w.dilation[1];
    const int p0 = start[0] + k / w.kernel[2] / w.kernel[1] * w.dilation[0];
    const int p = (p0 * w.size[1] + p1) * w.size[2] + p2;
    y[i] = on(w, 0, p0) && on(w, 1, p1) && on(w, 2, p2) ? x[i / O * number(w.size) + p] : T(0);
  }
}
""",
)

scatter_max_kernel = cuda(
    "scatter_max",
    "RawKernel",
    WINDOWS,
    SUM,
    OVER_WINDOWS,
    """
extern "C" __global__ void scatter_max(const T* y, const unsigned char* near, const long long* far, T* x,
                                       const Windows w, const I size) {
  EACH_PIXEL {
    Sum sum;
    EACH_WINDOW_ON_IT {
      if ((near ? near[WINDOW] : far[WINDOW]) == TAP) sum.add(A(y[WINDOW]));
    }
    x[i] = T(sum.value());
  }
}
""",
)

window_sum_kernel = cuda(
    "window_sum",
    "RawKernel",
    WINDOWS,
    SUM,
    OVER_TAPS,
    """
extern "C" __global__ void window_sum(const T* x, T* y, const Windows w, const I size) {
  EACH_WINDOW {
    const T* image = x + IMAGE;
    Sum sum;
    EACH_TAP sum.add(A(image[p]));
    y[i] = T(sum.value());
  }
}
""",
)

window_fill_kernel = cuda(
    "window_fill",
    "RawKernel",
    WINDOWS,
    SUM,
    OVER_WINDOWS,
    """
extern "C" __global__ void window_fill(const T* y, T* x, const Windows w, const I size) {
  EACH_PIXEL {
    Sum sum;
    EACH_WINDOW_ON_IT sum.add(A(y[WINDOW]));
    x[i] = T(sum.value());
  }
}
""",
)

region_max_kernel = cuda(
    "region_max",
    "RawKernel",
    WINDOWS,
    """
__device__ int region_start(const Windows& w, int axis, int o) { return (long long)o * w.size[axis] / w.out[axis]; }
__device__ int region_end(const Windows& w, int axis, int o) {
  return ((long long)(o + 1) * w.size[axis] + w.out[axis] - 1) / w.out[axis];
}

// the maximum of a region and the first pixel with it; of a region with a nan that, and its pixel
extern "C" __global__ void region_max(const T* x, T* y, long long* pixel, const Windows w, const I size) {
  const int O = number(w.out);
  for (I i = blockIdx.x * (I)blockDim.x + threadIdx.x; i < size; i += (I)gridDim.x * blockDim.x) {
    const int o = i % O, o2 = o % w.out[2], o1 = o / w.out[2] % w.out[1], o0 = o / w.out[2] / w.out[1];
    const T* image = x + i / O * number(w.size);
    int found = -1;
    for (int p0 = region_start(w, 0, o0); p0 < region_end(w, 0, o0); p0++)
      for (int p1 = region_start(w, 1, o1); p1 < region_end(w, 1, o1); p1++)
        for (int p2 = region_start(w, 2, o2); p2 < region_end(w, 2, o2); p2++) {
          const int p = (p0 * w.size[1] + p1) * w.size[2] + p2;
          if (found < 0 || A(image[p]) > A(image[found]) || A(image[p]) != A(image[p])) found = p;
        }
    y[i] = image[found];
    pixel[i] = found;
  }
}
""",
)


def fits(x: Array, w: Windows) -> bool:
    return on_gpu(x) and x.dtype.char in TYPES and small(w)


def fits_where(x: Array, where: Array, w: Windows) -> bool:
    return fits(x, w) and on_gpu(where) and where.dtype.char in "Blq"


def named(where: Array) -> tuple[Array | None, Array | None]:
    """The numbers of taps as bytes, or as integers of 64 bits."""
    return (where, None) if where.dtype.char == "B" else (None, where)


@way(fits=fits)
def window_max(x: Array, w: Windows) -> tuple[Array, Array]:
    """x -> y, where"""
    xp, x = namespace(x), contiguous(x)
    y = xp.empty((*x.shape[:2], *w.out), x.dtype)
    where = xp.empty(y.shape, xp.uint8 if prod(w.kernel) <= BYTE else xp.int64)
    window_max_kernel.run(y.size, x, y, *named(where), lowest(x.dtype), geometry(w), y.size)
    return y, where


def lowest(dtype: Any) -> Any:
    """The number that is below all others."""
    return dtype.type({"f": -np.inf, "b": False}[dtype.kind] if dtype.kind in "fb" else np.iinfo(dtype).min)


@way(fits=fits_where)
def gather_max(x: Array, where: Array, w: Windows) -> Array:
    """x, where -> y"""
    x, where = contiguous(x), contiguous(where)
    y = namespace(x).empty(where.shape, x.dtype)
    gather_max_kernel.run(y.size, x, *named(where), y, geometry(w), y.size)
    return y


@way(fits=fits_where)
def scatter_max(y: Array, where: Array, w: Windows) -> Array:
    """y, where -> x"""
    y, where = contiguous(y), contiguous(where)
    x = namespace(y).empty((*y.shape[:2], *w.size), y.dtype)
    scatter_max_kernel.run(x.size, y, *named(where), x, geometry(w), x.size)
    return x


@way(fits=fits)
def window_sum(x: Array, w: Windows) -> Array:
    """x -> y"""
    x = contiguous(x)
    y = namespace(x).empty((*x.shape[:2], *w.out), x.dtype)
    window_sum_kernel.run(y.size, x, y, geometry(w), y.size)
    return y


@way(fits=fits)
def window_fill(y: Array, w: Windows) -> Array:
    """y -> x"""
    y = contiguous(y)
    x = namespace(y).empty((*y.shape[:2], *w.size), y.dtype)
    window_fill_kernel.run(x.size, y, x, geometry(w), x.size)
    return x


def one_by_one(size: Shape, out: Shape) -> Windows:
    """Windows with these two sizes; regions have no others."""
    n = len(size)
    return Windows(size, (1,) * n, (1,) * n, ((0, 0),) * n, (1,) * n, out)


@way(fits=lambda x, out: fits(x, one_by_one(x.shape[2:], out)) and max(out) < 1 << 30)
def region_max(x: Array, out: Shape) -> tuple[Array, Array]:
    """(N, C, *size) -> (N, C, *out) twice"""
    xp, x = namespace(x), contiguous(x)
    y, pixel = xp.empty((*x.shape[:2], *out), x.dtype), xp.empty((*x.shape[:2], *out), xp.int64)
    region_max_kernel.run(y.size, x, y, pixel, geometry(one_by_one(x.shape[2:], out)), y.size)
    return y, pixel
