"""A checkpoint that an older version wrote is loaded, and training continues with the same numbers.

Version 0.1.0, commit 4671bf4, wrote `checkpoint_0_1_0.npz`. In a clone of that commit, with this file copied to it:

    PYTHONPATH=. python tests/formats/test_checkpoint.py checkpoint_0_1_0.npz
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from autograd import functions as F
from autograd import layers as L
from autograd import no_grad, serialize, test_mode
from autograd.data import DataLoader
from autograd.optimizers import Adam

OLD = Path(__file__).with_name("checkpoint_0_1_0.npz")
PARTS = ("model", "optimizer", "loader")

pytestmark = pytest.mark.standin_exempt("the numbers of the file are NumPy's")


class Training:
    """A convolution, batch norm, an LSTM of two time steps and a linear layer, with Adam and shuffled batches."""

    def __init__(self, seed):
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((10, 1, 4, 4)).astype(np.float32)
        self.t = rng.integers(3, size=10)
        self.model = L.Sequential(
            L.Conv2d(2, 3, in_channels=1, rng=seed),
            L.BatchNorm(2),
            F.relu,
            F.flatten,
            L.LSTM(3, 8, rng=seed),
            L.Linear(3, 3, rng=seed),
        )
        self.optimizer = Adam(self.model, 0.01)
        self.loader = DataLoader((self.x, self.t), 4, rng=seed)
        self.expected = {}

    def losses(self, updates):
        """The loss before each update; an update per batch, over as many epochs as needed."""
        losses = []
        while len(losses) < updates:
            for x, t in self.loader:
                self.model.reset_state()
                self.model.cleargrads()
                self.model(x[:, :, ::-1])
                loss = F.softmax_cross_entropy(self.model(x), t)
                loss.backward()
                self.optimizer.update()
                losses.append(float(loss.data))
                if len(losses) == updates:
                    break
        return losses

    def outputs(self):
        self.model.reset_state()
        with test_mode(), no_grad():
            return np.asarray(self.model(self.x))

    def state_dict(self):
        states = {part: getattr(self, part).state_dict() for part in PARTS}
        return {f"{part}/{name}": x for part in PARTS for name, x in states[part].items()} | self.expected

    def load_state_dict(self, state):
        self.expected = {name: x for name, x in state.items() if name.startswith("expected/")}
        for part in PARTS:
            own = {name.removeprefix(part + "/"): x for name, x in state.items() if name.startswith(part + "/")}
            getattr(self, part).load_state_dict(own)


def test_an_old_checkpoint_continues_with_the_same_numbers():
    training = Training(seed=1)
    serialize.load(training, OLD)
    np.testing.assert_allclose(training.outputs(), training.expected["expected/outputs"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(training.losses(5), training.expected["expected/losses"], rtol=1e-5)


def test_an_old_checkpoint_is_written_again_as_it_was(tmp_path):
    """But for the hyper-parameters of the optimizer, which version 0.1.0 did not save."""
    training = Training(seed=1)
    serialize.load(training, OLD)
    serialize.save(training, tmp_path / "again.npz")
    (name, again), *arrays = members(tmp_path / "again.npz")
    (_, old), *expected = members(OLD)
    assert arrays == expected
    more = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    values = json.loads(old)["values"] | {f"optimizer/{key}": x for key, x in more.items()}
    assert (name, json.loads(again)) == (serialize.JSON, json.loads(old) | {"values": values})


def members(path):
    """The names and bytes of the files in a zip; how they are compressed depends on the version of zlib."""
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def write(path):
    training, copy = Training(seed=0), Training(seed=1)
    training.losses(4)
    serialize.save(training, path)
    serialize.load(copy, path)
    training.expected = {"expected/outputs": copy.outputs(), "expected/losses": copy.losses(5)}
    serialize.save(training, path, compress=True)


if __name__ == "__main__":
    write(sys.argv[1])
