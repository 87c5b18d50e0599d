"""Every row of the op table: forward, derivatives, dtypes, memory layouts, wrong inputs, and the other backends."""

import importlib
import pkgutil
import re
from collections import Counter
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.backend import is_array, to_numpy
from autograd.testing import check_gradients, gradient, weighted
from tests import ops as topics
from tests.ops.table import strided

OPS = [
    op
    for _, name, _ in pkgutil.iter_modules(topics.__path__)
    if name.endswith("_ops")
    for op in importlib.import_module(f"{topics.__name__}.{name}").OPS
]
every_op = pytest.mark.parametrize("op", OPS, ids=repr)


@contextmanager
def noting(op, case):
    """Says in a traceback which case it was."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {op.name}{case}")
        raise


def mapped(f, x):
    """`x` with f(array) in the place of each array, also in lists, tuples and dicts."""
    if isinstance(x, (list, tuple)):
        return type(x)(mapped(f, item) for item in x)
    if isinstance(x, dict):
        return {key: mapped(f, item) for key, item in x.items()}
    return f(x) if is_array(x) else x


def floating(x):
    return is_array(x) and x.dtype.kind == "f"


def recorded(args):
    """The floating-point arrays among the arguments as Variables, and these Variables."""
    given = [Variable(x) if floating(x) else x for x in args]
    return given, [x for x in given if isinstance(x, Variable)]


def outputs(y):
    return list(y) if isinstance(y, (tuple, list)) else [y]


def values(y):
    """NumPy arrays of all that a function returned."""
    return [to_numpy(x.data) if isinstance(x, Variable) else np.asarray(to_numpy(x)) for x in outputs(y)]


def assert_same(got, expected, args=()):
    """Equal up to rounding, in the precision of `got`, or of the least precise floating-point array among `args`."""
    assert len(got) == len(expected)
    narrow = any(x.dtype == np.float32 for x in args if floating(x))
    for y, e in zip(got, expected):
        assert np.shape(y) == np.shape(e)
        rtol = 2e-4 if narrow or y.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(y, e, rtol=rtol, atol=0.01 * rtol)


def derivatives(op, args, options, order):
    """The gradients of orders 1 to `order` of the outputs weighted with fixed random numbers, all in one list."""
    places = [i for i, x in enumerate(args) if floating(x)]

    def f(*variables):
        given = dict(zip(places, variables))
        return op.f(*[given.get(i, x) for i, x in enumerate(args)], **options)

    found = []
    for k in range(1, order + 1):
        f = partial(gradient, partial(weighted, f, k))
        found += [gx.data for gx in f(*[Variable(args[i]) for i in places])]
    return found


@every_op
def test_forward(op, on_device):
    """The reference's values, of the input's kind: arrays of arrays, Variables of Variables."""
    kind = type(on_device(np.zeros(1)))
    kinds = (kind, np.generic) if kind is np.ndarray else kind
    for case in op.cases:
        with noting(op, case):
            args, options = mapped(on_device, case.args), mapped(on_device, case.options)
            expected = values(op.reference(*case.args, **case.options))
            result = op.f(*args, **options)
            assert_same(values(result), expected)
            assert all(isinstance(y, kinds) for y in outputs(result)) or not any(map(is_array, args))
            given, variables = recorded(args)
            if variables:
                result = op.f(*given, **options)
                assert_same(values(result), expected)
                assert op.order == 0 or all(isinstance(y, Variable) and type(y.data) is kind for y in outputs(result))


@every_op
def test_derivatives(op):
    """Central differences at every order; of float32 only the first, since it is cast to float64 for them anyway."""
    for case in op.cases:
        with noting(op, case):
            if any(map(floating, case.args)) and op.order:
                order = op.order if all(x.dtype == np.float64 for x in case.args if floating(x)) else 1
                check_gradients(partial(op.f, **case.options), *case.args, order=order)


@every_op
def test_float32(op):
    """Of float32 comes float32, in the results and in the gradients of both orders: no number of float64 widens it."""
    narrow = partial(mapped, lambda x: x.astype(np.float32) if floating(x) else x)
    wide = partial(mapped, lambda x: x.astype(np.float64) if floating(x) else x)
    for case in op.cases:
        with noting(op, case):
            args, options = narrow(case.args), narrow(case.options)
            given, variables = recorded(args)
            if not variables:
                continue
            for y in (*outputs(op.f(*args, **options)), *outputs(op.f(*given, **options))):
                assert y.dtype.kind != "f" or y.dtype == np.float32
            order = min(op.order, 2)
            expected = derivatives(op, wide(case.args), wide(case.options), order)
            for gx, e in zip(derivatives(op, args, options, order), expected):
                assert gx.dtype == np.float32
                np.testing.assert_allclose(gx, e, rtol=1e-2, atol=1e-3 * max(1, np.abs(e).max(initial=0)))


NARROW = 2**-8  # a unit in the last place of bfloat16
FREE = {"batch_norm_with_statistics"}  # its mean and variance are plain arrays of float32


@every_op
def test_bfloat16(op):
    """What float32 gives for the same numbers, rounded, in forward and gradients; a second order rounds in between."""
    bfloat16 = pytest.importorskip("ml_dtypes", reason="pip install ml_dtypes").bfloat16
    narrow = partial(mapped, lambda x: x.astype(bfloat16) if floating(x) else x)
    single = partial(mapped, lambda x: x.astype(np.float32) if x.dtype == bfloat16 else x)
    for case in op.cases:
        if not any(map(floating, case.args)):
            continue
        with noting(op, case):
            args, options, order = narrow(case.args), narrow(case.options), min(op.order, 2)
            got = orders(op, args, options, order)
            expected = orders(op, single(args), single(options), order)
            for k, (ys, es) in enumerate(zip(got, expected, strict=True)):
                largest = max([abs(e).max() for e in es if floating(e) and e.size and np.isfinite(e).all()], default=0)
                for y, e in zip(ys, es, strict=True):
                    assert y.shape == e.shape
                    assert y.dtype == (bfloat16 if floating(e) else e.dtype) or op.name in FREE
                    assert_within(y.astype(e.dtype), e, NARROW * (32 if k == 2 else 3), largest)


def assert_within(y, e, part, largest):
    """Equal but for this part of the largest number, or of a hundredth of the largest of the order."""
    if not floating(e) or not np.isfinite(e).all():
        np.testing.assert_array_equal(y, e)
    else:
        size = max(abs(e).max(initial=0), largest / 100, 1e-3)
        np.testing.assert_allclose(y, e, rtol=0, atol=part * size)


def orders(op, args, options, order):
    """The outputs, their gradients, and those of the gradients: seeds are numbers of bfloat16."""
    given = [Variable(x) if is_array(x) and x.dtype.kind in "fV" else x for x in args]
    xs = [x for x in given if isinstance(x, Variable)]
    ys = outputs(op.f(*given, **options))
    found = [[y.data if isinstance(y, Variable) else y for y in ys]]
    for k in range(1, order + 1):
        ys = [y for y in ys if isinstance(y, Variable) and y.node is not None]
        rng = np.random.default_rng(k)
        seeds = [Variable(np.asarray(rng.integers(-64, 64, y.shape) / 32).astype(y.dtype)) for y in ys]
        found.append([gx.data for gx in grad(ys, xs, seeds)] if ys else [])
        ys = grad(ys, xs, seeds, create_graph=True) if ys and k < order else []
    return found


@every_op
def test_layouts(op):
    """Arrays that are not contiguous, or read-only, give what a plain copy gives; no input is modified."""
    order = min(op.order, 1)
    for case in op.cases:
        with noting(op, case):
            plain = mapped(np.copy, case.args)
            expected = values(op.f(*plain, **case.options)) + derivatives(op, plain, case.options, order)
            for layout in (strided, read_only):
                args, options = mapped(layout, case.args), mapped(layout, case.options)
                assert_same(values(op.f(*args, **options)) + derivatives(op, args, options, order), expected)
            for given, x in zip(plain, case.args):
                if is_array(x):
                    np.testing.assert_array_equal(given, x)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@every_op
def test_other_backend(op, other_device):
    """The derivatives there are those of NumPy; nothing of NumPy's mixes in."""
    order = min(op.order, 2)
    for case in op.cases:
        with noting(op, case):
            args, options = mapped(other_device, case.args), mapped(other_device, case.options)
            got = derivatives(op, args, options, order)
            assert {type(gx) for gx in got} <= {type(other_device(np.zeros(1)))}
            assert_same([to_numpy(gx) for gx in got], derivatives(op, case.args, case.options, order), case.args)


