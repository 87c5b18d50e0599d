"""Step 26: the picture of a graph.

New: `visualize.to_dot` writes the text of step 25 with names, shapes and whatever else is asked for, and
`visualize.plot` hands it to a renderer: to Graphviz's `dot` if it is installed, or to graphviz-pure, which
comes with pip. The function is Goldstein and Price's of step 24. Two lines of formula are a graph of some eighty
parts, and `backward` has walked through all of them. Numbers are constants and not parts of the graph. Later
a network is one box for each layer: a watcher, autograd/watch/tracing.py, takes down which layer called what.

In the package: autograd/visualize/picture.py
"""

from pathlib import Path

import autograd as ag
from autograd import visualize

x = ag.Variable(1.0, name="x")
y = ag.Variable(1.0, name="y")
a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
b = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
z = a * b
z.name = "z"
z.backward()
print("z =", z.item(), " gradient:", (x.grad.item(), y.grad.item()))

text = visualize.to_dot(z)
first_words = [line.split()[0] for line in text.splitlines() if "[label=" in line]  # v0, f0, f1, …
values, functions = [sum(word[0] == kind for word in first_words) for kind in "vf"]
arrows = text.count(" -> ")
print(f"{values} values, {functions} functions, {arrows} arrows; the DOT text begins so:")
print("\n".join(text.splitlines()[:8]))

folder = Path("runs/steps")
folder.mkdir(parents=True, exist_ok=True)
picture = visualize.plot(z, folder / "step26_goldstein_price.svg")
print("drawn:", picture)

assert (x.grad.item(), y.grad.item()) == (-5376.0, 8064.0)
assert values == functions + 2  # each function makes one value; x and y are made by us
assert functions < arrows < 3 * functions  # one arrow out of each, one or two into it
if picture.suffix == ".svg":
    assert "<svg" in picture.read_text(encoding="utf-8")
else:  # no renderer: the warning above says what to install
    assert picture.read_text(encoding="utf-8") == text
