"""Kernels and their ways: a call takes the first that fits, and each way means what its plain twin means."""

import importlib
import pkgutil

import numpy as np
import pytest

import autograd.functions as F
from autograd import kernels
from autograd.kernels import conv, indexing, lu
from autograd.kernels.compiled import Compiled
from autograd.kernels.ways import KERNELS, Kernel, kernel, way
from autograd.kernels.windows import windows

for module in pkgutil.iter_modules(kernels.__path__):
    importlib.import_module(f"autograd.kernels.{module.name}")


def numbers(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def convolutions():
    """Arguments of the three products, small ones and some for which tiles pay."""
    found = {"forward": [], "transpose": [], "filter_gradient": []}
    for (N, C, *size), M, kernel_size, groups, options in [
        ((2, 4, 7, 9), 6, (3, 2), 2, {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2)}),
        ((8, 2, 3, 3), 4, (3, 3), 1, {"pad": 1}),
        ((3, 2, 6), 2, (3,), 1, {}),
        ((2, 3, 4, 4), 2, (1, 1), 1, {}),
        ((1, 2, 1, 2), 3, (9, 9), 1, {"pad": 4}),
        ((0, 2, 4, 4), 2, (3, 3), 1, {}),
        ((4, 33, 30, 29), 35, (3, 3), 1, {"pad": ((1, 0), (2, 1))}),
        ((3, 5, 9, 8), 5, (3, 3), 5, {"pad": 1}),
        ((2, 3, 9, 7), 3, (5, 4), 3, {"pad": ((2, 6), (4, 2)), "dilation": 2}),
        ((2, 4, 11), 4, (3,), 4, {"pad": ((2, 0),)}),
        ((2, 2, 5, 6, 7), 2, (2, 3, 1), 2, {"pad": ((1, 0), (1, 1), (0, 0))}),
    ]:
        w = windows(tuple(size), kernel_size, **options)
        x, W, b, y = numbers(N, C, *size), numbers(M, C // groups, *kernel_size), numbers(M), numbers(N, M, *w.out)
        found["forward"] += [(x, W, b, w, groups), (x, W, None, w, groups)]
        found["transpose"] += [(y, W, w, groups)]
        found["filter_gradient"] += [(x, y, w, groups, True), (x, y, w, groups)]
    return {f"autograd.kernels.conv.{name}": cases for name, cases in found.items()}


def blocks():
    """(block, images, windows) for columns; the block is written into."""
    w = windows((5, 6), (3, 2), (2, 1))
    return [(np.full((2, 2, 12, 10), np.nan), numbers(2, 4, 5, 6), w)]


def triangular_systems():
    """Lower and upper triangles among other numbers, by rows and by columns, of one block of LAPACK and of several."""
    found = []
    for n, k, dtype in [(1, 1, "d"), (5, 3, "d"), (6, 1, "f"), (150, 4, "d"), (70, 80, "d")]:
        A, b = numbers(n, n, dtype=dtype) / n + 2 * np.eye(n, dtype=dtype), numbers(n, k, dtype=dtype)
        found += [
            (x, y, low, one)
            for x in (A, A.T, np.repeat(A, 2, 1)[:, ::2])
            for y in (b, np.asfortranarray(b))
            for low in (0, 1)
            for one in (0, 1)
        ]
    return found


def factored():
    """Matrices with their factors, by rows and by columns, and with those of their transposes."""
    found = {name: [] for name in ("solve", "inverse", "slogdet", "det")}
    for n, k, dtype in [(1, 1, "d"), (2, 0, "d"), (3, 1, "f"), (6, 3, "d"), (40, 5, "d")]:
        A, b = numbers(n, n, dtype=dtype) / n + 2 * np.eye(n, dtype=dtype), numbers(n, k, dtype=dtype)
        for x in (A, A.T, A[::-1], np.repeat(A, 2, 1)[:, ::2]):
            found["solve"] += [(x, y, lu.factors(x)) for y in (b, np.asfortranarray(b), -b[::-1])]
            found["solve"] += [(x.T, b, lu.factors(x), True)]
            found["inverse"] += [(x, lu.factors(x)), (x.T, lu.factors(x), True)]
            found["slogdet"] += [(x, lu.factors(x))]
            found["det"] += [(x, lu.factors(x))]
    singular = np.outer([1.0, 2.0], [1.0, 2.0])
    found["slogdet"] += [(singular, lu.factors(singular))]
    found["det"] += [(singular, lu.factors(singular))]
    return {f"autograd.kernels.lu.{name}": cases for name, cases in found.items()}


def pointwise():
    """Large arrays for the functions that are computed by pieces, with zeros, a nan and huge numbers among them."""
    found = {}
    for seed, special in enumerate(([], [0.0, -0.0, 5e-324], [-200, 800, np.nan, 1e200])):
        x, gy = 4 * numbers(400, 350, seed=seed), numbers(400, 350, seed=7)
        x.reshape(-1)[100 : 100 + len(special)] = special
        with np.errstate(all="ignore"):
            for module, name, follows in (
                ("activation", "sigmoid", False), ("activation", "silu", True), ("rows", "softmax", False),
                ("gelu", "gelu", True),
            ):  # fmt: skip
                more = ((1,),) if name == "softmax" else ()
                f = KERNELS[f"autograd.kernels.{module}.{name}"].plain
                y = f(x, *more)
                known = found.setdefault(f"autograd.kernels.{module}.{name}", [])
                known.append((x, *more))
                found.setdefault(f"autograd.kernels.{module}.{name}_gradient", []).append(
                    (gy, x, y) if follows else (gy, y, *more)
                )
    return found


SOFTMAX = "autograd.kernels.rows.softmax"

CASES = {  # arguments on which a kernel's ways are compared with its plain function
    **convolutions(),
    "autograd.kernels.erf.erf": [(4 * numbers(*shape, dtype=t),) for shape in ((9,), (300, 900)) for t in "efd"],
    **{
        f"autograd.kernels.gelu.{name}": [(4 * numbers(*shape, dtype=t),) for shape in ((9,), (300, 900)) for t in "fd"]
        for name in ("gelu", "gelu_slope", "tanh_gelu", "tanh_gelu_slope")
    },
    **pointwise(),
    "autograd.kernels.blocks.write_columns": blocks(),
    "autograd.kernels.triangular.solve_triangular": triangular_systems(),
    **factored(),
}


def with_results(compute, args):
    """What it returns, and its arguments, which it may have written into."""
    args = [a.copy(order="K") if isinstance(a, np.ndarray) else a for a in args]
    y = compute(*args)
    return [a for a in [*(y if isinstance(y, tuple) else (y,)), *args] if isinstance(a, (np.ndarray, np.generic))]


def of_gpu(found):
    return found.compute.__module__.startswith("autograd.kernels.gpu")


@pytest.mark.parametrize("name", [name for name, kernel in KERNELS.items() if kernel.ways])
def test_every_way_equals_its_plain_twin(name):
    """A kernel with ways has cases here, and each of its ways fits at least one.

    Compiled ways are in test_compiled.py, those of GPUs in test_gpu.py and test_gpu_formulas.py.
    """
    for found in [w for w in KERNELS[name].ways if not isinstance(w, Compiled) and not of_gpu(w)]:
        fitting = [args for args in CASES[name] if found.fits(*args)]
        assert fitting, f"no case for {found.__module__}.{found.__name__}"
        for args in fitting:
            for got, expected in zip(
                with_results(found.compute, args), with_results(KERNELS[name].plain, args), strict=True
            ):
                assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
                exact = got.dtype != np.float32 or not any(word in name for word in ("triangular", "lu."))
                tolerance = 1e-9 if exact else 1e-5
                np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(), (0,), (3, 40)], ids=str)
