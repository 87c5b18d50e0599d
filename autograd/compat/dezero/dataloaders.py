"""`dezero.dataloaders`: batches of a data set."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import backend

__all__ = ["DataLoader", "SeqDataLoader"]


class DataLoader:
    """An iterator over batches (x, t). With `shuffle`, the order is that of `np.random.permutation`.

    The loader has one position: a loop that was left early continues where it stopped.
    After the last batch the loader starts again.
    """

    def __init__(self, dataset: Any, batch_size: int, shuffle: bool = True, gpu: bool = False) -> None:
        self.dataset, self.batch_size, self.shuffle, self.gpu = dataset, batch_size, shuffle, gpu
        self.data_size = len(dataset)
        self.max_iter = math.ceil(self.data_size / batch_size)
        self.reset()

    def reset(self) -> None:
        """Starts again, in a new order."""
        self.iteration = 0
        self.index = np.random.permutation(self.data_size) if self.shuffle else np.arange(self.data_size)

    def __iter__(self) -> DataLoader:
        return self

    def __next__(self) -> tuple[Any, Any]:
        if self.iteration >= self.max_iter:
            self.reset()
            raise StopIteration
        samples = [self.dataset[i] for i in self.indices()]
        self.iteration += 1
        xp = backend.cupy() if self.gpu else np
        return xp.array([x for x, _ in samples]), xp.array([t for _, t in samples])

    next = __next__

    def indices(self) -> Any:
        """The indices of the samples of this batch."""
        return self.index[self.iteration * self.batch_size : (self.iteration + 1) * self.batch_size]

    def to_cpu(self) -> None:
        self.gpu = False

    def to_gpu(self) -> None:
        self.gpu = True


class SeqDataLoader(DataLoader):
    """Batches for a recurrent network. Row i reads the data from sample i D on, where D = size // batch_size."""

    def __init__(self, dataset: Any, batch_size: int, gpu: bool = False) -> None:
        super().__init__(dataset, batch_size, shuffle=False, gpu=gpu)

    def indices(self) -> Any:
        D = self.data_size // self.batch_size
        return [(i * D + self.iteration) % self.data_size for i in range(self.batch_size)]
