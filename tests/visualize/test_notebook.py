"""What a notebook shows: numbers, and a graph on request."""

import numpy as np
import pytest

from autograd import Variable, grad, no_grad
from autograd.compat.dezero import core as dz
from autograd.engine import functions_below
from autograd.layers import Parameter
from autograd.visualize import Drawing, mimebundle, render, to_dot, to_mermaid
from tests.visualize.graphs import HAS_PURE, parsed, small

PICTURES = {"text/vnd.graphviz", "text/vnd.mermaid"}


def shown(y):
    """The bundle of the picture on request."""
    return y.graph()._repr_mimebundle_()


def test_a_notebook_shows_the_numbers_and_never_the_graph_in_their_place():
    for x in (*small(), Variable([1.0, 2.0]) * 2, Variable(np.ones((5, 10))) + 1, Variable([1, 2]), Parameter([1.0])):
        bundle = mimebundle(x)
        assert set(bundle) == {"text/plain", "text/html"}
        assert bundle["text/plain"] == repr(x)
        assert repr(x) in bundle["text/html"]
        assert f"{x.dtype} {x.shape}" in bundle["text/html"]


def test_it_says_whether_there_is_a_graph():
    x = Variable([1.0, 2.0])
    with no_grad():
        z = x * 2
    for y, words in [(x * 2, "made by Mul: its graph is .graph()"), (x, "a leaf"), (z, "without a graph")]:
        assert mimebundle(y)["text/html"].endswith(f"<small>float64 (2,), {words}</small>")
    assert mimebundle(Variable([1, 2]))["text/html"].endswith("int64 (2,), without a graph</small>")
    assert "&lt;b&gt;" in mimebundle(Variable(1.0, name="<b>"))["text/html"]


def test_numbers_are_shown_in_the_adapter_too():
    x = dz.Variable(np.array([1.0, 2.0]))
    assert mimebundle(x * 2)["text/plain"] == repr(x * 2)
    assert repr(x * 2) in mimebundle(x * 2)["text/html"]
    assert mimebundle(dz.Variable(None)) == {"text/plain": "variable(None)"}
    assert "Mul" in str((x * 2).graph())


def test_the_graph_on_request_is_svg_dot_and_mermaid():
    y = small()[1]
    bundle = shown(y)
    assert bundle["text/plain"] == repr(y.graph())
    assert bundle["text/vnd.graphviz"] == str(y.graph()) == to_dot(y, values=True)
    assert bundle["text/vnd.mermaid"] == to_mermaid(y, values=True)
    if HAS_PURE:
        assert "<svg" in bundle["image/svg+xml"]
    parts = len(parsed(str(y.graph()))[0])
    assert repr(y.graph()).startswith(f"<a picture of {parts} parts")
    assert str(Drawing([y, small()[1]], shapes=False)).count(" -> ") > str(y.graph()).count(" -> ")


def test_a_picture_stays_as_it_was_when_it_was_made():
    y = small()[1]
    drawing = y.graph()
    before = str(drawing)
    y.unchain_backward()
    assert str(drawing) == before


def test_options_are_those_of_to_dot():
    y = small()[1]
    assert str(y.graph(values=False, dtypes=True)) == to_dot(y, dtypes=True)
    with pytest.raises(TypeError, match="to_dot has no argument shape=; it takes y, names, shapes"):
        y.graph(shape=True)


def test_a_gradient_with_a_graph_shows_it():
    x, y = small()
    assert "Mul" in str(grad(y, x, create_graph=True).graph())
    assert " -> " not in str(grad(y, x).graph())


def test_a_notebook_never_gets_a_traceback(monkeypatch):
    drawing = small()[1].graph()
    for failing in ("commands", "subprocess"):
        with monkeypatch.context() as patch:
            patch.setattr(render, failing, None)
            assert set(drawing._repr_mimebundle_()) == {"text/plain", *PICTURES}


def test_a_class_whose_repr_fails_is_shown_too():
    class Odd(Variable):
        def __repr__(self):
            raise ZeroDivisionError

    assert "Odd object" in mimebundle(Odd(1.0))["text/plain"]


def test_the_picture_has_five_seconds(monkeypatch):
    given = {}
    monkeypatch.setattr(render, "render", lambda *_, **options: given.update(options))
    assert "image/svg+xml" not in shown(small()[1])
    assert given == {"timeout": 5}


def test_a_large_graph_is_cut_in_a_notebook():
    y = Variable(1.0)
    for _ in range(2000):
        y = y * 1.0
    assert len(parsed(shown(y)["text/vnd.graphviz"])[0]) == 200
    assert repr(y.graph()).startswith("<a picture of 200 parts")


def test_ipython_shows_it():
    from IPython.core import formatters

    y = small()[1]
    data, _ = formatters.DisplayFormatter().format(y)
    assert set(data) == {"text/plain", "text/html"}
    data, _ = formatters.DisplayFormatter().format(y.graph())
    assert set(data) >= {"text/plain", *PICTURES}
    assert "image/svg+xml" in data or not HAS_PURE


def test_showing_a_large_graph_costs_what_is_shown():
    """Functions beyond ten times what is shown are not visited, and the picture says that there are more."""
    x = y = Variable(1.0)
    for _ in range(100_000):
        y = y * 1.0000001
    visited = set()

    class Spy(list):
        def __iter__(self):
            visited.add(id(self))
            return super().__iter__()

    for f in functions_below([y.node]):
        f.parents = Spy(f.parents)
    bundle = shown(y)
    assert len(visited) < 5_000
    assert "at least" in bundle["text/vnd.graphviz"]
    assert bundle["text/vnd.graphviz"].count("label=") == 200
    assert "at least" in to_dot([y, x * 2.0], max_nodes=10)
    assert "at least" not in to_dot(x * 2.0 * 3.0 * 4.0, max_nodes=3)
