"""The beginning and the end of a backward pass: seeds go in, gradients come out, as Variables.

`grad` is the function of users; `run_backward` is the part that it shares with `Variable.backward`. The walk itself is
`engine.backward_pass`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from autograd import algebra, engine
from autograd.algebra import as_array, astype
from autograd.backend import as_numbers, device_conflict, device_of, is_array, module_of, namespace
from autograd.bfloat16 import FLOATS
from autograd.checks import flag
from autograd.config import mode, using
from autograd.constants import check_real
from autograd.function import Tracked, new_node, wrap
from autograd.guards import BackwardPass
from autograd.names import with_advice

if TYPE_CHECKING:
    from autograd.variable import Variable

__all__ = ["NO_GRAPH", "accumulate", "as_gradient", "check_sums", "grad", "lost", "run_backward", "seed_of"]

Grads: TypeAlias = "list[Variable]"
NO_GRAPH = (
    "of integers, or made under no_grad(), or of frozen parameters. Compute it from a floating-point Variable, outside "
    "no_grad(); x.detach() makes a leaf of a value"
)


def lost(nodes: Iterable[Any]) -> bool:
    """Are all leaves among the nodes values that were computed without a graph?"""
    return not any(node.creator is None and node.given for node in nodes)


def check_sums(gradients: dict[Any, Any]) -> None:
    """Raises ValueError for a Variable whose `grad` has another shape than the gradient that is to be added."""
    for node, gx in gradients.items():
        x = node()
        if x.grad is not None and np.shape(as_array(x.grad)) != gx.shape:
            given = np.shape(as_array(x.grad))
            raise ValueError(f"{x.name or 'x'}.grad must have the shape {gx.shape} of its Variable, not {given}")


def accumulate(x: Any, gx: Any, create_graph: bool) -> None:
    """Adds gx to `x.grad`; once more if another thread, or a signal handler, has changed that meanwhile.

    Python changes threads and runs handlers at calls and jumps back, so never between the last `if` and its assignment.
    """
    before = total = x.grad
    if before is None:
        total = gx
    else:
        value: Any = before if isinstance(before, Tracked) else wrap(as_numbers(before), gx.family)
        with using(recording=True) if create_graph else nullcontext():
            value = astype(value, gx.dtype)
            total = value + gx if create_graph else wrap(value.value + gx.value, gx.family)
    if x.grad is before:
        x.grad = total
    else:
        accumulate(x, gx, create_graph)


def as_list(xs: Any) -> list[Any]:
    """What was given, one or several, as a list."""
    return list(xs) if isinstance(xs, Iterable) and not hasattr(xs, "dtype") else [xs]


def seed_for(name: str, seed: Any, y: Any) -> Any:
    """`seed` as a Variable or an array of the shape of y; None stays None. Lists may hold Variables.

    Raises TypeError for what is no number, ValueError for another shape.
    """
    if seed is None:
        return None
    if isinstance(seed, (bool, np.bool, str, dict)):
        raise TypeError(f"{name} must be numbers of shape {y.shape}, not {seed!r:.40}: flags are given by their names")
    if not isinstance(seed, Tracked):
        try:
            seed = algebra.array_like(y, seed)
            if not isinstance(seed, Tracked):
                seed = as_numbers(seed) if hasattr(seed, "dtype") else namespace(y.value).asarray(as_numbers(seed))
        except TypeError as error:
            raise TypeError(f"{name} must be real numbers of shape {y.shape}, not {seed!r:.40}") from error
        check_real(name, as_array(seed))
    if seed.shape != y.shape:
        raise ValueError(f"{name} must have the shape of the output, {y.shape}, not {seed.shape}")
    return at_home(seed, y, name)


def at_home(g: Any, x: Any, name: str = "") -> Any:
    """The gradient `g` on the device of its Variable x, where a number may go; an array there is a ValueError.

    A Variable of no axes takes part in computations on the GPU as a number does, and its gradient is computed there.
    """
    array, value = as_array(g), x.value
    if type(array) is type(value) or None in (module_of(array), module_of(as_array(x))):
        return g
    if (conflict := device_conflict([value, array])) is None:
        return g
    if g.shape:
        raise ValueError(f"{name or 'the gradient of ' + (x.name or 'x')}: {conflict}")
    return algebra.to(g, device_of(value))


def seed_of(y: Any, gradient: Any) -> tuple[Any, Any]:
    """The seed of `y.backward(gradient)`, None for ones; and what was laid into `y.grad`, None for nothing."""
    laid = y.grad
    if laid is None and gradient is None:
        return None, None
    earlier = getattr(y.node, "retained", None)
    if laid is None or (earlier is not None and laid is earlier()):  # put there by an earlier pass
        return seed_for("gradient", gradient, y), None
    if gradient is not None:
        raise ValueError("backward takes one seed, not two: gradient=..., and what lies in grad; call cleargrad()")
    return seed_for("grad of the output", laid, y), laid


def seeds_for(ys: Sequence[Any], seeds: Any) -> list[Any]:
    """A seed for each output. For one output the list may be the seed itself, or hold it."""
    shapes = f"grad_outputs must be None or have the shapes of the outputs, {[y.shape for y in ys]}"
    if seeds is None:
        return [None] * len(ys)
    if len(ys) == 1:
        nested = isinstance(seeds, (list, tuple)) and len(seeds) == 1
        single = nested and (
            seeds[0] is None or isinstance(seeds[0], (bool, str)) or np.shape(as_array(seeds[0])) == ys[0].shape
        )
        seeds = seeds if single else [seeds]
    given = as_list(seeds)
    if len(given) != len(ys):
        raise ValueError(f"{shapes}, not {len(given)} seeds")
    try:
        return [seed_for("grad_outputs", seed, y) for seed, y in zip(given, ys)]
    except ValueError as error:
        raise ValueError(f"{shapes}: {error}") from error


def run_backward(
    outputs: Sequence[Any], seeds: Sequence[Any], create_graph: bool, walk: Any, retained: Any, wanted: Any = None,
    free: Any = (),
) -> dict[Any, Any]:  # fmt: skip
    """Walks back from `outputs` with their seeds (None: ones). Returns the gradients of what is alive, by node.

    `walk`, `retained`, `wanted` and `free` are those of `engine.backward_pass`.
    """
    family = outputs[0].family  # of the gradients too
    recorded = BackwardPass(family, seeds, bool(retained)) if create_graph else None
    start: dict[Any, Any] = {}
    now = mode.get()
    changed = create_graph or now.differentiating is not None
    with using(differentiating=recorded, recording=create_graph or now.recording) if changed else nullcontext():
        for y, seed in zip(outputs, seeds):
            xp = namespace(y.value)
            g = xp.ones(y.shape, y.dtype)[()] if seed is None else seed
            g = as_array(g) if not create_graph else g if isinstance(g, Tracked) else wrap(g, family)
            g = astype(g, y.dtype)
            start[y.node] = start[y.node] + g if y.node in start else g
        found = engine.backward_pass(start, walk, retained, wanted, free)
        if now.watcher is not None:
            now.watcher.finished(found)
        owners = {id(as_array(seed)) for seed in seeds}  # arrays that are somebody else's
        home = {node: at_home(g, x) for node, g in found.items() if (x := node()) is not None}
        return {node: as_gradient(g, owners, create_graph, family) for node, g in home.items()}


def as_gradient(g: Any, owners: set[int], create_graph: bool, family: Any) -> Any:
    """Wraps g as a Variable. Copies it if the array is a view, or belongs to somebody else: `owners`, ids of arrays."""
    x = g if create_graph and isinstance(g, Tracked) else wrap(as_array(g), family)
    if is_array(x.value) and (x.value.base is not None or id(x.value) in owners):
        x = algebra.Convert()(x) if create_graph else wrap(algebra.Convert()(x.value), family)
    owners.add(id(x.value))
    if create_graph and x.node is None:
        new_node(x)  # a constant gradient is in the graph: its derivative is 0, not an error
    return x


@overload
def grad(outputs: Any, inputs: Variable, grad_outputs: Any = None, create_graph: bool = False) -> Variable: ...
@overload
def grad(outputs: Any, inputs: Iterable[Any], grad_outputs: Any = None, create_graph: bool = False) -> Grads: ...
@with_advice
def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, create_graph: bool = False) -> Variable | Grads:
    """d(outputs)/d(inputs) as Variables. Leaves every `.grad` alone, and walks only the graph between the two.

    `outputs` is a Variable or several, whose contributions are added; `grad_outputs` are their seeds (None: ones). The
    result is a Variable if `inputs` is one, else a list. An input that does not influence the outputs has gradient 0.
    Without `create_graph` the gradients are constants in what is computed from them.
    Raises TypeError for what is no floating-point Variable, RuntimeError for an output without a graph, ValueError for
    a seed of another shape.
    """
    ys, xs, create_graph = as_list(outputs), as_list(inputs), flag("grad: create_graph", create_graph)
    for x in [*ys, *xs]:
        if not isinstance(x, Tracked) or x.value.dtype.kind not in FLOATS:
            advice = ", such as list(model.params()); ag.value_and_grad takes a function" if callable(x) else ""
            given = f"{getattr(x, 'dtype', type(x))}: {x!r:.40}"
            raise TypeError(f"grad takes floating-point Variables{advice}, not {given}")
    if not ys:
        raise ValueError("grad takes at least one output, not an empty list")
    seeds = seeds_for(ys, grad_outputs)
    targets = {x.node or new_node(x) for x in xs}
    if None in targets:
        raise RuntimeError("grad takes no inputs that are frozen, or computed from such alone: thaw() the layer first")
    if any(y.node is None for y in ys):
        raise RuntimeError("an output has no graph: made under no_grad(), or a gradient without create_graph=True")
    walk = engine.nodes_between([y.node for y in ys], targets)
    if not walk and targets.isdisjoint([y.node for y in ys]) and lost(engine.nodes_below([y.node for y in ys])):
        raise RuntimeError(f"grad found no leaf that somebody made below the outputs: all are {NO_GRAPH}")
    inner = {node for node in targets if node.creator is not None}  # those of leaves come anyway
    found: dict[Any, Any] = run_backward(ys, seeds, create_graph, walk, inner, {*walk, *targets})
    found.update({x.node: namespace(x.value).zeros(x.shape, x.dtype) for x in xs if x.node not in found})
    owners: set[int] = set()
    # an input that is named twice gets two arrays
    gxs = [as_gradient(found[x.node], owners, create_graph, ys[0].family) for x in xs]
    return gxs[0] if isinstance(inputs, Tracked) else gxs
