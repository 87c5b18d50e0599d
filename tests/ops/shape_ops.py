"""Rows for moving elements about. The references are NumPy's own functions, or loops; ours are made of few operations."""

import numpy as np

from autograd.algebra import as_array
from autograd.backend import device_of
from autograd.functions import shape as S
from tests.ops.table import Op, case, normal, strided, wrong

v, x, box = normal(5), normal(2, 3), normal(2, 3, 2)
layouts = [strided(x), x.T, normal(3, 2).T, np.broadcast_to(normal(1, 3), (2, 3)), x.astype(np.float32)]
various = [normal(), normal(1), v, normal(0), x, normal(1, 3), normal(3, 1), normal(0, 3), normal(2, 0), box, *layouts]
no_axis = "axis .* does not fit the shape"


def new_shapes():
    cases = [case(x, s) for s in ((3, 2), (6,), (-1,), (1, 6), (2, -1), (3, 1, 2), (2, 3), (1, 1, 6))]
    cases += [case(x, 3, 2), case(x, -1), case(x, [3, 2]), case(box, 4, 3), case(box, (2, -1)), case(box, 2, 6, 1)]
    cases += [case(normal(), ()), case(normal(), 1), case(normal(1), ()), case(normal(1, 1), ()), case(normal(0), 0, 3)]
    cases += [case(normal(2, 0), (0,)), case(normal(0, 3), (3, 0)), *[case(a, -1) for a in layouts], case(x.T, 2, 3)]
    return cases


def orders():
    cases = [case(a) for a in various] + [case(box, order) for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (-1, 0, 1))]
    cases += [case(box, 2, 1, 0), case(box, [1, 0, 2]), case(x, 1, 0), case(x, (0, 1)), case(x, (-1, -2)), case(normal(2, 0), 1, 0)]
    return cases


def broadcasts():
    pairs = [
        ((), ()), ((), (3,)), ((), (2, 2)), ((1,), (1,)), ((1,), (3,)), ((1,), (0,)), ((3,), (3,)), ((3,), (2, 3)),
        ((2, 1), (2, 3)), ((1, 3), (2, 3)), ((1, 1), (2, 3)), ((2, 3), (2, 3)), ((2, 1), (2, 2, 3)), ((1, 3), (2, 1, 3)),
        ((2, 1, 2), (2, 3, 2)), ((1, 1, 2), (3, 2, 2)), ((0,), (2, 0)), ((0, 1), (0, 3)), ((1, 3), (0, 3)), ((1,), (2, 0)),
    ]  # fmt: skip
    return [(normal(*small), large) for small, large in pairs]


def added_up(x, shape):
    """Element by element: each of x goes to the place that it was broadcast from."""
    y, places = np.zeros(shape, x.dtype), np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), x.shape)
    for place, value in zip(places.flat, x.flat):
        y.flat[place] += value
    return y


def with_options(arrays, **choices):
    """A case for each array and each value of an option."""
    ((name, values),) = choices.items()
    return [case(a, **{name: value}) for a in arrays for value in values]


axes = with_options([x, x.T, strided(x)], axis=[0, 1, -1, -2, (0, 1)]) + with_options([box], axis=[0, 1, -1, (0, 2), (-1, 1)])
sized_one = [normal(1), normal(1, 3), normal(3, 1), normal(1, 1), normal(1, 2, 1), normal(1, 0), normal(2, 1, 3).transpose(2, 1, 0)]


def pads():
    cases = [case(a, 1) for a in various]
    cases += [case(x, w) for w in (0, 2, (1, 2), (0, 1), ((1, 2), (0, 1)), ((0, 0), (2, 0)), [[1, 0], [0, 0]], ((1,), (2,)), (np.int64(1), 0))]
    cases += [case(v, (2, 0)), case(v, ((1, 3),)), case(x, 1, value=5), case(x, (0, 1), value=-0.5)]
    return cases


def rolls():
    cases = [case(a, 1) for a in various] + [case(x, s, axis=a) for s in (1, -1, 2, 3, 7, 0) for a in (0, 1, -1)]
    return [*cases, case(x, (1, 2), axis=(0, 1)), case(box, (1, -1), axis=(2, 0)), case(box, 1, axis=(0, 1)), case(normal(0, 3), 1, axis=0)]


