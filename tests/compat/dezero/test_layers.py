"""Layers: weights, states, files."""

import dezero
import dezero.functions as F
import dezero.layers as L
import numpy as np
import pytest
from dezero import models, optimizers

import autograd
from autograd import serialize
from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own


def test_weights_are_drawn_in_the_order_of_dezero():
    np.random.seed(5)
    first, later = L.Linear(4, in_size=3), L.Linear(2)
    assert later.W.data is None
    later(first(A))
    np.random.seed(5)
    for layer, (n, m) in ((first, (3, 4)), (later, (4, 2))):
        W = np.random.randn(n, m).astype(np.float32) * np.float32(np.sqrt(1 / n))
        np.testing.assert_array_equal(layer.W.data, W)
    assert (first.W.name, first.b.name, first.W.dtype) == ("W", "b", np.float32)
    assert L.Linear(2, True, np.float64, 3).W.dtype == np.float64
    assert L.Linear(2, nobias=True).b is None
    np.random.seed(5)
    conv, deconv, embed = L.Conv2d(4, (3, 2), in_channels=3), L.Deconv2d(4, 2, in_channels=3), L.EmbedID(5, 2)
    np.random.seed(5)
    np.testing.assert_allclose(conv.W.data, np.random.randn(4, 3, 3, 2) * np.sqrt(1 / 18), rtol=1e-6)
    np.testing.assert_allclose(deconv.W.data, np.random.randn(3, 4, 2, 2) * np.sqrt(1 / 12), rtol=1e-6)
    np.testing.assert_array_equal(embed.W.data, np.random.randn(5, 2))
    np.testing.assert_array_equal(embed(np.array([1, 1])).data, embed.W.data[[1, 1]])


def test_recurrent_layers():
    rnn, lstm = L.RNN(4, in_size=3), L.LSTM(4)
    assert (rnn.x2h.W.shape, rnn.h2h.W.shape, rnn.h2h.b) == ((3, 4), (4, 4), None)
    for layer in (rnn, lstm):
        assert layer.h is None
        layer(A)
        h = layer.h
        assert layer(A) is layer.h
        assert layer.h is not h
        F.sum(layer.h).backward()
        assert all(p.grad is not None for p in layer.params())
    x, h = A @ rnn.x2h.W.data, np.tanh(A @ rnn.x2h.W.data)
    np.testing.assert_allclose(rnn.h.data, np.tanh(x + h @ rnn.h2h.W.data))
    net = models.Sequential(rnn, L.Linear(1))
    net.reset_state()
    assert rnn.h is None
    lstm.reset_state()
    assert lstm.h is lstm.c is None


class Net(dezero.Model):
    def __init__(self):
        super().__init__()
        self.body = models.MLP((4, 3), activation=F.relu)
        self.norm = L.BatchNorm()
        self.more = [L.Linear(2, in_size=3)]

    def forward(self, x):
        return self.more[0](self.norm(self.body(x)))


def test_layers_know_their_parameters():
    net = Net()
    y = net(A)
    assert net._params == {"body", "norm"}
    names = {}
    net._flatten_params(names)
    linear, norm = ("body/l0", "body/l1", "more/0"), ("avg_mean", "avg_var", "gamma", "beta")
    expected = [f"{path}/{name}" for path in linear for name in "Wb"] + [f"norm/{name}" for name in norm]
    assert sorted(names) == sorted(expected)  # also what is in a list, which DeZero loses
    assert len(list(net.params())) == 10
    F.sum(y).backward()
    assert net.body.l0.W.grad is not None
    net.cleargrads()
    assert all(p.grad is None for p in net.params())
    assert net.outputs[0]() is y
    assert net.body.l1.outputs[0]().shape == (2, 3)  # held by the graph
    assert isinstance(net, autograd.layers.Layer)


def test_a_shared_layer_is_updated_once():
    net = models.Sequential(layer := L.Linear(3, in_size=3), layer)
    optimizer = optimizers.SGD(1.0).setup(net)
    F.sum(net(A)).backward()
    before, gradient = layer.b.data.copy(), layer.b.grad.data
    optimizer.update()
    np.testing.assert_allclose(layer.b.data, before - gradient, rtol=1e-6)


def test_weights_are_saved_and_loaded(tmp_path):
    net, other = Net(), Net()
    with pytest.raises(RuntimeError, match=r"body/l0/W.*Call the model once"):
        net.save_weights(tmp_path / "early.npz")
    assert not list(tmp_path.iterdir())
    y = net(A)
    net.save_weights(tmp_path / "net")
    with np.load(tmp_path / "net.npz") as npz:
        assert "body/l0/W" in npz.files
    other.load_weights(tmp_path / "net.npz")
    with dezero.test_mode():
        np.testing.assert_array_equal(other(A).data, net(A).data)
    assert y.shape == (2, 2)
    np.savez(tmp_path / "half.npz", **{"body/l0/W": np.ones(2)})
    with pytest.raises(KeyError, match="body/l0/b"):
        other.load_weights(tmp_path / "half.npz")
    serialize.save(net, tmp_path / "ours.npz")  # it is a layer of ours too
