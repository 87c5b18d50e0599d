"""Planted faults: each is found, with the function, the shapes, the layer and the line of the program."""

import re

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Function, Variable
from autograd.config import mode


class NanGradient(Function):
    def forward(self, x):
        return x * 1.0

    def backward(self, gy):
        return gy * np.nan


class EditsLater(Function):
    """Keeps a mask that somebody edits."""

    def __init__(self, mask):
        self.mask = mask

    def forward(self, x):
        return x * self.mask

    def backward(self, gy):
        return gy * self.mask


def log_of_a_negative(x):
    y = F.log(x - 5.0)  # here
    return y.sum()


def division_by_zero(x):
    return (1.0 / (x * 0.0)).sum()  # here


def overflow_of_exp(x):
    return F.exp(x * 1000.0).sum()  # here


def overflow_in_float16(x):
    y = x.astype(np.float16)
    return (y * 60000.0).sum()  # here


def given_nan(x):
    y = x * np.array([1.0, np.nan, 1.0])  # here
    return y.sum()


def infinity_minus_infinity(x):
    y = x + np.array([np.inf, 0.0, 0.0])  # goes on: it was given
    return (y - y).sum()  # here


FORWARD = [
    (log_of_a_negative, r"the output of Log\(float64 \(3,\)\) has 3 nan"),
    (division_by_zero, r"the output of Div\(1.0, float64 \(3,\)\) has 3 inf"),
    (overflow_of_exp, r"the output of Exp\(float64 \(3,\)\) has 3 inf"),
    (overflow_in_float16, r"the output of Mul\(float16 \(3,\), 60000.0\) has 2 inf"),
    (given_nan, r"the output of Mul\(float64 \(3,\), float64 \(3,\)\) has 1 nan, as has what it was computed from"),
    (infinity_minus_infinity, r"the output of Sub\(float64 \(3,\), float64 \(3,\)\) has 1 nan"),
]


def line_of(function, mark="# here"):
    """The number of the line in `function` that has the mark."""
    import inspect

    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if mark in line)


@pytest.mark.parametrize("program, message", FORWARD, ids=lambda x: getattr(x, "__name__", ""))
def test_the_first_bad_value_of_a_forward_pass_is_found_at_its_line(program, message):
    x = Variable(np.array([1.0, 2.0, 3.0]))
    with pytest.raises(FloatingPointError, match=message) as info, ag.anomaly():
        program(x)
    assert f"test_anomaly.py, line {line_of(program)}, in {program.__name__}" in str(info.value)


def nan_in_a_backward(x):
    return (NanGradient()(x) * 2.0).sum()  # here


def root_at_zero(x):
    return F.sqrt(x - 1.0).sum()  # here


def overflow_in_a_backward(x):
    y = x * 1e-200
    return (1.0 / y).sum()  # here


def cast_of_a_gradient_to_float16(x):
    y = x.astype(np.float16) * 1.0
    return (y.astype(np.float32) * 1e6).sum()  # here


BACKWARD = [
    (nan_in_a_backward, r"the gradient of input 0 of NanGradient\(float64 \(3,\)\).* has 3 nan"),
    (root_at_zero, r"the gradient of input 0 of Sqrt\(float64 \(3,\)\).* has 1 inf"),
    (cast_of_a_gradient_to_float16, r"the gradient of input 0 of Convert\(float16 \(3,\)\).* has 3 inf"),
    (overflow_in_a_backward, r"the gradient of input 1 of Div\(constant, float64 \(3,\)\).* has 3 inf"),
]


@pytest.mark.parametrize("program, message", BACKWARD, ids=lambda x: getattr(x, "__name__", ""))
@pytest.mark.parametrize("create_graph", [False, True])
def test_the_first_bad_gradient_is_found_at_the_line_of_its_function(program, message, create_graph):
    x = Variable(np.array([1.0, 2.0, 3.0]))
    with pytest.raises(FloatingPointError) as info, ag.anomaly():
        program(x).backward(create_graph=create_graph)
    if not create_graph:  # a recorded pass stops inside the derivative, at the function that made the value
        assert re.search(message, str(info.value))
    assert f"line {line_of(program)}, in {program.__name__}" in str(info.value) + "".join(info.value.__notes__)
    assert x.grad is None


