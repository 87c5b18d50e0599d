"""RNN, LSTM and GRU equal PyTorch's, with the same weights, in many settings: outputs, states and all gradients."""

import numpy as np
import pytest

from autograd import Variable
from autograd.layers import GRU, LSTM, RNN
from autograd.models import load_weights
from tests.against_torch import one_thread, torch  # noqa: F401

KINDS = [RNN, LSTM, GRU]
SETTINGS = 210  # for each kind, in blocks of 30


def drawn(rng):
    """A setting: sizes, layers, directions, lengths, and whether a state is given."""
    N, T, I, H = (int(n) for n in rng.integers(1, 6, 4))
    layers, bidirectional = int(rng.integers(1, 4)), bool(rng.integers(2))
    lengths = rng.integers(1, T + 1, N) if rng.integers(2) else None
    if lengths is not None:
        lengths[rng.integers(N)] = T
    return (N, T, I, H), layers, bidirectional, lengths, bool(rng.integers(2))


def both(kind, rng, dtype):
    """Our layer and PyTorch's with its weights, and the arguments of a call."""
    (N, T, I, H), layers, bidirectional, lengths, with_state = drawn(rng)
    theirs = getattr(torch.nn, kind.__name__)(I, H, layers, batch_first=True, bidirectional=bidirectional)
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    ours = kind(H, I, layers=layers, bidirectional=bidirectional, dtype=dtype)
    load_weights(ours, theirs.state_dict())
    parts = layers * (1 + bidirectional)
    states = [rng.standard_normal((parts, N, H)).astype(dtype) for _ in ours.states] if with_state else None
    return ours, theirs, rng.standard_normal((N, T, I)).astype(dtype), lengths, states


def run_theirs(theirs, x, lengths, states):
    """y, the states after it, and what gradients are taken in."""
    x = torch.tensor(x, requires_grad=True)
    states = None if states is None else [torch.tensor(s, requires_grad=True) for s in states]
    given = None if states is None else tuple(states) if len(states) > 1 else states[0]
    if lengths is None:
        y, after = theirs(x, given)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), True, False)
        y, after = theirs(packed, given)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, True)
    return y, list(after) if isinstance(after, tuple) else [after], [x, *(states or [])]


def run_ours(layer, x, lengths, states):
    x, of_one = Variable(x), layer.depth * layer.directions == 1
    states = None if states is None else [Variable(s) for s in states]
    given = None if states is None else [s[0] for s in states] if of_one else states
    given = None if given is None else tuple(given) if len(given) > 1 else given[0]
    y, after = layer(x, given, lengths=lengths)
    after = list(after) if isinstance(after, tuple) else [after]
    return y, [s[None] if of_one else s for s in after], [x, *(states or [])]


def weights_of(theirs, name):
    """Our name of a weight, its gradient in our layout, and whether it is one of two biases that are added."""
    kind, end = name.rsplit("_l", 1)
    word = {"weight_ih": "Wx", "weight_hh": "Wh", "bias_ih": "b", "bias_hh": "d"}[kind]
    layer, _, reverse = end.partition("_")
    gradient = getattr(theirs, name).grad.numpy()
    ours = word + ("" if layer == "0" else layer) + ("_reverse" if reverse else "")
    return ours, gradient.T if gradient.ndim == 2 else gradient


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", range(SETTINGS // 30))
@pytest.mark.parametrize("kind", KINDS)
def test_equal_in_drawn_settings(kind, block, dtype):
    rng = np.random.default_rng([block, KINDS.index(kind)])
    tolerance = 1e-10 if dtype == np.float64 else 1e-4

    def close(got, expected):
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        assert got.dtype == expected.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale)

    for _ in range(30):
        ours, theirs, *given = both(kind, rng, dtype)
        found, expected = run_ours(ours, *given), run_theirs(theirs, *given)
        outputs = list(zip([found[0], *found[1]], [expected[0], *expected[1]], strict=True))
        losses = [0, 0]
        for got, wanted in outputs:
            close(got.data, wanted.detach().numpy())
            weight = rng.standard_normal(got.shape).astype(dtype)
            losses[0] = losses[0] + (got * weight).sum()
            losses[1] = losses[1] + (wanted * torch.tensor(weight)).sum()
        for loss in losses:
            loss.backward()
        for got, wanted in zip(found[2], expected[2], strict=True):
            close(got.grad.data, wanted.grad.numpy())
        gradients = dict(weights_of(theirs, name) for name, _ in theirs.named_parameters())
        for path, p in ours.named_params():
            close(p.grad.data, gradients.pop(path))
        assert all(path.startswith("d") and kind is not GRU for path in gradients)  # their second bias
