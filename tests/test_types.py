"""Types, as a user's type checker sees them: a strict script passes, its slips are found, and no result is Any.

The independent reference is mypy. What the annotations promise is compared with what the functions return.
"""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import autograd.functions as F
from autograd import Variable
from tests.test_ops import OPS, recorded

ROOT = Path(autograd.__file__).parents[1]

pytestmark = pytest.mark.standin_exempt


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What mypy has learned of the package: read once, used by every script of this file."""
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture
def check(cache, tmp_path):
    """check(script): what mypy says, (line, message) for each error and note."""
    pytest.importorskip("mypy", reason="types are checked by mypy, which is in the group `test`")

    def check(script):
        path = tmp_path / "script.py"
        path.write_text(script, encoding="utf-8")
        options = ["--strict", "--no-error-summary", "--cache-dir", str(cache), "--config-file", ""]
        command = [sys.executable, "-m", "mypy", *options, str(path)]
        paths = {"MYPYPATH": str(ROOT), "PATH": ""}
        result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=paths, timeout=300)
        assert not result.stderr, result.stderr
        return [(int(n), text) for n, text in re.findall(r"script\.py:(\d+): (.*)", result.stdout)]

    return check


HEAD = """
from typing import Any
import numpy as np
import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, grad, no_grad

class Net(L.Layer):
    def __init__(self, hidden: int) -> None:
        self.fc1 = L.Linear(hidden)
        self.fc2 = L.Linear(3)

    def forward(self, x: Variable) -> Variable:
        return self.fc2(F.relu(self.fc1(x)))

class Twin(L.Layer):
    def __init__(self) -> None:
        self.net = Net(4)
        self.layers = [L.Linear(3), L.Linear(3)]

    def forward(self, x: Variable) -> tuple[Variable, Variable]:
        y = self.net(x)
        for layer in self.layers:
            y = F.tanh(layer(y))
        return y, y.sum()

