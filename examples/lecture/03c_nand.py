"""3c. Perceptrons: De Morgan's laws, and every gate from NAND alone.

"Not both" is "the one not, or the other not": NOT (a AND b) = NOT a OR NOT b, and NOT (a OR b) = NOT a AND NOT b. So OR
can be had from AND and NOT, and both of them from NAND: with both inputs tied together it is a NOT. One perceptron,
-0.5 x1 - 0.5 x2 + 0.7 > 0, is enough of a kit for every gate, an adder, and a computer.

    python examples/lecture/03c_nand.py

    runs/lecture/03c_nand.png  NOT, AND, OR and XOR of one, two, three and four NANDs. XOR at (1, 0): red wires carry 1,
        grey ones 0.
"""

import itertools

import numpy as np
from matplotlib.figure import Figure
from pictures import save

X1, X2 = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
TRUTH = {"NOT": [1, 0], "AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def NAND(x1, x2):
    return 1 * (-0.5 * x1 - 0.5 * x2 + 0.7 > 0)


CIRCUITS = {  # for each NAND its name, where it stands, and what its two inputs are
    "NOT": [("a", (1.2, 0), "x1", "x1")],
    "AND": [("a", (1.2, 0), "x1", "x2"), ("b", (2.7, 0), "a", "a")],
    "OR": [("a", (1.2, 0.7), "x1", "x1"), ("b", (1.2, -0.7), "x2", "x2"), ("c", (2.7, 0), "a", "b")],
    "XOR": [("a", (1.2, 0), "x1", "x2"), ("b", (2.7, 0.7), "x1", "a"), ("c", (2.7, -0.7), "a", "x2"),
            ("d", (4.2, 0), "b", "c")],
}  # fmt: skip


def values(name, x1, x2=None):
    """What each NAND of a circuit says; the last one is the gate."""
    said = {"x1": x1, "x2": x2}
    for gate, _, first, second in CIRCUITS[name]:
        said[gate] = NAND(said[first], said[second])
    return said


def gate(name):
    return lambda *xs: [*values(name, *xs).values()][-1]


NOT, AND, OR, XOR = map(gate, CIRCUITS)


def de_morgan():
    for law, left, right in (
        ("NOT (a AND b) = NOT a OR NOT b", NOT(AND(X1, X2)), OR(NOT(X1), NOT(X2))),
        ("NOT (a OR b) = NOT a AND NOT b", NOT(OR(X1, X2)), AND(NOT(X1), NOT(X2))),
    ):
        print(f"{law}: {left} = {right}")
        assert left.tolist() == right.tolist()
    assert NOT(AND(X1, X2)).tolist() == [1, 1, 1, 0] and NOT(OR(X1, X2)).tolist() == [1, 0, 0, 0]
    a, b, c = np.array([*itertools.product((0, 1), repeat=3)]).T  # of three as well
    assert NOT(AND(a, AND(b, c))).tolist() == OR(NOT(a), OR(NOT(b), NOT(c))).tolist()
    assert NOT(OR(a, OR(b, c))).tolist() == AND(NOT(a), AND(NOT(b), NOT(c))).tolist()


def draw(axes, name, x1, x2, lit):
    """A circuit with its wires; with `lit`, coloured by what they carry."""
    said, places = values(name, x1, x2), {"x1": (0, 0.7), "x2": (0, -0.7)}
    inputs = ["x1"] if name == "NOT" else ["x1", "x2"]
    if name == "NOT":
        places["x1"] = (0, 0)
    for box, place, *sources in CIRCUITS[name]:
        places[box] = (place[0] + 0.3, place[1])
        for source, pin in zip(sources, (0.1, -0.1)):
            (x, y), (end, height) = places[source], (place[0] - 0.3, place[1] + pin)
            color = ("tab:red" if said[source] else "0.6") if lit else "k"
            bend = end - 0.3
            axes.plot([x, x + 0.12, bend, end], [y, y, height, height], color=color, linewidth=1.6, zorder=1)
        axes.text(*place, "NAND", ha="center", va="center", fontsize=9,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "#f6cfb0"})  # fmt: skip
    (x, y), last = places[box], said[box]
    axes.plot([x, x + 0.5], [y, y], color=("tab:red" if last else "0.6") if lit else "k", linewidth=1.6)
    axes.text(x + 0.6, y, str(last) if lit else "y", va="center", fontsize=11)
    for source in inputs:
        text = f"{source} = {said[source]}" if lit else source
        axes.text(places[source][0] - 0.1, places[source][1], text, ha="right", va="center", fontsize=11)
    axes.set(xlim=(-0.9, 5.6), ylim=(-1.2, 1.2), title=f"{name}: {' '.join(map(str, TRUTH[name]))}")
    axes.axis("off")


for name, expected in TRUTH.items():
    found = gate(name)(*([np.array([0, 1])] if name == "NOT" else [X1, X2]))
    print(f"{name:3} of {len(CIRCUITS[name])} NANDs:", found)
    assert found.tolist() == expected
de_morgan()
for a, b in itertools.product((0, 1), repeat=2):  # a half adder: the carry needs one NAND more, tied
    assert 2 * AND(a, b) + XOR(a, b) == a + b

figure = Figure(figsize=(11, 5), layout="constrained")
for axes, name in zip(figure.subplots(2, 2).flat, CIRCUITS):
    draw(axes, name, 1, 0, lit=name == "XOR")
save(figure, "03c_nand.png")
