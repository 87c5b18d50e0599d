"""Convolution by cuDNN: the ways on CuPy's arrays, with a stand-in and with the library itself; the graphs alone."""
# ruff: noqa: F811  # the fixture cp

import inspect
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd.backend import to_numpy
from autograd.kernels import conv
from autograd.kernels.gpu import cudnn as gpu_cudnn
from autograd.kernels.windows import windows
from autograd.testing import check_gradients
from tests import cudnn_standin
from tests.kernels.test_gpu import DEPTHWISE, IMAGES, arguments, check, cp, every_dtype, numbers  # noqa: F401
from tests.test_ops import OPS, assert_same, derivatives, mapped, values

CASES = [case for case in (*IMAGES, *DEPTHWISE) if all(case[0])]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
MISSING = "cuDNN is not installed: pip install 'define-by-run[cuda12,cudnn]'"


@pytest.fixture(params=["standin", "cudnn"])
def cudnn(request, cp, monkeypatch):
    """The library that the ways find."""
    if request.param == "standin":
        monkeypatch.setitem(sys.modules, "cudnn", cudnn_standin)
    with fresh(monkeypatch):
        if request.param == "cudnn" and gpu_cudnn.library() is None:
            pytest.skip(MISSING)
        yield gpu_cudnn.library()


@pytest.fixture
def standin(cp, monkeypatch):
    monkeypatch.setitem(sys.modules, "cudnn", cudnn_standin)
    with fresh(monkeypatch):
        yield cudnn_standin


class fresh:
    """Without plans and handles of another library, before and after."""

    def __init__(self, monkeypatch):
        monkeypatch.setattr(gpu_cudnn, "HANDLES", {})

    def __enter__(self):
        gpu_cudnn.library.cache_clear()
        gpu_cudnn.plan.cache_clear()
        for held in (cudnn_standin.built, cudnn_standin.executed, cudnn_standin.refused, cudnn_standin.handles):
            held.clear()

    def __exit__(self, *error):
        self.__enter__()


@pytest.mark.gpu
@every_dtype
@every_case
def test_the_three_products(cudnn, case, dtype):
    """Algorithms of cuDNN, such as Winograd's, may round more often than a sum of products."""
    x, W, b, y, w, groups = arguments(case, dtype)
    holds = partial(check, factor=1 if cudnn is cudnn_standin else 32)
    for bias in (None, b):
        holds(gpu_cudnn.forward, conv.forward.plain, x, W, bias, w, groups)
    holds(gpu_cudnn.transpose, conv.transpose.plain, y, W, w, groups)
    for bias in (False, True):
        holds(gpu_cudnn.filter_gradient, conv.filter_gradient.plain, x, y, w, groups, bias)


CONVOLUTIONS = [op for op in OPS if op.name.removesuffix("_by_im2col")[-2:-1].isdigit() and "conv" in op.name]


@pytest.mark.gpu
@pytest.mark.parametrize("op", CONVOLUTIONS, ids=repr)
def test_the_op_table(cudnn, cp, op):
    """The references' values, and NumPy's derivatives of three orders."""
    for case in op.cases:
        args, options = mapped(cp.asarray, case.args), mapped(cp.asarray, case.options)
        assert_same(values(op.f(*args, **options)), values(op.reference(*case.args, **case.options)))
        got = [to_numpy(gx) for gx in derivatives(op, args, options, 3)]
        assert_same(got, derivatives(op, case.args, case.options, 3), case.args)


def test_the_op_table_has_convolutions():
    assert {"conv1d", "conv2d", "conv3d", "conv_transpose2d"} <= {op.name for op in CONVOLUTIONS}


@pytest.mark.gpu
def test_central_differences(standin, cp):
    x, W, b = [cp.asarray(a) for a in (numbers(2, 4, 5, 6), numbers(6, 2, 3, 2), numbers(6))]
    f = partial(F.conv2d, stride=(2, 1), pad=((1, 0), (2, 1)), dilation=(1, 2), groups=2)
    check_gradients(f, x, W, b, order=3)
    assert {graph.operation for graph in standin.built} == {"conv_fprop", "conv_dgrad", "conv_wgrad"}


