"""A record of a step: what it computes, and what it leaves behind; and the replay, which does the same.

arguments, state  ->  lifted to the recording device  ->  step  ->  lines, results, new state  ->  put back as arrays
"""

from __future__ import annotations

import copy
import gc
import random
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from inspect import signature
from keyword import iskeyword
from traceback import walk_tb
from typing import Any
from weakref import ref

import numpy as np

from autograd.backend import generator, is_array, module_of, namespace
from autograd.bfloat16 import finfo, kind_of
from autograd.checks import shown
from autograd.config import using, watching
from autograd.function import Tracked, count_write, new_node, wrap
from autograd.kernels.threads import hold
from autograd.optimizers.base import BLOCK, Optimizer
from autograd.programs.device import GENERATORS, Draws, Line, Recorded, Refused, Tape, refuse
from autograd.programs.gpu import Elsewhere, for_all, of_all
from autograd.programs.program import Diverged, Program, routines_of, split
from autograd.programs.state import Holder, Place, Reach, equal, named, progress
from autograd.programs.structures import HOLE, like, put_together, signature_of, statics_of, taken_apart
from autograd.programs.text import LARGE, function_rows, named_rows, snake
from autograd.watch.places import PACKAGE, Locator, Source

__all__ = ["FirstUpdate", "Record", "Replay"]


