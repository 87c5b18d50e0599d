"""Frozen layers: no gradient is computed for them, no graph is left behind, and training goes on around them."""

import copy
import pickle

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import Variable
from autograd.engine import functions_below
from autograd.layers import BatchNorm, Linear, Parameter, Sequential
from autograd.optimizers import SGD, Adam

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


def network():
    return Sequential(Linear(4, 3, rng=0), F.tanh, Linear(4, 4, rng=1), F.relu, Linear(2, 4, rng=2))


def loss(net, x=None):
    return (net(X if x is None else x) ** 2).sum()


def test_a_frozen_encoder_leaves_no_graph():
    net, free = network(), network()
    net[0].freeze()
    net[2].freeze()
    y, z = loss(net), loss(free)
    assert y.item() == z.item()
    assert {type(f).__name__ for f in functions_below([y.node])} == {"Linear", "Power", "SumTo", "Reshape"}
    assert len(functions_below([y.node])) == 4
    y.backward()
    z.backward()
    assert net[0].W.grad is net[2].b.grad is None
    np.testing.assert_array_equal(net[4].W.grad.data, free[4].W.grad.data)


def test_a_frozen_head_passes_gradients_on():
    net, free = network(), network()
    net[4].freeze()
    for n in (net, free):
        loss(n).backward()
    assert net[4].W.grad is None
    np.testing.assert_array_equal(net[0].W.grad.data, free[0].W.grad.data)
    x, z = Variable(X), Variable(X)
    net.freeze()
    loss(net, x).backward()
    loss(free, z).backward()
    np.testing.assert_array_equal(x.grad.data, z.grad.data)


def test_training_leaves_it_alone_until_it_is_thawed():
    net = network()
    net[0].freeze()
    optimizer, before = Adam(net, 0.1), net.state_dict()
    for frozen in (True, False):
        if not frozen:
            assert net.thaw() is net
        net.cleargrads()
        loss(net).backward()
        optimizer.update()
        assert np.array_equal(net[0].W.data, before["0.W"]) is frozen
        assert not np.array_equal(net[4].W.data, before["4.W"])


def test_second_order_through_a_frozen_layer():
    net = network()
    net[2].freeze()
    x = Variable(X)
    gx = ag.grad(loss(net, x), x, create_graph=True)
    (gx**2).sum().backward()
    assert net[2].W.grad is None
    assert net[0].W.grad is not None


def test_nothing_to_train():
    net = network().freeze()
    with pytest.raises(RuntimeError, match="no graph: it is a leaf, of integers, .*or of frozen parameters"):
        loss(net).backward()
    with pytest.raises(RuntimeError, match="grad takes no inputs that are frozen"):
        ag.grad(loss(network()), net[0].W)
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        SGD(net).update()


def test_sizes_that_are_unknown_and_values_that_are_set():
    net = Sequential(Linear(3, rng=0), BatchNorm(), Linear(1, rng=1)).freeze()
    assert net(X).node is None
    net[0].W.data = np.ones((3, 3), np.float32)
    net.load_state_dict(net.state_dict())
    assert net(X).node is None
    assert "FrozenParameter" in repr(net[0].W)
    net.thaw()
    loss(net).backward()
    assert all(p.grad is not None for p in net.params())
    other = Sequential(Linear(3)).freeze().thaw()
    loss(other).backward()
    assert other[0].W.grad is not None


def test_copies_and_pickles_stay_frozen():
    net = network()
    net[0].freeze()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        loss(other).backward()
        assert other[0].W.grad is None
        other.thaw()
        assert type(other[0].W) is Parameter


def test_a_functional_call_of_a_frozen_layer():
    net = network().freeze()
    W = Variable(np.ones((4, 2), np.float32))
    _, g = ag.value_and_grad(lambda W: (ag.functional_call(net, {"4.W": W}, X) ** 2).sum(), W)
    assert g.data.any()
    assert net[4].W.node is None


def test_a_layer_that_is_frozen_after_the_forward_is_not_updated():
    layer = Linear(1, 2)
    y = layer(X[:, :2]).sum()
    optimizer, before = SGD(layer, 1.0), layer.W.data.copy()
    layer.freeze()
    y.backward()
    with pytest.warns(UserWarning, match="changes nothing"):
        optimizer.update()
    np.testing.assert_array_equal(layer.W.data, before)
