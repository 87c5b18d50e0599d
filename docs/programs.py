"""Writes the programs and the messages of programs.md into it, as the package gives them today.

python docs/programs.py
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

PAGE = Path(__file__).with_suffix(".md")


class TwoLayerNet(L.Layer):
    """The lecture's network: 784-50-10."""

    def __init__(self) -> None:
        self.fc1, self.fc2 = L.Linear(50, 784, rng=0), L.Linear(10, 50, rng=1)

    def forward(self, x: Any) -> Any:
        return self.fc2(F.relu(self.fc1(x)))


def captured(model: L.Layer, optimizer: O.Optimizer, x: Any) -> Any:
    """A captured step of training that has been called until it is a program."""

    @ag.capture
    def step(x: Any, t: Any) -> Any:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    for _ in range(4):
        step(x, np.arange(len(x)) % 10)
    return step


def two_layer_net() -> str:
    model = TwoLayerNet()
    x = np.random.default_rng(0).random((100, 784), np.float32)
    return python(captured(model, O.SGD(model, lr=0.1), x).source)


def simple_conv_net() -> str:
    model = ag.models.SimpleConvNet(rng=0)
    x = np.random.default_rng(0).random((16, 1, 28, 28), np.float32)
    return python(shortened(captured(model, O.Adam(model), x).source))


def emitted() -> str:
    model = L.Sequential(L.Linear(2, 2, rng=0), F.tanh, L.Linear(1, 2, rng=1))
    for parameter in model.params():
        parameter.data = parameter.data.round(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.py"
        ag.emit(model, np.ones((4, 2), np.float32), path)
        return python(path.read_text(encoding="utf-8"))


def python(text: str) -> str:
    return f"<!-- fmt: off -->\n```python\n{text.strip()}\n```\n<!-- fmt: on -->"  # for ruff, which formats pages


def shortened(source: str) -> str:
    """Rows that differ in their numbers alone, four times or more: the first two, how many follow, and the last."""
    rows = source.splitlines()
    shapes = [re.sub(r"\d+", "0", row) for row in rows]
    found: list[str] = []
    i = 0
    while i < len(rows):
        n, times = repeated(shapes, i)
        if times < 4:
            found.append(re.sub(r"del (\w+, \w+), .{40,}, (\w+)$", r"del \1, ..., \2", rows[i]))
            i += 1
            continue
        found += rows[i : i + 2 * n]
        found.append(f"    # ... {times - 3} more like these")
        i += n * times
        found += rows[i - n : i]
    return "\n".join(found)


def repeated(shapes: list[str], i: int) -> tuple[int, int]:
    """How many rows from i on are repeated, and how many times."""
    for n in range(1, 7):
        times = 1
        while shapes[i : i + n] == shapes[i + n * times : i + n * (times + 1)] and all(shapes[i : i + n]):
            times += 1
        if times >= 4:
            return n, times
    return 1, 1


# What is refused: each of these is captured and called, until it is refused.

W = ag.Parameter(np.ones((3, 2)))
seen = {"steps": 0}
losses: list[Any] = []
rate = {"now": 1.0}
random = np.random.default_rng(0)
numbers = count()


def decides(x: Any) -> Any:
    """the program asks a value which way to take"""
    loss = (x @ W).sum()
    if loss.data > 1:
        loss = loss / 2
    return loss


def asks(x: Any) -> Any:
    """the program asks for a number: `item()`, `float(loss)`, `tolist()`, `F.accuracy`"""
    return (x @ W).sum().item()


def prints(x: Any) -> Any:
    """the program prints a value, or computes with it in main memory"""
    text = repr(x @ W)  # print asks for it
    return x * len(text)


def draws(x: Any) -> Any:
    """an array is made by NumPy; dropout and other functions of the package draw with their own generators, and pass"""
    return (x + random.normal(size=(4, 3))) @ W


def seeds(x: Any) -> Any:
    """a generator is made in the step, and would draw the same numbers each time, or others"""
    return F.dropout(x, 0.5, rng=np.random.default_rng(0)) @ W


def counts(x: Any) -> Any:
    """a number that is no array, nor one of an optimizer, is another one after the step"""
    seen["steps"] += 1
    return x @ W


def keeps(x: Any) -> Any:
    """something is kept outside"""
    losses.append(x @ W)
    return x


def changes(x: Any) -> Any:
    """an iterator gives the next number; numbers of the clock are refused because they change"""
    return x * next(numbers)


def scales(x: Any) -> Any:
    """a number is changed between the calls, again and again: its first values get programs of their own"""
    return (x @ W) * rate["now"]


def derives(x: Any) -> Any:
    """an argument is a result of Variables, whose graph the step would walk"""
    return (x @ W).sum()


REFUSED = [decides, asks, prints, draws, seeds, counts, keeps, changes, scales, derives]


def refusals() -> str:
    rows = []
    for f in REFUSED:
        assert f.__doc__
        rows += [f"- {f.__doc__}", "", f"      {refusal(f)}", ""]
    return "\n".join(rows).strip()


def refusal(f: Callable[[Any], Any]) -> str:
    """The message for f."""
    step, x = ag.capture(f), ag.Variable(np.ones((4, 3)))
    seen["steps"], rate["now"] = 0, 1.0
    losses.clear()
    try:
        for _ in range(30):
            step(x * 2 if f is derives else x)
            rate["now"] /= 2
    except RuntimeError as error:
        return str(error)
    raise AssertionError(f"{f.__name__} is not refused")


BLOCKS = [two_layer_net, simple_conv_net, emitted, refusals]


def blocks() -> Iterator[tuple[str, str]]:
    """The names of the blocks, and what the package gives for each."""
    for f in BLOCKS:
        ag.seed(0)
        yield f.__name__, f()


@ag.fast(False)  # the page is one whether numba is there or not
def written(page: str) -> str:
    """The page with each block as it is today: what stands between `<!-- name -->` and `<!-- end -->`."""
    for name, text in blocks():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        assert page.count(start) == 1, name
        before, after = page.split(start)
        page = f"{before}{start}{text}\n{end}{after.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