class Recording(Locator):
    """The Watcher that tells the tape where it is, and makes inputs of the numbers of the optimizers."""

    replays = True

    def __init__(self, tape: Tape, generators: Container[int]) -> None:
        super().__init__()
        self.tape, self.generators = tape, generators
        self.numbers: dict[Any, tuple[Recorded, Callable[[], Any]]] = {}
        self.updates: dict[tuple[int, str], int] = {}  # of each parameter, so far
        self.draws: dict[int, tuple[Recorded, Callable[[], Any]]] = {}

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        own = getattr(f, "rng", None)
        if isinstance(own, GENERATORS):
            if own is not generator.rng and id(own) not in self.generators:
                refuse("a generator of random numbers that the step makes", "make it outside of the step")
            f.rng = Draws(own, self.tape)
            self.draws[id(own)] = f.rng.held, generator if own is generator.rng else lambda: own
        path: str = self.calls[-1].path if self.calls else ""
        part = "backward" if self.tape.part == "backward" else "forward"
        with self.tape.at(f"{path}: {type(f).__name__}" if path else type(f).__name__, part):
            return super().forward(f, arrays)

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        if self.tape.part != "backward" and (not self.calls or not self.calls[-1].path):
            for y in outputs:
                name_value(y, snake(type(f).__name__))
        super().called(f, inputs, outputs)

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        y = super().layer(layer, xs, options)
        name_value(y, identifier(self.path(layer)) if self.calls else "")
        return y

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        with self.tape.at(type(f).__name__, "backward"):
            gxs = super().backward(f, gys)
        if f.keeps_inputs:
            for gx, x in zip(gxs if isinstance(gxs, tuple) else (gxs,), f.arrays):
                value = getattr(gx, "value", gx)
                if isinstance(value, Recorded) and not value.name and getattr(x, "name", None):
                    value.name = f"d_{x.name}"
        return gxs

    def finished(self, gradients: Mapping[Any, Any]) -> None:
        self.tape.part, self.tape.place = "update", ""  # what follows: transforms of gradients, an optimizer
        super().finished(gradients)

    def update(self, optimizer: Any, path: str, lr: float, t: int, arrays: Sequence[Any]) -> None:
        key = id(optimizer), path
        n = self.updates[key] = self.updates.get(key, -1) + 1
        if not isinstance(arrays[0], Recorded):
            refuse(f"the update of {path}, which the step does not name", "let it name the model or the optimizer")
        source, scale = optimizer.rate_source(path)
        rate = self.number(optimizer, "lr", lr, lambda: optimizer.rate_of(path, n), (id(source), scale))
        count = self.number(optimizer, "count", t, lambda: optimizer.counts[path] + 1 + n)
        what = path if arrays[0].given else "small parameters"  # one behind the other
        with self.tape.at(f"{type(optimizer).__name__}: {what}", "update"):
            self.formula(optimizer, path, rate, count, arrays)

    def formula(self, optimizer: Any, path: str, lr: Any, t: Any, arrays: Sequence[Any]) -> None:
        """The formula as a routine, and the line that calls it: block by block for a large parameter."""
        numbers = [self.tape.given(x.held, name) for x, name in ((lr, "lr"), (t, "count"))]
        params = [self.tape.given(x.held, name) for x, name in zip(arrays, ("p", "g", *optimizer.slots))]
        for x in arrays:
            self.tape.save(x)
        with self.tape.aside() as lines:
            super().update(optimizer, path, numbers[0], numbers[1], params)  # type: ignore[arg-type]
        if any(line.guard for line in lines):  # a question, as RAdam's: which way it goes belongs to the step
            own = {id(x): y for x, y in zip((*numbers, *params), (lr, t, *arrays))}
            for line in lines:
                into = None if line.into is None else own.get(id(line.into), line.into)
                self.tape.add(replace(line, args=tuple([own.get(id(x), x) for x in line.args]), into=into))
            return
        needed = {id(x) for line in lines for x in line.args}
        given = [x for number, x in zip(numbers, (lr, t)) if id(number) in needed]
        rows, run = function_rows("", [*[x for x in numbers if id(x) in needed], *params], [], lines), None
        kernels = routines_of(self.tape, lines)
        make = partial(function_of, rows, {r.name: r.run for r in kernels})
        if kernels:
            run = make(self.tape.xp)
            rows = plain_formula(self.tape.xp, optimizer, [x.dtype for x in params])
        written = {root for line in lines for root in line.changed}
        into = [x for x in arrays if id(x.root) in written]
        at_once = self.tape.xp is not np and not optimizer.foreign
        if at_once:
            rows, run = for_all(rows, len(given)), of_all(make, self.tape.xp)
        key = (*rows, *[x.dtype for x in arrays if at_once])
        routine = self.tape.routine(key, snake(type(optimizer).__name__), partial(named_rows, rows))
        routine.run, routine.shown = run or routine.run, at_once
        self.tape.add(call_of_formula(routine.name, optimizer, given, arrays, into, at_once))

    def kernel(self, kernel: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """A kernel is a routine if it has a faster way, or much to do; another one is its plain lines.

        One that writes into its arguments is part of a formula, which shows what it does unless there is a faster way.
        """
        leaves: list[Any] = []
        try:
            key = kernel, signature_of((args, options), leaves)
        except TypeError:
            return super().kernel(kernel, args, options)
        xs, ys = like((args, options), iter([getattr(x, "held", x) for x in leaves]))
        into = [args[i] for i in kernel.writes]
        nothing = kernel.plain.__annotations__.get("return") == "None"
        if not all(isinstance(x, Recorded) for x in leaves) or (nothing and not into):
            return super().kernel(kernel, args, options)
        large = self.tape.xp is np and not into and sum([getattr(x.held, "nbytes", 0) for x in leaves]) >= LARGE
        if not large and not any(way.fits(*xs, **ys) for way in kernel.ways):
            return super().kernel(kernel, args, options)
        holes = like((args, options), iter([HOLE] * len(leaves)))
        kinds = [(x.shape, x.dtype) if isinstance(x.held, self.tape.xp.ndarray) else type(x.held) for x in leaves]
        text = partial(kernel_rows, self.tape.xp, kernel, holes, kinds)
        run = partial(run_kernel, kernel, holes)
        module = kernel.__module__.rpartition(".")[2]
        name = kernel.__name__ if module in kernel.__name__ else f"{module}_{kernel.__name__}"
        routine = self.tape.routine(key, name, text, run)
        call = f"{routine.name}({', '.join(['{}'] * len(leaves))})"
        for x in into:
            self.tape.save(x)
        y = kernel.compute(*xs, **ys)
        if into:
            self.tape.put(call, leaves, None, into[0], into[1:])
            return None if y is None else into[0]
        made = [item for item in (y if isinstance(y, tuple) else (y,)) if item is not None]
        found = self.tape.put(call, leaves, made[0] if len(made) == 1 else tuple(made))
        rest = iter(found if isinstance(found, tuple) else (found,))
        return tuple([None if item is None else next(rest) for item in y]) if isinstance(y, tuple) else found

    def number(self, owner: Any, name: str, value: Any, now: Callable[[], Any], kind: Any = None) -> Any:
        """A number that each replay asks for anew; it is one with others of the same owner and kind."""
        key = (id(owner), name, value, kind)
        if key not in self.numbers:
            self.numbers[key] = self.tape.lift(value, name), now
        return self.numbers[key][0]


class Record:
    """One run of a step on the recording device. It is a real step: `result` is what it returned.

    inputs     the leaves of the arguments: Recorded arrays
    state      what was there, each with a function that gets what is there now, and whose it is
    setters    what a replay puts where: (function, value)
    actions    what it does without a value
    graph      may the program on a GPU run as CUDA graphs?
    """

    def __init__(
        self, step: Callable[..., Any], names: list[str], args: Any, options: Any, graph: bool = False
    ) -> None:
        self.title = getattr(step, "__qualname__", type(step).__name__)
        self.reach = Reach(step, statics_of((args, options)))
        self.places = [*self.reach.places()]
        self.tape = Tape(self.device(args, options))
        self.elsewhere = Elsewhere()
        self.watcher = Recording(self.tape, self.reach.generators)
        self.counts = [(o, o.steps, dict(getattr(o, "counts", ()))) for o in self.reach.counting]
        self.rates = [(o, o.lr) for o in self.reach.counting if isinstance(o, Optimizer)]
        self.random = self.positions()
        self.legacy = np.random.get_state()
        self.states = [(g, g.bit_generator.state) for g in self.reach.generators.values()]
        self.state: list[tuple[Recorded, Callable[[], Any], Any]] = []
        self.setters: list[tuple[Setter, Recorded]] = []
        self.actions: list[Callable[[], Any]] = []
        self.absent: list[Callable[[], Any]] = []  # get what was None, and must be None at a replay
        self.stand_ins: list[tuple[int, Any, Any]] = []
        values: list[Recorded] = []
        with self.tape.open(), self.elsewhere.open():
            try:
                given = self.lift_arguments(names, args, options)
                for place in self.places:
                    self.lift(place)
                with watching(self.watcher), hold():  # two threads of BLAS would round otherwise than one
                    y = self.called(step, given)
                self.structure = taken_apart(y, values, {id(box.x) for box in self.reach.boxes})
                self.leave()
            except BaseException:
                self.take_back()
                raise
        for place in self.places:
            place.put(place.before)
        del y, given
        try:
            self.finish(values, graph)
        except BaseException:
            self.take_back()
            raise

    def device(self, args: Any, options: Any) -> Any:
        """The module of all arrays of the step. Refuses those of several, before anything is changed."""
        leaves: list[Any] = []
        signature_of((args, options), leaves)
        arrays = [*[getattr(x, "value", x) for x in leaves], *[box.last for box in self.reach.boxes]]
        found = {module.__name__: module for module in map(module_of, arrays) if module is not None}
        xp = found.get("cupy", np)
        for name, module in found.items():
            if module is not xp:
                refuse(
                    f"a step of arrays of {name}" + " beside those of a GPU" * (xp is not np),
                    "move all to one place by .to('cpu') or .to('gpu')",
                )
        return xp

    def called(self, step: Callable[..., Any], given: Any) -> Any:
        try:
            return step(*given[0], **given[1])
        except RuntimeError as error:
            if isinstance(error, Refused) or all(getattr(p.owner, "creator", None) is None for p in self.places):
                raise
            return refuse("a derivative through a graph that was there before the step", "make the graph inside")
        except TypeError as error:
            if "Recorded" not in str(error):
                raise
            return refuse("a function of CuPy on an array", "use that of autograd.functions", line_of(error))

    def lift_arguments(self, names: list[str], args: Any, options: Any) -> Any:
        """The arguments on the recording device, a Variable of their own for each that is one."""
        leaves: list[Any] = []
        paths: list[str] = []
        more = [f"x{i}" for i in range(len(names), len(args))]
        for name, x in [*zip([*names, *more], args), *options.items()]:
            first = len(leaves)
            signature_of(x, leaves)
            paths += [name] if len(leaves) == first + 1 else [f"{name}_{i}" for i in range(len(leaves) - first)]
        self.leaves = leaves
        self.inputs = [self.tape.given(getattr(x, "value", x), name) for name, x in zip(paths, leaves)]
        found: list[Any] = [*self.inputs]
        state = {id(box.x) for box in self.reach.boxes}
        for i, x in enumerate(leaves):
            if isinstance(x, Tracked):
                if id(x) in state:
                    refuse(f"a step whose argument {paths[i]} is also a Variable that it names", "name it once")
                first = next(j for j, y in enumerate(leaves) if y is x)
                if first < i:  # one Variable as two arguments
                    found[i] = found[first]
                    continue
                if x.node is not None and x.node.creator is not None:
                    refuse(f"a step whose argument {paths[i]} carries a graph", "give its .data, or compute it inside")
                found[i] = wrap(self.inputs[i], x.family)
                if x.node is not None:
                    new_node(found[i], kind=type(x.node))
                if x.grad is not None:
                    get = partial(self.gradient_of_argument, i)
                    found[i].grad = wrap(self.lifted(x.grad.value, f"{paths[i]}_grad", get, x), x.family)
                self.stand_ins.append((i, found[i], found[i].grad))
        return like((args, options), iter(found))

    def gradient_of_argument(self, i: int) -> Any:
        return gradient_of(self.leaves[i])

    def give_gradient(self, i: int, grad: Any) -> None:
        self.leaves[i].grad = grad

    def lift(self, place: Place) -> None:
        """Puts a Recorded array in the place of one of NumPy."""
        x = place.before
        if place.is_gradient:
            if x is not None and isinstance(x.value, self.tape.arrays):
                lifted = self.lifted(x.value, place.name, partial(gradient_of, place.owner), place.owner)
                place.lifted = wrap(lifted, x.family)
        elif self.is_elsewhere(x):
            place.lifted = self.elsewhere.lift(x, place.name)
        elif isinstance(x, (self.tape.xp.ndarray, tuple)) or (
            isinstance(x, np.generic) and not isinstance(place.owner, Holder)
        ):
            place.lifted = self.lifted(x, place.name, place.get, place.owner)
        if place.lifted is not x:
            place.put(place.lifted)

    def lifted(self, x: Any, name: str, get: Callable[[], Any], owner: Any) -> Any:
        """An array as a Recorded one, in a tuple too."""
        if type(x) is tuple:
            names = self.slot_names(name, len(x))
            parts = [(partial(item_of, get, i), n, y) for i, (n, y) in enumerate(zip(names, x))]
            arrays = np.ndarray, self.tape.xp.ndarray, tuple
            found = tuple([self.lifted(y, n, g, None) if isinstance(y, arrays) else y for g, n, y in parts])
            return x if all(a is b for a, b in zip(found, x)) else found
        if self.is_elsewhere(x):
            return self.elsewhere.lift(x, name)
        if not isinstance(x, self.tape.arrays) or kind_of(x.dtype) not in "fiubc":
            return x
        self.state.append((self.tape.lift(x, identifier(name)), get, owner))
        return self.state[-1][0]

    def is_elsewhere(self, x: Any) -> bool:
        """Is this an array of NumPy in a step on a GPU?"""
        return isinstance(x, np.ndarray) and self.tape.xp is not np

    def slot_names(self, path: str, n: int) -> list[str]:
        """The names of arrays in a tuple: those of an optimizer's slots, or numbers."""
        for o in self.reach.counting:
            slots = o.slots if isinstance(o, Optimizer) else ()
            if slots and len(slots) == n and any(path.endswith(str(paths)) for paths in o.flat):
                return [f"small_{slot}" for slot in slots]
            own = path.partition(".")[2]
            if slots and len(slots) == n and own in o.state:
                return [f"{own}_{slot}" for slot in slots]
        return [f"{path}_{i}" for i in range(n)]

    def positions(self) -> dict[str, Any]:
        """Where all generators of random numbers are, from which no line of the tape draws."""
        found = {"random": random.getstate(), "np.random": repr(np.random.get_state()), "autograd.seed": generator.rng}
        known = {**self.reach.generators, id(generator.rng): generator.rng}
        drawn = self.watcher.draws
        states = {f"generator {i}": g.bit_generator.state for i, g in known.items() if g is not None and i not in drawn}
        return found | states

    def check_outside(self) -> None:
        """Refuses a step that draws random numbers, or moves iterators and rates, where no replay would."""
        now = self.positions()
        for name, before in self.random.items():
            if name in now and now[name] is not before and now[name] != before:
                refuse(f"a step that draws numbers of {name.split()[0]}, or seeds it", OUTSIDE, self.reach.line_of(""))
        for path, x, before in self.reach.moving:
            if progress(x) != before:
                refuse(f"a step that moves {path}", "give the next value as an argument", self.line(path))
        for o, lr in self.rates:
            if o.lr is not lr and o.lr != lr:
                refuse(f"a step that sets lr of {type(o).__name__}", "give lr a schedule", self.reach.line_of("lr"))
        for o, steps, _ in self.counts:
            updates = [n + 1 for (key, _), n in self.watcher.updates.items() if key == id(o)]
            if isinstance(o, Optimizer) and o.steps - steps != max(updates, default=0):
                refuse(f"a step that sets steps of {type(o).__name__}", OUTSIDE, self.reach.line_of("steps"))

    def line(self, path: str) -> Any:
        """The line that changes what lies at this path."""
        return self.reach.line_of(path.rpartition(".")[2])

    def leave(self) -> None:
        """Finds what the step has left behind. Refuses what no replay can leave."""
        self.check_outside()
        for place in self.places:
            self.leave_place(place, place.get())
        for i, x, before in self.stand_ins:
            if x.grad is not before:
                put = partial(self.give_gradient, i)
                self.actions += [partial(put, None)] if x.grad is None else []
                self.setters += [] if x.grad is None else [(Setter(put, x.family, f"argument {i}"), x.grad.value)]
        for holder in self.reach.holders:
            before, now = dict(named(holder.kept)), dict(named(holder.look()))
            for name in before.keys() ^ now.keys():
                if holder.optimizers:
                    raise FirstUpdate
                word = "adds" if name in now else "removes"
                where = self.line(holder.path.rstrip(".") if isinstance(name, int) else str(name))
                refuse(f"a step that {word} {holder.path}{name}", OUTSIDE, where)

    def leave_place(self, place: Place, now: Any) -> None:
        if place.is_gradient and place.before is None:
            self.absent.append(place.get)
        if now is place.lifted:
            return
        value = now.value if isinstance(now, Tracked) else now
        if isinstance(value, Recorded):
            if value is now and isinstance(place.lifted, Recorded) and same_memory(value, place.lifted):
                self.actions.append(partial(place.owner.written, place.name))
                return
            family = now.family if isinstance(now, Tracked) else None
            self.setters.append((Setter(place.put, family, identifier(place.name)), value))
            if isinstance(place.owner, Holder):
                self.follow(place)
        elif now is None and (place.is_gradient or (isinstance(place.before, Tracked) or is_array(place.before))):
            self.actions.append(partial(place.put, None))
            if isinstance(place.owner, Holder):
                self.follow(place)
        elif not equal(now, place.lifted):
            if getattr(place.owner, "optimizers", False):
                raise FirstUpdate
            change = f"a step after which {place.name} is {shown(now)}, and not {shown(place.before)}"
            refuse(change, OUTSIDE, self.line(place.name))

    def follow(self, place: Place) -> None:
        """Makes the program read what a step puts into a place of a holder, and not what was there at the record."""
        place.owner.excuse(place.key)
        if place.before is None:
            self.absent.append(place.get)
        self.reach.boxes = [box for box in self.reach.boxes if box.x is not place.before]
        for i, (x, get, owner) in enumerate(self.state):
            inside = isinstance(owner, Tracked) and owner is place.before and not x.name.endswith("_grad")
            if inside or get is place.get:
                self.state[i] = x, Present(place, x), owner

    def take_back(self) -> None:
        """Puts back all that the step has changed."""
        self.tape.over = self.elsewhere.over = True
        for holder in self.reach.holders:
            holder.restore()
        for place in self.places:
            place.put(place.before)
        self.tape.restore()
        for g, state in self.states:
            g.bit_generator.state = state
        random.setstate(self.random["random"])
        np.random.set_state(self.legacy)
        for o, lr in self.rates:
            o.lr = lr
        for o, steps, counts in self.counts:
            o.steps = steps
            if hasattr(o, "counts"):
                o.counts = counts

    def finish(self, values: list[Recorded], graph: bool) -> None:
        """Makes the program, checks it against this run, and leaves behind what the step has left."""
        outputs = [*[x for _, x in self.setters], *values]
        numbers = [*self.watcher.numbers.values(), *self.watcher.draws.values()]
        given = [*numbers, *[(x, get) for x, get, _ in self.state]]
        self.program = Program(self.inputs, given, outputs, self.tape, graph)
        self.check(outputs)
        self.puts: list[Setter] = [put for put, _ in self.setters]
        arrays = [x.held for x in outputs]
        del given, numbers
        values.clear()
        outputs.clear()
        self.let_go()
        for put, value in zip(self.puts, arrays):
            put(value)
        self.result = put_together(self.structure, iter(arrays[len(self.puts) :]))
        for act in self.actions:
            act()
        self.advance = [
            (o, o.steps - steps, {path: n - counts.get(path, 0) for path, n in getattr(o, "counts", {}).items()})
            for o, steps, counts in self.counts
        ]
        self.places, self.leaves = [], []
        self.tape.saved.clear()

    def check(self, outputs: Sequence[Recorded]) -> None:
        """Runs the program on what was there before the step. Refuses one that gives other numbers, bit for bit."""
        before = Before(self.tape)
        with hold():
            found = self.program.run(*[before(x) for x in self.program.arguments])
        for x, y in zip(outputs, found):
            if not same_numbers(x.held, y):
                refuse(f"a step whose program gives another {x.name or 'result'}: please report this error of capture")
        for own, _ in self.tape.saved.values():
            if not same_numbers(own, before.copies.get(id(own), own)):
                refuse("a step whose program leaves another state behind: please report this error of capture")

    def let_go(self) -> None:
        """Frees what only the record needed. Refuses a step that has kept values of its own somewhere."""
        fixed = {id(line) for line in split(self.tape.lines, [*self.inputs, *self.program.arguments], [])[0]}
        made = [(ref(y), line.source) for line in self.tape.lines if id(line) not in fixed for y in line.outs]
        self.program.forget()
        self.tape.forget()
        self.elsewhere.forget()
        self.setters, self.state, self.stand_ins, self.inputs = [], [], [], []
        for place in self.places:
            place.lifted = None
        del self.watcher
        for generation in (0, 1, 2):  # the youngest first: what the record has made is young
            if any(x() is not None for x, _ in made):
                gc.collect(generation)
        kept = next((source for x, source in made if x() is not None), None)
        if kept is not None:
            refuse("a step that keeps a value outside of what it names", "return it", kept)


def call_of_formula(
    name: str, optimizer: Any, given: Sequence[Any], arrays: Sequence[Any], into: Sequence[Any], at_once: bool
) -> Line:
    """The line that calls a formula: in blocks for a large parameter of NumPy, with a tuple of arrays on a GPU."""
    first, each = "{}, " * len(given), ", ".join(["{}"] * len(arrays))
    p, also = arrays[0].held, tuple(into[1:])
    if at_once:
        return Line((), f"{name}({first}({each}))", (*given, *arrays), into[0], also=also, numbers=len(given))
    if namespace(p) is np and p.nbytes > BLOCK and not optimizer.in_one_pass(*[x.held for x in arrays]):
        template = f"for part in blocks({each}): {name}({first}*part)"
        return Line((), template, (*arrays, *given), into[0], also=also)
    return Line((), f"{name}({first}{each})", (*given, *arrays), into[0], also=also)


def line_of(error: BaseException) -> Any:
    """The innermost line of the user's program that an error has passed."""
    found = [Source(f.f_code.co_filename, line, f.f_code.co_name) for f, line in walk_tb(error.__traceback__)]
    ours = [s for s in found if s.file.endswith(".py") and "site-packages" not in s.file]
    return next((s for s in reversed(ours) if not s.file.startswith(PACKAGE)), None)


def function_of(rows: Sequence[str], others: Mapping[str, Any], xp: Any) -> Any:
    """The function of these rows, with other functions by name, and a module in the place of NumPy."""
    names = {"np": xp, **others}
    exec("\n".join(named_rows(rows, "formula")), names)
    return names["formula"]


def plain_formula(xp: Any, optimizer: Any, kinds: Sequence[Any]) -> list[str]:
    """The text of a formula whose kernels are their plain lines: it goes element by element, so one element will do."""
    tape = Tape(xp)
    with tape.open(), using(watcher=None):
        numbers = [tape.given(1.0, "lr"), tape.given(1, "count")]
        names = "p", "g", *optimizer.slots
        params = [tape.given(xp.ones(1, kind), name) for kind, name in zip(kinds, names)]
        optimizer.formula(*numbers, *params)
        needed = {id(x) for line in tape.lines for x in line.args}
        return function_rows("", [*[x for x in numbers if id(x) in needed], *params], [], tape.lines)


def kernel_rows(xp: Any, kernel: Any, holes: Any, kinds: Any, name: str) -> list[str]:
    """The text of a kernel: the lines of its plain way on arrays of these shapes and dtypes."""
    tape = Tape(xp)
    with tape.open():
        params = [tape.given(xp.zeros(*kind) if isinstance(kind, tuple) else kind(1), "") for kind in kinds]
        xs, ys = like(holes, iter(params))
        for parameter, x in zip(signature(kernel.plain).parameters, xs):
            if isinstance(x, Recorded):
                x.name = parameter
        y = kernel.plain(*xs, **ys)
        made = [] if kernel.writes else [item for item in (y if isinstance(y, tuple) else (y,)) if item is not None]
        return function_rows(name, params, made, tape.lines)


def run_kernel(kernel: Any, holes: Any, *arrays: Any) -> Any:
    """The kernel in its fastest way, without the parts of the result that are None."""
    xs, ys = like(holes, iter(arrays))
    y = kernel(*xs, **ys)
    if not isinstance(y, tuple):
        return y
    made = tuple([item for item in y if item is not None])
    return made[0] if len(made) == 1 else made


class FirstUpdate(Exception):
    """An optimizer has made slots: this step is one that runs as always, and the next one is recorded."""


OUTSIDE = "keep it as an array, give it as an argument, or change it outside of the step"


class Setter:
    """Puts an array into a place, as a Variable of `family` if there is one. `name` is that of the place."""

    def __init__(self, put: Callable[[Any], Any], family: Any, name: str) -> None:
        self.put, self.family, self.name = put, family, name

    def __call__(self, value: Any) -> None:
        self.put(value if self.family is None else wrap(value, self.family))


class Present:
    """Gets the array that lies in a place now; another shape or dtype than that of the record ends a replay."""

    def __init__(self, place: Place, x: Recorded) -> None:
        self.get, self.shape, self.dtype = place.get, x.shape, x.dtype

    def __call__(self) -> Any:
        x = self.get()
        x = getattr(x, "value", x)
        if getattr(x, "shape", None) != self.shape or x.dtype != self.dtype:
            raise Diverged(f"a state of the shape {self.shape}")
        return x


class Before:
    """What an argument of the program was before the step. The program writes into copies."""

    def __init__(self, tape: Tape) -> None:
        self.tape, self.copies = tape, dict[int, Any]()

    def __call__(self, x: Recorded) -> Any:
        if id(x.own) not in self.tape.saved:
            return x.held
        own, before = self.tape.saved[id(x.own)]
        if id(own) not in self.copies:
            if isinstance(own, GENERATORS):
                self.copies[id(own)] = copy.deepcopy(own)
                self.copies[id(own)].bit_generator.state = before
            else:
                self.copies[id(own)] = before.copy(order="K")
        y = self.copies[id(own)]
        return y if x.held is own else part_of(x.held, own, y)


def part_of(view: Any, own: Any, other: Any) -> Any:
    """The part of `other` that `view` is of `own`, where both have one layout in memory."""
    first = address(view) - address(own)
    if not isinstance(view, np.ndarray):
        return type(view)(view.shape, view.dtype, other.data + first, view.strides)
    memory = (other if other.flags.c_contiguous else other.T).reshape(-1).view(np.uint8)
    return np.ndarray(view.shape, view.dtype, memory.data, first, view.strides)


def address(x: Any) -> int:
    """Where the first number of an array lies."""
    return int(x.__array_interface__["data"][0] if isinstance(x, np.ndarray) else x.data.ptr)


def same_numbers(x: Any, y: Any) -> bool:
    """Are two arrays equal bit for bit, but for the sign of nan? Are two generators at one place?

    On a GPU, where sums come in any order, they are equal to half of the digits of the largest number.
    """
    if isinstance(x, GENERATORS):
        return bool(x.bit_generator.state == y.bit_generator.state)
    if x.shape == y.shape and x.dtype == y.dtype and kind_of(x.dtype) == "f" and x.size and namespace(x) is not np:
        xp = namespace(x)
        finite = abs(xp.where(xp.isfinite(x), x, 0)).max()
        return bool(xp.allclose(x, y, 0, finite * float(finfo(x.dtype).eps) ** 0.5, equal_nan=True))
    return (
        x.shape == y.shape and x.dtype == y.dtype and namespace(x).array_equal(x, y, equal_nan=kind_of(x.dtype) in "fc")
    )


def same_memory(x: Recorded, y: Recorded) -> bool:
    same = x.shape == y.shape and x.strides == y.strides and x.root is y.root
    return same and address(x.held) == address(y.held)


def gradient_of(x: Any) -> Any:
    """The array of the gradient. A replay ends where there is none."""
    if x.grad is None:
        raise Diverged("a gradient")
    return x.grad.value


def item_of(get: Callable[[], Any], i: int) -> Any:
    return get()[i]


def name_value(y: Any, name: str) -> None:
    """Names a value that has no name yet."""
    value = getattr(y, "value", y)
    if isinstance(value, Recorded) and not value.name:
        value.name = name


def identifier(path: str) -> str:
    """A path as a name of Python."""
    name = "".join([c if c.isalnum() else "_" for c in path]).strip("_")
    return name if name.isidentifier() and not iskeyword(name) else f"layer{name}"


class Replay:
    """A record as a function of the leaves of the arguments."""

    def __init__(self, record: Record) -> None:
        self.record, self.run = record, record.program.run
        self.getters = record.program.getters
        self.state = {id(box.x) for box in record.reach.boxes}
        self.risky = record.program.risky
        self.steps = [o.steps for o, _, _ in record.counts]

    def fits(self) -> bool:
        """May the program run, as far as can be seen before?"""
        if any(get() is not None for get in self.record.absent):
            return False
        return self.record.reach.fits() and all(
            o.steps == n or counts_agree(o, before) for (o, _, before), n in zip(self.record.counts, self.steps)
        )

    def __call__(self, leaves: list[Any]) -> Any:
        """A step. Raises Diverged, and changes nothing then, where a guard has another answer."""
        record = self.record
        record.leaves = leaves
        if any(id(x) in self.state for x in leaves if isinstance(x, Tracked)):
            raise Diverged("an argument that is also state")
        if record.program.written and not record.program.aliased:
            self.check_memory(leaves)
        arrays = [x.value if isinstance(x, Tracked) else x for x in leaves]
        given = [*arrays, *[get() for get in self.getters]]
        values = self.run(*given) if not self.risky else self.run_with_care(given)
        for put, value in zip(record.puts, values):
            put(value)
        for act in record.actions:
            act()
        for i, (o, n, paths) in enumerate(record.advance):
            o.steps += n
            self.steps[i] = o.steps
            for path, m in paths.items():
                o.counts[path] += m
        count_write()
        record.leaves = []
        return put_together(record.structure, iter(values[len(record.puts) :]))

    def check_memory(self, leaves: list[Any]) -> None:
        """Ends a replay whose arguments share memory, if the program writes into one and they did not at the record."""
        xp = self.record.tape.xp
        arrays = [xp.asarray(x.value if isinstance(x, Tracked) else x) for x in leaves]
        for i in self.record.program.written:
            if any(j != i and xp.may_share_memory(x, arrays[i]) for j, x in enumerate(arrays)):
                raise Diverged("arguments that share memory")

    def run_with_care(self, given: list[Any]) -> Any:
        """Runs the program where a guard comes after a change: if it stops there, the change is undone."""
        kept = [(x, copy_of(x)) for x in [given[i] for i in self.risky]]
        try:
            return self.run(*given)
        except Diverged:
            for x, before in kept:
                if isinstance(x, GENERATORS):
                    x.bit_generator.state = before
                else:
                    x[...] = before
            raise


def copy_of(x: Any) -> Any:
    return x.bit_generator.state if isinstance(x, GENERATORS) else x.copy()


def counts_agree(optimizer: Any, before: Mapping[str, int]) -> bool:
    """Have all these parameters had as many steps as those with which they had as many before?"""
    now = {path: optimizer.counts.get(path) for path in before}
    return len(set(zip(before.values(), now.values()))) == len(set(before.values()))
