"""What a notebook shows."""

from autograd import Variable, grad
from autograd.engine import functions_below
from autograd.visualize import mimebundle, render, to_dot, to_mermaid
from tests.visualize.graphs import HAS_PURE, parsed, small


def test_a_notebook_gets_svg_dot_and_mermaid():
    y = small()[1]
    bundle = mimebundle(y)
    assert bundle["text/plain"] == repr(y)
    assert bundle["text/vnd.graphviz"] == to_dot(y, values=True)
    assert bundle["text/vnd.mermaid"] == to_mermaid(y, values=True)
    if HAS_PURE:
        assert "<svg" in bundle["image/svg+xml"]


def test_a_leaf_shows_its_numbers_only():
    x = Variable(1.0)
    assert mimebundle(x) == {"text/plain": repr(x)}


def test_a_gradient_with_a_graph_shows_it():
    x, y = small()
    assert "text/vnd.graphviz" in mimebundle(grad(y, x, create_graph=True))
    assert "text/vnd.graphviz" not in mimebundle(grad(y, x))


def test_a_notebook_never_gets_a_traceback(monkeypatch):
    y = small()[1]
    for failing in ("commands", "subprocess"):
        with monkeypatch.context() as patch:
            patch.setattr(render, failing, None)
            assert set(mimebundle(y)) == {"text/plain", "text/vnd.graphviz", "text/vnd.mermaid"}
    y.creator.parents = None
    assert mimebundle(y) == {"text/plain": repr(y)}


def test_a_class_whose_repr_fails_is_shown_too():
    class Odd(Variable):
        def __repr__(self):
            raise ZeroDivisionError

    bundle = mimebundle(Odd(1.0))
    assert set(bundle) == {"text/plain"}
    assert "Odd object" in bundle["text/plain"]
    y = Odd(1.0)
    y.node = small()[1].node
    assert "text/vnd.mermaid" in mimebundle(y)


def test_the_picture_has_five_seconds(monkeypatch):
    given = {}
    monkeypatch.setattr(render, "render", lambda *_, **options: given.update(options))
    assert "image/svg+xml" not in mimebundle(small()[1])
    assert given == {"timeout": 5}


def test_a_large_graph_is_cut_in_a_notebook():
    y = Variable(1.0)
    for _ in range(2000):
        y = y * 1.0
    assert len(parsed(mimebundle(y)["text/vnd.graphviz"])[0]) == 200


def test_ipython_shows_it():
    from IPython.core import formatters

    data, _ = formatters.DisplayFormatter().format(small()[1])
    assert {"text/plain", "text/vnd.graphviz", "text/vnd.mermaid"} <= set(data)
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
    bundle = y._repr_mimebundle_()
    assert len(visited) < 5_000
    assert "at least" in bundle["text/vnd.graphviz"]
    assert bundle["text/vnd.graphviz"].count("label=") == 200
    assert "at least" in to_dot([y, x * 2.0], max_nodes=10)
    assert "at least" not in to_dot(x * 2.0 * 3.0 * 4.0, max_nodes=3)