class Square(ag.Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        (x,) = self.inputs
        return 2 * x * gy

x = Variable(np.ones((2, 4), np.float32), name="x")
model, twin, lstm = Net(8), Twin(), L.LSTM(4)
"""

PASSES = """
def square(x: Variable) -> Variable:
    return Square()(x)

def rosenbrock(x0: Variable, x1: Variable) -> Variable:
    return 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2

def newton(x: Variable) -> Variable:
    y = rosenbrock(x, x)
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    return x - gx.detach() / x.grad

def step(x: Variable, t: Any, optimizer: O.Optimizer) -> float:
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    return loss.item()

def norm(x: Variable) -> Variable:
    d = (x - x.mean(axis=0)) / x.std(axis=0, keepdims=True)
    return abs(-d.T @ d[:, None].reshape(2, -1).transpose()).sum().astype(np.float64)

def evaluate(xs: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    with no_grad(), ag.test_mode():
        y = model(xs)
    return y.numpy()

@no_grad()
def descend(rate: float) -> None:
    for p in model.params():
        if p.grad is not None:
            p -= rate * p.grad
            p.data[...] -= rate * p.grad.data
            p.data = p.data - rate * p.grad.data
            p.grad = None

def decode(x: Variable) -> Variable:
    y, (h, c) = lstm(x, None)
    z, _ = twin(y)
    return F.concat([y, h, z, lstm(x)], axis=-1)

def derivatives(x: Variable) -> Variable:
    def f(x: Variable) -> Variable:
        return (x**3).sum()

    value, gradient = ag.value_and_grad(f, x)
    (first,) = grad(f(x), [x], create_graph=True)
    return value + gradient + first + grad(first, x) + ag.hessian(f, x) + ag.hvp(f, x, x)[1]

def train(epochs: int) -> list[float]:
    optimizer = O.Adam(model, lr=O.cosine(1e-3, 100), transforms=[O.clip_by_norm(1.0)])
    loader = ag.data.DataLoader(ag.data.digits(), 32, rng=0)
    history = ag.training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=epochs, metric=F.accuracy)
    ag.serialize.save(model, "model.npz")
    return history.loss

@ag.capture
def replayed(x: Variable) -> Variable:
    y: Variable = model(x)
    return y.sum()

replayed(x).backward()
step(x, np.zeros(2, int), O.Adam(model, lr=1e-3))
sizes: list[int] = [x.size, x.ndim, *x.shape, len(x), int(x.sum())]
texts = [f"{x.sum():.4f}", str(x.dtype), repr(model.eval()), float(x.sum()), round(x, 2), bool(x.sum())]
for row in x:
    row.sum().backward()
"""

SLIPS = """
(x * 2).nonexistent()  # error
(2 - x).foo  # error
(x @ x.T).foo  # error
x[0].foo  # error
x.sum(axis=0).foo  # error
x.std().foo  # error
x.foo  # error
x.grad.foo  # error
(-x).reshape(-1).foo  # error
x.shape.foo  # error
x.sum(dim=0)  # error
F.softmax(x).foo  # error
F.softmax(x, dim=1)  # error
F.softmx(x)  # error
F.split(x, 2)[0].foo  # error
F.lstm(x, x, x, x, x, x)[0].foo  # error
F.fft(x)[0].foo  # error
F.svd(x)[0].foo  # error
F.svd(x, compute_uv=False).foo  # error
F.qr(x, "r").foo  # error
F.topk(x, 1)[0].foo  # error
grad(x.sum(), [x])[0].foo  # error
grad(x.sum(), x).foo  # error
grad(x.sum(), list(model.params()))[0].foo  # error
ag.value_and_grad(lambda x: x.sum(), x)[1].foo  # error
ag.grad_of(x)  # error
ag.functional_call(model, {}, x).foo  # error
model(x).foo  # error
model(np.ones((2, 4))).foo  # error
twin(x)[1].foo  # error
twin(x).foo  # error
lstm(x).foo  # error
lstm(x, None)[0].foo  # error
L.Sequential(L.Linear(3), F.relu)(x).foo  # error
L.Conv2d(3, 3)(x).foo  # error
L.LayerNorm()(x).foo  # error
L.MultiHeadAttention(4, 2)(x).foo  # error
ag.models.GPT()(x).foo  # error
L.Liner(3)  # error
Square()(x).foo  # error
model.fc1.W.foo  # error
model.fc3  # error
model.fc1.W = 3  # error
O.Adam(model, learning_rate=1)  # error
ag.as_variable(3.0).foo  # error
x.detach().foo  # error
x.backward(1, 2, 3, 4, 5)  # error
model.parameters()  # error
model.fc1.weight  # error
model.fc1.W.data.foo  # error
next(model.params()).foo  # error
L.Sequential(L.Linear(3), F.relu)[:1](x).foo  # error
ag.capture(model.forward)(x).foo  # error
ag.profile().foo  # error
"""


def test_a_strict_script_passes(check):
    """A model, a training step, derivatives, a Function and a loop over rows, with annotations everywhere."""
    assert check(HEAD + PASSES + "".join(f"ag.{part}\n" for part in autograd.PARTS)) == []


def test_every_slip_is_found(check):
    script = HEAD + SLIPS
    expected = [n for n, line in enumerate(script.splitlines(), 1) if line.endswith("# error")]
    found = {n for n, text in check(script) if text.startswith("error")}
    assert len(expected) > 40
    assert sorted(found) == expected


VALUES = """
x + x; x - 1; x - x.data; x * np.ones(3); 2 * x; x / 2; x**2; 1 - x; x @ x.T; -x; +x; abs(x); x // 2; x % 2
round(x, 1); divmod(x, 2)[0]; x[0]; x.T; x.sum(); x.mean(); x.max(); x.min(); x.reshape(-1); x.transpose()
x.swapaxes(0, 1); x.astype(float); x.detach(); x.to("cpu"); x.std(); x.var(); x.prod(); x.cumsum(); x.exp(); x.log()
x.clip(0, 1); x.squeeze(); x.ravel(); next(iter(x)); model(x); lstm(x); lstm(x, None)[0]; Square()(x); grad(x, x)
grad(x, [x])[0]; L.Sequential(F.relu)(x); L.Dropout()(x); L.Embedding(3, 4)(0); L.BatchNorm()(x); L.MaxPool2d(2)(x)
L.Upsample(2)(x); L.GRU(3)(x); L.RNN(3)(x); model.fc1(x); ag.root(lambda x, a: x - a, x, x)
ag.laplacian(lambda x: (x * x).sum(-1), x); ag.vmap(square)(x); ag.checkpoint(square, x)
ag.checkpoint(model, x)
"""


def test_no_result_is_any(check):
    """Every operator, method, layer and derivative gives a Variable to the checker."""
    values = [value.strip() for value in re.split(r";|\n", VALUES) if value.strip()]
    script = HEAD + "def square(x: Variable) -> Variable: return x\n" + "".join(f"reveal_type({v})\n" for v in values)
    first = script.splitlines().index(f"reveal_type({values[0]})") + 1
    said = {values[n - first]: text for n, text in check(script)}
    assert {v: text for v, text in said.items() if '"autograd.variable.Variable"' not in text} == {}
    assert len(said) == len(values)


OF_ARRAYS = {"argmax", "argmin", "argsort", "one_hot"}  # positions are arrays, and arrays are NumPy's or CuPy's
WORDS = {
    "Pair": "tuple[Variable, Variable]", "Triple": "tuple[Variable, Variable, Variable]", "Array": "ndarray",
    "Triple | Variable": "tuple[Variable, Variable, Variable]", "Pair | Variable": "tuple[Variable, Variable]",
}  # fmt: skip


def test_every_function_says_what_it_returns():
    said = {name: inspect.signature(getattr(F, name)).return_annotation for name in F.__all__}
    assert {name: text for name, text in said.items() if "Any" in text} == {}
    assert {name for name, text in said.items() if text == "Array"} == OF_ARRAYS


def kind(y):
    return f"{type(y).__name__}[{', '.join(map(kind, y))}]" if isinstance(y, tuple) else type(y).__name__


TABLE = [op for op in OPS if inspect.unwrap(op.f) is inspect.unwrap(getattr(F, op.name, None))]


@pytest.mark.parametrize("op", TABLE, ids=repr)
def test_a_function_returns_what_it_says(op):
    """The first case of the table whose arrays become Variables, against the annotation."""
    said = inspect.signature(getattr(F, op.name)).return_annotation
    for case in op.cases:
        args, xs = recorded(case.args)
        if not xs or any(isinstance(value, (tuple, list)) for value in case.args):
            continue
        found = kind(op.f(*args, **case.options))
        expected = re.sub(r"\w+( \| \w+)?", lambda m: WORDS.get(m[0], m[0]), said)
        if expected.endswith(", ...]"):
            assert set(re.findall(r"\w+", found)) == {"tuple", "Variable"}, (found, said)
        else:
            assert found == expected, (found, said)
        return


def test_attributes_of_an_array_are_documented():
    for name, words in {"shape": "size along", "dtype": "type of", "ndim": "axes", "size": "elements"}.items():
        assert words in getattr(Variable, name).__doc__
    assert "x0 + x1" in Variable.__add__.__doc__
    assert "Variable" in str(inspect.signature(Variable.__add__))
