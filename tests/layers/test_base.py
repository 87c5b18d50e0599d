"""Parameters are found, named, saved, loaded, moved and copied, wherever in a layer they are."""

import copy
import pickle
import subprocess
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from autograd import Variable, no_grad
from autograd.backend import namespace, to_numpy
from autograd.config import Watcher, watching
from autograd.functions.activation import relu
from autograd.layers import (
    GRU,
    LSTM,
    MLP,
    BatchNorm,
    Buffer,
    Conv2d,
    Dropout,
    Embedding,
    GroupNorm,
    InstanceNorm,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Parameter,
    Sequential,
)
from autograd.layers.base import Unfilled, first_calls, lazy_size, named_objects
from autograd.layers.initializers import lecun
from autograd.optimizers import Momentum


def paths(layer):
    return [path for path, _ in layer.named_params()]


def ones(*shape):
    return np.ones(shape, np.float32)


class Net(Layer):
    """Parameters everywhere: attributes, a list, a dict, a tuple in a list, a nested layer."""

    def __init__(self):
        self.scale = Parameter(ones(1))
        self.first = Linear(3, 2)
        self.blocks = [Linear(3, 3), relu, (Linear(3, 3, bias=False),)]
        self.heads = {"left": Linear(1, 3), "right": OrderedDict(b=Parameter(ones(1)), a=Parameter(ones(2)))}
        self.size = 3
        self.constant = Variable(ones(2))
        self.none = None

    def forward(self, x):
        for f in (self.first, self.blocks[0], self.blocks[1], self.blocks[2][0], self.heads["left"]):
            x = f(x)
        return x * self.scale


NET = [
    "scale", "first.W", "first.b", "blocks.0.W", "blocks.0.b", "blocks.2.0.W", "heads.left.W", "heads.left.b",
    "heads.right.b", "heads.right.a",
]  # fmt: skip


# Parameter and Buffer


def test_a_parameter_is_a_variable_with_an_array_of_its_own():
    a = ones(2, 3).T
    p = Parameter(a, "p")
    assert isinstance(p, Variable)
    assert p.name == "p"
    assert not np.shares_memory(p.data, a)
    assert p.data.flags.c_contiguous
    y = (p * 2).sum()
    y.backward()
    np.testing.assert_array_equal(p.grad.data, np.full((3, 2), 2))


def test_a_parameter_of_a_read_only_array_can_be_written():
    p = Parameter(np.broadcast_to(np.float32(1), (3,)))
    p.data -= 1
    assert p.dtype == np.float32


@pytest.mark.parametrize("data", [[1, 2], True, np.arange(3), 1j])
def test_a_parameter_is_floating_point(data):
    with pytest.raises(TypeError, match="floating-point|real ones"):
        Parameter(data)


def test_a_parameter_is_no_variable_of_a_variable():
    with pytest.raises(TypeError, match="Variable already"):
        Parameter(Variable(1.0))


def test_a_buffer_is_a_copy_and_no_variable():
    a = np.arange(3)
    buffer = Buffer(a)
    assert (buffer.shape, buffer.dtype, isinstance(buffer, Variable)) == ((3,), a.dtype, False)
    assert not np.shares_memory(buffer.data, a)
    assert repr(buffer) == "Buffer(array([0, 1, 2]))"
    with pytest.raises(TypeError, match="array"):
        buffer.data = [1]


@pytest.mark.standin_exempt("kinds of arrays that only NumPy has")
@pytest.mark.parametrize("kind", [np.ma.MaskedArray, np.matrix])
def test_masked_arrays_and_matrices_are_refused_at_every_door(kind):
    x, layer = np.ones((1, 1)).view(kind), Linear(1, 1)
    for door in (lambda: Buffer(x), lambda: setattr(Buffer(1.0), "data", x), lambda: Parameter(x),
                 lambda: setattr(layer.W, "data", x)):  # fmt: skip
        with pytest.raises(TypeError, match=r"no masked array|no np\.matrix"):
            door()
    with pytest.raises(ValueError, match=f"W: must be a plain array, not a {type(x).__name__}"):
        layer.load_state_dict(layer.state_dict() | {"W": x})
    optimizer = Momentum(layer)
    layer.W.grad = Variable(np.ones((1, 1), np.float32))
    optimizer.update()
    with pytest.raises(ValueError, match=rf"W\.v must be a plain array, not a {type(x).__name__}"):
        optimizer.load_state_dict(optimizer.state_dict() | {"W.v": x})


