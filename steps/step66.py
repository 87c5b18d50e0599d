"""Step 66: where the time goes in a training step, and three changes that make it faster without changing its result.

New: measure first. `ag.profile()` sums up time and bytes by function and by layer: the work on arrays, and what is
around it, Python's part. In a small network that part is the larger one: each function costs a few microseconds for
its place in the graph, however small its arrays are. So the table is asked three questions.
1. Could one function do the work of several? Softmax, logarithm and mean are one loss, with one simple derivative.
2. Is there a gradient that nobody reads? A graph starts at a Variable. A batch in a Variable gets a gradient too,
   which costs a product of matrices. A batch that is an array gets none.
3. Is the graph the same in each step? Then it need not be built anew: `ag.capture` records the step, and from then
   on runs the record. That is a program of NumPy alone, and can be read.
What is made faster must give what it gave: the first change does so up to rounding, the others bit for bit.

In the package: autograd/programs/steps.py
"""

from time import perf_counter

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

BATCH = 32
images, digits = data.digits("train")
batches = [slice(i, i + BATCH) for i in range(0, len(images) - BATCH + 1, BATCH)]  # whole ones: they have one shape
one_hot = np.eye(10, dtype=np.float32)[digits]


class Network(L.Layer):
    def __init__(self):
        self.fc1, self.fc2 = L.Linear(64, 64, rng=1), L.Linear(10, 64, rng=2)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


def by_formula(y, t):
    """The mean of -log softmax(y) at the right classes, where t has a 1."""
    p = F.exp(y) / F.exp(y).sum(axis=1, keepdims=True)
    return -(t * F.log(p)).sum() / len(t)


def as_it_is(x):
    return x


class Version:
    """A network of its own, and its step. The batch goes through `given` first."""

    def __init__(self, name, loss_of, given, labels):
        self.name, self.labels = name, labels
        self.model = model = Network()
        optimizer = O.SGD(model, lr=0.1)

        def step(x, t):
            loss = loss_of(model(given(x)), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        self.step = step

    def train(self, batch):
        return self.step(images[batch], self.labels[batch])


first = Version("as it was written", by_formula, ag.Variable, one_hot)
one = Version("1 one function for the loss", F.softmax_cross_entropy, ag.Variable, digits)
array = Version("2 no gradient of the batch", F.softmax_cross_entropy, as_it_is, digits)
captured = Version("3 captured", F.softmax_cross_entropy, as_it_is, digits)
captured.step = ag.capture(captured.step)
versions = [first, one, array, captured]

for version in versions:
    version.train(batches[0])  # the first call is slower than others
    with ag.profile() as p:
        for batch in batches:
            version.train(batch)
    version.calls = sum(cost.calls for cost in p.functions.values()) // len(batches)
    version.bytes = sum(cost.bytes for cost in p.functions.values()) // len(batches)
    if version is first:
        print(p, end="\n\n")
print(f"functions in a step: {first.calls} as it was written, {one.calls} with one function for the loss")
print(f"without the gradient of the batch a step makes {one.bytes - array.bytes} bytes less")
assert one.calls < first.calls
assert one.bytes - array.bytes == images[:BATCH].nbytes

seconds = {version: [] for version in versions}
for _ in range(30):  # they take turns, so that all have the same good and bad moments
    for version in versions:
        start = perf_counter()
        losses = [version.train(batch).item() for batch in batches]
        seconds[version].append((perf_counter() - start) / len(batches))
        version.loss = np.mean(losses)

for version in versions:
    faster = min(seconds[first]) / min(seconds[version])
    print(f"{version.name:28} loss {version.loss:.5f}   about {faster:.1f} times as fast")
for before, after, rounding in [(first, one, 1e-4), (one, array, 0), (array, captured, 0)]:
    apart = max(abs(p.data - q.data).max() for p, q in zip(before.model.params(), after.model.params()))
    print(f"{before.name} | {after.name}: weights apart by at most {apart:.0e}")
    assert apart <= rounding

products = [line for line in captured.step.source.splitlines() if "@" in line and "_W" in line]
print("from the program of the captured step:", *products, sep="\n")
