"""Compiled ways: each is as exact as its plain twin, and leaves to it what it does not fit."""

import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd.kernels import activation, compiled, indexing, pooling
from autograd.kernels.compiled import LEAST, Compiled, fast
from autograd.kernels.ways import KERNELS
from autograd.kernels.windows import windows

numba = pytest.mark.skipif(not compiled.installed(), reason="numba is optional: pip install 'define-by-run[fast]'")
f = np.float32
EPS = float(np.finfo(f).eps)


def numbers(*shape, seed=0, scale=1.0):
    return (scale * np.random.default_rng([seed, *shape]).standard_normal(shape)).astype(f)


def with_specials(*shape, seed=0):
    """Numbers of all sizes, with nan, infinities, both zeros, and the smallest and largest ones."""
    x = numbers(*shape, seed=seed, scale=4.0)
    x.reshape(-1)[:13] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, 88.8, -88.8, -104, 1e-30]
    return x


SHAPES = (LEAST,), (3, 5, LEAST // 8 + 3), (compiled.MANY + 5,)
ONE_ARRAY = "activation.sigmoid", "activation.silu", "gelu.gelu", "gelu.gelu_slope", "gelu.tanh_gelu"
ONE_ARRAY += ("gelu.tanh_gelu_slope",)
GRADIENTS = "activation.sigmoid_gradient", "activation.silu_gradient"
GRADIENTS += ("gelu.gelu_gradient", "gelu.tanh_gelu_gradient")


def with_value(name, gy, x):
    """The arguments of a gradient: gy, x, and what the function gives if that is asked for, too."""
    if name not in ("activation.silu_gradient", "gelu.gelu_gradient"):
        return gy, x
    with np.errstate(all="ignore"):
        return gy, x, KERNELS[f"autograd.kernels.{name.removesuffix('_gradient')}"].plain(x)


CASES = {
    **{name: [(with_specials(*shape),) for shape in SHAPES] for name in ONE_ARRAY},
    **{name: [with_value(name, numbers(*shape), with_specials(*shape)) for shape in SHAPES] for name in GRADIENTS},
}


def rows():
    """Rows of all lengths, some with nan and infinities, and logits far from 0."""
    found = [
        numbers(500, 10),
        30 * numbers(40, 600),
        numbers(2, 4, 2049),
        1e30 * numbers(64, 64),
        with_specials(64, 65),
    ]
    return [*found, numbers(600, 1000)]


def norms(*shapes):
    return [(1 + 3 * numbers(*shape), numbers(*size), numbers(*size, seed=1)) for shape, size in shapes]


LAYERS = norms(((200, 33), (33,)), ((5, 40, 8, 8), (8, 8)), ((1, 5000), (5000,)), ((600, 1000), (1000,)))
BATCHES = norms(((20, 7, 5, 6), (7,)), ((3, 2, 1000), (2,)), ((8, 64, 32, 34), (64,)))


def with_statistics(x, gamma, beta, axes):
    """The arguments of the gradient of a norm."""
    mean, var = x.mean(axes, dtype=np.float64), x.var(axes, dtype=np.float64)
    if axes != (0, *range(2, x.ndim)):
        mean, var = mean.reshape(-1, 1), var.reshape(-1, 1)
    return numbers(*x.shape, seed=2), x, gamma, mean.astype(f), var.astype(f), 1e-5, (True, True, True)


CASES |= {
    "rows.softmax": [(x, (x.ndim - 1,)) for x in rows()] + [(numbers(7, 30, 40), (1, 2))],
    "rows.hidden_softmax": [(x,) for x in (*rows(), np.where(np.arange(64)[:, None] % 7, numbers(64, 70), f(-np.inf)))],
    "rows.log_softmax": [(x, (x.ndim - 1,)) for x in rows()] + [(numbers(7, 30, 40), (2, 1))],
    "rows.softmax_gradient": [(numbers(*x.shape, seed=1), abs(x) / 40, (x.ndim - 1,)) for x in rows()[:3]],
    "rows.log_softmax_gradient": [(numbers(*x.shape, seed=1), -abs(x), (x.ndim - 1,)) for x in rows()],
    "rows.cross_entropy": [
        (x, np.arange(len(x)) % x.shape[1], s)
        for x in rows()
        if x.ndim == 2 and np.isfinite(x).all()
        for s in (0.0, 0.1)
    ],
}  # fmt: skip


def parameters(n):
    """Parameter, gradient and slots."""
    return [
        [abs(numbers(*shape, seed=k)) if k == 3 else numbers(*shape, seed=k) for k in range(n)]
        for shape in ((LEAST,), (70, 90), (compiled.MANY + 7,))
    ]


CASES |= {
    "updates.sgd": [(*xs, 0.1) for xs in parameters(2)],
    "updates.momentum": [(*xs, 0.1, 0.9) for xs in parameters(3)],
    "updates.adam": [(*xs, 0.9, 0.999, 1e-3, 1e-8) for xs in parameters(4)],
    "updates.adamw": [(*xs, 0.9, 0.999, 1e-3, 1e-8, 0.99) for xs in parameters(4)],
}


def depthwise():
    """Arguments of the three products: kernels, paddings and dilations of all kinds, and a plane without padding."""
    found = {"forward": [], "transpose": [], "filter_gradient": []}
    for N, C, size, kernel_size, options in [
        (2, 40, (17, 13), (3, 3), {"pad": 1}),
        (3, 30, (12, 19), (5, 2), {"pad": ((3, 0), (0, 1)), "dilation": (1, 3)}),
        (2, 33, (30, 31), (1, 4), {}),
        (16, 64, (32, 32), (3, 3), {"pad": 1}),
    ]:
        w = windows(size, kernel_size, **options)
        x, W, b, y = numbers(N, C, *size), numbers(C, 1, *kernel_size), numbers(C), numbers(N, C, *w.out)
        found["forward"] += [(x, W, b, w, C), (x, W, None, w, C)]
        found["transpose"] += [(y, W, w, C)]
        found["filter_gradient"] += [(x, y, w, C, True), (x, y, w, C)]
    return {f"conv.{name}": cases for name, cases in found.items()}


def indices():
    """(rows, numbers of rows, shape), numbers that occur twice among them, rows of one number too."""
    some = np.random.default_rng(0).integers(0, 700, (50, 20))
    return [
        (numbers(50, 20, 9), some, (700, 9)),
        (numbers(50, 20, 2, 3), some, (700, 2, 3)),
        (numbers(50, 200), some.repeat(10, 1) * 9 + np.arange(200), (7000,)),
    ]


def pools():
    """Arguments of the four kernels of pooling: kernels, paddings and dilations of all kinds, and a nan."""
    found = {"window_max": [], "scatter_max": [], "window_sum": [], "window_fill": []}
    for N, C, size, kernel_size, options in [
        (2, 40, (17, 13), (3, 3), {"stride": 2, "pad": 1}),
        (3, 30, (12, 19), (5, 2), {"stride": 1, "pad": ((2, 0), (0, 1)), "dilation": (1, 3)}),
        (2, 33, (30, 31), (3, 4), {"stride": (3, 1), "ceil": True}),
        (16, 64, (32, 32), (3, 3), {"stride": 1, "pad": 1}),
    ]:
        w = windows(size, kernel_size, **options)
        x, y = numbers(N, C, *size), numbers(N, C, *w.out, seed=1)
        x[0, 0, :2, :2] = 9, -np.inf  # equal maxima
        found["window_max"] += [(x, w)]
        found["scatter_max"] += [(y, pooling.window_max.plain(x, w)[1], w)]
        if options["stride"] == 1:
            found["window_sum"] += [(numbers(N, C, *size), w)]
            found["window_fill"] += [(y, w)]
    x = numbers(2, 40, 17, 13)
    x[0, 0, 3, 4] = np.nan
    found["window_max"] += [(x, windows((17, 13), (3, 3), 2, 1))]
    return {f"pooling.{name}": cases for name, cases in found.items()}


CASES |= pools()
CASES |= {"indexing.add_rows": indices()}
CASES |= depthwise()
CASES = {f"autograd.kernels.{name}": cases for name, cases in CASES.items()}
CASES["autograd.functions.attention.scores_gradient"] = [
    (numbers(*x.shape, seed=1), F.softmax(x)) for x in (numbers(500, 10), numbers(2, 3, 70, 90))
]
CASES |= {
    f"autograd.functions.normalization.{name}": cases
    for name, cases in {
        "normed_rows": [(*args, 1e-5) for args in LAYERS],
        "rows_gradient": [
            with_statistics(*args, tuple(range(args[0].ndim - args[1].ndim, args[0].ndim))) for args in LAYERS
        ],
        "normed_channels": [(*args, 1e-5) for args in BATCHES],
        "channels_gradient": [with_statistics(*args, (0, *range(2, args[0].ndim))) for args in BATCHES],
    }.items()
}


def ways():
    return [(name, way) for name, kernel in KERNELS.items() for way in kernel.ways if isinstance(way, Compiled)]


def arrays(y):
    return [x for x in (y if isinstance(y, (tuple, list)) else (y,)) if isinstance(x, (np.ndarray, np.generic))]


def results(compute, args):
    """What it returns, and its arguments, which it may have written into."""
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    with np.errstate(all="ignore"):
        return [*arrays(compute(*args)), *arrays(args)]


def wide(args):
    return [a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype == f else a for a in args]


@numba
@pytest.mark.parametrize("name, way", ways(), ids=lambda x: x if isinstance(x, str) else "")
def test_a_compiled_way_is_as_exact_as_its_plain_twin(name, way):
    """Its error is at most that of the plain twin and 4 units more, and nan, infinities and zeros are the same."""
    fitting = [args for args in CASES[name] if way.fits(*args)]
    assert fitting, f"no case for {way.__name__}"
    for args in fitting:
        with fast(False):
            plain, exact = results(KERNELS[name].plain, args), results(KERNELS[name].plain, wide(args))
        for got, twin, ref in zip(results(way.compute, args), plain, exact, strict=True):
            assert (got.shape, got.dtype) == (twin.shape, twin.dtype)
            if got.dtype.kind != "f":
                np.testing.assert_array_equal(got, twin)
                continue
            usual = np.isfinite(twin) & (np.abs(twin) < 1e30)
            np.testing.assert_allclose(got[~usual], twin[~usual], rtol=4 * EPS)
            zero = (got == 0) & (twin == 0)
            np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(twin[zero]))
            assert error(got[usual], ref[usual]) <= error(twin[usual], ref[usual]) + 4 * EPS


