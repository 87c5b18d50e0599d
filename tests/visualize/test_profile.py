"""Times on the graph."""

import json
import re

import numpy as np
import pytest

from autograd import Variable, grad
from autograd.visualize import plot, to_dot, to_html, to_mermaid, trace
from autograd.visualize.labels import duration
from tests.visualize.graphs import Net, names, parsed


class Times:
    """A profile with the same time for every function of a class."""

    def __init__(self, **seconds):
        self.of_class = seconds

    def seconds(self, f):
        return self.of_class.get(type(f).__name__)


def looks(text):
    return {node["label"]: node["fillcolor"] for node in parsed(text)[0].values()}


def test_boxes_say_their_time_in_colours_from_white_to_red():
    x = Variable(2.0, name="x")
    y = (x * 3.0 + 1.0) / 2.0
    text = to_dot(y, profile=Times(Mul=1.2e-3, Add=0.0))
    found = looks(text)
    assert names(text, "f") == ["Add\n0 µs", "Div\n2.", "Mul\n3.\n1.2 ms"]
    assert found["Mul\n3.\n1.2 ms"] == "#f04438"
    assert found["Add\n0 µs"] == found["Div\n2."] == "#ffffff"
    assert found["x\n2."] == looks(to_dot(y))["x\n2."]
    assert to_dot(y, profile=Times()) == to_dot(y)


def test_a_closed_layer_shows_the_sum_of_its_functions():
    y = trace(Net(), Variable(np.ones((1, 2)), name="x"))
    profile = Times(MatMul=1e-3, Mul=2e-3, Add=0.5e-3)
    assert names(to_dot(y, profile=profile), "l") == [
        "blocks.0\nBlock\n3.5 ms",
        "blocks.1\nBlock\n3.5 ms",
        "first\nDense\n1 ms",
    ]
    assert names(to_dot(y, fold=0, profile=profile), "l") == ["Net\n8 ms"]
    assert names(to_dot(y, fold=None, max_nodes=1, profile=profile), "r")[0].endswith("more\n8 ms")
    assert "blocks.0<br/>Block<br/>3.5 ms" in to_mermaid(y, profile=profile)


def test_the_page_has_times_too(tmp_path):
    y = trace(Net(), Variable(np.ones((1, 2)), name="x"))
    text = plot(y, tmp_path / "g.html", profile=Times(MatMul=1e-3)).read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="graph">(.*?)</script>', text, re.S)[1])
    assert [box["label"] for box in data["boxes"]][:2] == [["Net", "3 ms"], ["first", "Dense", "1 ms"]]
    (part,) = [part for part in data["parts"] if part["label"] == ["MatMul", "1 ms"]][:1]
    assert ["time", "1 ms"] in part["facts"]
    assert part["fill"] == "#f04438"
    assert '"time"' not in to_html(y)


def test_the_legend_keeps_to_colours_that_tell_passes():
    x = Variable(2.0, name="x")
    gx = grad(x**3, x, create_graph=True)
    fills = re.findall(r'BGCOLOR="(#\w+)"', to_dot(gx, profile=Times(Power=1.0)))
    assert set(fills) <= {node["fillcolor"] for node in parsed(to_dot(gx))[0].values()} | {"#fdf1d6"}


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 µs"), (3.14e-5, "31 µs"), (9.99e-4, "1000 µs"), (0.0012, "1.2 ms"), (0.25, "250 ms"), (12.3, "12 s")],
)
def test_times_have_two_digits(seconds, text):
    assert duration(seconds) == text
