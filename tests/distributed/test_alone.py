"""A group of one process, which a program without mpiexec gets: no MPI is needed, and the numbers are the same."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, distributed
from autograd.config import Watcher, watching
from autograd.distributed import Group, SyncBatchNorm, nccl
from autograd.training import fit

pytestmark = pytest.mark.standin_exempt("its data sets are NumPy's")

X, T = data.digits("train")
X, T = X[:200], T[:200]


def net(**options):
    return L.Sequential(L.Linear(8, 64, rng=0, **options), F.relu, L.Linear(10, 8, rng=1, **options))


def test_a_program_without_mpiexec_is_alone(monkeypatch):
    monkeypatch.setattr("autograd.distributed.start.groups", {})
    for name in ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    group = distributed.init()
    assert group is distributed.init()
    assert repr(group) == "Group(rank=0, size=1)"
    assert copy.deepcopy(group) is group
    assert group.broadcast("x") == "x"
    assert group.gather(3) == [3]
    x = np.ones(3)
    pending = group.all_reduce(x)
    pending.wait()
    assert pending.test()
    assert (x == 1).all()
    group.barrier(timeout=1)


def test_mpi_is_asked_for_by_what_to_install(monkeypatch):
    monkeypatch.setattr("autograd.distributed.start.groups", {})
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(RuntimeError, match=r"pip install 'define-by-run\[mpi\]', mpi4py and mpich"):
        distributed.init()
    with pytest.raises(TypeError, match="comm must be a communicator of mpi4py, or None, not 3"):
        distributed.init(3)
    with pytest.raises(ValueError, match="timeout must be above 0, not 0"):
        distributed.init(timeout=0)


def test_pytorch_is_asked_for_by_what_to_install(monkeypatch):
    monkeypatch.setattr("autograd.distributed.start.groups", {})
    monkeypatch.setitem(sys.modules, "torch", None)
    for name, value in {"MASTER_ADDR": "localhost", "MASTER_PORT": "1", "RANK": "0", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match="need PyTorch: pip install torch"):
        distributed.init()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert distributed.init().size == 1


@pytest.mark.parametrize("x", [3, [1.0], "x"])
def test_what_is_no_array_is_not_summed(x):
    with pytest.raises(TypeError, match="all_reduce takes an array"):
        Group().all_reduce(x)
    with pytest.raises(TypeError, match="sum takes an array or a Variable"):
        Group().sum(x)


def test_no_part_of_the_package_imports_mpi():
    code = "import sys, autograd.distributed, autograd.training; assert 'mpi4py' not in sys.modules"
    env = os.environ | {"PYTHONPATH": str(Path(ag.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_a_loop_of_one_is_the_loop_without_a_group():
    """Bit for bit."""
    found = []
    for group in (None, Group()):
        model, loader = net(), data.DataLoader((X, T), 32)
        averaging = None if group is None else group.averaging(model)
        loader = loader if group is None else group.shard(loader)
        optimizer = O.Adam(model)
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            if averaging is None:
                loss.backward()
            else:
                with averaging(samples=len(t)):
                    loss.backward()
            optimizer.update()
        found.append([p.data for p in model.params()])
    for p, q in zip(*found, strict=True):
        np.testing.assert_array_equal(p, q)


def test_fit_in_a_group_of_one_is_fit():
    histories = []
    for group in (None, Group()):
        model, loader = net(), data.DataLoader((X, T), 32)
        loader = loader if group is None else group.shard(loader)
        histories.append(
            fit(model, F.softmax_cross_entropy, O.Adam(model), loader, epochs=2, group=group, metric=F.accuracy)
        )
    assert histories[0].loss == histories[1].loss
    assert histories[0].metric == histories[1].metric


def test_means_and_sums_do_not_add_up():
    """Which of the two it was, the division at the end would not know. A block that failed is forgotten."""
    model = net(dtype=np.float64)
    averaging = Group().averaging(model)
    with averaging(samples=4, last=False):
        F.softmax_cross_entropy(model(X[:4]), T[:4]).backward()
    with pytest.raises(ValueError, match="must be 'mean' as before, not 'sum'"), averaging(reduction="sum"):
        pass
    with pytest.raises(ZeroDivisionError), averaging(samples=4):
        1 / 0
    with averaging(reduction="sum"):
        model(X[:4]).sum().backward()


def test_passes_are_added_up_until_the_last_one():
    """Two losses of 20 and 60 samples are one of 80; a block that failed leaves nothing behind."""
    model, whole = net(dtype=np.float64), net(dtype=np.float64)
    F.softmax_cross_entropy(whole(X[:80]), T[:80]).backward()
    averaging = Group().averaging(model)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), averaging(samples=7, last=False):
            1 / 0
        model.cleargrads()
        for rows in (slice(0, 20), slice(20, 80)):
            loss = F.softmax_cross_entropy(model(X[rows]), T[rows])
            with averaging(samples=np.array(len(T[rows])), last=rows.stop == 80):  # as a sum on a GPU is
                loss.backward()
        for p, q in zip(model.params(), whole.params()):
            np.testing.assert_allclose(p.grad.data, q.grad.data, rtol=1e-12, atol=1e-15)


def test_batch_norm_over_one_rank_is_batch_norm():
    x = np.random.default_rng(0).standard_normal((6, 3, 4, 4))
    plain, model = L.BatchNorm(3, dtype=np.float64), L.Sequential(L.BatchNorm(3, dtype=np.float64))
    assert type(Group().synchronize(model)[0]) is SyncBatchNorm
    np.testing.assert_allclose(model(x).data, plain(x).data, atol=1e-12)
    np.testing.assert_allclose(model[0].var.data, plain.var.data, atol=1e-12)
    half = SyncBatchNorm(Group(), 3, dtype=np.float16)
    assert half(x.astype(np.float16)).dtype == np.float16
    with pytest.raises(ValueError, match="at least 2 values in each channel over all ranks, not 1"):
        SyncBatchNorm(Group(), 3)(np.ones((1, 3)))
    with pytest.raises(TypeError, match="group must be a Group"):
        SyncBatchNorm(3)
    with pytest.raises(TypeError, match="model must be a Layer"):
        Group().synchronize([plain])


def test_parts_of_batches_make_them_whole():
    x = np.arange(11)
    parts = [data.DataLoader(x, 4, rng=1).shard(rank, 3) for rank in range(3)]
    for whole, *some in zip(data.DataLoader(x, 4, rng=1), *parts, strict=True):
        np.testing.assert_array_equal(np.concatenate(some), whole)
    ahead = data.DataLoader(x, 4, rng=1, workers=1).shard(2, 3)
    for mine, theirs in zip(parts[2], ahead, strict=True):  # the second epoch here, the first one there
        assert mine.shape == theirs.shape
    small = data.DataLoader([np.ones((2, 2), np.float32)] * 5, 4, shuffle=False).shard(1, 2)
    assert [x.shape for x in small] == [(2, 2, 2), (0, 2, 2)]  # an array without rows has a shape, too
    with pytest.raises(ValueError, match="shard takes a loader of whole batches, not one of part 1 of 2"):
        small.shard(0, 2)
    with pytest.raises(ValueError, match="rank must be at most 1, not 2"):
        data.DataLoader(x, 4).shard(2, 2)


def test_a_watcher_may_walk_along():
    """It goes on when the function of a node has been differentiated, and watchers nest. `grad` is no such pass."""

    class Along(Watcher):
        def __init__(self):
            self.seen = []

        def walk(self, nodes, gradients):
            for node in super().walk(nodes, gradients):
                yield node
                self.seen.append((type(node.creator).__name__, x.node in gradients))

    x, outer, inner = Variable([1.0, 2.0]), Along(), Along()
    y = (x * 3).sum()
    with watching(outer), watching(inner):
        y.backward(keep_graph=True)
        ag.grad(y, x)
    assert outer.seen == inner.seen
    assert outer.seen[-1] == ("Mul", True)
    assert [there for _, there in outer.seen].count(True) == 1
    np.testing.assert_array_equal(x.grad.data, [3, 3])


class Two(Group):
    """A group of two, of which the other one has nothing."""

    size = 2


def test_a_captured_step_sends_nothing():
    """In one process there is nothing to send. The message is in our words."""
    x = np.ones((5, 4), np.float32)
    for group in (Group(), Two()):
        model = L.Linear(3, 4, rng=0)
        averaging = group.averaging(model)

        def step(x):
            loss = (model(x) ** 2).mean()
            with averaging(samples=len(x)):
                loss.backward()
            return loss

        captured = ag.capture(step)
        captured(x)
        if group.size == 1:
            assert captured(x).item() == captured(x).item()
        else:
            with pytest.raises(RuntimeError, match="averaging takes no captured step"):
                captured(x)


class Recorded:
    """Stands in for what CuPy has of CUDA and of NCCL: it notes what it is told, and in which order."""

    NCCL_FLOAT32, NCCL_SUM, available = 7, 0, True

    def __init__(self):
        self.told = []
        self.ptr, self.done = 42, True

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args, **options):
            self.told.append((name, *args))
            return self

        return call

    @property
    def data(self):
        return self

    nbytes, size, dtype = 12, 3, np.dtype(np.float32)


def test_sums_on_a_gpu_are_put_in_order(monkeypatch):
    """The calls of NCCL, as far as they can be seen without it: behind the current stream, in front of the next."""
    cuda, nccl_module = Recorded(), Recorded()
    monkeypatch.setattr(nccl, "cupy", lambda: type("cupy", (), {"cuda": cuda}))
    monkeypatch.setattr(nccl, "import_module", lambda name: nccl_module)
    x = Recorded()
    pending = nccl.NCCL(Group()).begin_sum(x)
    pending.wait()
    assert pending.test()
    assert nccl_module.told[1] == ("NcclCommunicator", 1, nccl_module, 0)
    assert nccl_module.told[2] == ("allReduce", 42, 42, 3, 7, 0, 42)
    assert [name for name, *_ in cuda.told] == [
        *("Stream", "get_current_stream", "record", "wait_event", "record"),
        *("get_current_stream", "wait_event"),
    ]
    nccl_module.available = False
    with pytest.raises(RuntimeError, match="needs NCCL: pip install nvidia-nccl-cu12"):
        nccl.NCCL(Group())
