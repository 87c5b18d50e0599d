"""Addition learned as a translation: an encoder reads "347+ 85", and a decoder writes "432", one digit after the other.

Nobody says what a digit is worth, where the numbers stand, or what a carry is; there are only questions and answers. A
Transformer's encoder makes a vector of every character, in the light of all others. The decoder begins with the ones,
as one does on paper. For each digit it asks the encoder's vectors, and the picture shows whom: the digits of its own
place, and those to their right, from which a carry may come. Of the million questions it is taught less than a tenth.

    python examples/addition.py [--fast]        (leaves runs/addition.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data
from autograd.training import progress

FAST = "--fast" in sys.argv
DIGITS, UPDATES, ENOUGH = (2, 250, 0.5) if FAST else (3, 1000, 0.99)
BATCH, D, HEADS = 128, 64, 4
SYMBOLS = data.CharacterVocabulary("0123456789+ =")


class Adder(L.Layer):
    def __init__(self):
        self.symbols = L.Embedding(len(SYMBOLS), D)
        self.places_in, self.places_out = (
            L.PositionalEncoding(D, "learned", size) for size in (2 * DIGITS + 1, DIGITS + 1)
        )
        self.encoder = L.TransformerEncoderLayer(D, HEADS, norm_first=True)
        self.decoder = L.TransformerDecoderLayer(D, HEADS, norm_first=True)
        self.norm, self.output = L.LayerNorm(D), L.Linear(len(SYMBOLS))

    def forward(self, questions, written):
        """The scores of the digit after each that is written.   (N, S) (N, T) -> (N, T, symbols)"""
        y = self.decoder(self.places_out(self.symbols(written)), self.encode(questions))
        return self.output(self.norm(y))

    def encode(self, questions):
        return self.encoder(self.places_in(self.symbols(questions)))

    def answer(self, questions):
        """The likeliest digits, each from those before it.   (N, S) -> (N, DIGITS + 1)"""
        written = SYMBOLS.encode("=").repeat(len(questions))[:, None]
        with ag.test_mode(), ag.no_grad():
            for _ in range(DIGITS + 1):
                best = self(questions, written).data[:, -1:].argmax(-1)
                written = np.concatenate([written, best], 1)
        return written[:, 1:]

    def looks(self, questions, written):
        """How much each head looks at each character, for each digit.   (N, HEADS, T, S)"""
        x, memory, layer = self.places_out(self.symbols(written)), self.encode(questions), self.decoder
        x = layer.add(x, layer.norm1, lambda x: layer.attention(x, causal=True))
        q, k = (
            y.reshape(*y.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)
            for y in (layer.cross.q(layer.norm2(x)), layer.cross.k(memory))
        )
        return F.scaled_dot_product_attention(
            q, k, np.eye(memory.shape[1])
        )  # of unit vectors, the weighted mean is the weights


def asked(pairs):
    """Questions, and their answers from the ones up.   (N, 2) -> (N, S), (N, DIGITS + 1)"""
    questions = [SYMBOLS.encode(f"{a:{DIGITS}}+{b:{DIGITS}}") for a, b in pairs]
    return np.array(questions), np.array([SYMBOLS.encode(f"{a + b:{DIGITS + 1}}"[::-1]) for a, b in pairs])


def shifted(t):
    """What is written before each digit: "=", and the digits before."""
    return np.concatenate([np.full((len(t), 1), SYMBOLS.encode("=")), t[:, :-1]], 1)


def draw(model, pair, curve):
    x, t = asked([pair])
    with ag.test_mode(), ag.no_grad():
        weights = model.looks(x, shifted(t)).data[0]
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[3, 4])
    axes = left.subplots()
    axes.plot(*zip(*curve))
    axes.set(xlabel="updates", ylabel="right answers of the batch", ylim=(0, 1.02))
    for head, (axes, w) in enumerate(zip(right.subplots(2, 2).flat, weights), 1):
        axes.imshow(w, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(x.shape[1]), SYMBOLS.decode(x[0]))
        axes.set_yticks(range(t.shape[1]), SYMBOLS.decode(t[0]))
        axes.set_title(f"head {head}")
    right.suptitle("for each digit, written from the top: where the decoder looks")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/addition.png", dpi=120)
    print("drawn: runs/addition.png")


ag.seed(0)
rng, model, curve = np.random.default_rng(0), Adder(), []
optimizer = O.Adam(model, O.warmup(50, O.cosine(6e-3, UPDATES, 1e-4)), transforms=[O.clip_by_norm(1.0)])
for step in progress(range(1, UPDATES + 1), "learning to add"):
    x, t = asked(rng.integers(0, 10 ** rng.integers(1, DIGITS + 1, (BATCH, 2))))
    y = model(x, shifted(t))
    loss = F.softmax_cross_entropy(y, t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if step % (UPDATES // 10) == 0:
        curve.append((step, (y.data.argmax(-1) == t).all(1).mean()))
        print(f"{step:4} updates: loss {loss.item():.4f}, right {curve[-1][1]:.2f}")
x, t = asked(rng.integers(0, 10**DIGITS, (1000, 2)))
right = (model.answer(x) == t).all(1)
for question, answer in zip(x[:5], model.answer(x[:5])):
    print(SYMBOLS.decode(question), "=", SYMBOLS.decode(answer)[::-1])
print(f"of 1,000 sums of numbers below {10**DIGITS:,}, written digit by digit, {right.mean():.1%} are right")
assert right.mean() >= ENOUGH
draw(model, (47, 85) if FAST else (347, 85), curve)
