"""Step 64: a training that is killed in the middle goes on as if nothing had happened, bit for bit.

New: what does the next update depend on? On four things, and each has a state: the model (its weights), the optimizer
(its moments, its learning rate, its place in the schedule), the loader (its place in the epoch, and in the numbers from
which it draws the next orders) and the generator of dropout. `serialize.save(path, model=model, ...)` writes them into
one file, which appears whole or not at all, whenever the program is killed. `serialize.load(path, model=model, ...)`
loads all of them or none, and returns the rest, such as the number of updates.
The program below first leaves one of the four out, to see that each is needed. Then it starts itself as another
process, kills that in the middle of an epoch, and starts it once more.
In a program of one's own, `fit(..., checkpoints=Checkpoints(folder, every=100), resume=True)` is all that is needed.

In the package: autograd/checkpoints.py
"""

import subprocess
import sys
import tempfile
from hashlib import sha256
from itertools import islice
from pathlib import Path

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, serialize
from autograd.checkpoints import Checkpoints

UPDATES = 100  # an epoch has 45


class Training:
    def __init__(self, seed):
        ag.seed(seed)
        self.model = L.Sequential(L.Linear(32, 64, rng=seed), F.relu, F.dropout, L.Linear(10, 32, rng=seed))
        self.optimizer = O.Adam(self.model, lr=O.warmup(10, O.cosine(0.01, UPDATES)))
        self.loader = data.DataLoader(data.digits("train"), batch_size=32, rng=seed)
        model, optimizer, loader = self.model, self.optimizer, self.loader
        self.parts = {"model": model, "optimizer": optimizer, "loader": loader, "generator": ag.generator}

    def updates(self):
        """Makes an update whenever it is asked for the next loss."""
        while True:
            for x, t in self.loader:
                loss = F.softmax_cross_entropy(self.model(x), t)
                self.model.cleargrads()
                loss.backward()
                self.optimizer.update()
                yield loss.item()

    def run(self, n):
        return list(islice(self.updates(), n))

    def fingerprint(self):
        """Equal for two trainings whose weights are equal bit for bit."""
        return sha256(b"".join([p.data.tobytes() for p in self.model.params()])).hexdigest()[:16]


def killed_in_the_middle(folder):
    """What the other process does: it saves after every fifth update, and tells of every one."""
    training, checkpoints = Training(seed=0), Checkpoints(folder, keep=2)
    n = checkpoints.resume(**training.parts).get("number", 0)
    print("goes on from", n, flush=True)
    for loss in islice(training.updates(), UPDATES - n):
        n += 1
        if n % 5 == 0:
            checkpoints.save(n, {"loss": loss}, **training.parts)
        print(n, flush=True)
    print(training.fingerprint(), flush=True)


def process(folder):
    return subprocess.Popen([sys.executable, __file__, folder], stdout=subprocess.PIPE, text=True)


if len(sys.argv) == 2 and Path(sys.argv[1]).is_dir():
    killed_in_the_middle(sys.argv[1])
    sys.exit()

straight = Training(seed=0)
losses = straight.run(UPDATES)
print(f"{UPDATES} updates without a stop: loss {losses[0]:.3f} to {losses[-1]:.3f}")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "run.npz"
    first = Training(seed=0)
    before = first.run(40)
    serialize.save(path, **first.parts, n=40)
    for left_out in [None, "model", "optimizer", "loader", "generator"]:
        second = Training(seed=1)  # with another seed: what is the same comes from the file
        parts = {name: part for name, part in second.parts.items() if name != left_out}
        n = serialize.load(path, **parts)["n"]
        after = second.run(UPDATES - n)
        same = second.fingerprint() == straight.fingerprint()
        print(f"{f'without the {left_out}' if left_out else 'with all four parts':23} the same weights: {same}")
        assert same == (left_out is None)
        assert (before + after == losses) == same

with tempfile.TemporaryDirectory() as folder:
    with process(folder) as one:
        for line in one.stdout:
            if line == "57\n":
                one.kill()
                break
    print(f"killed behind update 57: the folder has {', '.join(sorted(p.name for p in Path(folder).glob('c*')))}")
    with process(folder) as two:
        start, *_, fingerprint = two.stdout.read().splitlines()
assert int(start.split()[-1]) >= 55
print(f"{start}, the same weights as without a stop:", fingerprint == straight.fingerprint())
assert fingerprint == straight.fingerprint()
