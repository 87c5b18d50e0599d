"""ctc_loss: equal to PyTorch's in many settings, and as exact for long sequences as for short ones."""

import math

import numpy as np
import pytest

from autograd import Variable
from autograd.functions import ctc_loss


def drawn(rng, dtype):
    """Logits, labels with their numbers, and numbers of steps that are enough for them."""
    N, T, C, L = (int(n) for n in rng.integers([1, 4, 2, 1], [5, 20, 7, 6]))
    blank = int(rng.integers(C))
    labels = rng.integers(0, C - 1, (N, L))
    labels += labels >= blank
    counts = np.minimum(rng.integers(0, L + 1, N), (T + 1) // 2)
    lengths = rng.integers(np.maximum(2 * counts - 1, 1), T + 1)
    return rng.standard_normal((N, T, C)).astype(dtype), labels, counts, lengths, blank


@pytest.mark.standin_exempt("is compared with PyTorch on NumPy's arrays")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", range(5))
def test_equal_to_torch(block, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(block)
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for _ in range(40):
        values, labels, counts, lengths, blank = drawn(rng, dtype)
        x, theirs = Variable(values), torch.tensor(values, requires_grad=True)
        y = ctc_loss(x, labels, lengths=lengths, target_lengths=counts, blank=blank)
        y.backward()
        given = theirs.log_softmax(-1).transpose(0, 1), *map(torch.tensor, (labels, lengths, counts))
        expected = torch.nn.functional.ctc_loss(*given, blank=blank, reduction="sum") / len(values)
        expected.backward()
        assert y.dtype == x.grad.dtype == dtype
        np.testing.assert_allclose(y.data, expected.item(), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(x.grad.data, theirs.grad.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_ways_of_a_long_sequence(dtype):
    """Where all classes are equally likely, p is the number of ways over C^T: one label has T (T + 1) / 2."""
    T = 300
    x = Variable(np.zeros((1, T, 4), dtype))
    y = ctc_loss(x, [[2]])
    y.backward()
    rel = 1e-12 if dtype == np.float64 else 1e-5
    assert y.item() == pytest.approx(T * math.log(4) - math.log(T * (T + 1) / 2), rel=rel)
    np.testing.assert_allclose(x.grad.data.sum(-1), 0, atol=1e-4)
    assert np.isfinite(x.grad.data).all()


def test_far_logits_stay_finite():
    x = Variable(np.array([[[1000.0, -1000.0], [-1000.0, 1000.0]]]))
    y = ctc_loss(x, [[1]])
    y.backward()
    assert y.item() == pytest.approx(0, abs=1e-12)
    assert np.isfinite(x.grad.data).all()


def test_what_is_beyond_the_length_may_be_nan():
    values = np.random.default_rng(0).standard_normal((2, 5, 3))
    values[0, 3:] = np.nan
    x = Variable(values)
    y = ctc_loss(x, [[1], [2]], lengths=[3, 5])
    y.backward()
    assert np.isfinite(y.data)
    assert np.isfinite(x.grad.data).all()
    assert not x.grad.data[0, 3:].any()
