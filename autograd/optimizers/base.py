"""What all optimizers share: the loop over parameters, the count of steps, the learning rate, and the state.

A subclass is its formula: it names the slots that it keeps for each parameter, and writes the step in place.

    class Momentum(Optimizer):
        slots = ("v",)

        def step(self, lr, t, p, g, v):
            v *= self.momentum
            v += g
            p -= lr * v
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autograd.backend import Array, device_of, is_array, namespace, to_device
from autograd.core import Variable
from autograd.layers.base import Layer, Parameter, fits, walk

Grads: TypeAlias = dict[str, Array]  # the gradient by path
Transform: TypeAlias = Callable[[Mapping[str, Variable], Grads], Grads]
Rate: TypeAlias = float | Callable[[int], float]

BLOCK = 1 << 19  # bytes of a parameter that are updated at a time: they and the formula's temporaries stay in the cache


class Optimizer:
    """Trains the parameters of a layer, or of a list or dict of Variables: `update()` after each `backward()`.

    model        a Layer, whose parameters are looked up anew in each update, so that later ones are found too;
                 or a list or dict of parameters
    lr           the learning rate: a number, or a schedule, a function of the number of updates made before. It
                 may be replaced at any time: `optimizer.lr = 0.01`
    transforms   functions (params, grads) -> grads, dicts by path, through which the gradients go first, in
                 this order; `.grad` itself is not changed

    A parameter without a gradient is left alone, and its count `t` of steps with it. A layer or a parameter
    that occurs twice is updated once. `state_dict()` holds the counts and slots by path, not the constants of
    the formula: an optimizer made with the same ones that loads it goes on exactly as this one would.
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: Any, lr: Rate, *, transforms: Sequence[Transform] = ()) -> None:
        self.root, self.kind = trainable(model)
        self.lr = lr
        if not isinstance(transforms, Iterable):
            raise TypeError(f"transforms is a list of functions, such as [clip_by_norm(1.0)], not {transforms!r:.40}")
        self.transforms = tuple(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"transforms are functions such as clip_by_norm(1.0), not {transform!r:.40}")
        if not callable(lr):
            at_least_zero("lr", lr)
        self.steps = 0
        self.counts: dict[str, int] = {}
        self.state: dict[str, tuple[Array, ...]] = {}

    def step(self, lr: float, t: int, p: Array, g: Array, *slots: Array) -> None:
        """The formula: changes p and the slots in place, and not g. t counts the steps of this parameter from 1.

        The arrays are blocks of the parameter, its gradient and its slots: the formula goes element by element.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula: define step(self, lr, t, p, g, *slots)")

    def update(self) -> None:
        """One step for every parameter that has a gradient. TypeError for a gradient that is no Variable."""
        params = dict(walk(self.root, self.kind))
        for path, p in params.items():
            if p.grad is not None and not isinstance(p.grad, Variable):
                kind = type(p.grad).__name__
                raise TypeError(f"{path}: grad must be a Variable or None, not {kind}: put it in one, Variable(grad)")
        grads = {path: p.grad.data for path, p in params.items() if p.grad is not None}
        for path, g in grads.items():
            if g.shape != params[path].shape:
                raise ValueError(f"{path}: the gradient has the shape {g.shape}, the parameter {params[path].shape}")
        for transform in self.transforms:
            grads = transform(params, grads)
        lr = float(self.lr(self.steps) if callable(self.lr) else self.lr)
        self.steps += 1
        for path, g in grads.items():
            p = params[path].data
            slots = self.slots_of(path, p)
            t = self.counts[path] = self.counts.get(path, 0) + 1
            for arrays in blocks(p, g, *slots):
                self.step(lr, t, *arrays)

    def slots_of(self, path: str, p: Array) -> tuple[Array, ...]:
        """The slots of a parameter: zeros at first, and on its device."""
        slots = self.state.get(path)
        if slots is None:
            slots = tuple([namespace(p).zeros(p.shape, p.dtype) for _ in self.slots])
        elif slots and slots[0].shape != p.shape:
            raise ValueError(f"{path} has the shape {p.shape} now and had {slots[0].shape}: make a new optimizer")
        elif slots and namespace(slots[0]) is not namespace(p):
            slots = tuple([to_device(slot, device_of(p)) for slot in slots])
        self.state[path] = slots
        return slots

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state: `steps`, and for each parameter that was updated `<path>.t` and `<path>.<slot>`."""
        state: dict[str, Any] = {"steps": self.steps}
        for path, slots in self.state.items():
            state[f"{path}.t"] = self.counts[path]
            state |= {f"{path}.{name}": slot.copy() for name, slot in zip(self.slots, slots)}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where another optimizer was when it gave this state.

        Raises ValueError with everything that does not fit, and changes nothing then.
        """
        params = dict(walk(self.root, self.kind))
        paths = [key[:-2] for key in state if key.endswith(".t")]
        problems = list(self.misfits(params, paths, state))
        if problems:
            raise ValueError("the state does not fit, and nothing was changed:\n  " + "\n  ".join(problems))
        self.steps = int(state["steps"])
        self.counts = {path: int(state[f"{path}.t"]) for path in paths}
        self.state = {path: tuple([state[f"{path}.{name}"].copy() for name in self.slots]) for path in paths}

    def misfits(self, params: Mapping[str, Any], paths: Iterable[str], state: Mapping[str, Any]) -> Iterator[str]:
        """What keeps `state` from being loaded, a line for each entry."""
        expected = {"steps", *[f"{path}.{name}" for path in paths for name in ("t", *self.slots)]}
        yield from [f"{key}: unexpected in a state of {type(self).__name__}" for key in state if key not in expected]
        yield from [f"{key}: missing" for key in sorted(expected) if key not in state]
        counts = {key: state[key] for key in ("steps", *[f"{path}.t" for path in paths]) if key in state}
        yield from [f"{key}: a count was expected, not {n!r:.40}" for key, n in counts.items() if not is_count(n)]
        for path in paths:
            p = params.get(path)
            if p is None:
                yield f"{path}: there is no such parameter"
                continue
            for key in [f"{path}.{name}" for name in self.slots if f"{path}.{name}" in state]:
                slot = state[key]
                if not is_array(slot):
                    yield f"{key}: an array was expected, not {type(slot).__name__}"
                elif slot.dtype != p.dtype or not fits(slot.shape, p.shape):
                    yield f"{key}: {slot.dtype} {slot.shape} in the state, the parameter is {p.dtype} {p.shape}"


def trainable(model: Any) -> tuple[Any, type]:
    """Where to look for what is trained, and for what: a layer for its Parameters, a list or dict for its Variables."""
    if isinstance(model, Layer):
        return model, Parameter
    if isinstance(model, Variable):
        raise TypeError("an optimizer takes a layer, or a list of parameters: put the one parameter in a list")
    if not isinstance(model, Iterable):
        what = "the class itself: make a layer of it first" if isinstance(model, type) else "which is not iterable"
        raise TypeError(f"an optimizer takes a layer, or a list of parameters, not {model!r:.60}, {what}")
    root = dict(model) if isinstance(model, Mapping) else list(model)
    found = list(root.values() if isinstance(root, dict) else root)
    if not found:
        raise ValueError("there is nothing to train: the list of parameters is empty (a generator is, the second time)")
    for x in found:
        if not isinstance(x, Variable) or x.dtype.kind != "f" or x.creator is not None:
            raise TypeError(f"an optimizer takes a layer, or a list of floating-point leaf Variables, not {x!r:.60}")
    return root, Variable


def blocks(p: Array, *others: Array) -> Iterable[tuple[Array, ...]]:
    """The arrays in flat pieces that fit into the cache; whole where they lie on a GPU, or are small.

    A formula makes several passes, and temporary arrays; in pieces, all but the first pass run at the cache's speed.
    """
    if p.nbytes <= BLOCK or namespace(p) is not np or not p.flags.c_contiguous:
        return [(p, *others)]
    flat = [x.reshape(-1) for x in (p, *others)]
    n = BLOCK // p.itemsize
    return [tuple([x[i : i + n] for x in flat]) for i in range(0, p.size, n)]


def is_count(n: Any) -> bool:
    """Is it a whole number, from 0?"""
    return isinstance(n, (int, np.integer)) and not isinstance(n, bool) and bool(n >= 0)


def at_least_zero(name: str, value: float) -> float:
    """The number as a Python float, which widens no float32. Raises TypeError if it is none, ValueError if negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, not {value!r:.40}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be at least 0 and finite, not {value}")
    return float(value)


def below_one(name: str, value: float) -> float:
    """The number as a Python float. Raises TypeError or ValueError unless it is in [0, 1)."""
    if at_least_zero(name, value) >= 1:
        raise ValueError(f"{name} must be in [0, 1), not {value}")
    return float(value)
