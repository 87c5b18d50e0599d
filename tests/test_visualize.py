"""The pictures: what is in them is compared with the graph, the texts are read by other people's parsers."""

import gc
import html
import json
import os
import re
import sys
import warnings
import weakref
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from autograd import Function, Variable, grad, no_grad
from autograd.drawing import render
from autograd.drawing.records import records
from autograd.layers.base import Layer, Parameter
from autograd.visualize import mimebundle, plot, to_dot, to_graphviz, to_html, to_mermaid, trace, tracing

HAS_PURE = any("graphviz-pure" in command[0] for command in render.commands("svg"))
pure = pytest.mark.skipif(not HAS_PURE, reason="pip install graphviz-pure")


def parts_of(*outputs):
    """Nodes and functions below some Variables, and the number of edges: a walk that owes nothing to the package's."""
    nodes, functions = {y.node for y in outputs}, set()
    todo = list(nodes)
    while todo:
        f = todo.pop().creator
        if f is not None and f not in functions:
            functions.add(f)
            new = {node for node in f.parents if node is not None} - nodes
            nodes |= new
            todo += new
    arguments = sum(node is not None for f in functions for node in f.parents)
    return len(nodes), len(functions), arguments + sum(node.creator is not None for node in nodes)


def parsed(text):
    """The attributes of all nodes by name, the edges, and the labels of the clusters, as Graphviz itself reads them."""
    answer = render.render(text, "dot_json")
    if answer is None:
        pytest.skip("no renderer, and so no parser: pip install graphviz-pure")
    graph = json.loads(answer)
    objects = graph.get("objects", [])
    nodes = {x["name"]: x | {"label": unescaped(x["label"])} for x in objects if "nodes" not in x}
    assert len(re.findall(r"^ +\w+ \[label=", text, re.M)) == len(nodes), "a node is there twice"
    names = [x["name"] for x in objects]
    edges = [(names[edge["tail"]], names[edge["head"]]) for edge in graph.get("edges", [])]
    return nodes, edges, [unescaped(x["label"]) for x in objects if "nodes" in x]


def unescaped(text):
    """What Graphviz shows of a label."""
    return html.unescape(re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text))


def labels(text):
    return {name: attributes["label"] for name, attributes in parsed(text)[0].items()}


def names(text, kind):
    return sorted(label for name, label in labels(text).items() if name[0] == kind)


class Halves(Function):
    """Two outputs."""

    def forward(self, x):
        return x[:1], x[1:]

    def backward(self, ga, gb):
        (gx,) = (None,)
        return gx


class Dense(Layer):
    def __init__(self, n):
        self.W = Parameter(np.eye(n))

    def forward(self, x):
        return x @ self.W


class Block(Layer):
    def __init__(self, n):
        self.inner = Dense(n)

    def forward(self, x):
        return x + self.inner(x * 2.0)


class Net(Layer):
    def __init__(self):
        self.first = Dense(2)
        self.blocks = [Block(2), Block(2)]

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return x


def goldstein_price(x, y):
    a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    b = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return a * b


def small():
    x = Variable(np.array([1.0, 2.0, 3.0]), name="x")
    return x, x * x


# ---------------------------------------------------------------- the graph


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
        "two outputs, one used": [b.sum()],
        "two outputs": [a.sum() * b.sum()],
        "chain": [chain],
        "several": [x * 2, y * 3, x * y],
        "one is inside another": [x * y, (x * y).sum()],
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
    assert len(lines) == 1 + values + functions + arrows + sum("classDef" in line for line in lines)


def test_another_parser_reads_the_same():
    with warnings.catch_warnings(action="ignore"):  # pydot calls pyparsing by names that are going out of use
        pydot = pytest.importorskip("pydot")
        x = Variable(1.0, name='"x" \\ <重み> &amp;')
        (graph,) = pydot.graph_from_dot_data(to_dot(x * x + x))
    named = {node.get_name(): node.get_label() for node in graph.get_nodes() if node.get_name() not in ("node", "edge")}
    named.pop("graph", None)
    assert sorted(named) == ["f0", "f1", "v0", "v1", "v2"]
    assert named["v0"] == r'"\"x\" \\ <重み> &amp;amp;"'
    assert len(graph.get_edges()) == 6


def test_edges_go_where_the_computation_goes():
    x, y = Variable(1.0, name="x"), Variable(2.0, name="y")
    z = x * y
    w = z + x
    z.name, w.name = "z", "w"
    text = to_dot(w)
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


# ---------------------------------------------------------------- what is written into it


