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
from autograd.kernels.gpu import cuda, on_gpu
from autograd.kernels.gpu.sums import SUM
from autograd.kernels.gpu.windows import WINDOWS, contiguous, geometry, numbers
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows
from autograd.shapes import Shape

__all__ = ["gather_max", "region_max", "scatter_max", "window_fill", "window_max", "window_sum"]

BYTE = 256  # so many taps have a number in a byte

window_max_kernel = cuda(
    "window_max",
    "RawKernel",
    WINDOWS,
    """
// the first tap with the maximum, or the last with a nan, goes into one of the two arrays; the other is null
extern "C" __global__ void window_max(const T* x, T* y, unsigned char* near, long long* far, const T lowest,
                                      const Windows w, const I size) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    const T* image = x + i / O * pixels;
    T best = lowest;
    int tap = -1;
    bool nan = false;
    EACH_TAP(i % O) if (ON_IMAGE) {
      const T value = image[PIXEL];
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
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    const int p = pixel_under(w, i % O, near ? near[i] : far[i]);
    y[i] = p < 0 ? T(0) : x[i / O * pixels + p];
  }
}
""",
)

scatter_max_kernel = cuda(
    "scatter_max",
    "RawKernel",
    WINDOWS,
    SUM,
    """
extern "C" __global__ void scatter_max(const T* y, const unsigned char* near, const long long* far, T* x,
                                       const Windows w, const I size) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    Sum sum;
    EACH_WINDOW_ON(i % pixels) {
      const I o = i / pixels * O + WINDOW;
      if ((near ? near[o] : far[o]) == TAP) sum.add(A(y[o]));
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
    """
extern "C" __global__ void window_sum(const T* x, T* y, const Windows w, const I size) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    const T* image = x + i / O * pixels;
    Sum sum;
    EACH_TAP(i % O) if (ON_IMAGE) sum.add(A(image[PIXEL]));
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
    """
extern "C" __global__ void window_fill(const T* y, T* x, const Windows w, const I size) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    Sum sum;
    EACH_WINDOW_ON(i % pixels) sum.add(A(y[i / pixels * O + WINDOW]));
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
  EACH(i, size) {
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


def fits_where(x: Array, where: Array, w: Windows) -> bool:
    return numbers(x, w) and on_gpu(where) and where.dtype.char in "Blq"


def named(where: Array) -> tuple[Array | None, Array | None]:
    """The numbers of taps as bytes, or as integers of 64 bits."""
    return (where, None) if where.dtype.char == "B" else (None, where)


@way(fits=numbers)
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


@way(fits=numbers)
def window_sum(x: Array, w: Windows) -> Array:
    """x -> y"""
    x = contiguous(x)
    y = namespace(x).empty((*x.shape[:2], *w.out), x.dtype)
    window_sum_kernel.run(y.size, x, y, geometry(w), y.size)
    return y


@way(fits=numbers)
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


@way(fits=lambda x, out: numbers(x, one_by_one(x.shape[2:], out)) and max(out) < 1 << 30)
def region_max(x: Array, out: Shape) -> tuple[Array, Array]:
    """(N, C, *size) -> (N, C, *out) twice"""
    xp, x = namespace(x), contiguous(x)
    y, pixel = xp.empty((*x.shape[:2], *out), x.dtype), xp.empty((*x.shape[:2], *out), xp.int64)
    region_max_kernel.run(y.size, x, y, pixel, geometry(one_by_one(x.shape[2:], out)), y.size)
    return y, pixel
