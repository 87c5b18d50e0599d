"""Worker processes: the same batches as without, in order, and no process is left however it ends."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

import autograd as ag
from autograd.data import DataLoader, SequenceLoader, transforms, workers

N = 23
X = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
T = np.arange(N)

METHODS = [method for method in ("fork", "spawn") if method in multiprocessing.get_all_start_methods()]
# From Python 3.12 on a fork beside threads is warned of, and NumPy has threads.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
    pytest.mark.standin_exempt("starts processes"),
]


def noisy(x, rng):
    return x + rng.random(x.shape, np.float32)


class Computed:
    """Samples from the global generators of NumPy and Python, and the process that made them."""

    def __len__(self):
        return N

    def __getitem__(self, row):
        return np.float32([row, np.random.random(), random.random(), ag.generator().random()]), os.getpid()


class Failing:
    """Fails at row 7: with an error, or as `how` says."""

    def __init__(self, how):
        self.how = how

    def __len__(self):
        return N

    def __getitem__(self, row):
        if row == 7:
            self.how()
        return np.float32(row)


class Unportable(Exception):
    """An error that pickle can write, but not read."""

    def __init__(self, a, b):
        super().__init__(a)


def broken():
    raise OSError(5, "the disk is gone")


def unportable():
    raise Unportable(1, 2)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def slow():
    time.sleep(1000)


def none_is_left():
    """No process of ours; those that joblib keeps for its next search may be there."""
    return all("Loky" in child.name for child in multiprocessing.active_children())


def equal(first, second):
    """Do two loops give the same batches?"""
    pairs = list(zip(first, second, strict=True))
    return all(np.array_equal(x, y) and np.array_equal(t, u) for (x, t), (y, u) in pairs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 2])
def test_the_batches_do_not_depend_on_the_number_of_workers(method, count):
    alone = DataLoader((X, T), 4, transform=noisy, rng=5)
    loader = DataLoader((X, T), 4, transform=noisy, rng=5, workers=count, start_method=method)
    for _ in range(1 if method == "spawn" else 3):
        assert equal(loader, alone)
        assert none_is_left()


def test_more_workers_than_batches_and_arrays_of_any_kind():
    sizes = (np.zeros((N, 0)), np.asfortranarray(X), T > 3, np.array(["a"] * N))
    for got, expected in zip(DataLoader(sizes, 10, workers=9, start_method="fork"), DataLoader(sizes, 10), strict=True):
        assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(got, expected, strict=True))
        got[1][:] = 0  # memory of its own
    words = [np.arange(n) for n in range(1, 12)]
    options = {"targets": np.arange(11), "rng": 1}
    batches = SequenceLoader(words, 3, **options)
    batches.workers, batches.start_method = 2, "fork"
    for got, expected in zip(batches, SequenceLoader(words, 3, **options), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))


def test_the_global_generators_of_workers_are_seeded_by_batch():
    """Copies of one state would give all workers the same numbers."""
    epochs = []
    for count in (1, 3):
        loader = DataLoader(Computed(), 2, workers=count, start_method="fork")
        batches = list(loader)
        assert len({pid for _, pids in batches for pid in pids}) == count
        epochs.append(np.concatenate([x for x, _ in batches]))
    assert np.array_equal(*epochs)
    assert [len({*numbers}) for numbers in epochs[0].T] == [N] * 4


def test_going_on_after_any_batch():
    def new(rng, count):
        return DataLoader((X, T), 5, transform=noisy, rng=rng, workers=count, start_method="fork")

    whole = [x for x, _ in new(3, 0)]
    for stop in (1, 4):
        loader = new(3, 2)
        for k, _ in enumerate(loader, 1):
            if k == stop:
                break
        resumed = new(9, 2)
        resumed.load_state_dict(json.loads(json.dumps(loader.state_dict())))
        assert np.array_equal(np.concatenate([x for x, _ in resumed]), np.concatenate(whole[stop:]))


# How it ends


@pytest.mark.parametrize(
    "how, error, message",
    [
        (broken, OSError, "the disk is gone"),
        (unportable, RuntimeError, "Unportable: 1"),
        (killed, RuntimeError, "worker 1 of the DataLoader died, exit code -9"),
        (sys.exit, RuntimeError, "worker 1 of the DataLoader died, exit code 0"),
    ],
)
def test_an_error_in_a_worker_is_raised_at_its_batch(how, error, message):
    loader = DataLoader(Failing(how), 2, shuffle=False, workers=2, start_method="fork")
    got = []
    with pytest.raises(error, match=message) as info:
        got.extend(x.tolist() for x in loader)
    assert got == [[0, 1], [2, 3], [4, 5]]
    assert loader.state_dict()["position"] == 3
    assert none_is_left()
    if how in (broken, unportable):
        assert "in worker 1 of the DataLoader:\nTraceback" in str(info.value.__cause__)
        assert f"in {how.__name__}\n" in str(info.value.__cause__)


def test_a_break_ends_the_workers_even_while_they_work():
    loader = DataLoader(Failing(slow), 2, shuffle=False, workers=2, start_method="fork")
    start = time.monotonic()
    for _ in loader:
        assert multiprocessing.active_children()  # one of the two waits in row 7
        break
    assert none_is_left()
    assert time.monotonic() - start < 20
    iterator = iter(loader)
    next(iterator)
    del iterator
    assert none_is_left()


def test_an_error_in_the_loop_ends_the_workers():
    with pytest.raises(ZeroDivisionError):
        any(1 / 0 for _ in DataLoader((X, T), 2, workers=2, start_method="fork"))
    assert none_is_left()


def test_what_pickle_refuses_is_said():
    loader = DataLoader((X, T), 4, transform=lambda x: x, workers=1, start_method="spawn")
    with pytest.raises(TypeError, match="must be fit for pickle with workers started by spawn"):
        next(iter(loader))
    assert none_is_left()


def test_a_worker_has_no_workers(monkeypatch):
    class Daemon:
        daemon = True

    monkeypatch.setattr(workers.multiprocessing, "current_process", Daemon)
    with pytest.raises(RuntimeError, match="workers must be 0 in a worker process"):
        next(iter(DataLoader((X, T), 4, workers=1)))


SCRIPT = """
import multiprocessing, os, signal, sys, time
import numpy as np
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin without it
from autograd.data import DataLoader

