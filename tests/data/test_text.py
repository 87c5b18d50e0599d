"""Vocabularies give back what they were given, and loaders lose nothing and pad little."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import data

LENGTHS = np.random.default_rng(0).integers(1, 60, 333)
SEQUENCES = [np.arange(n) + 1000 * i + 1 for i, n in enumerate(LENGTHS)]


@given(st.text(min_size=1))
def test_texts_come_back(text):
    for vocabulary in (data.CharacterVocabulary(text), data.ByteVocabulary()):
        index = vocabulary.encode(text)
        assert index.dtype == np.int64
        assert index.size == 0 or 0 <= index.min() <= index.max() < len(vocabulary)
        if not any("\ud800" <= c <= "\udfff" for c in text):
            assert vocabulary.decode(index) == text


def test_unknown_characters():
    with pytest.raises(ValueError, match="'z' is not in the vocabulary: name a character `unknown`"):
        data.CharacterVocabulary("abc").encode("az")
    vocabulary = data.CharacterVocabulary("abc?", unknown="?")
    assert vocabulary.decode(vocabulary.encode("a cab")) == "a?cab"
    assert data.ByteVocabulary().decode([0xFF, 0x41]) == "\ufffdA"


def test_padded():
    x, lengths = data.padded([np.ones((2, 3), np.float32), np.zeros((1, 3), np.float32)], pad=-1)
    assert x.dtype == np.float32
    assert x.tolist() == [[[1, 1, 1], [1, 1, 1]], [[0, 0, 0], [-1, -1, -1]]]
    assert lengths.tolist() == [2, 1]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_each_sequence_comes_once_in_an_epoch(shuffle, drop_last):
    loader = data.SequenceLoader(SEQUENCES, 16, targets=LENGTHS, shuffle=shuffle, drop_last=drop_last, pad=-7)
    for _ in range(2):
        seen, filled, size = [], 0, 0
        batches = list(loader)
        assert len(batches) == len(loader) == (20 if drop_last else 21)
        for x, lengths, t in batches:
            assert x.shape == (len(lengths), lengths.max())
            assert (lengths == t).all()
            for row, n in zip(x, lengths):
                i = (row[0] - 1) // 1000
                np.testing.assert_array_equal(row[:n], SEQUENCES[i])
                assert (row[n:] == -7).all()
                seen.append(i)
            filled, size = filled + lengths.sum(), size + x.size
        assert len(set(seen)) == len(seen) == (320 if drop_last else 333)
        assert not shuffle or filled / size > 0.9
        assert (seen == sorted(seen)) is not shuffle


def test_a_position_is_saved():
    loader, other = (data.SequenceLoader(SEQUENCES, 16, rng=seed) for seed in (1, 2))
    batches = iter(loader)
    next(batches)
    other.load_state_dict(loader.state_dict())
    for (x, n), (y, m) in zip(batches, other, strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(n, m)


def test_targets_may_be_sequences():
    loader = data.SequenceLoader([[1, 2], [3]], 2, targets=[[5], [6, 7, 8]], shuffle=False)
    ((x, lengths, t),) = loader
    assert (x.tolist(), lengths.tolist(), t.tolist()) == ([[1, 2], [3, 0]], [2, 1], [[5, -1, -1], [6, 7, 8]])


def test_streams_continue_from_batch_to_batch():
    sequence = np.arange(1000)
    loader = data.StreamLoader(sequence, 4, 30)
    batches = list(loader)
    assert len(batches) == len(loader) == 8
    x = np.concatenate([x for x, _ in batches], 1)
    t = np.concatenate([t for _, t in batches], 1)
    np.testing.assert_array_equal(x, sequence[:960].reshape(4, 240))
    np.testing.assert_array_equal(t, x + 1)


def test_windows_in_a_loader():
    loader = data.DataLoader(data.Windows(np.arange(50), 8), 6)
    starts = [n for x, t in loader for n in x[:, 0].tolist() if (t == x + 1).all() and x.shape[1] == 8]
    assert sorted(starts) == list(range(42))


@pytest.mark.skipif(find_spec("tokenizers") is None, reason="pip install tokenizers")
def test_a_published_tokenizer(tmp_path):
    words = {"[UNK]": 0, "in": 1, "the": 2, "beginning": 3}
    published = {
        "version": "1.0", "truncation": None, "padding": {"strategy": {"Fixed": 9}, "direction": "Right",
        "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]"}, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
        "decoder": None, "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    }  # fmt: skip
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(published))
    vocabulary = data.Tokenizer(path)
    assert len(vocabulary) == 4
    assert vocabulary.encode("In the beginning God").tolist() == [1, 2, 3, 0]
    assert vocabulary.decode([1, 2, 3]) == "in the beginning"
    path.write_text("{")
    with pytest.raises(ValueError, match="is no tokenizer.json"):
        data.Tokenizer(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        data.Tokenizer(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: data.CharacterVocabulary(3), TypeError, "CharacterVocabulary takes a text, not 3"),
        (lambda: data.CharacterVocabulary("ab", "c"), ValueError, "unknown must be a character of the text, not 'c'"),
        (lambda: data.ByteVocabulary().decode([256]), ValueError, r"decode takes numbers in 0 \.\. 255, not 256"),
        (lambda: data.ByteVocabulary().decode([0.5]), TypeError, "decode takes whole numbers in a row"),
        (lambda: data.padded([]), ValueError, "at least one sequence"),
        (lambda: data.padded([np.zeros(2, np.uint8)], -1), ValueError, "pad must be a number of uint8, not -1"),
        (lambda: data.padded("text"), TypeError, "a list of sequences of numbers, not 'text'"),
        (lambda: data.padded([[1], [[2]]]), ValueError, "differ in length alone"),
        (lambda: data.SequenceLoader([[1]], 1, targets=[1, 2]), ValueError, "a target for each of 1 sequences"),
        (lambda: data.StreamLoader(np.arange(5), 2, 3), ValueError, r"at least 7 elements for a batch \(2, 3\), not 5"),
        (lambda: data.Windows(np.arange(5), 5), ValueError, "length must be at most 4, not 5"),
        (lambda: data.Windows([1], 1), ValueError, "at least 2 elements, not 1"),
    ],
)
def test_wrong_arguments(call, error, match):
    with pytest.raises(error, match=match):
        call()