def tiles():
    cases = [case(a, 2) for a in various] + [case(x, r) for r in (1, 0, 3, (2, 1), (1, 2), (2, 2), (2, 1, 1), [3], (0, 2), ())]
    return [*cases, case(box, (2, 1)), case(box, (1, 2, 2)), case(normal(), (2, 3)), case(v, np.int64(2))]


def repeats():
    cases = [case(a, 2) for a in various] + [case(x, n, axis=a) for n in (1, 2, 0) for a in (0, 1, -1, -2)]
    return [*cases, case(box, 2, axis=1), case(strided(x), 3, axis=0), case(x.T, 2, axis=-1), case(v, np.int64(2), axis=0)]


def joined(function):
    return lambda *xs, **options: function(xs, **options)


def parts():
    """Arrays that fit one after the other, and the axis."""
    cases = [case(v), case(v, v), case(v, normal(2), normal(0)), case(x, x), case(x, normal(1, 3)), case(x, normal(0, 3))]
    cases += [case(x, x.T.T, axis=a) for a in (0, 1, -1, -2)] + [case(x, normal(2, 1), normal(2, 2), axis=1)]
    cases += [case(box, normal(2, 1, 2), axis=1), case(box, normal(2, 3, 1), axis=-1), case(box, box, box, axis=2)]
    cases += [case(normal(3, 2).T, x), case(strided(x), x, axis=1), case(x, np.broadcast_to(normal(3), (2, 3)))]
    cases += [case(normal(0, 3), normal(0, 3)), case(normal(2, 0), normal(2, 0), axis=1), case(normal(2, 0), x, axis=1)]
    cases += [case(x.astype(np.float32), x.astype(np.float32)), case(x.astype(np.float32), x)]
    return [*cases, case(normal(1), normal(1)), case(normal(1, 1, 1), normal(1, 1, 1), axis=-1)]


def stacks():
    cases = [case(v), case(v, v), case(normal(), normal(seed=1)), case(normal(0), normal(0)), case(v, normal(5, seed=1), v)]
    cases += [case(x, normal(2, 3, seed=1), axis=a) for a in (0, 1, 2, -1, -2, -3)] + [case(x, strided(x), normal(3, 2).T)]
    cases += [case(box, box, axis=a) for a in (0, 1, 2, 3, -1, -4)] + [case(v, v, axis=-1), case(normal(), normal(), axis=-1)]
    cases += [case(normal(0, 2), normal(0, 2), axis=1), case(x.astype(np.float32), x.astype(np.float32))]
    return [*cases, case(normal(1), normal(1), axis=1), case(x, np.broadcast_to(normal(3), (2, 3)), axis=2), case(x.T, x.T, axis=1)]


def cuts():
    even = normal(4, 6)
    cases = [case(even, n) for n in (1, 2, 4)] + [case(even, n, axis=a) for n in (1, 2, 3, 6) for a in (1, -1)]
    cases += [case(v, p) for p in ([2], [2, 3], [0], [5], [1, 1, 4], [], (1, 2, 3, 4), np.array([1, 4]))] + [case(v, 5), case(v, 1)]
    cases += [case(box, 2), case(box, 3, axis=1), case(box, [1], axis=-1), case(even.T, [2], axis=0), case(strided(even), [1, 2], 1)]
    return [*cases, case(normal(0, 3), 2), case(normal(2, 0), 2), case(even.astype(np.float32), 2, axis=1), case(normal(0), 3)]


def there_and_back(x, dtype):
    """Rounding would be no small step: so to a wider dtype and back, where the derivative can be seen."""
    return S.astype(S.astype(x, dtype), x.dtype)


wide = [case(a, np.float64) for a in (*various, normal(3).astype(np.float32), x.T.astype(np.float32))]
integers = [case(np.array(a * 9), dtype) for a in various[:8] for dtype in (int, np.int8)] + [case(v, bool), case(np.arange(3), np.int16)]
homes = [case(a) for a in (*various, normal(3), normal(1, 1), normal(4, 1), *[normal(n) for n in range(2, 8)])]

