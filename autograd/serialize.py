"""Saves and loads what has a state: layers, optimizers, data loaders, anything with `state_dict` and `load_state_dict`.

    serialize.save(model, "model.npz")
    serialize.load(model, "model.npz")

A whole training is one file too, with parts by name; parts without a state are plain values, which `load` returns:

    serialize.save("run.npz", model=model, optimizer=optimizer, loader=loader, generator=ag.generator, epoch=3)
    epoch = serialize.load("run.npz", model=model, optimizer=optimizer, loader=loader, generator=ag.generator)["epoch"]

A file is an npz (see formats/npz.py), or safetensors if its name ends so: arrays and plain values, without pickle. It
is the same for all devices: a state that was saved on a GPU loads on the CPU, and the other way round.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.backend import is_array, restored, state_of
from autograd.bfloat16 import is_bfloat16, single
from autograd.checks import flag, shown, whole
from autograd.files import path_of_file
from autograd.formats import npz, safetensors
from autograd.formats.damage import limit_of, reading
from autograd.formats.npz import JSON
from autograd.layers.base import Entry, Layer, misfits, named_objects
from autograd.layers.hidden import check_reach
from autograd.names import missing_name
from autograd.optimizers.base import Optimizer, slot_dtype

__all__ = ["JSON", "load", "read", "save", "values"]

SINGLE = np.dtype(np.float32)
PATH = (str, bytes, os.PathLike)
OPTIONS = ("cast", "compress", "path", "source", "strict", "target")  # no names for parts: they mean something else
LEVELS = 64  # of dicts in a dict of parts
UNFIT = "the state does not fit, and nothing was changed:\n  "  # how a list of what does not fit begins
MISFIT = (ValueError, TypeError, LookupError, ArithmeticError)  # what a load_state_dict may raise


def save(source: Any = None, path: Any = None, *, compress: bool = False, **parts: Any) -> None:
    """Writes the state of `source` to exactly this path, `save(source, path)`; or parts by name, `save(path, ...)`.

    A source or a part is an object with a state, a NumPy generator, a dict of these, an array or a plain value. A
    state has arrays, and values of Python: None, booleans, numbers, strings, bytes, and lists, tuples and dicts of
    them, and scalars of NumPy. They come back with their types. In the file an entry of a part has its name in front:
    `model/0.W`.
    A path `*.safetensors` gives a file of safetensors, any other an npz, which `compress` makes smaller and slower.
    The file is written whole or not at all: after a crash there is the old file or the new one. A link is followed. The
    new file keeps the mode of the old one, and its owner where the system allows it.
    Raises TypeError for a source without state_dict, a part with the name of an argument here or of `load`, and an
    entry that would come back as something else, or that safetensors cannot hold.
    Raises ValueError for a model without parameters, or with some that are out of its reach, and for an empty dict.
    Raises RuntimeError if a layer does not know its sizes yet. Raises FileNotFoundError if the folder does not exist,
    IsADirectoryError if the path is a folder, and ValueError if it is a pipe or a device.
    """
    compress = flag("save: compress", compress)
    source, path = source_and_path("save", source, path, parts)
    if isinstance(source, Mapping):
        if not source:
            raise ValueError("save takes a state with entries, not an empty dict: a model without parameters has none")
        state: Mapping[str, Any] = unlike([entry for key, part in source.items() for entry in entries(key, part)])
    else:
        state = state_of_part("save", source)
    path = path_of_file(path)
    if not path.endswith(".safetensors"):
        npz.write(path, state, compress=compress)
    elif compress:
        raise ValueError(f"save: compress must be False for {path}, as safetensors has none: take the extension .npz")
    else:
        safetensors.write(path, state)


def load(
    target: Any = None, path: Any = None, *, strict: bool = True, cast: bool = False, **parts: Any
) -> dict[str, Any]:
    """Loads the file into `target`, `load(target, path)`, such as a new model of the same kind; or its parts by name.

    `load(path, model=model, optimizer=optimizer)` loads all of them or none. Returns a dict of what no part has taken:
    the plain values, and parts that were not asked for, as arrays and values.

    strict   False: entries that only one side has are left out, with a warning that names them
    cast     True: arrays are converted to the dtype of their target, with a warning that names them

    Raises FileNotFoundError if there is no such file. Raises ValueError if the file is damaged or does not fit: the
    message lists all names, shapes and dtypes that differ, and no target is changed. A file that unpacks to more
    than the targets need is limited as in `read`.
    """
    strict, cast = flag("load: strict", strict), flag("load: cast", cast)
    target, path = source_and_path("load", target, path, parts)
    targets = {"": target}
    if target is parts or (isinstance(target, Mapping) and target):
        targets = dict(targets_of(target))
    for wanted in targets.values():
        method("load", wanted, "load_state_dict")
    state = read(path, most=sum([bytes_of(x) for x in targets.values()]))
    notes: list[str] = []
    distribute(path_of_file(path), state, targets, strict, cast, notes)
    if notes:
        warnings.warn(f"load: {path_of_file(path)}:\n  " + "\n  ".join(notes), stacklevel=2)
    return nested({name: x for name, x in state.items() if not any(is_in(name, part) for part in targets)})


def distribute(
    path: str, state: Mapping[str, Any], targets: Mapping[str, Any], strict: bool, cast: bool, notes: list[str]
) -> None:
    """Loads the state of a file into all targets or none. Adds to `notes` what was left out or converted."""
    found = [Part(name, target, part_of(state, name)) for name, target in targets.items()]
    if not strict:
        found = [part._replace(state=both_sided(part, notes)) for part in found]
        found = [part for part in found if part.state]
    found = [part._replace(state=converted(part, cast, notes)) for part in found]
    problems = load_all(found, strict, list(missing(found, state)))
    if problems:
        kind = f" this {type(targets['']).__name__}" if "" in targets else ""
        named = dict.fromkeys([name.split("/")[0] for name in state if "/" in name])
        if kind and named:
            problems.insert(0, f"it has the parts {', '.join(named)}: load(path, {next(iter(named))}=...) takes one")
        raise ValueError(f"{path} does not fit{kind}, and nothing was changed:\n  " + "\n  ".join(problems))


def read(path: str | os.PathLike[str], *, most: int | None = None) -> dict[str, Any]:
    """The state in the file: NumPy arrays and plain values by name. Arrays of safetensors are read-only.

    A compressed file may unpack to four times its size and 32 MB, or to `most` bytes if that is more: a few bytes could
    fill the memory otherwise.
    Raises FileNotFoundError if there is no such file, and ValueError if it is damaged, too large or neither an npz nor
    safetensors.
    """
    most = None if most is None else whole("read: most", most, 0)
    with reading(path, kind_of(path)) as file:
        limit = limit_of(file, most)
        return format_of(path, file).read(file, limit)


def values(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The plain values of the file, such as the epoch, without reading its arrays: fast, for a large file too.

    Values of parts are in dicts of their own, as `load` gives them. Raises as `read` does.
    """
    with reading(path, kind_of(path)) as file:
        return nested(format_of(path, file).values(file, limit_of(file)))


