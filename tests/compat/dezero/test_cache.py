"""The cache of DeZero, and what fills it."""

from pathlib import Path

import numpy as np
import pytest
from dezero import datasets, utils

from autograd.compat.dezero import cache
from tests.compat.dezero.samples import A, B, numpys_own

pytestmark = numpys_own


def test_arrays_are_kept_where_dezero_keeps_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    assert datasets.load_cache_npz("https://a.host/things.gz", train=True) == (None, None)
    path = datasets.save_cache_npz(A, B, "https://a.host/things.gz", train=True)
    assert path == str(tmp_path / "cache" / "things.gz.train.npz")
    assert datasets.save_cache_npz(B, A, "things.gz", train=True) is None  # there already
    found = datasets.load_cache_npz("things.gz", train=True)
    np.testing.assert_array_equal(found, (A, B))
    assert datasets.load_cache_npz("things.gz") == (None, None)
    assert capsys.readouterr().out == "Saving: things.gz.train.npz\n Done\n"


def test_a_damaged_cache_is_an_error_that_names_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path))
    zeros = np.zeros((3000, 3000)), np.zeros(3)
    path = Path(datasets.save_cache_npz(*zeros, "zeros"))
    np.testing.assert_array_equal(datasets.load_cache_npz("zeros")[0], zeros[0])  # not compressed to a bomb
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="zeros.test.npz is damaged"):
        datasets.load_cache_npz("zeros")
    np.savez(path, data=A)
    with pytest.raises(ValueError, match="zeros.test.npz must have the arrays data and label, not data"):
        datasets.load_cache_npz("zeros")
    with pytest.raises(TypeError, match="label must be an array of numbers"):
        datasets.save_cache_npz(A, [None], "objects")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_files_are_fetched_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    source = tmp_path / "labels.txt"
    source.write_text("{0: 'tench, Tinca tinca', 1: 'goldfish'}")
    path = utils.get_file(source.as_uri())
    assert Path(path).parent == tmp_path / "cache"
    source.unlink()
    assert utils.get_file(source.as_uri()) == path
    assert "Downloading: labels.txt\n Done" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"put the file at .*other\.txt"):
        utils.get_file(source.as_uri(), "other.txt")
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["labels.txt"]
    Path(path).rename(tmp_path / "cache" / "imagenet1000_clsidx_to_labels.txt")
    assert datasets.ImageNet.labels()[1] == "goldfish"
    (tmp_path / "cache" / "shakespear.txt").write_text("to be")
    text = datasets.Shakespear()
    assert [text.id_to_char[i] for i in text.label] == list("o be")


def test_progress_is_one_line(capsys):
    for blocks in range(5):
        utils.show_progress(blocks, 8, 30)
    lines = capsys.readouterr().out.split("\r")
    assert lines[1] == f"[{'.' * 30}] 0.00%"
    assert lines[3] == f"[{'#' * 16}{'.' * 14}] 53.33%"
    assert lines[5] == f"[{'#' * 30}] 100.00%"
