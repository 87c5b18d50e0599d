"""The mode, and the door for watchers."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable, enable_grad, grad, no_grad, test_mode
from autograd.config import Mode, Watcher, mode, using, watching


class Log(Watcher):
    """Writes down what it is told, with its own name in front."""

    def __init__(self, name="", events=None):
        self.name = name
        self.events = [] if events is None else events

    def note(self, *words):
        self.events.append(" ".join([self.name, *words]).strip())

    def forward(self, f, arrays):
        self.note("forward", type(f).__name__)
        return super().forward(f, arrays)

    def backward(self, f, gys):
        self.note("backward", type(f).__name__)
        return super().backward(f, gys)

    def called(self, f, inputs, outputs):
        kinds = [type(x).__name__ if isinstance(x, (Variable, float)) else "array" for x in inputs]
        self.note("called", type(f).__name__, *kinds, "->", str(len(outputs)))
        super().called(f, inputs, outputs)


class Pair(Function):
    def forward(self, x, t):
        return x * t, x + t

    def backward(self, g0, g1):
        _, t = self.inputs
        return g0 * t + g1, None


def test_by_default_everything_is_on_and_nobody_watches():
    assert mode.get() == Mode(recording=True, training=True, differentiating=None, watcher=None)


def test_each_switch_changes_its_field_alone_and_puts_it_back():
    with no_grad(), test_mode():
        assert mode.get()[:2] == (False, False)
        with enable_grad():
            assert mode.get()[:2] == (True, False)
    with pytest.raises(ZeroDivisionError), using(training=False):
        1 / 0
    assert mode.get() == Mode()


@pytest.mark.parametrize("block", [no_grad, enable_grad, test_mode])
def test_a_block_that_was_not_entered_cannot_be_left(block):
    with pytest.raises(RuntimeError, match="must be left by the thread or task that has entered it"):
        block().__exit__(None, None, None)
    assert mode.get() == Mode()


def test_a_watcher_is_told_of_every_call_and_of_the_backward_pass():
    x = Variable(np.ones(2))
    with watching(Log()) as log:
        y, _ = Pair()(x, np.ones(2))
        z = y * 2.0
        z.backward()
    assert log.events == [
        "forward Pair", "called Pair Variable array -> 2", "forward Mul", "called Mul Variable float -> 1",
        "backward Mul", "backward Pair",
    ]  # fmt: skip
    z = y * 3.0
    assert len(log.events) == 6


def test_a_watcher_sees_calls_on_arrays_alone_and_without_recording():
    with watching(Log()) as log:
        Pair()(np.ones(2), np.ones(2))
        with no_grad():
            Variable(1.0) * 2.0
    assert log.events == [
        "forward Pair", "called Pair array array -> 2", "forward Mul", "called Mul Variable float -> 1",
    ]  # fmt: skip


def test_a_watcher_sees_the_functions_of_a_recorded_backward_pass():
    x = Variable(3.0)
    y = x**2
    with watching(Log()) as log:
        gx = grad(y, x, create_graph=True)
    assert gx.data == 6
    assert log.events[0] == "backward Power"
    assert "called Mul Variable Variable -> 1" in log.events


def test_watchers_nest_the_inner_one_first():
    events = []
    with watching(Log("a", events)), watching(Log("b", events)):
        Variable(1.0) * 2.0
    assert events == [
        "b forward Mul", "a forward Mul", "b called Mul Variable float -> 1", "a called Mul Variable float -> 1",
    ]  # fmt: skip


def test_a_watcher_does_not_watch_a_block_twice():
    with watching(Log()) as log, watching(Log()):
        with pytest.raises(RuntimeError, match="this Log watches already"), watching(log):
            pass
        Variable(1.0) * 2.0
    assert log.events == ["forward Mul", "called Mul Variable float -> 1"]
    with watching(log):  # one after the other is fine
        assert log.outer is None


def test_a_watcher_may_change_what_is_computed():
    class Doubled(Watcher):
        def forward(self, f, arrays):
            return super().forward(f, arrays) * 2

    with watching(Doubled()):
        y = Variable(3.0) * 1.0
    assert y.data == 6


def test_a_call_is_class_parameters_and_inputs_to_outputs_and_saved():
    """What a watcher is told suffices to do the program again: on other numbers too."""
    program = []

    class Recorder(Watcher):
        def called(self, f, inputs, outputs):
            program.append((f, inputs, outputs))

    x, t = Variable(np.array([[1.0, 2.0, 3.0]])), np.array([1])
    with watching(Recorder()):
        loss = F.softmax_cross_entropy(F.tanh(x * 2.0)[:, ::-1], t)
        grad(loss, x, create_graph=True)
    values = {}
    for f, inputs, outputs in program:
        arrays = [values.get(id(a), a.data if isinstance(a, Variable) else a) for a in inputs]
        ys = f.forward(*arrays)
        for y, array in zip(outputs, ys if isinstance(ys, tuple) else [ys]):
            np.testing.assert_array_equal(array, y.data)
            values[id(y)] = array
    assert [type(f).__name__ for f, _, _ in program][:4] == ["Mul", "Tanh", "GetItem", "SoftmaxCrossEntropy"]
