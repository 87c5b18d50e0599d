"""Kernels of GPUs that are made of formulas, go by rows, or look at labels: each equals its plain twin on NumPy."""

import threading
import time
from functools import partial

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd import backend
from autograd.data.ahead import made_ahead
from autograd.functions.recurrent import lstm_cell_gradient
from autograd.kernels import indexing, recurrent, rows, updates
from autograd.kernels.gpu import draws, fusion, late, tensors
from autograd.kernels.ways import KERNELS

gpu = pytest.mark.gpu
needs_gpu = pytest.mark.skipif(not backend.gpu_available(), reason="no usable GPU, or no CuPy")
EPS = {t: float(np.finfo(t).eps) for t in "efd"} | {"bfloat16": 2.0**-7}


def cupy():
    return backend.cupy()


def numbers(*shape, dtype="f", seed=0):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="pip install ml_dtypes")
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def ways_of(kernel, module):
    return [w for w in kernel.ways if w.compute.__module__ == f"autograd.kernels.gpu.{module}"]


FORMULAS = sorted(name for name, kernel in KERNELS.items() if ways_of(kernel, "fusion"))


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_its_plain_twin(name, dtype):
    kernel = KERNELS[name]
    n = kernel.plain.__code__.co_argcount
    x = np.concatenate([np.linspace(-9, 9, 601), [0.0, np.inf, -np.inf, np.nan]]).astype(dtype)
    xs = [x] * n
    (found,) = ways_of(kernel, "fusion")
    there = [cupy().asarray(a) for a in xs]
    assert found.fits(*there)
    assert not found.fits(*xs)
    got = cupy().asnumpy(found.compute(*there))
    assert got.dtype == dtype
    with np.errstate(all="ignore"):
        expected = kernel.plain(*[a.astype("d") for a in xs])
    if name.endswith("gradient"):  # at infinity a product with 0 is nan by some formulas and not by others
        got, expected = got[:-3], expected[:-3]
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_allclose(got, expected.astype(dtype), rtol=150 * EPS[dtype], atol=8 * EPS[dtype], equal_nan=True)


def test_formulas_were_found():
    assert len(FORMULAS) >= 12


def test_a_formula_writes_its_lines_once_and_keeps_numbers_apart():
    """Without a GPU: the text of Adam's step has no number of this step in it."""

    def lines(rate):
        arrays = [np.zeros(3, "f")] * 4
        trace, elements, results = fusion.traced(lambda *xs: updates.adam(*xs, 0.9, 0.999, rate, 1e-8), "A", arrays)
        return trace.lines, trace.numbers, [x.name for x in elements], results

    one, two = lines(0.1), lines(0.2)
    assert one[0] == two[0]
    assert one[1] == pytest.approx([0.1, 0.001, 0.1, 1e-8])
    assert two[1] == pytest.approx([0.1, 0.001, 0.2, 1e-8])
    assert one[2][1] == "a1"  # the gradient is not written
    assert len(set(one[2])) == 4
    assert one[3] == []


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sum(),
        lambda x: x if x > 0 else -x,
        lambda x: np.exp(x),
        lambda x: x[0],
        lambda x: x + [1],
        lambda x: ~x,
    ],
    ids=["sum", "branch", "np.exp", "index", "list", "not"],
)
def test_what_is_no_formula_says_so(f):
    with pytest.raises(fusion.NoFormula):
        fusion.traced(f, "float", [np.zeros(3, "f")])


# Rows


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("C", [1, 5, 129, 1000])
def test_rows_equal_their_plain_twins(C, dtype):
    x, y = numbers(4, 3, C, dtype=dtype), numbers(4, 3, C, dtype=dtype, seed=1) / 8
    x[0, 0, 0] = -np.inf
    cases = [("softmax", (x, (2,))), ("log_softmax", (x, (-1,))), ("hidden_softmax", (x,))]
    cases += [("hide_later", (x, offset)) for offset in (-9, -1, 0, 2, 2**62)]
    cases += [("softmax_gradient", (x[1:], y[1:], (1, 2))), ("log_softmax_gradient", (x[1:], y[1:], (2,)))]
    cases += [("cross_entropy", (x.reshape(12, C)[1:], np.arange(11) % C, s)) for s in (0, 0.1)]
    for name, args in cases:
        kernel = getattr(rows, name)
        (found,) = ways_of(kernel, "rows")
        there = [cupy().asarray(a) if isinstance(a, np.ndarray) else a for a in args]
        assert found.fits(*there), name
        got = found.compute(*there)
        with np.errstate(all="ignore"):
            wide = [a.astype("d") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args]
            expected = kernel.plain(*wide)
        got, expected = [r if isinstance(r, tuple) else (r,) for r in (got, expected)]
        for a, b in zip(got, expected, strict=True):
            assert a.dtype == dtype
            scale = np.abs(b[np.isfinite(b)]).max(initial=1)
            np.testing.assert_allclose(cupy().asnumpy(a), b, rtol=8 * EPS[dtype], atol=8 * EPS[dtype] * scale)


