"""Smaller pictures: layers as boxes, and graphs that are cut."""

import re

import numpy as np

from autograd import Parameter, Variable
from autograd.visualize import to_dot, to_mermaid, trace
from autograd.visualize.graph import collapsed, graph_of
from autograd.visualize.text import COLOURS, GROUND
from tests.visualize.graphs import Dense, Net, labels, names, parsed, parts_of


def test_max_nodes_keeps_what_is_near_the_output_and_counts_the_rest():
    y = Variable([1.0, 1.0], name="x")
    for _ in range(100):
        y = y * 1.0
    y.name = "y"
    text = to_dot(y, max_nodes=10, shapes=False)
    nodes, edges, _ = parsed(text)
    assert len(nodes) == 10
    assert names(text, "r") == ["… 192 more"]
    assert "y" in names(text, "v")
    assert "x" not in names(text, "v")
    assert len(edges) == 9
    assert "… 192 more" in to_mermaid(y, max_nodes=10)
    assert len(parsed(to_dot(y, max_nodes=201))[0]) == 201
    assert len(parsed(to_dot(y, max_nodes=None))[0]) == 201
    assert sorted(labels(to_dot(y, max_nodes=1, shapes=False)).values()) == [
        "y",
        "… 200 more",
    ]  # never without the output


def test_max_nodes_counts_the_way_to_the_next_output():
    x, w = Variable([1.0, 1.0], name="x"), Variable([1.0, 1.0], name="w")
    deep = x
    for _ in range(50):
        deep = deep * 1.0
    a, square = x * 3.0, w * w
    z = deep + square
    a.name, square.name, z.name = "a", "square", "z"
    shown = labels(to_dot([a, z], max_nodes=12, shapes=False))
    assert len(shown) == 12
    assert {"a", "square", "w", "z", "x", "… 97 more"} <= set(shown.values())
    assert len(labels(to_dot([a, z, square], max_nodes=2))) == 4  # the outputs, and the rest
    assert set(labels(to_dot([a, x], max_nodes=2, shapes=False)).values()) == {"a", "x", "… 1 more"}


def test_a_leaf_stays_beside_what_uses_it():
    x = Variable([1.0, 1.0], name="x")
    y = x
    for _ in range(50):
        y = y * x
    text = to_dot(y, max_nodes=6, shapes=False)
    called = labels(text)
    assert names(text, "v").count("x") == 1
    assert ("x", "… 96 more") in {(called[a], called[b]) for a, b in parsed(text)[1]}


def test_a_traced_network_is_folded_by_layer():
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    text = to_dot(y)
    _, edges, clusters = parsed(text)
    assert clusters == ["Net"]
    assert names(text, "l") == ["blocks.0\nBlock", "blocks.1\nBlock", "first\nDense"]
    assert names(text, "v") == ["(1, 2)", "(1, 2)", "(1, 2)", "x\n(1, 2)"]
    assert names(text, "f") == []
    assert len(edges) == 6


def test_layers_can_be_opened_by_depth():
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    assert names(to_dot(y, fold=0), "l") == ["Net"]
    text = to_dot(y, fold=2)
    assert sorted(parsed(text)[2]) == ["Net", "blocks.0  Block", "blocks.1  Block", "first  Dense"]
    assert names(text, "l") == ["inner\nDense", "inner\nDense"]
    assert "first.W\n(2, 2)" in names(text, "v")
    for fold in (None, False):
        nodes, edges, clusters = parsed(to_dot(y, fold=fold))
        assert len(clusters) == 6
        assert (sum(n[0] == "v" for n in nodes), sum(n[0] == "f" for n in nodes), len(edges)) == parts_of(y)


def test_layers_can_be_closed_by_path():
    y = trace(Net(), Variable(np.ones((1, 2))))
    for fold in ("blocks.0", ["blocks.0"], {"blocks.0", "blocks.0.inner"}):
        text = to_dot(y, fold=fold)
        assert names(text, "l") == ["blocks.0\nBlock"]
        assert len(parsed(text)[2]) == 4


def test_folded_mermaid_has_subgraphs():
    text = to_mermaid(trace(Net(), Variable(np.ones((1, 2)))))
    assert text.count("subgraph ") == text.count("\n  end\n") == 1
    assert '[["blocks.0<br/>Block"]]' in text
    assert re.findall(r"^  style (\w+) fill:(#\w+),stroke:(#\w+),", text, re.M) == [("s1", GROUND, COLOURS[0].line)]


def test_a_closed_layer_comes_after_all_that_it_takes():
    class Late(Dense):
        def forward(self, x, late):
            return super().forward(x) + late

    x = Variable(np.ones((1, 2)), name="x")
    late = x * 1.0 * 1.0 * 1.0
    y = trace(Late(2), x, late)
    closed = collapsed(graph_of([y.node]), lambda scope: True)
    assert "layer" in {part.kind for part in closed.parts}
    assert all(a.rank < b.rank for a, b in closed.edges if getattr(a.item, "creator", a) is not None)


def test_calls_of_one_layer_are_told_apart():
    layer = Dense(2)

    def twice(x):
        return layer(layer(x))

    y = trace(twice, Variable(np.ones((1, 2))))
    text = to_dot(y, fold=0)
    assert names(text, "l") == ["Dense", "Dense (call 2)"]
    assert "W\n(2, 2)" in names(text, "v")  # used in both, so it stands outside


def test_arrays_given_to_trace_are_in_the_picture():
    assert "input\n(1, 2)" in names(to_dot(trace(Net(), np.ones((1, 2)))), "v")


def test_parameters_have_their_paths_for_names_without_a_trace_too():
    net = Net()
    y = net(Variable(np.ones((1, 2))))
    for options in ({}, {"layer": net}):
        assert {"first.W\n(2, 2)", "blocks.1.inner.W\n(2, 2)"} <= set(names(to_dot(y, **options), "v"))
    critic = Dense(2)
    assert {"Net.first.W\n(2, 2)", "Dense.W\n(2, 2)"} <= set(names(to_dot(critic(y)), "v"))
    assert names(to_dot(Variable(np.ones((1, 2))) @ Parameter(np.eye(2))), "v") == ["(1, 2)", "(1, 2)", "(2, 2)"]
    net.first.inner = {Dense(2)}  # a set, which has no order and so no paths
    assert "Block.inner.W\n(2, 2)" in names(to_dot(y), "v")


def test_a_layer_that_overrides_call_is_one_box():
    class Scaled(Dense):
        def __call__(self, x):
            return super().__call__(x) * 2.0

    text = to_dot(trace(Scaled(2), Variable(np.ones((1, 2)))), fold=None)
    assert parsed(text)[2] == ["Scaled"]
