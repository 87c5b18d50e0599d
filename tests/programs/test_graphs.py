"""Parts of captured steps on a GPU: which lines they hold, and what a CUDA graph of them does.

Lines and parts are tried without a GPU: lines on NumPy's arrays, and a part on a `Device` of these tests, which notes
what is done while it captures, and does it at each launch. The rest needs a CuPy that captures.
"""

import gc
import itertools
import threading
import warnings
from collections import Counter
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, backend, no_grad, test_mode
from autograd.programs import graphs, parts, record
from autograd.programs.device import Line, Tape
from autograd.programs.graphs import Part
from autograd.programs.parts import Choice, in_parts
from autograd.programs.program import Program
from autograd.programs.text import Writer, name_all, returned
from tests.programs import programs
from tests.programs.test_gpu import batch, gpu, linear, on_gpu, there
from tests.programs.test_training import NETWORKS, X
from tests.programs.twins import everything

pytestmark = pytest.mark.standin_exempt("is about programs on a GPU")


# Lines


@pytest.fixture
def short(monkeypatch):
    """Two lines are a part."""
    monkeypatch.setattr(parts, "FEWEST", 2)


@contextmanager
def lines():
    """A tape, and functions that put down lines on it."""
    tape = Tape()
    with tape.open():
        yield tape, tape.module, lambda x, name: tape.given(x, name)


def parted(tape, given, inputs, outputs):
    """The lines of the tape in parts."""
    unnamed = name_all(given, tape.lines)
    return in_parts(tape, tape.lines, given, inputs, outputs, [], unnamed)


def templates(found):
    return [line.template.partition("(")[0] for line in found.lines]


def test_all_kernels_before_an_update_are_one_part(short):
    with lines() as (tape, _, given):
        x, w, lr = given(np.ones((2, 3)), "x"), given(np.ones((3, 4)), "w"), given(0.1, "lr")
        y = (x @ w) * 2
        d = x.T @ y
        loss = y.sum(axis=0)
        tape.add(Line((), "sgd({}, {}, {})", (lr, w, d), w, numbers=1))
        found = parted(tape, [x, w, lr], 1, [loss])
    assert templates(found) == ["_part_0", "sgd"]
    assert found.rows == [
        ["def _part_0(x, w):", "    v2 = _product(x, w) * 2", "    v4 = _product(x.T, v2)", "    v5 = v2.sum(axis=0)",
         "    return (v4, v5,)"]
    ]  # fmt: skip
    assert (found.moving, found.written, found.outputs) == ([{0}], [set()], [0])


def test_what_looks_or_changes_from_call_to_call_stays_outside(short):
    """A late check goes to the front, and a guard waits for the part before it, which is then one."""
    with lines() as (tape, np_, given):
        x, t, rate = given(np.ones(3), "x"), given(np.arange(3), "t"), given(0.1, "rate")
        y = np_.exp(x) + 1
        tape.add(Line((), "check_below({}, 3)", (t,), check=True))
        tape.add(Line((), "({} >= 0).all()", (y,), guard=True))
        z = np_.sqrt(y) * x
        scaled = z * rate
        found = parted(tape, [x, t, rate], 2, [scaled])
    assert templates(found) == ["check_below", "_part_0", "", "{} * {}"]
    assert found.rows[0][1:] == ["    v2 = np.exp(x) + 1", "    v4 = np.sqrt(v2) * x", "    return (v2, v4,)"]


@pytest.mark.parametrize(
    "put",
    [
        lambda xp, x, mask: x[mask] * 2 + 1,
        lambda xp, x, mask: xp.nonzero(x)[0] + 1,
        lambda xp, x, mask: xp.where(mask),
        lambda xp, x, mask: xp.einsum("i,i->i", x, x),
        lambda xp, x, mask: xp.sort(x),
        lambda xp, x, mask: x[[0, 2]],
        lambda xp, x, mask: x.take([0, 2]),
        lambda xp, x, mask: xp.concatenate([x] * 9),
        lambda xp, x, mask: xp.asarray([1.0, 2.0]),
        lambda xp, x, mask: x.dot(x),
        lambda xp, x, mask: xp.matmul(x, x),
    ],
    ids=["mask", "nonzero", "where", "einsum", "sort", "list", "take", "many", "numbers", "dot", "matmul"],
)
def test_what_may_wait_or_copy_from_main_memory_stays_outside(put):
    with lines() as (tape, xp, given):
        x = given(np.ones(3), "x")
        mask = x > 0
        before = len(tape.lines)
        put(xp, x, mask)
        choice = Choice(tape, [x])
        choice.runs(tape.lines, [])
        assert not choice.fits(tape.lines[before])
        assert choice.fits(tape.lines[0])


