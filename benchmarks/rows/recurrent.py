"""Recurrent layers, forward and backward: step by step in a loop, and whole sequences in one call."""

import numpy as np

import autograd.functions as F
import autograd.layers as L
from autograd.models import load_weights
from rows import Row, Work

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def weights(kind, I, H, rng):
    """As PyTorch keeps them."""
    shapes = {"weight_ih": (GATES[kind] * H, I), "weight_hh": (GATES[kind] * H, H)}
    shapes |= {"bias_ih": (GATES[kind] * H,), "bias_hh": (GATES[kind] * H,)}
    return {name: (rng.uniform(-1, 1, shape) / H**0.5).astype(np.float32) for name, shape in shapes.items()}


def loop(N, T, I, H):
    """An LSTM and a linear layer, called T times."""

    def data(rng):
        xs = [rng.standard_normal((N, I)).astype(np.float32) for _ in range(T)]
        return xs, weights("LSTM", I, H, rng), rng.standard_normal((H, 1)).astype(np.float32)

    def ours(xs, state, W):
        lstm, linear = L.LSTM(H, I), L.Linear(1, H)
        load_weights(lstm, {f"{name}_l0": w for name, w in state.items()})
        linear.W.data, linear.b.data = W.copy(), np.zeros(1, np.float32)

        def step(xs):
            lstm.reset_state()
            loss = 0.0
            for x in xs:
                loss = loss + F.sum(linear(lstm(x)))
            lstm.cleargrads()
            linear.cleargrads()
            loss.backward()
            return loss, lstm.Wh.grad, linear.W.grad

        return Work(step, (xs,))

    def theirs(xs, state, W):
        import torch

        lstm, linear = torch.nn.LSTMCell(I, H), torch.nn.Linear(H, 1)
        lstm.load_state_dict({name: torch.tensor(w) for name, w in state.items()})
        linear.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.zeros(1)})

        def step(xs):
            h = c = torch.zeros(N, H)
            loss = 0.0
            for x in xs:
                h, c = lstm(x, (h, c))
                loss = loss + linear(h).sum()
            lstm.zero_grad()
            linear.zero_grad()
            loss.backward()
            return loss, lstm.weight_hh.grad.T, linear.weight.grad.T

        return Work(step, ([torch.tensor(x) for x in xs],))

    def jaxs(xs, state, W):
        import jax
        import jax.numpy as jnp

        def f(Wh, W, Wx, b, xs):
            def cell(state, x):
                h, c = state
                i, f, g, o = jnp.split(x @ Wx + h @ Wh + b, 4, 1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), (h @ W).sum()

            zeros = jnp.zeros((N, H), jnp.float32)
            return jax.lax.scan(cell, (zeros, zeros), xs)[1].sum()

        def step(*args):
            loss, (gWh, gW, _, _) = jax.value_and_grad(f, (0, 1, 2, 3))(*args)
            return loss, gWh, gW

        given = state["weight_hh"].T, W, state["weight_ih"].T, state["bias_ih"] + state["bias_hh"]
        return Work(jax.jit(step), (*map(jnp.asarray, given), jnp.stack(xs)))

    return Row(data, ours, theirs, jaxs, tolerance=1e-3)


def sequence(kind, N, T, I, H):
    """All steps in one call."""

    def data(rng):
        return rng.standard_normal((N, T, I)).astype(np.float32), weights(kind, I, H, rng)

    def ours(x, state):
        layer = getattr(L, kind)(H, I)
        load_weights(layer, {f"{name}_l0": w for name, w in state.items()})

        def step(x):
            layer.cleargrads()
            layer.reset_state()
            y = layer(x)
            loss = (y * y).sum()
            loss.backward()
            return loss, layer.Wh.grad

        return Work(step, (x,))

    def theirs(x, state):
        import torch

        layer = getattr(torch.nn, kind)(I, H, batch_first=True)
        layer.load_state_dict({f"{name}_l0": torch.tensor(w) for name, w in state.items()})

        def step(x):
            layer.zero_grad()
            y, _ = layer(x)
            loss = (y * y).sum()
            loss.backward()
            return loss, layer.weight_hh_l0.grad.T

        return Work(step, (torch.tensor(x),))

    return Row(data, ours, theirs, tolerance=1e-3)


SMALL, LARGE = (30, 30, 50, 100), (64, 64, 128, 256)
ROWS = {
    "lstm_loop": loop(*SMALL),
    "lstm_loop_256": loop(*LARGE),
    **{f"{kind.lower()}_seq": sequence(kind, *SMALL) for kind in GATES},
    **{f"{kind.lower()}_seq_256": sequence(kind, *LARGE) for kind in GATES},
}
