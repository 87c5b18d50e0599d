"""A network with the shape of its input: it reads logical expressions, and every expression is a graph of its own.

`(a and (not b)) ^ (c or d)` is parsed into a tree. Each kind of node, `not`, `and`, `or`, `^`, is a small network that
makes one vector of the vectors below it, and at the root a last one says whether it is true. What runs depends on the
data: the model is a recursive function, and define-by-run records whatever it did. Only the root's truth is told; that
`and` is an AND, and what stands for true in between, has to be found out. It learns on small expressions and is tried
on larger ones than it has ever seen.

    python examples/tree.py [--fast]        (leaves runs/tree.png)
"""

import ast
import random
import sys
from itertools import count
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

STEPS = 400 if "--fast" in sys.argv else 1200
D = 8


def expression(depth, rng):
    """The text of a random expression of that depth, over True and False."""
    if depth == 0:
        return rng.choice(["True", "False"])
    if rng.random() < 0.25:
        return f"(not {expression(depth - 1, rng)})"
    parts = [expression(depth - 1, rng), expression(rng.randrange(depth), rng)]
    rng.shuffle(parts)
    return f"({parts[0]} {rng.choice(['and', 'or', '^'])} {parts[1]})"


def parts_of(node):
    """The name of a node of the tree, and the nodes below it."""
    match node:
        case ast.Constant():
            return str(node.value), []
        case ast.UnaryOp():
            return "not", [node.operand]
        case ast.BoolOp():
            return "and" if isinstance(node.op, ast.And) else "or", node.values
        case ast.BinOp(op=ast.BitXor()):
            return "^", [node.left, node.right]


class Reader(L.Layer):
    def __init__(self):
        self.leaves = {name: L.Parameter(L.normal((D,), dtype=float, std=0.5)) for name in ("True", "False")}
        self.nodes = {name: L.MLP((32, D), activation=F.tanh, dtype=float) for name in ("not", "and", "or", "^")}
        self.judge = L.Linear(1, dtype=float)

    def read(self, node):
        """The vector of a node, from those below it.   (D,)"""
        name, below = parts_of(node)
        if not below:
            return self.leaves[name]
        return F.tanh(self.nodes[name](F.concat([self.read(part) for part in below])))

    def forward(self, texts):
        """The logit of being true, for each expression."""
        roots = [self.read(ast.parse(text, mode="eval").body) for text in texts]
        return self.judge(F.stack(roots)).reshape(-1)


def layout(node, depth, columns, places):
    """Gives each node its place, leaves from the left, other nodes above the middle of theirs. Returns the column."""
    below = [layout(part, depth + 1, columns, places) for part in parts_of(node)[1]]
    places[node] = sum(below) / len(below) if below else next(columns), -depth
    return places[node][0]


def draw(model, text, accuracies):
    figure = Figure(figsize=(12, 5), layout="constrained")
    picture, bars = figure.subplots(1, 2, width_ratios=[3, 2])
    places = {}
    layout(ast.parse(text, mode="eval").body, 0, count(), places)
    for node, place in places.items():
        name, below = parts_of(node)
        for part in below:
            picture.plot(*zip(place, places[part]), "k", linewidth=0.8, zorder=1)
        belief = F.sigmoid(model.judge(model.read(node))).item()
        picture.scatter(*place, s=1500, c=[belief], cmap="RdYlGn", vmin=-0.5, vmax=1.5, edgecolors="k", zorder=2)
        picture.text(*place, f"{name}\n{belief:.2f}", ha="center", va="center", fontsize=9)
    picture.set_title(f"how true each part seems to it: {text}", fontsize=9)
    picture.margins(0.08)
    picture.axis("off")
    bars.bar(range(1, 9), accuracies, color=["C0"] * 3 + ["C1"] * 5)
    bars.set(xlabel="depth (trained on 1 to 3)", ylabel="accuracy", ylim=(0.5, 1.01))
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/tree.png", dpi=120)
    print("drawn: runs/tree.png")


ag.seed(0)
rng = random.Random(0)
model = Reader()
optimizer = O.Adam(model, lr=O.cosine(5e-3, STEPS), transforms=[O.clip_by_norm(1.0)])
for step in range(1, STEPS + 1):
    texts = [expression(rng.randint(1, 3), rng) for _ in range(16)]
    loss = F.sigmoid_cross_entropy(model(texts), np.array([float(eval(text)) for text in texts]))
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if step % (STEPS // 5) == 0:
        print(f"step {step:4}  loss {loss.item():.4f}")
accuracies = []
for depth in range(1, 9):
    texts = [expression(depth, rng) for _ in range(100)]
    accuracies.append(np.mean([said == eval(text) for said, text in zip(model(texts).data > 0, texts)]))
print("accuracy for the depths 1 to 8, trained on 1 to 3:", *accuracies)
assert min(accuracies[:3]) > 0.97 and accuracies[7] > 0.9
draw(model, "((True and (not False)) ^ ((False or True) and (not (True ^ False))))", accuracies)
