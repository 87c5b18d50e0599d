"""2c. Tensors: training, watched in TensorBoard from one's own loop.

A loop writes down what it likes, when it likes: the loss and the accuracy as scalars, the weights as histograms, what
the units of the first layer look for as images, and the graph of the network with its layers as boxes. One writer makes
one file, which is complete at any time, so TensorBoard can look on while the training runs.

    python examples/lecture/02c_tensorboard.py           (pip install 'define-by-run[tensorboard]')
    tensorboard --logdir runs/lecture/tensorboard        (pip install tensorboard)

    runs/lecture/02c_watched.png  What was written: the loss of each update, the weights of the first layer after each
        epoch, and what its first 16 units look for, red where ink speaks for them and blue where it speaks against.
"""

import shutil
import sys

import numpy as np
from matplotlib.figure import Figure
from pictures import FOLDER, save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data
from autograd.tensorboard import TensorBoard
from autograd.visualize import trace

EPOCHS = 8


def filters(W):
    """The weights (64, units) of 16 units as one grey image (35, 35) between 0 and 1: 4 x 4 squares with gaps."""
    squares = np.pad(W[:, :16].T.reshape(16, 8, 8), ((0, 0), (0, 1), (0, 1)))
    image = squares.reshape(4, 4, 9, 9).transpose(0, 2, 1, 3).reshape(36, 36)[:35, :35]
    return 0.5 + image / (2 * np.abs(image).max())


ag.seed(0)
x_test, t_test = data.digits("test")
model = L.MLP((50, 10), in_size=64)
optimizer = O.Adam(model, lr=3e-3)
loader = data.DataLoader(data.digits(), batch_size=50, rng=0)
shutil.rmtree(FOLDER / "tensorboard", ignore_errors=True)
try:
    board = TensorBoard(FOLDER / "tensorboard")
except RuntimeError as error:
    sys.exit(str(error))
board.graph(trace(model, x_test[:1]))

losses, weights = [], []
for epoch in range(1, EPOCHS + 1):
    for x, t in loader:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        board.scalar("loss", loss, len(losses))
        losses.append(loss.item())
    with ag.test_mode(), ag.no_grad():
        accuracy = F.accuracy(model(x_test), t_test)
    board.scalar("accuracy", accuracy, epoch)
    W = next(p for p in model.params() if p.shape == (64, 50)).data
    weights.append(W.copy())
    board.histogram("W", W, epoch)
    board.image("filters", filters(W), epoch)
print(f"loss {losses[0]:.3f} to {losses[-1]:.3f}, accuracy {accuracy:.3f}, {len(losses)} updates in {board.path.name}")
assert [*(FOLDER / "tensorboard").iterdir()] == [board.path]  # one file for the run
assert len(losses) == 29 * EPOCHS and accuracy > 0.93

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("TensorBoard is not installed: pip install tensorboard")
else:
    found = EventAccumulator(str(board.folder), {"scalars": 0, "histograms": 0, "images": 0})
    found.Reload()
    assert np.allclose([event.value for event in found.Scalars("loss")], losses, rtol=1e-6)
    assert [event.histogram_value.num for event in found.Histograms("W")] == [64 * 50] * EPOCHS
    assert np.isclose(found.Scalars("accuracy")[-1].value, accuracy)
    assert [(event.width, event.height) for event in found.Images("filters")] == [(35, 35)] * EPOCHS
    print("TensorBoard reads the same, and the graph:", ", ".join(node.name for node in found.Graph().node))
print(f"to watch it: tensorboard --logdir {FOLDER}/tensorboard")

figure = Figure(figsize=(11, 3.4), layout="constrained")
left, middle, right = figure.subplots(1, 3)
left.semilogy(losses, linewidth=0.8)
left.set(xlabel="update", ylabel="loss")
bins = np.linspace(-0.6, 0.6, 41)
for epoch, W in reversed([*enumerate(weights, start=1)]):  # the first one in front
    heights = np.histogram(W, bins)[0] / 150
    middle.fill_between(
        bins[:-1], EPOCHS - epoch, EPOCHS - epoch + heights, step="post", color="C0", alpha=0.35, zorder=epoch
    )
    middle.step(bins[:-1], EPOCHS - epoch + heights, "k", where="post", linewidth=0.6, zorder=epoch)
middle.set_yticks(range(EPOCHS), [f"epoch {EPOCHS - k}" for k in range(EPOCHS)])
middle.set(xlabel="weights of the first layer")
right.imshow(filters(weights[-1]), cmap="RdBu_r", vmin=0, vmax=1)
right.set(title="16 units")
right.axis("off")
save(figure, "02c_watched.png")
