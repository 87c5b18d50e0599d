"""8d. Convolution: pooling.

The largest pixel of each window stands for all of it: the image becomes smaller, and nothing is learned. As only the
largest counts, it matters little where exactly it was, and an image moved by a pixel gives the same result, or nearly.
Backward, each gradient goes to where the largest pixel was, and the others get nothing.

    python examples/lecture/08d_pooling.py

    runs/lecture/08d_pooling.png  Max pooling 2 / 2, and its gradient.
    runs/lecture/08d_shift.png  A 6 x 6 image, and the same moved by one pixel to the right: 35 pixels differ, and none
        of what pooling makes of them.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag
import autograd.functions as F

image = np.array([[7.0, 11, 13, 15], [3, 4, 2, 3], [1, 2, 17, 9], [1, 8, 3, 10]])
x = ag.Variable(image[None, None])
y = F.max_pool2d(x, 2)
gy = np.array([[[[1.0, 2], [3, 4]]]])
gx = ag.grad(y, x, gy)
print("max pooling", y.data[0, 0].tolist(), " gradient", gx.data[0, 0].tolist())
assert y.data.tolist() == [[[[11, 15], [8, 17]]]]
assert gx.data.tolist() == [[[[0, 1, 0, 2], [0, 0, 0, 0], [0, 0, 4, 0], [0, 3, 0, 0]]]]
second = np.array([[[[1.0, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]]]])
assert F.max_pool2d(second, 2).tolist() == [[[[2, 3], [4, 2]]]]

figure = Figure(figsize=(10, 3.5), layout="constrained")
line = figure.subplots(1, 7, width_ratios=[4, 0.5, 2, 0.5, 2, 0.5, 4])
largest = [tuple(int(i) for i in place) for place in np.argwhere(gx.data[0, 0])]
matrix(line[0], image, "image", largest)
sign(line[1], "→")
matrix(line[2], y.data[0, 0], "max pooling")
line[3].axis("off")
matrix(line[4], gy[0, 0], "gradient", limit=17)
sign(line[5], "→")
matrix(line[6], gx.data[0, 0], "gradient of the image", largest, limit=17)
save(figure, "08d_pooling.png")

first = np.array([
    [1.0, 2, 0, 7, 1, 0], [0, 9, 2, 3, 2, 3], [3, 0, 1, 2, 1, 2],
    [2, 4, 0, 1, 0, 1], [6, 0, 1, 2, 1, 2], [2, 4, 0, 1, 8, 1],
])  # fmt: skip
moved = np.hstack([[[1.0], [3], [2], [3], [2], [1]], first[:, :-1]])  # by a pixel to the right; a new column comes in
pooled, pooled_moved = [F.max_pool2d(M[None, None], 3)[0, 0] for M in (first, moved)]
print(
    f"moved by a pixel: {(first != moved).sum()} of 36 pixels differ; pooled {pooled.tolist()}, {pooled_moved.tolist()}"
)
assert (moved[:, 1:] == first[:, :-1]).all() and (first != moved).sum() == 35
assert pooled.tolist() == pooled_moved.tolist() == [[9, 7], [6, 8]]

figure = Figure(figsize=(7, 7.6), layout="constrained")
lines = figure.subplots(2, 3, width_ratios=[6, 0.8, 2])
for line, name, M, small in zip(lines, ("image", "moved to the right"), (first, moved), (pooled, pooled_moved)):
    matrix(line[0], M, name, [tuple(map(int, np.argwhere(n == M)[0])) for n in (9, 7, 6, 8)])
    line[0].axhline(2.5, color="k")
    line[0].axvline(2.5, color="k")
    sign(line[1], "→")
    matrix(line[2], small, "max pooling 3 / 3")
save(figure, "08d_shift.png")
