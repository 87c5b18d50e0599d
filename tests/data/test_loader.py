import gc
import json
import types
import weakref

import numpy as np
import pytest

from autograd import backend
from autograd.data import DataLoader
from autograd.data import loader as loader_module

N = 23
X = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
T = np.arange(N)


def rows(epoch):
    """The labels of an epoch, batch by batch: the labels are the numbers of the rows."""
    return [t.tolist() for _, t in epoch]


def flat(epoch):
    return [row for batch in rows(epoch) for row in batch]


class Squares:
    """A data set that is computed: an array, a label, a float."""

    def __init__(self, length=N):
        self.length = length
        self.asked = []

    def __len__(self):
        return self.length

    def __getitem__(self, row):
        assert type(row) is int
        self.asked.append(row)
        return np.full((2, 2), row**2, np.float32), row, row / 2


# An epoch


@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 24, 1000])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_has_every_row_once(batch_size, drop_last, shuffle):
    if drop_last and batch_size > N:
        pytest.skip("there is no batch then")
    loader = DataLoader((X, T), batch_size, shuffle=shuffle, drop_last=drop_last)
    for _ in range(3):
        batches = list(loader)
        sizes = [len(t) for _, t in batches]
        kept = N // batch_size * batch_size if drop_last else N
        assert len(batches) == len(loader)
        assert sum(sizes) == kept
        assert all(size == batch_size for size in sizes[: len(sizes) if drop_last else -1])
        order = flat(batches)
        assert len({*order}) == kept
        if shuffle and kept > 1:
            assert order != sorted(order)
        elif not shuffle:
            assert order == [*range(kept)]
        for x, t in batches:
            assert x.dtype == np.float32
            assert np.array_equal(x, X[t])


def test_batches_are_tuples_of_copies():
    x, t = X.copy(), T.copy()
    for shuffle in (True, False):
        for batch in DataLoader((x, t), 8, shuffle=shuffle):
            assert type(batch) is tuple
            for array in batch:
                assert type(array) is np.ndarray
                array[:] = -1
    assert np.array_equal(x, X)
    assert np.array_equal(t, T)


