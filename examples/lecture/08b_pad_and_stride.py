"""8b. Convolution: padding and stride.

A border of zeros, the padding, keeps the image's size: without it the image shrinks with every layer, and its edge is
seen less often than its middle. The stride says how far the filter moves: with 2 it visits every second place, and the
result is half as high and wide. OH = (H + 2P - FH) / S + 1 counts the places.

    python examples/lecture/08b_pad_and_stride.py

    runs/lecture/08b_pad.png  The image 1 to 16 with a padding of 1, and what a 3 x 3 filter of ones makes of it: as
        large as the image.
    runs/lecture/08b_stride.png  A 2 x 2 filter of ones with stride 1, of whose nine places three are framed, and with
        stride 2, which has four. Equal colours belong together.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pictures import matrix, save, sign

import autograd.functions as F

IMAGE = np.arange(1.0, 17).reshape(4, 4)
COLORS = ["tab:red", "tab:green", "tab:purple", "k"]


def ones(n):
    return np.ones((1, 1, n, n))


def size(H, FH, P, S):
    return (H + 2 * P - FH) // S + 1


padded = np.pad(IMAGE, 1)
print("with a padding of 1:\n", padded.astype(int))
assert padded.shape == (6, 6) and padded[0].tolist() == [0] * 6 and padded[1].tolist() == [0, 1, 2, 3, 4, 0]
assert padded[4].tolist() == [0, 13, 14, 15, 16, 0] and padded.sum() == IMAGE.sum() == 136
same = F.conv2d(IMAGE[None, None], ones(3), pad=1)[0, 0]
print("3 x 3 ones, padding 1:", same.tolist())
assert same.tolist() == [[14, 24, 30, 22], [33, 54, 63, 45], [57, 90, 99, 69], [46, 72, 78, 54]]
assert (F.conv2d(padded[None, None], ones(3))[0, 0] == same).all()  # zeros around, or pad=1: the same

results = {}
for stride, expected in ((1, [[14, 18, 22], [30, 34, 38], [46, 50, 54]]), (2, [[14, 22], [46, 54]])):
    results[stride] = y = F.conv2d(IMAGE[None, None], ones(2), stride=stride)[0, 0]
    print(f"2 x 2 ones, stride {stride}: {y.tolist()}")
    assert y.tolist() == expected and len(y) == size(4, 2, 0, stride)
with_both = F.conv2d(IMAGE[None, None], ones(2), stride=2, pad=1)[0, 0]
print("2 x 2 ones, stride 2, padding 1:", with_both.tolist())
assert with_both.tolist() == [[1, 5, 4], [14, 34, 20], [13, 29, 16]] and len(with_both) == size(4, 2, 1, 2) == 3

figure = Figure(figsize=(10, 3.6), layout="constrained")
line = figure.subplots(1, 7, width_ratios=[4, 0.5, 6, 0.5, 3, 0.5, 4])
matrix(line[0], IMAGE, "image  (4, 4)", limit=100)
sign(line[1], "→")
matrix(line[2], padded, "padding 1  (6, 6)", limit=100)
line[2].add_patch(Rectangle((0.5, 0.5), 4, 4, fill=False, linewidth=2, zorder=3))
sign(line[3], "*")
matrix(line[4], ones(3)[0, 0], "filter  (3, 3)", limit=100)
sign(line[5], "=")
matrix(line[6], same, "output  (4, 4)", limit=100)
save(figure, "08b_pad.png")

figure = Figure(figsize=(7.5, 6.6), layout="constrained")
for line, (stride, y), places in zip(
    figure.subplots(2, 5, width_ratios=[4, 0.5, 2, 0.5, 3]), results.items(), ([0, 1, 3], [0, 1, 2, 3])
):
    matrix(line[0], IMAGE, f"image, stride {stride}", limit=60)
    sign(line[1], "*")
    matrix(line[2], ones(2)[0, 0], "filter", limit=60)
    sign(line[3], "=")
    matrix(line[4], y, f"output  {y.shape}", limit=60)
    for place, color in zip(places, COLORS):
        i, j = divmod(place, len(y))
        inset = (
            0.04 + 0.06 * COLORS.index(color) if stride == 1 else 0.04
        )  # so that frames that overlap can be told apart
        for axes, corner, side in ((line[0], (stride * j, stride * i), 2), (line[4], (j, i), 1)):
            x0, y0 = corner[0] - 0.5 + inset, corner[1] - 0.5 + inset
            axes.add_patch(
                Rectangle((x0, y0), side - 2 * inset, side - 2 * inset, fill=False, edgecolor=color, linewidth=2.5)
            )
save(figure, "08b_stride.png")
