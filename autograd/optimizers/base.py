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

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field, fields
from functools import partial, wraps
from itertools import accumulate
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, by_numpy, device_conflict, device_of, is_array, namespace, to_device
from autograd.bfloat16 import is_half, kind_of
from autograd.checks import flag, number, shown, takes, whole
from autograd.config import mode
from autograd.kernels import compiled
from autograd.kernels.gpu import on_gpu
from autograd.kernels.gpu.fusion import NoFormula
from autograd.kernels.gpu.tensors import step_all, with_master
from autograd.layers.arguments import Elsewhere, check_arguments, instead
from autograd.layers.base import Layer, Parameter, fits, named_objects
from autograd.layers.hidden import check_reach
from autograd.locks import Lock
from autograd.names import OF_OPTIMIZERS as WORDS
from autograd.optimizers import schedules
from autograd.optimizers.groups import Group, Rate, checked_rate, grouped, rate_at, settings_of
from autograd.protection import protected
from autograd.shapes import Shape
from autograd.variable import Variable

__all__ = ["BLOCK", "Grads", "Optimizer", "Rate", "Transform", "bounded", "name_of", "slot_dtype", "trainable"]

Grads: TypeAlias = dict[str, Array]  # the gradient by path
Transform: TypeAlias = Callable[[Mapping[str, Variable], Grads], Grads]

