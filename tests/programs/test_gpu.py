"""Steps of arrays on a GPU: what is no program is refused before anything has changed."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.programs import Refused
from tests import standin

pytestmark = pytest.mark.standin_exempt("is about devices")


def test_a_step_of_another_module_is_refused_and_leaves_all_as_it_was():
    x, t = standin.asarray(np.ones((4, 5), np.float32)), standin.asarray(np.arange(4) % 3)
    model = L.Sequential(L.Linear(3, 5, rng=0))
    for p in model.params():
        p.data = standin.asarray(p.data)
    optimizer = O.Adam(model)

    @ag.capture
    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    step(x, t)
    before = [p.data for p in model.params()]
    numbers = [np.array(p.data.tolist()) for p in model.params()]
    with pytest.raises(Refused, match=r"a step of arrays of .*standin"):
        step(x, t)
    for p, array, values in zip(model.params(), before, numbers):
        assert p.data is array
        np.testing.assert_array_equal(np.array(p.data.tolist()), values)
    assert optimizer.steps == 1
