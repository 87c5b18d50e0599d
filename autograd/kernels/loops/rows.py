"""Softmax and layer norm, row by row: a row stays in the cache for all that is done with it.

A sum is taken in parts of float32, and these are added in float64. Arrays `bits` are `x` again, as integers.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.kernels.loops.jit import inlined, loop, summing
from autograd.kernels.loops.numbers import exp, settled

real, whole = np.float32, np.int32
ZERO, ONE, NOTHING = real(0), real(1), real(-np.inf)
PART = 512  # numbers of a part
RUN = 64  # rows whose sum, number by number, is a part
SIZE, SIGN, LOWEST = whole(0x7FFFFFFF), whole(31), whole(-(2**31))


@inlined
def key(bits):
    """An integer in the order of the numbers with these bits: the largest is found many at once. Its own inverse."""
    return whole(bits ^ ((bits >> SIGN) & SIZE))


@inlined
def largest(bits):
    """The largest number of a row, or a nan."""
    most = LOWEST
    for j in range(bits.size):
        k = key(bits[j])
        most = k if k > most else most
    most = whole(key(most))
    return most.view(np.float32)


@summing
def softmax(x, bits, y):
    R, C = x.shape
    for i in range(R):
        top, total, row = largest(bits[i]), 0.0, y[i]
        for start in range(0, C, PART):
            a, e, part = x[i, start : start + PART], y[i, start : start + PART], ZERO
            for j in range(a.size):
                e[j] = exp(a[j] - top)
                part += e[j]
            total += part
        total = real(total)
        for j in range(C):
            row[j] /= total


@summing
def hidden_softmax(x, bits):
    """The softmax of each row in its place; a row of -inf becomes 0."""
    R, C = x.shape
    for i in range(R):
        top, total, row = largest(bits[i]), 0.0, x[i]
        if top == NOTHING:
            row[:] = ZERO
            continue
        for start in range(0, C, PART):
            a, part = x[i, start : start + PART], ZERO
            for j in range(a.size):
                a[j] = exp(a[j] - top)
                part += a[j]
            total += part
        total = real(total)
        for j in range(C):
            row[j] /= total


@summing
def softmax_gradient(gy, y, gx):
    R, C = y.shape
    for i in range(R):
        total = 0.0
        for start in range(0, C, PART):
            g, a, part = gy[i, start : start + PART], y[i, start : start + PART], ZERO
            for j in range(a.size):
                part += g[j] * a[j]
            total += part
        g, a, to, total = gy[i], y[i], gx[i], real(total)
        for j in range(C):
            to[j] = a[j] * (g[j] - total)


@summing
def scores_gradient(gy, y):
    """`softmax_gradient` in the memory of gy."""
    R, C = y.shape
    for i in range(R):
        total = 0.0
        for start in range(0, C, PART):
            g, a, part = gy[i, start : start + PART], y[i, start : start + PART], ZERO
            for j in range(a.size):
                part += g[j] * a[j]
            total += part
        g, a, total = gy[i], y[i], real(total)
        for j in range(C):
            g[j] = a[j] * (g[j] - total)


@summing
def log_softmax(x, bits, y):
    R, C = x.shape
    for i in range(R):
        top, total = largest(bits[i]), 0.0
        for start in range(0, C, PART):
            a, part = x[i, start : start + PART], ZERO
            for j in range(a.size):
                part += exp(a[j] - top)
            total += part
        shifted(x[i], top, real(math.log(total)), y[i])


@loop
def shifted(x, top, log, y):
    """y = (x - top) - log, in this order: top may be so large that top + log would lose log."""
    for j in range(x.size):
        y[j] = (x[j] - top) - log


@summing
def log_softmax_gradient(gy, y, gx):
    R, C = y.shape
    for i in range(R):
        total = 0.0
        for start in range(0, C, PART):
            g, part = gy[i, start : start + PART], ZERO
            for j in range(g.size):
                part += g[j]
            total += part
        g, a, to, total = gy[i], y[i], gx[i], real(total)
        for j in range(C):
            to[j] = g[j] - exp(a[j]) * total


@summing
def cross_entropy(x, bits, labels, smoothing, losses, residual):
    """As `kernels.rows.cross_entropy`; with smoothing s each class receives s / C of the target."""
    R, C = x.shape
    share = real(smoothing / C)
    for i in range(R):
        top, total, differences = largest(bits[i]), 0.0, 0.0
        for start in range(0, C, PART):
            a, e, part, other = x[i, start : start + PART], residual[i, start : start + PART], ZERO, ZERO
            for j in range(a.size):
                d = a[j] - top
                e[j] = exp(d)
                part += e[j]
                other += d
            total += part
            differences += other
        t = labels[i]
        loss = math.log(total) + (x[i, t] - top) * (smoothing - 1)
        if smoothing != 0:
            loss -= differences * (smoothing / C)
        losses[i] = loss
        row, total = residual[i], real(total)
        for j in range(C):
            row[j] = row[j] / total - share
        row[t] -= real(1 - smoothing)


@summing
def layer_norm(x, gamma, beta, eps, y, mean, var):
    R, D = x.shape
    for i in range(R):
        total = 0.0
        for start in range(0, D, PART):
            a, part = x[i, start : start + PART], ZERO
            for j in range(a.size):
                part += a[j]
            total += part
        m = settled(real(total / D), x[i : i + 1])
        total = 0.0
        for start in range(0, D, PART):
            a, part = x[i, start : start + PART], ZERO
            for j in range(a.size):
                d = a[j] - m
                part += d * d
            total += part
        v = real(total / D)
        a, to, scale = x[i], y[i], ONE / real(math.sqrt(v + eps))
        for j in range(D):
            to[j] = (a[j] - m) * scale * gamma[j] + beta[j]
        mean[i, 0] = m
        var[i, 0] = v


@summing
def layer_norm_gradient(gy, x, gamma, mean, var, eps, gx, ggamma, gbeta):
    """gx, and the sums ggamma and gbeta of these rows, in float64."""
    R, D = x.shape
    gammas, betas = np.empty(D, np.float32), np.empty(D, np.float32)
    for start in range(0, R, RUN):
        gammas[:] = ZERO
        betas[:] = ZERO
        for i in range(start, min(start + RUN, R)):
            m, scale, total, total_n = mean[i, 0], ONE / real(math.sqrt(var[i, 0] + eps)), 0.0, 0.0
            for begin in range(0, D, PART):
                end = begin + PART
                a, g, weights, part, part_n = x[i, begin:end], gy[i, begin:end], gamma[begin:end], ZERO, ZERO
                for j in range(a.size):
                    w = g[j] * weights[j]
                    part += w
                    part_n += w * ((a[j] - m) * scale)
                total += part
                total_n += part_n
            a, g, to = x[i], gy[i], gx[i]
            mean_g, mean_gn = real(total / D), real(total_n / D)
            for j in range(D):
                n = (a[j] - m) * scale
                to[j] = (g[j] * gamma[j] - mean_g - n * mean_gn) * scale
            for j in range(D):
                gammas[j] += g[j] * ((a[j] - m) * scale)
                betas[j] += g[j]
        for j in range(D):
            ggamma[j] += gammas[j]
            gbeta[j] += betas[j]