NO_GRADIENT = (
    "update() changes nothing, because no parameter has a gradient: call loss.backward() first, on a loss that is "
    "computed from the parameters of this optimizer"
)
GROUPS = "an optimizer for each group of parameters, or groups=[group('encoder', lr=1e-4)]"
SMALL = 1 << 14  # bytes of a parameter that is updated together with others
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
    groups       parameters with settings of their own, `[group("encoder", lr=1e-4), group(vectors, decay=0.0)]`; of a
                 parameter in several groups the first that has a setting counts
    master       True: a parameter of float16 or bfloat16 has a float32 copy, the master, which is updated and then
                 rounded. So updates add up that are smaller than half a step, a thousandth of the weight or a hundredth

    A parameter without a gradient keeps its value and its count `t` of steps; an update warns if none has one. The
    array of a plain Variable is replaced by a copy at its first update, because it may be yours. A layer or a
    parameter that occurs twice is updated once. The step of a parameter of 16 bits is computed in float32, and its
    slots are float32. `state_dict()` holds the counts and slots by path, the learning rate and the hyper-parameters. An
    optimizer of the same kind that loads it continues exactly, and the values that it was made with are gone.
    Transforms and groups are the program's: they are not in the state.
    """

    model: InitVar[Any]
    lr: Rate
    transforms: Sequence[Transform] = field(default=(), kw_only=True)
    groups: Sequence[Group] = field(default=(), kw_only=True)
    master: bool = field(default=False, kw_only=True, repr=False)

    slots: ClassVar[tuple[str, ...]] = ()
    one_pass: ClassVar[bool] = False  # is the formula a kernel, whose compiled way needs no blocks?
    foreign: ClassVar[bool] = False  # did somebody else write the formula, who may edit the gradient that he is given?

    def __init_subclass__(cls) -> None:
        """Keeps the formula for `update`, and lets a call `optimizer.step()` say that it is not the update."""
        cls.formula = getattr(cls.step, "__wrapped__", cls.step)  # type: ignore[method-assign]
        cls.step = explained(cls.formula)  # type: ignore[method-assign]
        cls.foreign = is_foreign(cls.formula)

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_arguments(cls, given, options, WORDS)
        return object.__new__(cls)

    def __reduce__(self) -> Any:
        """A copy or a pickle is made of the attributes, not by the constructor."""
        return object.__new__, (type(self),), self.__getstate__()

    def __post_init__(self, model: Any) -> None:
        self.root, self.kind = trainable(type(self).__name__, model)
        self.lock = Lock()
        self.steps = 0
        self.counts: dict[str, int] = {}
        self.state: dict[str, tuple[Array, ...]] = {}
        # May small parameters be updated together? The formula goes element by element.
        self.bundles = bool(self.slots) and not self.foreign
        # slots that lie one behind the other, by the paths that have them
        self.flat: dict[tuple[str, ...], tuple[Array, ...]] = {}
        self.owned: dict[str, Array] = {}  # of plain Variables, the arrays that the optimizer has made

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute: rates, hyper-parameters and transforms are checked whenever they are set.

        Raises TypeError for a name that an optimizer of this package does not have: nothing would read it.
        """
        f = self.__dataclass_fields__.get(name)
        if f is not None and f.metadata:
            value = float(number(name, value, **f.metadata))
        elif name in CHECKED:
            value = CHECKED[name](value)
        elif name == "groups":
            value = checked_groups(self, value)
        elif "owned" in vars(self) and name not in vars(self) and self.unknown(name):
            raise TypeError(f"{type(self).__name__} takes {instead(name, [f.name for f in fields(self)], WORDS)}")
        object.__setattr__(self, name, value)

    def unknown(self, name: str) -> bool:
        """Would nothing read an attribute of this name? A formula that somebody else wrote may have its own."""
        ours = type(self).__module__.startswith("autograd.")
        return (ours or name in WORDS) and not hasattr(type(self), name)

    zero_grad, learning_rate = Elsewhere("model.cleargrads()"), Elsewhere("lr")
    get_last_lr, get_lr = Elsewhere("lr_now"), Elsewhere("lr_now")
    setup, minimize = Elsewhere("the model as first argument"), Elsewhere("loss.backward(), then update()")
    param_groups, add_param_group = Elsewhere(GROUPS), Elsewhere(GROUPS)
    add_hook = Elsewhere("transforms=[...], such as clip_by_norm(1.0)")

    def step(self, lr: float, t: int, p: Array, g: Array, *slots: Any, **_: Any) -> None:
        """The formula: changes p and the slots in place, but not g. t counts the steps of this parameter from 1.

        The arrays are blocks of the parameter, its gradient and its slots: the formula goes element by element.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula: define step(self, lr, t, p, g, *slots)")

    formula = step

    def update(self) -> None:
        """One step for every parameter that has a gradient. Calls from several threads take place one after another.

        The gradients stay: a second call without a new `backward()` takes the same ones again. They may be nan, unless
        `transforms=[check_finite]` looks at them.
        No other thread may compute with the parameters meanwhile: it would see some before and some after the step.
        Raises TypeError for a gradient that is no Variable, and ValueError for one of another shape than the parameter,
        for an array that is read-only, and for a model without parameters.
        """
        with self.lock:
            self.step_all()

    def step_all(self) -> None:
        params = dict(named_objects(self.root, self.kind))
        if not params:
            check_reach(type(self).__name__, self.root, Parameter, "trained")
        if not self.counts.keys() <= params.keys():
            self.check_replaced(params)
        grads = {path: gradient(path, p) for path, p in params.items() if p.grad is not None and not p.frozen}
        if not grads:
            warnings.warn(NO_GRADIENT, stacklevel=2)
        for transform in self.transforms:
            grads = transformed(grads, params, transform)
        lr = rate_at(self.lr, self.steps)
        self.steps += 1
        if self.foreign:
            with protected(f"{type(self).__name__}.step", grads.values()) as locked:
                self.step_each(lr, params, dict(zip(grads, locked)))
        else:
            self.step_each(lr, params, grads)

    def step_each(self, lr: float, params: Mapping[str, Variable], grads: Grads) -> None:
        if not self.groups:
            self.step_some(lr, params, grads)
            return
        for settings, some in grouped(self.groups, params, grads):
            own = rate_at(settings.pop("lr"), self.steps - 1) if "lr" in settings else lr
            scale = settings.pop("scale", 1.0)
            before = {name: vars(self)[name] for name in settings}
            try:
                vars(self).update(settings)
                self.step_some(own * scale, params, some)
            finally:
                vars(self).update(before)

    def step_some(self, lr: float, params: Mapping[str, Variable], grads: Grads) -> None:
        if self.kind is Variable:
            for path in grads:
                self.take_over(path, params[path])
        together = self.step_small(lr, params, grads) if self.bundles else set()
        first = next(iter(grads.values()), None)
        if on_gpu(first) and not self.foreign and mode.get().watcher is None:
            together |= self.step_on_gpu(lr, params, grads)
        for path, g in grads.items():
            p = params[path]
            t = self.counts.get(path, 0) + 1
            if path not in together:
                self.step_alone(lr, path, t, as_array(p), g)
            self.counts[path] = t
            p.written(path)

    def step_small(self, lr: float, params: Mapping[str, Variable], grads: Grads) -> set[str]:
        """The steps of small parameters that are taken together, and which these are."""
        found: dict[Any, list[tuple[str, Array, Array]]] = {}
        for path, g in grads.items():
            p = as_array(params[path])
            if p.nbytes <= SMALL and by_numpy(p) and not is_half(p.dtype):
                found.setdefault((self.counts.get(path, 0) + 1, p.dtype), []).append((path, p, g))
        done: set[str] = set()
        for (t, _), some in found.items():
            slots = self.flat_slots([path for path, _, _ in some], [p for _, p, _ in some])
            if slots:
                self.step_together(lr, t, some, slots)
                done.update([path for path, _, _ in some])
        return done

    def step_on_gpu(self, lr: float, params: Mapping[str, Variable], grads: Grads) -> set[str]:
        """The steps of parameters on a GPU, which one kernel takes for all of one count, and which these are."""
        found: dict[Any, list[tuple[str, tuple[Array, ...]]]] = {}
        for path, g in grads.items():
            p = as_array(params[path])
            if on_gpu(p, g) and g.dtype in (p.dtype, slot_dtype(p)) and p.flags.c_contiguous:
                slots = self.slots_of(path, p)  # of the dtype that the parameter had at its first step
                if all([slot.dtype == slot_dtype(p) and slot.flags.c_contiguous for slot in slots]):  # noqa: C419
                    arrays = p, namespace(g).ascontiguousarray(g), *slots
                    found.setdefault((self.counts.get(path, 0) + 1, p.dtype, g.dtype), []).append((path, arrays))
        done: set[str] = set()
        for (t, dtype, _), some in found.items():
            formula = partial(self.formula, lr, t)
            with suppress(NoFormula):
                step_all(with_master(formula) if self.master and is_half(dtype) else formula, [xs for _, xs in some])
                done.update([path for path, _ in some])
        return done

    def step_alone(self, lr: float, path: str, t: int, p: Array, g: Array) -> None:
        """The step of one parameter: of 16 bits in float32, where g^2 and eps do not vanish."""
        slots = self.slots_of(path, p)
        if p.dtype.itemsize == 2:
            slots, single = (slots[:-1], slots[-1]) if self.master else (slots, p.astype(np.float32))
            if self.master:  # where somebody has written into p, that counts
                single[...] = namespace(p).where(single.astype(p.dtype) == p, single, p.astype(np.float32))
            self.compute(path, lr, t, single, g.astype(np.float32), *slots)
            p[...] = single
        elif p.nbytes <= BLOCK or self.in_one_pass(p, g, *slots):
            self.compute(path, lr, t, p, g, *slots)
        else:
            for arrays in in_cache(p, g, *slots):
                self.compute(path, lr, t, *arrays)

    def in_one_pass(self, p: Array, *others: Array) -> bool:
        """Does the formula go over these arrays once, in a compiled loop? Then they need no blocks."""
        return self.one_pass and compiled.single(*others, p)

    def step_together(
        self, lr: float, t: int, some: Sequence[tuple[str, Array, Array]], slots: Sequence[Array]
    ) -> None:
        """The step of small parameters, one behind the other in one array: a formula costs more than its numbers."""
        xp = namespace(some[0][1])
        flat = xp.concatenate([p.reshape(-1) for _, p, _ in some])
        self.compute(some[0][0], lr, t, flat, xp.concatenate([g.reshape(-1) for _, _, g in some]), *slots)
        i = 0
        for _, p, _ in some:
            p[...] = flat[i : i + p.size].reshape(p.shape)
            i += p.size

    def flat_slots(self, paths: Sequence[str], ps: Sequence[Array]) -> tuple[Array, ...]:
        """The slots of these parameters, one behind the other; `state` has views of them.

        Empty for one parameter, and where some of them lie together with others: they take their steps alone.
        """
        key = tuple(paths)
        flat = self.flat.get(key, ())
        if flat and all(are_in(flat, self.state.get(path, ()), p.shape) for path, p in zip(paths, ps)):
            return flat
        if len(paths) < 2 or any(
            not others.isdisjoint(paths) for others in map(set, self.flat) if others != set(paths)
        ):
            return ()
        slots = [self.slots_of(path, p) for path, p in zip(paths, ps)]
        flat = tuple([namespace(ps[0]).concatenate([x.reshape(-1) for x in one]) for one in zip(*slots)])
        ends = [0, *accumulate([p.size for p in ps])]
        for path, p, i, j in zip(paths, ps, ends, ends[1:]):
            self.state[path] = tuple([x[i:j].reshape(p.shape) for x in flat])
        self.flat[key] = flat
        return flat

    def compute(self, path: str, lr: float, t: int, *arrays: Array) -> None:
        watcher = mode.get().watcher
        if watcher is None:
            self.formula(lr, t, *arrays)
        else:
            watcher.update(self, path, lr, t, arrays)

    @property
    def lr_now(self) -> float:
        """The learning rate of the next update; groups may have others."""
        return rate_at(self.lr, self.steps)

    def rate_of(self, path: str, ahead: int = 0) -> float:
        """The learning rate that the next update has for a parameter, or one that is `ahead` of it."""
        rate, scale = self.rate_source(path)
        return rate_at(rate, self.steps + ahead) * scale

    def rate_source(self, path: str) -> tuple[Rate, float]:
        """The number or the schedule that a parameter has, and a factor of it."""
        if not self.groups:
            return self.lr, 1.0
        settings = settings_of(path, dict(named_objects(self.root, self.kind))[path], self.groups)
        return settings.get("lr", self.lr), settings.get("scale", 1.0)

    def check_replaced(self, params: Mapping[str, Variable]) -> None:
        """Raises ValueError if a plain Variable has taken the place of a parameter, in a list or a dict."""
        for path, _ in named_objects(self.root, Variable):
            if path in self.counts and path not in params:
                raise ValueError(
                    f"{path} was a Parameter and is a plain Variable now, which does not train: "
                    "write new values into the Parameter, by p.data = array"
                )

    def take_over(self, path: str, p: Variable) -> None:
        """Gives a plain Variable an array of its own: the one that it has may be the user's."""
        array = as_array(p)
        base = getattr(array, "base", None)
        if not isinstance(p, Parameter) and self.owned.get(path) is not (array if base is None else base):
            p.data = self.owned[path] = array.copy()

    def slots_of(self, path: str, p: Array) -> tuple[Array, ...]:
        """The slots of a parameter, on its device; zeros at first."""
        slots = self.state.get(path)
        if slots is None:
            slots = tuple([namespace(p).zeros(p.shape, slot_dtype(p)) for _ in self.slots])
        elif slots and slots[0].shape != p.shape:
            raise ValueError(f"{path} has the shape {p.shape} now and had {slots[0].shape}: make a new optimizer")
        elif slots and namespace(slots[0]) is not namespace(p):
            slots = tuple([to_device(slot, device_of(p)) for slot in slots])
        if len(slots) < len(names := self.names_of(p)):
            slots = (*slots, p.astype(np.float32))
        self.state[path] = slots = slots[: len(names)]
        return slots

    def names_of(self, p: Any) -> tuple[str, ...]:
        """The names of the slots of a parameter."""
        return (*self.slots, "master") if self.master and is_half(p.dtype) else self.slots

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state: `steps`, `lr` and the other hyper-parameters by name, and for each parameter that was
        updated `<path>.t` and `<path>.<slot>`.

        `lr` is a number, or a schedule of this package as its name and numbers. It is left out for a function of one's
        own, which a file cannot hold.
        """
        state: dict[str, Any] = {"steps": self.steps}
        if (lr := schedules.written(self.lr)) is not None:
            state["lr"] = lr
        state |= {f.name: getattr(self, f.name) for f in fields(self) if f.metadata}
        for path, slots in self.state.items():
            state[f"{path}.t"] = self.counts[path]
            state |= {f"{path}.{name}": slot.copy() for name, slot in zip((*self.slots, "master"), slots)}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues where the optimizer that gave this `state_dict` was, at its learning rate.

        Hyper-parameters that the state lacks stay as they are: older versions did not save them. Raises ValueError with
        everything that does not fit, and changes nothing then.
        """
        if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
            raise TypeError(f"load_state_dict takes a dict that state_dict() gave, not {state!r:.40}")
        problems = self.problems(state)
        if problems:
            raise ValueError("the state does not fit, and nothing was changed:\n  " + "\n  ".join(problems))
        paths = [key[:-2] for key in state if key.endswith(".t")]
        self.steps = int(state["steps"])
        self.counts = {path: int(state[f"{path}.t"]) for path in paths}
        names = {path: [n for n in (*self.slots, "master") if f"{path}.{n}" in state] for path in paths}
        self.state = {path: tuple([state[f"{path}.{name}"].copy() for name in names[path]]) for path in paths}
        for name in state.keys() & self.settings():
            setattr(self, name, state[name] if name != "lr" else schedules.taken_over(self.lr, rate_from(state)))

    def problems(self, state: Mapping[str, Any]) -> list[str]:
        """What keeps `state` from being loaded, a line for each entry."""
        paths = [key[:-2] for key in state if key.endswith(".t")]
        return list(self.misfits(dict(named_objects(self.root, self.kind)), paths, state))

    def settings(self) -> set[str]:
        """The names of the learning rate and the hyper-parameters."""
        return {"lr", *[f.name for f in fields(self) if f.metadata]}

    def misfits(self, params: Mapping[str, Any], paths: Iterable[str], state: Mapping[str, Any]) -> Iterator[str]:
        """What keeps `state` from being loaded, a line for each entry."""
        expected = {"steps", *[f"{path}.{name}" for path in paths for name in ("t", *self.slots)]}
        masters = {f"{path}.master" for path in paths if path in params and "master" in self.names_of(params[path])}
        known = expected | masters | self.settings()
        yield from [f"{key}: unexpected in a state of {type(self).__name__}" for key in state if key not in known]
        yield from [f"{key}: missing" for key in sorted(expected) if key not in state]
        for key in ("steps", *[f"{path}.t" for path in paths]):
            try:
                whole(key, state.get(key, 0), least=0)
            except (TypeError, ValueError) as error:
                yield str(error)
        bounds = {f.name: f.metadata for f in fields(self)}
        for key in sorted(state.keys() & self.settings()):
            try:
                number(key, state[key], **bounds[key]) if key != "lr" else rate_from(state)
            except (TypeError, ValueError) as error:
                yield str(error)
        for path in paths:
            p = params.get(path)
            if p is None:
                yield f"{path}: there is no such parameter"
                continue
            for key in [f"{path}.{name}" for name in self.names_of(p) if f"{path}.{name}" in state]:
                slot = state[key]
                if not is_array(slot):
                    yield f"{key} must be an array, not {type(slot).__name__}"
                elif isinstance(slot, (np.ma.MaskedArray, np.matrix)):
                    yield f"{key} must be a plain array, not a {type(slot).__name__}"
                elif slot.dtype != slot_dtype(p) or not fits(slot.shape, p.shape):
                    yield f"{key}: {slot.dtype} {slot.shape} in the state, the parameter is {p.dtype} {p.shape}"


