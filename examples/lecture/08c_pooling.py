"""8c. Convolution: pooling.

The largest pixel of each window stands for all of it: the image becomes smaller, and nothing is learned. As only the
largest counts, it matters little where exactly it was, and an image moved by a pixel gives the same result, or nearly.
Backward, each gradient goes to where the largest pixel was, and the others get nothing.

    python examples/lecture/08c_pooling.py

    runs/lecture/08c_pooling.png  Max pooling 2 / 2, and its gradient.
    runs/lecture/08c_shift.png  An image, and the same moved by one pixel down and to the right: 12 pixels differ, and
        none of what pooling makes of them.
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
save(figure, "08c_pooling.png")

first = np.zeros((8, 8))
for row, column, height in ((0, 0, 9), (0, 4, 4), (2, 2, 7), (4, 6, 8), (6, 0, 5), (6, 4, 6)):
    first[row, column] = height
moved = np.roll(first, (1, 1), axis=(0, 1))
pooled, pooled_moved = [F.max_pool2d(M[None, None], 2)[0, 0] for M in (first, moved)]
print(f"moved by a pixel: {(first != moved).sum()} pixels differ, {(pooled != pooled_moved).sum()} after pooling")
assert (first != moved).sum() == 12 and (pooled == pooled_moved).all()

figure = Figure(figsize=(9, 7.6), layout="constrained")
lines = figure.subplots(2, 3, width_ratios=[8, 1, 6])
for line, name, M, small in zip(lines, ("image", "moved"), (first, moved), (pooled, pooled_moved)):
    matrix(line[0], M, name)
    sign(line[1], "→")
    matrix(line[2], small, "max pooling")
save(figure, "08c_shift.png")