def test_names_and_shapes_are_there_and_nothing_else():
    _x, y = small()
    y.name = "y"
    assert names(to_dot(y), "v") == ["x\n(3,)", "y\n(3,)"]
    assert names(to_dot(y, shapes=False), "v") == ["x", "y"]
    assert names(to_dot(y, names=False), "v") == ["(3,)", "(3,)"]
    assert names(to_dot(y, names=False, shapes=False), "v") == ["", ""]


def test_scalars_have_no_shape():
    x = Variable(1.0, name="x")
    assert names(to_dot(x * 2), "v") == ["", "x"]


def test_dtypes_values_and_gradients_on_request():
    x, y = small()
    y.backward()
    text = to_dot(y, dtypes=True, values=True, gradients=True)
    assert names(text, "v") == ["(3,) float64\n[1., 4., 9.]", "x\n(3,) float64\n[1., 2., 3.]\n|grad| = 7.483"]
    x = Variable(np.float32(1.5))
    assert names(to_dot(x * 2, dtypes=True, values=True), "v") == ["float32\n1.5", "float32\n3."]


def test_large_arrays_are_not_written():
    x = Variable(np.ones((3, 3)), name="x")
    assert names(to_dot(x * 1, values=True), "v") == ["(3, 3)", "x\n(3, 3)"]


def test_constants_are_written_where_the_function_keeps_them():
    assert names(to_dot(Variable(2.0) ** 3, values=True), "f") == ["Power\n3"]
    assert names(to_dot(Variable(2.0) ** 3), "f") == ["Power"]


def test_a_value_whose_variable_is_gone_has_its_shape_and_the_array_that_is_kept():
    x = Variable(np.array([3.0, 4.0]), name="x")
    y = (x * 1 + 1) * x
    assert names(to_dot(y), "v") == ["(2,)", "(2,)", "(2,)", "x\n(2,)"]
    shown = names(to_dot(y, values=True), "v")
    assert "(2,)\n[4., 5.]" in shown  # Mul keeps it for its derivative
    assert "(2,)" in shown  # Add does not


def test_nan_and_infinities_can_be_written():
    for value in [np.array([np.nan, np.inf, -np.inf]), np.zeros(0), np.zeros((2, 0, 3))]:
        x = Variable(value)
        parsed(to_dot(x * 1, values=True, dtypes=True))
        to_html(x * 1)
    assert names(to_dot(Variable(np.array([np.nan, np.inf])), values=True), "v") == ["(2,)\n[nan, inf]"]


ODD = [
    'a "quoted" name',
    "back\\slash",
    "\\",
    "ends with \\\"",
    "\\N \\G \\l \\n",
    "<b>bold</b>",
    "<TABLE>",
    "&lt; &amp; &#65; & &nbsp",
    "重み W 行列 ベクトル",
    "naïve ∂y/∂x … 𝛼 👩‍🔬",
    "{a|b} [x] (y); -> -- # % `c` *d* ~e~ $f$ @g !h",
    "-->|text| end subgraph %% comment",
    "#quot; #35;",
    "</script><script>alert(1)</script><!--",
]


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_the_dot(name):
    x = Variable(1.0, name=name)
    assert names(to_dot(x * 2), "v") == sorted(["", name.replace("\u200d", "\ufffd")])


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_mermaid(name):
    x = Variable(1.0, name=name)
    text = to_mermaid(x * 2)
    (written,) = re.findall(r'^  v0\(\["(.*)"\]\):::c0$', text, re.M)
    assert not set(written) & set('"<>\\`|[]{}') or "<br/>" in written
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), written) == name.replace("\u200d", "\ufffd")


@pure
@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_the_picture(name, tmp_path):
    x = Variable(1.0, name=name)
    picture = plot(x * 2, tmp_path / "graph.svg")
    texts = [element.text for element in ElementTree.parse(picture).iter() if element.tag.endswith("}text")]
    assert [text.replace("\xa0", " ") for text in texts] == [name.replace("\u200d", "\ufffd"), "Mul"]


def test_what_no_file_may_hold_is_replaced():
    assert names(to_dot(Variable(1.0, name="a\nb\tc\x00d\ud800e")), "v") == ["a b c\ufffdd\ufffde"]
    to_dot(Variable(1.0, name="\udcff")).encode()
    to_mermaid(Variable(1.0, name="\udcff")).encode()
    to_html(Variable(1.0, name="\udcff")).encode()


def test_long_names_are_cut():
    (label,) = labels(to_dot(Variable(1.0, name="w" * 500))).values()
    assert label == "w" * 59 + "…"


# ---------------------------------------------------------------- smaller pictures