def test_the_sum_of_a_broadcast_gradient_is_looked_at_too():
    b, x = Variable(np.zeros((), np.float16)), np.zeros(1000, np.float16)
    with ag.anomaly():
        y = x + b
        with pytest.raises(FloatingPointError, match=r"the gradient of input 1 of Add\(.* has 1 inf"):
            ag.grad(y, b, np.full(1000, 100, np.float16))


def edited_input(x):
    a = np.array([1.0, 2.0, 3.0])
    y = (x * a).sum()  # here
    a[0] = 7
    return y, "input 1"


def edited_variable(x):
    y = F.exp(x)
    z = (y * y).sum()  # here
    y.data[1] = 0
    return z, "input"


def edited_output(x):
    y = F.exp(x)  # here
    z = y.sum()
    y.data[...] = 0
    return z, "output 0"


def edited_parameter_of_a_function(x):
    mask = np.array([1.0, 0.0, 1.0])
    y = EditsLater(mask)(x).sum()  # here
    mask[1] = 1
    return y, "mask"


def edited_labels(x):
    t = np.array([0.0, 1.0, 2.0])
    y = F.mean_squared_error(x, t)  # here
    t[0] = 2
    return y, "input 1"


EDITED = [edited_input, edited_variable, edited_output, edited_parameter_of_a_function, edited_labels]


@pytest.mark.parametrize("program", EDITED, ids=lambda f: f.__name__)
def test_an_array_that_was_edited_is_found_and_named(program):
    x = Variable(np.array([1.0, 2.0, 3.0]))
    with ag.anomaly():
        y, name = program(x)
        with pytest.raises(RuntimeError, match=r"was edited between the forward and the backward of \w+") as info:
            y.backward()
    assert str(info.value).startswith(name)
    assert f"line {line_of(program)}, in {program.__name__}" in str(info.value)
    assert x.grad is None


def unneeded_input():
    x = Variable(np.array([1.0, 2.0]))
    y = x * np.array([3.0, 4.0])
    x.data[0] = 7
    return y.sum()


def unneeded_weights():
    """Two losses share a layer that is updated between them; its input is data, so its weights are not needed."""
    first, second, third = L.Linear(4, 3), L.Linear(1, 4), L.Linear(1, 4)
    h = F.tanh(first(np.ones((2, 3), np.float32)))
    losses = second(h).sum(), third(h).sum()
    losses[0].backward()
    O.SGD(first).update()
    return losses[1]


def labels_of_a_cross_entropy():
    """Its backward has softmax(x) - target from forward. Only a recorded one computes it once more, from the labels."""
    x, t = Variable(np.array([[1.0, 2.0, 3.0]])), np.array([0])
    y = F.softmax_cross_entropy(x, t)
    t[0] = 2
    return y


@pytest.mark.parametrize("program", [unneeded_input, unneeded_weights, labels_of_a_cross_entropy])
def test_an_edited_array_that_no_backward_uses_is_no_error(program):
    with ag.anomaly():
        program().backward()


@pytest.mark.standin_exempt("labels on another device are not copied: an edit of them is an error here")
def test_labels_are_copied_so_an_edit_changes_no_derivative():
    with ag.anomaly():
        labels_of_a_cross_entropy().backward(create_graph=True)


def test_an_edited_array_stays_an_error_after_it_was_found_and_is_none_when_it_is_put_back():
    x = Variable(np.array([1.0, 2.0]))
    with ag.anomaly():
        y = (x * x).sum()
        x.data[0] = 7
        for _ in range(2):
            with pytest.raises(RuntimeError, match="was edited"):
                y.backward()
        x.data[0] = 1
        y.backward()
    assert x.grad.data.tolist() == [2, 4]


