import doctest
import hashlib
import importlib
import importlib.util
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from autograd import data
from autograd.data import datasets


@pytest.fixture(autouse=True)
def _global_generator_is_left_alone():
    before = np.random.get_state()[1].tolist(), np.random.get_state()[2]
    yield
    assert (np.random.get_state()[1].tolist(), np.random.get_state()[2]) == before


# Digits


def test_digits_shapes_types_and_range():
    for split, N in {"train": 1437, "test": 360, "all": 1797}.items():
        x, t = data.digits(split)
        assert (x.shape, x.dtype, t.shape, t.dtype) == ((N, 64), np.float32, (N,), np.int64)
        assert (x.min(), x.max()) == (0, 1)
        images, _ = data.digits(split, flatten=False)
        assert images.shape == (N, 1, 8, 8)
        assert np.array_equal(images.reshape(N, 64), x)
    assert np.array_equal(data.digits()[0], data.digits("train")[0])


def test_digits_are_in_both_parts_in_equal_shares_and_in_one_part_each():
    (x, t), (x_test, t_test), (x_all, t_all) = (data.digits(split) for split in ("train", "test", "all"))
    share = np.bincount(t_test) / np.bincount(t_all)
    assert np.all(abs(share - 360 / 1797) < 1 / 174)  # within one sample of the smallest class
    parts = Counter(row.tobytes() for row in np.concatenate([x, x_test]))
    assert parts == Counter(row.tobytes() for row in x_all)
    assert not {row.tobytes() for row in x} & {row.tobytes() for row in x_test}
    assert len(t) + len(t_test) == len(t_all)


def test_digits_do_not_change():
    """The split is part of the published results: this sum may change with a new major version only."""
    sums = {
        split: hashlib.sha256(b"".join(array.tobytes() for array in data.digits(split))).hexdigest()
        for split in ("train", "test", "all")
    }
    assert sums == {
        "train": "c147bfebc81d8317bad2f0aa9b6be0d8ed91566e50d5d847ce1be763676c4e20",
        "test": "c1a23308b83301238a432a72d22585f71953f0adcec53f31df2455e6898386ef",
        "all": "8b3b6ae90863430bdef06a3f7d1ec2f6a905a53d3375655b18cf63780ad98772",
    }


def test_digits_are_fresh_arrays():
    x, t = data.digits()
    x[:], t[:] = 7, 7
    assert data.digits()[0].max() == 1
    assert len(np.unique(data.digits()[1])) == 10


def test_digits_can_be_told_apart():
    """By the nearest training sample, with no learning: 97 % and more."""
    (x, t), (x_test, t_test) = data.digits(), data.digits("test")
    distance = (x_test**2).sum(1)[:, None] - 2 * x_test @ x.T + (x**2).sum(1)
    assert np.mean(t[distance.argmin(1)] == t_test) > 0.97