# What an attribute can be


@pytest.mark.parametrize("value", [Variable(1.0), np.ones(2), 3, "relu", 0.5])
def test_no_value_takes_the_place_of_a_layer(value):
    net = Net()
    with pytest.raises(TypeError, match=r"first of Net is a Linear and takes a layer, a function or None, not"):
        net.first = value
    for allowed in (relu, Linear(2), None, [Linear(2), relu]):
        net.first = Linear(2)
        net.first = allowed
    del net.first
    net.first = value


METHODS = [name for name, x in vars(Layer).items() if callable(x) and not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_no_value_takes_the_place_of_a_method(name):
    net = Net()
    for value in (3, None, False, "x", np.ones(2), Variable(1.0)):
        with pytest.raises(TypeError, match=f"^{name} is a method of every layer, not"):
            setattr(net, name, value)
    setattr(net, name, lambda *xs: 3)
    assert getattr(net, name)() == 3


def test_lists_of_ones_own_called_layers_and_params_do_no_harm():
    net = Layer()
    net.layers = [Linear(2, 2), Dropout(0.5)]
    net.params = [net.layers[0].W]
    net.eval()
    assert not net.layers[1].training
    net.layers[0].W.grad = Variable(np.ones((2, 2), np.float32))
    net.cleargrads()
    assert net.layers[0].W.grad is None
    assert paths(net) == ["layers.0.W", "layers.0.b"]
    net.to("cpu")


@pytest.mark.parametrize("value", ["no", 0, 1, None, np.ones(2), Variable(1.0)])
def test_training_is_true_or_false(value):
    net = Net()
    with pytest.raises(TypeError, match="Net: training must be True or False, not"):
        net.training = value
    net.training = np.bool(False)
    assert net.training is False


def test_a_layer_has_no_slots():
    class Mixed:
        __slots__ = ("inner",)

    for make in (
        lambda: type("Slotted", (Layer,), {"__slots__": ("inner",)}),
        lambda: type("Slotted", (Linear,), {"__slots__": "inner"}),
        lambda: type("Slotted", (Mixed, Layer), {}),
        lambda: dataclass(slots=True)(type("Slotted", (Layer,), {"__annotations__": {"inner": Layer}})),
    ):
        with pytest.raises(TypeError, match=r"^Slotted must have no __slots__, nor slots=True"):
            make()
    type("Empty", (Layer,), {"__slots__": ()})


# Finding


def test_parameters_are_found_everywhere_in_order_of_assignment():
    assert paths(Net()) == NET


def test_every_parameter_has_its_gradient():
    net = Net()
    net(ones(4, 2)).sum().backward()
    with_gradient = [path for path, p in net.named_params() if p.grad is not None]
    assert with_gradient == [path for path in NET if not path.startswith("heads.right")]
    net.cleargrads()
    assert all(p.grad is None for p in net.params())


def test_names_do_not_depend_on_the_hash_seed():
    program = (
        "from autograd.layers import *; "
        "net = Layer(); net.x = {c: [Linear(1, 1)] for c in 'zyxabc'}; net.a = Linear(1, 1); net.Z = Linear(1, 1); "
        "print([path for path, _ in net.named_params()])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in "12"
    }  # fmt: skip
    assert len(found) == 1
    assert found.pop().startswith("['x.z.0.W', 'x.z.0.b', 'x.y.0.W'")


def test_a_shared_parameter_or_layer_is_found_once():
    net = Layer()
    net.a = Linear(2, 2)
    net.b = net.a
    net.c = [net.a, Linear(2, 2)]
    net.c[1].W = net.a.W
    net.d = net.c
    assert paths(net) == ["a.W", "a.b", "c.1.b"]
    assert list(net.layers()) == [net, net.a, net.c[1]]


def test_a_cycle_of_layers_ends():
    net, child = Layer(), Linear(1, 1)
    net.child, child.parent, child.list = child, net, []
    child.list.append(child.list)
    assert paths(net) == ["child.W", "child.b"]
    assert "..." in repr(net)
    assert [layer is net for layer in net.layers()] == [True, False]


def test_layers_added_later_are_found():
    net = Net()
    net.later = Linear(1, 1)
    assert paths(net) == [*NET, "later.W", "later.b"]


def test_a_deep_tree_needs_no_recursion():
    deep = [Parameter(1.0)]
    for _ in range(5000):
        deep = [deep]
    assert len(list(named_objects(deep, Parameter))) == 1


def test_buffers_and_state():
    net = Sequential(BatchNorm(2), Linear(1, 2))
    assert [path for path, _ in net.named_buffers()] == ["0.mean", "0.var"]
    assert [path for path, _ in net.named_state()] == ["0.gamma", "0.beta", "0.mean", "0.var", "1.W", "1.b"]


def test_layers_in_a_set_are_an_error_and_other_sets_are_not():
    net = Layer()
    net.names = {"a", "b"}
    assert paths(net) == []
    net.parts = {Linear(1, 1)}
    with pytest.raises(TypeError, match="in a set"):
        paths(net)


def test_two_objects_of_one_path_are_an_error():
    net = Layer()
    net.parts = {1: Parameter(1.0), "1": Parameter(2.0)}
    with pytest.raises(ValueError, match=r"two different objects have the path 'parts\.1'"):
        paths(net)


def test_a_layer_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="define forward"):
        Layer()(1)