@pytest.mark.parametrize("f", [lambda x: F.pad(x, 1, value=-np.inf), lambda x: x * np.inf, lambda x: np.inf / x])
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_infinity_that_was_given_as_a_number_goes_on(f, create_graph):
    with ag.anomaly():
        f(Variable(np.ones((2, 2)))).backward(create_graph=create_graph)


def test_a_named_variable_is_called_by_its_name():
    x = Variable(np.ones(3), name="temperature")
    with ag.anomaly():
        y = (x * x).sum()
        x.data[0] = 5
        with pytest.raises(RuntimeError, match="^temperature "):
            y.backward()


class Third(L.Layer):
    def __init__(self):
        self.inner = [L.Linear(4, 4), L.Linear(4, 4)]

    def forward(self, x):
        x = F.relu(self.inner[0](x))
        return F.log(self.inner[1](x) * 0.0 - 1.0)  # here


def test_a_nan_in_a_third_layer_names_its_path():
    model = L.Sequential(L.Linear(4, 4), F.relu, Third(), L.Linear(2, 4))
    with (
        pytest.raises(FloatingPointError, match=r"Log\(float32 \(2, 4\)\) has 8 nan, in 2 Third, test_anomaly") as info,
        ag.anomaly(),
    ):
        model(np.ones((2, 4), np.float32))
    assert f"line {line_of(Third)}, in forward" in str(info.value)


def test_a_nan_weight_in_a_layer_is_found_in_the_layer():
    model = L.Sequential(L.Linear(4, 4), L.Sequential(L.Linear(4, 4), L.Linear(4, 4)))
    model(np.ones((1, 4), np.float32))
    model[1][1].W.data[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match=r"as has what it was computed from, in 1.1 Linear"), ag.anomaly():
        model(np.ones((2, 4), np.float32))


def test_a_parameter_that_is_updated_in_between_is_named_without_anomaly_too():
    """The classic mistake with two networks: one is updated while the other's loss still needs it."""
    d = L.Sequential(L.Linear(4, 3), F.tanh, L.Linear(1, 4))
    optimizer = O.Adam(d)
    x = Variable(np.ones((2, 3), np.float32))
    loss = F.mean_squared_error(d(x), np.zeros((2, 1)))
    loss.backward()
    optimizer.update()
    with pytest.raises(RuntimeError, match=r"2.W \(4, 1\) was changed after \w+\(float32 \(2, 4\), float32 \(4, 1\)"):
        loss.backward()
    state = d.state_dict()
    loss = F.mean_squared_error(d(x), np.zeros((2, 1)))
    d.load_state_dict(state)
    with pytest.raises(RuntimeError, match=r"2.W \(4, 1\) was changed after"):
        loss.backward()


def test_good_programs_pass_and_nothing_is_left_behind():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((8, 1, 6, 6)), rng.integers(3, size=8)
    model = L.Sequential(L.Conv2d(4, 3), L.BatchNorm(), F.relu, L.Dropout(), F.flatten, L.Linear(3))
    optimizer = O.SGD(model)
    with ag.anomaly():
        for _ in range(3):
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        x = Variable(np.array([1.0, 2.0]))
        y = F.where(np.array([True, False]), x, -np.inf)  # an infinity that was given
        F.softmax(y).sum().backward()
    assert mode.get().watcher is None


def test_a_sum_of_finite_gradients_that_overflows_is_found():
    x = Variable(np.array([0.001], np.float16), name="scale")
    y = x * np.float16(1.0)
    with ag.anomaly():
        z = (y * np.float16(40000) + y * np.float16(40000)).sum()
        with pytest.raises(FloatingPointError, match=r"of an output of Mul\(float16 .* has 1 inf: the sum"):
            z.backward()
        z = (x * np.float16(40000) + x * np.float16(40000)).sum()
        with pytest.raises(FloatingPointError, match=r"the gradient of scale \(1,\) has 1 inf: the sum"):
            z.backward()
    assert x.grad is None