def error(y, ref):
    """The largest error, of numbers below the usual size beside that, and relative above it."""
    usual = np.sqrt(np.mean(ref * ref)) if ref.size else 0
    return (np.abs(y - ref) / np.maximum(np.abs(ref), usual + 1e-37)).max(initial=0)


@numba
@pytest.mark.parametrize("name, way", ways(), ids=lambda x: x if isinstance(x, str) else "")
def test_what_does_not_fit_is_left_to_the_plain_twin(name, way):
    args = CASES[name][0]
    assert way.fits(*args)
    assert not way.fits(*wide(args))
    for k, x in enumerate(args):
        if isinstance(x, np.ndarray) and x.dtype == f and x.size >= LEAST:
            other = [np.zeros(a.shape, np.float16) if i == k else a for i, a in enumerate(args)]
            assert not way.fits(*other)
    with fast(False):
        assert not way.fits(*args)


@numba
@pytest.mark.parametrize("name", [*ONE_ARRAY, *GRADIENTS])
def test_small_empty_and_scattered_arrays_are_computed_plainly(name):
    (way,) = [way for way in KERNELS[f"autograd.kernels.{name}"].ways if isinstance(way, Compiled)]
    n = len(CASES[f"autograd.kernels.{name}"][0])
    for x in (numbers(3), numbers(0, 5), numbers(2 * LEAST)[::2], numbers(80, 90).T, np.float32(2)):
        assert not way.fits(*[x] * n)