def test_options_reach_forward():
    class Power(Layer):
        def forward(self, x, *, p=1):
            return x**p

    assert Power()(3.0, p=2) == 9


# repr


def test_repr_shows_the_tree_with_shapes():
    net = Net()
    net.lazy = MLP((5,))
    assert repr(net).splitlines() == [
        "Net  scale (1,)  heads.right.b (1,)  heads.right.a (2,)  size=3",
        "  first: Linear  W (2, 3)  b (3,)",
        "  blocks.0: Linear  W (3, 3)  b (3,)",
        "  blocks.1: relu",
        "  blocks.2.0: Linear  W (3, 3)",
        "  heads.left: Linear  W (3, 1)  b (1,)",
        "  lazy: MLP",
        "    0: Linear  W (None, 5)  b (5,)",
    ]


def test_repr_shows_options():
    """Tuples of numbers are one fact each, also where two options are the same tuple."""
    net = Sequential(Conv2d(4, (3, 3), (2, 2), ((1, 0), 2)), MaxPool2d(2), Conv2d(2, 1, pad="same", in_channels=4))
    assert repr(net).splitlines() == [
        "Sequential",
        "  0: Conv2d  W (4, None, 3, 3)  b (4,)  stride=(2, 2)  pad=((1, 0), 2)  dilation=1  groups=1",
        "  1: MaxPool2d  kernel=(2, 2)  stride=(2, 2)  pad=0  ceil_mode=False  dilation=(1, 1)",
        "  2: Conv2d  W (2, 4, 1, 1)  b (2,)  stride=1  pad='same'  dilation=1  groups=1",
    ]


# Sizes that are not known yet


def test_a_lazy_layer_gets_its_size_at_the_first_call():
    layer = Linear(3)
    W = layer.W
    assert (W.shape, W.dtype, W.grad) == ((None, 3), np.float32, None)
    assert repr(W) == "Parameter(float32 (None, 3), which the first input will complete)"
    y = layer(ones(4, 2))
    assert (y.shape, y.dtype, W.shape) == ((4, 3), np.float32, (2, 3))
    assert layer.W is W
    y.sum().backward()
    assert W.grad.shape == (2, 3)


