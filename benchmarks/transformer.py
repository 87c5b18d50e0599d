"""A Transformer block, a training step of a GPT, and decoding with a cache, against PyTorch with the same weights.

python benchmarks/transformer.py
"""

import numpy as np
import torch
from timing import compare, header

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import models

theirs = torch.nn.functional
N, T, D, HEADS, DEPTH, BATCH, CONTEXT, VOCABULARY = 16, 64, 128, 4, 4, 16, 64, 96
rng = np.random.default_rng(0)


class Block(torch.nn.Module):
    """The block of a GPT as one writes it in PyTorch, with a cache of keys and values in two long tensors."""

    def __init__(self, length=0):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(D), torch.nn.LayerNorm(D)
        self.qkv, self.out = torch.nn.Linear(D, 3 * D), torch.nn.Linear(D, D)
        self.expand, self.project = torch.nn.Linear(D, 4 * D), torch.nn.Linear(4 * D, D)
        self.kept = torch.zeros(2, 1, HEADS, length, D // HEADS)

    def forward(self, x, seen=None):
        n, t, _ = x.shape
        heads = self.qkv(self.norm1(x)).view(n, t, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = heads
        if seen is not None:
            self.kept[:, :, :, seen : seen + t] = heads[1:]
            k, v = self.kept[:, :, :, : seen + t]
        y = theirs.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        x = x + self.out(y.transpose(1, 2).reshape(n, t, D))
        return x + self.project(theirs.gelu(self.expand(self.norm2(x)), approximate="tanh"))


class GPT(torch.nn.Module):
    def __init__(self, context):
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(VOCABULARY, D), torch.nn.Embedding(context, D)
        self.blocks = torch.nn.ModuleList([Block(context) for _ in range(DEPTH)])
        self.norm = torch.nn.LayerNorm(D)

    def forward(self, index, seen=None):
        start = seen or 0
        x = self.tokens(index) + self.positions.weight[start : start + index.shape[1]]
        for block in self.blocks:
            x = block(x, seen)
        return self.norm(x) @ self.tokens.weight.T


def weights_of(block, lead=""):
    """The weights of a block under our names."""
    found = {}
    for name, p in block.state_dict().items():
        if "qkv" in name:
            word = name.rpartition(".")[2]
            found |= {f"{lead}attention.{k}.{word}": x for k, x in zip("qkv", p.chunk(3))}
        else:
            found[lead + name.replace("out.", "attention.out.")] = p
    return found


def pair(context):
    """The same GPT twice."""
    torch.manual_seed(0)
    other = GPT(context)
    with torch.no_grad():
        for p in other.parameters():
            p.mul_(0.3) if p.ndim > 1 else None
    ours = models.GPT(VOCABULARY, context, D, DEPTH, HEADS, dropout=0.0)
    state = {"tokens.weight": other.tokens.weight, "positions.W": other.positions.weight}
    for i, block in enumerate(other.blocks):
        state |= weights_of(block, f"blocks.{i}.")
    state |= {"norm.weight": other.norm.weight, "norm.bias": other.norm.bias}
    models.load_weights(ours, state)
    return ours, other


def block():
    """Forward and backward of a block on (16, 64, 128)."""
    other = Block()
    ours = models.gpt.Block(D, HEADS, 0.0, L.zeros, initializer=L.zeros, dtype=np.float32, rng=0)
    models.load_weights(ours, weights_of(other))
    x, gy = (rng.standard_normal((N, T, D)).astype(np.float32) for _ in range(2))
    tensor, gradient = torch.from_numpy(x), torch.from_numpy(gy)

    def our_step():
        v = ag.Variable(x)
        ours.cleargrads()
        y = ours(v)
        y.backward(gradient=gy)
        return y.data, v.grad.data

    def their_step():
        v = tensor.clone().requires_grad_()
        other.zero_grad()
        y = other(v)
        y.backward(gradient)
        return y.detach().numpy(), v.grad.numpy()

    for a, b in zip(our_step(), their_step()):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4)
    compare(f"block ({N}, {T}, {D}), {HEADS} heads, both ways", our_step, their_step, repeats=100)


def training():
    """A step of AdamW on 16 texts of 64 characters."""
    ours, other = pair(CONTEXT)
    text = rng.integers(0, VOCABULARY, (BATCH, CONTEXT + 1))
    x, t = text[:, :-1], text[:, 1:]
    tx, tt = torch.from_numpy(x.copy()), torch.from_numpy(t.copy())
    optimizer = O.AdamW(ours, lr=1e-3, decay=0.01)
    their_optimizer = torch.optim.AdamW(other.parameters(), lr=1e-3, weight_decay=0.01)

    def our_step():
        loss = F.softmax_cross_entropy(ours(x), t)
        ours.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.item()

    def their_step():
        loss = theirs.cross_entropy(other(tx).flatten(0, 1), tt.flatten())
        their_optimizer.zero_grad()
        loss.backward()
        their_optimizer.step()
        return loss.item()

    for _ in range(5):
        a, b = our_step(), their_step()
        assert np.isclose(a, b, rtol=1e-3), (a, b)
    compare(f"GPT, {DEPTH} blocks of {D}, {BATCH} x {CONTEXT}, AdamW", our_step, their_step, repeats=40)


def decoding(count=256):
    """`count` characters, the likeliest each time, one by one with a cache."""
    ours, other = pair(1 + count)
    other.eval()

    def ours_writes():
        return ours.generate([[1]], count, temperature=0)[0]

    def theirs_write():
        text = torch.ones(1, 1 + count, dtype=torch.long)
        with torch.no_grad():
            for i in range(count):
                text[0, i + 1] = other(text[:, i : i + 1], i)[0, -1].argmax()
        return text[0].numpy()

    np.testing.assert_array_equal(ours_writes(), theirs_write())
    np.testing.assert_array_equal(ours_writes(), ours.generate([[1]], count, temperature=0, cached=False)[0])
    compare(f"decoding {count} characters, cached", ours_writes, theirs_write, repeats=7)


def main():
    torch.set_num_threads(2)
    header()
    block()
    training()
    decoding(128)
    decoding(256)
    decoding(512)


if __name__ == "__main__":
    main()
