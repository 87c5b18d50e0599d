"""A Transformer block, a step of training a GPT, and decoding with a cache."""

import numpy as np

import autograd.functions as F
import autograd.layers as L
from autograd import Variable, models
from rows import Row, Work
from rows.networks import ours_trains, theirs_trains

N, T, D, HEADS, DEPTH, VOCABULARY = 16, 64, 128, 4, 4, 96
SHAPES = {
    "norm1.weight": (D,), "norm1.bias": (D,), "norm2.weight": (D,), "norm2.bias": (D,),
    "qkv.weight": (3 * D, D), "qkv.bias": (3 * D,), "out.weight": (D, D), "out.bias": (D,),
    "expand.weight": (4 * D, D), "expand.bias": (4 * D,), "project.weight": (D, 4 * D), "project.bias": (D,),
}  # fmt: skip


def drawn(rng, shapes, lead=""):
    """Weights under PyTorch's names: small, but for those of normalization."""

    def array(name, shape):
        return rng.standard_normal(shape) * 0.03 + (name.startswith("norm") and name.endswith("weight"))

    return {lead + name: array(name, shape).astype(np.float32) for name, shape in shapes.items()}


def our_names(state):
    """The same weights for our layers, which keep queries, keys and values apart."""
    found = {}
    for name, x in state.items():
        lead, packed, word = name.rpartition("qkv.")
        if packed:
            found |= {f"{lead}attention.{k}.{word}": part for k, part in zip("qkv", np.split(x, 3))}
        else:
            found[name.replace("out.", "attention.out.")] = x
    return found


def their_block(length=0, approximate="tanh"):
    """The block of a GPT as one writes it in PyTorch, with a cache of keys and values in two long tensors."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)
            self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
            self.expand, self.project = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)
            self.kept = torch.zeros(2, 1, HEADS, length, D // HEADS)

        def forward(self, x, seen=None):
            n, t, _ = x.shape
            heads = self.qkv(self.norm1(x)).view(n, t, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
            q, k, v = heads
            if seen is not None:
                self.kept[:, :, :, seen : seen + t] = heads[1:]
                k, v = self.kept[:, :, :, : seen + t]
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
            x = x + self.out(y.transpose(1, 2).reshape(n, t, D))
            return x + self.project(nn.functional.gelu(self.expand(self.norm2(x)), approximate=approximate))

    return Block()


def their_gpt(context):
    import torch
    from torch import nn

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(VOCABULARY, D), nn.Embedding(context, D)
            self.blocks = nn.ModuleList([their_block(context) for _ in range(DEPTH)])
            self.norm = nn.LayerNorm(D)

        def forward(self, index, seen=None):
            start = seen or 0
            x = self.tokens(index) + self.positions.weight[start : start + index.shape[1]]
            for block in self.blocks:
                x = block(x, seen)
            return self.norm(x) @ self.tokens.weight.T

    return GPT(), torch


class PackedBlock(L.Layer):
    """A block as one writes it with our functions, queries, keys and values from one matrix."""

    def __init__(self):
        self.norm1, self.norm2 = L.LayerNorm(D), L.LayerNorm(D)
        self.qkv, self.out = L.Linear(3 * D, D), L.Linear(D, D)
        self.expand, self.project = L.Linear(4 * D, D), L.Linear(D, 4 * D)
        self.mask = np.triu(np.full((T, T), -1e9, np.float32), 1)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).reshape(N, T, 3, HEADS, D // HEADS).transpose(2, 0, 3, 1, 4)
        scores = q @ k.transpose(0, 1, 3, 2) * np.float32((D // HEADS) ** -0.5)
        y = F.softmax(scores + self.mask, axis=-1) @ v
        x = x + self.out(y.transpose(0, 2, 1, 3).reshape(N, T, D))
        return x + self.project(F.gelu(self.expand(self.norm2(x))))


def block(packed):
    """Forward and backward of a block on (16, 64, 128): with exact gelu, written by hand; or that of `models.GPT`."""

    def data(rng):
        return [rng.standard_normal((N, T, D)).astype(np.float32) for _ in range(2)], drawn(rng, SHAPES)

    def ours(arrays, state):
        zeros = L.zeros
        layer = PackedBlock() if packed else models.gpt.Block(D, HEADS, 0.0, zeros, initializer=zeros, dtype=np.float32)
        models.load_weights(layer, state if packed else our_names(state))

        def step(x, gy):
            x = Variable(x)
            layer.cleargrads()
            y = layer(x)
            y.backward(gradient=gy)
            return y, x.grad, layer.expand.W.grad

        return Work(step, arrays)

    def theirs(arrays, state):
        import torch

        layer = their_block(approximate="none" if packed else "tanh")
        layer.load_state_dict({name: torch.tensor(x) for name, x in state.items()})

        def step(x, gy):
            x = x.detach().requires_grad_()
            layer.zero_grad()
            y = layer(x)
            y.backward(gy)
            return y, x.grad, layer.expand.weight.grad.T

        return Work(step, [torch.tensor(x) for x in arrays])

    return Row(data, ours, theirs)


def gpt_state(rng, context):
    state = drawn(rng, {"tokens.weight": (VOCABULARY, D), "positions.weight": (context, D)})
    for i in range(DEPTH):
        state |= drawn(rng, SHAPES, f"blocks.{i}.")
    return state | drawn(rng, {"norm.weight": (D,), "norm.bias": (D,)})


def our_gpt(context, state):
    model = models.GPT(VOCABULARY, context, D, DEPTH, HEADS, dropout=0.0)
    state = our_names(state)
    state["positions.W"] = state.pop("positions.weight")
    models.load_weights(model, state)
    return model


def loaded_gpt(context, state):
    module, torch = their_gpt(context)
    module.load_state_dict({name: torch.tensor(x) for name, x in state.items()})
    return module


def training():
    """A step of AdamW on 16 texts of 64 characters."""

    def data(rng):
        text = rng.integers(0, VOCABULARY, (N, T + 1))
        return text[:, :-1].copy(), text[:, 1:].copy(), gpt_state(rng, T)

    def ours(x, t, state):
        work = ours_trains(our_gpt(T, state), "AdamW", x, t)
        return Work(work.step, work.args)

    def theirs(x, t, state):
        work = theirs_trains(loaded_gpt(T, state), "AdamW", x, t)
        return Work(work.step, work.args)

    return Row(data, ours, theirs, tolerance=1e-3)


def decoding(count):
    """`count` characters, the likeliest each time, one by one with a cache."""

    def ours(state):
        model = our_gpt(1 + count, state)
        return Work(lambda start: model.generate(start, count, temperature=0)[0], ([[1]],))

    def theirs(state):
        import torch

        module = loaded_gpt(1 + count, state).eval()

        def step(start):
            text = torch.full((1, 1 + count), start)
            with torch.no_grad():
                for i in range(count):
                    text[0, i + 1] = module(text[:, i : i + 1], i)[0, -1].argmax()
            return text[0]

        return Work(step, (1,))

    return Row(lambda rng: (gpt_state(rng, 1 + count),), ours, theirs)


ROWS = {
    "attention_block": block(packed=True),
    "gpt_block": block(packed=False),
    "gpt_step": training(),
    **{f"gpt_decoding_{count}": decoding(count) for count in (128, 256, 512)},
}