def test_a_lazy_layer_under_no_grad_is_as_good():
    layer = Linear(3)
    with no_grad():
        layer(ones(4, 2))
    layer(ones(4, 2)).sum().backward()
    assert layer.W.grad is not None


@pytest.mark.parametrize(("shape", "said"), [((), r"not the shape \(\)"), ((2, 0), r"not the shape \(2, 0\)")])
def test_an_input_without_the_axis_leaves_the_layer_lazy(shape, said):
    for layer in (Linear(3), LayerNorm()):
        with pytest.raises(ValueError, match=f"takes a first input with a size of at least 1 along axis -1, {said}"):
            layer(ones(*shape))
        assert None in next(layer.params()).shape


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (BatchNorm, (3,), (2, 5)),
        (BatchNorm, (0, 3), (2, 5)),
        (lambda: GroupNorm(2), (2, 3, 4), (2, 4, 4)),
        (lambda: GroupNorm(2), (2, 4, 0), (2, 6, 4)),
        (InstanceNorm, (2, 3, 0), (2, 4, 5)),
    ],
)
def test_a_wrong_first_call_leaves_the_layer_lazy(make, wrong, right):
    layer = make()
    with pytest.raises(ValueError, match="^(BatchNorm|batch_norm|group_norm|instance_norm)"):
        layer(ones(*wrong))
    assert layer.gamma.shape == (None,)
    assert layer(ones(*right)).shape == right


def test_saving_a_lazy_layer_names_what_has_no_size():
    net = Sequential(Linear(3, 2), relu, Linear(4))
    with pytest.raises(RuntimeError, match=r"2\.W \(None, 4\).*Call the model once.*in_size"):
        net.state_dict()


def test_loading_gives_a_lazy_layer_its_size():
    net, lazy = MLP((3, 2), in_size=4), MLP((3, 2))
    lazy.load_state_dict(net.state_dict())
    x = ones(2, 4)
    np.testing.assert_array_equal(net(x).data, lazy(x).data)
    assert lazy[0].W.shape == (4, 3)


def test_loading_what_a_lazy_layer_cannot_become():
    with pytest.raises(ValueError, match=r"W: shape \(2, 4\) in the state, \(None, 3\) here"):
        Linear(3).load_state_dict({"W": ones(2, 4), "b": ones(3)})


def test_an_initializer_must_make_what_it_is_asked_for():
    with pytest.raises(ValueError, match=r"must make float32 \(2, 3\), not float64 \(2, 3\)"):
        Linear(3, 2, initializer=lambda shape, rng, dtype: np.ones(shape))


def test_the_array_of_an_initializer_is_copied():
    mine = ones(2, 3)
    layer = Linear(3, 2, initializer=lambda shape, rng, dtype: mine)
    assert not np.shares_memory(layer.W.data, mine)


# State


def test_state_is_a_copy_and_loads_bit_for_bit():
    net, other = Net(), Net()
    for p in net.params():
        p.data[...] = np.random.default_rng(0).standard_normal(p.shape)
    state = net.state_dict()
    assert list(state) == NET
    other.load_state_dict(state)
    for (_, p), (_, q) in zip(net.named_state(), other.named_state()):
        np.testing.assert_array_equal(p.data, q.data)
        assert not np.shares_memory(p.data, q.data)
    before = state["scale"].copy()
    net.scale.data += 1
    np.testing.assert_array_equal(state["scale"], before)


def test_everything_that_does_not_fit_is_named_and_nothing_is_changed():
    net = Net()
    before = net.state_dict()
    state = {path: x + 1 for path, x in before.items()} | {"first.W": ones(3, 3), "extra": ones(1)}
    state["first.b"] = state["first.b"].astype(np.float64)
    state["heads.left.b"] = [1.0]
    del state["blocks.0.b"]
    with pytest.raises(ValueError) as error:
        net.load_state_dict(state)
    assert str(error.value).splitlines() == [
        "the state does not fit, and nothing was changed:",
        "  first.W: shape (3, 3) in the state, (2, 3) here",
        "  first.b: dtype float64 in the state, float32 here",
        "  blocks.0.b: missing",
        "  heads.left.b: must be an array, not list",
        "  extra: unexpected, nothing here has this path",
    ]
    for path, x in net.state_dict().items():
        np.testing.assert_array_equal(x, before[path])


