"""Step 51: handwritten digits.

New: real data. 1,797 digits of 8 x 8 dots, written by 43 people, come with the package; 360 of them are kept
for the test. The network is that of the last steps with a ReLU and more units, and `fit` is their loop as a
function. MNIST, the well-known 70,000 digits of 28 x 28 dots, follows where it has been fetched before: this
step does not use the network, unless it is called with `--fetch`.

In the package: autograd/training.py
"""

import sys
from pathlib import Path

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data
from autograd.training import evaluate, fit

ag.seed(0)
loader = data.DataLoader(data.digits(), batch_size=32, rng=0)
test_loader = data.DataLoader(data.digits("test"), batch_size=360, shuffle=False)
model = L.MLP((100, 10))
history = fit(model, F.softmax_cross_entropy, O.Adam(model, lr=2e-3), loader, epochs=15, test=test_loader)
for epoch in (1, 5, 10, 15):
    print(f"epoch {epoch:2}  loss {history.loss[epoch - 1]:.4f}  test accuracy {history.test_metric[epoch - 1]:.4f}")
accuracy = history.test_metric[-1]

x, t = data.digits("test")
with ag.no_grad():
    said = model(x).data.argmax(axis=1)
for row in x[0].reshape(8, 8):
    print("    " + "".join(" .:*#"[int(4 * dot)] * 2 for dot in row))
print(f"the network says: {said[0]}; it is a {t[0]}")

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(7, 4), layout="constrained")
    for axes, image, guess, truth in zip(figure.subplots(4, 10).flat, x, said, t):
        axes.imshow(image.reshape(8, 8), cmap="gray_r")
        axes.set_title(str(guess), color="k" if guess == truth else "r", size=9)
        axes.axis("off")
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step51_digits.png", dpi=120)
    print("drawn:", folder / "step51_digits.png")

try:
    mnist = data.mnist(download="--fetch" in sys.argv)
    mnist_test = data.mnist("test", download="--fetch" in sys.argv)
except OSError:
    print("MNIST is not on this machine: `python steps/step51.py --fetch` fetches it once")
else:
    model = L.MLP((300, 10))
    fit(model, F.softmax_cross_entropy, O.Adam(model), data.DataLoader(mnist, batch_size=100, rng=0), epochs=2)
    score = evaluate(model, F.softmax_cross_entropy, data.DataLoader(mnist_test, batch_size=1000, shuffle=False))
    print(f"MNIST after 2 epochs: test accuracy {score.metric:.4f}")
    assert score.metric > 0.95

assert accuracy > 0.95