class Slow:
    def __len__(self): return 100
    def __getitem__(self, row):
        time.sleep(1000 if row > 20 else 0)
        return np.float32(row)

if __name__ == "__main__":
    loader = DataLoader(Slow(), 4, shuffle=False, workers=2, start_method=sys.argv[1])
    for k, _ in enumerate(loader):
        if k == 3:
            print(*[p.pid for p in multiprocessing.active_children()], flush=True)
"""


def gone(pid):
    """Is there no such process, or only what is left of one that nobody waits for?"""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_the_main_process(tmp_path, method, way):
    """Ctrl-C reaches the whole group, as from a terminal, and one traceback is printed: that of the main process."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "error", str(tmp_path / "script.py"), method]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 2
        time.sleep(0.2)
        os.killpg(process.pid, way) if way == signal.SIGINT else process.send_signal(way)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    deadline = time.monotonic() + 20
    while not all(map(gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(map(gone, pids))
    if way == signal.SIGINT:
        assert process.returncode != 0
        assert errors.count("Traceback") == 1
        assert errors.rstrip().endswith("KeyboardInterrupt")
    else:
        assert process.returncode == -way
        assert "Traceback" not in errors


RNG = np.random.default_rng(0)


class Noisy:
    """A data set, a transform and a collate with a generator of its own, as a user may write it."""

    def __init__(self, rng):
        self.rng = rng

    def __len__(self):
        return N

    def __getitem__(self, row):
        return np.float32([row, self.rng.random()])

    def __call__(self, x):
        return x


class Reaching(Noisy):
    """Its generator is that of the module."""

    def __init__(self):
        pass

    def __getitem__(self, row):
        return np.float32([row, RNG.random()])


def closed(rng):
    def noise(x):
        return x + rng.random()

    return noise


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState, random.Random])
def test_a_generator_of_an_object_or_around_a_function_is_refused(kind):
    own = kind(0)
    for f in (Noisy(own), Noisy(own).__call__, closed(own), lambda x, own=own: x, partial(closed(own)), own.random):
        with pytest.raises(ValueError, match="workers must be 0 for a transform with a generator of its own"):
            DataLoader(X, 4, transform=f, workers=2)
        DataLoader(X, 4, transform=f)
    with pytest.raises(ValueError, match="workers must be 0 for a collate with a generator of its own"):
        DataLoader(X, 4, collate=Noisy(own), workers=2)
    for given in (Noisy(own), (Noisy(own), T), Reaching()):
        with pytest.raises(
            ValueError, match="for data with a generator of its own.*: draw from np.random, which is seed"
        ):
            DataLoader(given, 4, workers=2)
    DataLoader(Computed(), 4, transform=abs, workers=2, rng=np.random.default_rng(0))


class Deep:
    """Its generator lies deeper: in a part, a dict, a slot, a list, or what a helper loads."""

    __slots__ = ("parts",)

    def __init__(self, *parts):
        self.parts = parts

    def __len__(self):
        return N

    def __getitem__(self, row):
        return np.float32([row])


class Helped(Deep):
    def __getitem__(self, row):
        return self.helper(row)

    def helper(self, row):
        return np.float32([helper() for _ in range(1)])


HELD = {"rng": RNG}


def helper():
    return next(HELD["rng"].random() for _ in range(1))


def test_a_generator_at_any_depth_is_refused():
    own = np.random.default_rng(0)
    for data in (Deep(Noisy(own)), Deep({"rng": [own]}), Deep(own.normal), Deep(Deep(closed(own))), Helped()):
        with pytest.raises(ValueError, match="data with a generator of its own"):
            DataLoader(data, 4, workers=2)
    for f in (Deep(own), lambda x: helper() + x, partial(abs, Deep(own))):
        g = f if callable(f) else f.__getitem__
        with pytest.raises(ValueError, match="a transform with a generator of its own"):
            DataLoader(X, 4, transform=g, workers=2)
    long = [*range(100_000)]
    DataLoader(Deep(long, {i: i for i in long}, "text", np.zeros(3)), 4, workers=2)


@pytest.mark.parametrize("within", [False, True], ids=["alone", "composed"])
def test_a_generator_of_ones_own_is_refused(within):
    """Each process would have a copy of it, which begins anew in each epoch."""
    flip = partial(transforms.random_flip, rng=np.random.default_rng(0))
    flip = transforms.compose(transforms.flip, flip) if within else flip
    images = np.ones((8, 1, 4, 4), np.float32)
    with pytest.raises(ValueError, match="leave its rng unset"):
        DataLoader(images, 4, transform=flip, workers=2)
    DataLoader(images, 4, transform=flip)