def test_max_nodes_keeps_what_is_near_the_output_and_counts_the_rest():
    y = Variable(1.0, name="x")
    for _ in range(100):
        y = y * 1.0
    y.name = "y"
    text = to_dot(y, max_nodes=10)
    nodes, edges, _ = parsed(text)
    assert len(nodes) == 10
    assert names(text, "r") == ["… 192 more"]
    assert "y" in names(text, "v")
    assert "x" not in names(text, "v")
    assert len(edges) == 9
    assert "… 192 more" in to_mermaid(y, max_nodes=10)
    assert len(parsed(to_dot(y, max_nodes=201))[0]) == 201
    assert len(parsed(to_dot(y, max_nodes=None))[0]) == 201
    assert names(to_dot(y, max_nodes=1), "r") == ["… 201 more"]


def test_a_leaf_stays_beside_what_uses_it():
    x = Variable(1.0, name="x")
    y = x
    for _ in range(50):
        y = y * x
    text = to_dot(y, max_nodes=6)
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
    assert sorted(parsed(text)[2]) == ["Net", "blocks.0\nBlock", "blocks.1\nBlock", "first\nDense"]
    assert names(text, "l") == ["inner\nDense", "inner\nDense"]
    assert "first.W\n(2, 2)" in names(text, "v")
    for fold in (None, False):
        nodes, edges, clusters = parsed(to_dot(y, fold=fold))
        assert len(clusters) == 6
        assert (sum(n[0] == "v" for n in nodes), sum(n[0] == "f" for n in nodes), len(edges)) == parts_of(y)


def test_layers_can_be_closed_by_path():
    y = trace(Net(), Variable(np.ones((1, 2))))
    for fold in ("blocks.0", ["blocks.0"], {"blocks.0", "unknown"}):
        text = to_dot(y, fold=fold)
        assert names(text, "l") == ["blocks.0\nBlock"]
        assert len(parsed(text)[2]) == 4


def test_folded_mermaid_has_subgraphs():
    text = to_mermaid(trace(Net(), Variable(np.ones((1, 2)))))
    assert text.count("subgraph ") == text.count("\n  end\n") == 1
    assert '[["blocks.0<br/>Block"]]' in text


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
    assert names(to_dot(y), "v").count("(2, 2)") == 3
    assert {"first.W\n(2, 2)", "blocks.1.inner.W\n(2, 2)"} <= set(names(to_dot(y, layer=net), "v"))


def test_a_layer_that_overrides_call_is_one_box():
    class Scaled(Dense):
        def __call__(self, x):
            return super().__call__(x) * 2.0

    text = to_dot(trace(Scaled(2), Variable(np.ones((1, 2)))), fold=None)
    assert parsed(text)[2] == ["Scaled"]


# ---------------------------------------------------------------- passes


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


# ---------------------------------------------------------------- tracing


def panel(y, name):
    """What the page knows of the part with this title."""
    data = json.loads(re.search(r'id="graph">(.*?)</script>', to_html(y), re.S)[1])
    (found,) = [part for part in data["parts"] if part["title"] == name]
    return found


def test_the_line_that_made_a_function_is_recorded_inside_tracing():
    x = Variable(2.0)
    with tracing():
        y = x * 3.0  # this line
    heading, code = panel(y, "Mul")["sources"][0]
    assert code == "y = x * 3.0  # this line"
    assert re.fullmatch(r"Made by test_visualize.py, line \d+, in test_the_line_.*", heading)
    z = x / 3.0
    assert "not recorded" in panel(z, "Div")["sources"][0][1]


def test_a_function_of_a_backward_pass_names_the_line_of_its_origin():
    x = Variable(2.0)
    with tracing():
        y = x / 3.0
        gx = grad(y, x, create_graph=True)
    (_, first), (origin, second) = panel(gx, "Div")["sources"]
    assert first == "gx = grad(y, x, create_graph=True)"
    assert origin.startswith("In the derivative of Div")
    assert second == "y = x / 3.0"


def test_tracing_puts_the_profiler_back():
    def mine(frame, event, arg):
        pass

    sys.setprofile(mine)
    try:
        with tracing():
            assert sys.getprofile() is not mine
        assert sys.getprofile() is mine
        with pytest.raises(ZeroDivisionError), tracing():
            1 / 0
        assert sys.getprofile() is mine
    finally:
        sys.setprofile(None)


def test_an_error_in_a_layer_does_not_leave_it_open():
    class Broken(Layer):
        def forward(self, x):
            raise ArithmeticError("broken")

    x = Variable(1.0)
    with tracing():
        with pytest.raises(ArithmeticError, match="broken"):
            Broken()(x)
        y = x * 2.0
    assert records[y.creator].calls == ()