@every_op
def test_wrong_inputs(op):
    """Each raises its error, with a message that says why, on arrays and on Variables."""
    for wrong in op.wrong:
        for args in (wrong.args, recorded(wrong.args)[0]):
            with noting(op, wrong), pytest.raises(wrong.error, match=wrong.match):
                op.f(*args, **wrong.options)


def public():
    """The functions that `autograd.functions` exports."""
    return F.__all__


def test_every_function_has_a_row():
    """All but the conversions, whose dtype or device is not the input's: test_variable and test_standin have them."""
    rows = {re.match(r"\w*", op.name).group() for op in OPS} | {"astype", "to"}
    missing = [name for name in public() if name not in rows]
    assert not missing, f"{len(missing)} functions without a row in tests/ops: {', '.join(missing)}"


def test_every_row_has_a_function():
    """`__all__` of a topic lists its functions, and `autograd.functions` collects them: none is forgotten there."""
    rows = {re.match(r"\w*", op.name).group() for op in OPS} - {"Variable", "operator", "comparison"}
    assert rows - set(F.__all__) == set()


def test_names_are_unique():
    assert [name for name, n in Counter(op.name for op in OPS).items() if n > 1] == []


def test_the_table_is_large_enough():
    """At least 8 cases and 2 wrong inputs an op, 25 cases on average."""
    few = {op.name: len(op.cases) for op in OPS if len(op.cases) < 8}
    lenient = {op.name: len(op.wrong) for op in OPS if len(op.wrong) < 2}
    cases, wrongs = sum(len(op.cases) for op in OPS), sum(len(op.wrong) for op in OPS)
    counts = f"{len(OPS)} ops, {cases} cases ({cases / len(OPS):.1f} an op), {wrongs} wrong inputs"
    assert not few, f"{counts}; fewer than 8 cases: {few}"
    assert not lenient, f"{counts}; fewer than 2 wrong inputs: {lenient}"
    assert cases >= 25 * len(OPS), f"{counts}; by op: { {op.name: len(op.cases) for op in OPS} }"
