"""eval() and train(): as in PyTorch, beside the block `test_mode()`."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import no_grad, test_mode
from autograd.config import training

X = np.random.default_rng(0).normal(size=(4, 6)).astype("f")


def nested(values):
    return [values[0]] if len(values) == 1 else [values[0], nested(values[1:])]


class Asks(L.Layer):
    """Says what the functions that it calls see; then what the layers inside see."""

    def __init__(self, *inside):
        self.inside = inside

    def forward(self, x):
        return [training(), *[layer(x) for layer in self.inside]]


def test_a_call_trains_as_the_innermost_layer_that_was_told_so_outside_of_test_mode():
    """All combinations for three layers inside one another, in this thread and in another."""
    for said in product([None, False, True], repeat=3):
        c = Asks()
        b = Asks(c)
        a = Asks(b)
        for layer, value in zip((a, b, c), said):  # the outer ones first: each goes to all below
            if value is not None:
                layer.train(value)
        seen, around = [], True
        for value in said:
            around = around if value is None else value
            seen.append(around)

        assert a(X) == nested(seen), said
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(a, X).result() == nested(seen)
        with test_mode():
            assert a(X) == nested([False] * 3)
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(a, X).result() == nested([False] * 3)
        assert training()


def test_eval_goes_to_all_below_and_train_brings_it_back():
    model = L.Sequential(L.Linear(6), [L.Dropout(0.5)][0], L.Sequential(L.BatchNorm()), F.relu)
    assert model.training
    assert model.eval() is model
    assert [layer.training for layer in model.layers()] == [False] * 5
    assert "training=False" in repr(model)
    assert model.train() is model
    assert [layer.training for layer in model.layers()] == [True] * 5
    assert "training" not in repr(model)
    assert model.train(False).training is False
    assert model.train(mode=True).training is True
    for nonsense in (1, "off", None):
        with pytest.raises(TypeError, match="train: mode"):
            model.train(nonsense)


def test_eval_before_the_first_call_and_an_error_in_a_call():
    model = L.Sequential(L.Linear(6), L.Dropout(0.5), L.BatchNorm()).eval()
    with pytest.raises(ValueError):
        model(np.ones((), "f"))
    assert training()
    with no_grad():
        y = model(X)
    assert np.array_equal(y.data, model(X).data)
    assert not model.state_dict()["2.mean"].any()
    model.train()(X)
    assert model.state_dict()["2.mean"].any()


def test_eval_is_test_mode():
    model = L.Sequential(L.Linear(6), L.BatchNorm(), L.Dropout(0.5), lambda x: F.dropout(x, 0.5))
    model(X)
    with test_mode():
        expected = model(X).data
    np.testing.assert_array_equal(model.eval()(X).data, expected)
    loss = F.sum(model(X) ** 2)  # it records all the same
    loss.backward()
    assert all(p.grad is not None for p in model.params())


def test_a_frozen_part_and_dropout_at_test_time():
    norm, dropout = L.BatchNorm(6), L.Dropout(0.5)
    model = L.Sequential(norm, dropout)
    norm.eval()
    model(X)
    assert not norm.mean.data.any()
    model.eval()
    for layer in model.layers():
        if isinstance(layer, L.Dropout):
            layer.train()
    ag.seed(0)
    assert not np.array_equal(model(X).data, model(X).data)
    assert not norm.mean.data.any()
    with test_mode():
        assert np.array_equal(model(X).data, model(X).data)


def test_layers_that_nobody_can_find_follow_the_one_around_them():
    hidden = L.Dropout(0.5)
    model = L.Sequential(lambda x: hidden(x)).eval()
    assert np.array_equal(ag.as_array(model(X)), X)


def test_what_was_said_is_copied_and_pickled_but_not_saved():
    model = L.Sequential(L.Dropout(0.5), L.BatchNorm(6)).eval()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other(X).data, model(X).data)
        assert not other.training
    assert not [path for path in model.state_dict() if "training" in path]


def test_a_frozen_dataclass():
    @dataclass(frozen=True, eq=False)
    class Frozen(L.Layer):
        p: float = 0.5

        def forward(self, x):
            return F.dropout(x, self.p)

    layer = Frozen()
    assert np.array_equal(layer.eval()(X), X)
    assert not np.array_equal(layer.train()(X), X)


def test_watchers_see_the_calls():
    model = L.Sequential(L.Linear(6, 6), L.Dropout(0.5)).eval()
    with ag.profile() as p:
        model(X)
    assert [*p.layers] == ["0 Linear"]
