"""The short-time Fourier transform against PyTorch: values, and gradients in the signal and in the window."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from tests.against_torch import close, one_thread, torch

__all__ = ["one_thread"]


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("n, hop", [(8, None), (8, 3), (7, 2), (16, 16)])
def test_stft(n, hop, center):
    rng = np.random.default_rng(n)
    arrays = [rng.standard_normal((2, 40)), rng.uniform(0.2, 1, n)]
    given, (x, window) = [Variable(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    parts = F.stft(given[0], n, hop, given[1], center)
    z = torch.stft(x, n, hop, window=window, center=center, return_complex=True)
    seeds = [rng.standard_normal(part.shape) for part in parts]
    expected = torch.autograd.grad([z.real, z.imag], [x, window], [torch.tensor(seed) for seed in seeds])
    for part, theirs in zip(parts, (z.real, z.imag)):
        close(part, theirs)
    for found, e in zip(grad(parts, given, seeds), expected):
        close(found, e)