def rate_from(state: Mapping[str, Any]) -> Rate:
    """The learning rate in a state."""
    return schedules.restored("lr", state["lr"])


def checked_groups(optimizer: Optimizer, groups: Any) -> tuple[Group, ...]:
    """Groups as a tuple. Raises TypeError for what is no list of groups, or a setting that the optimizer lacks."""
    if not isinstance(groups, (list, tuple)) or not all(isinstance(g, Group) for g in groups):
        raise TypeError(f"groups must be a list, such as [group('encoder', lr=1e-4)], not {shown(groups)}")
    known = {f.name: f.metadata for f in fields(optimizer) if f.metadata}
    for g in groups:
        for name in g.settings:
            if name not in {"lr", "scale", *known}:
                options = ", ".join(["lr", "scale", *known])
                raise TypeError(f"a group of {type(optimizer).__name__} takes {options}, not {name}")
            if name in known:
                number(name, g.settings[name], **known[name])
    return tuple(groups)


def are_in(flat: Sequence[Array], slots: Sequence[Array], shape: Shape) -> bool:
    """Are the slots of a parameter of this shape, if it has some, parts of these arrays?"""
    for own, x in zip(flat, slots):
        if x.base is not own or x.shape != shape:
            return False
    return bool(slots)


def slot_dtype(p: Any) -> Any:
    """The dtype of the slots of a parameter: its own, and float32 for 16 bits: in float16 a square of 10^-4 is 0."""
    return np.dtype(np.float32) if is_half(p.dtype) else p.dtype