def test_masking_by_bits_equals_where(shape, dtype):
    x, mask = np.asarray(numbers(*shape, dtype=dtype)), np.asarray(numbers(*shape, seed=1) > 0)
    if x.dtype.kind == "f" and x.size > 2:
        x[0, :3] = np.inf, -np.inf, np.nan
    y = indexing.masked(x, mask)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.where(mask, x, x.dtype.type(0)))


@pytest.mark.parametrize(
    "index",
    [2, slice(1, 4), (slice(None), 1), (..., None), np.array([1, 1, 0, 1]), np.arange(20).reshape(4, 5) % 3 == 0],
    ids=str,
)
def test_adding_by_assignment_equals_add_at(index):
    expected = np.zeros((4, 5))
    x = numbers(*expected[index].shape)
    np.add.at(expected, index, x)
    np.testing.assert_array_equal(indexing.add_at(x, index, (4, 5)), expected)


def test_a_call_takes_the_first_way_that_fits():
    @way(fits=lambda x: x > 2)
    def large(x):
        return "large"

    @way(fits=lambda x: x > 1)
    def middle(x):
        return "middle"

    @kernel(large, middle)
    def size(x):
        """Its size."""
        return "small"

    del KERNELS[f"{size.__module__}.{size.__qualname__}"]
    assert [size(x) for x in (1, 2, 3)] == ["small", "middle", "large"]
    assert (size.__doc__, size.__name__, size.plain(3), large(0)) == ("Its size.", "size", "small", "large")


def test_a_way_can_be_registered_and_removed():
    """As a file with compiled kernels would: for some arguments of one product, in front of all others."""
    seen = []

    @way(fits=lambda x, W, b, w, groups=1: x.dtype == np.float32)
    def counted(x, W, b, w, groups=1):
        seen.append(x.shape)
        return conv.forward.plain(x, W, b, w, groups)

    x, W = numbers(1, 2, 5, 5, dtype=np.float32), numbers(3, 2, 3, 3, dtype=np.float32)
    conv.forward.ways.insert(0, counted)
    try:
        y = F.conv2d(x, W)
        F.conv2d(x.astype(np.float64), W)
    finally:
        conv.forward.ways.remove(counted)
    assert seen == [(1, 2, 5, 5)]
    np.testing.assert_allclose(y, F.conv2d(x, W), rtol=1e-5)
    assert len(seen) == 1


def test_the_table_has_every_kernel():
    modules = [
        importlib.import_module(f"{folder.__name__}.{module.name}")
        for folder in (kernels, F)
        for module in pkgutil.iter_modules(folder.__path__)
    ]
    found = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Kernel) and value.__module__ == module.__name__
    }
    assert found == KERNELS
    some = "conv.forward", "pooling.window_max", "erf.erf", "indexing.masked"
    assert {f"autograd.kernels.{name}" for name in some} <= found.keys()


@pytest.mark.parametrize("name", [name for name in pointwise() if name.endswith("_gradient")] + [SOFTMAX])
def test_large_arrays_in_single_precision_lose_no_digits(name):
    """Against float64, to four units in the last place of the largest more than the plain way."""
    found, single = (
        KERNELS[name],
        [a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in pointwise()[name][0]],
    )
    exact = found.plain(*[a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in single])
    unit = np.spacing(np.abs(exact).max().astype(np.float32))
    worst, plain = [np.abs(f(*single) - exact).max() / unit for f in (found, found.plain)]
    assert worst < plain + 4
