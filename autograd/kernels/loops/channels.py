"""Batch norm, channel by channel: arrays (N, C, P), of which each call does the channels first ... last - 1."""

from __future__ import annotations

import math

import numpy as np

from autograd.kernels.loops.jit import summing
from autograd.kernels.loops.numbers import settled

real = np.float32
ZERO, ONE = real(0), real(1)
PART = 512  # numbers that are summed in float32; the sums of these are added in float64


@summing
def batch_norm(x, gamma, beta, eps, y, mean, var, first, last):
    N, _, P = x.shape
    for c in range(first, last):
        total = 0.0
        for n in range(N):
            for start in range(0, P, PART):
                a, part = x[n, c, start : start + PART], ZERO
                for p in range(a.size):
                    part += a[p]
                total += part
        m = settled(real(total / (N * P)), x[:, c])
        total = 0.0
        for n in range(N):
            for start in range(0, P, PART):
                a, part = x[n, c, start : start + PART], ZERO
                for p in range(a.size):
                    d = a[p] - m
                    part += d * d
                total += part
        v = real(total / (N * P))
        scale, b = gamma[c] / real(math.sqrt(v + eps)), beta[c]
        for n in range(N):
            a, to = x[n, c], y[n, c]
            for p in range(P):
                to[p] = (a[p] - m) * scale + b
        mean[c] = m
        var[c] = v


@summing
def batch_norm_gradient(gy, x, gamma, mean, var, eps, gx, ggamma, gbeta, first, last):
    N, _, P = x.shape
    for c in range(first, last):
        m, scale, total, total_n = mean[c], ONE / real(math.sqrt(var[c] + eps)), 0.0, 0.0
        for n in range(N):
            for start in range(0, P, PART):
                a, g, part, part_n = x[n, c, start : start + PART], gy[n, c, start : start + PART], ZERO, ZERO
                for p in range(a.size):
                    part += g[p]
                    part_n += g[p] * (a[p] - m)
                total += part
                total_n += part_n
        total_n *= scale
        mean_g, mean_gn = real(total / (N * P)), real(total_n / (N * P)) * scale
        rate = gamma[c] * scale
        for n in range(N):
            a, g, to = x[n, c], gy[n, c], gx[n, c]
            for p in range(P):
                to[p] = (g[p] - mean_g - (a[p] - m) * mean_gn) * rate
        ggamma[c] = total_n
        gbeta[c] = total
