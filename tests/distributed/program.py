"""A program of a user's kind, that a test starts, kills and resumes: `python -m tests.distributed.program NAME`."""

import os
import signal
import sys
import time

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, distributed
from autograd.checkpoints import Checkpoints
from autograd.training import fit


class Stop(Exception):
    pass


class Centered(L.Layer):
    """x less the running mean of the samples that this rank has seen: a buffer on which the training depends."""

    def __init__(self, size):
        self.mean = L.Buffer(np.zeros(size))

    def forward(self, x):
        if self.training:
            self.mean.data = 0.9 * self.mean.data + 0.1 * ag.as_array(x).sum(0) / max(len(x), 1)
        return x - self.mean.data


def training(group, folder, epochs, stop=None, kind=""):
    """Trains to the end or to an update, from the latest checkpoint if there is one."""
    ag.seed(group.rank)
    x, t = data.digits("train")
    dtype = np.float16 if kind == "scaled" else np.float64
    x, t = x[:210].astype(dtype), t[:210]
    dropout = 0.5 if kind == "dropout" else 0.0
    layers = [L.Linear(16, dtype=dtype), F.relu, L.Dropout(dropout), L.Linear(10, dtype=dtype)]
    model = L.Sequential(*layers, *[Centered(10)] * (kind == "buffer"))
    loader = group.shard(data.DataLoader((x, t), 40, rng=group.rank))
    calls = []

    def loss(y, t):
        calls.append(y)
        if len(calls) == stop:
            raise Stop
        return F.softmax_cross_entropy(y, t)

    optimizer = O.Adam(model, lr=1e-2, master=True)
    if kind == "scaled":
        optimizer = O.LossScale(optimizer, 2.0**24, every=3)
    history = fit(
        model,
        loss,
        group.partition(optimizer) if kind in ("divided", "scaled") else optimizer,
        loader,
        epochs=epochs,
        metric=F.accuracy,
        verbose=False,
        group=group,
        checkpoints=Checkpoints(folder, keep=2, every=4),
        resume=True,
    )
    return model, history


def fit_and_resume(group, folder, epochs, stop, kind=""):
    """Prints the parameters and the losses, as far as it comes."""
    try:
        model, history = training(group, folder, int(epochs), int(stop), kind)
    except Stop:
        group.barrier()
        return
    state = [x.data for _, x in model.named_state()]
    assert all(np.array_equal(x, y) for other in group.gather(state) for x, y in zip(state, other, strict=True))
    if group.rank == 0:
        print("end", *[float(x.sum()) for x in state], *history.loss, *history.metric)


def after_ten_sums(group, wrong):
    """Sums on and on, until something goes wrong on the last rank."""
    x = np.ones(1000)
    for i in range(1 << 30):
        if i == 10 and group.rank == group.size - 1:
            print("now", os.getpid(), flush=True)
            wrong()
        group.all_reduce(x).wait()
        x /= group.size


def raises(group):
    def wrong():
        raise ZeroDivisionError("what the last rank says")

    after_ten_sums(group, wrong)


def exits(group):
    after_ten_sums(group, lambda: sys.exit(3))


def dies(group):
    after_ten_sums(group, lambda: os.kill(os.getpid(), signal.SIGKILL))


def hangs(group):
    after_ten_sums(group, lambda: time.sleep(600))


def hangs_before_a_channel(group):
    """The others make one, and wait for all."""
    if group.rank == group.size - 1:
        time.sleep(600)
    group.channel()


def calls_alone(group):
    """A call of all ranks under a condition: the others are in another one of the same name, of another channel."""
    others = group.channel()
    group.barrier()
    if group.rank == group.size - 1:
        others.barrier()
    group.barrier()


def differs(group):
    """As a user would see it: every rank says what is wrong."""
    group.averaging(L.Sequential(L.Linear(4, 3), L.Linear(4 + group.rank, 4)))


if __name__ == "__main__":
    name, *args = sys.argv[1:]
    globals()[name](distributed.init(timeout=4), *args)