def test_what_cupy_asks_of_its_arguments_stays_outside():
    """`fill` whether an array is 0, and `at` where a mask is True."""
    with lines() as (tape, xp, given):
        x, number, index = given(np.ones(3), "x"), given(np.ones(()), "number"), given(np.arange(3), "index")
        mask = given(np.ones(3, bool), "mask")
        x.fill(number)
        x.fill(2)
        xp.add.at(x, mask, 1)
        xp.add.at(x, index, 1)
        choice = Choice(tape, [])
        assert [choice.fits(line) for line in tape.lines] == [False, True, False, True]


def test_lines_pass_only_what_they_neither_need_nor_change(short):
    """The update changes w between two uses of it: the second is behind it, in a part of its own."""
    with lines() as (tape, np_, given):
        x, w, lr = given(np.ones(3), "x"), given(np.ones(3), "w"), given(0.1, "lr")
        y = np_.exp(x * w)
        tape.add(Line((), "sgd({}, {}, {})", (lr, w, y), w, numbers=1))
        z = np_.exp(w) + w
        u = np_.sin(x) + x
        found = parted(tape, [x, w, lr], 1, [z, u])
    assert templates(found) == ["_part_0", "sgd", "_part_1"]
    assert "np.sin(x)" in "".join(found.rows[0])
    assert "np.exp(w)" in "".join(found.rows[1])
    assert found.outputs == [1, 0]


def test_no_graph_touches_an_input_that_is_changed_or_what_two_results_share(short):
    with lines() as (tape, np_, given):
        x, w = given(np.ones(3), "x"), given(np.ones(3), "w")
        y = np_.exp(w) + 1
        view = x[1:]
        view *= 2
        z = np_.sin(y) * 3
        found = parted(tape, [x, w], 1, [y, z, z.reshape(3, 1)])  # z is made behind the part, of its sin(y)
    assert templates(found) == ["{}[1:]", "{} *= 2", "_part_0", "{} * 3", "{}.reshape"]
    assert found.rows[0][-1].startswith("    return (")
    assert len(found.rows) == 1
    assert (found.moving, found.written, found.outputs) == ([set()], [set()], [0, None, None])


def test_state_that_a_part_changes_is_written_where_it_lies(short):
    with lines() as (tape, _, given):
        x, mean = given(np.ones(3), "x"), given(np.ones(3), "mean")
        new = x * 0.1
        mean *= 0.9
        mean += new
        found = parted(tape, [x, mean], 1, [new])
    assert templates(found) == ["_part_0"]
    assert found.rows[0][0] == "def _part_0(x, mean):"
    assert (found.moving, found.written) == ([{0}], [{1}])
    assert [x.name for x in (found.lines[0].into, *found.lines[0].also)] == ["mean"]


def test_a_mask_of_dropout_is_drawn_first(short):
    """It takes an activation only for its dtype: that of an array which is there will do."""
    with lines() as (tape, np_, given):
        x, w = given(np.ones(3, np.float32), "x"), given(np.ones(3, np.float32), "w")
        rng = tape.given(np.random.default_rng(0), "rng")
        h = np_.exp(x) * w
        routine = tape.routine("mask", "dropout_mask", lambda name: [], lambda *_: None)
        mask = tape.kind(np.ones(3, np.float32))
        tape.add(Line((mask,), routine.name + "({}, (3,), 0.5, {})", (rng, h), rng))
        y = h * mask + 1
        found = parted(tape, [x, w, rng], 1, [y])
    assert templates(found) == ["dropout_mask", "_part_0"]
    assert found.lines[0].args[1] is w


