"""Step 53: save and load.

New: a model outlives the program. `serialize.save` writes every parameter under its path, `0.W`, into one
.npz file, which NumPy can read too. The file appears whole or not at all, even if the power fails in between.
An optimizer has a state as well: with it, a training that was stopped goes on as if nothing had happened, bit
for bit. A file that does not fit is refused with a reason, and the model stays as it was.

In the package: autograd/serialize.py
"""

import tempfile
from pathlib import Path

import numpy as np

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, serialize

x, t = data.digits("test")


def train(model, optimizer, updates):
    for _ in range(updates):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()


with tempfile.TemporaryDirectory() as folder:
    weights, state = Path(folder) / "model.npz", Path(folder) / "adam.npz"

    model = L.MLP((20, 10), rng=0)
    optimizer = O.Adam(model)
    train(model, optimizer, 10)
    serialize.save(model, weights)
    serialize.save(optimizer, state)
    with np.load(weights) as file:
        print("in the file:", {name: file[name].shape for name in file.files if name != serialize.JSON})

    other = L.MLP((20, 10), rng=1)  # the sizes of its input come with the file
    other_optimizer = O.Adam(other)
    serialize.load(other, weights)
    serialize.load(other_optimizer, state)
    equal = all(np.array_equal(a, b) for a, b in zip(model.params(), other.params(), strict=True))
    print("loaded, bit for bit:", equal)
    assert equal

    train(model, optimizer, 10)
    train(other, other_optimizer, 10)
    still = all(np.array_equal(a, b) for a, b in zip(model.params(), other.params(), strict=True))
    print("ten updates later:  ", still)
    assert still

    wrong = L.MLP((30, 10), in_size=64, rng=0)
    before = wrong.state_dict()
    try:
        serialize.load(wrong, weights)
        message = None
    except ValueError as error:
        message = str(error).replace(folder + "/", "")
    print("into another network:", message)
    assert message is not None
    assert all(np.array_equal(before[name], array) for name, array in wrong.state_dict().items())
