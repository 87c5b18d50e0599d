"""In which language is this line? A bidirectional LSTM reads lines of different lengths, letter by letter.

The lines are what the programs of this machine say in fifteen languages: the translations in /usr/share/locale. Where
they are missing, the languages are English, Python and C: Python's manual, its library, and the headers of NumPy.

A batch holds lines of similar length, padded to the longest. `lengths` tells the LSTM where each of them ends: padding
changes no state, and reading backwards begins at the last letter. So one line, with lengths from 1 up, shows in the
picture what the network believes after each letter.

    python examples/languages.py [--fast]        (leaves runs/languages.png)
"""

import random
import re
import sys
from contextlib import suppress
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data
from autograd.training import progress

FAST = "--fast" in sys.argv
EACH, SIZE, EPOCHS, ENOUGH = (200, 32, 5, 0.6) if FAST else (1500, 64, 4, 0.92)
LANGUAGES = ["en", "de", "nl", "fr", "fi", "es", "pt", "it", "ro", "pl", "cs", "hu", "sv", "da", "tr"][
    : 5 if FAST else 15
]
TRANSLATIONS = Path("/usr/share/locale")
LINE = re.compile(r"[^\W\d_]+(,? [^\W\d_]+){3,9}[.!?]?")  # four to ten words


def translated(language):
    """What programs say in a language. English stands beside every translation; names (iso_...) have no language."""
    for file in sorted(TRANSLATIONS.glob(f"{'de' if language == 'en' else language}/LC_MESSAGES/[!i]*.mo")):
        content = file.read_bytes()
        count, *tables = np.frombuffer(content, "<u4", 3, 8)
        table = np.frombuffer(content, "<u4", 2 * count, tables[language != "en"])  # lengths and places
        with suppress(UnicodeDecodeError):
            yield from [content[at : at + size].decode() for size, at in table.reshape(-1, 2)]


def lines():
    """Lines of each language, all different."""
    found = {name: {line for line in translated(name) if LINE.fullmatch(line)} for name in LANGUAGES}
    if min(map(len, found.values())) >= EACH:
        print(f"the languages: {', '.join(found)}, from the translations in {TRANSLATIONS}")
        return found
    print(f"the languages: English, Python and C, because there are too few translations in {TRANSLATIONS}")
    files = {"Python": Path(re.__file__).parents[1].glob("*.py"), "C": Path(np.get_include()).rglob("*.h")}
    found = {name: "".join([file.read_text("utf-8", "ignore") for file in group]) for name, group in files.items()}
    found = {name: set(re.findall(r"(?m)^ *([^\s#/*].{10,70}[)({};:,])$", text)) for name, text in found.items()}
    return {"English": set(re.findall(r"(?m)^ *(\w.{10,70})$", "\n".join(topics.values())))} | found


class Reader(L.Layer):
    """The scores of the languages: a Linear of the mean over a line of what the LSTM says.   (N, T) (N,) -> (N, K)"""

    def __init__(self, letters, languages):
        self.letters = L.Embedding(letters, SIZE // 2)
        self.memory = L.LSTM(SIZE, bidirectional=True)
        self.judge = L.Linear(languages)

    def forward(self, x, lengths):
        y = self.memory(self.letters(x), lengths=lengths)  # 0 beyond the end
        return self.judge(y.sum(axis=1) / lengths[:, None])


def draw(names, confusion, letters, beliefs):
    figure = Figure(figsize=(12, 5), layout="constrained")
    table, reading = figure.subplots(1, 2)
    table.imshow(np.sqrt(confusion), cmap="Blues")
    table.set_xticks(range(len(names)), names)
    table.set_yticks(range(len(names)), names)
    table.set(xlabel="what it said", ylabel="what it was")
    for name, belief in zip(names, beliefs.T):
        if belief.max() > 0.2:
            reading.plot(belief, label=name)
    reading.set_xticks(range(len(letters)), letters)
    reading.set(ylim=(0, 1.02), title="what it believes after each letter")
    reading.legend()
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/languages.png", dpi=120)
    print("drawn: runs/languages.png")


ag.seed(0)
rng = random.Random(0)
found = {name: rng.sample(sorted(group), min(EACH, len(group))) for name, group in lines().items()}
names, samples = list(found), [(line, i) for i, group in enumerate(found.values()) for line in group]
rng.shuffle(samples)
vocabulary = data.CharacterVocabulary("".join([line for line, _ in samples]))
texts, answers = [vocabulary.encode(line) for line, _ in samples], np.array([i for _, i in samples])
cut = len(texts) * 9 // 10
train = data.SequenceLoader(texts[:cut], 32, targets=answers[:cut])
test = data.SequenceLoader(texts[cut:], 32, targets=answers[cut:], shuffle=False)
model = Reader(len(vocabulary), len(names))
optimizer = O.Adam(model, O.cosine(1e-2, EPOCHS * len(train), 1e-4), transforms=[O.clip_by_norm(1.0)])
for epoch in range(1, EPOCHS + 1):
    for x, lengths, t in progress(train, f"epoch {epoch}/{EPOCHS}"):
        loss = F.softmax_cross_entropy(model(x, lengths), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    with ag.test_mode(), ag.no_grad():
        said = np.concatenate([model(x, lengths).data.argmax(1) for x, lengths, _ in test])
    print(f"epoch {epoch}: {np.mean(said == answers[cut:]):.1%} of {len(said)} new lines are right")
confusion = np.zeros((len(names), len(names)))
np.add.at(confusion, (answers[cut:], said), 1)
line = max([line for (line, i), j in zip(samples[cut:], said) if i == j == 1 and len(line) < 45], key=len)
x = vocabulary.encode(line)[None].repeat(len(line), 0)
with ag.test_mode(), ag.no_grad():
    draw(names, confusion, line, F.softmax(model(x, np.arange(1, len(line) + 1))).data)
assert np.mean(said == answers[cut:]) > ENOUGH