def test_the_order_is_different_in_each_epoch_and_the_same_for_a_seed():
    first, second = DataLoader((X, T), 5, rng=3), DataLoader((X, T), 5, rng=3)
    epochs = [flat(first) for _ in range(4)]
    assert epochs == [flat(second) for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert epochs[0] != flat(DataLoader((X, T), 5, rng=4))


def test_every_row_comes_everywhere():
    """Over many epochs the mean position of each row is the middle."""
    loader = DataLoader((X, T), N, rng=1)
    places = np.mean([np.argsort(flat(loader)) for _ in range(2000)], axis=0)
    assert np.all(abs(places - (N - 1) / 2) < 5 * (N / np.sqrt(12)) / np.sqrt(2000))


def test_generators_and_seeds():
    assert flat(DataLoader((X, T), 5)) == flat(DataLoader((X, T), 5, rng=0))
    assert flat(DataLoader((X, T), 5, rng=np.int64(7))) == flat(DataLoader((X, T), 5, rng=np.random.default_rng(7)))
    assert flat(DataLoader((X, T), 5, rng=None)) != flat(DataLoader((X, T), 5, rng=None))
    rng = np.random.default_rng(1)
    before = np.random.get_state()[1].tolist()
    assert flat(DataLoader((X, T), 5, rng=rng)) != flat(DataLoader((X, T), 5, rng=rng))
    assert np.random.get_state()[1].tolist() == before


def test_leaving_an_epoch_and_beginning_the_next():
    loader = DataLoader((X, T), 4, rng=2)
    reference = DataLoader((X, T), 4, rng=2)
    expected = [rows(reference) for _ in range(3)]
    for k, (_, t) in enumerate(loader):
        assert t.tolist() == expected[0][k]
        if k == 2:
            break
    assert rows(loader) == expected[1]  # whole, from its beginning, in the next order
    assert rows(loader) == expected[2]


def test_two_epochs_at_a_time_are_independent():
    loader = DataLoader((X, T), 4, rng=2)
    pairs = [(a[1].tolist(), b[1].tolist()) for a, b in zip(loader, loader, strict=True)]
    left, right = (np.concatenate(side).tolist() for side in zip(*pairs, strict=True))
    assert sorted(left) == sorted(right) == [*range(N)]
    assert left != right
    unused = iter(loader)  # an iterator that nothing is taken from changes nothing
    state = loader.state_dict()
    assert state == loader.state_dict()
    del unused


def test_the_state_is_that_of_the_epoch_begun_last():
    loader = DataLoader((X, T), 4, rng=2)
    older, newer = iter(loader), iter(loader)
    next(older), next(newer)
    list(older)  # its end is not the newer one's
    again = DataLoader((X, T), 4)
    again.load_state_dict(loader.state_dict())
    assert rows(again) == rows(newer)


def test_nested_loops_over_one_loader():
    loader = DataLoader((T,), 10)
    assert sum(1 for _ in loader for _ in loader) == 9


def test_a_left_epoch_holds_no_memory():
    class Tracked(Squares):
        pass

    dataset = Tracked()
    alive = weakref.ref(dataset)
    gc.disable()
    try:
        loader = DataLoader(dataset, 4)
        for _ in loader:
            break
        del loader, dataset
        assert alive() is None
    finally:
        gc.enable()


# Kinds of data


def test_one_array_gives_arrays():
    batches = list(DataLoader(X, 10, shuffle=False))
    assert [batch.shape for batch in batches] == [(10, 3), (10, 3), (3, 3)]
    assert np.array_equal(np.concatenate(batches), X)


def test_a_tuple_of_one_array_gives_tuples_of_one():
    assert all(len(batch) == 1 for batch in DataLoader((X,), 10))


@pytest.mark.parametrize("array", [X.T[0], X[::-1], np.asfortranarray(X), X.reshape(N, 1, 3, 1), X > 3, X[:, :0]])
def test_any_layout_dtype_and_number_of_axes(array):
    for x, t in DataLoader((array, T), 5):
        assert x.dtype == array.dtype
        assert np.array_equal(x, array[t])


def test_a_memory_map_is_read_as_an_array(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    for batch, t in DataLoader((x, T), 5):
        assert np.array_equal(batch, X[t])
        batch[:] = 0  # a copy: the file is not to be written


def test_a_dataset_is_asked_for_its_rows_and_the_samples_are_stacked():
    dataset = Squares()
    loader = DataLoader(dataset, 5, rng=9)
    seen = []
    for x, t, half in loader:
        assert (x.dtype, t.dtype, half.dtype) == (np.float32, np.int64, np.float32)
        assert x.shape == (len(t), 2, 2)
        assert np.array_equal(x[:, 0, 1], t**2)
        assert np.array_equal(half, t / 2)
        seen += t.tolist()
    assert seen == dataset.asked == flat(DataLoader((X, T), 5, rng=9))


def test_a_list_is_rows():
    pairs = [(np.float32([i, -i]), i) for i in range(5)]
    x, t = next(iter(DataLoader(pairs, 5, shuffle=False)))
    assert x.tolist() == [[i, -i] for i in range(5)]
    assert t.tolist() == [*range(5)]
    (images,) = DataLoader([np.ones((2, 2)), np.zeros((2, 2))], 2)
    assert images.shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], np.int64),
        ([True, False], np.bool_),
        ([1.5, 2], np.float32),
        ([np.float64(1.5), np.float64(2)], np.float64),
        ([np.float32(1.5), np.float32(2)], np.float32),
        ([np.uint8(1), np.uint8(2)], np.uint8),
        ([np.array(1.5), np.array(2.0)], np.float64),
    ],
)
def test_numbers_as_samples(values, dtype):
    batch = next(iter(DataLoader(values, 2, shuffle=False)))
    assert batch.dtype == dtype
    assert batch.tolist() == values


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([np.ones(2), np.ones(3)], ValueError, r"must have one shape, not \[\(2,\), \(3,\)\]"),
        ([(1, 2), (1, 2, 3)], ValueError, "tuples of one length"),
        ([(1,), 1], ValueError, "tuples of one length"),
        (["a", "b"], TypeError, "must be an array, a number, or a tuple or dict of these, not 'a'"),
        ([[1, 2], [3, 4]], TypeError, r"not \[1, 2\]"),
        ([{"x": 1}, {"y": 2}], ValueError, "dicts of one set of keys"),
    ],
)
def test_samples_that_make_no_batch(data, error, message):
    with pytest.raises(error, match=message):
        next(iter(DataLoader(data, 2, shuffle=False)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: DataLoader((X, T[:-1]), 4),
            ValueError,
            r"equal length, not shapes \[\(23, 3\), \(22,\)\]",
        ),
        (
            lambda: DataLoader((X, {0, 1, 2}), 4),
            TypeError,
            r"data\[1\] must be an array with rows, or .*, not {0, 1, 2",
        ),
        (lambda: DataLoader((X, "text"), 4), TypeError, r"data\[1\] must be .*, not 'text'"),
        (lambda: DataLoader((X, np.array(3)), 4), TypeError, r"data\[1\] must be .* not array\(3\)"),
        (lambda: DataLoader(np.array(3), 4), TypeError, "an array with rows"),
        (lambda: DataLoader((), 4), ValueError, "equal length"),
        (lambda: DataLoader(iter([1, 2]), 4), TypeError, "takes arrays, .* not list_iterator: give list"),
        (lambda: DataLoader({}, 4), ValueError, "equal length"),
        (lambda: DataLoader({"x": X, "t": T[1:]}, 4), ValueError, "equal length"),
        (lambda: DataLoader({"x": X, "t": 3}, 4), TypeError, r"data\['t'\] must be an array with rows"),
        (
            lambda: DataLoader([X, X], 4),
            ValueError,
            r"a tuple, \(x, t\), not a list of 2 arrays of equal length",
        ),
        (lambda: DataLoader([X, T, T], 4), ValueError, r"must be a tuple, \(x, t\), not a list of 3 arrays"),
        (lambda: DataLoader((np.ma.array(T, mask=T > 3),), 4), TypeError, r"data\[0\] must be no masked array"),
        (lambda: DataLoader(X, 4, dtype=int), TypeError, "dtype must be floating-point"),
        (lambda: DataLoader(X, 4, transform=3), TypeError, "transform must be a function, not 3"),
        (lambda: DataLoader(X, 4, collate="x"), TypeError, "collate must be a function, not 'x'"),
        (lambda: DataLoader(X, 4, sampler=[1, 2]), TypeError, "sampler must have a length and be a function"),
        (lambda: DataLoader(X, 4, workers=-1), ValueError, "workers must be at least 0"),
        (lambda: DataLoader(X, 4, start_method="thread"), ValueError, "start_method must be one of 'fork'"),
        (lambda: DataLoader("text", 4), TypeError, "not str"),
        (lambda: DataLoader(7, 4), TypeError, "not int"),
        (lambda: DataLoader((X, T), 0), ValueError, "batch_size must be at least 1, not 0"),
        (lambda: DataLoader((X, T), -3), ValueError, "batch_size must be at least 1, not -3"),
        (lambda: DataLoader((X, T), 2.0), TypeError, "batch_size must be a whole number, not 2.0"),
        (lambda: DataLoader((X, T), True), TypeError, "batch_size must be a whole number, not True"),
        (lambda: DataLoader((X, T), 4, shuffle=1), TypeError, "shuffle must be True or False, not 1"),
        (lambda: DataLoader((X, T), 4, drop_last=None), TypeError, "drop_last must be True or False, not None"),
        (lambda: DataLoader((X, T), 4, rng="0"), TypeError, "rng.* not '0'"),
        (lambda: DataLoader((X, T), 4, rng=True), TypeError, "rng.* not True"),
        (lambda: DataLoader((X, T), 4, rng=np.random.RandomState(0)), TypeError, "rng, if not a Generator"),
        (lambda: DataLoader((X, T), 4, rng=-1), ValueError, "at least 0"),
        (
            lambda: DataLoader((X, T), 4, device="cuda"),
            ValueError,
            "device must be one of 'cpu', 'gpu', None, not 'cuda'",
        ),
        (lambda: DataLoader((X[:0],), 4), ValueError, r"len\(data\) with drop_last=False must be at least 1, not 0"),
        (lambda: DataLoader([], 4), ValueError, r"len\(data\) with drop_last=False must be at least 1, not 0"),
        (
            lambda: DataLoader((X, T), 24, drop_last=True),
            ValueError,
            r"len\(data\) with drop_last=True must be at least 24, not 23",
        ),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("options", "ours"),
    [
        ({"num_workers": 2}, "it is workers= here"),
        ({"collate_fn": list}, "it is collate= here"),
        ({"weights": [1]}, "it is sampler= here"),
        ({"batches": 2}, "it takes data, batch_size, shuffle"),
    ],
)
def test_words_of_other_loaders_lead_to_ours(options, ours):
    with pytest.raises(TypeError, match=f"DataLoader has no argument {next(iter(options))}=.*{ours}"):
        DataLoader(X, 4, **options)


