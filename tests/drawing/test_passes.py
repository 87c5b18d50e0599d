"""Forward, first and second backward pass are told apart."""

import numpy as np

from autograd import Variable, grad
from autograd.visualize import to_dot, tracing
from tests.drawing.graphs import Net, names, parsed, parts_of


def colour(text, label):
    (found,) = {a["fillcolor"] for a in parsed(text)[0].values() if a["label"] == label}
    return found


def test_forward_and_backward_passes_have_colours_and_a_legend():
    x = Variable(2.0, name="x")
    y = (x * x) * x
    first = grad(y, x, create_graph=True)
    second = grad(first, x, create_graph=True)
    y.name, first.name, second.name = "y", "first", "second"
    text = to_dot([y, first, second], values=False)
    colours = [colour(text, name) for name in ("y", "first", "second")]
    assert len(set(colours)) == 3
    assert [name in text for name in (">forward<", ">first backward<", ">second backward<")] == [True] * 3
    alone = to_dot(second)
    assert colour(alone, "second") == colours[2]
    assert "legend" not in to_dot(y)
    assert ">forward<" not in to_dot(y)
    assert [f.order for f in (y.creator, first.creator, second.creator)] == [0, 1, 2]


def test_a_backward_pass_through_layers_is_folded_too():
    x = Variable(np.ones((1, 2)), name="x")
    with tracing():
        y = Net()(x)
        gx = grad((y * y).sum(), x, create_graph=True)
    text = to_dot(gx)
    assert sorted(parsed(text)[2]) == ["Net", "Net\nfirst backward"]
    assert names(text, "l")[:4] == [
        "blocks.0\nBlock",
        "blocks.0\nBlock\nfirst backward",
        "blocks.1\nBlock",
        "blocks.1\nBlock\nfirst backward",
    ]
    assert len(parsed(text)[0]) < 0.6 * sum(parts_of(gx)[:2])
    with tracing():
        y = Net()(x)
        gx = grad(y.sum(), x, create_graph=True)
    assert "Add" in names(to_dot(gx), "f")
    assert "Add" not in names(to_dot(gx, fold=0), "f")  # sums of gradients stand in layers too
