"""Kinds of data, and what is done with samples on the way into a batch."""

import collections
import json
import pickle
from functools import partial

import numpy as np
import pytest
from scipy import sparse

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import training
from autograd.data import DataLoader, WeightedSampler, padded, stacked, transforms

N = 23
X = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
T = np.arange(N)


def plain(data, **options):
    """The only epoch of a loader in order, as one batch."""
    (batch,) = DataLoader(data, 1000, shuffle=False, **options)
    return batch


# Kinds


class Frame:
    """As much of a frame of pandas as counts: columns of several dtypes."""

    def __init__(self, columns):
        self.frame, self.columns = columns, [*columns]

    def __len__(self):
        return len(self.frame[self.columns[0]])

    def __getitem__(self, name):
        return Series(self.frame[name])

    def __array__(self, dtype=None, copy=None):
        return self.to_numpy()

    def to_numpy(self):
        kinds = {np.asarray(column).dtype for column in self.frame.values()}
        dtype = kinds.pop() if len(kinds) == 1 else object
        return np.stack([np.asarray(column).astype(dtype) for column in self.frame.values()], axis=1)


class Series:
    def __init__(self, values):
        self.values = np.asarray(values)
        self.dtype, self.shape = self.values.dtype, self.values.shape

    def __len__(self):
        return len(self.values)

    def __getitem__(self, label):
        raise KeyError(label)

    def __array__(self, dtype=None, copy=None):
        return self.values

    def to_numpy(self):
        return self.values


def pandas_frame(columns):
    return pytest.importorskip("pandas", reason="frames of pandas").DataFrame(columns)


def pandas_series(values):
    return pytest.importorskip("pandas", reason="frames of pandas").Series(values, index=range(7, 7 + len(values)))


kinds_of_frames = pytest.mark.parametrize("frame, series", [(Frame, Series), (pandas_frame, pandas_series)])


@kinds_of_frames
def test_a_frame_and_a_series_are_columns(frame, series):
    x = frame({"a": X[:, 0], "b": X[:, 1]})
    got, t = plain((x, series(T)))
    assert (got.dtype, t.dtype) == (np.float32, np.int64)
    assert np.array_equal(got, X[:, :2])
    assert np.array_equal(t, T)
    assert np.array_equal(plain(x), X[:, :2])
    assert np.array_equal(plain(series(T)), T)
    mixed = plain(frame({"a": X[:, 0], "b": T, "c": T > 3}))
    assert np.array_equal(mixed, np.stack([X[:, 0], T, T > 3], axis=1))
    assert mixed.dtype == np.float64  # int64 beside float32
    assert plain(frame({"a": X[:, 0], "b": T}), dtype=np.float32).dtype == np.float32


@kinds_of_frames
def test_a_frame_with_words_names_the_column(frame, series):
    with pytest.raises(TypeError, match=r"data\['b'\] must hold numbers, and none missing, not (object|str|<U1)"):
        DataLoader(frame({"a": T, "b": ["x"] * N}), 4)
    with pytest.raises(TypeError, match=r"data\[1\] must hold numbers"):
        DataLoader((X, series(["x"] * N)), 4)


def test_dicts_of_columns_and_dicts_of_samples():
    batch = plain({"x": X, "t": T.tolist()})
    assert [*batch] == ["x", "t"]
    assert np.array_equal(batch["x"], X)
    assert batch["t"].dtype == np.int64
    nested = plain([{"x": (x, x[0]), "t": i} for i, x in enumerate(X)])
    assert np.array_equal(nested["x"][0], X)
    assert np.array_equal(nested["x"][1], X[:, 0])
    assert np.array_equal(nested["t"], T)


def test_lists_are_columns_inside_a_tuple():
    x, t, s = plain((X.tolist()[0:3], [1.5, 2, 3], [X[0], X[1], X[2]]), collate=list)[0]
    assert (x, t) == ([0.0, 1.0, 2.0], np.float32(1.5))
    assert np.array_equal(s, X[0])
    t, s = plain(([1.5, 2, 3], [X[0], X[1], X[2]]))
    assert t.dtype == np.float32
    assert np.array_equal(s, X[:3])


def test_sparse_matrices_stay_sparse_and_train():
    x, _ = plain((sparse.coo_array(X), T))
    assert sparse.issparse(x)
    assert np.array_equal(x.toarray(), X)
    model = L.Linear(4)
    assert np.allclose(model(x).data, model(X).data, rtol=1e-4, atol=1e-5)
    history = []
    for data in (X, sparse.csr_array(X)):
        model = L.Linear(3, rng=0)
        loader = DataLoader((data / X.max(), T % 3), 5)
        history.append(training.fit(model, F.softmax_cross_entropy, O.Adam(model), loader, epochs=3).loss)
    assert np.allclose(*history, rtol=1e-4)
    assert plain(sparse.csr_matrix(X)).shape == X.shape