# Going on in the middle


def consume(loader, count):
    """`count` batches over epoch after epoch, as (epoch, rows), and the state after the last of them."""
    got = []
    while True:
        epoch = loader.epoch
        for _, t in loader:
            got.append((epoch, t.tolist()))
            if len(got) == count:
                return got, loader.state_dict()


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_going_on_after_any_batch_is_as_if_never_stopped(shuffle, drop_last):
    def new(rng):
        return DataLoader((X, T), 5, shuffle=shuffle, drop_last=drop_last, rng=rng)

    whole, _ = consume(new(11), 18)
    for count in range(1, 17):
        got, state = consume(new(11), count)
        resumed = new(99)
        resumed.load_state_dict(json.loads(json.dumps(state)))
        rest, _ = consume(resumed, 18 - count)
        assert got + rest == whole


def test_state_before_and_between_epochs():
    loader = DataLoader((X, T), 5, rng=1)
    for number in range(3):
        assert loader.epoch == number
        state = json.loads(json.dumps(loader.state_dict()))
        epoch = rows(loader)
        again = DataLoader((X, T), 5, rng=5)
        again.load_state_dict(state)
        assert again.epoch == number
        assert again.state_dict() == state
        assert rows(again) == epoch
        assert again.state_dict() == loader.state_dict()


