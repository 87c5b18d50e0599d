"""`captured.source` is a program of NumPy alone: a fresh process without this package trains by it for 100 steps."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.models import SimpleConvNet
from autograd.programs import emit
from tests.programs.twins import capture

pytestmark = pytest.mark.standin_exempt("starts processes")

STEPS = 100
ALONE = f"""
import sys

class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("autograd", "scipy", "torch", "numba"):
            raise ImportError(f"there is no {{name}} here")

sys.meta_path.insert(0, Absent())
sys.path.append({str(Path(np.__file__).parents[1])!r})
try:
    import autograd
except ImportError:
    pass
else:
    raise SystemExit("this package is here")
"""
TRAINS = """
import numpy as np

source, given, found = sys.argv[1:]
names = {}
exec(open(source).read(), names)
with np.load(given) as file:
    x, t, *state = [(name, file[name]) for name in file.files]
numbers = {"lr": 0.1, "count": 0}
wanted = names["step"].__code__.co_varnames[:names["step"].__code__.co_argcount]
state = dict(state)
losses = []
for i in range(len(x[1])):
    numbers["count"] += 1
    more = {name: numbers[name] for name in numbers if name in wanted}
    losses.append(names["step"](x=x[1][i], t=t[1][i], **more, **state)[-1])
np.savez(found, losses=losses, **state)
"""


def alone(script, *args, cwd):
    """Runs a script in a process that has NumPy, and neither this package nor another one."""
    (cwd / "alone.py").write_text(ALONE + script)
    command = [sys.executable, "-I", "-S", str(cwd / "alone.py"), *map(str, args)]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def arguments(source):
    """The names of the arguments of the program."""
    (step,) = [node for node in ast.parse(source).body if getattr(node, "name", "") == "step"]
    return [arg.arg for arg in step.args.args]


def training(model, optimizer):
    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def lecture():
    """The lecture's two-layer network, by SGD; and the names of its arrays in the program."""
    model = L.Sequential(L.Linear(20, 50, rng=0), F.sigmoid, L.Linear(10, 20, rng=1))
    return model, O.SGD(model, 0.1), (16, 50), {f"layer{i}_{name}": f"{i}.{name}" for i in (0, 2) for name in "Wb"}


def conv_net():
    """SimpleConvNet, by Adam, whose slots are arguments too."""
    model = SimpleConvNet(size=(1, 12, 12), filters=4, kernel=5, hidden=16, rng=0)
    paths = [f"{layer}.{name}" for layer in ("conv", "hidden", "output") for name in "Wb"]
    return model, O.Adam(model, 0.1), (8, 1, 12, 12), {path.replace(".", "_"): path for path in paths}


@pytest.mark.parametrize("make", [lecture, conv_net], ids=lambda make: make.__name__)
def test_the_program_trains_alone(make, tmp_path):
    """Losses and weights after 100 steps are those of the eager step, to rounding."""
    model, optimizer, shape, names = make()
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((STEPS, *shape)).astype(np.float32)
    ts = rng.integers(0, 10, (STEPS, shape[0]))
    captured = capture(training(model, optimizer))
    for _ in range(4):
        captured(xs[0], ts[0])

    model, optimizer, _, _ = make()  # the same from its first step
    model(xs[0])
    params = dict(model.named_params())
    state = {name: params[path].data.copy() for name, path in names.items()}
    for slot in optimizer.slots:
        state |= {f"{name}_{slot}": np.zeros_like(params[path].data) for name, path in names.items()}
    small = [name for name in names if f"{name}_m" not in arguments(captured.source)]  # they are updated together
    state |= {f"small_{slot}": np.zeros(sum([state[name].size for name in small]), np.float32) for slot in "mv"}
    state = {name: x for name, x in state.items() if name in arguments(captured.source)}
    (tmp_path / "source.py").write_text(captured.source)
    np.savez(tmp_path / "given.npz", x=xs, t=ts, **state)
    alone(TRAINS, tmp_path / "source.py", tmp_path / "given.npz", tmp_path / "found.npz", cwd=tmp_path)

    step = training(model, optimizer)
    losses = [step(x, t).item() for x, t in zip(xs, ts)]
    with np.load(tmp_path / "found.npz") as found:
        np.testing.assert_allclose(found["losses"], losses, rtol=1e-6)
        for name, path in names.items():
            np.testing.assert_allclose(found[name], params[path].data, rtol=1e-4, atol=1e-5, err_msg=path)
            own = [(slot, x) for slot, x in zip(optimizer.slots, optimizer.state[path]) if f"{name}_{slot}" in found]
            for slot, array in own:
                np.testing.assert_allclose(found[f"{name}_{slot}"], array, rtol=1e-4, atol=1e-5, err_msg=path)


