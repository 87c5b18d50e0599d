"""Parameters of float16: the steps are those of float32, rounded. In float16 eps = 1e-8 is 0, and so is (1e-4)^2."""

import numpy as np
import pytest

import autograd.optimizers as O
from autograd import Variable
from autograd.optimizers import Optimizer

KINDS = {name: f for name in O.__all__ if isinstance(f := getattr(O, name), type)}
OPTIMIZERS = {name: f for name, f in KINDS.items() if issubclass(f, Optimizer) and f is not Optimizer}


def trained(kind, dtype, gradients):
    p = Variable(np.array([1.0, -0.5, 2.0, 0.25], np.float16).astype(dtype))
    optimizer = kind([p], lr=0.125)
    for g in gradients:
        p.grad = Variable(g.astype(dtype))
        optimizer.update()
        p.data[...] = p.data.astype(np.float16)
    return p.data, optimizer


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1.0, 300.0])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.filterwarnings("error")
def test_steps_of_float16(name, scale):
    """In float64 with the parameter rounded after each step; gradients of 0 among them."""
    gradients = [(scale * np.array([1, -2, 0, g])).astype(np.float16) for g in (1, -3, 0.5, 2)]
    p, optimizer = trained(OPTIMIZERS[name], np.float16, gradients)
    exact, _ = trained(OPTIMIZERS[name], np.float64, gradients)
    assert p.dtype == np.float16
    np.testing.assert_allclose(p.astype(float), exact, rtol=2e-3, atol=1e-6)
    assert all(slot.dtype == np.float32 for slots in optimizer.state.values() for slot in slots)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_float16_continues(name):
    gradients = [np.array([1e-4, -2e-4, 0, 3e-4], np.float16)] * 3
    _, optimizer = trained(OPTIMIZERS[name], np.float16, gradients)
    p = Variable(np.ones(4, np.float16))
    other = OPTIMIZERS[name]([p], lr=0.125)
    other.load_state_dict(optimizer.state_dict())
    assert other.state_dict().keys() == optimizer.state_dict().keys()


@pytest.mark.parametrize("norm", [1e-3, 1.0, 1e4])
def test_gradients_of_float16_are_clipped(norm):
    """By a norm whose square is infinite in float16, or 0; and by a factor that is."""
    for g in (np.full(100, 6e4, np.float16), np.full(4, 1e-3, np.float16)):
        p = Variable(g * 0)
        clipped = O.clip_by_norm(norm)({"p": p}, {"p": g})["p"]
        n = float(np.sqrt((g.astype(float) ** 2).sum()))
        np.testing.assert_allclose(clipped.astype(float), g.astype(float) * min(norm / n, 1), rtol=2e-3)
        assert clipped.dtype == np.float16


def test_weight_decay_of_float16():
    p = Variable(np.full(3, 0.01, np.float16))
    g = O.weight_decay(1e-4)({"p": p}, {"p": np.zeros(3, np.float16)})["p"]
    assert g.dtype == np.float16
    np.testing.assert_allclose(g.astype(float), 1e-6, atol=2.0**-24)
