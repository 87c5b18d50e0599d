"""Neural style: a photo painted with the brush of another picture, by gradient descent on its pixels.

A network's features say what is where; their products, averaged over all places (the Gram matrix), say which features
go together, wherever that is: the style (Gatys, Ecker and Bethge, 2016). The pixels are trained until their Gram
matrices are those of the style, while the picture made small stays that of the photo. No trained weights are at hand
here: the features are *random* filters and a ReLU, at three sizes of the picture. For texture that is enough
(Ustyuzhaninov et al., 2017), and colours and strokes are taken over; but random filters know nothing of things, and a
network trained on photos paints better.

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

STEPS = 60 if "--fast" in sys.argv else 300
SIZE = 128
TENT = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64


def pixels(image):
    """Colours from 0 to 1.   (1, 3, SIZE, SIZE)"""
    image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255


def photo():
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        return pixels(Image.open(file).convert("RGB").crop((60, 20, 460, 420)))


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


def half(x):
    """The picture at half its size, each colour smoothed with a tent."""
    return F.conv2d(x, np.stack([TENT[None]] * 3), stride=2, pad=1, groups=3)


def grams(x, filters):
    """At three sizes: G[i, j] = the mean over all places of feature i times feature j."""
    for _ in range(3):
        maps = F.relu(F.conv2d(x, filters)).reshape(len(filters), -1)
        yield maps @ maps.transpose() / maps.shape[1]
        x = half(x)


def main():
    rng = np.random.default_rng(0)
    content, style = photo(), strokes(rng)
    filters = rng.standard_normal((64, 3, 7, 7), dtype=np.float32) / 12
    filters -= filters.mean(axis=(1, 2, 3), keepdims=True)  # so that they see edges and not brightness
    wanted = list(grams(style, filters))
    start = recoloured(content, style)
    small = half(half(start))
    u = ag.Variable(np.log(start / (1 - start)))  # the picture is sigmoid(u), and so between 0 and 1
    optimizer = O.Adam([u], lr=O.cosine(0.1, STEPS))
    history = []
    for step in range(1, STEPS + 1):
        x = F.sigmoid(u)
        style_loss = sum(((G - W) ** 2).sum() / (W**2).sum() for G, W in zip(grams(x, filters), wanted))
        content_loss = ((half(half(x)) - small) ** 2).mean()
        rough = ((x[..., 1:] - x[..., :-1]) ** 2).mean() + ((x[..., 1:, :] - x[..., :-1, :]) ** 2).mean()
        loss = style_loss + 3 * content_loss + 0.2 * rough
        u.cleargrad()
        loss.backward()
        optimizer.update()
        history.append(style_loss.item())
        if step % (STEPS // 5) == 0:
            print(f"step {step:3}  style {history[-1]:.4f}  content {content_loss.item():.4f}")
    figure = Figure(figsize=(12, 4.3), layout="constrained")
    titles = ["the photo", "the style", "the photo in this style"]
    for axes, title, picture in zip(figure.subplots(1, 3), titles, (content, style, x.data)):
        axes.imshow(picture[0].transpose(1, 2, 0))
        axes.set_title(title)
        axes.axis("off")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/style.png", dpi=120)
    print("drawn: runs/style.png")
    assert history[-1] < 0.4 * history[0] and content_loss.item() < 0.02


if __name__ == "__main__":
    main()
