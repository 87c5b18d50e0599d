"""Nonsense at every argument of every public callable: refused in our words, or in a list of what is taken, and why.

A call is right, with one argument replaced by nonsense. It must raise, and the error must come from a `raise` of this
package: one of NumPy or Python names neither the function nor the argument. An AttributeError is never right.
What is taken stands in TAKEN of `tests/ops/calls.py`, by the kind of the argument.
"""

import ast
import contextlib
import io
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, models, serialize, testing, training, visualize, watch
from autograd.data import transforms
from tests.ops.calls import BY_NAME, CALLS, NONSENSE, TAKEN

pytestmark = pytest.mark.standin_exempt(
    "calls that fail before an array is touched; NumPy's arrays are among the nonsense"
)

ROOT = Path(ag.__file__).parent
WITHOUT = {
    *("L.Layer", "ag.Layer", "ag.Function", "O.Optimizer"),  # bases, for subclasses
    *("L.Parameter", "metrics.accuracy"),  # ag.Parameter, F.accuracy
    *("watch.anomaly", "watch.profile", "watch.trace", "watch.tracing"),  # ag.anomaly, visualize.trace
    *("watch.Anomaly", "watch.Locator", "watch.Profile", "watch.Tracing"),  # made by the blocks
    *("training.History", "training.Score", "visualize.mimebundle"),  # results, and what a notebook calls
    *("ag.as_array", "ag.gpu_available", "data.cache_folder", "watch.source_line"),  # take anything, or nothing
    "data.ByteVocabulary",  # takes nothing
    *("models.read_weights", "training.tensorboard"),  # files
}


def replaced(name):
    """(argument, kind of nonsense, call) for each argument of a call."""
    _, arguments, kinds = CALLS[name]
    for argument in arguments:
        for kind, make in NONSENSE.items():
            yield argument, kind, {**arguments, argument: make()}, kinds.get(argument, BY_NAME.get(argument, []))


NOTHING = re.compile(r"\b0 (\.\.|to) -1\b")  # a range that no number lies in is no advice


@cache
def raise_lines(path):
    """The numbers of the lines of a file that belong to a `raise`."""
    nodes = ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
    return {n for node in nodes if isinstance(node, ast.Raise) for n in range(node.lineno, node.end_lineno + 1)}


def is_ours(error):
    """Does it come from a `raise` of this package?"""
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    path = place.tb_frame.f_code.co_filename
    return ROOT in Path(path).parents and place.tb_lineno in raise_lines(path)


def outcome(f, arguments):
    """What is wrong with the answer to nonsense: "" if it is an error of ours."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            f(**arguments)
    except FileNotFoundError:
        return ""  # that of the system, which names the path
    except AttributeError as error:
        return f"AttributeError: {error}"
    except Exception as error:
        return "" if is_ours(error) and not NOTHING.search(str(error)) else f"{type(error).__name__}: {error}"
    return "taken"


def found(name):
    """(argument, kind of nonsense, what is wrong) for each call that is not answered as it should be."""
    for argument, kind, arguments, kinds in replaced(name):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answer = outcome(CALLS[name][0], arguments)
        allowed = (answer == "taken" or "function" in kinds) and any(kind in TAKEN[k] for k in kinds)
        if answer and not allowed:
            yield argument, kind, answer


@pytest.mark.parametrize("name", CALLS)
def test_nonsense_is_refused_in_our_words(name):
    wrong = [f"{argument} = {kind}: {answer}"[:200] for argument, kind, answer in found(name)]
    assert not wrong, f"{len(wrong)} calls of {name}:\n" + "\n".join(wrong)


def test_every_public_function_is_called():
    """What is not, stands in WITHOUT."""
    called = {name.split()[0] for name in CALLS}
    modules = {"F": F, "L": L, "O": O, "ag": ag, "transforms": transforms, "metrics": ag.metrics}
    for module in (data, models, serialize, testing, training, visualize, watch):
        modules[module.__name__.rpartition(".")[2]] = module
    for part, module in modules.items():
        names = [f"{part}.{name}" for name in module.__all__ if callable(getattr(module, name))]
        assert set(names) - called - WITHOUT == set()
