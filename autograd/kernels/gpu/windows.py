"""The windows of a kernel as CUDA code sees them: a struct for three spatial axes, which a launch passes by value.

Fewer axes than three are preceded by axes of one pixel. Padding behind the image is not in it: `out` says as much.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import TYPES, floats_on_gpu, on_gpu
from autograd.kernels.windows import Windows

__all__ = ["WINDOWS", "contiguous", "floats", "geometry", "numbers", "small"]

AXES = 3
LARGEST = 1 << 30  # of sizes, strides and paddings: sums of two products of them stay in an int where windows exist

WINDOWS = """
struct Windows { int size[3], kernel[3], stride[3], pad[3], dilation[3], out[3]; };

__device__ int number(const int* n) { return n[0] * n[1] * n[2]; }

// the first pixel under each window, before the image where it is negative
__device__ void corner(const Windows& w, int o, int* first) {
  for (int axis = 2; axis >= 0; axis--) {
    first[axis] = o % w.out[axis] * w.stride[axis] - w.pad[axis];
    o /= w.out[axis];
  }
}

// is this pixel on the image?
__device__ bool on(const Windows& w, int axis, int pixel) { return pixel >= 0 && pixel < w.size[axis]; }

// the window whose tap k lies on a pixel, along one axis; -1 if there is none
__device__ int window_over(const Windows& w, int axis, int pixel, int k) {
  const int shift = pixel + w.pad[axis] - k * w.dilation[axis], o = shift / w.stride[axis];
  return shift >= 0 && o * w.stride[axis] == shift && o < w.out[axis] ? o : -1;
}

// the number of the pixel under tap k of window o; -1 beside the image
__device__ int pixel_under(const Windows& w, int o, int k) {
  int p[3];
  corner(w, o, p);
  for (int axis = 2; axis >= 0; axis--) {
    p[axis] += k % w.kernel[axis] * w.dilation[axis];
    k /= w.kernel[axis];
    if (!on(w, axis, p[axis])) return -1;
  }
  return (p[0] * w.size[1] + p[1]) * w.size[2] + p[2];
}

// runs what follows for each tap k of window o of w; where it is ON_IMAGE, it lies on the PIXEL of this number
#define EACH_TAP(o) \\
  int start[3]; \\
  corner(w, o, start); \\
  for (int k = 0, k0 = 0, p0 = start[0]; k0 < w.kernel[0]; k0++, p0 += w.dilation[0]) \\
    for (int k1 = 0, p1 = start[1]; k1 < w.kernel[1]; k1++, p1 += w.dilation[1]) \\
      for (int k2 = 0, p2 = start[2]; k2 < w.kernel[2]; k2++, p2 += w.dilation[2], k++)
#define ON_IMAGE (on(w, 0, p0) && on(w, 1, p1) && on(w, 2, p2))
#define PIXEL ((p0 * w.size[1] + p1) * w.size[2] + p2)

// runs what follows for each window of w with a tap on pixel number p: TAP and WINDOW are their numbers
#define EACH_WINDOW_ON(p) \\
  const int p2 = (p) % w.size[2], p1 = (p) / w.size[2] % w.size[1], p0 = (p) / w.size[2] / w.size[1]; \\
  for (int k0 = 0, o0, o1, o2; k0 < w.kernel[0]; k0++) if ((o0 = window_over(w, 0, p0, k0)) >= 0) \\
    for (int k1 = 0; k1 < w.kernel[1]; k1++) if ((o1 = window_over(w, 1, p1, k1)) >= 0) \\
      for (int k2 = 0; k2 < w.kernel[2]; k2++) if ((o2 = window_over(w, 2, p2, k2)) >= 0)
#define TAP ((k0 * w.kernel[1] + k1) * w.kernel[2] + k2)
#define WINDOW ((o0 * w.out[1] + o1) * w.out[2] + o2)
"""


@lru_cache(1 << 10)
def geometry(w: Windows) -> Any:
    """The struct `Windows` of CUDA code."""
    before = tuple([P for P, _ in w.pad])
    fields = (w.size, w.kernel, w.stride, before, w.dilation, w.out)
    numbers = [(fill,) * (AXES - len(values)) + values for values, fill in zip(fields, (1, 1, 1, 0, 1, 1))]
    return np.array(numbers, np.int32).reshape(-1).view(f"V{4 * AXES * len(fields)}")[0]


@lru_cache(1 << 10)
def small(w: Windows) -> bool:
    """Does the struct hold these windows?"""
    sizes = (*w.padded_size, prod(w.size), prod(w.out), prod(w.kernel), *w.stride, *w.dilation)
    return len(w.size) <= AXES and max(sizes) < LARGEST and min(map(min, w.pad)) >= 0


def floats(w: Windows, *xs: Array | None) -> bool:
    """Are these arrays, where they are not None, of CuPy and of one dtype of floating-point numbers?"""
    return floats_on_gpu(*[x for x in xs if x is not None]) and small(w)


def numbers(x: Array, w: Windows) -> bool:
    """Is this an array of CuPy, of numbers or truth values?"""
    return on_gpu(x) and x.dtype.char in TYPES and small(w)


def contiguous(x: Array, dtype: Any = None) -> Array:
    """x in one piece of memory: itself if it is, a copy otherwise."""
    return namespace(x).ascontiguousarray(x, dtype)