@numba
def test_a_gradient_from_elsewhere_may_be_scattered():
    x, gy = numbers(100, 100), np.broadcast_to(f(2), (100, 100))
    with fast(False):
        y = activation.silu(x)
        expected = activation.silu_gradient(gy, x, y)
    assert activation.silu_gradient.ways[0].fits(gy, x, y)
    np.testing.assert_allclose(activation.silu_gradient(gy, x, y), expected, rtol=1e-5, atol=1e-6)


@numba
@pytest.mark.parametrize("function", [F.sigmoid, F.silu, F.gelu, F.tanh, lambda x: F.gelu(x, "tanh")])
def test_derivatives_of_both_orders_are_those_of_the_plain_ways(function):
    def derivatives(x):
        x = ag.Variable(x)
        y = function(x)
        gx = ag.grad((y * y).sum(), x, create_graph=True)
        return y.data, gx.data, ag.grad((gx * gx).sum(), x).data

    x = numbers(70, 80)
    with fast(False):
        expected = derivatives(x.astype(np.float64))
    for got, ref in zip(derivatives(x), expected):
        assert got.dtype == f
        np.testing.assert_allclose(got, ref, rtol=2e-5, atol=2e-5)


@numba
def test_rows_outside_or_named_often_are_left_to_the_plain_twin():
    (way,) = indexing.add_rows.ways
    x, index = numbers(LEAST, 2), np.arange(LEAST)
    assert way.fits(x, index, (LEAST, 2))
    assert not way.fits(x, index, (LEAST - 1, 2))
    assert not way.fits(x, index - 1, (LEAST, 2))
    assert not way.fits(x, index % 3, (3, 2))