def test_at_the_last_batch_the_epoch_has_yet_to_end():
    loader = DataLoader((X, T), 5, rng=1)
    for _ in loader:
        state = loader.state_dict()
    again = DataLoader((X, T), 5, rng=1)
    again.load_state_dict(state)
    assert (again.epoch, rows(again)) == (0, [])
    assert (again.epoch, rows(again)) == (1, rows(loader))


def test_a_state_is_a_snapshot():
    loader = DataLoader((X, T), 5)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    text = json.dumps(state)
    list(iterator)
    list(loader)
    assert json.dumps(state) == text


def test_loading_a_state_into_the_same_loader_goes_back():
    loader = DataLoader((X, T), 5, rng=1)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    rest, following = rows(iterator), rows(loader)
    for _ in range(2):
        loader.load_state_dict(state)
        assert rows(loader) == rest
        assert rows(loader) == following


def test_a_generator_that_others_use_too_is_where_it_was():
    """Between the beginning of the epoch and the state, someone else drew from it."""
    rng = np.random.default_rng(4)
    loader = DataLoader((X, T), 5, rng=rng)
    iterator = iter(loader)
    next(iterator)
    rng.random(7)
    state = loader.state_dict()
    expected = rows(iterator), rng.random(), rows(loader)
    other = np.random.default_rng(5)
    again = DataLoader((X, T), 5, rng=other)
    again.load_state_dict(state)
    assert (rows(again), other.random(), rows(again)) == expected


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_kind_of_generator_survives_json(bits):
    kind = getattr(np.random, bits)
    loader = DataLoader((X, T), 5, rng=np.random.Generator(kind(3)))
    iterator = iter(loader)
    next(iterator)
    state = json.loads(json.dumps(loader.state_dict()))
    again = DataLoader((X, T), 5, rng=np.random.Generator(kind(4)))
    again.load_state_dict(state)
    assert rows(again) == rows(iterator)
    assert rows(again) == rows(loader)


def test_a_dataset_that_fails_can_be_asked_again():
    """The position counts batches that were handed out, not those that were tried."""

    class Flaky(Squares):
        broken = True

        def __getitem__(self, row):
            if row == 7 and self.broken:
                raise OSError("the disk is gone")
            return super().__getitem__(row)

    dataset = Flaky()
    loader = DataLoader(dataset, 5, rng=1)
    got = []
    with pytest.raises(OSError, match="the disk is gone"):
        got.extend(row for _, t, _ in loader for row in t.tolist())
    state = loader.state_dict()
    dataset.broken = False
    loader.load_state_dict(state)
    for _, t, _ in loader:
        got += t.tolist()
    assert sorted(got) == [*range(N)]


