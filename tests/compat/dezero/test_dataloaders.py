"""Batches."""

import dezero
import numpy as np

from tests.compat.dezero.samples import Squares, numpys_own

pytestmark = numpys_own


def test_a_loader_is_its_own_iterator():
    np.random.seed(6)
    loader = dezero.DataLoader(Squares(), 3)
    epochs = [[x.tolist() for x, _ in loader] for _ in range(2)]
    np.random.seed(6)
    for epoch in epochs:
        order = np.random.permutation(7).astype(float).tolist()
        assert epoch == [order[:3], order[3:6], order[6:]]
    loader = dezero.DataLoader(Squares(), 3, shuffle=False)
    x, t = next(loader)
    assert (x.tolist(), t.tolist()) == ([0, 1, 2], [0, 1, 4])
    assert loader.next()[0].tolist() == [3, 4, 5]
    assert (loader.max_iter, loader.data_size, loader.batch_size, loader.gpu) == (3, 7, 3, False)
    loader.reset()
    assert loader.next()[0].tolist() == [0, 1, 2]
    loader.to_gpu()
    assert loader.gpu
    loader.to_cpu()
    assert not loader.gpu


def test_rows_of_a_sequential_loader_follow_the_data():
    batches = [x.tolist() for x, _ in dezero.SeqDataLoader(Squares(), 3)]
    assert batches == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]
