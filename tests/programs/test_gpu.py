"""Captured steps of arrays on a GPU: CuPy's programs, equal to their eager twins to rounding."""

import re
from dataclasses import replace

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, backend, no_grad, test_mode
from autograd.programs import Refused, capture, emit
from autograd.programs.text import snake
from tests import standin
from tests.programs import programs
from tests.programs.test_functions import REFUSED, nearby, step_of
from tests.programs.test_training import NETWORKS, training
from tests.programs.twins import counted
from tests.test_ops import OPS, floating, mapped

pytestmark = pytest.mark.standin_exempt("is about devices")
on_a_gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(not backend.gpu_available(), reason="no usable GPU, or no CuPy"),
]


def gpu(test):
    for mark in on_a_gpu:
        test = mark(test)
    return test


def there(x):
    return mapped(lambda a: backend.cupy().asarray(a), x)


def assert_close(a, b, path="the result"):
    """Equal to rounding, relative to the largest number."""
    assert type(a) is type(b), path
    if isinstance(a, dict):
        a, b = [*a.values()], [*b.values()]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b)):
            assert_close(x, y, f"{path}.{i}")
    elif isinstance(a, Variable):
        assert_close(a.data, b.data, path)
    elif backend.is_array(a):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), path
        a, b = backend.to_numpy(a), backend.to_numpy(b)
        finite = np.abs(b[np.isfinite(b)]) if b.dtype.kind == "f" else b
        rtol = 1e-3 if a.dtype.itemsize < 8 else 1e-8
        np.testing.assert_allclose(a, b, rtol, rtol * (1 + (finite.max() if finite.size else 0)), err_msg=path)
    else:
        assert a == b, path


def on_gpu(make, x, optimizer=O.Adam):
    """A training of a network there, whose layers have taken their sizes."""
    model = make()
    with no_grad(), test_mode():
        model(x[:1])
    model.to("gpu")
    return training(model, optimizer(model))


def linear():
    return L.Sequential(L.Linear(6, 5, rng=0), F.relu, L.Linear(3, 6, rng=1))


def batch(n=4):
    x = np.random.default_rng(0).standard_normal((n, 5)).astype(np.float32)
    return there((x, np.arange(n) % 3))


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


@gpu
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    make, x, t = NETWORKS[name]
    step, model, optimizer = on_gpu(make, x)
    captured, ran = counted(step)
    eager, other, _ = on_gpu(make, x)
    x, t = there((x, t))
    for i in range(6):
        assert_close(captured(x, t), eager(x, t), f"the loss of step {i}")
        for (path, p), q in zip(model.named_params(), other.params()):
            assert_close(p.data, q.data, f"{path} after step {i}")
            assert_close(p.grad, q.grad, f"the gradient of {path} after step {i}")
    assert ran() == 3
    assert optimizer.steps == 6


@gpu
@pytest.mark.parametrize("optimizer", [O.SGD, O.Momentum, O.AdamW, O.RMSprop, O.AdaDelta, O.RAdam])
def test_optimizers_take_one_kernel(optimizer):
    step, model, own = on_gpu(linear, np.ones((1, 5), np.float32), optimizer)
    captured = capture(step)
    eager, other, _ = on_gpu(linear, np.ones((1, 5), np.float32), optimizer)
    x, t = batch()
    for _ in range(8):
        assert_close(captured(x, t), eager(x, t))
    assert_close([p.data for p in model.params()], [p.data for p in other.params()])
    if optimizer is not O.RAdam:  # its formula asks the count
        calls = re.findall(rf"^    {snake(optimizer.__name__)}\(", captured.source, re.MULTILINE)
        assert len(calls) == 1
    own.lr = 0.0
    before = [p.data.copy() for p in model.params()]
    captured(x, t)
    if optimizer is not O.AdaDelta:
        assert_close([p.data for p in model.params()], before)


@gpu
@pytest.mark.parametrize("dtype", "fd")
def test_a_gradient_of_another_dtype_is_read_as_what_it_is(dtype):
    w = Variable(there(np.ones(4)))
    optimizer = O.Momentum([w], lr=0.5)

    @ag.capture
    def step(g):
        w.grad = Variable(g)
        optimizer.update()

    g = there(np.arange(4).astype(dtype))
    for _ in range(4):
        step(g)
    v, expected = 0.0, np.ones(4)
    for _ in range(4):
        v = 0.9 * v + np.arange(4)
        expected -= 0.5 * v
    assert_close(w.data, there(expected))


@gpu
@pytest.mark.parametrize("op", OPS[::5], ids=repr)
def test_functions(op):
    case = next(iter(op.cases))
    places = [i for i, x in enumerate(case.args) if floating(x)]
    if not places or op.name in {*REFUSED, "j0", "j1", "y0", "y1"}:  # SciPy computes these in main memory
        return
    step, args = step_of(op, there(case.options), places), there(case.args)
    with np.errstate(all="ignore"):
        try:
            expected = step(*args)
        except Exception as error:  # an eager step
            pytest.skip(f"CuPy has not all of its libraries here: {type(error).__name__}")
        captured = capture(step)
        for _ in range(4):
            assert_close(captured(*args), expected)
        try:
            expected = step(*(other := there(nearby(case.args))))
        except ValueError:  # some functions do not take these
            return
        for _ in range(3):
            assert_close(captured(*other), expected)


def drawn(seed):
    """A random program there."""
    program = programs.Drawn(seed)
    program.inputs = there(program.inputs)
    for p in program.params:
        p.cleargrad()
        p.data = there(p.data)
    program.buffers[:] = there(program.buffers)
    for instruction in program.instructions:
        if hasattr(instruction, "case"):
            instruction.case = replace(instruction.case, args=there(instruction.case.args))
    return program


