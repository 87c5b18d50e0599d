"""A batch as the model, the loss and the optimizer take it.

    (x, t)            y = model(x), loss(y, t)
    (x, t, weight)    the same, with a weight for each sample
    ((x1, x2), t)     y = model(x1, x2): a tuple is several inputs
    ({"a": x}, t)     y = model(a=x)
    {"a": x, "t": t}  the same: "t" and "weight" are not for the model

Everything else is one input or one target, lists too: a tuple or a dict as one input is `((x,), t)`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import signature
from itertools import islice
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, is_array, namespace
from autograd.bfloat16 import finfo, kind_of
from autograd.checks import number, one_of, shown, takes
from autograd.config import no_grad
from autograd.constants import is_sparse
from autograd.data.columns import in_memory, mapped
from autograd.variable import Variable

__all__ = [
    "Batch", "Reduction", "batch_loss", "batch_of", "check_parts", "check_rows", "checked_reduction", "counted",
    "groups", "has_parts", "inputs_of", "joined", "one_number", "rows_of",
]  # fmt: skip

Reduction: TypeAlias = str | Callable[[Any, Any], Any]  # "mean", "sum", or a function (y, t)


@dataclass(frozen=True)
class Batch:
    """y = model(*inputs, **options), and its loss divides by `size`: the samples, their weights, or what counts."""

    inputs: tuple[Any, ...]
    options: Mapping[str, Any]
    t: Any = None
    weight: Array | None = None
    samples: int = 0
    size: float = 0


def groups(batches: Iterable[Any], n: int) -> Iterator[list[Batch]]:
    """n batches at a time; the last group has the rest."""
    found = map(batch_of, batches)
    while group := list(islice(found, n)):
        yield group


def batch_of(batch: Any) -> Batch:
    """What a loader gave. Raises TypeError if it is no batch, ValueError for weights that do not fit."""
    if isinstance(batch, Mapping):
        if "t" not in batch or not batch.keys() - {"t", "weight"}:
            raise ValueError(f"a batch that is a dict must have inputs, and its target as 't', not {shown([*batch])}")
        x, t, weight = batch, batch["t"], batch.get("weight")
    elif isinstance(batch, (tuple, list)) and len(batch) in (2, 3):
        x, t, weight = (*batch, None)[:3]
    else:
        given = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, (tuple, list)) else type(batch).__name__
        raise TypeError(
            f"loader must give batches (x, t), not {given}{getattr(batch, 'shape', '')}: "
            "several inputs are ((x1, x2), t)"
        )
    inputs, options = inputs_of(x)
    n = length(inputs[0] if inputs else next(iter(options.values())))
    weight = None if weight is None else weights(weight, n)
    return Batch(inputs, options, t, weight, n, n if weight is None else float(weight.sum()))


def inputs_of(x: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """x as the arguments of a model."""
    if isinstance(x, Mapping):
        return (), {name: value for name, value in x.items() if name not in ("t", "weight")}
    return x if isinstance(x, tuple) else (x,), {}


def length(x: Any) -> int:
    """The number of samples in an input. Raises TypeError for what has no rows."""
    try:
        return x.shape[0] if is_sparse(x) else len(x)
    except TypeError:
        raise TypeError(f"loader must give batches (x, t) whose x has a row for each sample, not {shown(x)}") from None


def weights(weight: Any, n: int) -> Array:
    """A weight for each of n samples. Raises TypeError or ValueError for anything else, such as a second input."""
    w = as_array(weight)
    if not is_array(w) or kind_of(w.dtype) != "f" or w.shape != (n,):
        given = f"{w.dtype} {w.shape}" if is_array(w) else shown(w)
        raise TypeError(
            f"a batch of three must be (x, t, weight) with floating-point weights ({n},), not {given}: "
            "several inputs are ((x1, x2), t)"
        )
    if not ((w >= 0).all() and float(w.sum()) < float("inf")):  # all may be 0: of the part of a process, say
        raise ValueError("the weights of a batch must be at least 0, and finite")
    return w


def checked_reduction(name: str, reduction: Any) -> Reduction:
    """Raises TypeError or ValueError for what does not say how the losses of batches are made one."""
    if not callable(reduction):
        return str(one_of(f"{name}: reduction", reduction, "mean", "sum"))
    if isinstance(reduction, type) or not takes(reduction, 2):
        raise TypeError(f"{name}: reduction must be 'mean', 'sum' or a function (y, t), not {shown(reduction)}")
    return reduction


def counted(reduction: Reduction, y: Any, batch: Batch) -> Batch:
    """The batch with the number by which its loss divides. Raises ValueError for one below 0, or beside weights."""
    if reduction == "mean" or not batch.samples:
        return batch
    if batch.weight is not None:
        raise ValueError("reduction must be 'mean' where batches have weights: they say what a sample counts")
    if isinstance(reduction, str):
        return batch
    return replace(batch, size=float(number("reduction", one_number("reduction", reduction(y, batch.t)), least=0)))


def one_number(name: str, y: Any) -> float:
    """What the function `name` has returned, as a float. Raises ValueError for several numbers, TypeError for none."""
    value = as_array(y)
    if getattr(value, "size", 1) != 1:
        raise ValueError(f"{name} must return one number, not the shape {value.shape}: take its mean or sum")
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, (str, bytes)):  # float would read a text
        with suppress(TypeError, ValueError):
            return float(value)
    raise TypeError(f"{name} must return one number, not {shown(y)}")


def batch_loss(loss: Callable[..., Any], y: Any, batch: Batch) -> Any:
    """loss(y, t); with weights the sum of w loss(y, t) over the samples, divided by the sum of w; 0 if nothing counts.

    Raises TypeError for a loss without `reduction` where there are weights, ValueError if it gives none for a sample.
    """
    if not batch.size:
        return (y * 0).sum()
    if batch.weight is None:
        return loss(y, batch.t)
    try:
        signature(loss).bind(y, batch.t, reduction="none")
    except (TypeError, ValueError):
        raise TypeError(
            "loss must be a function (y, t, reduction='none') where batches have weights, such as "
            f"F.softmax_cross_entropy, not {shown(loss)}"
        ) from None
    losses = loss(y, batch.t, reduction="none")
    if getattr(losses, "shape", ())[:1] != batch.weight.shape:
        raise ValueError(f"loss must give a loss for each of {batch.samples} samples, not {shown(losses)}")
    each = losses.reshape(batch.samples, -1).mean(1)
    return (each * batch.weight).sum() / batch.size


def has_parts(y: Any, batch: Batch) -> bool:
    """Can a loss be tried on parts of this batch? It has two samples, and y and all of t have a row for each."""
    arrays: list[Any] = [y]
    mapped(arrays.append, batch.t)
    rows = all(getattr(x, "shape", ())[:1] == (batch.samples,) for x in arrays)
    return rows and batch.samples > 1 and batch.weight is None and kind_of(y.dtype) == "f"


def check_parts(loss: Callable[..., Any], reduction: Reduction, y: Any, error: Any, batch: Batch) -> None:
    """Warns of a loss that is not made of those of parts as `reduction` says: tried on the first sample and the others.

    Where it takes no single sample, the first two are tried. Says nothing of a loss that takes no parts, or draws
    numbers.
    """
    for n in (1, 2):
        with suppress(Exception):  # the loss's own: it takes no such part
            found = losses_of_parts(loss, reduction, y, batch.t, n)
            break
    else:
        return
    whole, first, others = [value * size if size else 0.0 for value, size in found]
    eps = max([float(finfo(as_array(x).dtype).eps) for x in (y, error)])
    slack = 1e3 * eps * (abs(whole) + abs(first) + abs(others))
    if found[0][0] == one_number("loss", error) and abs(whole - first - others) > slack:
        said = "is not a mean over the samples" if reduction == "mean" else "is not what reduction says"
        warnings.warn(
            f"fit: the loss of a batch {said}, and so that of the parts of accumulate= and group= is another one. Give "
            "reduction='sum' for a sum, or a function (y, t) of what the mean divides by, such as "
            "lambda y, t: (t != -1).sum(). Samples that the loss compares are compared within a part alone",
            stacklevel=5,
        )


def losses_of_parts(
    loss: Callable[..., Any], reduction: Reduction, y: Any, t: Any, n: int
) -> list[tuple[float, float]]:
    """The losses of all samples, of the first n and of the others, with what they divide by. Raises what they raise."""
    found = []
    with no_grad(), np.errstate(all="ignore"):  # of a part in which nothing counts
        for rows in (slice(None), slice(n), slice(n, None)):
            part, s = Variable(as_array(y)[rows]), mapped(itemgetter(rows), t)
            size = 1 if reduction == "sum" else len(part) if reduction == "mean" else reduction(part, s)  # type: ignore[operator]
            found.append((one_number("loss", loss(part, s)), one_number("reduction", size)))
    return found


def rows_of(data: Any, n: int) -> Iterator[Any]:
    """n rows at a time of an array, or of all arrays of a tuple or a dict."""
    arrays = [*data.values()] if isinstance(data, Mapping) else data if isinstance(data, tuple) else (data,)
    if not arrays or not all(hasattr(x, "shape") and x.shape for x in arrays) or len({len(x) for x in arrays}) != 1:
        raise ValueError(f"predict takes arrays with rows, as many in each, not {shown(data)}")
    for i in range(0, len(arrays[0]), n):
        parts = [in_memory(x[i : i + n]) for x in arrays]
        yield dict(zip(data, parts)) if isinstance(data, Mapping) else tuple(parts)


def check_rows(y: Any, data: Any) -> None:
    """Raises ValueError for an output that has not as many rows as the data, such as that of one sample alone."""
    first = next(iter(data.values())) if isinstance(data, Mapping) else data[0] if isinstance(data, tuple) else data
    if is_array(y) and len(y) != len(first):
        raise ValueError(
            f"predict takes a model that gives a row for each of {len(first)} samples, not {y.shape} for "
            f"{first.shape}: one sample x is x[None]"
        )


def joined(outputs: list[Any]) -> Any:
    """The outputs for several batches as those for one: arrays, or tuples, lists and dicts of them."""
    first = outputs[0]
    if isinstance(first, Mapping):
        return {name: joined([y[name] for y in outputs]) for name in first}
    if isinstance(first, (tuple, list)):
        parts = [joined(list(ys)) for ys in zip(*outputs, strict=True)]
        return parts if isinstance(first, list) else tuple(parts)
    arrays = [as_array(y) for y in outputs]
    if not all(is_array(y) and y.ndim for y in arrays):
        raise TypeError(f"predict takes a model that gives an array with a row for each sample, not {shown(first)}")
    return arrays[0] if len(arrays) == 1 else namespace(*arrays).concatenate(arrays)
