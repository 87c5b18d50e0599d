"""Step 62: a small Transformer writes English.

New: step 61 stacked up. A letter becomes a vector, its place in the text adds another, and each layer adds
what the letters before say (attention) and what it thinks of that (two matrices). The last vectors score all
letters: which comes next? A causal mask hides what comes later. So a text of 48 letters is 48 questions at once,
and the network can write: draw a letter from the softmax of the last scores, append it, ask again.
It learns from the prose of Python's manual. Letters alone, and pairs of letters, are counted for comparison.

    python steps/step62.py [--fast]

In the package: autograd/models/gpt.py
"""

import re
import sys
from pydoc_data.topics import topics

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

UPDATES = 100 if "--fast" in sys.argv else 1500
CONTEXT, D = 48, 64

paragraphs = re.split(r"\n\s*\n", "\n\n".join(topics.values()))
prose = [" ".join(p.split()) for p in paragraphs if re.match(r"[A-Z][^:=|\\]{150,}\.$", p)]
text = "\n".join(prose)
vocabulary = data.CharacterVocabulary(text)
index = vocabulary.encode(text)
learned, kept = np.split(index, [int(0.9 * len(index))])
print(f"{len(text):,} letters, {len(vocabulary)} different ones; for example: {prose[0][:60]}")


class Writer(L.Layer):
    """The scores of the next letter after each.   (N, T) of whole numbers -> (N, T, letters)"""

    def __init__(self, letters):
        self.letters, self.places = L.Embedding(letters, D), L.PositionalEncoding(D, "learned", CONTEXT)
        self.layers = [L.TransformerEncoderLayer(D, heads=4, norm_first=True) for _ in range(2)]
        self.norm, self.output = L.LayerNorm(D), L.Linear(letters)

    def forward(self, index):
        x = self.places(self.letters(index))
        for layer in self.layers:
            x = layer(x, causal=True)
        return self.output(self.norm(x))

    def write(self, start, count, rng):
        """A text that begins with `start`, one letter after the other."""
        index = vocabulary.encode(start)
        with ag.test_mode(), ag.no_grad():
            for _ in range(count):
                p = F.softmax(self(index[None, -CONTEXT:])[0, -1] / 0.7).data.astype(float)  # the likely, likelier
                index = np.append(index, rng.choice(len(p), p=p / p.sum()))
        return vocabulary.decode(index)


def counted(pairs):
    """The loss of guessing by counts: of single letters, or of what follows each."""
    counts = np.full((len(vocabulary), len(vocabulary)), 0.1)
    np.add.at(counts, (learned[:-1] if pairs else slice(None), learned[1:]), 1)
    p = counts / counts.sum(1, keepdims=True)
    return -np.log(p[kept[:-1], kept[1:]]).mean()


ag.seed(0)
rng = np.random.default_rng(0)
model = Writer(len(vocabulary))
x = learned[None, :CONTEXT]
other = np.append(x[:, :-1], [[0]], 1)  # another last letter
same = np.allclose(model(x).data[:, :-1], model(other).data[:, :-1])
print("a later letter changes no earlier score:", same)
assert same

windows = data.Windows(learned, CONTEXT)
loader = data.DataLoader(windows, batch_size=16, drop_last=True)
optimizer = O.Adam(model, lr=O.cosine(4e-3, UPDATES, 1e-4))
for step, (x, t) in zip(range(1, UPDATES + 1), loader):
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if step % (UPDATES // 4) == 0:
        print(f"{step} updates, loss {loss.item():.2f}: {model.write('The ', 70, rng)!r}")

x, t = (kept[i:][: len(kept[1:]) // CONTEXT * CONTEXT].reshape(-1, CONTEXT) for i in (0, 1))
with ag.test_mode(), ag.no_grad():
    loss = F.softmax_cross_entropy(model(x), t).item()
single, pairs = counted(False), counted(True)
print(f"new text, nats a letter: {loss:.2f}; by counting letters {single:.2f}, by counting pairs {pairs:.2f}")
assert loss < (single if "--fast" in sys.argv else pairs)
