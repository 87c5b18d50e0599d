"""What is in a picture is what is in the graph; the texts are read by other people's parsers."""

import re
import warnings

import numpy as np
import pytest

from autograd import Variable, grad, no_grad
from autograd.visualize import to_dot, to_mermaid
from autograd.visualize.graph import graph_of
from tests.visualize.graphs import Halves, goldstein_price, labels, parsed, parts_of, small


def graphs():
    x, y = Variable(np.array([1.0, 2.0, 3.0]), name="x"), Variable(2.0, name="y")
    a, b = Halves()(x)
    chain = x
    for _ in range(200):
        chain = chain * 1.0
    first = grad((x**3).sum(), x, create_graph=True)
    return {
        "leaf": [x],
        "one input twice": [x * x],
        "diamond": [(x * 2 + x * 3) / x],
        "goldstein": [goldstein_price(y, Variable(1.0))],
        "two outputs, one used": [b * 2.0],
        "two outputs": [a * 2.0 * b[:1]],
        "chain": [chain],
        "several": [x * 2, y * 3, x * y],
        "one is inside another": [x * y, (x * y) * 2.0],
        "constants": [x * np.ones(3) + 1],
        "a gradient": [first],
        "a second gradient": [grad(first.sum(), x, create_graph=True)],
    }


@pytest.mark.parametrize("name", list(graphs()))
def test_the_dot_has_every_node_and_edge_once(name):
    outputs = graphs()[name]
    nodes, edges, clusters = parsed(to_dot(outputs))
    values, functions, arrows = parts_of(*outputs)
    assert sum(n[0] == "v" for n in nodes) == values
    assert sum(n[0] == "f" for n in nodes) == functions
    assert len(nodes) == values + functions
    assert len(edges) == arrows
    assert clusters == []


@pytest.mark.parametrize("name", list(graphs()))
def test_the_mermaid_text_has_the_same(name):
    outputs = graphs()[name]
    lines = to_mermaid(outputs).splitlines()
    assert lines[0] == "flowchart TD"
    values, functions, arrows = parts_of(*outputs)
    assert sum(bool(re.match(r'  v\d+\(\["[^"]*"\]\):::c\d+$', line)) for line in lines) == values
    assert sum(bool(re.match(r'  f\d+\["[^"]*"\]:::c\d+$', line)) for line in lines) == functions
    assert sum(bool(re.match(r"  [vf]\d+ --> [vf]\d+$", line)) for line in lines) == arrows
    legend = [
        line for line in lines if re.match(r'(  subgraph legend\["passes"\]|    p\d\["\w+.*"\]:::c\d+|  end)$', line)
    ]
    assert len(lines) == 1 + values + functions + arrows + len(legend) + sum("classDef" in line for line in lines)
    assert len(legend) == {"a gradient": 4, "a second gradient": 5}.get(name, 0)


def test_another_parser_reads_the_same():
    with warnings.catch_warnings(action="ignore"):  # pydot calls pyparsing by names that are going out of use
        pydot = pytest.importorskip("pydot")
        x = Variable(1.0, name='"x" \\ <重み> &amp;')
        (graph,) = pydot.graph_from_dot_data(to_dot(x * x + x))
    named = {node.get_name(): node.get_label() for node in graph.get_nodes() if node.get_name() not in ("node", "edge")}
    named.pop("graph", None)
    assert sorted(named) == ["f0", "f1", "v0", "v1", "v2"]
    assert named["v0"] == r'"\"x\" \\ <重み> &amp;amp;\n1."'
    assert len(graph.get_edges()) == 6


def test_edges_go_where_the_computation_goes():
    x, y = Variable([1.0, 1.0], name="x"), Variable([1.0, 2.0], name="y")
    z = x * y
    w = z + x
    z.name, w.name = "z", "w"
    text = to_dot(w, shapes=False)
    called = labels(text)
    arrows = sorted((called[a], called[b]) for a, b in parsed(text)[1])
    assert arrows == sorted([("x", "Mul"), ("y", "Mul"), ("Mul", "z"), ("z", "Add"), ("x", "Add"), ("Add", "w")])


def test_the_same_graph_gives_the_same_text():
    assert to_dot(small()[1]) == to_dot(small()[1])


def test_a_variable_without_a_graph_is_one_ellipse():
    for x in [Variable(1.0), Variable([1, 2]), Variable(3)]:
        nodes, edges, _ = parsed(to_dot(x))
        assert (len(nodes), edges) == (1, [])
    with no_grad():
        assert len(parsed(to_dot(small()[1]))[0]) == 1


def test_drawing_leaves_everything_as_it_was():
    x, y = small()
    node = y.node
    to_dot(y, values=True, gradients=True)
    assert y.node is node
    assert x.grad is None
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0, 6.0])
    integers = Variable([1, 2])
    to_dot(integers)
    assert integers.node is None


def test_a_graph_of_ten_thousand_nodes():
    y = Variable(1.0)
    for _ in range(5000):
        y = y * 1.0
    text = to_dot(y)
    assert len(re.findall(r"^  [vf]\d+ \[", text, re.M)) == 10001
    assert len(re.findall(r"^  [vf]\d+ -> [vf]\d+$", text, re.M)) == 10000


def test_many_outputs_are_found_by_hash():
    class Unsearched(list):
        def __contains__(self, node):
            raise AssertionError("a search through all outputs for each value")

    x = Variable(1.0)
    outputs = Unsearched([(x * 1.0).node for _ in range(3)])
    assert len(graph_of(outputs).parts) == 7
