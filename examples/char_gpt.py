"""A small GPT learns to write English, one character after the other, from the King James Bible.

Four blocks of 128 numbers read 64 characters and say at each what comes next. Every tenth of the way it writes a line:
first noise, then letters in the right shares, then words, then verses. The loss is in nats a character, of text that it
has not seen. 1.75 is what the full run must reach; it reached 1.501, with 809,600 weights, in 7.4 minutes beside the
LSTM of char_lstm.py, on two cores that others used too. The text comes from Debian's package bible-kjv (apt install
bible-kjv); without it, Python's own manual is learned.

    python examples/char_gpt.py [--fast]        (leaves runs/char_gpt.png and runs/char_gpt.npz)
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd import data, models, serialize
from autograd.training import progress

FAST = "--fast" in sys.argv
CONTEXT, BATCH = 64, 32
UPDATES, SIZE, DEPTH = (120, 64, 1) if FAST else (1000, 128, 4)
LIMIT = 2.9 if FAST else 1.75  # nats a character, on held-out text


def text():
    """The King James Bible without the numbers of its verses, or Python's manual where it is not installed."""
    program = shutil.which("bible")
    if program:
        print("the text: King James Bible, from Debian's package bible-kjv")
        verses = subprocess.run([program, "-f", "gen1:1-rev22:21"], capture_output=True, encoding="latin-1", check=True)
        return "\n".join([line.partition(" ")[2] for line in verses.stdout.splitlines()])
    print("the text: Python's manual, because Debian's package bible-kjv is not installed")
    return "\n".join(topics.values())


def text_in_parts():
    """The vocabulary of the text, its first 95 % as numbers to learn from, and the rest."""
    characters = text()
    vocabulary = data.CharacterVocabulary(characters)
    index = vocabulary.encode(characters)
    print(f"{len(index):,} characters, {len(vocabulary)} different ones")
    return vocabulary, *np.split(index, [int(0.95 * len(index))])


def held_out(model, windows, count=20):
    """The loss on windows from all over the text that was kept back."""
    rows = np.linspace(0, len(windows) - 1, count * BATCH).astype(int).reshape(count, BATCH)
    losses = []
    with ag.test_mode(), ag.no_grad():
        for batch in rows:
            x, t = (np.stack(part) for part in zip(*[windows[int(i)] for i in batch]))
            losses.append(F.softmax_cross_entropy(model(x), t).item())
    return float(np.mean(losses))


def main():
    ag.seed(0)
    vocabulary, train, test = text_in_parts()
    windows = data.Windows(test, CONTEXT)
    model = models.GPT(len(vocabulary), CONTEXT, SIZE, DEPTH, heads=4, dropout=0.0)
    rate = O.warmup(UPDATES // 20, O.cosine(3e-3, UPDATES, 1e-4))
    optimizer = O.AdamW(model, rate, decay=0.1, transforms=[O.clip_by_norm(1.0)])

    begin, seen, curve = time.perf_counter(), [], []
    loader = data.DataLoader(data.Windows(train, CONTEXT), BATCH, drop_last=True)
    for step, (x, t) in zip(progress(range(1, UPDATES + 1), "learning to write"), loader):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        seen.append(loss.item())
        if step % (UPDATES // 10) == 0:
            curve.append((step, held_out(model, windows)))
            line = model.generate(vocabulary.encode("\n")[None], 70, temperature=0.8, top_p=0.95, rng=step)[0]
            seconds = time.perf_counter() - begin
            print(f"{step:5} updates, {seconds:5.0f} s, held-out {curve[-1][1]:.3f}: {vocabulary.decode(line)[1:]!r}")
    print(vocabulary.decode(model.generate(vocabulary.encode("And God")[None], 400, temperature=0.7, rng=0)[0]))
    print(f"{sum(p.size for p in model.params()):,} weights; held out: {curve[-1][1]:.3f} nats a character")
    Path("runs").mkdir(exist_ok=True)
    serialize.save(model, "runs/char_gpt.npz")
    draw(seen, curve, LIMIT, "runs/char_gpt.png")
    assert curve[-1][1] < LIMIT


def draw(seen, curve, limit, path):
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, len(seen) + 1), seen, lw=0.5, alpha=0.5, label="training")
    axes.plot(*zip(*curve), "o-", label="held-out")
    axes.axhline(limit, ls=":", c="gray", label="what it must reach")
    axes.set(xlabel="updates", ylabel="nats a character", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=120)
    print(f"drawn: {path}")


if __name__ == "__main__":
    main()
