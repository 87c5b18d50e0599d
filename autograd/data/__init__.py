"""Data sets, transforms of images, and batches. All of it works on arrays, without Variables.

    x, t = data.digits()
    for x, t in data.DataLoader((x, t), batch_size=32):
        ...

`digits` comes with the package, `spiral` and `sine` are computed, `mnist` and `fashion_mnist` are read from a local
folder or downloaded once. Each returns a pair of arrays (x, t): float32 inputs and their targets. `transforms` prepares
images and augments them at random.

A `DataLoader` takes arrays, frames of pandas, tensors, lists, dicts, and objects with len and data[i]. It can transform
samples, `collate` ragged ones, draw them by a `WeightedSampler`, and make batches ahead in worker processes.

Texts become numbers by a `CharacterVocabulary`, a `ByteVocabulary` or a published `Tokenizer`. `SequenceLoader` pads
batches of similar length, `StreamLoader` is the layout for truncated backpropagation, and `Windows` are samples of a
long text.
"""

from __future__ import annotations

from autograd.data import transforms
from autograd.data.columns import stacked
from autograd.data.datasets import digits, fashion_mnist, mnist, sine, spiral
from autograd.data.idx import parse_idx
from autograd.data.loader import DataLoader
from autograd.data.samplers import WeightedSampler
from autograd.data.sequences import SequenceLoader, StreamLoader, Windows, padded
from autograd.data.sources import cache_folder
from autograd.data.text import ByteVocabulary, CharacterVocabulary, Tokenizer

__all__ = [
    "ByteVocabulary",
    "CharacterVocabulary",
    "DataLoader",
    "SequenceLoader",
    "StreamLoader",
    "Tokenizer",
    "WeightedSampler",
    "Windows",
    "cache_folder",
    "digits",
    "fashion_mnist",
    "mnist",
    "padded",
    "parse_idx",
    "sine",
    "spiral",
    "stacked",
    "transforms",
]
