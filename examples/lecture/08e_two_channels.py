"""8e. Convolution: two channels, in im2col and in pooling.

An image has channels, such as red, green and blue. A filter has as many, and sums over all of them: its row in im2col
holds the pixels of the first channel and then those of the second, so that the product of matrices does the summing.
Pooling keeps channels apart: every channel of every window gets a row of its own, and the largest number is taken.

    python examples/lecture/08e_two_channels.py

    runs/lecture/08e_im2col.png  Two channels under a 2 x 2 filter. Framed: the pixels at the second place, their row,
        and the number that comes out.
    runs/lecture/08e_pooling.png  Max pooling 2 / 2 of two channels: a row for each window of each channel, the largest
        number of each row, and these as two images again.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag
import autograd.functions as F

image = np.stack([np.arange(9.0).reshape(3, 3), np.arange(10.0, 19).reshape(3, 3)])[None]  # (1, 2, 3, 3)
filters = np.stack([np.ones((2, 2)), np.full((2, 2), 2.0)])[None]  # (1, 2, 2, 2)
rows = F.im2col(image, 2)
column = filters.reshape(1, -1).T
y = rows @ column
print("im2col of two channels:\n", rows.astype(int))
print("times the filter:", y.reshape(2, 2).tolist())
assert rows.tolist() == [
    [0, 1, 3, 4, 10, 11, 13, 14], [1, 2, 4, 5, 11, 12, 14, 15],
    [3, 4, 6, 7, 13, 14, 16, 17], [4, 5, 7, 8, 14, 15, 17, 18],
]  # fmt: skip
assert y.reshape(2, 2).tolist() == F.conv2d(image, filters)[0, 0].tolist() == [[104, 116], [140, 152]]

figure = Figure(figsize=(11, 3.4), layout="constrained")
line = figure.subplots(1, 8, width_ratios=[3, 3, 0.6, 8, 0.6, 1, 0.6, 1])
place = [(0, 1), (0, 2), (1, 1), (1, 2)]
matrix(line[0], image[0, 0], "channel 1", place, limit=80)
matrix(line[1], image[0, 1], "channel 2", place, limit=80)
sign(line[2], "→")
matrix(line[3], rows, "im2col  (4, 8): channel 1 | channel 2", [(1, k) for k in range(8)], limit=80)
line[3].axvline(3.5, color="k", linewidth=2)
sign(line[4], "×")
matrix(line[5], column, "filter", limit=80)
line[5].axhline(3.5, color="k", linewidth=2)
sign(line[6], "=")
matrix(line[7], y, "(4, 1)", [(1, 0)], limit=160)
save(figure, "08e_im2col.png")

x = np.array([[[1.0, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]],
              [[3.0, 0, 6, 5], [4, 2, 4, 3], [3, 0, 1, 0], [2, 3, 3, 1]]])[None]  # fmt: skip
windows = F.im2col(x, 2, stride=2).reshape(-1, 4)  # (4 places, 2 channels x 4) -> (8, 4)
largest = windows.max(axis=1)
pooled = largest.reshape(2, 2, 2).transpose(2, 0, 1)  # (OH, OW, C) -> (C, OH, OW)
print("windows, a channel each:", windows.astype(int).tolist(), " largest:", largest.astype(int).tolist())
assert windows[:4].tolist() == [[1, 2, 0, 1], [3, 0, 4, 2], [1, 0, 2, 3], [6, 5, 4, 3]]
assert largest.tolist() == [2, 4, 3, 6, 4, 3, 2, 3]
assert pooled.tolist() == F.max_pool2d(x, 2)[0].tolist() == [[[2, 3], [4, 2]], [[4, 6], [3, 3]]]
v = ag.Variable(x)
gx = ag.grad(F.max_pool2d(v, 2), v).data
assert gx.sum() == 8 and (x[gx > 0] == [2, 3, 2, 4, 6, 4, 3, 3]).all()  # each gradient at its largest number

figure = Figure(figsize=(10, 5.2), layout="constrained")
left, middle, column_, right = figure.subfigures(1, 4, width_ratios=[4, 4, 1.6, 2.4])
for k, axes in enumerate(left.subplots(2, 1)):
    matrix(axes, x[0, k], f"channel {k + 1}", [(i, j) for i, j in np.ndindex(2, 2)], limit=12)
axes = middle.subplots()
matrix(axes, windows, "windows  (8, 4)", [(k, j) for k in (0, 1) for j in range(4)], limit=12)
for k in range(8):
    axes.text(-0.65, k, f"channel {k % 2 + 1}", ha="right", va="center", fontsize=8)
matrix(column_.subplots(), largest[:, None], "largest", [(0, 0), (1, 0)], limit=12)
for k, axes in enumerate(right.subplots(2, 1)):
    matrix(axes, pooled[k], f"channel {k + 1}", [(0, 0)], limit=12)
save(figure, "08e_pooling.png")
