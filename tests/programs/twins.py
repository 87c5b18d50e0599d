"""A step and its eager twin: `make()` builds an equal training each time, and one of the two is captured.

    same_training(make, [(x, t)], steps=200)

`make` returns the step, and what it changes: layers, optimizers, generators, Variables.
"""

from functools import wraps
from io import StringIO

import numpy as np

from autograd import Buffer, Variable
from autograd.layers import Layer
from autograd.layers.base import named_objects
from autograd.optimizers import EMA, Optimizer
from autograd.programs import Refused, capture

__all__ = ["Refused", "assert_equal", "capture", "counted", "everything", "same_training"]


def counted(step):
    """The step captured, and a function that says how many times the step itself has run."""
    runs = StringIO()  # written like a file, which capture does not look at

    @wraps(step)
    def ran(*args, **options):
        runs.write(".")
        return step(*args, **options)

    return capture(ran), lambda: len(runs.getvalue())


def everything(*things):
    """All numbers of layers, optimizers, generators and Variables, by a name for each."""
    found = {}
    for i, x in enumerate(things):
        if isinstance(x, Layer):
            for path, p in named_objects(x, (Variable, Buffer)):
                found[f"{i}.{path}"] = p.data.copy()
                found[f"{i}.{path}.grad"] = None if getattr(p, "grad", None) is None else p.grad.data.copy()
            states = [(path, y.rng) for path, y in named_objects(x, Layer) if hasattr(y, "rng")]
            found |= {f"{i}.{path}.rng": state_of(rng) for path, rng in states}
            found |= {f"{i}.{path}": value(getattr(y, name)) for path, y in named_objects(x, Layer) for name in "hc"
                      if isinstance(getattr(type(y), name, None), property)}  # fmt: skip
        elif isinstance(x, Optimizer):
            found[f"{i}.steps"], found[f"{i}.counts"] = x.steps, dict(x.counts)
            found |= {f"{i}.{path}.slots": [y.copy() for y in slots] for path, slots in x.state.items()}
        elif isinstance(x, EMA):
            found |= {f"{i}.{path}.average": y for path, y in x.state_dict().items()}
        elif isinstance(x, Variable):
            found[f"{i}"], found[f"{i}.grad"] = x.data.copy(), None if x.grad is None else x.grad.data.copy()
        elif isinstance(x, np.ndarray):
            found[f"{i}"] = x.copy()
        else:
            found[f"{i}.rng"] = state_of(x)
    return found


def value(x):
    """The array of a state."""
    x = x.data if isinstance(x, Variable) else x
    return None if x is None else x.copy()


def state_of(rng):
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng


def assert_equal(a, b, exact=True, path="the result"):
    """Equal bit for bit, but for the sign of nan; to rounding if not `exact`. So are structures, kinds and dtypes."""
    assert type(a) is type(b), f"{path}: {type(a)} and {type(b)}"
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for name in a:
            assert_equal(a[name], b[name], exact, f"{path}.{name}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b)):
            assert_equal(x, y, exact, f"{path}.{i}")
    elif isinstance(a, Variable):
        assert_equal(a.data, b.data, exact, path)
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype, path
        if exact:
            np.testing.assert_array_equal(a, b, err_msg=path)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=path)
    else:
        assert a == b, path


def same_training(make, batches, steps=200, between=lambda i, *things: None, runs=3, exact=True):
    """A captured training is its eager twin, in what it returns at each step, and in all that it has changed.

    between   what the program does before step i, on both sides
    runs      how many times the captured step itself may run: the others are replays
    """
    step, *things = make()
    captured, ran = counted(step)
    eager, *others = make()
    for i in range(steps):
        args = batches[i % len(batches)]
        between(i, *things)
        between(i, *others)
        assert_equal(captured(*args), eager(*args), exact, f"step {i}")
        if i < 10 or i % 10 == 9:
            assert_equal(everything(*things), everything(*others), exact, f"after step {i}")
    assert ran() <= runs
    return captured
