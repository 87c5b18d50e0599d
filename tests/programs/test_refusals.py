"""Steps that no program can repeat are refused, with their line, and change nothing. Odd ones that can be, work."""

import collections
import copy
import inspect
import itertools
import random
import re
import time
import types
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, grad, no_grad
from tests.programs.twins import Refused, assert_equal, capture, everything

pytestmark = pytest.mark.standin_exempt("a captured program is NumPy's")

rng = np.random.default_rng(0)
X = rng.standard_normal((8, 5)).astype(np.float32)
T = rng.integers(0, 3, 8)


class Training:
    """A small network, its optimizer, and what steps like to keep."""

    def __init__(self):
        self.model = L.Sequential(L.Linear(6, 5, rng=0), F.tanh, L.Linear(3, 6, rng=1))
        self.optimizer = O.Adam(self.model)
        self.count, self.losses, self.best = 0, [], {"loss": 3.0}
        self.rng = np.random.default_rng(0)

    def train(self, x, t):
        loss = F.softmax_cross_entropy(self.model(x), t)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss

    def kept(self):
        """All that a refused step must have left alone."""
        plain = {name: repr(x) for name, x in vars(self).items() if name not in ("model", "optimizer", "rng")}
        attributes = {name: repr(x) for name, x in vars(self.model).items() if name not in ("children", "layers")}
        return everything(self.model, self.optimizer, self.rng) | plain | attributes


STEPS = {}
HERE = Path(__file__).name
state = {"n": 0}
counter = 0


def refused(reason):
    """A function training -> step, whose step is refused for this reason; at the line with `# here`, if one has it."""

    def kind(make):
        STEPS[make.__name__] = make, reason
        return make

    return kind


# values that a program asks for


@refused("asks for a value, bool()")
def a_loss_compared(training):
    def step(x, t):
        loss = training.train(x, t)
        if loss.data < 1:  # here
            return loss * 2
        return loss

    return step


@refused("asks for a value")
def a_float(training):
    return lambda x, t: float(training.train(x, t))  # here


@refused("asks for a value")
def an_item(training):
    return lambda x, t: training.train(x, t).item()  # here


@refused("main memory")
def a_printed_loss(training):
    def step(x, t):
        loss = training.train(x, t)
        str(loss)  # here
        return loss

    return step


@refused("tolist")
def a_list_of_numbers(training):
    return lambda x, t: training.train(x, t).data.tolist()  # here


@refused("asks for a value, bool()")
def a_loop_until_it_is_small(training):
    def step(x, t):
        loss = training.train(x, t)
        while loss.data > 1e-3:  # here
            loss = loss / 2
        return loss

    return step


@refused("asks for a value, int()")
def as_many_times_as_a_label_says(training):
    def step(x, t):
        loss = training.train(x, t)
        for _ in range(t[0]):  # here
            loss = loss + 1
        return loss

    return step


@refused("asks for a value, int()")
def an_index_from_values(training):
    def step(x, t):
        i = int(x.argmax())  # here
        return training.train(x, t) * x.reshape(-1)[i]

    return step


@refused("asks for a value, bool()")
def an_update_only_of_small_gradients(training):
    def step(x, t):
        loss = F.softmax_cross_entropy(training.model(x), t)
        training.model.cleargrads()
        loss.backward()
        if any((p.grad.data > 100).any() for p in training.model.params()):  # here
            return loss
        training.optimizer.update()
        return loss

    return step


@refused("asks for a value, bool()")
def a_check_for_nan(training):
    def step(x, t):
        loss = training.train(x, t)
        if np.isnan(loss.data):  # here
            raise ValueError("nan")
        return loss

    return step


@refused("asks for a value")
def a_check_by_python(training):
    def step(x, t):
        loss = training.train(x, t)
        assert 0 <= loss < 100  # here
        return loss

    return step