OPS = [
    Op(
        "reshape", S.reshape, lambda x, *s: np.asarray(x.ravel().tolist(), x.dtype).reshape(s[0] if len(s) == 1 else s), new_shapes(),
        [wrong(ValueError, "cannot reshape", x, (4,)), wrong(ValueError, "cannot reshape|unknown", x, (-1, 4)), wrong(ValueError, "one unknown", x, (-1, -1))],
    ),
    Op(
        "transpose", S.transpose, lambda x, *a: np.moveaxis(x, range(x.ndim), np.argsort(np.array(a[0] if len(a) == 1 else a or range(x.ndim)[::-1]) % max(x.ndim, 1))), orders(),
        [wrong(ValueError, "axes don't match", x, (0, 1, 2)), wrong(ValueError, "repeated axis", x, (0, 0)), wrong(ValueError, "out of bounds", x, (0, 2))],
    ),
    Op(
        "broadcast_to", S.broadcast_to, lambda x, shape: x * np.ones(shape, x.dtype),
        [case(a, s) for a, s in broadcasts()] + [case(strided(normal(2, 1)), (2, 3)), case(normal(1, 2).T, (2, 2)), case(v.astype(np.float32), (2, 5)), case(v, [2, 5]), case(x[:1], (2, 2, 3))],
        [wrong(ValueError, r"\(3,\) does not broadcast to \(2,\)", normal(3), (2,)), wrong(ValueError, "does not broadcast", x, (3,)), wrong(ValueError, "does not broadcast", x, (2, 2))],
    ),
    Op(
        "sum_to", S.sum_to, added_up,
        [case(normal(*large), a.shape) for a, large in broadcasts()] + [case(strided(x), (1, 3)), case(x.T, (2,)), case(x.astype(np.float32), ()), case(x, [3]), case(box, (1, 2))],
        [wrong(ValueError, r"\(2,\) does not broadcast to \(3,\)", normal(3), (2,)), wrong(ValueError, "does not broadcast", x, (2, 3, 1)), wrong(ValueError, "does not broadcast", x, (2,))],
    ),
    Op(
        "expand_dims", S.expand_dims, np.expand_dims,
        with_options(various[1:], axis=[0, -1]) + with_options([x, box], axis=[1, -2, (0, 2), (-1, 0)]) + [case(normal(), 0), case(normal(), (0, 1))],
        [wrong(ValueError, no_axis, x, 3), wrong(ValueError, no_axis, x, -4), wrong(ValueError, no_axis, x, (0, 0))],
    ),
    Op(
        "squeeze", S.squeeze, np.squeeze,
        [case(a) for a in (*various, *sized_one)] + [case(normal(1, 2, 1), a) for a in (0, -1, 2, (0, 2), ())] + [case(normal(1, 0), 0), case(normal(3, 1), 1)],
        [wrong(ValueError, r"axes of size 1, not axis 0 of shape \(2, 3\)", x, 0), wrong(ValueError, no_axis, normal(1), 1), wrong(ValueError, "axes of size 1, not", normal(1, 2), (0, 1))],
    ),
    Op(
        "flatten", S.flatten, lambda x: np.array([row.ravel() for row in x], x.dtype).reshape(len(x), int(np.prod(x.shape[1:]))),
        [case(a) for a in (*various[1:], *sized_one, normal(2, 2, 2, 2), box.T, strided(box), box.astype(np.float32))],
        [wrong(ValueError, "not a single number", normal()), wrong(ValueError, "not a single number", 2.0)],
    ),
    Op(
        "moveaxis", S.moveaxis, np.moveaxis,
        [case(a, s, d) for a in (box, box.T, strided(box)) for s, d in ((0, 2), (2, 0), (1, -1), (-1, 0), (0, 0), ((0, 1), (2, 0)), ((0, 1), (1, 0)), ((0, 2), (-1, -2)))] + [case(x, 0, 1), case(x, -1, 0), case(v, 0, 0), case(normal(0, 3), 0, 1), case(x.astype(np.float32), 1, 0)],
        [wrong(ValueError, no_axis, x, 2, 0), wrong(ValueError, no_axis, x, 0, -3), wrong(ValueError, r"as many destinations as sources, not \(0, 1\) and 0", x, (0, 1), 0)],
    ),
    Op(
        "swapaxes", S.swapaxes, lambda x, i, j: np.swapaxes(x, i, j),
        [case(a, i, j) for a in (box, box.T, strided(box)) for i, j in ((0, 1), (0, 2), (1, 2), (-1, -2), (0, -1), (1, 1))] + [case(a, 0, 1) for a in (x, *layouts, normal(0, 3))] + [case(v, 0, 0)],
        [wrong(ValueError, no_axis, x, 0, 2), wrong(ValueError, no_axis, v, -2, 0)],
    ),
    Op(
        "flip", S.flip, np.flip, [case(a) for a in various] + axes,
        [wrong(ValueError, no_axis, x, 2), wrong(ValueError, no_axis, x, (0, -2)), wrong(ValueError, no_axis, normal(), 0)],
    ),
    Op(
        "tile", S.tile, np.tile, tiles(),
        [wrong(ValueError, "repeats must be at least 0, not -1", x, -1), wrong(ValueError, "at least 0, not -2", x, (1, -2)), wrong(TypeError, "must be a whole number, not 1.5", x, 1.5)],
    ),
    Op(
        "repeat", S.repeat, np.repeat, repeats(),
        [wrong(ValueError, "repeats must be at least 0, not -1", x, -1), wrong(TypeError, r"must be a whole number, not \[1, 2\]", x, [1, 2]), wrong(ValueError, no_axis, x, 2, 2)],
    ),
    Op(
        "pad", S.pad, lambda x, width, value=0: np.pad(x, width, constant_values=value) if x.ndim else x, pads(),
        [wrong(ValueError, "whole numbers of at least 0", x, -1), wrong(ValueError, "such a pair for each axis", x, ((1, 1), (1, 1), (1, 1))), wrong(ValueError, "whole numbers of at least 0", x, 1.5)],
    ),
    Op(
        "roll", S.roll, np.roll, rolls(),
        [wrong(ValueError, no_axis, x, 1, 2), wrong(ValueError, r"as many shifts as axes, not \(1, 2\) and 0", x, (1, 2), 0), wrong(ValueError, no_axis, x, 1, (0, 0))],
    ),
    Op(
        "concat", joined(S.concat), joined(np.concatenate), parts(),
        [wrong(ValueError, r"shapes that differ along axis 0 only, not \[\(2, 3\), \(3, 2\)\]", x, x.T), wrong(ValueError, "at least one array"), wrong(ValueError, "at least one axis", normal()), wrong(ValueError, no_axis, x, x, axis=2), wrong(ValueError, "differ along axis 0 only", x, v)],
    ),
    Op(
        "stack", joined(S.stack), joined(np.stack), stacks(),
        [wrong(ValueError, r"all of the same shape, not \[\(2, 3\), \(3, 2\)\]", x, x.T), wrong(ValueError, "at least one array"), wrong(ValueError, no_axis, x, x, axis=3)],
    ),
    Op(
        "split", S.split, lambda x, sections, axis=0: tuple(np.split(x, sections, axis)), cuts(),
        [wrong(ValueError, "sections must divide the size 3 of axis 1, or be points, not 2", x, 2, 1), wrong(ValueError, "sections must be at least 1, not 0", x, 0), wrong(ValueError, r"in order in 0 \.\. 5, .* not \[3, 2\]", v, [3, 2]), wrong(ValueError, r"not \[6\]", v, [6]), wrong(ValueError, no_axis, v, 5, 1)],
    ),
    Op(
        "astype", there_and_back, lambda x, dtype: x.copy(), wide,
        [wrong(TypeError, "astype: dtype must be", x, "a number"), wrong(TypeError, "astype: dtype must be", x, 3)],
    ),
    Op(
        "astype to integers", S.astype, lambda x, dtype: np.array([dtype(int(a)) for a in x.flat], dtype).reshape(x.shape) if dtype is not bool else x != 0, integers,
        [wrong(TypeError, "astype: dtype must be", x, "a number"), wrong(TypeError, "astype: dtype must be", x, 3)], order=0,
    ),
    Op(
        "to", lambda x, device=None: S.to(x, device or device_of(as_array(x))), lambda x: x.copy(), homes,
        [wrong(ValueError, "one of 'cpu', 'gpu', not 'tpu'", x, "tpu"), wrong(ValueError, "must be one of 'cpu', 'gpu', not 'cuda:0'", v, "cuda:0")],
    ),
]  # fmt: skip