def test_not_strict_ignores_paths_but_not_shapes():
    net = Linear(3, 2)
    net.load_state_dict({"b": ones(3), "other": ones(1)}, strict=False)
    np.testing.assert_array_equal(net.b.data, ones(3))
    with pytest.raises(ValueError, match="b: shape"):
        net.load_state_dict({"b": ones(2)}, strict=False)


# Copies


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_deepcopy_and_pickle(copied):
    net = Net()
    net.lazy, net.shared = Linear(3), net.first
    y = net(ones(4, 2))
    y.sum().backward()
    other = copied(net)
    assert other.shared is other.first
    assert paths(other) == paths(net)
    assert all(type(p) is Parameter and p.creator is None for p in other.params())
    assert other.first.W.grad is not net.first.W.grad
    np.testing.assert_array_equal(other(ones(4, 2)).data, y.data)
    other.first.W.data += 1
    assert not np.array_equal(other.first.W.data, net.first.W.data)
    other.lazy(ones(1, 5))
    assert net.lazy.W.shape == (None, 3)


# Devices


def test_to_moves_parameters_gradients_and_buffers(on_device, moved):
    net = Sequential(Linear(3, 2), BatchNorm(3), Linear(1))
    net(ones(4, 2)).sum().backward()
    net.last = lazy = Linear(2)
    assert moved(net) is net
    module = namespace(on_device(ones(1)))
    for _, box in net.named_state():
        assert type(box.value).__name__ == "Unfilled" or namespace(box.data) is module
    assert namespace(net[0].W.grad.data) is module
    y = net(on_device(ones(4, 2)))
    y.sum().backward()
    assert namespace(y.data) is module
    assert lazy.W.shape == (None, 2)
    for p in net.params():
        assert p.grad is None or namespace(p.grad.data) is module
    net.to("cpu")
    assert all(namespace(p.grad.data) is np for p in net.params() if p.grad is not None)


def test_state_goes_from_either_device_onto_either(on_device, moved):
    here, there = Sequential(Linear(3, 2), BatchNorm(3)), moved(Sequential(Linear(3, 2), BatchNorm(3)))
    there.load_state_dict(here.state_dict())
    back = Sequential(Linear(3), BatchNorm())
    back.load_state_dict({path: to_numpy(x) for path, x in there.state_dict().items()})
    lazy = moved(Sequential(Linear(3), BatchNorm()))
    lazy.load_state_dict(here.state_dict())
    for net in (there, back, lazy):
        for (_, p), (_, q) in zip(here.named_state(), net.named_state()):
            np.testing.assert_array_equal(p.data, to_numpy(q.data))
    assert namespace(lazy[0].W.data) is namespace(there[0].W.data) is namespace(on_device(ones(1)))


def test_a_lazy_layer_is_made_where_it_was_moved(on_device, moved):
    """Its input tells the size, and not the device; the other way round, see test_standin."""
    layer = moved(Linear(3))
    x = on_device(ones(4, 2))
    y = layer(x)
    assert namespace(y.data) is namespace(layer.W.data) is namespace(layer.b.data) is namespace(x)


def test_mixed_devices_are_an_error_that_says_what_to_do(other_device):
    with pytest.raises(ValueError, match=r"different devices.*\.to\("):
        Linear(3, 2)(other_device(ones(4, 2)))


@pytest.mark.parametrize(
    "size, error", [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError), ("3", TypeError)]
)
def test_sizes_are_positive_whole_numbers(size, error):
    with pytest.raises(error, match="in_size must be"):
        lazy_size("in_size", size)
    with pytest.raises(error, match="out_size must be"):
        Linear(size)


def test_an_out_size_is_needed():
    with pytest.raises(TypeError, match="out_size must be a whole number, not None"):
        Linear(None)


# The first call


