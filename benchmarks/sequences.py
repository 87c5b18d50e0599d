"""Recurrent layers against PyTorch with the same weights, forward and backward, float32.

python benchmarks/sequences.py

Outputs and gradients are compared first. `cell` is a loop of one call a step, `sequence` one call for all steps.
"""

import numpy as np
import torch
from timing import compare, header

import autograd.layers as L
from autograd.models import load_weights

SIZES = [(30, 30, 50, 100), (64, 64, 128, 256)]  # batch, steps, input, hidden


def our_step(layer, x, loop):
    steps = [np.ascontiguousarray(x[:, t]) for t in range(x.shape[1])]

    def step():
        layer.cleargrads()
        layer.reset_state()
        if loop:
            loss = 0
            for x_t in steps:
                h = layer(x_t)
                loss = loss + (h * h).sum()
        else:
            y = layer(x)
            loss = (y * y).sum()
        loss.backward()
        return loss.item(), layer.Wh.grad.data

    return step


def their_step(layer, x, loop):
    x = torch.from_numpy(x)
    steps = [x[:, t].contiguous() for t in range(x.shape[1])]

    def step():
        layer.zero_grad()
        if loop:
            h, c, loss = torch.zeros(len(x), layer.hidden_size), torch.zeros(len(x), layer.hidden_size), 0
            for x_t in steps:
                h, c = layer(x_t, (h, c))
                loss = loss + (h * h).sum()
        else:
            y, _ = layer(x)
            loss = (y * y).sum()
        loss.backward()
        weight = layer.weight_hh if loop else layer.weight_hh_l0
        return loss.item(), weight.grad.numpy().T

    return step


def pair(kind, x, H, loop):
    """The step of both, with equal weights."""
    I = x.shape[2]
    theirs = getattr(torch.nn, kind)(I, H, batch_first=True)
    ours = getattr(L, kind)(H, I)
    load_weights(ours, theirs.state_dict())
    if loop:
        cell = torch.nn.LSTMCell(I, H)
        cell.load_state_dict({name.removesuffix("_l0"): w for name, w in theirs.state_dict().items()})
        theirs = cell
    return our_step(ours, x, loop), their_step(theirs, x, loop)


def main():
    torch.set_num_threads(2)
    header()
    for N, T, I, H in SIZES:
        x = np.random.default_rng(0).standard_normal((N, T, I)).astype(np.float32)
        for kind, loop in (("LSTM", True), ("LSTM", False), ("GRU", False), ("RNN", False)):
            ours, theirs = pair(kind, x, H, loop)
            (a, gradient), (b, expected) = ours(), theirs()
            assert np.isclose(a, b, rtol=1e-4), (a, b)
            np.testing.assert_allclose(gradient, expected, atol=1e-3 * np.abs(expected).max())
            name = f"{kind} {'cell loop' if loop else 'sequence'}, {N} x {T}, {I} -> {H}"
            compare(name, ours, theirs, repeats=30 if N < 64 else 8)


if __name__ == "__main__":
    main()