def kind_of(path: Any) -> str:
    """What a file of this name should be."""
    return ".safetensors file" if path_of_file(path).endswith(".safetensors") else ".npz file"


def format_of(path: Any, file: IO[bytes]) -> Any:
    """The format of the content; that of the name if the content could be anything."""
    start = file.read(9)
    file.seek(0)
    named = kind_of(path) == ".safetensors file" and not start.startswith(b"PK")
    return safetensors if named or start[8:] == b"{" else npz


class Part(NamedTuple):
    """A target, its name in the file ("" if the file is all of it), and what the file has for it."""

    name: str
    target: Any
    state: Mapping[str, Any]


class Position:
    """The state of a NumPy generator: where it is in its sequence."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def state_dict(self) -> dict[str, Any]:
        return state_of(self.rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rng.bit_generator.state = restored(state).bit_generator.state


def source_and_path(name: str, first: Any, second: Any, parts: dict[str, Any]) -> tuple[Any, Any]:
    """What is saved or loaded, and the path. Raises TypeError for a call in which it is not clear which is which."""
    ways = f"{name}(model, path), or {name}(path, model=model)"
    if taken := [key for key in OPTIONS if key in parts]:
        given = "{" + f"{taken[0]!r}: ..." + "}"
        raise TypeError(
            f"{name}: a part must have another name than {taken[0]}, or be in a dict, {name}({given}, path)"
        )
    if not parts and second is not None:
        if isinstance(first, PATH) and not isinstance(second, PATH):
            raise TypeError(f"{name}: path must be a string or a Path, not {shown(second)}: call {ways}")
        return first, second
    path = first if second is None else second
    if parts and first is not None and second is not None:
        raise TypeError(f"{name} takes {ways}, not {shown(first)}, a path and the parts {', '.join(parts)}")
    if not isinstance(path, PATH):
        raise TypeError(f"{name}: path must be a string or a Path, not {shown(path)}: call {ways}")
    if name == "save" and not parts:
        raise TypeError(f"save takes what is saved and a path, not the path alone: save(model, {path!r})")
    return parts, path


def entries(name: Any, part: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a part in the file."""
    if isinstance(name, str) and name.count("/") > LEVELS:
        raise TypeError(f"there must be at most {LEVELS} levels of parts, not a dict within itself")
    if isinstance(part, Mapping) and holds_parts(part):
        for key, inner in part.items():
            if not isinstance(key, str) or "/" in key:
                raise TypeError(f"the name of a part must be a string without '/', not {key!r:.40}, in {name!r:.40}")
            yield from entries(f"{name}/{key}", inner)
    elif has_state(part):
        yield from [(f"{name}/{key}", x) for key, x in state_of_part("save", part).items()]
    else:
        yield name, part