def explained(formula: Callable[..., None]) -> Callable[..., None]:
    """The formula; called without arguments, as in other frameworks, it is a TypeError that names `update`."""

    @wraps(formula)
    def step(self: Optimizer, *args: Any, **options: Any) -> None:
        if not args and not options:
            raise TypeError(f"{type(self).__name__}.step takes the arrays of one parameter: for a step, call update()")
        formula(self, *args, **options)

    return step


def trainable(name: str, model: Any) -> tuple[Any, type]:
    """The object to search and the class to search for: (layer, Parameter) or (list or dict, Variable)."""
    if isinstance(model, Layer):
        check_reach(name, model, Parameter, "trained")
        return model, Parameter
    if isinstance(model, Variable):
        raise TypeError(f"{name} takes a layer, or a list of parameters: put the one parameter in a list")
    if not isinstance(model, Iterable):
        what = "which is not iterable"
        if isinstance(model, type):
            what = "the class itself: make a layer of it first"
        elif callable(model) and isinstance(getattr(model, "__self__", None), Layer):
            what = f"a method: call it, {model.__name__}()"
        raise TypeError(f"{name} takes a layer, or a list of parameters, not {model!r:.60}, {what}")
    root = dict(model) if isinstance(model, Mapping) else list(model)
    found = list(root.values() if isinstance(root, dict) else root)
    if not found:
        raise ValueError("there is nothing to train: the list of parameters is empty (a generator is, the second time)")
    for x in found:
        if isinstance(x, Layer) or (isinstance(x, dict) and "params" in x):
            raise TypeError(
                f"{name} takes a layer, or a list of floating-point leaf Variables, not a list of "
                f"{'layers: put them into one Layer' if isinstance(x, Layer) else 'groups: make an optimizer for each'}"
            )
        if not isinstance(x, Variable) or kind_of(x.dtype) != "f" or x.creator is not None:
            raise TypeError(f"{name} takes a layer, or a list of floating-point leaf Variables, not {x!r:.60}")
    return root, Variable


