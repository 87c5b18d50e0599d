"""Time and bytes by function and by layer."""

import time

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Function, Variable


class Slow(Function):
    """The identity, which takes its time."""

    def forward(self, x):
        time.sleep(0.02)
        return x * 1

    def backward(self, gy):
        time.sleep(0.01)
        return gy


class Waiting(L.Layer):
    def forward(self, x):
        return Slow()(x)


class Cube(L.Layer):
    def forward(self, x):
        return x**3


def test_times_and_bytes_go_to_their_function_and_layer():
    model = L.Sequential(L.Linear(5, 4), Waiting(), F.relu)
    x = Variable(np.ones((3, 4), np.float32))
    model(x).sum().backward()  # on a GPU the first call compiles
    model.cleargrads()
    with ag.profile() as p:
        y = model(x)
        y.sum().backward()
        time.sleep(0.02)
    slow = p.functions["Slow"]
    assert slow.calls == 1
    assert 0.02 <= slow.forward < 0.2
    assert 0.01 <= slow.backward < 0.2
    assert slow.bytes == 2 * 3 * 5 * 4
    assert next(iter(p.functions)) == "Slow"
    assert next(iter(p.layers)) == "1 Waiting"
    assert {"0 Linear", "1 Waiting", " Sequential".strip()} <= p.layers.keys()
    assert p.layers["1 Waiting"].forward == slow.forward
    assert p.total >= 0.05
    assert 0.2 < p.overhead < 0.9
    assert p.seconds(y.creator) > 0


def test_a_recorded_backward_pass_counts_once():
    x = Variable(np.ones(3))
    with ag.profile() as p:
        gx = ag.grad((F.tanh(x) * x).sum(), x, create_graph=True)
        ag.grad(gx.sum(), x)
    assert p.functions["Tanh"].calls == 1
    assert p.functions["Tanh"].backward > 0
    work = sum(cost.seconds for cost in p.functions.values())
    assert work <= p.total


def test_what_a_recorded_backward_pass_calls_belongs_to_the_layer_that_it_differentiates():
    model, x = L.Sequential(L.Linear(3, 3, dtype=np.float64), Cube()), Variable(np.ones((2, 3)))
    with ag.profile() as p:
        (gx,) = ag.grad(model(x).sum(), [x], create_graph=True)
        ag.grad(gx.sum(), x)
    assert p.costs["1 Cube", "Mul"].backward > 0
    assert ("", "Mul") not in p.costs


def test_the_table_names_functions_layers_and_the_share_of_python():
    with ag.profile() as p:
        L.Linear(2, 3)(np.ones((1, 3), np.float32))
    text = str(p)
    assert "ms in functions and" in text
    assert [line.split()[0] for line in text.splitlines() if line] == [
        f"{1e3 * p.total:.3f}",
        "function",
        "Linear",
        "layer",
        "Linear",
    ]


def test_a_profile_measures_several_blocks_each_by_itself():
    x = Variable(np.ones(3))
    with ag.profile() as p:
        y = x * 2.0
    with ag.profile() as q:
        z = x * 3.0
    assert p.seconds(y.creator) is not None
    assert p.seconds(z.creator) is None
    assert q.functions["Mul"].calls == 1