class Scale(Layer):
    """Sizes of its own and, below it, a layer that has some too."""

    def __init__(self):
        self.W = Parameter.lazy((None,), lambda shape, rng, dtype: np.ones(shape, dtype), axis=1, share=2)
        self.below = Linear(1)

    def forward(self, x, *, fail=False):
        y = self.below(x * np.concatenate([self.W.data] * 2))
        if fail:
            raise ZeroDivisionError
        return y


def test_a_size_is_a_share_of_an_axis():
    layer = Scale()
    with pytest.raises(
        ValueError, match=r"Scale takes a first input with a size of at least 2 along axis 1, not .*\(3, 1\)"
    ):
        layer(ones(3, 1))
    layer(x=ones(3, 4))
    assert layer.W.shape == (2,)


def test_a_first_call_that_raises_leaves_the_sizes_open():
    """Those of the layer itself: a layer below it whose call went well keeps its size."""
    layer = Scale()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            layer(ones(3, 4), fail=True)
        assert layer.W.shape == (None,)
        assert layer.below.W.shape == (4, 1)
    assert layer(ones(3, 4)).shape == (3, 1)


def test_a_parameter_that_replaces_another_is_filled_too():
    layer = Linear(3, 2)
    layer(ones(1, 2))
    layer.W = Linear(3).W
    assert layer(ones(1, 5)).shape == (1, 3)


def test_a_first_call_without_an_input_is_an_error():
    layer = Linear(3)
    with pytest.raises(TypeError):
        layer()
    assert layer.W.shape == (None, 3)


class Branches(Layer):
    """A first product, then a layer in each of two threads. Some sizes of each are found at the first call."""

    def __init__(self):
        self.W = Parameter.lazy((None, 3), lecun)
        self.branches = [Linear(2), Linear(2)]

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool:
            found = [pool.submit(branch, x @ self.W) for branch in self.branches]
            return found[0].result(timeout=30) + found[1].result(timeout=30)


def test_a_first_call_may_make_other_first_calls_in_threads():
    branches = Branches()
    assert branches(ones(4, 5)).shape == (4, 2)
    assert not first_calls


def test_threads_that_make_the_first_call_at_once_use_the_same_weights():
    x = ones(4, 500)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            layer, barrier, ys = Sequential(Linear(50), BatchNorm()), threading.Barrier(4), [None] * 4

            def work(i):
                barrier.wait()
                ys[i] = layer(x).data

            threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert all(np.array_equal(ys[0], y) for y in ys)
    finally:
        sys.setswitchinterval(before)


def test_nothing_is_alive_once_all_sizes_are_known():
    net = copy.deepcopy(MLP((3, 2)))
    other = pickle.loads(pickle.dumps(net))
    waiting = {id(p.value) for p in [*net.params(), *other.params()] if type(p.value) is Unfilled}
    assert len(waiting & Unfilled.alive) == 2
    net(ones(1, 2))
    other.load_state_dict(net.state_dict())
    assert not waiting & Unfilled.alive


def test_a_watcher_sees_the_first_call_too():
    class Names(Watcher):
        def layer(self, layer, xs, options):
            seen.append(type(layer).__name__)
            return super().layer(layer, xs, options)

    seen = []
    net = Sequential(Linear(3), relu)
    with watching(Names()):
        net(ones(1, 2))
        net(ones(1, 2))
    assert seen == ["Sequential", "Linear"] * 2