def is_foreign(f: Any) -> bool:
    """Did somebody else write this function?"""
    return not str(getattr(f, "__module__", "")).startswith("autograd.")


def checked_transforms(transforms: Any) -> tuple[Transform, ...]:
    """Transforms as a tuple. Raises TypeError for what is no list of functions."""
    if not isinstance(transforms, Iterable) or isinstance(transforms, str):
        raise TypeError(f"transforms must be a list, such as [clip_by_norm(1.0)], not {transforms!r:.40}")
    transforms = tuple(transforms)
    for transform in transforms:
        if not callable(transform) or isinstance(transform, type) or not takes(transform, 2):
            raise TypeError(
                f"transforms must be functions (params, grads), such as clip_by_norm(1.0), not {transform!r:.40}"
            )
    return transforms


CHECKED: dict[str, Callable[[Any], Any]] = {
    "lr": checked_rate,
    "transforms": checked_transforms,
    "master": partial(flag, "master"),
}


def transformed(grads: Grads, params: Mapping[str, Variable], transform: Transform) -> Grads:
    """What `transform` gives. One that somebody else wrote sees the arrays read-only."""
    if not is_foreign(transform):
        return checked_gradients(transform(params, grads), params, transform)
    with protected(f"the transform {name_of(transform)}", grads.values()) as locked:
        return checked_gradients(transform(params, dict(zip(grads, locked))), params, transform)


