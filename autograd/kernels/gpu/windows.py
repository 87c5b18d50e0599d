"""The windows of a kernel as CUDA code sees them: a struct for three spatial axes, which a launch passes by value.

Fewer axes than three are preceded by axes of one pixel. Padding behind the image is not in it: `out` says as much.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.windows import Windows

__all__ = ["WINDOWS", "contiguous", "floats", "geometry", "small"]

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


def contiguous(x: Array, dtype: Any = None) -> Array:
    """x in one piece of memory: itself if it is, a copy otherwise."""
    return namespace(x).ascontiguousarray(x, dtype)
