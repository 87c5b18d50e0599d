"""Step 52: the same on a GPU.

New: nothing in the model. CuPy has the functions of NumPy for arrays that lie in the memory of a graphics
card, and every function of the package computes with the module that its arrays belong to. So the whole move
is `model.to("gpu")` for the parameters and `device="gpu"` for the batches. A seed gives the same random numbers
on both: both trainings start from the same weights, and must end at the same loss. Without a usable GPU the
step says so, and trains on the CPU alone.

In the package: autograd/backend.py
"""

import time

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import backend, data


def train(device):
    """Five epochs on the digits. Returns the last loss, and the model moved back to the CPU."""
    ag.seed(0)
    loader = data.DataLoader(data.digits(), batch_size=100, rng=0, device=device)
    model = L.MLP((100, 10)).to(device)
    optimizer = O.SGD(model, lr=0.5)
    for _ in range(5):
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
    assert backend.device_of(loss.data) == device
    return loss.item(), model.to("cpu")


def timed(device):
    start = time.perf_counter()
    loss, model = train(device)
    print(f"{device}: loss {loss:.7f}, {time.perf_counter() - start:.2f} s")
    return loss, model


loss, model = timed("cpu")
x, t = data.digits("test")
with ag.no_grad():
    accuracy = F.accuracy(model(x), t)
print(f"test accuracy {accuracy:.3f}")
assert accuracy > 0.9

if ag.gpu_available():
    other_loss, other = timed("gpu")
    with ag.no_grad():
        difference = abs(model(x).data - other(x).data).max()
    print(f"the largest difference between the two networks' results: {difference:.1e}")
    assert abs(loss - other_loss) < 1e-5
else:
    try:
        backend.cupy()
    except RuntimeError as error:
        print("no GPU here:", error)
