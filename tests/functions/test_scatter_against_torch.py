"""Scattering with a reduction against PyTorch: values and gradients, where many values meet in one place."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from tests.against_torch import close, one_thread, torch

__all__ = ["one_thread"]

THEIRS = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "amax", "min": "amin"}


@pytest.mark.parametrize("reduction", THEIRS)
@pytest.mark.parametrize("axis, n", [(0, 7), (1, 3), (-1, 9), (1, 0)])
@pytest.mark.parametrize("zeros", [False, True])
def test_scatter_reduce(reduction, axis, n, zeros):
    rng = np.random.default_rng(n)
    arrays = [rng.standard_normal((4, 5)), rng.standard_normal((n, 5) if axis == 0 else (4, n))]
    index = rng.integers(0, 4, arrays[1].shape)
    if zeros and reduction in ("sum", "mean", "prod"):  # of equal extremes the first has the gradient here
        arrays = [a * (rng.random(a.shape) > 0.4) for a in arrays]
    given, tensors = [Variable(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    y = F.scatter_reduce(given[0], index, given[1], axis, reduction)
    expected = tensors[0].scatter_reduce(axis, torch.tensor(index), tensors[1], THEIRS[reduction])
    close(y, expected)
    seed = rng.standard_normal(y.shape)
    for found, e in zip(grad([y], given, [seed]), torch.autograd.grad(expected, tensors, torch.tensor(seed))):
        close(found, e)