class Checked(Program):
    """A program that is also put together from parts, as functions of NumPy, and must be the same program then."""

    seen: Counter = Counter()

    def __init__(self, inputs, given, outputs, tape, graph=False):
        super().__init__(inputs, given, outputs, tape, graph)
        fixed = [y for line in self.constants for y in line.outs]
        found = in_parts(tape, self.body, self.arguments, len(inputs), outputs, fixed, self.unnamed)
        rows = Writer(found.lines, outputs, self.unnamed, comments=False).text()
        step = [f"def step({', '.join([x.name for x in self.arguments])}):", *["    " + row for row in rows]]
        step.append(f"    return {returned(outputs)}")
        names = dict(self.run.__globals__, _product=np.matmul)
        exec("\n".join([*itertools.chain(*found.rows), *step]), names)
        self.run = names["step"]
        self.risky = [
            i for i, x in enumerate(self.arguments) if id(x.root) in {r for l in found.lines for r in l.changed}
        ]
        self.seen["parts"] += len(found.rows)
        self.seen["lines"] += len(self.body)
        self.seen["outside"] += sum([not line.template.startswith("_part") for line in found.lines])


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_random_programs_are_the_same_in_parts(first, monkeypatch, short):
    """Record holds each to the numbers of the step, bit for bit, and the replays are held to eager steps."""
    monkeypatch.setattr(record, "Program", Checked)
    monkeypatch.setattr(Checked, "seen", Counter())
    for seed in range(first, first + 10):
        programs.check(seed)
    assert Checked.seen["parts"] > 40
    assert Checked.seen["outside"] < Checked.seen["lines"]


# A part


class Array:
    """An array of `Device`: it lies somewhere, and what is done to it is noted while a stream captures."""

    def __init__(self, device, values):
        self.device, self.values = device, np.array(values, float)
        self.shape, self.strides = self.values.shape, self.values.strides
        self.data = SimpleNamespace(ptr=id(self.values))

    def __setitem__(self, index, value):
        self.device.do(lambda: self.values.__setitem__(index, value.values))


class Device:
    """As much of CuPy as a part needs. `done` counts what runs at once, and `graphs` what was captured."""

    def __init__(self):
        self.nodes = None
        self.done = self.graphs = 0
        self.cuda = SimpleNamespace(
            Stream=lambda non_blocking: self, MemoryPool=lambda: self, using_allocator=lambda allocate: nullcontext()
        )
        self.malloc, self.free_all_blocks = None, lambda: None
        self.get_default_memory_pool = lambda: self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def do(self, action):
        if self.nodes is not None:
            self.nodes.append(action)
        else:
            self.done += 1
            action()

    def begin_capture(self):
        self.nodes = []

    def end_capture(self):
        nodes, self.nodes = self.nodes, None
        self.graphs += 1
        return SimpleNamespace(launch=lambda: [node() for node in nodes])

    def array(self, values):
        return Array(self, values)

    def empty_like(self, x):
        return Array(self, np.full(x.shape, np.nan))

    def times(self, x, y):
        z = self.empty_like(x)
        self.do(lambda: np.multiply(x.values, y.values, out=z.values))
        return z

    def add(self, x, y):
        self.do(lambda: np.add(x.values, y.values, out=x.values))


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setattr(graphs, "captured", lambda cuda, stream: nullcontext())
    return Device()


def test_a_part_is_captured_once_and_copies_what_moves(device):
    part = Part(device, device.times, {0}, set())
    w, results = device.array([1.0, 2.0]), []
    for i in range(5):
        y = part(device.array([i, i]), w)
        assert y.values.tolist() == [i, 2 * i]
        results.append(y)
    assert device.graphs == 1
    assert device.done == 1 + 4  # the first call; then a copy in each
    assert len({id(y) for y in results[1:]}) == 1


def test_a_part_that_fails_says_so_once_and_runs_as_its_function(device):
    def run(x):
        if device.nodes is not None:
            raise ValueError("no graph holds this")
        return device.times(x, x)

    part = Part(device, run, {0}, set())
    assert part(device.array([2.0])).values == 4
    with pytest.warns(UserWarning, match=r"kernel by kernel .* ValueError: no graph holds this"):
        assert part(device.array([3.0])).values == 9
    assert device.nodes is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert part(device.array([4.0])).values == 16


def test_an_interrupt_ends_the_capture(device):
    def run(x):
        if device.nodes is not None and device.graphs == 0:
            raise KeyboardInterrupt
        return device.times(x, x)

    part = Part(device, run, {0}, set())
    part(device.array([2.0]))
    with pytest.raises(KeyboardInterrupt):
        part(device.array([2.0]))
    assert device.nodes is None
    assert part(device.array([5.0])).values == 25