def test_records_die_with_their_functions():
    gc.disable()
    try:
        net = Net()
        y = trace(net, np.ones((1, 2)))
        count, function = len(records), weakref.ref(y.creator)
        assert count > 0
        del y
        assert function() is None
        assert len(records) < count
        model = weakref.ref(net)
        del net
        assert model() is None
    finally:
        gc.enable()


def test_a_trace_changes_no_result():
    net, x = Net(), np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(trace(net, x).data, net(Variable(x)).data)


# ---------------------------------------------------------------- files


@pure
def test_svg_and_png_by_a_renderer_that_pip_installed(tmp_path):
    y = goldstein_price(Variable(1.0, name="x"), Variable(2.0, name="y"))
    svg, png = plot(y, tmp_path / "g.svg"), plot(y, str(tmp_path / "g.PNG"))
    groups = [g.get("class") for g in ElementTree.parse(svg).iter() if g.tag.endswith("}g")]
    values, functions, arrows = parts_of(y)
    assert groups.count("node") == values + functions
    assert groups.count("edge") == arrows
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png.read_bytes()) > 10000


@pure
def test_a_folded_network_can_be_rendered(tmp_path):
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    svg = plot(y, tmp_path / "net.svg", fold=2)
    groups = [g.get("class") for g in ElementTree.parse(svg).iter() if g.tag.endswith("}g")]
    assert groups.count("cluster") == 4


def test_texts_are_written_by_their_endings(tmp_path):
    y = small()[1]
    assert plot(y, tmp_path / "g.dot").read_text(encoding="utf-8") == to_dot(y)
    assert plot(y, tmp_path / "g.gv").read_text(encoding="utf-8") == to_dot(y)
    assert plot(y, tmp_path / "g.mmd").read_text(encoding="utf-8") == to_mermaid(y)
    assert plot(y, tmp_path / "g.html").read_text(encoding="utf-8") == to_html(y)


def script(folder, name, body):
    """An executable that stands in for a renderer."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def renderers(tmp_path, monkeypatch):
    """A machine on which the only renderers are those that a test puts into a folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(render.sysconfig, "get_path", lambda name: str(tmp_path / "scripts"))
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    return folder


posix = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


def test_without_a_renderer_the_dot_is_written_and_one_line_says_what_to_install(renderers, tmp_path):
    y = small()[1]
    with pytest.warns(UserWarning, match="pip install graphviz-pure") as caught:
        written = plot(y, tmp_path / "g.svg")
    assert written == tmp_path / "g.dot"
    assert written.read_text(encoding="utf-8") == to_dot(y)
    assert not (tmp_path / "g.svg").exists()
    assert "\n" not in str(caught[0].message)
    assert caught[0].filename == __file__


