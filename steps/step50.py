"""Step 50: data loaders.

New: the inner loop of the last two steps is always the same, so it becomes an object. A DataLoader divides
arrays, or an object with len and [], into batches, in a new order for each epoch and from a generator of its
own, and a `for` over it is one epoch. The last batch is smaller if the numbers do not fit. Where the training
is stopped in the middle of an epoch, `state_dict` remembers where, and another loader goes on from there.

In the package: autograd/data/loader.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

for rows in data.DataLoader(np.arange(8), batch_size=3, rng=0):
    print("a batch of eight numbers:", rows)

first = data.DataLoader(np.arange(8), batch_size=3, rng=0)
for _ in first:
    state = first.state_dict()
    break
second = data.DataLoader(np.arange(8), batch_size=3)
second.load_state_dict(state)
rest = [rows.tolist() for rows in second]
print("stopped after the first, another loader goes on with:", rest)
whole = [rows.tolist() for rows in data.DataLoader(np.arange(8), batch_size=3, rng=0)]
assert rest == whole[1:]

ag.seed(0)
loader = data.DataLoader(data.spiral(), batch_size=30, rng=0)
test_loader = data.DataLoader(data.spiral("test"), batch_size=30, shuffle=False)
model = L.MLP((10, 3), activation=F.sigmoid)
optimizer = O.SGD(model, lr=1.0)

for epoch in range(1, 301):
    right = 0.0
    for x, t in loader:
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        right += F.accuracy(y, t) * len(t)
    if epoch % 100 == 0:
        with ag.no_grad():
            test_right = sum(F.accuracy(model(x), t) * len(t) for x, t in test_loader)
        accuracy, test_accuracy = right / 300, test_right / 300
        print(f"epoch {epoch}  accuracy {accuracy:.3f}, on the test set {test_accuracy:.3f}")

assert accuracy > 0.9
assert test_accuracy > 0.9
