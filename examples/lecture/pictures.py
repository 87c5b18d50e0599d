"""What the pictures of the lecture have in common: matrices drawn with their numbers, and where a picture is saved."""

from pathlib import Path

import numpy as np

FOLDER = Path("runs/lecture")


def save(figure, name):
    """Writes the picture into runs/lecture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / name, dpi=120)
    print("drawn:", FOLDER / name)


def matrix(axes, M, title="", marked=(), limit=None, digits=0, size=9):
    """Draws a matrix as squares with numbers, blue below zero, red above; `marked` ones, (row, column), get a frame."""
    M = np.atleast_2d(M)
    limit = limit or np.abs(M).max() or 1
    axes.imshow(M, cmap="RdBu_r", vmin=-2 * limit, vmax=2 * limit)  # pale, so that the numbers can be read
    for (row, column), value in np.ndenumerate(M):
        axes.text(column, row, f"{value:.{digits}f}", ha="center", va="center", fontsize=size)
    for row, column in marked:
        frame = [column - 0.5, column + 0.5, column + 0.5, column - 0.5, column - 0.5]
        axes.plot(frame, [row - 0.5, row - 0.5, row + 0.5, row + 0.5, row - 0.5], "k", linewidth=2, clip_on=False)
    H, W = M.shape
    axes.hlines(np.arange(1, H) - 0.5, -0.5, W - 0.5, color="w", linewidth=0.8, zorder=0.5)
    axes.vlines(np.arange(1, W) - 0.5, -0.5, H - 0.5, color="w", linewidth=0.8, zorder=0.5)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def sign(axes, text):
    """A sign between two matrices, such as + or =."""
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=16, transform=axes.transAxes)
