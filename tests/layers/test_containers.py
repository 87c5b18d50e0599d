"""Sequential and MLP."""

import numpy as np
import pytest

from autograd.functions.activation import relu
from autograd.functions.elementwise import tanh
from autograd.layers import MLP, Linear, Sequential


def ones(*shape):
    return np.ones(shape, np.float32)


def test_layers_and_functions_in_turn():
    first, last = Linear(3, 2), Linear(1, 3)
    model = Sequential(first, relu, last)
    x = np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32)
    expected = np.maximum(x @ first.W.data + first.b.data, 0) @ last.W.data + last.b.data
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-6)
    assert [path for path, _ in model.named_params()] == ["0.W", "0.b", "2.W", "2.b"]


def test_index_slice_length_and_iteration():
    model = Sequential(Linear(3, 2), relu, Linear(1, 3))
    assert (len(model), len(model[:2]), model[1], model[-1]) == (3, 2, relu, model[2])
    assert list(model) == [model[0], relu, model[2]]
    head = model[:2]
    assert isinstance(head, Sequential)
    assert head[0] is model[0]
    with pytest.raises(IndexError):
        model[3]


def test_a_sequential_of_nothing_is_the_identity():
    x = ones(2)
    assert Sequential()(x) is x


@pytest.mark.parametrize("part", [3, "relu", None, [relu]])
def test_a_part_must_be_callable(part):
    with pytest.raises(TypeError, match="Sequential takes layers and functions"):
        Sequential(part)


def test_sequentials_nest():
    model = Sequential(Sequential(Linear(3, 2), relu), MLP((4, 1)))
    assert model(ones(5, 2)).shape == (5, 1)
    assert [path for path, _ in model.named_params()] == ["0.0.W", "0.0.b", "1.0.W", "1.0.b", "1.2.W", "1.2.b"]


def test_mlp():
    model = MLP((5, 4, 3))
    assert [getattr(part, "__name__", "Linear") for part in model] == ["Linear", "relu", "Linear", "relu", "Linear"]
    assert model(ones(2, 7)).shape == (2, 3)
    assert [p.shape for p in model.params()] == [(7, 5), (5,), (5, 4), (4,), (4, 3), (3,)]
    assert MLP((5, 3), tanh, in_size=2)[1] is tanh
    with pytest.raises(ValueError, match="at least one"):
        MLP(())
    for sizes in (10, None, "10"):
        with pytest.raises(TypeError, match=r"sizes of its layers as a list, such as MLP\(\(1000, 10\)\), not"):
            MLP(sizes)


def test_what_is_no_part_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match="not the class Linear: call it first"):
        Sequential(Linear)
    with pytest.raises(TypeError, match=r"give them one by one, Sequential\(\*parts\)"):
        Sequential([Linear(2), relu])
    for activation in (None, "relu", 3):
        with pytest.raises(TypeError, match="MLP: activation must be a function, not"):
            MLP((3, 2), activation)
