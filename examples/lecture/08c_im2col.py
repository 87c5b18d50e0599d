"""8c. Convolution: im2col, which makes it one product of matrices.

The pixels under the filter become a row, for each of its places one; each filter becomes a column. Then the convolution
of all images with all filters is one matrix product, which computers do best. The price is memory, because a pixel is
copied into every row in which it is seen. Back from the matrix, `col2im` adds the copies together again.

    python examples/lecture/08c_im2col.py

    runs/lecture/08c_steps.png  Three of nine steps: the pixels under the filter, the row that they become, and the
        number that comes out.
    runs/lecture/08c_product.png  All of it at once, with two filters: rows times columns, plus a bias, and each
        column of the result is an image again.
    runs/lecture/08c_col2im.png  Back again: the gradient 0 to 8 of nine places, times a filter of ones. Each of the
        four pixels of the filter adds one partial sum, moved by its own place.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import matrix, save, sign

import autograd as ag
import autograd.functions as F

image = np.arange(16.0).reshape(1, 1, 4, 4)
filters = np.ones((2, 1, 2, 2)) * np.array([1.0, 2.0]).reshape(2, 1, 1, 1)  # ones, and twos
bias = np.array([3.0, 3.0])

rows = F.im2col(image, 2)
columns = filters.reshape(2, 4).T
product = rows @ columns + bias  # (places, filters)
maps = product.T.reshape(2, 3, 3)
print("im2col:\n", rows.astype(int))
print("two maps:", maps.tolist())
assert rows.tolist() == [
    [0, 1, 4, 5], [1, 2, 5, 6], [2, 3, 6, 7],
    [4, 5, 8, 9], [5, 6, 9, 10], [6, 7, 10, 11],
    [8, 9, 12, 13], [9, 10, 13, 14], [10, 11, 14, 15],
]  # fmt: skip
assert maps[0].tolist() == [[13, 17, 21], [29, 33, 37], [45, 49, 53]]
assert maps[1].tolist() == [[23, 31, 39], [55, 63, 71], [87, 95, 103]]
assert np.array_equal(maps, F.conv2d(image, filters, bias)[0])
for N, C, shape in ((1, 1, (9, 25)), (1, 3, (9, 75)), (10, 3, (90, 75))):
    print(f"{N} images of {C} channels of 7 x 7, a filter of 5: im2col is", F.im2col(np.zeros((N, C, 7, 7)), 5).shape)
    assert F.im2col(np.zeros((N, C, 7, 7)), 5).shape == shape
copies = F.col2im(np.ones_like(rows), image.shape, 2)  # how often each pixel was copied
print("how often each pixel is seen:", copies[0, 0].astype(int).tolist())
assert copies[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]

figure = Figure(figsize=(10, 10), layout="constrained")
for place, line in zip((0, 1, 8), figure.subplots(3, 7, width_ratios=[4, 0.7, 4, 0.5, 1.2, 0.5, 1.2])):
    i, j = divmod(place, 3)
    pixels = [(i + k, j + m) for k, m in np.ndindex(2, 2)]
    matrix(line[0], image[0, 0], f"image, place {place}", pixels, limit=60)
    sign(line[1], "→")
    done = np.arange(9)[:, None] <= place
    matrix(line[2], done * rows, f"im2col, row {place}", [(place, k) for k in range(4)], limit=60)
    sign(line[3], "×")
    matrix(line[4], columns[:, :1], "filter", limit=60)
    sign(line[5], "+3 =")
    matrix(line[6], done * product[:, :1], "output", [(place, 0)], limit=60)
    for text in [*line[2].texts, *line[6].texts]:
        text.set_visible(text.get_position()[1] <= place)  # the others are still to come
save(figure, "08c_steps.png")

figure = Figure(figsize=(10, 5), layout="constrained")
line = figure.subplots(1, 7, width_ratios=[4, 0.5, 2, 0.8, 2.4, 0.8, 3])
line[6].axis("off")
matrix(line[0], rows, "im2col  (9, 4)", limit=100)
sign(line[1], "×")
matrix(line[2], columns, "filters  (4, 2)", limit=100)
sign(line[3], "+3 =")
matrix(line[4], product, "(9, 2)", limit=100)
sign(line[5], "→")
for k, corner in enumerate((0.53, 0.02)):
    matrix(line[6].inset_axes([0, corner, 1, 0.42]), maps[k], f"map {k + 1}", limit=100)
save(figure, "08c_product.png")

gy = np.arange(9.0)
gradient_rows = gy[:, None] * np.ones(4)  # of the rows of im2col: gy times the filter of ones
parts = []
for k, m in np.ndindex(2, 2):  # what col2im adds for each pixel of the filter
    part = np.zeros((4, 4))
    part[k : k + 3, m : m + 3] += gradient_rows[:, 2 * k + m].reshape(3, 3)
    parts.append(part)
dx = F.col2im(gradient_rows, image.shape, 2)[0, 0]
print("col2im adds four partial sums:", dx.astype(int).tolist())
assert parts[3].tolist() == [[0, 0, 0, 0], [0, 0, 1, 2], [0, 3, 4, 5], [0, 6, 7, 8]]
assert dx.tolist() == sum(parts).tolist() == [[0, 1, 3, 2], [3, 8, 12, 7], [9, 20, 24, 13], [6, 13, 15, 8]]
x = ag.Variable(image)
assert ag.grad(F.conv2d(x, filters[:1]), x, gy.reshape(1, 1, 3, 3)).data[0, 0].tolist() == dx.tolist()

figure = Figure(figsize=(11, 2.6), layout="constrained")
line = figure.subplots(1, 9, width_ratios=[4, 0.5, 4, 0.5, 4, 0.5, 4, 0.5, 4])
for i, part in enumerate(parts):
    k, m = divmod(i, 2)
    matrix(line[2 * i], part, f"pixel ({k}, {m})", [(k + a, m + b) for a, b in np.ndindex(3, 3)], limit=24)
    sign(line[2 * i + 1], "+" if i < 3 else "=")
matrix(line[8], dx, "gradient of the image", limit=24)
save(figure, "08c_col2im.png")
