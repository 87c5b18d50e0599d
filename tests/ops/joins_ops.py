"""Rows for arrays put together. The references are NumPy's own functions, or loops; ours are made of `concat`."""

import numpy as np

import autograd.functions.joins as F
from tests.ops.shape_ops import joined
from tests.ops.table import Op, case, normal, strided, wrong

v, x, box = normal(3), normal(2, 3), normal(2, 3, 2)
seconds = [normal(2, n, seed=1) for n in (1, 2, 3)]
same = [case(x, x), case(strided(x), x), case(x, normal(3, 2).T), case(x.astype(np.float32), x.astype(np.float32)), case(x), case(x, x, x)]
vectors = [case(normal(n), normal(n, seed=1)) for n in range(6)] + [case(v), case(v, v, v), case(strided(v), v)]
numbers = [case(normal(), normal(seed=1)), case(normal())]


def grid(*xs, indexing="xy"):
    swap = indexing == "xy" and len(xs) > 1
    shape = [x.size for x in xs]
    shape = [shape[1], shape[0], *shape[2:]] if swap else shape
    found = [np.zeros(shape, x.dtype) for x in xs]
    for place in np.ndindex(*shape):
        inner = (place[1], place[0], *place[2:]) if swap else place
        for y, x, i in zip(found, xs, inner):
            y[place] = x.reshape(-1)[i]
    return tuple(found)


grids = [case(*[normal(n) for n in sizes], **o) for sizes in [(3,), (2, 3), (3, 1), (2, 2), (2, 3, 2), (1, 1, 4), (0, 2), (2, 1, 2, 3)] for o in ({}, {"indexing": "ij"}, {"indexing": "xy"})]
grids += [case(normal(), v), case(strided(v), x), case(v.astype(np.float32), normal(2).astype(np.float32))]
empty = wrong(ValueError, "at least one array")
unlike = wrong(ValueError, "shapes that differ along axis", x, normal(3, 4))

OPS = [
    Op("hstack", joined(F.hstack), joined(np.hstack), [*same, *vectors, *numbers, *[case(x, a) for a in seconds], *[case(a, x, a) for a in seconds], case(v, normal(2)), case(normal(0, 3), normal(0, 2))], [empty, unlike, wrong(ValueError, "differ along", x, v)]),
    Op("vstack", joined(F.vstack), joined(np.vstack), [*same, *vectors, *numbers, case(v, x), case(x, v, x), *[case(normal(n, 3), x) for n in (1, 2, 4)], *[case(x, normal(n, 3), v) for n in (1, 2, 4)]], [empty, wrong(ValueError, "differ along axis 0", x, normal(3, 4)), wrong(ValueError, "differ along axis 0", x, normal(2))]),
    Op("dstack", joined(F.dstack), joined(np.dstack), [*same, *vectors, *numbers, case(box, box), case(x, box), case(box, x), case(box[:, :, :1], box, x), case(v, v), case(strided(box), x), case(normal(1, 3), v), case(v, normal(1, 3, 2))], [empty, wrong(ValueError, "differ along axis 2", x, normal(3, 4)), wrong(ValueError, "differ along axis 2", x, v)]),
    Op("column_stack", joined(F.column_stack), joined(np.column_stack), [*same, *vectors, *numbers, case(normal(2), x), case(x, normal(2), x), *[case(x, a) for a in seconds], *[case(normal(2), a) for a in seconds]], [empty, wrong(ValueError, "differ along axis 1", x, v), wrong(ValueError, "differ along axis 1", x, normal(3, 4))]),
    Op("meshgrid", F.meshgrid, grid, grids, [wrong(ValueError, "indexing must be one of 'xy', 'ij', not 'yx'", v, v, indexing="yx"), wrong(TypeError, "meshgrid takes a Variable or an array, not str", "text", v)]),
]  # fmt: skip
