"""RNN, LSTM, GRU: against plain loops, against PyTorch, and their state."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad, no_grad, test_mode
from autograd.algebra import as_array
from autograd.layers import GRU, LSTM, RNN, Embedding, Layer, Linear, Sequential
from autograd.layers.base import State, named_objects
from autograd.optimizers import SGD, Adam, freeze

KINDS = [RNN, LSTM, GRU]
T, N, I, H = 4, 3, 2, 5


def sequence(seed=0):
    return np.random.default_rng(seed).standard_normal((T, N, I))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def loop(layer, xs):
    """The formulas, gate by gate, in plain NumPy."""
    p = layer.state_dict()
    H = len(p["Wh"])
    part = [slice(k * H, (k + 1) * H) for k in range(4)]
    h, c, hs = np.zeros((xs.shape[1], H)), np.zeros((xs.shape[1], H)), []

    def gate(k, x, h):
        return x @ p["Wx"][:, part[k]] + h @ p["Wh"][:, part[k]] + p["b"][part[k]]

    for x in xs:
        if type(layer) is RNN:
            h = np.tanh(gate(0, x, h))
        elif type(layer) is LSTM:
            i, f, g, o = (gate(k, x, h) for k in range(4))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            r, z = (sigmoid(gate(k, x, h) + p["d"][part[k]]) for k in range(2))
            v = h @ p["Wh"][:, part[2]] + p["d"][part[2]]
            n = np.tanh(x @ p["Wx"][:, part[2]] + p["b"][part[2]] + r * v)
            h = (1 - z) * n + z * h
        hs.append(h)
    return np.stack(hs)


def randomized(layer):
    rng = np.random.default_rng(1)
    for p in layer.params():
        p.data = rng.standard_normal(p.shape) * 0.5
    return layer


@pytest.mark.parametrize("kind", KINDS)
def test_against_a_plain_loop(kind):
    layer, xs = randomized(kind(H, I, dtype=np.float64)), sequence()
    np.testing.assert_allclose([layer(x).data for x in xs], loop(layer, xs), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_time(kind):
    layer, xs = randomized(kind(H, I, dtype=np.float64)), sequence()
    weights = np.random.default_rng(2).standard_normal((T, N, H))

    def loss():
        layer.reset_state()
        return sum((layer(x) * w).sum() for x, w in zip(xs, weights))

    loss().backward()
    for p in layer.params():
        d = np.random.default_rng(3).standard_normal(p.shape)
        values = []
        for eps in (1e-5, -1e-5):
            p.data += eps * d
            values.append(float(loss()))
            p.data -= eps * d
        assert float((p.grad.data * d).sum()) == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_against_torch(kind):
    torch = pytest.importorskip("torch")
    layer, xs = randomized(kind(H, I, dtype=np.float64)), sequence()
    theirs = getattr(torch.nn, kind.__name__)(I, H).double()
    state = layer.state_dict()
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(state["Wx"].T))
        theirs.weight_hh_l0.copy_(torch.tensor(state["Wh"].T))
        theirs.bias_ih_l0.copy_(torch.tensor(state["b"]))
        theirs.bias_hh_l0.copy_(torch.tensor(state.get("d", np.zeros_like(state["b"]))))
    x = torch.tensor(xs, requires_grad=True)
    hs, _ = theirs(x)
    (hs**2).sum().backward()
    ours = [Variable(x) for x in xs]
    ys = [layer(x) for x in ours]
    sum((y * y).sum() for y in ys).backward()
    np.testing.assert_allclose([y.data for y in ys], hs.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose([x.grad.data for x in ours], x.grad.numpy(), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(layer.Wx.grad.data, theirs.weight_ih_l0.grad.numpy().T, rtol=1e-8)
    np.testing.assert_allclose(layer.Wh.grad.data, theirs.weight_hh_l0.grad.numpy().T, rtol=1e-8)
    np.testing.assert_allclose(layer.b.grad.data, theirs.bias_ih_l0.grad.numpy(), rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_size_is_free_of_the_input_size(kind):
    layer = kind(7)
    assert layer(np.ones((2, 3), np.float32)).shape == (2, 7)
    assert layer(np.ones((2, 3), np.float32)).shape == (2, 7)
    assert (layer.Wx.shape, layer.Wh.shape) == ((3, 7 * layer.gates), (7, 7 * layer.gates))


@pytest.mark.parametrize("kind", KINDS)
def test_reset_begins_anew(kind):
    layer, xs = kind(H, I, dtype=np.float64), sequence()
    assert layer.h is None
    first = [layer(x).data for x in xs]
    assert layer.h.shape == (N, H)
    layer.reset_state()
    assert layer.h is None
    np.testing.assert_array_equal([layer(x).data for x in xs], first)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first, second", [(1, 4), (4, 1), (3, 2)])
def test_another_batch_size_needs_a_reset(kind, first, second):
    """A state of one sample would be broadcast silently."""
    layer = kind(H)
    layer(np.ones((first, I), np.float32))
    x = np.ones((second, I), np.float32)
    with pytest.raises(ValueError, match=rf"state is \({first}, 5\), not x \({second}, 2\): call reset_state\(\)"):
        layer(x)
    assert layer.h.shape == (first, H)
    with pytest.raises(TypeError, match="takes a Variable or an array, not list"):
        layer([[1.0, 2.0]])
    layer.reset_state()
    assert layer(x).shape == (second, H)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_keeps_the_values_and_frees_the_past(kind):
    layer, xs = kind(H, I, dtype=np.float64), sequence()
    expected = [layer(x).data for x in xs]
    layer.reset_state()
    gc.disable()
    try:
        x = Variable(xs[0])
        layer(x)
        y = layer(xs[1])
        graph = weakref.ref(y.creator)
        layer.cut_state()
        y = layer(xs[2])
        assert graph() is None
        np.testing.assert_allclose(y.data, expected[2])
        y.sum().backward()
        assert x.grad is None
        assert layer.Wh.grad is not None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_backpropagation_is_that_from_the_given_state(kind):
    """The gradient after a cut is the one of a sequence that begins with the cut state as a constant."""
    layer, xs = randomized(kind(H, I, dtype=np.float64)), sequence()
    layer(xs[0])
    layer.cut_state()
    states = [state for _, state in named_objects(layer, State)]
    values = [as_array(state.value) for state in states]
    layer(xs[1]).sum().backward()
    gradient = layer.Wh.grad.data
    layer.cleargrads()
    for state, value in zip(states, values):
        state.value = value
    layer(xs[1]).sum().backward()
    np.testing.assert_array_equal(layer.Wh.grad.data, gradient)


def test_a_model_resets_and_cuts_what_is_below():
    class Net(Layer):
        def __init__(self):
            self.parts = [Sequential(LSTM(3), Linear(2)), {"gru": GRU(3)}]

        def forward(self, x):
            return self.parts[1]["gru"](self.parts[0](x))

    net = Net()
    x = np.ones((2, 4), np.float32)
    net(x)
    lstm, gru = net.parts[0][0], net.parts[1]["gru"]
    assert isinstance(lstm.c, Variable)
    net.cut_state()
    assert isinstance(lstm.c, np.ndarray)
    assert isinstance(gru.h, np.ndarray)
    net(x).sum().backward()
    net.reset_state()
    assert lstm.h is lstm.c is gru.h is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_in_the_middle_of_a_sequence_starts_afresh(kind, copied):
    layer, x = kind(H, I), np.ones((N, I), np.float32)
    first = layer(x).data
    other = copied(layer)
    assert other.h is None
    assert layer.h is not None
    np.testing.assert_array_equal(other(x).data, first)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_moves_along(kind, on_device, moved):
    layer = kind(H, I)
    x = np.ones((N, I), np.float32)
    layer(x)
    expected = layer(x).data
    layer.reset_state()
    layer(x)
    moved(layer)
    y = layer(on_device(x))
    np.testing.assert_allclose(np.asarray(y.to("cpu").data), expected, rtol=1e-6)


def test_a_fresh_lstm_remembers():
    b = LSTM(3, 2).b.data
    np.testing.assert_array_equal(b, [0] * 3 + [1] * 3 + [0] * 6)


def test_each_gate_starts_orthogonal():
    W = GRU(4, 2, dtype=np.float64).Wh.data
    for k in range(3):
        block = W[:, 4 * k : 4 * k + 4]
        np.testing.assert_allclose(block.T @ block, np.eye(4), atol=1e-12)


def test_a_state_is_found_but_not_saved():
    net = Sequential(LSTM(3, 2), GRU(4, 3))
    net(np.ones((1, 2), np.float32))
    assert [path for path, _ in named_objects(net, State)] == ["0.last_h", "0.last_c", "1.last_h"]
    assert not [path for path in net.state_dict() if "last" in path]
    assert "last" not in repr(net)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2, 2, 4, 3), ()])
@pytest.mark.parametrize("state", [False, True])
def test_a_call_is_a_step_or_a_sequence(kind, shape, state):
    for layer in (kind(H), kind(H, 3)):
        if state:
            layer(np.ones((2, 3), np.float32))
        before = layer.h
        with pytest.raises(ValueError, match=r"step x \(N, I\), or whole sequences x \(N, T, I\)|takes a first input"):
            layer(np.ones(shape, np.float32))
        assert layer.h is before


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_sequence_has_steps_of_one_axis(kind):
    layer, xs = kind(H, I, dtype=np.float64), sequence()
    one = [layer(x[0]).data for x in xs]
    layer.reset_state()
    np.testing.assert_allclose(one, [layer(x[:1]).data[0] for x in xs])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trained", ["nothing", "the head", "all but the layer", "in a stack"])
def test_a_graph_that_grows_is_said(kind, trained):
    """Where the weights of the layer do not change, no error about changed weights stops the loop."""
    parts = [kind(H, I), kind(H, H)] if trained == "in a stack" else [kind(H, I)]
    model, x = Sequential(*parts, Linear(1, H)), np.ones((N, I), np.float32)
    optimizer = {"the head": SGD(model[-1]), "all but the layer": SGD(model, transforms=[freeze("0")])}.get(trained)

    def steps(after=lambda: None):
        model.reset_state()
        for _ in range(3):
            loss = model(x).sum()
            model.cleargrads()
            loss.backward()
            if optimizer is not None:
                optimizer.update()
            after()

    with pytest.warns(
        UserWarning, match=rf"{kind.__name__} goes on from a state .* call cut_state\(\) after each back"
    ):
        steps()
    steps(model.cut_state)
    steps(model.reset_state)


def backward_alone(loss, layer, x):
    loss.backward()


def backward_and_clear(loss, layer, x):
    """The gradients are cleared at the end of a step, as many loops do: the layer's own tell nothing."""
    loss.backward()
    layer.cleargrads()


