"""Neural style: a photo painted with the strokes of another picture, by gradient descent on its pixels.

Every patch of the picture is to look like some patch of the style, to a layer of filters as well as to the eye, and the
picture, smoothed, like the photo. In turn, each patch of features is given the one that is nearest to it in the style,
and the pixels are trained towards these (Li and Wand, 2016). The filters are random, which is enough for strokes
(Ustyuzhaninov et al., 2017). The distance is not squared, so a pixel under several strokes sides with most of them.

The photo is Grace Hopper's, which comes with matplotlib (U.S. Navy, public domain); the style is drawn by this script.

    python examples/style.py [--fast]        (leaves runs/style.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import cbook
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O

SIZE = 120 if "--fast" in sys.argv else 240

TENT = np.stack([np.outer([1, 3, 3, 1], [1, 3, 3, 1])[None]] * 3).astype(np.float32) / 64  # for each colour
FILTERS = np.random.default_rng(1).standard_normal((5, 3, 5, 5)).astype(np.float32) / 5


def pixels(image, size=SIZE):
    """Colours from 0 to 1.   (1, 3, size, size)"""
    image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255


def resized(x, size):
    return pixels(Image.fromarray((255 * x[0].transpose(1, 2, 0)).round().astype(np.uint8)), size)


def strokes(rng):
    """A painting: short thick strokes along whirling lines, of eight colours."""
    colours = ["#0b2545", "#13315c", "#1f5f8b", "#3fa7d6", "#8ecae6", "#fac05e", "#f79d5c", "#fff3c4"]
    image = Image.new("RGB", (512, 512), colours[0])
    pen = ImageDraw.Draw(image)
    for _ in range(2500):
        x, y = rng.uniform(0, 512, 2)
        angle = 2.5 * np.sin(x / 90) + 2.5 * np.cos(y / 110)
        dx, dy = 30 * np.cos(angle), 30 * np.sin(angle)
        light = 0.5 + 0.5 * np.sin(x / 60 + 2 * np.cos(y / 70)) + rng.normal(0, 0.2)
        pen.line((x - dx, y - dy, x + dx, y + dy), colours[int(np.clip(8 * light, 0, 7))], width=18)
    return pixels(image)


def recoloured(x, like):
    """x with the mean and the covariance that the three colours have in another picture."""
    a, b = x.reshape(3, -1), like.reshape(3, -1)
    (va, Qa), (vb, Qb) = np.linalg.eigh(np.cov(a)), np.linalg.eigh(np.cov(b))
    A = (Qb * vb**0.5 @ Qb.T) @ (Qa * va**-0.5 @ Qa.T)
    y = A @ (a - a.mean(axis=1, keepdims=True)) + b.mean(axis=1, keepdims=True)
    return y.reshape(x.shape).clip(0.03, 0.97).astype(np.float32)


def smooth(x):
    """The picture at a quarter of its size."""
    return F.conv2d(F.conv2d(x, TENT, stride=2, pad=1, groups=3), TENT, stride=2, pad=1, groups=3)


def patches_of(x, stride=3):
    """The patches of the picture, and of what a layer of random filters sees in it.   -> (patches, (3 + 5) · 9 · 9)"""
    seen = F.relu(F.conv2d(x, FILTERS - FILTERS.mean(axis=(1, 2, 3), keepdims=True), pad=2))
    return F.im2col(F.concat([x, 0.5 * seen], axis=1), 9, stride=stride)


def nearest(x, patches):
    """For every patch of x the patch that is nearest: |a - b|^2 is least where a.b - |b|^2 / 2 is greatest."""
    return patches[(patches_of(x) @ patches.T - (patches**2).sum(axis=1) / 2).argmax(axis=1)]


def distance(x, near):
    return F.sqrt((patches_of(x) - near) ** 2 + 1e-4).mean()


def paint(x, content, style):
    """x, trained at one size."""
    patches, wanted, u = patches_of(style, 1 if x.size < 100_000 else 2), smooth(content), ag.Variable(x)
    optimizer, near = O.Adam([u], lr=0.03), None
    for step in range(80):
        near = near if step % 10 else nearest(u.data, patches)
        style_loss, content_loss = distance(u, near), ((smooth(u) - wanted) ** 2).mean()
        u.cleargrad()
        (style_loss + 2 * content_loss).backward()
        optimizer.update()
        u.data = u.data.clip(0, 1)
    return u.data


def main():
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        content = pixels(Image.open(file).convert("RGB").crop((60, 20, 460, 420)))
    style = strokes(np.random.default_rng(0))
    x = start = recoloured(content, style)
    for size in (SIZE // 4, SIZE // 2, SIZE):
        x = paint(resized(x, size), resized(start, size), resized(style, size))
    figure = Figure(figsize=(12, 4.3), layout="constrained")
    pictures = {"the photo": content, "the style": style, "the photo in this style": x}
    for axes, (title, picture) in zip(figure.subplots(1, 3), pictures.items()):
        axes.imshow(picture[0].transpose(1, 2, 0))
        axes.set_title(title)
        axes.axis("off")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/style.png", dpi=120)
    print("drawn: runs/style.png")
    before, after = [distance(picture, nearest(picture, patches_of(style, 2))) for picture in (start, x)]
    print(f"to the nearest patch of the style: {before:.4f} from the photo, {after:.4f} from the picture")
    assert after < 0.8 * before and ((smooth(x) - smooth(start)) ** 2).mean() < 0.02


if __name__ == "__main__":
    main()
