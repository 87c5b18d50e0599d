"""Data sets."""

import dataclasses
import traceback

import dezero
import numpy as np
import pytest
from dezero import datasets

from autograd.compat.dezero import cache
from autograd.compat.dezero import datasets as wing_datasets
from autograd.data import sources, spiral
from tests.compat.dezero.samples import Squares, numpys_own

pytestmark = numpys_own


def test_a_dataset_has_transforms():
    data = Squares(transform=lambda x: x + 1, target_transform=lambda t: -t)
    assert (len(data), data[2], data.train) == (7, (3.0, -4.0), True)
    assert dezero.Dataset.__getitem__(data, 2) == (3.0, -4.0)
    data.label = None
    assert data[2] == (3.0, None)
    with pytest.raises(TypeError, match="one element at a time"):
        data[1:3]


def test_the_spiral_seeds_the_global_generator():
    np.random.seed(0)
    data = datasets.Spiral(train=False)
    x, t = spiral("test")
    np.testing.assert_array_equal(data.data, x)
    np.testing.assert_array_equal(data.label, t)
    after = np.random.rand()
    datasets.get_spiral(train=False)
    assert np.random.rand() == after


def test_the_sine():
    np.random.seed(1)
    data = datasets.SinCurve()
    np.random.seed(1)
    y = np.sin(np.linspace(0, 2 * np.pi, 1000)) + np.random.uniform(-0.05, 0.05, 1000)
    assert (len(data), data.data.dtype) == (999, np.float64)
    np.testing.assert_array_equal(data[5], (y[5:6], y[6:7]))
    np.testing.assert_allclose(datasets.SinCurve(train=False).data[:, 0], np.cos(np.linspace(0, 2 * np.pi, 1000))[:-1])


def test_mnist_is_read_from_the_cache_of_dezero_too(tmp_path, monkeypatch):
    asked = []

    def read(source, name, folder=None):
        asked.append(folder)
        if folder is not None and "labels" in name:
            raise FileNotFoundError
        if "images" in name:
            return bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, *range(256), *[0] * 528])
        return bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])

    monkeypatch.setattr(wing_datasets, "read", read)
    data = datasets.MNIST(train=False)
    x, t = data[0]
    assert (x.shape, x.dtype, t, data.data.shape) == ((784,), np.float32, 7, (1, 1, 28, 28))
    np.testing.assert_allclose(x[:3], np.arange(3) / 255, rtol=1e-6)
    assert asked == [cache.cache_dir, cache.cache_dir, None]
    assert datasets.MNIST.labels()[3] == "3"
    assert wing_datasets.PUBLISHED is sources.MNIST


@pytest.mark.parametrize("where", ["nowhere", "dezero", "autograd"])
def test_without_mnist_the_last_line_names_all_ways_out(tmp_path, monkeypatch, where):
    """A file with a wrong checksum is said to be that, wherever it lies."""
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "dezero"))
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path / "ours"))
    offline = dataclasses.replace(sources.MNIST, mirrors=())
    monkeypatch.setattr(wing_datasets, "PUBLISHED", offline)
    place = {"nowhere": None, "dezero": tmp_path / "dezero", "autograd": tmp_path / "ours" / "mnist"}[where]
    if place is not None:
        place.mkdir(parents=True)
        (place / "train-images-idx3-ubyte").write_bytes(bytes(16 + 60_000 * 784))
    with pytest.raises(FileNotFoundError if place is None else ValueError) as caught:
        datasets.MNIST()
    (line,) = str(caught.value).splitlines()
    beginning = f"MNIST has a wrong file, {place}/train-images-idx3-ubyte: the content must have SHA-256 ba89"
    assert line.startswith("MNIST has no train-images-idx3-ubyte here: run again" if place is None else beginning)
    for part in (
        "run again with a network, or put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images",
        f"into {tmp_path}/dezero or {tmp_path}/ours/mnist, or set AUTOGRAD_DATA to a folder",
    ):
        assert part in line
    assert traceback.format_exception(caught.value)[-1] == f"{type(caught.value).__name__}: {line}\n"


def test_images_are_shown(tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    shown = []
    monkeypatch.setattr(pyplot, "imshow", lambda image, **options: shown.append(image))
    monkeypatch.setattr(pyplot, "axis", lambda which: None)
    monkeypatch.setattr(pyplot, "show", lambda: None)
    for kind, channels in ((datasets.MNIST, 1), (datasets.CIFAR10, 3)):
        data = kind.__new__(kind)
        data.data = np.stack([np.full((channels, 4, 5), i, np.uint8) for i in range(9)])
        np.random.seed(2)
        data.show(row=2, col=3)
        np.random.seed(2)
        drawn = np.array([np.random.randint(0, 8) for _ in range(6)]).reshape(2, 3)
        assert shown[-1].shape == (8, 15, channels)
        np.testing.assert_array_equal(shown[-1][::4, ::5, 0], drawn)
