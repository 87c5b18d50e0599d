"""PyTorch's names of weights are translated to ours."""

import numpy as np
import pytest

from autograd.layers import GRU, LSTM, RNN, BatchNorm, LayerNorm, Linear, Sequential
from autograd.layers.conv import Conv2d
from autograd.models import load_weights
from autograd.models.weights import path_of

pytestmark = pytest.mark.standin_exempt("weights of others are NumPy arrays")


def torch_state():
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (4, 3, 2, 2), "0.bias": (4,), "1.weight": (4,), "1.bias": (4,), "1.running_mean": (4,)}
    shapes |= {"1.running_var": (4,), "3.weight": (5, 4), "3.bias": (5,), "4.weight": (5,), "4.bias": (5,)}
    return {name: rng.random(shape) for name, shape in shapes.items()} | {"1.num_batches_tracked": np.array(9)}


def network():
    return Sequential(Conv2d(4, 2, in_channels=3), BatchNorm(4), np.ravel, Linear(5, 4), LayerNorm(5))


def test_the_names_of_torch_are_translated():
    model, state = network(), torch_state()
    load_weights(model, state)
    ours = model.state_dict()
    pairs = {"0.W": "0.weight", "0.b": "0.bias", "1.gamma": "1.weight", "1.beta": "1.bias", "3.b": "3.bias"}
    pairs |= {"1.mean": "1.running_mean", "1.var": "1.running_var", "4.gamma": "4.weight", "4.beta": "4.bias"}
    for path, name in pairs.items():
        np.testing.assert_array_equal(ours[path], state[name].astype(np.float32))
    np.testing.assert_array_equal(ours["3.W"], state["3.weight"].T.astype(np.float32))
    assert ours["3.W"].flags.c_contiguous
    assert ours["3.W"].dtype == np.float32


class TorchTensor:
    """What is asked of a tensor of PyTorch that learns: its numbers, in a type that NumPy has."""

    def __init__(self, x, dtype="torch.float32", *done):
        self.x, self.dtype, self.done = x, dtype, done

    def detach(self):
        return TorchTensor(self.x, self.dtype, *self.done, "detached")

    def cpu(self):
        return TorchTensor(self.x, self.dtype, *self.done, "moved")

    def float(self):
        return TorchTensor(self.x, "torch.float32", *self.done)

    def __array__(self, dtype=None, copy=None):
        assert self.dtype == "torch.float32"
        assert self.done == ("detached", "moved")
        return self.x


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors_of_torch(dtype):
    model = Linear(2)
    load_weights(model, {"weight": TorchTensor(np.eye(2, 3), dtype), "bias": TorchTensor(np.zeros(2), dtype)})
    np.testing.assert_array_equal(model.W.data, np.eye(3, 2))


def test_a_layer_alone_and_one_without_sizes():
    model = Linear(2)
    load_weights(model, {"weight": np.ones((2, 3)), "bias": np.zeros(2)})
    assert model.W.shape == (3, 2)


def test_our_own_names_stay():
    model, other = network(), network()
    load_weights(other, model.state_dict())
    assert all(np.array_equal(x, other.state_dict()[path]) for path, x in model.state_dict().items())


def test_the_table_of_names():
    table = {"conv1.": "stem.", ".conv1.": ".f.0."}
    assert path_of("conv1.weight", table, {"stem.W"}) == "stem.W"
    assert path_of("module.conv1.bias", table, {"stem.b"}) == "stem.b"
    assert path_of("layer.conv1.bias", table, {"layer.f.0.beta"}) == "layer.f.0.beta"
    assert path_of("xconv1.bias", table, {"stem.b"}) == "xconv1.bias"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"3.weight": np.ones((4, 5))}, r"3.W: shape \(5, 4\) in the state, \(4, 5\) here"),
        ({"3.other": np.ones(3)}, "3.other: unexpected"),
        ({"fc.weight": np.ones(3)}, "fc.weight: unexpected"),
        ({"3.bias": np.ones(5, np.int64)}, "3.b: dtype int64"),
    ],
)
def test_what_does_not_fit_changes_nothing(change, message):
    model = network()
    before = model.state_dict()
    with pytest.raises(ValueError, match=rf"the weights do not fit this Sequential: (.|\n)*{message}"):
        load_weights(model, torch_state() | change)
    assert all(np.array_equal(before[path], x) for path, x in model.state_dict().items())


