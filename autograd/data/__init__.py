"""Data sets, and their division into batches. Everything here is arrays: no Variable is known.

    x, t = data.digits()
    for x, t in data.DataLoader((x, t), batch_size=32):
        ...

`digits` comes with the package, `spiral` and `sine` are computed, `mnist` and `fashion_mnist` are read from
a local folder or fetched once. Each gives a pair of arrays (x, t): float32 inputs and their targets.
`transforms` prepares images, and changes them at random.
"""

from autograd.data import transforms
from autograd.data.datasets import digits, fashion_mnist, mnist, sine, spiral
from autograd.data.idx import parse_idx
from autograd.data.loader import DataLoader
from autograd.data.sources import cache_folder

__all__ = [
    "DataLoader",
    "cache_folder",
    "digits",
    "fashion_mnist",
    "mnist",
    "parse_idx",
    "sine",
    "spiral",
    "transforms",
]