# Messages


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Linear(3, in_features=2), "Linear takes in_size, not in_features"),
        (lambda: Linear(in_features=2, out_features=3), "Linear takes in_size, not in_features"),
        (lambda: Linear(units=3), "Linear takes out_size, not units"),
        (lambda: Linear(3, nobias=True), "Linear takes bias=False, not nobias"),
        (lambda: Linear(3, device="cuda"), r"Linear takes no device: move it by \.to\(device\)"),
        (lambda: Conv2d(3, kernel_size=3), "Conv2d takes kernel, not kernel_size"),
        (lambda: Conv2d(3, 3, padding=1), "Conv2d takes pad, not padding"),
        (lambda: Conv2d(3, 3, pading=1), "Conv2d takes out_channels, kernel, .* not pading"),
        (lambda: MaxPool2d(kernel_size=2), "MaxPool2d takes kernel, not kernel_size"),
        (lambda: BatchNorm(num_features=3), "BatchNorm takes size, not num_features"),
        (lambda: LayerNorm(normalized_shape=3), "LayerNorm takes size, not normalized_shape"),
        (lambda: GroupNorm(num_groups=2), "GroupNorm takes groups, not num_groups"),
        (lambda: Dropout(rate=0.5), "Dropout takes p, not rate"),
        (lambda: Embedding(num_embeddings=3), "Embedding takes vocabulary, not num_embeddings"),
        (lambda: Embedding(3, embedding_dim=3), "Embedding takes size, not embedding_dim"),
        (lambda: LSTM(hidden_size=3), "LSTM takes hidden, not hidden_size"),
        (lambda: LSTM(3, input_size=3), "LSTM takes in_size, not input_size"),
        (lambda: LSTM(3, batch_first=True), "LSTM takes no batch_first: a sequence is x"),
        (lambda: GRU(3, num_layers=2), "GRU takes layers, not num_layers"),
        (lambda: Linear(3, 2, True, 1, 1), "Linear takes out_size, .*by name initializer, .*not 5 arguments in a row"),
        (lambda: Net(3), "Net takes nothing, not 1 arguments in a row"),
        (lambda: Layer(x=3), "Layer takes no options, not x"),
    ],
)
def test_the_words_of_others_lead_to_ours(make, said):
    with pytest.raises(TypeError, match=f"^{said}"):
        make()


def test_options_of_a_subclass_reach_its_constructor():
    class Wide(Linear):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)

    assert Wide(3, in_size=2, bias=False).W.shape == (2, 3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'padding'"):
        Wide(3, padding=2)


@pytest.mark.parametrize(
    "name, here",
    [("parameters", r"params\(\)"), ("zero_grad", r"cleargrads\(\)"), ("cuda", r"to\('gpu'\)"), ("weight", "W")],
)
def test_the_methods_of_others_lead_to_ours(name, here):
    with pytest.raises(AttributeError, match=f"Linear has no attribute '{name}': here it is {here}"):
        getattr(Linear(3), name)
    assert not hasattr(Linear(3), "anything")


def test_an_error_names_the_layer_by_its_path():
    net = Sequential(Linear(3), Sequential(relu, Linear(2, 5)))
    for _ in range(2):
        with pytest.raises(ValueError, match="linear takes") as error:
            net(ones(1, 2))
        assert error.value.__notes__[-1] == "in 1.1 (Linear) of Sequential"
        assert len([note for note in error.value.__notes__ if "Linear) of" in note]) == 1
    with pytest.raises(ValueError) as error:
        net[1][1](ones(1, 2))
    assert error.value.__notes__ == ["in Linear"]


def test_an_error_of_a_model_that_cannot_be_walked_stays_what_it_is():
    class Odd(Layer):
        def __init__(self):
            self.inner, self.parts = Linear(3, 2), {Linear(1, 1)}

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(ValueError, match="linear takes"):
        Odd()(ones(1, 5))


@pytest.mark.parametrize("state", [None, [1], "state", Linear(2, 2)])
def test_a_state_is_a_dict(state):
    with pytest.raises(TypeError, match="load_state_dict takes a dict of arrays by path, not"):
        Linear(3, 2).load_state_dict(state)
    with pytest.raises(TypeError, match="strict must be True or False"):
        Linear(3, 2).load_state_dict({}, "no")


@pytest.mark.parametrize("device", ["cuda", 0, None])
def test_a_device_is_cpu_or_gpu(device):
    """Also where there is nothing to move yet."""
    for layer in (Linear(3), Layer(), Linear(3, 2)):
        with pytest.raises(ValueError, match="device must be 'cpu' or 'gpu', not"):
            layer.to(device)
        layer(ones(1, 2)) if type(layer) is Linear else None