def state(**changes):
    return {**DataLoader((X, T), 5).state_dict(), **changes}


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({}, ValueError, "'length': None"),
        (state(length=24), ValueError, "a loader with .*'length': 23.* not .*'length': 24"),
        (state(batch_size=6), ValueError, "'batch_size': 6"),
        (state(shuffle=False), ValueError, "'shuffle': False"),
        (state(drop_last=True), ValueError, "'drop_last': True"),
        (state(epoch=-1), ValueError, "epoch must be at least 0, not -1"),
        (state(epoch=None), TypeError, "epoch must be a whole number, not None"),
        (state(position="3"), TypeError, "position must be a whole number, not '3'"),
        (state(position=6), ValueError, "position must be at most 5, not 6"),
        (state(rng=None), ValueError, "rng must be that of a PCG64 generator, not "),
        (state(rng={"bit_generator": "PCG64"}), ValueError, "rng must be that of a PCG64 generator, not "),
        (state(origin={}), ValueError, "rng must be that of a PCG64 generator, not "),
        (
            state(rng=loader_module.as_json(np.random.MT19937(0).state)),
            ValueError,
            "must be that of a PCG64 generator, not ",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(wrong, error, message):
    loader, reference = DataLoader((X, T), 5), DataLoader((X, T), 5)
    next(iter(loader)), next(iter(reference))
    with pytest.raises(error, match=message):
        loader.load_state_dict(wrong)
    assert loader.state_dict() == reference.state_dict()
    assert rows(loader) == rows(reference)


# Devices


class Foreign:
    """An array of another module that, like CuPy's, mixes neither with NumPy's nor with its functions."""

    def __init__(self, array):
        self.array = array

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)

    def __len__(self):
        return len(self.array)

    def __getitem__(self, item):
        if isinstance(item, np.ndarray):
            raise TypeError("a NumPy array as the index of a foreign one")
        return Foreign(self.array[item.array if isinstance(item, Foreign) else item])

    def take(self, indices, axis=None):
        if not isinstance(indices, Foreign):
            raise TypeError(f"the indices are of type {type(indices).__name__}")
        return Foreign(self.array.take(indices.array, axis=axis))

    def __array__(self, *args, **kwargs):
        raise TypeError("implicit conversion to a NumPy array")

    __array_function__ = __array_ufunc__ = None


@pytest.fixture
def foreign(monkeypatch):
    """The stand-in's module: asarray counts what is transferred."""
    module = types.ModuleType("foreign")
    module.transfers = 0

    def asarray(array):
        module.transfers += 1
        return array if isinstance(array, Foreign) else Foreign(np.asarray(array))

    def stack(arrays):
        return Foreign(np.stack([array.array for array in arrays]))

    module.asarray, module.stack, module.ndarray = asarray, stack, Foreign
    monkeypatch.setitem(backend.MODULES, Foreign, module)
    monkeypatch.setitem(backend.NAMESPACES, Foreign, module)
    return module


@pytest.mark.parametrize("shuffle", [True, False])
def test_foreign_arrays_are_indexed_by_their_own_kind(foreign, shuffle):
    loader = DataLoader((Foreign(X), Foreign(T)), 5, rng=3, shuffle=shuffle)
    reference = DataLoader((X, T), 5, rng=3, shuffle=shuffle)
    for (x, t), (x_numpy, t_numpy) in zip(loader, reference, strict=True):
        assert type(x) is type(t) is Foreign
        assert np.array_equal(x.array, x_numpy)
        assert np.array_equal(t.array, t_numpy)
    assert foreign.transfers == 2  # one for each array in the epoch, not one for each batch


def test_arrays_of_two_kinds_stay_where_they_are(foreign):
    for x, t in DataLoader((Foreign(X), T), 5):
        assert type(t) is np.ndarray
        assert np.array_equal(x.array, X[t])


def test_foreign_samples_are_stacked_by_their_own_module(foreign):
    samples = [(Foreign(x), i) for i, x in enumerate(X)]
    for x, t in DataLoader(samples, 5):
        assert np.array_equal(x.array, X[t])


@pytest.mark.parametrize("data", [(X, T), X, Squares(), [*X]])
def test_batches_are_moved_to_the_device(monkeypatch, data):
    moved = []

    def to_device(array, device):
        moved.append(device)
        return Foreign(array)

    monkeypatch.setattr(loader_module, "to_device", to_device)
    batches = list(DataLoader(data, 10, device="gpu"))
    arrays = [array for batch in batches for array in (batch if isinstance(batch, tuple) else (batch,))]
    assert {type(array) for array in arrays} == {Foreign}
    assert moved == ["gpu"] * len(arrays)


def test_device_cpu_gives_numpy_arrays():
    for x, t in DataLoader((X, T), 5, device="cpu"):
        assert type(x) is type(t) is np.ndarray


@pytest.mark.skipif(backend.gpu_available(), reason="there is a GPU")
def test_without_a_gpu_the_error_says_so():
    with pytest.raises(RuntimeError, match="GPU"):
        next(iter(DataLoader((X, T), 5, device="gpu")))


@pytest.mark.skipif(not backend.gpu_available(), reason="there is no GPU")
def test_on_a_gpu():
    x_gpu, t_gpu = (backend.to_device(array, "gpu") for array in (X, T))
    for data, device in [((X, T), "gpu"), ((x_gpu, t_gpu), None), ((x_gpu, t_gpu), "cpu")]:
        for x, t in DataLoader(data, 5, device=device):
            assert (backend.namespace(x) is np) == (device == "cpu")
            assert np.array_equal(backend.to_numpy(x), X[backend.to_numpy(t)])
