"""Graphs to draw, and readers of what was drawn."""

import html
import json
import re

import numpy as np
import pytest

from autograd import Function, Variable
from autograd.functions import concat
from autograd.layers.base import Layer, Parameter
from autograd.visualize import render, to_html

HAS_PURE = any("graphviz-pure" in command[0] for command in render.commands("svg"))
pure = pytest.mark.skipif(not HAS_PURE, reason="pip install graphviz-pure")

ODD = [
    'a "quoted" name',
    "back\\slash",
    "\\",
    'ends with \\"',
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
    return nodes, edges, [unescaped(x["label"]).strip() for x in objects if "nodes" in x]


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
        return concat([ga, gb])


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


def loop(turns):
    """y = y x + 1 again and again: one leaf that all of a long chain uses."""
    y = x = Variable(1.0, name="x")
    for _ in range(turns):
        y = y * x + 1.0
    return y


def panel(y, name):
    """What the page knows of the part with this title."""
    data = json.loads(re.search(r'id="graph">(.*?)</script>', to_html(y), re.S)[1])
    (found,) = [part for part in data["parts"] if part["title"] == name]
    return found