@pytest.mark.parametrize("make", [lecture, conv_net], ids=lambda make: make.__name__)
def test_the_program_is_readable(make):
    """It imports NumPy alone, names the arrays, has the three parts, and a comment with the layer and the shape."""
    model, optimizer, shape, names = make()
    captured = capture(training(model, optimizer))
    for _ in range(4):
        captured(np.ones(shape, np.float32), np.zeros(shape[0], int))
    source = captured.source
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
    assert max(map(len, source.splitlines())) <= 120 or make is conv_net
    body = source[source.index("def step") :]
    assert body.index("# forward") < body.index("# backward") < body.index("# update")
    assert "Linear (16, 20)" in body or "Linear (8, 16)" in body
    for name in names:
        assert re.search(rf"\bd_{name}\b.* = ", body)
        assert re.search(rf"(sgd|adam)\(.*\b{name}\b.*\)|^ *{name}\[\.\.\.\] = ", body, re.MULTILINE)
    assert "softmax_cross_entropy = " in body


def test_an_emitted_step_trains_alone(tmp_path):
    """The file of `emit` has the weights too, and counts the steps."""
    model, optimizer, shape, _ = conv_net()
    rng = np.random.default_rng(0)
    xs, ts = rng.standard_normal((20, *shape)).astype(np.float32), rng.integers(0, 10, (20, shape[0]))
    step = training(model, optimizer)
    captured = capture(step)
    for x, t in zip(xs[:5], ts):
        captured(x, t)
    emit(captured, (xs[0], ts[0]), tmp_path / "program.py")
    np.savez(tmp_path / "given.npz", x=xs, t=ts)
    script = """
import importlib.util
import numpy as np

spec = importlib.util.spec_from_file_location("program", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
with np.load(sys.argv[2]) as file:
    x, t = file["x"], file["t"]
losses = [program.run(x[i], t[i]) for i in range(20)]
losses = [loss[0] if isinstance(loss, tuple) else loss for loss in losses]
np.savez(sys.argv[3], losses=losses, conv_W=program.STATE["conv_W"])
"""
    alone(script, tmp_path / "program.py", tmp_path / "given.npz", tmp_path / "found.npz", cwd=tmp_path)
    losses = [step(x, t).item() for x, t in zip(xs, ts)]
    with np.load(tmp_path / "found.npz") as found:
        np.testing.assert_allclose(found["losses"], losses, rtol=1e-5)
        np.testing.assert_allclose(found["conv_W"], dict(model.named_params())["conv.W"].data, rtol=1e-4, atol=1e-6)


def test_the_source_is_what_runs():
    """The text of a captured function, run as it is, gives what the replay gives, bit for bit."""

    def f(x, y):
        h = F.tanh(x @ y)
        return h.sum(), F.softmax(h), h[1:] * 2

    captured = capture(f)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 4)), rng.standard_normal((4, 3))
    for _ in range(4):
        result = captured(x, y)
    names = {}
    exec(captured.source, names)
    for value, expected in zip(names["step"](x, y), result):
        np.testing.assert_array_equal(value, expected)


def test_the_text_is_the_same_each_time():
    sources = set()
    for _ in range(3):
        model, optimizer, shape, _ = lecture()
        captured = capture(training(model, optimizer))
        for _ in range(4):
            captured(np.ones(shape, np.float32), np.zeros(shape[0], int))
        sources.add(captured.source)
    assert len(sources) == 1
