"""2b. Tensors: the graph of the quadratic formula.

x = (-b ± √(b² - 4ac)) / 2a, step by step, with D = b² - 4ac. The slides draw the graph first and send numbers through
it afterwards; here the numbers are there, and the graph is what the line has done. Both roots share √D, so the
graph has one node for it. What the roots owe to each coefficient, `grad` knows: where p is zero, dx/da = -x² / p'(x),
dx/db = -x / p'(x), dx/dc = -1 / p'(x).

    python examples/lecture/02b_quadratic_formula.py

    runs/lecture/02b_graph.svg  The graph of both roots of x² - 3x + 2, with their values: 2 and 1.
    runs/lecture/02b_parabola.png  The parabola and its roots; and how far the gradient moves them when one of the
        coefficients changes by 0.05. Dots: the roots that the formula gives then.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import FOLDER, save

import autograd as ag
import autograd.functions as F
from autograd import visualize


def steps(a, b, c):
    """All that is computed on the way, by name, and the two roots x1 >= x2 at the end."""
    found = {"b²": b**2, "4a": 4 * a}
    found["4ac"] = found["4a"] * c
    found["D"] = found["b²"] - found["4ac"]
    found |= {"√D": F.sqrt(found["D"]), "-b": -b, "2a": 2 * a}
    found |= {"-b + √D": found["-b"] + found["√D"], "-b - √D": found["-b"] - found["√D"]}
    return found | {"x1": found["-b + √D"] / found["2a"], "x2": found["-b - √D"] / found["2a"]}


def roots(a, b, c):
    found = steps(a, b, c)
    return found["x1"], found["x2"]


values = {"a": 1.0, "b": -3.0, "c": 2.0}
coefficients = {name: ag.Variable(value, name=name) for name, value in values.items()}
parts = steps(**coefficients)  # kept, so that the picture can show what they are
for name, part in parts.items():
    part.name = name
x1, x2 = parts["x1"], parts["x2"]
print("x² - 3x + 2 = 0 has the roots", x1.item(), "and", x2.item())
assert (x1.item(), x2.item()) == (2, 1)
double = roots(1.0, -2.0, 1.0)
assert tuple(map(float, double)) == (1, 1)

gradients = {}
for name, x in (("x1", x1), ("x2", x2)):
    slope = 2 * values["a"] * x.item() + values["b"]  # p'(x)
    expected = [-(x.item() ** 2) / slope, -x.item() / slope, -1 / slope]
    gradients[name] = [g.item() for g in ag.grad(x, list(coefficients.values()))]
    print(f"d{name}/da, d{name}/db, d{name}/dc =", gradients[name])
    assert np.allclose(gradients[name], expected, rtol=0, atol=1e-14)
assert gradients == {"x1": [-4, -2, -1], "x2": [1, 1, 1]}

FOLDER.mkdir(parents=True, exist_ok=True)
print("drawn:", visualize.plot([x1, x2], FOLDER / "02b_graph.svg", values=True))

figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
at = np.linspace(-0.2, 3.2, 100)
left.plot(at, at**2 - 3 * at + 2)
left.plot([1, 2], [0, 0], "o", color="tab:red")
left.axhline(0, color="k", linewidth=0.8)
left.set(xlabel="x", title="x² - 3x + 2")
for k, (name, step) in enumerate({"a": 0.05, "b": -0.05, "c": 0.05}.items()):
    moved = [float(x) for x in roots(**values | {name: values[name] + step})]
    for old, gradient, new in zip((2, 1), (gradients["x1"][k], gradients["x2"][k]), moved):
        assert abs(old + step * gradient - new) < 0.012
        right.annotate(
            "", (old + step * gradient, k), (old, k), arrowprops={"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}
        )
    right.plot(moved, [k, k], "o", color="tab:red", markersize=5)
right.axvline(1, color="k", linewidth=0.6)
right.axvline(2, color="k", linewidth=0.6)
right.set_yticks(range(3), ["a + 0.05", "b - 0.05", "c + 0.05"])
right.set(xlabel="root", xlim=(0.8, 2.2), ylim=(2.6, -0.6), title="where the roots go")
save(figure, "02b_parabola.png")