@refused("asks for a value")
def a_choice_among_losses(training):
    return lambda x, t: max(training.train(x, t), training.train(2 * x, t), key=lambda y: float(y.data))  # here


@refused("prints a value")
def a_value_as_text(training):
    def step(x, t):
        loss = training.train(x, t)
        return loss, f"{loss.data:.3f}"  # here

    return step


# numbers from elsewhere


@refused("an array float32")
def noise_by_numpy(training):
    return lambda x, t: training.train(x + np.random.default_rng(0).normal(size=x.shape).astype(np.float32), t)  # here


@refused("an array float32")
def a_batch_of_an_iterator(training):
    batches = iter([X * np.float32(i) for i in range(20)])

    def step(t):
        return training.train(next(batches), t)

    return step


@refused("an array float32")
def an_array_made_in_the_step(training):
    return lambda x, t: training.train(x * np.linspace(0, 1, 5, dtype=np.float32), t)  # here


@refused("random")
def a_number_of_python(training):
    return lambda x, t: training.train(x * random.random(), t)


@refused("numbers change from call to call")
def the_time(training):
    return lambda x, t: training.train(x * time.perf_counter(), t)


@refused("generator|random")
def a_flip_by_a_generator(training):
    """Whatever it draws: a replay would not draw it."""
    return lambda x, t: training.train(x[:, ::-1] if training.rng.random() < 2 else x, t)


@refused("random")
def a_flip_by_python(training):
    return lambda x, t: training.train(x[:, ::-1] if random.random() < 2 else x, t)


@refused("random")
def a_flip_by_numpy(training):
    return lambda x, t: training.train(x[:, ::-1] if np.random.rand() < 2 else x, t)


@refused("seed|generator|random")
def a_seed_set_in_the_step(training):
    def step(x, t):
        ag.seed(3)
        return training.train(F.dropout(x), t)

    return step


@refused("rates|iterator|next")
def rates_of_an_iterator(training):
    """The first ones are equal, so that two records are."""
    rates = iter([1.0] * 5 + [0.1] * 20)
    return lambda x, t: training.train(x * next(rates), t)


@refused("numbers|iterator|next|count")
def numbers_of_a_counter(training):
    numbers = itertools.count()
    return lambda x, t: training.train(x * (1.0 if next(numbers) < 8 else 0.1), t)


@refused("rates|iterator|next|generator")
def rates_of_a_generator_function(training):
    rates = (1.0 if i < 8 else 0.1 for i in range(100))
    return lambda x, t: training.train(x * next(rates), t)


@refused("generator")
def a_generator_made_in_the_step(training):
    return lambda x, t: training.train(F.dropout(x, 0.5, rng=np.random.default_rng(3)), t)  # here


@refused("of scipy|array of NumPy|expit|ufunc")
def a_function_of_scipy(training):
    special = pytest.importorskip("scipy.special")
    return lambda x, t: training.train(special.expit(x), t)  # here


# state that changes behind the program's back


@refused("n is")
def a_variable_around_the_step(training):
    n = 0

    def step(x, t):
        nonlocal n
        n += 1
        return training.train(x, t)

    return step


@refused("count is")
def an_attribute(training):
    def step(x, t):
        training.count += 1
        return training.train(x, t)

    return step


@refused("counter is")
def a_global(training):
    def step(x, t):
        global counter
        counter += 1
        return training.train(x, t)

    return step


@refused("losses")
def losses_in_a_list(training):
    def step(x, t):
        training.losses.append(training.train(x, t))
        return training.losses[-1]

    return step


@refused("losses")
def numbers_in_a_list(training):
    def step(x, t):
        training.losses.append(3)
        return training.train(x, t)

    return step


@refused("losses")
def a_deque(training):
    losses = collections.deque(maxlen=3)
    training.losses = losses

    def step(x, t):
        loss = training.train(x, t)
        losses.append(loss)
        return loss

    return step