def holds_parts(x: Mapping[Any, Any], level: int = 0) -> bool:
    """Is there an array, or what has a state, in a dict or the dicts in it?"""
    return any(
        is_array(y) or has_state(y) or (isinstance(y, Mapping) and level < LEVELS and holds_parts(y, level + 1))
        for y in x.values()
    )


def has_state(x: Any) -> bool:
    return isinstance(x, np.random.Generator) or (not isinstance(x, type) and callable(getattr(x, "state_dict", None)))


def state_of_part(name: str, x: Any) -> Mapping[str, Any]:
    """The state of an object, which is written as it is."""
    if isinstance(x, Layer):
        check_reach(name, x, Entry, "saved")
    state: Mapping[str, Any] = method(name, x, "state_dict")()
    return state


def targets_of(parts: Mapping[Any, Any], lead: str = "") -> Iterator[tuple[str, Any]]:
    """The name in the file and the object, for all that is to be loaded. Raises TypeError for a plain value."""
    for key, target in parts.items():
        if isinstance(target, Mapping):
            yield from targets_of(target, f"{lead}{key}/")
        else:
            method("load", target, "load_state_dict")
            yield f"{lead}{key}", target


def is_in(name: str, part: str) -> bool:
    """Is an entry of this name in the part?"""
    return part == "" or name.startswith(part + "/")


