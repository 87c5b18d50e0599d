"""Which samples an epoch has, where it is not all of them once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.backend import is_array
from autograd.bfloat16 import kind_of
from autograd.checks import flag, shown, whole

__all__ = ["WeightedSampler"]


class WeightedSampler:
    """Samples drawn with probabilities in proportion to `weights`: `DataLoader(data, 32, sampler=WeightedSampler(w))`.

    weights       one number >= 0 for each sample of the data
    samples       drawn in an epoch; None: as many as there are weights
    replacement   False: no sample twice in an epoch

    `WeightedSampler(1 / np.bincount(t)[t])` gives each class of the labels t the same share.

    >>> WeightedSampler([0, 1, 0], samples=4)(np.random.default_rng(0))
    array([1, 1, 1, 1])

    Raises ValueError for weights that are negative, not finite or all 0, and, without replacement, if fewer than
    `samples` weights are above 0.
    """

    def __init__(self, weights: Any, samples: int | None = None, *, replacement: bool = True) -> None:
        try:
            w = np.asarray(weights, np.float64) if is_array(weights) or hasattr(weights, "__len__") else np.zeros(())
        except (TypeError, ValueError):
            w = np.zeros(())
        if w.ndim != 1 or kind_of(np.asarray(weights).dtype) not in "fiub":
            raise TypeError(f"WeightedSampler: weights must be a list of numbers, not {shown(weights)}")
        if not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
            raise ValueError(f"WeightedSampler: weights must be at least 0, and not all 0, not {shown(weights)}")
        self.p, self.length = w / w.sum(), len(w)
        self.replacement = flag("WeightedSampler: replacement", replacement)
        most = {} if replacement else {"most": int(np.count_nonzero(w))}
        self.samples = whole("WeightedSampler: samples", len(w) if samples is None else samples, **most)

    def __len__(self) -> int:
        """The number of samples in an epoch."""
        return self.samples

    def __call__(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The numbers of the samples of an epoch."""
        return rng.choice(self.length, self.samples, replace=self.replacement, p=self.p)
