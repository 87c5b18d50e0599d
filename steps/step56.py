"""Step 56: what a convolution is.

New: the definition, as five loops: for each image, each filter, each place of the output and each channel, the
pixels under the kernel are multiplied by it and summed. Then the same as one matrix product. `im2col` writes
the pixels under the kernel as a row, for every place one row; the filters are the columns of a matrix; and for
products of matrices there are the fastest programs of all. The price is memory, as pixels are copied: when it
convolves, the package does it block by block (autograd/kernels/columns.py).

In the package: autograd/kernels/im2col.py
"""

import time

import numpy as np

import autograd.functions as F


def conv_by_loops(x, filters):
    (N, C, H, W), (M, _, KH, KW) = x.shape, filters.shape
    OH, OW = H - KH + 1, W - KW + 1
    y = np.zeros((N, M, OH, OW))
    for n in range(N):
        for m in range(M):
            for i in range(OH):
                for j in range(OW):
                    for c in range(C):
                        y[n, m, i, j] += (x[n, c, i : i + KH, j : j + KW] * filters[m, c]).sum()
    return y


def im2col(x, KH, KW):
    """A row for every place of the kernel.   (N, C, H, W) -> (N OH OW, C KH KW)"""
    N, C, H, W = x.shape
    OH, OW = H - KH + 1, W - KW + 1
    columns = np.empty((N, OH, OW, C, KH, KW))
    for i in range(KH):  # all places see the pixel (i, j) of their kernel at once
        for j in range(KW):
            columns[..., i, j] = x[:, :, i : i + OH, j : j + OW].transpose(0, 2, 3, 1)
    return columns.reshape(N * OH * OW, C * KH * KW)


def conv_by_im2col(x, filters):
    (N, _, H, W), (M, _, KH, KW) = x.shape, filters.shape
    rows = im2col(x, KH, KW) @ filters.reshape(M, -1).T
    return rows.reshape(N, H - KH + 1, W - KW + 1, M).transpose(0, 3, 1, 2)


image = np.array([[[[1.0, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]]]])
kernel = np.array([[[[2.0, 0, 1], [0, 1, 2], [1, 0, 2]]]])
print("a small one:", conv_by_loops(image, kernel)[0, 0].tolist())
print("im2col of it:\n", im2col(image, 3, 3).astype(int))

rng = np.random.default_rng(0)
x, filters = rng.normal(size=(4, 3, 24, 24)), rng.normal(size=(8, 3, 5, 5))
results, seconds = {}, {}
for f in (conv_by_loops, conv_by_im2col, F.conv2d):
    start = time.perf_counter()
    results[f] = f(x, filters)
    seconds[f] = time.perf_counter() - start
    print(f"{f.__name__:15} {1000 * seconds[f]:8.2f} ms")
equal = all(np.allclose(result, results[conv_by_loops]) for result in results.values())
print("equal:", equal)

assert conv_by_loops(image, kernel).tolist() == [[[[15.0, 16.0], [6.0, 15.0]]]]
assert equal
assert seconds[conv_by_im2col] < seconds[conv_by_loops]
