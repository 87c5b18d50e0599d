"""Step 51: handwritten digits.

New: real data. 1,797 digits of 8 x 8 dots, written by 43 people, come with the package; 360 of them are kept
for the test. The network is that of the last steps with a ReLU and more units, and `fit` is their loop as a
function. MNIST, the well-known 70,000 digits of 28 x 28 dots, follows where it has been fetched before; else
Debian's Fashion-MNIST, if it is installed. `--fetch` fetches MNIST: without it no step uses the network.

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
adam = O.Adam(model, lr=2e-3)
history = fit(model, F.softmax_cross_entropy, adam, loader, epochs=15, test=test_loader, metric=F.accuracy)
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


def larger_images(fetch):
    """MNIST, where it is on this machine or may be fetched; else Debian's Fashion-MNIST; else None. Says which."""
    for name, load, download in (("MNIST", data.mnist, fetch), ("Fashion-MNIST", data.fashion_mnist, False)):
        try:
            train, test = load("train", download=download), load("test", download=download)
        except (OSError, RuntimeError, ValueError) as error:  # missing, not to be kept, or not what was published
            print(error if download else str(error).splitlines()[0])
        else:
            print(f"{name}: {len(train[0]):,} images of 28 x 28 for training, {len(test[0]):,} for the test")
            return name, train, test
    print("so the digits above are all" + ("" if fetch else "; `python steps/step51.py --fetch` fetches MNIST once"))
    return None


found = larger_images("--fetch" in sys.argv)
if found:
    name, train, test = found
    model = L.MLP((100, 10))
    fit(model, F.softmax_cross_entropy, O.Adam(model, lr=2e-3), data.DataLoader(train, batch_size=200, rng=0), epochs=2)
    images = data.DataLoader(test, batch_size=1000, shuffle=False)
    score = evaluate(model, F.softmax_cross_entropy, images, metric=F.accuracy)
    print(f"{name} after 2 epochs: test accuracy {score.metric:.4f}")
    assert score.metric > {"MNIST": 0.94, "Fashion-MNIST": 0.8}[name]

assert accuracy > 0.95