def part_of(state: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The entries of a part, under their own names."""
    return {key.removeprefix(name + "/") if name else key: x for key, x in state.items() if is_in(key, name)}


def unlike(found: list[tuple[str, Any]]) -> dict[str, Any]:
    """The entries by name. Raises ValueError for two that `load` could not tell apart: a and a, or a and a/b."""
    state = dict(found)
    if len(state) < len(found):
        names = [name for name, _ in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"save: two entries are named {twice!r} in the file: rename one")
    for name in filter(lambda name: isinstance(name, str), state):
        for i, letter in enumerate(name):
            if letter == "/" and name[:i] in state:
                raise ValueError(f"save: {name[:i]!r} is an entry, so {name!r} can't lie within it: rename one")
    return state


def nested(state: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of parts in a dict of their own: a/b becomes ["a"]["b"]."""
    found: dict[str, Any] = {}
    for name, x in state.items():
        *lead, last = name.split("/")
        inner: Any = found
        for key in lead:
            inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner
        if isinstance(inner, dict) and last not in inner:
            inner[last] = x
        else:
            found[name] = x  # a file of others, whose names mean no parts
    return found


def missing(parts: list[Part], state: Mapping[str, Any]) -> Iterator[str]:
    """A line for each part that the file does not have."""
    there = ", ".join(dict.fromkeys([key.split("/")[0] for key in state]))
    for name, target, own in parts:
        if name and not own and (isinstance(target, Layer) or with_state(target).state_dict()):
            yield f"{name}: there is no such part in the file, which has {there:.300}"


def load_all(parts: list[Part], strict: bool, problems: list[str]) -> list[str]:
    """Loads all parts if nothing is against it, or none. Returns what does not fit, a line for each entry.

    Layers and optimizers are compared first, and loaded last. The others are loaded, and loaded again as they were if
    one fails.
    """
    known = [part for part in parts if is_comparable(part.target)]
    others = [part._replace(target=with_state(part.target)) for part in parts if part not in known]
    problems += [labelled(part.name, line) for part in known for line in compared(part, strict)]
    if problems:
        return problems
    before: list[tuple[Any, Any]] = []
    try:
        for name, target, own in others:
            before += [(target, target.state_dict())] if len(parts) > 1 else []
            try:
                target.load_state_dict(own)
            except MISFIT as error:
                problems += [labelled(name, line) for line in str(error).removeprefix(UNFIT).split("\n  ")]
        if not problems:
            before = []
            for _, target, own in known:
                target.load_state_dict(own, **{"strict": strict} if isinstance(target, Layer) else {})
    finally:
        for target, old in before:
            target.load_state_dict(old)
    return problems


def compared(part: Part, strict: bool) -> Iterable[str]:
    """What does not fit into a layer or an optimizer, a line for each entry."""
    if part.name and not part.state:
        return ()  # `missing` has said it
    if isinstance(part.target, Optimizer):
        return part.target.problems(part.state)
    return misfits(dict(part.target.named_state()), part.state, strict)


def is_comparable(x: Any) -> bool:
    """Is its state that of all layers or optimizers, so that one can see beforehand whether it fits?"""
    kind = Layer if isinstance(x, Layer) else Optimizer
    return isinstance(x, kind) and type(x).load_state_dict is kind.load_state_dict


def labelled(name: str, line: str) -> str:
    return f"{name}: {line}" if name else line


def both_sided(part: Part, notes: list[str]) -> dict[str, Any]:
    """The entries that the target has too. Adds a line to `notes` for each one that only one side has."""
    name, target, state = part
    absent: list[str] = []
    if isinstance(target, Layer):
        here = dict(target.named_state())
        absent = [key for key in here if key not in state]
        extra = [key for key in state if key not in here]
    elif isinstance(target, Optimizer):
        params = dict(named_objects(target.root, target.kind))
        extra = [key for key in state if "." in key and key.rpartition(".")[0] not in params]
    else:
        extra = []
    if not state:
        notes.append(labelled(name, "left as it is, because the file has no such part"))
        return {}
    notes += [labelled(name, f"{key} is left as it is, because the file has none") for key in absent]
    notes += [labelled(name, f"{key} of the file is left out, because nothing here has this path") for key in extra]
    return {key: x for key, x in state.items() if key not in extra}


def converted(part: Part, cast: bool, notes: list[str]) -> dict[str, Any]:
    """The entries in the dtypes of the target. Adds a line to `notes` for each one that was converted.

    Without `cast`, only numbers of bfloat16 that are float32 here or there, and are the same in both.
    """
    name, target, state = part
    dtypes: dict[str, Any] = {}
    if isinstance(target, Layer):
        dtypes = {path: entry.dtype for path, entry in target.named_state()}
    elif isinstance(target, Optimizer):
        params = named_objects(target.root, target.kind)
        dtypes = {f"{path}.{slot}": slot_dtype(p) for path, p in params for slot in target.slots}
    found = dict(state)
    for key, x in state.items():
        dtype = dtypes.get(key)
        if dtype is None or not is_array(x) or x.dtype == dtype:
            continue
        before, after = [SINGLE if is_bfloat16(d) else d for d in (x.dtype, dtype)]
        if not np.can_cast(before, after, "same_kind"):
            continue
        with np.errstate(over="ignore"):
            y = x.astype(dtype)
        if before == after == SINGLE and np.array_equal(single(x), single(y), equal_nan=True):
            found[key] = y
        elif cast and (before.kind != "f" or np.array_equal(np.isfinite(x), np.isfinite(y))):  # else the part says it
            found[key] = y
            notes.append(labelled(name, f"{key} is converted from {x.dtype} to {dtype}"))
    return found


def with_state(x: Any) -> Any:
    """The object itself, or the state of a NumPy generator."""
    return Position(x) if isinstance(x, np.random.Generator) else x


def bytes_of(target: Any) -> int:
    """The bytes of all arrays that an object can load, as far as their sizes are known."""
    if isinstance(target, Layer):
        return sum([nbytes(x) for _, x in target.named_state()])
    if isinstance(target, Optimizer):
        return len(target.slots) * sum([nbytes(x) for _, x in named_objects(target.root, target.kind)])
    return 0


def nbytes(x: Any) -> int:
    """The bytes of an entry; 0 while it does not know its size."""
    return 0 if None in x.shape else math.prod(x.shape) * x.dtype.itemsize


def method(name: str, x: Any, wanted: str) -> Any:
    """The method `wanted` of an argument of the function `name`. Raises TypeError if x has none, or is a class."""
    found = getattr(with_state(x), wanted, None)
    if isinstance(x, type) or not callable(found):
        given = f"the class {x.__name__}: call it first" if isinstance(x, type) else type(x).__name__
        raise TypeError(f"{name} takes a layer, an optimizer or a data loader, with {wanted}, not {given}")
    return found


if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