@gpu
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed):
    """With views, shared parts and state that is written in place."""
    first, second, third = drawn(seed), drawn(seed), drawn(seed)
    try:
        third.step(*third.inputs)
    except Exception as error:  # an eager step
        pytest.skip(f"CuPy has not all of its libraries here: {type(error).__name__}")
    captured, ran = counted(first.step)
    for i in range(6):
        inputs = [x * (1 + 0.01 * max(i - 3, 0)) for x in first.inputs]
        assert_close(captured(*inputs), second.step(*inputs), f"call {i}")
        assert_close([p.data for p in first.params], [p.data for p in second.params], f"parameters after call {i}")
        assert_close(first.buffers, second.buffers, f"buffers after call {i}")
    assert ran() <= 5


@gpu
def test_the_text_alone_computes_the_same():
    step, model, _ = on_gpu(linear, np.ones((1, 5), np.float32), O.SGD)
    captured = capture(step)
    x, t = batch()
    for _ in range(3):
        captured(x, t)
    source = captured.source
    assert source.startswith("import cupy as np\n")
    assert "def fused_linear_relu(a, b):\n    a += b\n" in source
    names = {}
    exec(source, names)
    given = {name: y.copy() for name, y in captured.newest().program.given().items() if hasattr(y, "shape")}
    out = names["step"](x, t, 0.01, **given)
    loss = captured(x, t)
    assert_close(out[-1], loss.data)
    assert_close(given["layer0_W"], model[0].W.data)


@gpu
def test_a_view_of_what_a_kernel_makes_is_no_argument_of_it():
    """h and h[:1] are not there before h: the difference is a line of its own."""

    def step(x):
        h = F.tanh(x) * 2 + 1
        return h - h[:1]

    captured, x = capture(step), Variable(there(np.arange(12, dtype=np.float32).reshape(3, 4)))
    for _ in range(4):
        assert_close(captured(x), step(x).detach())


@gpu
def test_labels_are_looked_at_late():
    step, _, _ = on_gpu(linear, np.ones((1, 5), np.float32))
    captured, ran = counted(step)
    x, t = batch()
    for _ in range(4):
        float(captured(x, t))
    wrong = t.copy()
    wrong[1] = 7
    loss = captured(x, wrong)
    with pytest.raises(ValueError, match=r"labels must be in 0 \.\. 2, as there are 3 classes, not 7"):
        loss.item()
    captured(x, t).item()
    assert ran() == 3


@gpu
def test_a_captured_step_follows_its_model_to_another_device():
    model = linear()
    step, _, _ = training(model, O.Adam(model))
    captured = capture(step)
    x, t = np.ones((4, 5), np.float32), np.arange(4) % 3
    for _ in range(4):
        captured(x, t)
    assert captured.source.startswith("import numpy as np\n")
    model.to("gpu")
    for _ in range(5):
        loss = captured(*there((x, t)))
    assert captured.source.startswith("import cupy as np\n")
    assert np.isfinite(loss.item())


table = [np.arange(3.0)]


def asks(y):
    return y * 2 if y.data > 0 else y


def takes_a_number(y):
    return y * float(table[0][1])


def writes_on_the_cpu(y):
    table[0] += 1
    return y


def moves(y):
    return y + y.data.get().sum()


def calls_cupy(y):
    return y * backend.cupy().exp(y.data)


def makes(y):
    return y * backend.cupy().ones(())


@gpu
@pytest.mark.parametrize(
    "f, message",
    [
        (asks, r"asks for a value, bool\(\).* in asks; return it"),
        (takes_a_number, r"computes with an array of NumPy.* in takes_a_number; move it by .to\('gpu'\)"),
        (writes_on_the_cpu, r"computes with an array of NumPy.* in writes_on_the_cpu"),
        (moves, r"get of an array.* in moves"),
        (calls_cupy, r"a function of CuPy on an array.* in calls_cupy; use that of autograd.functions"),
        (makes, r"that the step makes outside of autograd.* in makes"),
    ],
)
def test_refusals_put_all_back(f, message):
    step, model, optimizer = on_gpu(linear, np.ones((1, 5), np.float32))

    @ag.capture
    def captured(x, t):
        step(x, t)
        return f(F.softmax_cross_entropy(model(x), t))

    table[0] = np.arange(3.0)
    x, t = batch()
    captured(x, t)
    arrays = [p.data for p in model.params()]
    before = [p.data.copy() for p in model.params()]
    numbers = table[0].copy()
    with pytest.raises(Refused, match=message):
        captured(x, t)
    for p, array, values in zip(model.params(), arrays, before):
        assert p.data is array
        np.testing.assert_array_equal(p.data.get(), values.get())
    np.testing.assert_array_equal(table[0], numbers)
    assert optimizer.steps == 1


@gpu
def test_two_devices_are_refused_and_emit_is():
    step, model, _ = on_gpu(linear, np.ones((1, 5), np.float32))
    captured = capture(step)
    x, t = batch()
    for _ in range(3):
        captured(x, t)
    with pytest.raises(ValueError, match="emit: the model must lie on the CPU"):
        emit(captured, (x, t), "model.py")
    host = Variable(np.ones(3, np.float32))

    @ag.capture
    def both(x):
        return (model(x) * 2).sum(), host * 2

    both(x)
    with pytest.raises(Refused, match="arrays of numpy beside those of a GPU"):
        both(x)