@gpu
@needs_gpu
def test_rows_along_another_axis_and_of_views():
    x = numbers(6, 5, 8)
    for axes in ((0,), (1,), (0, 2), (1, 2)):
        for y in (x, x[::2, :, ::-1]):
            got = cupy().asnumpy(rows.softmax(cupy().asarray(y), axes))
            np.testing.assert_allclose(got, rows.softmax.plain(y, axes), rtol=1e-5)


# A step of an LSTM


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
def test_a_step_of_an_lstm_is_its_plain_twin(dtype):
    """Both ways, in the middle of arrays of all steps, written in place; masks of short sequences are plain."""
    a, v, out = [numbers(3, 5, 28, dtype=dtype, seed=i) for i in range(3)]
    c, new_c, new_h = [numbers(3, 5, 7, dtype=dtype, seed=i) for i in range(3)]
    cases = [(recurrent.lstm_cell, (a, v, c, new_c, new_h)), (lstm_cell_gradient, (out, new_c, new_h, v, c, c, None))]
    for kernel, args in cases:
        (found,) = ways_of(kernel, "recurrent")
        there = [x if x is None else cupy().asarray(x)[1] for x in args]
        assert found.fits(*there)
        assert found.compute(*there) is None
        here = [x if x is None else x[1].astype("d") for x in args]
        kernel.plain(*here)
        for x, y in zip(there, here, strict=True):
            if x is not None:
                scale = np.abs(y).max()
                np.testing.assert_allclose(cupy().asnumpy(x), y, rtol=0, atol=16 * EPS[dtype] * scale)
    assert not found.fits(*there[:-1], there[0][:, :1])


# Optimizers


def trained(array, optimizer, dtype):
    params = [ag.Parameter(array(numbers(*s, dtype=dtype))) for s in ((3, 4), (2000,), (1,), (0, 3), (5, 1, 2))]
    optimizer = optimizer(params)
    for step in range(4):
        for i, p in enumerate(params):
            if (i, step) != (1, 0):  # one joins later, and has another t
                p.grad = ag.Variable(array(numbers(*p.shape, dtype=dtype, seed=10 * step + i + 1)))
        optimizer.update()
    return [backend.to_numpy(p.data) for p in params], [s for slots in optimizer.state.values() for s in slots]


OPTIMIZERS = {
    name: getattr(O, name)
    for name in ("SGD", "Momentum", "Nesterov", "AdaGrad", "AdaDelta", "RMSprop", "Adam", "AdamW", "RAdam", "Lion")
}
OPTIMIZERS["Lion with decay"] = partial(O.Lion, decay=0.1)
OPTIMIZERS["Adam in groups"] = partial(O.Adam, groups=[ag.optimizers.group("1", lr=0.1)])
OPTIMIZERS["Adam clipped"] = partial(O.Adam, transforms=[O.clip_by_norm(1.0)])
OPTIMIZERS["Adam with masters"] = partial(O.Adam, master=True)
OPTIMIZERS["Momentum with masters"] = partial(O.Momentum, master=True)