@posix
def test_renderers_are_tried_in_order(renderers, tmp_path, monkeypatch):
    y = small()[1]
    monkeypatch.setattr(render, "find_spec", lambda name: object())
    assert next(render.commands("svg"))[:2] == [sys.executable, "-c"]
    script(renderers, "graphviz-pure", "echo pure $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "pure -Tsvg\n"
    assert next(render.commands("pdf"))[0] == sys.executable  # graphviz-pure writes no PDF
    script(tmp_path / "scripts", "graphviz-pure", "echo beside python $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "beside python -Tsvg\n"
    script(renderers, "dot", "echo system $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "system -Tsvg\n"
    assert plot(y, tmp_path / "g.pdf").read_text() == "system -Tpdf\n"


@posix
def test_a_failing_renderer_is_an_error_with_its_message(renderers, tmp_path):
    script(renderers, "dot", "echo something is wrong >&2; exit 3")
    with pytest.raises(RuntimeError, match=r"dot failed \(3\): something is wrong"):
        plot(small()[1], tmp_path / "g.svg")
    script(renderers, "dot", "echo silent >&2")
    with pytest.raises(RuntimeError, match=r"dot failed \(0\): silent"):
        plot(small()[1], tmp_path / "g.png")
    assert not (tmp_path / "g.svg").exists()


@posix
def test_a_renderer_that_does_not_end_is_stopped(renderers):
    script(renderers, "dot", "exec /bin/sleep 60")
    with pytest.raises(RuntimeError, match=r"not done after 0\.2 seconds: draw less"):
        render.render("digraph {}", "svg", timeout=0.2)


@posix
def test_no_shell_sees_the_file_name(renderers, tmp_path):
    script(renderers, "dot", "/bin/cat")
    name = "a; touch hacked && echo $(id) 'x' \"y\" .svg"
    written = plot(small()[1], tmp_path / name)
    assert written.name == name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "bin"])


@pytest.mark.skipif(not any(c[0] == sys.executable for c in render.commands("pdf")), reason="pip install pygraphviz")
def test_pygraphviz_writes_all_three(renderers, tmp_path, monkeypatch):
    monkeypatch.setattr(render, "find_spec", lambda name: object())
    for ending, start in [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]:
        assert plot(small()[1], tmp_path / f"g.{ending}").read_bytes().startswith(start)


def test_the_package_graphviz_gets_a_source():
    graphviz = pytest.importorskip("graphviz")
    y = small()[1]
    source = to_graphviz(y, shapes=False)
    assert isinstance(source, graphviz.Source)
    assert source.source == to_dot(y, shapes=False)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(RuntimeError, match="pip install graphviz"):
        to_graphviz(small()[1])


# ---------------------------------------------------------------- wrong things


def test_wrong_things_are_errors_that_say_what_to_do(tmp_path):
    y = small()[1]
    with pytest.raises(TypeError, match=r"only a Variable.*not ndarray"):
        to_dot(y.data)
    with pytest.raises(TypeError, match=r"not Net: a layer has one once it is called, as in plot\(trace"):
        plot(Net(), tmp_path / "g.svg")
    with pytest.raises(TypeError, match="not int"):
        to_mermaid([y, 3])
    with pytest.raises(ValueError, match="max_nodes must be at least 1"):
        to_dot(y, max_nodes=0)
    with pytest.raises(ValueError, match=r"plot writes \.svg \.png \.pdf .*not 'g.jpg'"):
        plot(y, tmp_path / "g.jpg")
    with pytest.raises(ValueError, match="not 'graph'"):
        plot(y, tmp_path / "graph")
    with pytest.raises(TypeError, match="colour"):
        plot(y, tmp_path / "g.html", colour=True)
    with pytest.raises(FileNotFoundError):
        plot(y, tmp_path / "missing" / "g.dot")


# ---------------------------------------------------------------- notebooks


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


def test_a_large_graph_is_cut_in_a_notebook():
    y = Variable(1.0)
    for _ in range(2000):
        y = y * 1.0
    assert len(parsed(mimebundle(y)["text/vnd.graphviz"])[0]) == 200


@pytest.mark.skipif(not hasattr(Variable, "_repr_mimebundle_"), reason="Variable does not show itself")
def test_ipython_shows_it():
    formatters = pytest.importorskip("IPython.core.formatters")
    data, _ = formatters.DisplayFormatter().format(small()[1])
    assert {"text/plain", "text/vnd.graphviz", "text/vnd.mermaid"} <= set(data)
    assert "image/svg+xml" in data or not HAS_PURE


# ---------------------------------------------------------------- the page


def test_the_page_needs_nothing_from_outside():
    text = to_html(trace(Net(), np.ones((1, 2))))
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|img|iframe)|src=|@import|url\((?!#)", text)


@pytest.mark.parametrize("name", ODD)
def test_no_name_ends_the_script_of_the_page(name):
    x = Variable(1.0, name=name)
    text = to_html(x * 2)
    assert text.count("</script>") == 2
    (body,) = re.findall(r'id="graph">(.*?)</script>', text, re.S)
    assert json.loads(body)["parts"][0]["title"] == name


def test_the_page_knows_the_whole_graph():
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    y.backward()
    data = json.loads(re.search(r'id="graph">(.*?)</script>', to_html(y), re.S)[1])
    values, functions, arrows = parts_of(y)
    assert [sum(p["kind"] == kind for p in data["parts"]) for kind in ("value", "function")] == [values, functions]
    assert len(data["edges"]) == arrows
    assert [box["label"] for box in data["boxes"] if not box["closed"]] == [["Net"]]
    assert len(data["boxes"]) == 6
    facts = dict(panel(y, "x")["facts"])
    assert facts["shape"] == "(1, 2)"
    assert facts["gradient"] == "[[9., 9.]], norm 12.73"
    assert dict(panel(y, "first.W")["facts"])["layer"] == "first Dense"


def test_the_page_sums_up_large_arrays():
    x = Variable(np.arange(100.0), name="x")
    y = x * 1.0
    assert dict(panel(y, "x")["facts"])["value"] == "min 0, mean 49.5, max 99"
    x.data[3] = np.nan
    assert dict(panel(y, "x")["facts"])["value"].endswith("1 not finite")


def test_the_template_is_in_the_package():
    import autograd.drawing

    assert (Path(autograd.drawing.__file__).parent / "page.html").exists()