@refused("state.n is|n is")
def a_dict(training):
    def step(x, t):
        state["n"] += 1
        return training.train(x, t)

    return step


@refused("removes|adds|is")
def an_attribute_that_goes(training):
    def step(x, t):
        if hasattr(training, "once"):
            del training.once
        else:
            training.once = 1
        return training.train(x, t)

    return step


@refused("returns|changes")
def a_result_that_counts(training):
    return lambda x, t: (training.train(x, t), training.optimizer.steps)


@refused("memo")
def a_default_argument(training):
    def step(x, t, memo=[]):
        memo.append(1)
        return training.train(x * (1.0 if len(memo) < 8 else 0.1), t)

    return step


@refused("n is")
def an_attribute_of_the_function(training):
    def step(x, t):
        step.n += 1
        return training.train(x * (1.0 if step.n < 8 else 0.1), t)

    step.n = 0
    return step


@refused("n is")
def an_attribute_of_a_class(training):
    class Counter:
        n = 0

    def step(x, t):
        Counter.n += 1
        return training.train(x * (1.0 if Counter.n < 8 else 0.1), t)

    return step


@refused("seen")
def a_set(training):
    seen = training.seen = set()

    def step(x, t):
        seen.add(len(seen))
        return training.train(x, t)

    return step


class Slotted:
    __slots__ = ("loss", "n")


@refused("n is")
def a_number_in_slots(training):
    box = Slotted()
    box.n = 0

    def step(x, t):
        box.n += 1
        return training.train(x * (1.0 if box.n < 8 else 0.1), t)

    return step


@refused("graph|earlier|finds")
def a_graph_from_before(training):
    h = F.tanh(Variable(np.ones(5, np.float32)) * 2)

    def step(x, t):
        loss = F.softmax_cross_entropy(training.model(x * h), t)
        training.model.cleargrads()
        loss.backward(keep_graph=True)
        return loss

    return step


@refused("mode|training")
def a_mode_that_is_switched(training):
    def step(x, t):
        training.model.train(not training.model.training)
        return training.train(x, t)

    return step


@refused("lr|is")
def a_rate_that_the_step_sets(training):
    def step(x, t):
        training.optimizer.lr = 0.9 * training.optimizer.lr
        return training.train(x, t)

    return step


def arguments_of(step):
    """The batch, or its labels alone."""
    return (X, T) if "x" in inspect.signature(step).parameters else (T,)


def lines_of(make):
    """The lines that a message may name: the one with `# here`; without one those of the step, and of what it calls."""
    rows, first = inspect.getsourcelines(make)
    here = [first + i for i, row in enumerate(rows) if "# here" in row]
    calls, called = inspect.getsourcelines(Training.train)
    return here or [*range(first, first + len(rows)), *range(called, called + len(calls))]


def last_of(f):
    """The number of calls until the step is refused: the first one runs as always."""
    for i in range(6):
        try:
            f()
        except Refused as error:
            return i, error
    pytest.fail("it was not refused in 6 calls")


@pytest.mark.parametrize("name", STEPS)
def test_unfaithful_steps(name):
    """Each is refused with its line, and leaves parameters, slots, counts, lists and attributes as they were."""
    make, reason = STEPS[name]
    training = Training()
    step = make(training)
    args = arguments_of(step)
    captured, before = capture(step), []

    def call():
        before[:] = [training.kept(), dict(state), counter]
        captured(*args)

    calls, error = last_of(call)
    assert re.search(reason, str(error)), error
    (line,) = re.findall(rf"{HERE}, line (\d+)", str(error))
    assert int(line) in lines_of(make), error
    assert_equal([training.kept(), dict(state), counter], before)
    assert 1 <= calls <= 3
    calls, _ = last_of(call)  # again, and not as if nothing had been
    assert calls <= 2


