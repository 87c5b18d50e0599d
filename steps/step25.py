"""Step 25: a graph is a picture.

New: the graph as text in the language DOT, which the program Graphviz draws. A line `1 [label="x"]` is a
node, a line `1 -> 2` is an arrow; a name after a node must be unique, and the `id` of an object is. The walk
over the graph is that of step 08: from the result to its creator, to the creator's parents, and on; a set
remembers what has been drawn, because a variable that is used twice is still one node. The package does the
same with shapes, names, colours and folded layers.

In the package: autograd/visualize/text.py
"""

import autograd as ag


def dot(y):
    """The graph below y as DOT: a round node is a value, a box is a function."""
    lines, waiting, seen = [], [y.node], {y.node}
    while waiting:
        node = waiting.pop()
        x, f = node(), node.creator  # the variable may be gone: then only its shape is known
        lines.append(f'{id(node)} [label="{(x is not None and x.name) or node.shape}"]')
        if f is not None:
            lines += [f'{id(f)} [label="{type(f).__name__}", shape=box]', f"{id(f)} -> {id(node)}"]
            parents = [parent for parent in f.parents if parent is not None]
            lines += [f"{id(parent)} -> {id(f)}" for parent in parents]
            waiting += [p for p in dict.fromkeys(parents) if p not in seen]
            seen.update(parents)
    return "digraph {\n" + "\n".join(lines) + "\n}"


x0 = ag.Variable(2.0, name="x0")
x1 = ag.Variable(3.0, name="x1")
y = x0 * x1 + x0
y.name = "y"

text = dot(y)
print(text)

nodes = [line for line in text.splitlines() if "label" in line]
arrows = [line for line in text.splitlines() if "->" in line]
print(f"{len(nodes)} nodes, {len(arrows)} arrows")

assert len(nodes) == 6  # x0, x1, y, the product without a name, Mul, Add
assert len(arrows) == 6  # two into each function, one out of each
assert [line.count('"x0"') for line in nodes].count(1) == 1  # used twice, drawn once
assert {"Mul", "Add"} == {line.split('"')[1] for line in nodes if "box" in line}