@gpu
@needs_gpu
@pytest.mark.filterwarnings("ignore:.*has no gradient")
@pytest.mark.parametrize("dtype", ["e", "f", "d", "bfloat16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_kernel_steps_through_all_parameters(name, dtype):
    expected, slots = trained(np.asarray, OPTIMIZERS[name], dtype)
    got, others = trained(cupy().asarray, OPTIMIZERS[name], dtype)
    for a, b in zip(got, expected, strict=True):
        tolerance = (2 if dtype == "bfloat16" else 50) * EPS[dtype]
        np.testing.assert_allclose(a.astype("d"), b.astype("d"), rtol=tolerance, atol=tolerance)
    for a, b in zip(others, slots, strict=True):
        tolerance = 50 * EPS["f" if dtype in ("e", "bfloat16") else dtype]
        np.testing.assert_allclose(cupy().asnumpy(a), b, rtol=tolerance, atol=tolerance)


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", ["e", "bfloat16"])
@pytest.mark.parametrize("scaled", [False, True])
def test_masters_are_in_that_kernel(dtype, scaled, monkeypatch):
    """Small updates add up, what somebody has written counts, and no parameter takes its step alone."""
    monkeypatch.setattr(O.Optimizer, "step_alone", None)
    p = ag.Parameter(cupy().asarray(np.ones(3).astype(numbers(1, dtype=dtype).dtype)))
    optimizer = O.SGD([p], 2.0**-13, master=True)
    optimizer = O.LossScale(optimizer, 1.0) if scaled else optimizer
    for _ in range(64):
        p.grad = ag.Variable(cupy().ones(3, p.dtype))
        optimizer.update()
    assert p.data.astype("d").tolist() == [1 - 2.0**-7] * 3
    p.data[1] = 3
    optimizer.update()
    assert p.data.astype("d").tolist()[1] == 3


@gpu
@needs_gpu
def test_more_tensors_than_a_table_holds():
    ps = [cupy().full(3, i, "f") for i in range(400)]
    tensors.step_all(lambda p, g: updates.sgd(p, g, 0.5), [(p, cupy().ones(3, "f")) for p in ps])
    assert [p[2].item() for p in ps] == [i - 0.5 for i in range(400)]


# Late checks


@gpu
@needs_gpu
def test_a_wrong_label_is_found_late_and_only_once():
    x, W = ag.Variable(cupy().asarray(numbers(4, 3))), ag.Variable(cupy().asarray(numbers(4, 3)))
    right, wrong = cupy().asarray([0, 1, 2, 1]), cupy().asarray([0, 1, 5, 1])
    y = F.softmax_cross_entropy(x, wrong)
    with pytest.raises(ValueError, match=r"softmax_cross_entropy: labels must be in 0 \.\. 2, .* not 5"):
        y.item()
    assert float(F.softmax_cross_entropy(x, right)) > 0
    F.embedding(W, cupy().asarray([3, -1]))
    cupy().cuda.get_current_stream().synchronize()
    with pytest.raises(ValueError, match=r"embedding: the index must be in 0 \.\. 3"):
        F.embedding(W, right)
    for _ in range(600):  # more than may be under way
        y = F.embedding(W, right)
    assert backend.to_numpy(y.data).shape == (4, 3)


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
def test_all_squares_are_summed_by_one_question(dtype):
    xs = [numbers(*s, dtype=dtype) for s in ((3, 4), (5000,), (0, 3), (), (300, 7))]
    there = [cupy().asarray(x) for x in (*xs, *[numbers(3, dtype=dtype)] * 300)]
    there[0] = there[0].T
    expected = sum(float((cupy().asnumpy(x).astype("d") ** 2).sum()) for x in there)
    assert tensors.square_sum(there).item() == pytest.approx(expected, rel=1e-12)
    assert tensors.square_sum([cupy().full(5, 1e30, "f")]).item() == pytest.approx(5e60)
    with np.errstate(all="ignore"):
        clipped = O.clip_by_norm(1e-3)({}, {"a": there[1], "b": there[0]})
    assert tensors.square_sum([*clipped.values()]).item() == pytest.approx(1e-6, rel=20 * EPS[dtype])


# Random numbers and rows


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
def test_a_mask_is_numpys_bit_by_bit_and_moves_the_generator_as_numpy_does(dtype):
    here, there = np.random.default_rng(3), np.random.default_rng(3)
    for shape in (1, 2, 1, 3, (5, 7), 1000, 0, 1, 1, 200_001, 2, 1):
        expected = (here.random(shape, dtype="float32") >= 0.3) * np.dtype(dtype).type(1 / 0.7)
        got = draws.mask(there, np.empty(shape).shape, 0.3, cupy().zeros(1, dtype))
        np.testing.assert_array_equal(cupy().asnumpy(got), expected)
        assert there.bit_generator.state == here.bit_generator.state
    assert not draws.fits(np.random.Generator(np.random.Philox(1)), cupy().zeros(1, dtype))


@gpu
@needs_gpu
@pytest.mark.parametrize("whole", [F.dropout, F.dropout2d])
def test_dropout_is_that_of_the_cpu(whole):
    x = numbers(2, 3, 4, 5)
    here = whole(ag.Variable(x), 0.4, rng=5)
    there = whole(ag.Variable(cupy().asarray(x)), 0.4, rng=5)
    np.testing.assert_allclose(cupy().asnumpy(there.data), here.data, rtol=1e-6)


@gpu
@needs_gpu
@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("row", [(), (5,), (0,), (2, 3)], ids=str)
def test_rows_are_added_at_an_index(row, dtype):
    index = np.random.default_rng(0).integers(0, 6, (40, 3))
    x = numbers(40, 3, *row, dtype=dtype)
    (found,) = ways_of(indexing.add_rows, "indexing")
    args = cupy().asarray(x)[::2], cupy().asarray(index.astype(np.uint8))[::2], (6, *row)
    assert found.fits(*args)
    got = found.compute(*args)
    assert got.dtype == dtype
    expected = np.zeros((6, *row))
    np.add.at(expected, index[::2], x[::2].astype("d"))
    np.testing.assert_allclose(cupy().asnumpy(got), expected, rtol=4 * EPS[dtype], atol=40 * EPS[dtype])


# What a strict reader found


@gpu
@needs_gpu
@pytest.mark.parametrize("before, after", [("f", "d"), ("d", "f"), ("e", "f"), ("f", "e")])
def test_a_parameter_of_another_dtype_keeps_its_slots(before, after):
    found = []
    for array in (np.asarray, cupy().asarray):
        p = ag.Variable(array(np.ones(3000, before)))
        optimizer = O.Adam([p], lr=0.1)
        for dtype in (before, after, after):
            p.data = p.data.astype(dtype)
            p.grad = ag.Variable(array(np.full(3000, 2, dtype)))
            optimizer.update()
        found.append(backend.to_numpy(p.data))
    assert found[0].dtype == found[1].dtype == after
    np.testing.assert_allclose(found[1], found[0], rtol=2 * EPS["e"] if "e" in before + after else 1e-5)


@gpu
@needs_gpu
def test_an_empty_batch_has_zeros_for_gradients():
    held = [cupy().full(54, np.nan, "f") for _ in range(60)]
    del held
    x, W = ag.Variable(cupy().ones((0, 3, 5, 5), "f")), ag.Variable(cupy().ones((3, 3, 3, 2), "f"))
    (F.conv2d(x, W).sum() + F.conv_transpose2d(x, W).sum()).backward()
    assert backend.to_numpy(W.grad.data).tolist() == np.zeros((3, 3, 3, 2)).tolist()


@gpu
@needs_gpu
def test_a_wrong_label_is_an_error_of_its_own_thread():
    x = ag.Variable(cupy().asarray(numbers(4, 3)))
    wrong, errors, seen = cupy().asarray([0, 1, 5, 1]), [], threading.Event()

    def other():
        y = F.softmax_cross_entropy(x, wrong)
        seen.wait(20)
        try:
            y.item()
        except ValueError as error:
            errors.append(str(error))

    thread = threading.Thread(target=other)
    thread.start()
    while not any(box.checks or box.wrong for box in late.BOXES.values()) and thread.is_alive():
        time.sleep(0.001)
    assert float(x.sum()) == pytest.approx(float(numbers(4, 3).sum()), rel=1e-5)
    seen.set()
    thread.join()
    assert len(errors) == 1
    assert "not 5" in errors[0]


@gpu
@needs_gpu
def test_checkpoint_sees_other_values_late():
    turns = iter(range(100))
    x = ag.Variable(cupy().asarray(numbers(50)))
    y = ag.checkpoint(lambda x: x * (1.0 if next(turns) % 2 else -1.0), x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="its values differ"):
        float(x.grad.sum())
    y = ag.checkpoint(lambda x: x * 2.0, x).sum()
    y.backward()
    assert float(x.grad.sum()) != 0


@gpu
@needs_gpu
def test_batches_ahead_are_copied_on_the_stream_of_the_program():
    streams = []

    def move(batch):
        streams.append(cupy().cuda.get_current_stream().ptr)
        return batch

    with cupy().cuda.Stream(non_blocking=True) as stream:
        assert list(made_ahead([1, 2], move)) == [1, 2]
    assert streams == [stream.ptr] * 2