def test_state_elsewhere_is_captured_again_and_soon_counts_as_what_moves(device):
    part = Part(device, device.times, {0}, set())
    x, w = device.array([3.0]), device.array([1.0])
    for _ in range(3):
        part(x, w)
    other = device.array([2.0])
    for _ in range(graphs.FEW + 3):
        assert part(x, other).values == 6
    assert (device.graphs, part.moving) == (2, {0})
    for i in range(6):
        assert part(x, device.array([i])).values == 3 * i
    assert part.moving == {0, 1}
    assert device.graphs == 4  # late, soon, and soon again
    assert not part.over


def test_state_that_the_part_changes_is_never_a_copy(device):
    part = Part(device, device.add, {1}, {0})
    for i in range(12):
        state = device.array([10.0])
        part(state, device.array([i]))
        assert state.values == 10 + i
    assert part.over
    assert device.graphs == graphs.OFTEN + 1


def test_an_array_in_the_same_place_is_the_same(device):
    part = Part(device, device.times, {0}, set())
    x, w = device.array([3.0]), device.array([1.0])
    part(x, w)
    part(x, w)
    view = device.array([0.0])
    view.values, view.data = w.values, w.data
    assert part(x, view).values == 3
    view.strides = (16,)
    assert part(x, view).values == 3
    assert device.graphs == 2


class Stream:
    """A stream of each thread, all of which have one number, so that CuPy takes them for one."""

    def __init__(self, log):
        self.log, self.calls = log, 0

    def __eq__(self, other):
        return isinstance(other, Stream)

    __hash__ = None

    def record(self):
        self.log.append(f"record {self.calls}")
        return self.calls

    def wait_event(self, event):
        self.log.append(f"wait {event}")


def test_each_call_waits_on_the_gpu_for_the_one_before():
    """Also one that fails, and in streams that look the same."""
    log, first, second = [], *[Stream([]) for _ in range(2)]
    first.log = second.log = log
    current = first

    def step(fails):
        current.calls += 1
        log.append("run")
        if fails:
            raise RuntimeError("no")

    xp = SimpleNamespace(cuda=SimpleNamespace(get_current_stream=lambda: current))
    program = graphs.InGraphs(xp, parts.Parts(), {"step": step})
    program(False)
    current = second
    with pytest.raises(RuntimeError, match="no"):
        program(True)
    current = first
    program(False)
    assert log == ["run", "record 1", "wait 1", "run", "record 1", "wait 1", "run", "record 2"]


# On a GPU


def captures(test):
    """A test that needs a CuPy that captures graphs."""
    no = backend.gpu_available() and not graphs.can_capture(backend.cupy())
    return gpu(pytest.mark.skipif(no, reason="CuPy captures no graphs here: it needs NVIDIA's driver")(test))


def parts_of(captured):
    return [p for ways in captured.ways.values() for r in ways.replays for p in getattr(r.run, "parts", [])]