def a_gradient_of_x(loss, layer, x):
    grad(loss, x)


@pytest.mark.parametrize("walk", [backward_alone, backward_and_clear, a_gradient_of_x])
@pytest.mark.parametrize("options", [{}, {"layers": 2}, {"stateful": True}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_grows_is_said_however_it_is_walked(kind, options, walk):
    shape = (N, T, I) if options.get("stateful") else (N, I)
    layer, x = kind(H, I, **options), Variable(np.ones(shape, np.float32))
    walk(layer(x).sum(), layer, x)
    with pytest.warns(UserWarning, match=r"call cut_state\(\) after each backward"):
        layer(x)


@pytest.mark.parametrize("kind", KINDS)
def test_under_no_grad_nothing_grows_and_nothing_is_said(kind):
    """A validation may go on from the last state of the training."""
    layer, x = kind(H, I), np.ones((N, I), np.float32)
    y, state = layer(x, None)
    (layer(x) + y).sum().backward()
    with no_grad():
        layer(x)
        layer(x, state)


@pytest.mark.parametrize("kind", KINDS)
def test_one_backward_for_a_whole_sequence_is_quiet(kind):
    layer = kind(H, I)
    for _ in range(2):
        layer.reset_state()
        sum(layer(np.ones((N, I), np.float32)).sum() for _ in range(4)).backward()


def batch(seed=0):
    """The sequences (N, T, I) of `sequence`, which has the steps in front."""
    return sequence(seed).swapaxes(0, 1).copy()


SHAPES = {"one": {}, "three layers": {"layers": 3}, "dropout": {"layers": 2, "dropout": 0.5}}


@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_is_its_steps(kind, options):
    layer, x = randomized(kind(H, I, dtype=np.float64, **options)), batch()
    with test_mode():
        y = layer(x)
        np.testing.assert_allclose(y.data, np.stack([layer(x[:, t]).data for t in range(T)], 1), rtol=1e-13)
        assert y.shape == (N, T, H)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_sequence_are_those_of_its_steps(kind):
    layer, x = randomized(kind(H, I, layers=2, dtype=np.float64)), Variable(batch())
    weight = np.random.default_rng(2).standard_normal((N, T, H))
    found = []
    for compute in (lambda: layer(x), lambda: F.stack([layer(x[:, t]) for t in range(T)], 1)):
        layer.cleargrads()
        x.cleargrad()
        (compute() * weight).sum().backward()
        found.append([x.grad.data, *[p.grad.data for p in layer.params()]])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_no_batch_goes_on_from_another(kind):
    """Sequences begin at zero, whatever was before, and do not disturb steps. The help says so at once."""
    layer, x = randomized(kind(H, I, dtype=np.float64)), batch()
    first = layer(x).data
    assert layer.h is None
    np.testing.assert_array_equal(layer(x).data, first)
    step = layer(x[:, 0]).data
    np.testing.assert_array_equal(layer(x[:2]).data, first[:2])
    np.testing.assert_array_equal(layer.h.data, step)
    np.testing.assert_allclose(layer(x[:, 1]).data, first[:, 1], rtol=1e-13)
    lines = kind.__doc__.splitlines()[:5]
    assert "begins at the state zero and leaves none: no batch goes on from another" in lines[2]
    assert "goes on from the step before it, until `reset_state()`" in lines[3]


@pytest.mark.parametrize("options", [{}, {"layers": 2}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_taken_and_returned(kind, options):
    layer, x = randomized(kind(H, I, dtype=np.float64, **options)), batch()
    whole, last = layer(x, None)
    np.testing.assert_array_equal(whole.data, layer(x).data)
    y, state = layer(x[:, :2], None)
    z, end = layer(x[:, 2:], state)
    np.testing.assert_allclose(np.concatenate([y.data, z.data], 1), whole.data, rtol=1e-13)
    for _ in range(2):  # steps too, and nothing is kept
        steps, state = [], None
        for t in range(T):
            h, state = layer(x[:, t], state)
            steps.append(h.data)
        np.testing.assert_allclose(np.stack(steps, 1), whole.data, rtol=1e-13)
        assert layer.h is None
    for a, b, c in zip(*[s if kind is LSTM else [s] for s in (last, end, state)], strict=True):
        assert a.shape == ((2, N, H) if options else (N, H))
        np.testing.assert_allclose(a.data, b.data, rtol=1e-13)
        np.testing.assert_allclose(a.data, c.data, rtol=1e-13)
    top = (last[0] if kind is LSTM else last).data
    np.testing.assert_array_equal(top[-1] if options else top, whole.data[:, -1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_goes_through_a_state(kind):
    layer, x = randomized(kind(H, I, dtype=np.float64)), Variable(batch())
    found = []
    for cut in (None, 2):
        x.cleargrad()
        y, state = layer(x[:, :cut], None)
        if cut is not None:
            y, _ = layer(x[:, cut:], state)
        (y[:, -1] ** 2).sum().backward()
        found.append(x.grad.data)
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-13)


def test_what_is_no_state_is_said():
    x = np.ones((N, T, I), np.float32)
    h = np.zeros((N, H), np.float32)
    for kind, state, error, said in (
        (GRU, np.zeros((2, H)), ValueError, r"takes a state \(3, 5\) for x \(3, 4, 2\), not \(2, 5\)"),
        (LSTM, h, TypeError, r"takes a state \(h, c\)"),
        (LSTM, (h, h, h), TypeError, r"takes a state \(h, c\)"),
        (LSTM, (h, np.zeros((1, H))), ValueError, r"takes a state \(3, 5\)"),
        (RNN, "text", TypeError, "the state takes a Variable or an array"),
    ):
        with pytest.raises(error, match=said):
            kind(H, I)(x, state)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_given_again_and_again_is_said_to_grow(kind):
    for options in ({}, {"layers": 2}):
        layer, x = kind(H, I, **options), np.ones((N, T, I), np.float32)

        def train(detached, layer=layer, x=x):
            state = None
            for _ in range(3):
                y, state = layer(x, state)
                (y * y).sum().backward()
                if detached:
                    state = tuple(s.detach() for s in state) if kind is LSTM else state.detach()

        train(True)
        with pytest.warns(UserWarning, match=rf"{kind.__name__} goes on from a state whose graph .*\.detach\(\)"):
            train(False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_reads_pieces_of_long_sequences(kind):
    layer, x = randomized(kind(H, I, stateful=True, layers=2, dtype=np.float64)), batch()
    whole = layer(x).data
    for end in (layer.cut_state, lambda: None):
        layer.reset_state()
        pieces = []
        for piece in (x[:, :1], x[:, 1:3], x[:, 3]):
            y = layer(piece)
            pieces.append(y.data.reshape(N, -1, H))
            end()
        np.testing.assert_allclose(np.concatenate(pieces, 1), whole, rtol=1e-13)
    with pytest.raises(ValueError, match=r"call reset_state\(\)"):
        layer(x[:1])
    with pytest.raises(ValueError, match="stateful must be False with bidirectional=True"):
        kind(H, stateful=True, bidirectional=True)
    layer.reset_state()
    layer(x).sum().backward()
    with pytest.warns(UserWarning, match=r"call cut_state\(\)"):
        layer(x)


@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_padded_batch_is_its_sequences(kind, options):
    """Whatever the padding holds: outputs, states and gradients are those of each sequence alone."""
    layer = randomized(kind(H, I, dtype=np.float64, **options))
    lengths, values = [2, 4, 0], batch()
    for n, length in enumerate(lengths):
        values[n, length:] = np.nan
    x = Variable(values)
    y, state = layer(x, None, lengths=lengths)
    states = state if kind is LSTM else [state]
    (y * y).sum().backward()
    gradients = {path: p.grad.data for path, p in layer.named_params()}
    layer.cleargrads()
    for n, length in enumerate(lengths):
        np.testing.assert_array_equal(y.data[n, length:], 0)
        np.testing.assert_array_equal(x.grad.data[n, length:], 0)
        if length:
            one = Variable(values[n : n + 1, :length])
            alone, after = layer(one, None)
            (alone * alone).sum().backward()
            np.testing.assert_allclose(y.data[n : n + 1, :length], alone.data, rtol=1e-12)
            np.testing.assert_allclose(x.grad.data[n : n + 1, :length], one.grad.data, rtol=1e-9, atol=1e-12)
            for s, a in zip(states, after if kind is LSTM else [after], strict=True):
                np.testing.assert_allclose(s.data[..., n, :], a.data[..., 0, :], rtol=1e-12)
        else:
            assert all((s.data[..., n, :] == 0).all() for s in states)
    for path, p in layer.named_params():
        np.testing.assert_allclose(gradients[path], p.grad.data, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_two_directions(kind):
    """To the left it is a layer with those weights, on the sequence turned around."""
    layer, x = randomized(kind(H, I, bidirectional=True, dtype=np.float64)), batch()
    one, y = kind(H, I, dtype=np.float64), layer(x).data
    assert y.shape == (N, T, 2 * H)
    for end, turn, part in (("", slice(None), y[..., :H]), ("_reverse", slice(None, None, -1), y[..., H:])):
        for name, p in one.named_params():
            p.data = vars(layer)[name + end].data
        np.testing.assert_allclose(one(x[:, turn]).data[:, turn], part, rtol=1e-13)
    with pytest.raises(ValueError, match=r"x \(N, T, I\) if it is bidirectional, not one step \(3, 2\)"):
        layer(x[:, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_between_layers_and_in_training(kind):
    x = batch()
    layer = kind(H, I, layers=2, dropout=0.5, dtype=np.float64, rng=0)
    plain = kind(H, I, layers=2, dtype=np.float64, rng=0)
    with test_mode():
        np.testing.assert_array_equal(layer(x).data, plain(x).data)
    assert not np.array_equal(layer(x).data, layer(x).data)
    with pytest.raises(ValueError, match="dropout must be 0 for one layer, not 0.5"):
        kind(H, dropout=0.5)


def test_the_reset_gate_acts_before_or_after():
    after, before = GRU(H, I, dtype=np.float64), GRU(H, I, reset="before", dtype=np.float64)
    assert [path for path, _ in after.named_params()] == ["Wx", "Wh", "b", "d"]
    assert [path for path, _ in before.named_params()] == ["Wx", "Wh", "b"]
    before.load_state_dict({path: x for path, x in after.state_dict().items() if path != "d"})
    x = batch()
    np.testing.assert_allclose(after(x[:, :1]).data, before(x[:, :1]).data)  # the state is zero
    assert not np.allclose(after(x).data[:, 1:], before(x).data[:, 1:])
    with pytest.raises(ValueError, match="reset must be one of 'after', 'before', not 'never'"):
        GRU(H, reset="never")


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_learns_to_copy(kind):
    """Each answer is the word of the step before last, which only a memory has."""
    rng = np.random.default_rng(0)
    model = Sequential(Embedding(5, 8, rng=0), kind(24, rng=1), kind(24, rng=2), Linear(5, rng=3))
    optimizer = Adam(model, lr=1e-2)
    for _ in range(150):
        words = rng.integers(0, 5, (32, 8))
        loss = F.softmax_cross_entropy(model(words)[:, 2:], words[:, :-2])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    assert loss.item() < 0.05  # without a memory it is log 5 = 1.61


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_without_steps_is_refused(kind):
    with pytest.raises(ValueError, match=r"takes x \(N, T, I\) with T > 0, or \(N, I\), .* not x \(3, 0, 2\)"):
        kind(H, I)(np.zeros((N, 0, I), np.float32))


@pytest.mark.parametrize("make", [*KINDS, lambda *args, **options: GRU(*args, reset="before", **options)])
def test_an_edit_of_the_output_is_an_error(make):
    """What the way back needs lies in the memory of the outputs: an edit would spoil the gradient of Wh."""
    y = make(H, I)(Variable(np.ones((N, T, I), np.float32)))
    y.data[0] = 0
    with pytest.raises(RuntimeError, match="was changed after"):
        y.sum().backward()
