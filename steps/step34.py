"""Step 34: sin and its first three derivatives, drawn.

New: arrays through all orders. y = sin x of 200 points at once; each derivative is the gradient of the one
before. `grad` begins with a gradient of ones, so to speak with the sum of the 200 values, and as no point
influences another's value, the gradient of the sum holds the derivative at every point. Each curve is the one
before, a quarter of a period earlier.

In the package: autograd/functions/elementwise.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F

x = ag.Variable(np.linspace(-7, 7, 200))
curves = [F.sin(x)]
for _ in range(3):
    curves.append(ag.grad(curves[-1], x, create_graph=True))

expected = [np.sin(x.data), np.cos(x.data), -np.sin(x.data), -np.cos(x.data)]
for order, (y, right) in enumerate(zip(curves, expected)):
    error = np.abs(y.data - right).max()
    print(f"derivative {order}: at most {error:.1e} from the formula")
    assert error < 1e-15

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots()
    for label, y in zip(["sin x", "first derivative", "second", "third"], curves):
        axes.plot(x.data, y.data, label=label)
    axes.set(xlabel="x")
    figure.legend(loc="outside upper center", ncols=4)
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step34_sin.png", dpi=120)
    print("drawn:", folder / "step34_sin.png")