def assert_same(a, b, path="the result", off=0.0):
    """Equal bit for bit, or off by so much at most."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        a, b = [*a.values()], [*b.values()]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b)):
            assert_same(x, y, f"{path}.{i}", off)
    elif isinstance(a, Variable):
        assert_same(a.data, b.data, path, off)
    elif backend.is_array(a):
        np.testing.assert_allclose(backend.to_numpy(a), backend.to_numpy(b), off, off, err_msg=path)
    else:
        assert a == b, path


def spoil():
    """Memory that was let go of is overwritten."""
    cupy = backend.cupy()
    some = [cupy.full(1 << k, np.nan, np.float32) for k in range(7, 16) for _ in range(4)]
    del some


def kernel_by_kernel(step):
    """A captured step of the same parts, none of which becomes a graph.

    It calls what a graph would hold. With graph=False a product may be another of cuBLAS's, and so may its last bits.
    """
    captured = ag.capture(step)

    def run(*xs):
        for part in parts_of(captured):
            part.over = True
        return captured(*xs)

    return run, captured


def twins(make, batches, steps=20, between=lambda i, *things: None, count=None, off=0.0):
    """A captured training with graphs is that of the same kernels one by one, bit for bit. Returns it."""
    (step, *things), (other_step, *others) = make(), make()
    captured, (other, plain) = ag.capture(step), kernel_by_kernel(other_step)
    kept = []
    for i in range(steps):
        between(i, *things)
        between(i, *others)
        args = [there(x) for x in batches[i % len(batches)]]
        y = captured(*args)
        spoil()
        assert_same(y, other(*args), f"step {i}", off)
        assert_same(everything(*things), everything(*others), f"after step {i}", off)
        kept.append((y, backend.to_numpy(y.data).copy() if isinstance(y, Variable) else None))
    for y, before in kept:
        if before is not None:
            np.testing.assert_array_equal(backend.to_numpy(y.data), before, err_msg="a result that was kept")
    found = parts_of(captured)
    assert all(part.graph is None for part in parts_of(plain))
    assert found
    assert all(part.graph is not None and not part.over for part in found)
    assert count is None or len(found) == count
    return captured


@captures
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "embedding"])
def test_networks(name):
    make, x, t = NETWORKS[name]
    twins(lambda: on_gpu(make, x), [(x, t), (x * np.float32(1.5), t)])


@captures
def test_a_training_step_is_one_graph():
    """Forward and backward are one; labels, the optimizer and the copies of results are outside."""
    captured = twins(lambda: on_gpu(linear, X[:1]), [(X, np.arange(8) % 3)], count=1)
    made = captured.newest().program.parts
    assert len(made.rows[0]) > 10
    assert set(made.outputs) == {0}
    assert "_part" not in captured.source


@captures
def test_products_of_16_bits_are_in_the_graph():
    def make():
        return L.Sequential(L.Linear(6, 5, rng=0, dtype="e"), F.relu, L.Linear(3, 6, rng=1, dtype="e"))

    x = X.astype("e")
    captured = twins(lambda: on_gpu(make, x[:1], lambda model: O.Adam(model, master=True)), [(x, np.arange(8) % 3)])
    (rows, *_) = captured.newest().program.parts.rows
    assert sum(["matmul_half_product" in row for row in rows]) == 5  # two there, three back


def test_few_kernels_are_no_part():
    with lines() as (tape, np_, given):
        x = given(np.ones(3), "x")
        found = parted(tape, [x], 1, [np_.exp(x) * 2 + 1])
    assert not found.rows
    assert len(found.lines) == 3


@captures
def test_embedding_and_late_labels():
    """Rows of a gradient are added in any order on a GPU."""
    make, x, t = NETWORKS["embedding"]
    captured = twins(lambda: on_gpu(make, x), [(x, t), ((x + 1) % 9, t)], steps=8, off=1e-4)
    loss = captured(there(x), there(t + 5))
    with pytest.raises(ValueError, match="labels must be in 0"):
        loss.item()


@captures
def test_schedules_clipping_and_averages():
    def make():
        step, model, optimizer = on_gpu(
            linear, X[:1], lambda m: O.Adam(m, lr=O.cosine(0.1, 15), transforms=[O.clip_by_norm(0.1)])
        )
        ema = O.EMA(model, 0.9)

        def averaging(x, t):
            y = step(x, t)
            ema.update()
            return y

        return averaging, model, optimizer, ema

    twins(make, [(X, np.arange(8) % 3)])


@captures
def test_weights_loaded_and_replaced():
    """Arrays elsewhere: the part follows them, and their old places are left alone."""
    weights = on_gpu(linear, X[:1])[1].state_dict()
    old = []

    def between(i, model, optimizer):
        if i in (6, 13):
            model.load_state_dict(weights)
        if i in (9, 11, 16):
            w = model[0].W
            old.append((w.data, w.data.copy()))
            w.data = w.data * 0.5

    twins(lambda: on_gpu(linear, X[:1]), [(X, np.arange(8) % 3)], between=between, steps=25)
    for array, before in old:
        assert_same(array, before)


@captures
def test_two_shapes_of_a_batch():
    twins(lambda: on_gpu(linear, X[:1]), [(X, np.arange(8) % 3), (X[:3], np.arange(3))], count=2)


@captures
def test_a_state_that_is_another_array_after_each_call():
    def make():
        model = linear().to("gpu")
        state = Variable(there(np.zeros((8, 3), np.float32)))

        def step(x):
            y = F.tanh(model(x) + state)
            state.data = y.data
            return (y * y).sum()

        return step, model, state

    captured = twins(make, [(X,), (2 * X,)])
    assert len(parts_of(captured)[0].moving) == 2


@captures
def test_an_input_that_the_step_changes():
    def make():
        model = linear().to("gpu")

        def step(x):
            y = model(x).sum()
            x[1:3] *= np.float32(0.5)
            return y + model(x).sum()

        return step, model

    first, second = [there(X.copy()) for _ in range(2)]
    captured, (other, _) = ag.capture(make()[0]), kernel_by_kernel(make()[0])
    for i in range(8):
        assert_same(captured(first), other(second), f"step {i}")
        assert_same(first, second)
    assert parts_of(captured)[0].graph is not None


@captures
def test_no_parts_without_graphs():
    captured, (x, t) = ag.capture(on_gpu(linear, X[:1])[0], graph=False), batch(8)
    for _ in range(4):
        captured(x, t)
    assert not parts_of(captured)


@captures
def test_threads_and_streams_take_turns():
    cupy = backend.cupy()
    model = linear().to("gpu")

    @ag.capture
    def step(x):
        with no_grad(), test_mode():
            return model(x)

    for _ in range(4):
        step(there(X))
    assert parts_of(step)[0].graph is not None
    wrong = []

    def work(k):
        with cupy.cuda.Stream(non_blocking=True):
            for i in range(40):
                x = there(X + np.float32(k + 0.1 * i))
                y = step(x)
                expected = backend.to_numpy(step.step(x).data)
                if not np.allclose(backend.to_numpy(y.data), expected, rtol=1e-4, atol=1e-5):
                    wrong.append((k, i))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@captures
def test_a_capture_that_fails_leaves_the_right_numbers(monkeypatch):
    run = Part.capture

    def capture(self, xs):
        function = self.run
        self.run = lambda *args: (function(*args), backend.cupy().cuda.get_current_stream().synchronize())[0]
        try:
            run(self, xs)
        finally:
            self.run = function

    monkeypatch.setattr(Part, "capture", capture)
    step, *things = on_gpu(linear, X[:1])
    other, *others = on_gpu(linear, X[:1])
    captured, (x, t) = ag.capture(step), batch(8)
    for i in range(8):
        with pytest.warns(UserWarning, match="kernel by kernel .*apture") if i == 3 else nullcontext():
            captured(x, t)
        other(x, t)
    for p, q in zip(things[0].params(), others[0].params()):
        np.testing.assert_allclose(backend.to_numpy(p.data), backend.to_numpy(q.data), rtol=1e-3, atol=1e-5)
    assert all(part.over for part in parts_of(captured))


@captures
def test_memory_is_given_back():
    step, *_ = on_gpu(linear, X[:1])
    captured = ag.capture(step)
    x, t = batch(8)
    for _ in range(6):
        captured(x, t)
    pool = parts_of(captured)[0].pool
    assert pool.used_bytes() > 0
    del captured, step, _
    gc.collect()
    assert pool.total_bytes() == 0
    assert pool not in graphs.pools


@captures
def test_free_memory_is_given_back_before_a_capture():
    """A graph has a pool of its own, which cannot take what lies idle in CuPy's."""
    cupy = backend.cupy()
    captured, (x, t) = ag.capture(on_gpu(linear, X[:1])[0]), batch(8)
    large = cupy.empty(1 << 26, "uint8")
    del large
    for _ in range(4):
        captured(x, t)
    assert parts_of(captured)[0].graph is not None
    assert cupy.get_default_memory_pool().free_bytes() < 1 << 26


@gpu
@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize(
    "shapes",
    [((4, 5), (5, 3)), ((5,), (5, 3)), ((4, 5), (5,)), ((5,), (5,)), ((2, 4, 5), (5, 3)), ((2, 4, 5), (2, 5, 3)),
     ((4, 5), (2, 5, 3)), ((3, 1, 4, 5), (2, 5, 3)), ((0, 5), (5, 3)), ((4, 0), (0, 3))],
)  # fmt: skip
def test_products(shapes, dtype):
    """Of any views: a part calls cuBLAS itself."""
    rng = np.random.default_rng(0)
    a, b = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    y = graphs.product(there(a), there(b))
    np.testing.assert_allclose(backend.to_numpy(y), a @ b, rtol=1e-5, atol=1e-5)
    turned = graphs.product(there(a.T.copy()).T, there(b[..., ::-1].copy())[..., ::-1])
    np.testing.assert_allclose(backend.to_numpy(turned), a @ b, rtol=1e-5, atol=1e-5)
    wide = there(np.stack([a, a]))[::2][0]
    np.testing.assert_allclose(backend.to_numpy(graphs.product(wide, there(b))), a @ b, rtol=1e-5, atol=1e-5)