@pytest.mark.parametrize("name", STEPS)
def test_the_step_itself_works_after_a_refusal(name):
    """The eager step does what it does in a program that has never been captured."""
    make, _ = STEPS[name]
    random.seed(0)
    one, two = Training(), Training()
    step, twin = make(one), make(two)
    args = arguments_of(step)
    captured = capture(step)
    calls, _ = last_of(lambda: captured(*args))
    for _ in range(calls):
        twin(*args)
    if name not in ("a_number_of_python", "the_time", "a_batch_of_an_iterator"):  # these have moved on
        for _ in range(2):
            step(*args), twin(*args)
        assert_equal(everything(one.model, one.optimizer), everything(two.model, two.optimizer))


def test_there_are_many_kinds():
    assert len(STEPS) >= 30


# odd, but faithful


def test_results_kept_in_attributes():
    """An attribute that is there holds the value of the last call."""
    one, two = Training(), Training()

    def make(training):
        def step(x, t):
            training.latest = training.train(x, t)
            training.best["loss"] = training.latest.data
            return training.latest * 2

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(8):
        assert_equal(captured(X, T), step(X, T), path=f"call {i}")
        assert_equal([one.latest, one.best], [two.latest, two.best])


def test_results_kept_in_slots_and_classes():
    """A model that lies in slots is found, and so is a value of the step before in a class of the program."""
    one, two = Training(), Training()

    def make(training):
        class Memory:
            last = None

        box = Slotted()
        box.n, box.loss = training, None

        def step(x, t):
            box.loss = box.n.train(x, t)
            before, Memory.last = Memory.last, box.loss
            return box.loss if before is None else box.loss - before.detach()

        return step, box, Memory

    (step, box, memory), (eager, other, _) = make(one), make(two)
    captured = capture(step)
    for i in range(8):
        assert_equal(captured(X, T), eager(X, T), path=f"call {i}")
        assert_equal(box.loss, other.loss)
        assert_equal(memory.last, box.loss)
    assert_equal(everything(one.model, one.optimizer), everything(two.model, two.optimizer))


@pytest.mark.parametrize("way", ["new arrays", "in place", "state_dict"])
def test_a_second_network_that_follows(way):
    """Target networks: their weights go after those of the first, or are taken over."""
    one, two = Training(), Training()

    def make(training):
        training.target = copy.deepcopy(training.model)

        def step(x, t):
            loss = training.train(x, t)
            for p, q in zip(training.model.params(), training.target.params()):
                if way == "new arrays":
                    q.data = 0.9 * q.data + 0.1 * p.data
                elif way == "in place":
                    q.data *= 0.9
                    q.data += 0.1 * p.data
            if way == "state_dict":
                training.target.load_state_dict(training.model.state_dict())
            return loss, training.target(x)

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(8):
        assert_equal(captured(X, T), step(X, T), path=f"call {i}")
    assert_equal(everything(one.model, one.target), everything(two.model, two.target))


def test_parts_of_the_state_returned():
    """A parameter is returned itself; its array and its gradient are those that are there."""
    training = Training()

    def step(x, t):
        training.train(x, t)
        W = training.model[0].W
        return W, W.data, W.grad.data

    captured = capture(step)
    for _ in range(8):
        W, array, gradient = captured(X, T)
        assert W is training.model[0].W
        assert np.shares_memory(array, W.data)
        assert_equal(gradient, W.grad.data)


def test_gradients_edited_between_calls():
    """A gradient that never changes is made anew by each replay: it is the caller's own."""
    w = Variable(np.ones(5))

    def step():
        w.cleargrad()
        (3 * w).sum().backward()

    captured = capture(step)
    for _ in range(6):
        captured()
        assert_equal(w.grad.data, np.full(5, 3.0))
        w.grad.data *= 2


def test_a_count_in_an_array():
    """What must change from step to step is kept as an array."""
    one, two = Training(), Training()

    def make(training):
        training.count = np.zeros(())

        def step(x, t):
            training.count += 1
            return training.train(x * (1 / training.count), t)

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(8):
        assert_equal(captured(X, T), step(X, T), path=f"call {i}")
        assert_equal(one.count, two.count)