def name_of(transform: Transform) -> str:
    """Its name; that of the function which made it, such as clip_by_norm."""
    return str(getattr(transform, "__qualname__", type(transform).__name__)).split(".")[0]


def checked_gradients(grads: Any, params: Mapping[str, Variable], transform: Transform) -> Grads:
    """What a transform gave. Raises TypeError or ValueError if these are not arrays for some of the parameters."""
    name = name_of(transform)
    if not isinstance(grads, Mapping):
        raise TypeError(f"the transform {name} must return a dict of gradients by path, not {grads!r:.40}")
    for path, g in grads.items():
        if path not in params:
            raise ValueError(f"the transform {name} must return gradients of {', '.join(params)}, not of {path!r}")
        if getattr(g, "shape", None) != params[path].shape or isinstance(g, Variable):
            given = f"{type(g).__name__} {getattr(g, 'shape', '')}".strip()
            raise TypeError(f"the transform {name} must return for {path} an array {params[path].shape}, not {given}")
    return grads  # type: ignore[return-value]


def gradient(path: str, p: Variable) -> Array:
    """The array of `p.grad`. Raises TypeError if the gradient is no Variable, ValueError if it has another shape."""
    if not isinstance(p.grad, Variable):
        kind = type(p.grad).__name__
        raise TypeError(f"{path}: grad must be a Variable or None, not {kind}: put it in one, Variable(grad)")
    g = as_array(p.grad)
    if type(g) is not type(p.value) and (conflict := device_conflict([as_array(p), g])):
        raise ValueError(f"{path}: the parameter and its gradient: {conflict}")
    if not isinstance(p, Parameter) and not getattr(as_array(p).flags, "writeable", True):
        raise ValueError(f"{path}: the array must be writable, not read-only: assign a copy, p.data = p.data.copy()")
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
