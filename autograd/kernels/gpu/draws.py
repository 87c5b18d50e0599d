"""NumPy's random numbers, drawn on a GPU: a mask of dropout is the same there, bit by bit, and is copied from nowhere.

NumPy's generator PCG64 is a linear congruence of 128 bits, state <- M state + inc, so it can be moved on by any number
of steps at once. Each thread moves on to its own place and takes every S-th number from there:

    steps k at once:   state <- M^k state + inc (M^k - 1) / (M - 1)

A 64-bit output gives two numbers of 32 bits, the lower half first, and a float in [0, 1) is the upper 24 bits of one.
The generator itself is moved on as if it had drawn them. Source: O'Neill, "PCG: a family of simple fast
space-efficient statistically good algorithms for random number generation", 2014; its output function XSL-RR.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import THREADS, cuda, floats_on_gpu

__all__ = ["fits", "mask"]

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
MODULUS = 1 << 128
MOST_THREADS = 1 << 16

MASK = cuda(
    "draws_mask",
    "RawKernel",
    """
typedef unsigned long long U;
struct Wide { U high, low; };  // 128 bits
__device__ U upper(U a, U b) {  // the upper 64 bits of a b
  const U a0 = (unsigned)a, a1 = a >> 32, b0 = (unsigned)b, b1 = b >> 32;
  const U u = a1 * b0 + (a0 * b0 >> 32), v = a0 * b1 + (unsigned)u;
  return a1 * b1 + (u >> 32) + (v >> 32);
}
__device__ Wide times(Wide a, Wide b) {
  return {upper(a.low, b.low) + a.high * b.low + a.low * b.high, a.low * b.low};
}
__device__ Wide plus(Wide a, Wide b) {
  const U low = a.low + b.low;
  return {a.high + b.high + (low < a.low), low};
}
__device__ Wide moved(Wide state, Wide m, Wide c, U steps) {  // by repeated squaring of the map x -> m x + c
  for (; steps; steps /= 2) {
    if (steps % 2) state = plus(times(m, state), c);
    c = plus(times(m, c), c);
    m = times(m, m);
  }
  return state;
}
__device__ U output(Wide s) {
  const U x = s.high ^ s.low;
  const int r = s.high >> 58;
  return r ? (x >> r) | (x << (64 - r)) : x;
}
__device__ T chosen(unsigned x, float p, A scale) { return (x >> 8) * (1.0f / 16777216) >= p ? (T)scale : (T)0; }
// y[0 .. n): before the first output may come a half that an earlier draw has left over
extern "C" __global__ void draws_mask(T* y, long long n, float p, A scale, U s1, U s0, U m1, U m0, U c1, U c0,
                                      U f1, U f0, U g1, U g0, int left, unsigned half) {
  const U k = blockIdx.x * (U)blockDim.x + threadIdx.x, stride = gridDim.x * (U)blockDim.x;
  if (k == 0 && left && n) y[0] = chosen(half, p, scale);
  Wide s = moved({s1, s0}, {m1, m0}, {c1, c0}, k + 1);
  for (long long i = 2 * k + left; i < n; i += 2 * stride) {
    const U x = output(s);
    y[i] = chosen((unsigned)x, p, scale);
    if (i + 1 < n) y[i + 1] = chosen((unsigned)(x >> 32), p, scale);
    s = plus(times({f1, f0}, s), {g1, g0});  // `stride` steps at once
  }
}
""",
)


def fits(rng: np.random.Generator, x: Any) -> bool:
    """Can numbers of this generator be drawn where x lies?"""
    if hasattr(rng, "draws_mask"):  # a recorded one
        return rng.draws_on_gpu(x)  # type: ignore[attr-defined,no-any-return]
    return floats_on_gpu(x) and type(rng.bit_generator) is np.random.PCG64


def mask(rng: np.random.Generator, shape: Sequence[int], p: float, x: Array) -> Array:
    """1 / (1 - p) where rng.random(shape, "float32") >= p, and 0 elsewhere, in the dtype of x and where it lies."""
    if hasattr(rng, "draws_mask"):
        return rng.draws_mask(shape, p, x)
    y = namespace(x).empty(shape, x.dtype)
    n, bits = prod(shape), rng.bit_generator
    with bits.lock:
        given = dict(bits.state)
        state, inc = given["state"]["state"], given["state"]["inc"]
        left = given["has_uint32"]
        if not n:
            return y
        outputs = max(n - left + 1, 0) // 2
        blocks = -(-min(max(outputs, 1), MOST_THREADS) // THREADS)
        numbers = halves(state, MULTIPLIER, inc, *steps(blocks * THREADS, inc))
        scale = (np.float64 if x.dtype.char == "d" else np.float32)(1 / (1 - p))
        ends = np.int32(left), np.uint32(given["uinteger"])
        MASK(y)((blocks,), (THREADS,), (y, np.int64(n), np.float32(p), scale, *numbers, *ends))
        m, c = steps(outputs, inc)
        state = (m * state + c) % MODULUS
        odd = (n - left) % 2 if outputs else 0
        if outputs:
            given["uinteger"] = output(state) >> 32
        bits.state = given | {"state": {"state": state, "inc": inc}, "has_uint32": int(odd)}
    return y


def steps(k: int, inc: int) -> tuple[int, int]:
    """m and c of the map x -> m x + c that makes k steps at once."""
    m, c, am, ac = MULTIPLIER, inc, 1, 0
    while k:
        if k % 2:
            am, ac = am * m % MODULUS, (ac * m + c) % MODULUS
        m, c, k = m * m % MODULUS, (m + 1) * c % MODULUS, k // 2
    return am, ac


def output(state: int) -> int:
    """The 64 bits that a state gives."""
    x, r = (state >> 64 ^ state) & (1 << 64) - 1, state >> 122
    return (x >> r | x << (64 - r)) & (1 << 64) - 1


def halves(*numbers: int) -> list[Any]:
    """Numbers of 128 bits as two of 64 each, the upper one first."""
    return [np.uint64(part) for x in numbers for part in (x >> 64, x & (1 << 64) - 1)]
