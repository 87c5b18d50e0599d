"""An LSTM learns to write English from the text of char_gpt.py, with about as many weights and in about the same time.

The GPT sees 64 characters and all of them at once; the LSTM sees one, and what it has kept of those before. So it reads
the text in 32 streams, and its state goes on from batch to batch: cut off from its graph, for backpropagation through
64 steps at most. One state in ten is cleared, so that it learns to begin a text. The loss of held-out text is taken
twice: of the windows on which the GPT was measured, where it knows nothing of what came before, and without a break.
The full run reached 1.270 and 1.189 nats a character with 820,287 weights in 16.4 minutes, on two cores that others
used too; after 1,000 updates, as many as the GPT makes, 1.363 in windows. The GPT reached 1.501.

    python examples/char_lstm.py [--fast]        (leaves runs/char_lstm.png and runs/char_lstm.npz)
"""

import time
from pathlib import Path

import numpy as np
from char_gpt import BATCH, CONTEXT, FAST, draw, held_out, text_in_parts

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, serialize
from autograd.models import gpt
from autograd.training import progress

UPDATES, SIZE = (120, 64) if FAST else (2000, 384)
LIMIT = 2.9 if FAST else 1.75  # nats a character, on held-out text


class Writer(L.Layer):
    """The scores of the next character after each, and the state at the end.   (N, T) -> (N, T, characters)"""

    def __init__(self, characters):
        self.vectors = L.Embedding(characters, SIZE // 3)
        self.memory = L.LSTM(SIZE)
        self.output = L.Linear(characters)

    def forward(self, index, state=None):
        h, state = self.memory(self.vectors(index), state)
        return self.output(h), tuple([s.detach() for s in state])


def write(model, vocabulary, start, count, temperature, rng):
    """A text that begins with `start`, one character after the other."""
    rng, index, state, written = np.random.default_rng(rng), vocabulary.encode(start)[None], None, []
    with ag.test_mode(), ag.no_grad():
        for _ in range(count):
            scores, state = model(index, state)
            index = gpt.sampled(scores[:, -1], temperature, top_p=0.95, rng=rng)[:, None]
            written.append(index.item())
    return start + vocabulary.decode(written)


def held_out_streams(model, index):
    """The loss on the text that was kept back, read without a break."""
    state, losses = None, []
    with ag.test_mode(), ag.no_grad():
        for x, t in data.StreamLoader(index, BATCH, CONTEXT):
            scores, state = model(x, state)
            losses.append(F.softmax_cross_entropy(scores, t).item())
    return float(np.mean(losses))


def endless(streams):
    """Batches of the text, again and again."""
    while True:
        yield from streams


def main():
    ag.seed(0)
    vocabulary, train, test = text_in_parts()
    windows, model = data.Windows(test, CONTEXT), Writer(len(vocabulary))
    rate = O.warmup(UPDATES // 20, O.cosine(4e-3, UPDATES, 1e-4))
    optimizer = O.AdamW(model, rate, transforms=[O.clip_by_norm(1.0)])

    begin, seen, curve, state = time.perf_counter(), [], [], None
    rng = np.random.default_rng(0)
    streams = endless(data.StreamLoader(train, BATCH, CONTEXT))
    for step, (x, t) in zip(progress(range(1, UPDATES + 1), "learning to write"), streams):
        y, state = model(x, state)
        state = [s * (rng.random((BATCH, 1)) > 0.1) for s in state]
        loss = F.softmax_cross_entropy(y, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        seen.append(loss.item())
        if step % (UPDATES // 10) == 0:
            curve.append((step, held_out(lambda x: model(x)[0], windows)))
            line, seconds = write(model, vocabulary, "\n", 70, 0.8, step), time.perf_counter() - begin
            print(f"{step:5} updates, {seconds:5.0f} s, held-out {curve[-1][1]:.3f}: {line[1:]!r}")
    print(write(model, vocabulary, "And God", 400, 0.7, 0))
    print(
        f"{sum(p.size for p in model.params()):,} weights; held out, nats a character: {curve[-1][1]:.3f} in windows "
        f"of {CONTEXT}, {held_out_streams(model, test):.3f} read without a break"
    )
    Path("runs").mkdir(exist_ok=True)
    serialize.save(model, "runs/char_lstm.npz")
    draw(seen, curve, LIMIT, "runs/char_lstm.png")
    assert curve[-1][1] < LIMIT


if __name__ == "__main__":
    main()