def works(step, *args, calls=6):
    """The results of a captured step, which was replayed."""
    captured = capture(step)
    results = [captured(*args) for _ in range(calls)]
    assert any(ways.replays for ways in captured.ways.values())
    return results


def test_a_step_whose_shapes_ask_nothing():
    """Loops and conditions on shapes, dtypes and numbers of Python are the program's own."""

    def step(x, n):
        for i in range(len(x)):
            if x.ndim == 2 and x.dtype == np.float32 and x[i].size > 2 and n > 1:
                x = F.tanh(x) if i % 2 else x * n
        return x

    for y in works(step, X, 3):
        assert_equal(y, step(X, 3))


def test_a_choice_by_values_with_functions():
    """`where` in place of `if`."""

    def step(x):
        return F.where(x > 0, x, 0.1 * x), F.max(x, axis=1), (x > 0).sum(), x.argmax(axis=1)

    for y in works(step, X):
        assert_equal(list(y), list(step(X)))


def test_a_mask_whose_count_differs():
    """The number of chosen elements is a shape that depends on values; the program goes on where none is asked for."""

    def step(x):
        return F.tanh(Variable(x))[x > 0].sum()

    captured = capture(step)
    for i in range(10):
        x = rng.standard_normal((8, 5)).astype(np.float32)
        assert_equal(captured(x), step(x), path=f"call {i}")


def test_a_local_list_and_a_comprehension():
    def step(x):
        parts = []
        for row in x:
            parts.append(row * 2)
        named = dict(enumerate(parts))
        return F.stack([named[i] for i in sorted(named, reverse=True)])

    for y in works(step, Variable(X)):
        assert_equal(y, step(Variable(X)))


def test_a_print_of_a_shape(capsys):
    """What is no value may be printed; a replay prints nothing."""

    def step(x):
        print(x.shape, x.dtype)
        return x * 2

    works(step, X)
    assert capsys.readouterr().out.count("(8, 5) float32") == 3


def test_a_constant_of_numpy_around_the_step():
    scale, table = np.linspace(0, 1, 5, dtype=np.float32), {"shift": [np.float32(2), np.ones((1, 5), np.float32)]}

    def step(x):
        return x * scale + table["shift"][1] * table["shift"][0]

    for y in works(step, X):
        assert_equal(y, step(X))


def test_an_array_edited_between_steps():
    """An array around the step is read where it lies, also after another has taken its place."""
    holder = {"scale": np.ones(5, np.float32)}

    def step(x):
        return x * holder["scale"]

    captured = capture(step)
    for i in range(12):
        if i % 3 == 0:
            holder["scale"][:] = i
        if i % 4 == 0:
            holder["scale"] = np.full(5, i, np.float32)
        assert_equal(captured(X), step(X), path=f"call {i}")


def test_numbers_changed_between_steps():
    """A number of Python around the step is a part of the program: another number is another program."""
    holder = {"n": 1}

    def step(x):
        return x * holder["n"]

    captured = capture(step)
    for i in range(24):
        holder["n"] = 1 + i // 6
        assert_equal(captured(X), step(X), path=f"call {i}")


class Config:
    scale = 1.0


config = types.ModuleType("config")


def in_a_function(holder):
    """A number around a function that the step calls."""
    n = 1.0

    def scaled(x):
        return x * n

    def change(value):
        nonlocal n
        n = value

    return scaled, change


def in_a_function_replaced(holder):
    holder.f = lambda x: x * 1.0

    def change(value):
        holder.f = lambda x: x * value

    return lambda x: holder.f(x), change


def in_a_class(holder):
    Config.scale = 1.0
    return lambda x: x * Config.scale, lambda value: setattr(Config, "scale", value)


def in_a_module(holder):
    config.scale = 1.0
    return lambda x: x * config.scale, lambda value: setattr(config, "scale", value)


