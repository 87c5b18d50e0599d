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
from autograd import Variable, checkpoints, data, distributed, models, serialize, testing, training, visualize, watch
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
    "checkpoints.Run",  # made by fit
    *("distributed.Group", "distributed.Averaging", "distributed.Partition"),  # made by init() and group.averaging()
    *("training.History", "training.Score", "visualize.mimebundle"),  # results, and what a notebook calls
    *("ag.as_array", "ag.gpu_available", "data.cache_folder", "watch.source_line"),  # take anything, or nothing
    "data.ByteVocabulary",  # takes nothing
    *("models.read_weights", "training.tensorboard"),  # files
    "O.check_finite",  # called by update
    "training.progress",  # gives back what it takes, where nobody looks
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


def kinds_of(base):
    """All classes below a class."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def plain(name):
    return name.lower().replace("_", "")


@cache
def functions():
    """The words by which a message may name a function: the public ones, and the classes behind them."""
    behind = [kind.__name__ for kind in kinds_of(ag.Function) if kind.__module__.startswith("autograd.")]
    return {plain(name) for name in [*F.__all__, *behind]}


def spoken_of(message):
    """The function that a message speaks of, None if of none: "var takes ...", "where: the condition must ..."."""
    first = re.match(r"[\w.]*?(\w+)(: | takes | of | has )", message)
    return first and first[1] if first and plain(first[1]) in functions() else None


def messages(f, arguments):
    """What is said to this call, "" if it is taken."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            f(**arguments)
        except Exception as error:
            return str(error)
    return ""


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("F.")])
def test_an_error_speaks_of_the_function_that_was_called(name):
    """And of no other one that it calls in its turn."""
    own = name.split()[0].removeprefix("F.")
    said = {messages(CALLS[name][0], arguments) for _, _, arguments, _ in replaced(name)}
    others = [text for text in said if plain(spoken_of(text) or own) != plain(own)]
    assert not others, f"{own} speaks of another function:\n" + "\n".join(others)


@pytest.mark.parametrize(
    "own, call",
    [
        ("setitem", lambda x: F.setitem(x, 5, 1.0)),
        ("add_at", lambda x: F.add_at(x, (0, 7), 1.0)),
        ("scatter_add", lambda x: F.scatter_add(x, [[5]], x[:1, :1], 0)),
        ("index_add", lambda x: F.index_add(x, [7], x)),
        ("put_along_axis", lambda x: F.put_along_axis(x, [[7]], 1.0, 0)),
        ("std", lambda x: F.std(x, ddof=6)),
        ("std", lambda x: x.std(ddof=6)),
        ("np.std", lambda x: np.std(x, ddof=6)),
        ("std_mean", lambda x: F.std_mean(x, ddof=6)),
        ("flatten", lambda x: x.flatten("F")),
        ("hstack", lambda x: F.hstack([x, x.T])),
        ("vstack", lambda x: F.vstack([x, x.T])),
        ("round", lambda x: F.round(np.array([True]), -1)),
        ("np.vstack", lambda x: np.vstack([x, x.T])),
        ("mean", lambda x: x.mean(dtype="f")),
        ("mean_squared_error: weight", lambda x: F.mean_squared_error(x, x, weight="a")),
        ("diff", lambda x: F.diff(x, prepend=np.ones((5, 5)))),
        ("lerp", lambda x: F.lerp(x, x.T, 0.5)),
        ("cond", lambda x: F.cond(x[:, :2] * 0, 1)),
        ("batch_norm_with_statistics", lambda x: F.batch_norm_with_statistics(x, np.ones(2), np.ones(2))),
    ],
)
def test_wrong_calls_that_nonsense_does_not_reach(own, call):
    """Such as an index out of range, and methods, and NumPy's functions."""
    with pytest.raises((TypeError, ValueError, IndexError), match=rf"^{own}\b") as info:
        call(Variable(np.arange(6.0).reshape(2, 3)))
    assert "self" not in str(info.value)


def test_every_public_function_is_called():
    """What is not, stands in WITHOUT."""
    called = {name.split()[0] for name in CALLS}
    modules = {"F": F, "L": L, "O": O, "ag": ag, "transforms": transforms, "metrics": ag.metrics}
    for module in (checkpoints, data, distributed, models, serialize, testing, training, visualize, watch):
        modules[module.__name__.rpartition(".")[2]] = module
    for part, module in modules.items():
        names = [f"{part}.{name}" for name in module.__all__ if callable(getattr(module, name))]
        assert set(names) - called - WITHOUT == set()