def test_digits_file_is_what_the_script_makes_from_scikit_learn(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn is the source of the digits")
    script = Path(__file__).with_name("make_digits.py")
    subprocess.run([sys.executable, script, tmp_path / "digits.npz"], check=True)
    packaged = Path(datasets.__file__).with_name("digits.npz")
    with np.load(tmp_path / "digits.npz") as made, np.load(packaged, allow_pickle=False) as stored:
        assert sorted(made) == sorted(stored)
        assert all(np.array_equal(made[name], stored[name]) for name in made)
    assert packaged.stat().st_size < 60_000


def test_digits_say_whose_they_are():
    text = Path(datasets.__file__).with_name("digits.LICENSE.txt").read_text("utf-8")
    assert all(word in text for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0"))


# Spiral


def course_spiral(seed, classes=3, per_class=100):
    """One point at a time, as the course has it."""
    draw = np.random.RandomState(seed)
    points = []
    for j in range(classes):
        for i in range(per_class):
            radius = i / per_class
            angle = j * 4.0 + 4.0 * radius + draw.randn() * 0.2
            points.append((radius * math.sin(angle), radius * math.cos(angle), j))
    return np.array(points)[draw.permutation(len(points))]


@pytest.mark.parametrize(("split", "seed"), [("train", 1984), ("test", 2020)])
def test_spiral_is_that_of_the_course(split, seed):
    x, t = data.spiral(split)
    assert (x.shape, x.dtype, t.shape, t.dtype) == ((300, 2), np.float32, (300,), np.int64)
    expected = course_spiral(seed)
    np.testing.assert_allclose(x, expected[:, :2], atol=1e-7)
    assert np.array_equal(t, expected[:, 2])


def test_spiral_has_as_many_points_and_arms_as_asked_for():
    x, t = data.spiral(classes=5, per_class=7, rng=3)
    assert np.bincount(t).tolist() == [7] * 5
    for j in range(5):
        np.testing.assert_allclose(np.sort(np.hypot(*x[t == j].T)), np.arange(7) / 7, atol=1e-6)


def test_spiral_without_noise_lies_on_the_curve():
    x, t = data.spiral(noise=0)
    r = np.hypot(*x.T)
    np.testing.assert_allclose(x, np.stack([r * np.sin(4 * (t + r)), r * np.cos(4 * (t + r))], 1), atol=1e-6)


def test_spiral_seeds_and_generators():
    assert np.array_equal(data.spiral(rng=1984)[0], data.spiral()[0])
    assert not np.array_equal(data.spiral(rng=1)[0], data.spiral(rng=2)[0])
    rng = np.random.default_rng(5)
    first, second = data.spiral(rng=rng), data.spiral(rng=rng)
    assert not np.array_equal(first[0], second[0])  # the generator moves on
    assert np.array_equal(first[0], data.spiral(rng=np.random.default_rng(5))[0])
    assert data.spiral(rng=np.random.RandomState(1))[0].shape == (300, 2)


# Sine


def test_sine_is_followed_by_its_next_value():
    for split in ("train", "test"):
        x, t = data.sine(split)
        assert (x.shape, x.dtype, t.shape, t.dtype) == ((999, 1), np.float32, (999, 1), np.float32)
        assert np.array_equal(x[1:], t[:-1])
        assert not np.shares_memory(x, t)


def test_sine_is_a_sine_with_noise_and_the_test_is_a_cosine_without():
    angle = [2 * math.pi * i / 999 for i in range(1000)]
    noise = data.sine()[0][:, 0] - [math.sin(a) for a in angle[:-1]]
    assert 0.045 < abs(noise).max() <= 0.05 + 1e-6
    assert abs(noise.mean()) < 0.005
    np.testing.assert_allclose(data.sine("test")[0][:, 0], [math.cos(a) for a in angle[:-1]], atol=1e-6)
    np.testing.assert_allclose(data.sine(noise=0, length=5)[1][:, 0], [1, 0, -1, 0], atol=1e-6)


def test_sine_is_the_same_each_time_unless_the_seed_is_another():
    assert np.array_equal(data.sine()[0], data.sine(rng=0)[0])
    assert not np.array_equal(data.sine()[0], data.sine(rng=1)[0])


# All of them


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: data.digits("validation"),
            ValueError,
            "split must be one of 'train', 'test', 'all', not 'validation'",
        ),
        (lambda: data.digits(True), ValueError, "split must be .* not True"),
        (lambda: data.spiral("all"), ValueError, "'train', 'test'"),
        (lambda: data.sine("all"), ValueError, "'train', 'test'"),
        (lambda: data.mnist("all", download=False), ValueError, "'train', 'test'"),
        (lambda: data.spiral(classes=0), ValueError, "spiral: classes must be at least 1, not 0"),
        (lambda: data.spiral(per_class=2.5), TypeError, "per_class must be a whole number, not 2.5"),
        (lambda: data.spiral(noise=-1), ValueError, "noise must be at least 0, not -1"),
        (lambda: data.spiral(noise=math.nan), ValueError, "noise must be at least 0, not nan"),
        (lambda: data.spiral(rng="1"), TypeError, "rng.* not '1'"),
        (lambda: data.spiral(rng=True), TypeError, "rng.* not True"),
        (lambda: data.sine(length=1), ValueError, "length must be at least 2, not 1"),
        (lambda: data.sine(noise=math.inf), ValueError, "noise must be .* not inf"),
        (lambda: data.sine(rng=0.5), TypeError, "rng.* not 0.5"),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ["datasets", "idx", "loader", "sources", "download", "transforms"])
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"autograd.data.{name}")).failed == 0


def test_import_is_cheap():
    """Neither the network's modules nor those of compression come with it."""
    check = "import sys, autograd.data; print(*{'urllib.request', 'http.client', 'ssl'} & {*sys.modules})"
    path = os.pathsep.join(str(Path(part).resolve()) for part in sys.path if part)
    done = subprocess.run(
        [sys.executable, "-c", check],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
