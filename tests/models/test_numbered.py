"""The parameters of "Deep learning from scratch" in the networks of this package."""

import pickle

import numpy as np
import pytest

from autograd import Variable, models
from autograd import functions as F
from autograd import layers as L


def book_forward(p, x):
    """Chapter 7's SimpleConvNet, computed from its parameters alone, in plain loops over the filter."""
    N, (M, _, K, _), OH = len(x), p["W1"].shape, x.shape[2] - p["W1"].shape[2] + 1
    y = np.zeros((N, M, OH, OH)) + p["b1"].reshape(1, M, 1, 1)
    for i in range(K):
        for j in range(K):
            y += np.einsum("nchw,mc->nmhw", x[:, :, i : i + OH, j : j + OH], p["W1"][:, :, i, j])
    y = np.maximum(y, 0).reshape(N, M, OH // 2, 2, OH // 2, 2).max((3, 5)).reshape(N, -1)
    return np.maximum(y @ p["W2"] + p["b2"], 0) @ p["W3"] + p["b3"]


@pytest.fixture
def params():
    rng = np.random.default_rng(0)
    shapes = {"W1": (30, 1, 5, 5), "b1": 30, "W2": (4320, 100), "b2": 100, "W3": (100, 10), "b3": 10}
    return {name: 0.1 * rng.normal(size=shape) for name, shape in shapes.items()}  # float64, as in params.pkl


@pytest.mark.standin_exempt("the reference is computed by NumPy")
def test_params_pkl_of_chapter_7_fits_the_convolutional_network(params, tmp_path):
    with open(tmp_path / "params.pkl", "wb") as f:
        pickle.dump(params, f)
    network = models.SimpleConvNet()
    with open(tmp_path / "params.pkl", "rb") as f:
        models.load_weights(network, pickle.load(f))
    x = np.random.default_rng(1).random((2, 1, 28, 28))
    assert network.conv.W.dtype == np.float32
    np.testing.assert_allclose(network(x.astype(np.float32)).data, book_forward(params, x), rtol=1e-4, atol=1e-4)


@pytest.mark.standin_exempt("the reference is computed by NumPy")
def test_sample_weight_pkl_of_chapter_3_fits_a_multilayer_perceptron():
    rng = np.random.default_rng(0)
    p = {
        "W1": rng.normal(size=(8, 8)),
        "b1": rng.normal(size=8),
        "W2": rng.normal(size=(8, 3)),
        "b2": rng.normal(size=3),
    }
    network = L.MLP((8, 3), F.sigmoid, dtype=np.float64)
    models.load_weights(network, p)
    x = rng.normal(size=(5, 8))
    expected = 1 / (1 + np.exp(-(x @ p["W1"] + p["b1"]))) @ p["W2"] + p["b2"]
    np.testing.assert_allclose(network(Variable(x)).data, expected, rtol=1e-12)


def test_batch_normalization_counts_apart_and_what_does_not_fit_is_named():
    network = L.Sequential(L.Linear(4, 3), L.BatchNorm(4), F.relu, L.Linear(2, 4))
    state = {"W1": np.ones((3, 4)), "b1": np.ones(4), "gamma1": np.full(4, 2.0), "beta1": np.ones(4)}
    models.load_weights(network, state, strict=False)
    np.testing.assert_array_equal(network[1].gamma.data, [2, 2, 2, 2])
    with pytest.raises(ValueError, match="W3: unexpected, nothing here has this path"):
        models.load_weights(network, {**state, "W3": np.ones((2, 2))})
    with pytest.raises(ValueError, match=r"0\.W: shape \(4, 3\) in the state, \(3, 4\) here"):
        models.load_weights(network, {**state, "W1": np.ones((4, 3))}, strict=False)
