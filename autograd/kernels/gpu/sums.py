"""Sums that keep their digits, as pieces of CUDA code: of a thread, and of a block of threads."""

from __future__ import annotations

__all__ = ["SUM", "TREE"]

SUM = """
// a sum that keeps its digits: runs of 64 numbers, then their sums
struct Sum {
  A total, run;
  int n;
  __device__ Sum() : total(0), run(0), n(0) {}
  __device__ void add(A x) {
    run += x;
    if (++n == 64) { total += run; run = A(0); n = 0; }
  }
  __device__ A value() { return total + run; }
};
"""

TREE = """
// the sum of one number of each thread of a block, whose size is a power of two; every thread gets it
template <class R> __device__ R over_block(R x) {
  __shared__ R numbers[1024];
  numbers[threadIdx.x] = x;
  __syncthreads();
  for (int half = blockDim.x / 2; half; half /= 2) {
    if (threadIdx.x < half) numbers[threadIdx.x] += numbers[threadIdx.x + half];
    __syncthreads();
  }
  x = numbers[0];
  __syncthreads();
  return x;
}
"""
