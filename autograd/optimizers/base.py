"""What all optimizers share: the loop over parameters, the count of steps, the learning rate, and the state.

A subclass is its formula. It names its hyper-parameters as fields, and its slots, the arrays that it keeps for each
parameter; `step` changes the parameter and the slots in place:

    @dataclass(eq=False)
    class Momentum(Optimizer):
        slots = ("v",)
        lr: Rate = 0.01
        momentum: float = bounded(0.9, below=1)

        def step(self, lr, t, p, g, v):
            v *= self.momentum
            v += g
            p -= lr * v
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, fields
from math import inf
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autograd.backend import Array, device_of, is_array, namespace, to_device
from autograd.checks import number, whole
from autograd.layers.base import Layer, Parameter, fits, named_objects
from autograd.variable import Variable

__all__ = ["Grads", "Optimizer", "Rate", "Transform", "bounded"]

Grads: TypeAlias = dict[str, Array]  # the gradient by path
Transform: TypeAlias = Callable[[Mapping[str, Variable], Grads], Grads]
Rate: TypeAlias = float | Callable[[int], float]

BLOCK = 1 << 19  # bytes of a parameter that are updated at a time: they and the formula's temporaries stay in the cache


def bounded(default: float, below: float | None = None) -> Any:
    """A field of an Optimizer: a number from 0, smaller than `below` if that is given, with its default."""
    return field(default=default, metadata={"least": 0, "below": below})


@dataclass(eq=False)
class Optimizer:
    """Trains the parameters of a layer, or of a list or dict of Variables: `update()` after each `backward()`.

    model        a Layer, or a list or dict of parameters. Each update looks up the parameters of a Layer anew, and so
                 finds those that were added
    lr           the learning rate: a number, or a schedule, which is a function of the number of updates made before.
                 It may be replaced at any time: `optimizer.lr = 0.01`
    transforms   functions (params, grads) -> grads of dicts by path. The gradients go through them in this order;
                 `.grad` itself is not changed

    A parameter without a gradient keeps its value and its count `t` of steps. A layer or a parameter that occurs twice
    is updated once. `state_dict()` holds the counts and slots by path, but not the hyper-parameters. An optimizer with
    the same hyper-parameters that loads it continues exactly.
    """

    model: InitVar[Any]
    lr: Rate
    transforms: Sequence[Transform] = field(default=(), kw_only=True)

    slots: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self, model: Any) -> None:
        self.root, self.kind = trainable(model)
        if not isinstance(self.transforms, Iterable):
            raise TypeError(f"transforms must be a list, such as [clip_by_norm(1.0)], not {self.transforms!r:.40}")
        self.transforms = tuple(self.transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"transforms must be functions, such as clip_by_norm(1.0), not {transform!r:.40}")
        if not callable(self.lr):
            number("lr", self.lr, least=0)
        for f in fields(self):
            if f.metadata:
                setattr(self, f.name, float(number(f.name, getattr(self, f.name), **f.metadata)))
        self.steps = 0
        self.counts: dict[str, int] = {}
        self.state: dict[str, tuple[Array, ...]] = {}

    def step(self, lr: float, t: int, p: Array, g: Array, *slots: Any, **_: Any) -> None:
        """The formula: changes p and the slots in place, but not g. t counts the steps of this parameter from 1.

        The arrays are blocks of the parameter, its gradient and its slots: the formula goes element by element.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula: define step(self, lr, t, p, g, *slots)")

    def update(self) -> None:
        """One step for every parameter that has a gradient.

        Raises TypeError for a gradient that is no Variable, and ValueError for one of another shape than the parameter.
        """
        params = dict(named_objects(self.root, self.kind))
        grads = {path: gradient(path, p) for path, p in params.items() if p.grad is not None}
        for transform in self.transforms:
            grads = transform(params, grads)
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        if type(lr) is not float or not 0 <= lr < inf:
            lr = float(number("lr", lr, least=0))
        self.steps += 1
        for path, g in grads.items():
            p = params[path]
            slots = self.slots_of(path, p.data)
            t = self.counts[path] = self.counts.get(path, 0) + 1
            for arrays in in_cache(p.data, g, *slots):
                self.step(lr, t, *arrays)
            p.written(path)

    def slots_of(self, path: str, p: Array) -> tuple[Array, ...]:
        """The slots of a parameter, on its device; zeros at first."""
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
        """Continues where the optimizer that gave this `state_dict` was.

        Raises ValueError with everything that does not fit, and changes nothing then.
        """
        params = dict(named_objects(self.root, self.kind))
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
        for key in ("steps", *[f"{path}.t" for path in paths]):
            try:
                whole(key, state.get(key, 0), least=0)
            except (TypeError, ValueError) as error:
                yield str(error)
        for path in paths:
            p = params.get(path)
            if p is None:
                yield f"{path}: there is no such parameter"
                continue
            for key in [f"{path}.{name}" for name in self.slots if f"{path}.{name}" in state]:
                slot = state[key]
                if not is_array(slot):
                    yield f"{key} must be an array, not {type(slot).__name__}"
                elif slot.dtype != p.dtype or not fits(slot.shape, p.shape):
                    yield f"{key}: {slot.dtype} {slot.shape} in the state, the parameter is {p.dtype} {p.shape}"


def trainable(model: Any) -> tuple[Any, type]:
    """The object to search and the class to search for: (layer, Parameter) or (list or dict, Variable)."""
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


def gradient(path: str, p: Variable) -> Array:
    """The array of `p.grad`. Raises TypeError if the gradient is no Variable, ValueError if it has another shape."""
    if not isinstance(p.grad, Variable):
        kind = type(p.grad).__name__
        raise TypeError(f"{path}: grad must be a Variable or None, not {kind}: put it in one, Variable(grad)")
    g = p.grad.data
    if g.shape != p.shape:
        raise ValueError(f"{path}: the gradient must have the shape of the parameter, {p.shape}, not {g.shape}")
    return g


def in_cache(p: Array, *others: Array) -> Iterable[tuple[Array, ...]]:
    """The arrays in flat pieces that fit into the cache; whole if they are small, or lie on a GPU.

    A formula makes several passes over its arrays and its temporaries. In pieces, all passes but the first run at the
    speed of the cache.
    """
    if p.nbytes <= BLOCK or namespace(p) is not np or not p.flags.c_contiguous:
        return [(p, *others)]
    flat = [x.reshape(-1) for x in (p, *others)]
    n = BLOCK // p.itemsize
    return [tuple([x[i : i + n] for x in flat]) for i in range(0, p.size, n)]
