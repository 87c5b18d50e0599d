"""Every row of the op table through capture: values and derivatives of both orders are those of the eager step."""

import warnings
from contextlib import suppress

import numpy as np
import pytest

import autograd as ag
from autograd import Variable
from tests.programs.twins import Refused, assert_equal, capture
from tests.test_ops import OPS, floating, mapped, noting, outputs

pytestmark = pytest.mark.standin_exempt("a captured program is NumPy's")

REFUSED = {
    "ctc_loss": "main memory",  # it computes with numbers on the CPU, and so do the next three
    "nanmedian": "main memory",
    "nanquantile": "main memory",
    "nanquantile of holes": "main memory",
    "accuracy": "asks for a value",  # the row makes an array of a float
    "dropout": "generator of random numbers that the step makes",
}
ROUNDED = {  # eager adds the same numbers in another order
    "add": "gradients of numbers, which eager need not copy",
    "operator +": "the same",
    "solve_triangular": "matrices 1 x 1",
    "cholesky": "the same",
    "qr": "the same",
    "tensorinv": "an inverse",
    "tensorsolve": "the same",
}
CASES = 2  # of a row


def step_of(op, options, places):
    """A function of a row's arguments: the outputs, their gradients, and the gradients of these."""

    def step(*args):
        xs = [Variable(x) if i in places else x for i, x in enumerate(args)]
        inputs = [xs[i] for i in places]
        ys = outputs(op.f(*xs, **options))
        found, level = list(ys), [y for y in ys if differentiable(y)]
        for order in range(1, min(op.order, 2) + 1):
            if not level:
                break
            total = sum([(y * y * 0.5 + y).sum() for y in level])
            gradients = [g for g in ag.grad(total, inputs, create_graph=order < 2) if g is not None]
            found += gradients
            level = [g for g in gradients if differentiable(g)]
        return found

    return step


def differentiable(y):
    return isinstance(y, Variable) and y.dtype.kind == "f" and y.creator is not None


def nearby(args):
    """Arguments of the same shapes, with other floating-point numbers."""
    return mapped(lambda x: (x * 1.01).astype(x.dtype) if floating(x) else x, args)


@pytest.mark.parametrize("op", OPS, ids=repr)
def test_functions(op):
    """A replay gives the numbers of the record, and of other inputs those that an eager step gives for them."""
    for case in list(op.cases)[: 1 if op.name in REFUSED else CASES]:
        places = [i for i, x in enumerate(case.args) if floating(x)]
        if not places:
            continue
        step = step_of(op, case.options, places)
        captured = capture(step)
        with noting(op, case), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if op.name in REFUSED:
                captured(*case.args)
                with pytest.raises(Refused, match=REFUSED[op.name]):
                    captured(*case.args)
                continue
            expected = step(*case.args)
            for _ in range(4):
                assert_equal(captured(*case.args), expected, exact=op.name not in ROUNDED)
            with suppress(ValueError):  # some functions do not take these
                other = nearby(case.args)
                expected = step(*other)
                for _ in range(3):
                    assert_equal(captured(*other), expected, exact=op.name not in ROUNDED)
            assert next(iter(captured.ways.values())).replays


def test_named_rows_exist():
    assert {*REFUSED, *ROUNDED} <= {op.name for op in OPS}
