"""Makes autograd/data/digits.npz from scikit-learn's copy of the UCI digits; a tool of development.

    python tests/data/make_digits.py autograd/data/digits.npz

The test set is chosen without a random generator, so that it can be computed again anywhere, in any language:
each class gets its share of the 360 places (largest remainders, the smaller digit first), and within a class
the places go to the samples whose SHA-256 of the text `digits-<row>` is smallest.
"""

import hashlib
import sys

import numpy as np
from sklearn.datasets import load_digits

TEST = 360


def rows_of_test(t):
    """True where a row belongs to the test set."""
    counts = np.bincount(t)
    places, remainders = np.divmod(counts * TEST, len(t))
    for digit in np.argsort(-remainders, kind="stable")[: TEST - places.sum()]:
        places[digit] += 1
    ranks = [hashlib.sha256(f"digits-{row}".encode()).hexdigest() for row in range(len(t))]
    chosen = np.zeros(len(t), bool)
    for digit, count in enumerate(places):
        rows = sorted(np.flatnonzero(t == digit), key=ranks.__getitem__)
        chosen[rows[:count]] = True
    return chosen


def make(path):
    digits = load_digits()
    images, t = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    if not np.array_equal(images, digits.images):
        raise ValueError("the images are not whole numbers")
    np.savez_compressed(path, images=images, labels=t, test=rows_of_test(t))


if __name__ == "__main__":
    make(sys.argv[1])