def test_tensors_are_columns_and_samples():
    torch = pytest.importorskip("torch", reason="tensors of PyTorch")
    x, t = plain((torch.tensor(X), torch.tensor(T)))
    assert type(x) is type(t) is np.ndarray
    assert np.array_equal(x, X)
    assert np.array_equal(plain([torch.tensor(row) for row in X]), X)
    assert np.array_equal(plain([(torch.tensor(row), 1) for row in X])[0], X)
    with pytest.raises(TypeError, match=r"data\[0\] must be an array in memory, not Tensor: .*requires grad"):
        DataLoader((torch.ones(N, requires_grad=True), T), 4)
    with pytest.raises(ValueError, match=r"must be a tuple, \(x, t\), not a list"):
        DataLoader([torch.tensor(X), torch.tensor(X)], 4)


def test_arrays_in_a_file_are_read_row_by_row():
    """As in h5py: an object with `__array__` and rows is not read as a whole."""

    class File:
        def __len__(self):
            return N

        def __getitem__(self, row):
            return X[row]

        def __array__(self, dtype=None, copy=None):
            raise MemoryError("the whole file")

    assert np.array_equal(plain(File()), X)
    assert np.array_equal(plain((File(), T))[0], X)


def test_a_memory_map_stays_one(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    loader = DataLoader((x, T), 5)
    assert loader.columns.columns[0] is x
    again = pickle.loads(pickle.dumps(loader.columns))
    assert isinstance(again.columns[0], np.memmap)
    assert again.columns[0].filename == x.filename
    assert np.array_equal(again.columns[0], X)
    assert len(pickle.dumps(DataLoader((np.memmap(tmp_path / "big", np.uint8, "w+", shape=10**7),), 5))) < 10**5
    view = pickle.loads(pickle.dumps(DataLoader(x[3:], 50, shuffle=False)))
    assert np.array_equal(next(iter(view)), X[3:])  # a part of a map is sent as numbers
    np.save(tmp_path / "f.npy", np.asfortranarray(X))
    other = DataLoader(np.load(tmp_path / "f.npy", mmap_mode="r"), 50, shuffle=False)
    assert np.array_equal(next(iter(pickle.loads(pickle.dumps(other)))), X)


@pytest.mark.parametrize("transform", [None, abs])
def test_a_batch_of_a_memory_map_is_a_plain_array(tmp_path, transform):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    for batch, _ in DataLoader((x, T), 5, transform=transform):
        assert type(batch) is np.ndarray
    seen = []
    next(iter(DataLoader(x, 5, transform=lambda row: seen.append(type(row)) or row)))
    assert {*seen} == {np.ndarray}


def test_several_inputs_in_a_tuple_are_named():
    with pytest.raises(ValueError, match=r"data\[0\] is taken for a list of samples; several inputs are list\(zip\("):
        DataLoader(((X, X), T), 5)
    samples = DataLoader(list(zip(zip(X, -X), T)), 5, shuffle=False)
    (a, b), t = next(iter(samples))
    found = next(iter(DataLoader({"a": X, "b": -X, "t": T}, 5, shuffle=False)))
    for own in ((a, b, t), tuple(found.values())):
        assert all(np.array_equal(i, j[:5]) for i, j in zip(own, (X, -X, T)))
    assert np.array_equal(next(iter(DataLoader((tuple(X), T), N, shuffle=False)))[0], X)  # the samples are in a tuple


def test_images_in_a_list_are_samples():
    assert plain([np.ones((2, 2)), np.zeros((2, 2))]).shape == (2, 2, 2)
    assert plain([*X]).shape == (N, 3)


def test_namedtuples_and_nested_tuples_are_tuples():
    Pair = collections.namedtuple("Pair", "x t")
    x, (t, u) = plain([Pair(row, (i, i / 2)) for i, row in enumerate(X)])
    assert np.array_equal(x, X)
    assert np.array_equal(t, 2 * u)


def test_dtype_casts_what_is_floating_point():
    x, t = plain((X.astype(np.float64), T), dtype=np.float32)
    assert (x.dtype, t.dtype) == (np.float32, np.int64)
    batch = plain([{"x": np.float64(1.5), "t": 1}], dtype="float16")
    assert (batch["x"].dtype, batch["t"].dtype) == (np.float16, np.int64)


# float64 data and a float32 model


def test_float64_data_never_make_a_float32_model_wider():
    loader = DataLoader((X.astype(np.float64) / X.max(), T / N), 5)
    model = L.Sequential(L.Linear(4), F.tanh, L.BatchNorm(), L.Linear(1), lambda y: y[:, 0])
    dtypes = set()

    def loss(y, t):
        dtypes.update([y.dtype, F.mean_squared_error(y, t).dtype])
        return F.mean_squared_error(y, t)

    training.fit(model, loss, O.Adam(model), loader, epochs=2, metric=lambda y, t: 0.0)
    assert {*dtypes, *(p.dtype for p in model.params()), *(p.grad.dtype for p in model.params())} == {np.dtype("f4")}


# transform, collate


def test_a_transform_is_of_x_and_the_data_stay():
    def halved(x):
        x /= 2  # its own copy
        return x

    before = X.copy()
    x, t = plain((X, T), transform=halved)
    assert np.array_equal(x, before / 2)
    assert np.array_equal(t, T)
    assert np.array_equal(X, before)
    assert np.array_equal(plain(X, transform=halved), before / 2)
    assert plain({"x": X, "t": T}, transform=lambda sample: sample["t"] + 1).tolist() == (T + 1).tolist()
    assert np.array_equal(plain([(x.copy(), 0) for x in X], transform=halved)[0], before / 2)


def test_ragged_samples_need_a_collate():
    words = [np.arange(n) for n in (3, 1, 2)]
    with pytest.raises(ValueError, match=r"one shape, not .* give collate=, such as data\.padded"):
        plain(words)
    x, lengths = plain(words, collate=padded)
    assert x.tolist() == [[0, 1, 2], [0, 0, 0], [0, 1, 0]]
    assert lengths.tolist() == [3, 1, 2]
    (x, lengths), t = plain(
        (words, [5, 6, 7]), collate=lambda pairs: (padded([x for x, _ in pairs]), [t for _, t in pairs])
    )
    assert (lengths.tolist(), t) == ([3, 1, 2], [5, 6, 7])
    assert plain(["a", "bc"], collate="".join) == "abc"


class Noise:
    """A transform with a generator of the loader's."""

    def __call__(self, x, rng):
        return x + rng.random(x.shape, np.float32)


def flat(loader):
    return np.concatenate([x for x, _ in loader])


def test_random_transforms_get_a_generator_for_each_sample():
    whole = DataLoader((X, T), N, transform=Noise(), rng=3)
    small = DataLoader((X, T), 4, transform=Noise(), rng=3)
    first = flat(whole)
    assert np.array_equal(first, flat(small))  # whatever the batch
    second = flat(small)
    assert not np.array_equal(np.sort(first, axis=0), np.sort(second, axis=0))  # another epoch, other numbers
    assert not np.array_equal(first, flat(DataLoader((X, T), N, transform=Noise(), rng=4)))
    ordered = DataLoader((X * 0, T), N, transform=Noise(), shuffle=False)
    noise = [flat(ordered) for _ in range(2)]
    assert len({*np.concatenate(noise).reshape(-1).tolist()}) == 2 * X.size
    assert [t.tolist() for _, t in DataLoader((X, T), 4, transform=Noise(), rng=3)] == [
        t.tolist() for _, t in DataLoader((X, T), 4, rng=3)
    ]  # nothing is drawn from the generator of the order


def test_a_generator_that_is_set_is_used():
    own = np.random.default_rng(1)
    x = plain(np.zeros((5, 2), np.float32), transform=partial(Noise(), rng=own))
    again = np.random.default_rng(1)
    assert np.array_equal(x, [again.random(2, np.float32) for _ in range(5)])


def test_composed_transforms_hand_the_generator_on():
    images = np.arange(5 * 3 * 8 * 8, dtype=np.float32).reshape(5, 3, 8, 8)
    augment = transforms.compose(
        partial(transforms.random_crop, size=8, pad=2),
        transforms.random_flip,
        partial(transforms.normalize, mean=0, std=1),
    )
    loaders = [DataLoader((images, T[:5]), 2, transform=augment, rng=1) for _ in range(2)]
    assert np.array_equal(*map(flat, loaders))
    with pytest.raises(TypeError, match="rng"):
        augment(images)
    assert augment(images, rng=np.random.default_rng(0)).shape == images.shape


def test_a_collate_gets_a_generator_for_each_batch():
    def noisy(samples, rng):
        x, t = stacked(samples)
        return x + rng.random(), t

    loader = DataLoader((X * 0, T), 4, collate=noisy, rng=1)
    assert len({float(x[0, 0]) for _ in range(3) for x, _ in loader}) == 18
    again = DataLoader((X * 0, T), 4, collate=noisy, rng=1)
    assert np.array_equal(flat(again), flat(DataLoader((X * 0, T), 4, collate=noisy, rng=1)))


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_resumed_run_draws_the_same(shuffle):
    def new(rng):
        return DataLoader((X, T), 4, transform=Noise(), rng=rng, shuffle=shuffle)

    reference = new(7)
    whole = [x for _ in range(3) for x, _ in reference]
    for stop in (1, 3, 7):
        loader, got = new(7), []
        while len(got) < stop:
            for x, _ in loader:
                got.append(x)
                if len(got) == stop:
                    break
        resumed = new(1)
        resumed.load_state_dict(json.loads(json.dumps(loader.state_dict())))
        while len(got) < len(whole):
            got += [x for x, _ in resumed]
        assert np.array_equal(np.concatenate(got), np.concatenate(whole))


# Samplers


def test_a_weighted_sampler_draws_in_proportion():
    """Mean and deviation of a binomial distribution."""
    sampler = WeightedSampler([1, 3, 0, 4], samples=8000)
    counts = np.bincount(sampler(np.random.default_rng(0)), minlength=4)
    for count, p in zip(counts, [1 / 8, 3 / 8, 0, 4 / 8]):
        assert abs(count - 8000 * p) <= 4 * np.sqrt(8000 * p * (1 - p))


def test_an_epoch_of_a_sampler():
    t = np.array([0] * 20 + [1] * 3)
    loader = DataLoader((X, t), 5, sampler=WeightedSampler(1 / np.bincount(t)[t], samples=1000), rng=2)
    assert len(loader) == 200
    epochs = [np.concatenate([t for _, t in loader]) for _ in range(2)]
    assert not np.array_equal(*epochs)
    assert all(abs(epoch.mean() - 0.5) < 4 * 0.5 / np.sqrt(1000) for epoch in epochs)
    once = DataLoader((X, T), 5, sampler=WeightedSampler(np.arange(N), samples=10, replacement=False))
    rows = np.concatenate([t for _, t in once])
    assert len({*rows}) == len(rows) == 10
    assert 0 not in rows


def test_a_sampler_and_its_place_in_the_epoch_are_resumed():
    def new(rng):
        return DataLoader((X, T), 5, sampler=WeightedSampler(np.arange(N), 17), rng=rng)

    loader = new(5)
    iterator = iter(loader)
    next(iterator)
    other = new(6)
    other.load_state_dict(json.loads(json.dumps(loader.state_dict())))
    assert [t.tolist() for _, t in other] == [t.tolist() for _, t in iterator]
    assert [t.tolist() for _, t in other] == [t.tolist() for _, t in loader]
    with pytest.raises(ValueError, match="'samples': 17"):
        DataLoader((X, T), 5, sampler=WeightedSampler(np.ones(N), 18)).load_state_dict(loader.state_dict())


class Every:
    """A sampler of one's own."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __len__(self):
        return 3

    def __call__(self, rng):
        return self.numbers


def test_a_sampler_of_ones_own():
    (t,) = DataLoader(T, 10, sampler=Every([4, 2, 2]))
    assert t.tolist() == [4, 2, 2]
    for wrong in ([1, 2], [1, 2, N], [-1, 0, 1], [0.5, 1, 2], "abc"):
        with pytest.raises(ValueError, match="sampler must give 3 whole numbers, 0 to 22"):
            next(iter(DataLoader(T, 10, sampler=Every(wrong))))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: WeightedSampler("abc"), TypeError, "weights must be a list of numbers, not 'abc'"),
        (lambda: WeightedSampler([[1.0]]), TypeError, "must be a list of numbers"),
        (lambda: WeightedSampler([1, -1]), ValueError, "at least 0, and not all 0"),
        (lambda: WeightedSampler([0, 0]), ValueError, "not all 0"),
        (lambda: WeightedSampler([1, np.nan]), ValueError, "at least 0"),
        (lambda: WeightedSampler([1, 0], 2, replacement=False), ValueError, "samples must be at most 1, not 2"),
        (lambda: WeightedSampler([1], 0), ValueError, "samples must be at least 1"),
        (
            lambda: DataLoader(T, 4, sampler=WeightedSampler([1, 2])),
            ValueError,
            "a weight for each of 23 samples, not 2",
        ),
    ],
)
def test_wrong_samplers_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
