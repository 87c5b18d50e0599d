"""The mode, and the door for watchers."""

import asyncio
import threading

import numpy as np
import pytest

import autograd.functions as F
from autograd import (
    Function,
    Parameter,
    Variable,
    as_variable,
    default_dtype,
    enable_grad,
    grad,
    no_grad,
    set_default_dtype,
    test_mode,
)
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


# The default dtype


of_lists = pytest.mark.standin_exempt("it puts arrays in the place of Python's numbers")


@pytest.fixture
def lasting():
    """Puts the lasting default back afterwards."""
    yield
    set_default_dtype(np.float64)


def dtypes():
    """Of a float, a list, a nested list, and a Parameter."""
    made = Variable(1.0), Variable([1, 2.0]), as_variable([[1.0], [2.0]]), Parameter([1.0])
    found = {x.dtype for x in made}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, "float32"])
@of_lists
def test_the_default_dtype_is_that_of_pythons_floats(dtype):
    assert dtypes() == np.float64
    with default_dtype(dtype):
        assert dtypes() == dtype
        x = Variable([1.0, 2.0, 3.0])
        y = (x**2 / 2).sum()
        y.backward()
        assert y.dtype == x.grad.dtype == dtype
        with default_dtype(np.float64):
            assert dtypes() == np.float64
        assert dtypes() == dtype
    assert dtypes() == np.float64


@of_lists
def test_what_has_a_dtype_keeps_it():
    with default_dtype(np.float32):
        for x in (np.ones(2), np.float64(1.0), [np.float64(1.0)], [[1.0, np.float64(2)]], [np.ones(2), [1.0, 2.0]]):
            assert Variable(x).dtype == np.float64
        assert Variable(np.ones(2, np.float16)).dtype == np.float16
        assert [Variable(x).dtype.kind for x in (3, [1, 2], True)] == ["i", "i", "b"]
        assert F.exp(np.zeros(2)).dtype == F.exp([0.0, 1.0]).dtype == np.float64  # functions of arrays alone


@of_lists
def test_a_constant_beside_a_variable_keeps_its_digits():
    """It takes the dtype of the Variable at once, and is not rounded to the default on the way."""
    x = Variable(np.ones(2))
    with default_dtype(np.float16):
        for y in (x * 0.1, x * [0.1, 0.1], F.maximum(x * 0, [0.1, 0.1]), x * 0 + 0.1):
            assert (y.dtype, y.data.tolist()) == (np.float64, [0.1, 0.1])


@of_lists
def test_the_lasting_default_holds_in_all_threads_and_a_block_stands_above_it(lasting):
    set_default_dtype(np.float32)
    found = []
    thread = threading.Thread(target=lambda: found.append(dtypes()))
    with default_dtype(np.float16):
        assert dtypes() == np.float16
        thread.start()
        thread.join()
    assert found == [np.float32]
    assert dtypes() == np.float32
    with test_mode(), no_grad():
        assert dtypes() == np.float32


@of_lists
def test_the_default_dtype_decorates_functions_generators_and_coroutines():
    @default_dtype(np.float32)
    def function():
        return dtypes()

    @default_dtype(np.float32)
    def generator():
        yield dtypes()
        yield dtypes()

    @default_dtype(np.float32)
    async def coroutine():
        await asyncio.sleep(0)
        return dtypes()

    assert function() == np.float32
    for found in generator():
        assert (found, dtypes()) == (np.float32, np.float64)
    assert asyncio.run(coroutine()) == np.float32


@pytest.mark.parametrize("dtype", [int, "int8", None, complex, "no dtype", bool])
def test_the_default_dtype_is_one_of_floats(dtype):
    with pytest.raises(TypeError, match="default_dtype: dtype must be floating-point, such as np.float32, not"):
        default_dtype(dtype)
    with pytest.raises(TypeError, match="set_default_dtype: dtype must be floating-point"):
        set_default_dtype(dtype)
