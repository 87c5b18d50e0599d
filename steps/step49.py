"""Step 49: data sets.

New: where the data come from is none of the training loop's business. The ready ones are functions that give
a pair of arrays (x, t), for training and for test. Where the data are too many to be an array, they are any
object with a length and an item for each number: it may open a file when it is asked for sample 17. The
object below stands for such a one. It makes each sample when it is asked for, and counts how often it was.

In the package: autograd/data/datasets.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data


class Spiral:
    """Sample i is made when it is asked for: the point `(i // 3) / 100` of the way along arm `i % 3`."""

    def __init__(self, transform=lambda x: x):
        self.transform = transform
        self.asked = 0

    def __len__(self):
        return 300

    def __getitem__(self, i):
        self.asked += 1
        r, arm = i // 3 / 100, i % 3
        theta = 4 * (arm + r) + 0.2 * np.random.default_rng(i).standard_normal()
        x = np.array([r * np.sin(theta), r * np.cos(theta)], dtype=np.float32)
        return self.transform(x), arm


def batch(dataset, rows):
    """The samples of these numbers, stacked."""
    xs, ts = zip(*[dataset[i] for i in rows])
    return np.stack(xs), np.array(ts)


x, t = data.spiral()
x_test, t_test = data.spiral("test")
print("data.spiral():", x.dtype, x.shape, t.dtype, t.shape, " the first sample:", x[0], t[0])

ag.seed(0)
rng = np.random.default_rng(0)
dataset = Spiral(transform=lambda x: 2 * x)
print("Spiral():     ", len(dataset), "samples; number 17 is", *dataset[17])

model = L.MLP((10, 3), activation=F.sigmoid)
optimizer = O.SGD(model, lr=1.0)
for _ in range(100):
    order = rng.permutation(len(dataset)).tolist()
    for start in range(0, len(dataset), 30):
        xs, ts = batch(dataset, order[start : start + 30])
        loss = F.softmax_cross_entropy(model(xs), ts)
        model.cleargrads()
        loss.backward()
        optimizer.update()

with ag.no_grad():
    accuracy = F.accuracy(model(2 * x), t)
    test_accuracy = F.accuracy(model(2 * x_test), t_test)
print(f"{dataset.asked:,} samples were asked for")
print(f"accuracy on data.spiral(), which it has not seen: {accuracy:.3f}, on its test set: {test_accuracy:.3f}")

assert x.shape == (300, 2) and x.dtype == np.float32 and set(t.tolist()) == {0, 1, 2}
assert dataset.asked == 1 + 100 * 300
assert accuracy > 0.9 and test_accuracy > 0.85