def test_without_numba_everything_is_plain_until_somebody_insists(monkeypatch):
    monkeypatch.setattr(compiled, "installed", lambda: False)
    x = numbers(LEAST)
    assert not compiled.single(x)
    np.testing.assert_array_equal(activation.silu(x), activation.silu.plain(x))
    with pytest.raises(RuntimeError, match=r"need numba: pip install 'define-by-run\[fast\]'"):
        fast()
    with fast(False):
        assert not compiled.usable()


def test_fast_is_a_block_and_a_decorator():
    assert compiled.usable() == compiled.installed()
    with fast(False):
        assert not compiled.usable()
    assert not fast(False)(compiled.usable)()
    with pytest.raises(TypeError, match="on must be True or False"):
        fast("yes")


@numba
def test_small_arrays_do_not_import_numba():
    program = """
import sys, numpy as np, autograd.functions as F
F.gelu(np.ones((10, 10), np.float32)); print("numba" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@numba
@pytest.mark.parametrize("writable", [True, False])
def test_the_loops_are_kept_on_disk_where_that_is_possible(tmp_path, writable):
    """In a file in the place of the folder nothing can be written: then, and in a folder, the numbers are the same."""
    program = """
import numpy as np, autograd.functions as F
from autograd.kernels.compiled import loop
x = np.linspace(-3, 3, 5000, dtype=np.float32)
np.testing.assert_allclose(F.sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-6)
print(sum(loop("elementwise.logistic").stats.cache_hits.values()))
"""
    cache = tmp_path / "cache"
    cache.mkdir() if writable else cache.write_text("no folder")
    environment = {"XDG_CACHE_HOME": str(cache), "PATH": "", "HOME": str(cache), "PYTHONPATH": ":".join(sys.path)}
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
        for _ in range(1 + writable)
    ]
    assert [run.returncode for run in runs] == [0] * len(runs), runs[0].stderr
    assert "compiled kernels are new here" in runs[0].stderr
    if writable:
        assert [run.stdout.strip() for run in runs] == ["0", "1"]
        assert runs[1].stderr == ""
        assert list((cache / "autograd").glob("loops-*/*/*.nbi"))
