"""Forward, first and second backward pass are told apart."""

import numpy as np

from autograd import Variable, grad
from autograd.engine import functions_below
from autograd.visualize import to_dot, tracing
from autograd.visualize.graph import pass_number
from autograd.visualize.text import COLOURS, LEAF
from tests.visualize.graphs import Net, names, parsed, parts_of


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
    colours = [colour(text, name) for name in ("y\n8.", "first\n12.", "second\n12.")]
    assert len(set(colours)) == 3
    assert [name in text for name in (">forward<", ">1st backward<", ">2nd backward<")] == [True] * 3
    alone = to_dot(second)
    assert colour(alone, "second\n12.") == colours[2]
    assert "legend" not in to_dot(y)
    assert ">forward<" not in to_dot(y)
    assert [pass_number(f) for f in (y.creator, first.creator, second.creator)] == [0, 1, 2]


def test_a_backward_pass_through_layers_is_folded_too():
    x = Variable(np.ones((1, 2)), name="x")
    with tracing():
        y = Net()(x)
        gx = grad((y * y).sum(), x, create_graph=True)
    text = to_dot(gx)
    assert sorted(parsed(text)[2]) == ["Net", "Net  1st backward"]
    assert names(text, "l")[:4] == [
        "blocks.0\nBlock",
        "blocks.0\nBlock\n1st backward",
        "blocks.1\nBlock",
        "blocks.1\nBlock\n1st backward",
    ]
    assert len(parsed(text)[0]) < 0.6 * sum(parts_of(gx)[:2])
    with tracing():
        y = Net()(x)
        gx = grad(y.sum(), x, create_graph=True)
    assert "Add" in names(to_dot(gx), "f")
    assert "Add" not in names(to_dot(gx, fold=0), "f")  # sums of gradients stand in layers too


def test_a_pass_is_one_more_than_any_below_it():
    x = Variable(np.array([1.0, 2.0]), name="x")
    first = grad((x**3).sum(), x, create_graph=True)
    second = grad(first.sum(), x, create_graph=True)  # from a function of a forward pass
    third = grad((second * x).sum(), x, create_graph=True)
    assert [pass_number(g.creator) for g in (first, second, third)] == [1, 2, 3]
    assert [f">{name} backward<" in to_dot(third) for name in ("1st", "2nd", "3rd", "4th")] == [1, 1, 1, 0]
    fourth = grad(third.sum(), x, create_graph=True)
    assert ">4th backward<" in to_dot(fourth)
    product = grad(x**2, x, first, create_graph=True)  # a seed that comes from a backward pass is below it too
    assert pass_number(product.creator) == 2
    y = (first**2).sum()
    y.backward(create_graph=True)
    assert pass_number(x.grad.creator) == 2
    assert pass_number(y.creator) == 0
    assert pass_number(grad(x**2, x, create_graph=True).creator) == 1
    x.cleargrad()


def test_the_copy_that_ends_a_gradient_belongs_to_its_pass():
    for again in (lambda y, x: grad(y, x, create_graph=True), backward):
        x = Variable(np.ones(4))
        gx = again(x.reshape(2, 2).sum(), x)
        assert [pass_number(f) for f in functions_below([gx.node])] == [1] * 4  # Reshape, BroadcastTo, Reshape, Convert


def backward(y, x):
    y.backward(create_graph=True)
    gx, x.grad = x.grad, None
    return gx


def test_the_passes_of_a_gradient_penalty_are_boxes_of_their_own():
    net, x = Net(), Variable(np.ones((1, 2)), name="x")
    with tracing():
        gx = grad((net(x) ** 3).sum(), x, create_graph=True)
        penalty = ((gx**2).sum() - 1.0) ** 2
        gW = grad(penalty, net.first.W, create_graph=True)
    assert sorted(parsed(to_dot(gW))[2]) == ["Net", "Net  1st backward", "Net  2nd backward"]


def test_the_seed_of_a_backward_pass_is_a_value_of_that_pass():
    x = Variable(2.0, name="x")
    nodes, edges, _ = parsed(to_dot(grad(x**3, x, create_graph=True)))
    computed = {b for _, b in edges}
    given = {a["label"]: a["fillcolor"] for name, a in nodes.items() if name not in computed}
    assert given == {"x\n2.": LEAF, "": COLOURS[1].value}