@pytest.mark.gpu
def test_views_and_addresses_within_an_array(cudnn, cp):
    """A part of an array in one piece may begin where cuDNN can't read; it is copied, like views across memory."""
    w, x, W, b = windows((6, 5), (3, 2), pad=1), numbers(4, 2, 6, 5), numbers(3, 2, 3, 2), numbers(3)
    expected = conv.forward.plain(x, W, b, w)
    shifted = [cp.asarray(np.concatenate([[0], a.reshape(-1)]))[1:].reshape(a.shape) for a in (x, W, b)]
    assert all(a.flags.c_contiguous and a.data.ptr % 16 for a in shifted)
    across = cp.asarray(x.transpose(3, 2, 1, 0).copy()).transpose(3, 2, 1, 0), cp.asarray(W[::-1])[::-1], cp.asarray(b)
    for given in (shifted, across):
        assert gpu_cudnn.forward.fits(*given, w)
        np.testing.assert_allclose(gpu_cudnn.forward(*given, w).get(), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.gpu
def test_what_does_not_fit(standin, cp):
    w = windows((6, 5), (3, 2))
    x, W = cp.asarray(numbers(1, 2, 6, 5)), cp.asarray(numbers(3, 2, 3, 2))
    assert gpu_cudnn.forward.fits(x, W, None, w)
    assert not gpu_cudnn.forward.fits(x.astype("f"), W, None, w)
    assert not gpu_cudnn.forward.fits(x.astype(int), W.astype(int), None, w)
    assert not gpu_cudnn.forward.fits(x[:0], W, None, w)
    assert not gpu_cudnn.forward.fits(x[:, :0], W[:, :0], None, w)
    assert not gpu_cudnn.transpose.fits(cp.empty((1, 3, 0, 4)), W, w._replace(out=(0, 4)))
    assert not gpu_cudnn.forward.fits(ag.Variable(x), W, None, w)


def test_padding_behind_is_that_before_where_it_can_be():
    """Where the last pixels lie in no window, any padding there gives the same windows."""
    for size, kernel, options, expected in [
        ((8, 9), 3, {"stride": 2, "pad": 1}, [1, 1]),
        ((8, 9), 3, {"stride": 2, "pad": "same"}, [1, 1]),
        ((8, 9), 3, {"stride": 2, "pad": ((1, 0), (0, 0))}, [1, 0]),
        ((9,), 3, {"pad": ((2, 0),)}, [0]),
        ((5, 5), 2, {"stride": 4}, [0, 0]),
        ((9,), 3, {"stride": 3, "pad": ((0, 2),), "dilation": 2}, [2]),
    ]:
        w = windows(size, kernel, **options)
        assert gpu_cudnn.behind(w) == expected
        pads = tuple((before, behind) for (before, _), behind in zip(w.pad, expected))
        assert windows(size, kernel, w.stride, pads, w.dilation).out == w.out


@pytest.mark.gpu
def test_the_next_way_computes_what_cudnn_can_not(standin, cp):
    """It is asked once for each shape."""
    w, x, W = windows((6, 5), (3, 2)), numbers(1, 2, 6, 5), numbers(3, 2, 3, 2)
    for error in (standin.cudnnGraphNotSupportedError("no engine"), RuntimeError("CUDNN_STATUS_NOT_SUPPORTED")):
        gpu_cudnn.plan.cache_clear()
        standin.built.clear()
        standin.refused["conv_fprop"] = error
        for _ in range(2):
            got = conv.forward(cp.asarray(x), cp.asarray(W), None, w)
            np.testing.assert_allclose(got.get(), conv.forward.plain(x, W, None, w), rtol=1e-12)
        assert [graph.operation for graph in standin.built] == ["conv_fprop"]
    assert not standin.executed


@pytest.mark.gpu
def test_an_error_names_the_shapes(standin, cp, monkeypatch):
    w, x, W = windows((6, 5), (3, 2)), cp.asarray(numbers(1, 2, 6, 5)), cp.asarray(numbers(3, 2, 3, 2))
    words = (
        r"conv_fprop of arrays of the shapes .\(1, 2, 6, 5\), \(3, 2, 3, 2\). into \(1, 3, 4, 4\) failed: CUDNN_STATUS_"
    )
    standin.refused["conv_fprop"] = RuntimeError("CUDNN_STATUS_BAD_PARAM")
    with pytest.raises(RuntimeError, match=words + "BAD_PARAM"):
        conv.forward(x, W, None, w)
    standin.refused.clear()
    conv.forward(x, W, None, w)

    def execute(*args, **options):
        raise RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")

    monkeypatch.setattr(standin.pygraph, "execute", execute)
    with pytest.raises(RuntimeError, match=words + "EXECUTION_FAILED"):
        conv.forward(x, W, None, w)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("tf32", [None, "0", "1"])
def test_notes_on_algorithms(standin, cp, dtype, tf32, monkeypatch):
    """Never one whose bits differ from run to run; tensor cores for float32 only by CuPy's switch."""
    monkeypatch.delenv("CUPY_TF32", raising=False)
    if tf32:
        monkeypatch.setenv("CUPY_TF32", tf32)
    gpu_cudnn.forward(cp.ones((1, 2, 6, 5), dtype), cp.ones((3, 2, 3, 2), dtype), None, windows((6, 5), (3, 2)))
    (graph,) = standin.built
    barred = {note.name for note in graph.deselect_numeric_notes_values[0]}
    assert {"NONDETERMINISTIC", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION"} <= barred
    assert ("TENSOR_CORE" in barred) == (dtype == "f" and tf32 != "1")
    assert graph.deselect_workspace_greater_than_values == (gpu_cudnn.WORKSPACE,)


@pytest.mark.gpu
def test_plans_are_made_once_and_run_on_the_current_stream(standin, cp):
    x, W = cp.asarray(numbers(2, 2, 6, 5)), cp.asarray(numbers(3, 2, 3, 2))
    stream = cp.cuda.Stream(non_blocking=True)
    for _ in range(2):
        F.conv2d(x, W)
        with stream:
            F.conv2d(x, W)
    assert standin.executed == 2 * [cp.cuda.Stream.null.ptr, stream.ptr]
    F.conv2d(x[:1], W)
    F.conv2d(x, W, pad=1)
    assert len(standin.built) == 3
    assert len(standin.handles) == 1


@pytest.mark.gpu
def test_threads_execute_one_after_the_other(standin, cp, monkeypatch):
    """A handle and a graph belong to one thread at a time."""
    x, W, w = cp.asarray(numbers(2, 2, 6, 5)), cp.asarray(numbers(3, 2, 3, 2)), windows((6, 5), (3, 2))
    expected, inside, most = gpu_cudnn.forward(x, W, None, w).get(), [], []
    execute = standin.pygraph.execute

    def slow(graph, *args, handle):
        inside.append(handle)
        most.append(len(inside))
        sleep(0.02)
        execute(graph, *args, handle=handle)
        inside.pop()

    monkeypatch.setattr(standin.pygraph, "execute", slow)
    with ThreadPoolExecutor(4) as pool:
        for y in pool.map(lambda _: gpu_cudnn.forward(x, W, None, w), range(8)):
            np.testing.assert_array_equal(y.get(), expected)
    assert max(most) == 1
    assert len(standin.handles) == 1


@pytest.mark.gpu
def test_a_captured_step_takes_the_way(standin, cp):
    """A kernel is one routine of a program, which chooses its way at each run."""
    x, W = cp.asarray(numbers(2, 3, 9, 9, dtype="f")), ag.Variable(cp.asarray(numbers(4, 3, 3, 3, dtype="f")))

    def step(x):
        loss = (F.conv2d(x, W, pad=1) ** 2).sum()
        W.cleargrad()
        loss.backward()
        return loss

    expected = step(x).data, W.grad.data.copy()
    captured = ag.capture(step)
    for _ in range(3):  # as always, and two records
        captured(x)
    for _ in range(2):
        standin.executed.clear()
        got = captured(x)
        assert len(standin.executed) == 2
        np.testing.assert_allclose(to_numpy(got.data), expected[0].get(), rtol=1e-5)
        np.testing.assert_allclose(W.grad.data.get(), expected[1].get(), rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
def test_a_library_that_is_missing_or_broken(cp, monkeypatch):
    """Nothing is said where it was not installed."""
    x, W, w = cp.asarray(numbers(2, 2, 6, 5)), cp.asarray(numbers(3, 2, 3, 2)), windows((6, 5), (3, 2))
    with fresh(monkeypatch):
        monkeypatch.setitem(sys.modules, "cudnn", None)  # as if there was no such module
        monkeypatch.setattr(gpu_cudnn, "import_module", partial(absent, "cudnn"))
        assert not gpu_cudnn.forward.fits(x, W, None, w)
    for broken in (partial(absent, "cuda"), lambda name: SimpleNamespace(create_handle=no_library)):
        monkeypatch.setattr(gpu_cudnn, "import_module", broken)
        with fresh(monkeypatch):
            with pytest.warns(RuntimeWarning, match="cudnn is installed but can't be used"):
                assert not gpu_cudnn.forward.fits(x, W, None, w)
            assert not gpu_cudnn.forward.fits(x, W, None, w)


def absent(module, name):
    raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def no_library():
    raise RuntimeError("Unable to find symbol cudnnCreate")


# The graphs alone: they need no GPU


def products(case):
    """(operation, result, factors, windows) of a case."""
    (N, C, *size), M, kernel, groups, options = case
    w = windows(tuple(size), kernel, **options)
    x, W, y = (N, C, *size), (M, C // groups, *kernel), (N, M, *w.out)
    yield "conv_fprop", y, (x, W), w
    yield "conv_fprop", y, (x, W, (M,)), w
    yield "conv_dgrad", x, (y, W), w
    yield "conv_wgrad", W, (x, y), w


@every_case
def test_the_graphs_say_what_the_products_are(case, monkeypatch):
    """The stand-in multiplies NumPy's arrays as a graph says."""
    x, W, _, y, w, groups = arguments(case, np.float64)
    expected = {
        "conv_fprop": conv.forward.plain(x, W, None, w, groups),
        "conv_dgrad": conv.transpose.plain(y, W, w, groups),
        "conv_wgrad": conv.filter_gradient.plain(x, y, w, groups)[0],
    }
    with fresh(monkeypatch):
        monkeypatch.setattr(gpu_cudnn, "library", cache(lambda: cudnn_standin))
        for operation, result, shapes, w in products(case):
            graph, _ = gpu_cudnn.plan(operation, result, shapes, w, "d", 0, True)
            factors = [
                a.reshape(t.dim) for a, t in zip({"d": (y, W), "w": (x, y)}.get(operation[5], (x, W)), graph.given)
            ]
            values = dict(zip(graph.given, factors))
            got = cudnn_standin.multiply(operation, *[values.get(t, t.dim) for t in graph.roles], *graph.geometry)
            np.testing.assert_allclose(got.reshape(result), expected[operation], rtol=1e-12, atol=1e-12)
            assert (graph.bias_of is None) == (len(shapes) == 2)


@pytest.fixture
def real():
    return pytest.importorskip("cudnn", reason=MISSING)


class Watched:
    """A graph of the real module that remembers how the product was asked for."""

    def __init__(self, graph):
        self.graph = graph

    def __getattr__(self, name):
        if not name.startswith("conv_"):
            return getattr(self.graph, name)

        def product(*factors, **options):
            self.product = factors, options
            return getattr(self.graph, name)(*factors, **options)

        return product


@pytest.mark.parametrize("char", "efd")
@every_case
def test_the_real_module_takes_the_graphs(real, case, char, monkeypatch):
    """It finds the windows of a forward product itself, from the padding that it is given."""
    handle = real.Handle(0, 0, 0) if hasattr(real, "Handle") else 0
    watching = SimpleNamespace(data_type=real.data_type, pygraph=lambda **options: Watched(real.pygraph(**options)))
    monkeypatch.setattr(gpu_cudnn, "library", lambda: watching)
    for operation, result, shapes, w in products(case):
        graph = gpu_cudnn.graph_of(operation, result, shapes, w, char, handle)
        graph.validate()
        if operation == "conv_fprop":
            (x, W), options = graph.product
            alone = real.pygraph(
                io_data_type=real.data_type.HALF, compute_data_type=real.data_type.FLOAT, handle=handle
            )
            factors = [alone.tensor(dim=t.get_dim(), stride=t.get_stride()) for t in (x, W)]
            y = alone.conv_fprop(*factors, **options)
            y.set_output(True)
            alone.validate()
            assert list(y.get_dim()) == gpu_cudnn.laid_out(result, len(x.get_dim()) - 2)["dim"]


def test_the_real_module_has_what_is_called(real):
    """And more: the names of the stand-in are there."""
    inspect.signature(real.pygraph.execute).bind(None, {1: 16, 2: 32}, 0, handle=None)
    for name in ("create_handle", "destroy_handle", "set_stream", "cudnnGraphNotSupportedError"):
        assert callable(getattr(real, name))
    for name in ("data_type", "heur_mode", "numerical_note"):
        assert {member.name for member in getattr(cudnn_standin, name)} <= getattr(real, name).__members__.keys()


H200 = {
    "maxGridSize": [2**31 - 1, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
    "multiProcessorCount": 132, "smCountOrigin": 0, "warpSize": 32, "maxSharedMemoryPerBlock": 49152,
    "maxSharedMemoryPerBlockOptin": 232448, "oversizedSharedMemoryPerBlock": 0, "reservedSharedMemoryPerBlock": 1024,
    "maxRegistersPerSM": 65536, "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048,
    "pciDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "totalGlobalMem": 150754934784,
    "smClockRateKHz": 1980000, "memClockRateKHz": 3201000, "memoryBusWidth": 6144, "l2CacheSize": 62914560,
    "cudaDeviceId": 0, "deviceVer": 900, "driverVer": 12080, "deviceName": "NVIDIA H200",
}  # fmt: skip


@pytest.fixture
def described(real, monkeypatch):
    """The real module, which plans for a GPU by its description."""
    try:
        properties = real.create_device_properties(json.dumps(H200))
    except RuntimeError as error:
        pytest.skip(f"cuDNN plans nothing without libcuda.so.1, which comes with NVIDIA's driver: {error}")

    def pygraph(handle, **options):
        return real.pygraph(device_property=properties, sm_version=90, **options)

    module = SimpleNamespace(**vars(real))
    module.pygraph, module.create_handle, module.set_stream = pygraph, object, lambda handle, stream: None
    with fresh(monkeypatch):
        monkeypatch.setattr(gpu_cudnn, "library", cache(lambda: module))
        yield module


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("char", "efd")
@every_case
def test_cudnn_has_an_algorithm_on_an_h200(described, case, char, exact):
    for operation, result, shapes, w in products(case):
        _, workspace = gpu_cudnn.plan(operation, result, shapes, w, char, 0, exact)
        assert 0 <= workspace <= gpu_cudnn.WORKSPACE


def test_no_algorithm_and_sizes_that_contradict_each_other(described, monkeypatch):
    w, x, W = windows((6, 5), (3, 2)), (1, 2, 6, 5), (3, 2, 3, 2)
    with pytest.raises(RuntimeError, match=r"of the shapes \(\(1, 2, 6, 5\), \(3, 2, 3, 2\)\) into \(1, 3, 3, 4\)"):
        gpu_cudnn.plan("conv_fprop", (1, 3, 3, 4), (x, W), w, "f", 0, True)
    monkeypatch.setattr(gpu_cudnn, "BARRED", tuple(name for name in described.numerical_note.__members__))
    monkeypatch.setattr(gpu_cudnn, "WORKSPACE", -1)
    assert gpu_cudnn.plan("conv_fprop", (1, 3, *w.out), (x, W), w, "f", 0, True) is None