def test_a_part_of_the_weights():
    model = network()
    b = model[3].b.data.copy()
    load_weights(model, {"1.weight": np.full(4, 2.0), "fc.bias": np.ones(1000)}, strict=False)
    assert model[1].gamma.data.tolist() == [2, 2, 2, 2]
    assert np.array_equal(model[3].b.data, b)
    with pytest.raises(ValueError, match=r"0\.W: missing"):
        load_weights(model, {"1.weight": np.ones(4)})


def test_two_weights_with_one_name_are_refused():
    model = Linear(2, 3)
    before = model.state_dict()
    for other in ("module.weight", "W"):
        with pytest.raises(ValueError, match=f"weight and {other} are both the weights of W"):
            load_weights(model, {"weight": np.ones((2, 3)), other: np.ones((3, 2)), "bias": np.zeros(2)})
    assert all(np.array_equal(before[path], x) for path, x in model.state_dict().items())


def recurrent_state(gates, end="", I=2, H=3):
    """What PyTorch calls the weights of a recurrent layer."""
    rng = np.random.default_rng(0)
    shapes = {
        "weight_ih": (gates * H, I),
        "weight_hh": (gates * H, H),
        "bias_ih": (gates * H,),
        "bias_hh": (gates * H,),
    }
    return {f"rnn.{name}_l{end or 0}": rng.random(shape) for name, shape in shapes.items()}


class Reader(Sequential):
    torch_names = {"rnn.": "0."}


def test_two_biases_become_one_where_only_their_sum_counts():
    model, state = Reader(LSTM(3)), recurrent_state(4)
    load_weights(model, state)
    lstm = model[0]
    np.testing.assert_array_equal(lstm.Wx.data, state["rnn.weight_ih_l0"].T.astype(np.float32))
    np.testing.assert_array_equal(lstm.Wh.data, state["rnn.weight_hh_l0"].T.astype(np.float32))
    np.testing.assert_allclose(lstm.b.data, state["rnn.bias_ih_l0"] + state["rnn.bias_hh_l0"], rtol=1e-6)
    assert "rnn.bias_hh_l0" in state


def test_a_gru_has_both_biases():
    model, state = Reader(GRU(3, 2)), recurrent_state(3)
    load_weights(model, state)
    for name, theirs in (("b", "rnn.bias_ih_l0"), ("d", "rnn.bias_hh_l0")):
        np.testing.assert_array_equal(getattr(model[0], name).data, state[theirs].astype(np.float32))
    with pytest.raises(ValueError, match="bias_hh_l0: unexpected"):  # another function than PyTorch's
        load_weights(Reader(GRU(3, 2, reset="before")), state)


def test_further_layers_and_the_other_direction():
    model = Reader(LSTM(3, 2, layers=2, bidirectional=True))
    parts = [recurrent_state(4, end, I) for end, I in ((0, 2), ("0_reverse", 2), (1, 6), ("1_reverse", 6))]
    state = {name: x + k for k, part in enumerate(parts) for name, x in part.items()}
    load_weights(model, state)
    for name, theirs in (("Wx", "0"), ("Wx_reverse", "0_reverse"), ("Wx1", "1"), ("Wx1_reverse", "1_reverse")):
        W = state[f"rnn.weight_ih_l{theirs}"].T.astype(np.float32)
        np.testing.assert_array_equal(getattr(model[0], name).data, W)
    with pytest.raises(ValueError, match="weight_hr_l0: unexpected"):
        load_weights(model, state | {"rnn.weight_hr_l0": np.ones((3, 3))})


@pytest.mark.parametrize(("kind", "gates"), [(RNN, 1), (LSTM, 4), (GRU, 3)])
def test_the_cells_of_torch_have_names_without_a_number(kind, gates):
    cell, layer = Reader(kind(3, 2)), Reader(kind(3, 2))
    state = recurrent_state(gates)
    load_weights(layer, state)
    load_weights(cell, {name.removesuffix("_l0"): x for name, x in state.items()})
    for a, b in zip(cell.params(), layer.params(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