def in_a_set(holder):
    holder.flags = set()
    return lambda x: x * (1.0 if not holder.flags else 0.5), holder.flags.add


def in_nested_dicts(holder):
    holder.d = {"a": [{"b": 1.0}]}
    return lambda x: x * holder.d["a"][0]["b"], lambda value: holder.d["a"][0].update(b=value)


def in_slots(holder):
    holder.box = Slotted()
    holder.box.n = 1.0
    return lambda x: x * holder.box.n, lambda value: setattr(holder.box, "n", value)


def in_a_default(holder):
    def scaled(x, by=[1.0]):
        return x * by[0]

    return scaled, lambda value: scaled.__defaults__[0].__setitem__(0, value)


def in_a_partial(holder):
    f = partial(lambda x, by: x * by, by=1.0)
    return f, lambda value: f.keywords.update(by=value)


@pytest.mark.parametrize(
    "place",
    [
        in_a_function, in_a_function_replaced, in_a_class, in_a_module, in_a_set, in_nested_dicts, in_slots,
        in_a_default, in_a_partial,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_numbers_changed_between_steps_wherever_they_lie(place):
    step, change = place(types.SimpleNamespace())
    captured = capture(step)
    for i in range(16):
        if i == 8:
            change(0.5)
        assert_equal(captured(X), step(X), path=f"call {i}")
    assert_equal(step(X), X * np.float32(0.5))


def test_a_step_that_writes_into_its_argument():
    def step(x):
        x *= 2
        x[0] = 0
        return x.sum()

    captured, a, b = capture(step), X.copy(), X.copy()
    for _ in range(8):
        assert_equal(captured(a), step(b))
        assert_equal(a, b)


def test_a_step_that_swaps_two_arrays():
    """Names that change places, as of double buffers."""
    one, two = Training(), Training()

    def make(training):
        training.now, training.then = np.ones((8, 5), np.float32), np.zeros((8, 5), np.float32)

        def step(x):
            training.now, training.then = training.then + x, training.now
            return training.now.sum()

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(10):
        assert_equal(captured(X), step(X), path=f"call {i}")
        assert_equal([one.now, one.then], [two.now, two.then])


def test_arrays_that_share_memory():
    """A state and a view of it; one array under two names, as weights that are tied."""
    one, two = np.ones((4, 5), np.float32), np.ones((4, 5), np.float32)

    def make(whole):
        part = whole[1:]

        def step(x):
            with no_grad():
                whole[...] = whole + 1
                part[...] = part * x
            return whole.sum(), part * 1

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(8):
        assert_equal(captured(X[0]), step(X[0]), path=f"call {i}")
        assert_equal(one, two)


def test_one_array_as_two_arguments():
    """At the record both are one array, at the replay they are not; and the other way round."""

    def step(x, y):
        return x * 2 + y

    captured = capture(step)
    for _ in range(4):
        captured(X, X)
    assert_equal(captured(X, X * 3), step(X, X * 3))
    other = capture(step)
    for _ in range(4):
        other(X, X * 3)
    assert_equal(other(X, X), step(X, X))


def test_arguments_of_one_memory_that_are_written():
    """The program of two arrays is none for an array and itself, once one of them is written into."""

    def step(x, y):
        x *= 2
        return y + 1

    captured = capture(step)
    for _ in range(5):
        captured(X.copy(), X.copy())
    a, b = X.copy(), X.copy()
    assert_equal(captured(a, a), step(b, b))
    assert_equal(a, b)
    for _ in range(5):
        a = X.copy()
        captured(a, a)
    assert_equal(captured(X.copy(), X.copy()), step(X.copy(), X.copy()))


def test_a_state_as_argument():
    """A parameter's array is given as an argument too."""
    one, two = Training(), Training()

    def make(training):
        def step(x, t, W):
            return training.train(x, t) + (W**2).sum()

        return step

    captured, step = capture(make(one)), make(two)
    for i in range(8):
        assert_equal(captured(X, T, one.model[0].W.data), step(X, T, two.model[0].W.data), path=f"call {i}")
    assert_equal(captured(X, T, X), step(X, T, X))


def test_errors_of_a_step_are_its_own():
    """An error in the third call comes as it is, and what the step had changed by then is as before."""
    training = Training()

    def step(x, t):
        training.train(x, t)
        raise KeyError("mine")

    captured = capture(step)
    with pytest.raises(KeyError, match="mine"):
        captured(X, T)
    training.train(X, T)
    with pytest.raises(KeyError, match="mine"):
        captured(X, T)


def test_wrong_shapes_are_the_steps_errors():
    training = Training()
    captured = capture(training.train)
    for _ in range(4):
        captured(X, T)
    with pytest.raises(ValueError, match="Linear"):
        captured(X[:, :3], T)
    with pytest.raises(ValueError, match="labels"):
        captured(X, T + 7)
    before = everything(training.model, training.optimizer)
    twin = Training()
    for _ in range(4):
        twin.train(X, T)
    assert_equal(before, everything(twin.model, twin.optimizer))
    assert_equal(captured(X, T), twin.train(X, T))


def test_labels_out_of_range_at_a_replay():
    """The question of a replay comes before any change: nothing is trained by a batch that eager refuses."""
    training, twin = Training(), Training()
    captured = capture(training.train)
    for _ in range(5):
        captured(X, T), twin.train(X, T)
    for _ in range(3):
        with pytest.raises(ValueError):
            captured(X, T - 5)
    assert_equal(everything(training.model, training.optimizer), everything(twin.model, twin.optimizer))


def test_wrong_calls():
    for wrong in (3, None, L.Linear, "step", [print]):
        with pytest.raises(TypeError, match="capture takes a function"):
            capture(wrong)
    with pytest.raises(RuntimeError, match="no program yet"):
        capture(lambda x: x).source
    captured = capture(lambda x: x)
    with pytest.raises(TypeError):
        captured(object)({1})


def test_another_optimizer():
    """A part that takes the place of another is another program."""
    one, two = Training(), Training()
    captured = capture(one.train)
    for i in range(16):
        if i == 8:
            for training in (one, two):
                training.optimizer = O.SGD(training.model, 0.1)
        assert_equal(captured(X, T), two.train(X, T), path=f"call {i}")
    assert_equal(everything(one.model, one.optimizer), everything(two.model, two.optimizer))


def test_an_argument_with_a_graph():
    """A replay cannot lead a gradient back into it: it is refused, and not cut, also after records of plain ones."""
    captured = capture(lambda x: F.tanh(x) * 2)
    w = Variable(np.ones((8, 5), np.float32))
    for _ in range(4):
        captured(Variable(X))
    grad_of_first = grad(captured(w * X).sum(), w)  # as always
    assert_equal(grad_of_first.data, grad((F.tanh(w * X) * 2).sum(), w).data)
    with pytest.raises(Refused, match="graph"):
        captured(w * X)
    with no_grad():
        assert_equal(captured(w * X).data, 2 * np.tanh(X))


def test_parameters_of_a_captured_function_whose_result_is_differentiated():
    """A replay builds no graph: backward on its result says so, and gives no wrong gradient."""
    model = L.Linear(3, 5, rng=0)
    captured = capture(model)
    for _ in range(5):
        y = captured(X)
    with pytest.raises(RuntimeError, match="backward"):
        y.sum().backward()
    assert model.W.grad is None


def test_threads():
    """Two threads that call a captured training take turns in some order: the count of steps is right."""
    import threading

    training = Training()
    captured = capture(training.train)
    for _ in range(4):
        captured(X, T)
    errors = []

    def work():
        try:
            for _ in range(25):
                captured(X, T)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert training.optimizer.steps == 79
    assert set(training.optimizer.counts.values()) == {79}


def test_a_captured_step_in_a_captured_step():
    """The inner one is a part of the outer program."""
    one, two = Training(), Training()
    inner = capture(one.train)

    def make(train):
        def step(x, t):
            return train(x, t) + train(2 * x, t)

        return step

    captured, step = capture(make(inner)), make(two.train)
    for i in range(10):
        assert_equal(captured(X, T), step(X, T), path=f"call {i}")
    assert_equal(everything(one.model, one.optimizer), everything(two.model, two.optimizer))


def test_jvp_and_vmap_take_the_step_itself():
    captured = capture(lambda x: F.tanh(x).sum())
    for _ in range(4):
        captured(Variable(X))
    x = Variable(X.astype(np.float64))
    np.testing.assert_allclose(ag.vmap(lambda row: F.tanh(row).sum())(x).data, np.tanh(X).sum(1), rtol=1e-6)
    try:
        (gx,) = ag.grad(captured(x), [x])
    except RuntimeError:
        return
    np.testing.assert_allclose(gx.data, 1 - np.tanh(x.data) ** 2, rtol=1e-6)


def test_globals_of_every_kind_are_looked_at():
    """Arrays, numbers of NumPy, objects of the standard library, modules of the program."""
    space = {
        "F": F,
        "D": np.arange(1.0, 4.0),
        "K": np.float64(2),
        "ns": types.SimpleNamespace(k=2.0),
        "count": np.zeros(1),
    }
    exec("def f(x): return F.tanh(x) * D[0] * K * ns.k", space)
    exec("def counts(x):\n    count[0] += 1\n    return x * count[0]", space)
    captured = capture(space["f"])
    for _ in range(5):
        captured(X)
    space["D"][0] = 5
    assert_equal(captured(X), space["f"](X))
    space["K"] = np.float64(3)
    assert_equal(captured(X), space["f"](X))
    space["ns"].k = 7.0
    assert_equal(captured(X), space["f"](X))
    captured = capture(space["counts"])
    assert [captured(np.ones(1))[0] for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_one_variable_as_two_arguments():
    def step(a, b):
        y = (a * b).sum()
        y.backward()
        return y

    captured, w = capture(step), Variable(np.ones(1))
    for _ in range(6):
        w.cleargrad()
        captured(w, w)
        assert w.grad.data == 2


def test_the_result_of_a_captured_model_says_that_it_has_no_graph():
    model, v = L.Linear(2, in_size=5, rng=0), Variable(np.ones(1, np.float32))
    captured = capture(lambda x: model(x))
    (captured(X).sum() + v).backward()  # the first call is one as always
    for _ in range(4):
        with pytest.raises(RuntimeError, match="a replay builds no graph"):
            (captured(X).sum() + v).backward()


def test_arguments_that_share_memory_at_a_replay():
    def step(a, b):
        y = b * 2
        a[...] = 0 * a
        return y + a

    captured = capture(step)
    for _ in range(4):
        captured(np.ones(4), np.ones(4))
    a = np.ones(4)
    assert captured(a, a).tolist() == [2] * 4


def test_a_captured_method():
    class Model:
        def __init__(self, k):
            self.w = L.Parameter(np.full(3, float(k)))

        @capture
        def step(self, x):
            return (self.w * x).sum()

    one, two = Model(1), Model(2)
    for _ in range(5):
        assert one.step(np.ones(3)).data == 3
        assert two.step(np.ones(3)).data == 6


def test_more_signatures_than_are_kept():
    """A step that is always called with other shapes is no slower than eager for long, and says so."""
    captured = capture(lambda x: F.tanh(x))
    with pytest.warns(UserWarning, match="more come all the time"):
        shapes = [captured(np.ones(n)).shape for n in range(1, 60)]
    assert shapes == [(n,) for n in range(1, 60)]
    assert len(captured.ways) <= 16
