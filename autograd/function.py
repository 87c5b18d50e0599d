"""Function: an operation and its derivative; a call of one is where every value of the framework is made.

    inputs -> arrays -> forward -> arrays -> outputs       a Variable among the inputs makes Variables of the outputs
    parents <------------ self <---------- their nodes     the graph that is left behind

Three invariants:
- *A graph starts at a Variable.* On arrays alone a function is just its `forward`: arrays in, an array out.
- *First order never pays for second order.* In `backward` the gradients, `self.inputs`, `self.outputs` and `self.saved`
  are arrays. In a backward pass that is recorded (`create_graph=True`) they are Variables, and the same code is used.
- *A function keeps what its `backward` names*: the input arrays if it says `self.inputs`, the output arrays if it says
  `self.outputs`, and what `forward` saved. An array that no backward needs is free as soon as its Variable is.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import ref

from numpy import float32, float64, ndarray

from autograd import bfloat16
from autograd.backend import device_conflict, namespace
from autograd.changes import Changed, Loose, edited, fingerprint, loosened
from autograd.checks import FOREIGN, is_foreign, shown
from autograd.checks import explained as explained_in_words
from autograd.config import mode
from autograd.constants import NUMBERS, family_of_result, result, settle
from autograd.engine import Computed, Node
from autograd.guards import BackwardPass, derivative_of_state, has_derivative

if TYPE_CHECKING:
    from autograd.variable import Variable

__all__ = ["Function", "Tracked", "call_text", "count_write", "new_node", "note", "wrap"]

RAW = frozenset({ndarray, float64, float32})  # what needs no second look


class Tracked:
    """An array and its place in the graph: all that a Function knows of a Variable.

    A class with `family=True` is the one of which results are made if the first Variable among the inputs is of it. One
    with `constants=True` is of its constants: those have no place, and no gradient. So has what is made of them alone.
    """

    __slots__ = ("__weakref__", "grad", "name", "node", "value")
    value: Any  # as computed: a 0-d result stays a NumPy scalar, ten times cheaper than a 0-d array
    grad: Any
    name: str | None
    node: Any
    family: type[Tracked]
    narrows = True  # are constants beside it cast to its dtype?
    frozen = False
    constants: Any = None  # the class of the family's constants

    def __init_subclass__(cls, family: bool = False, constants: bool = False) -> None:
        if family:
            cls.family = cls
        if constants:
            cls.family.constants, cls.frozen = cls, True


writes = 0  # how often the framework has written into a Variable: in an update, in load_state_dict, in x.data = ...


def count_write() -> int:
    """Lets the functions that were called before know that an array of theirs may have changed."""
    global writes
    writes += 1
    return writes


LATE = "and the backward pass needs the old values: run it before the update or assignment, or compute the loss again"
FREED = "was freed by an earlier backward pass: call that one with backward(keep_graph=True) to walk the graph again"


def note(node: Node, array: Any) -> None:
    """Notes what the array holds when it is handed out, so that a function called before sees if it is edited.

    A note is (number of writes, fingerprint), and equal ones are one note.
    """
    moment = count_write()
    notes = getattr(node, "notes", [])
    found = fingerprint(array)
    kept = notes[:-1] if notes and notes[-1][1] == found else notes
    node.notes = [*kept[-NOTES:], (moment, found)]


NOTES = 16  # the notes that a node keeps


class Function:
    """An operation and its derivative. A subclass says both, on arrays, and works at every order:

    >>> from autograd import Variable
    >>> class Square(Function):
    ...     def forward(self, x):
    ...         return x**2
    ...
    ...     def backward(self, gy):
    ...         (x,) = self.inputs
    ...         return 2 * x * gy
    >>> x = Variable(3.0)
    >>> y = Square()(x)
    >>> y.backward()
    >>> x.grad
    Variable(6.)

    `forward` takes arrays (0-d ones as NumPy scalars) and returns an array or a tuple of arrays. `backward` takes a
    gradient for each output and returns one for each input, None for zero; the engine sums and casts it to the shape
    and the dtype of the input. `backward` may name `self.inputs`, `self.outputs`, `self.saved` and `self.needs`.

    The code of `backward` decides what is kept: its names are read once, when the class is made. A `backward` that
    hides them (it is decorated, or delegates) says `keeps_inputs = True` or `keeps_outputs = True` in its class.
    In a `backward`, `gx *= gy` changes an array in place; with Variables it makes a new one. Do it with arrays that
    this `backward` has made. `gy` belongs to others too, and is read-only.

    Numbers beside the Variables take their dtype. With `alike = 0` all inputs are numbers of one dtype (with 1, all but
    the first): arrays are cast to that of the Variables too, and anything else is refused.
    """

    parents: Any = None  # the node of each input, None for a constant; set by the call that is recorded
    moment: float = 0  # the number of writes at the call, and one half more once its arrays were let go
    several = False  # is there more than one output?
    foreign = False  # did somebody else write it, who may edit the gradients that he is given?
    direct = True  # is a step back a call of `backward` and nothing else: one output, and not foreign?
    alike: int | None = None  # the inputs from here on are numbers of one dtype
    widens = True  # are bfloat16 inputs given to it in float32, and its results rounded?
    protects = True  # does an output that is alive, and was not walked, keep the arrays for a walk of its own?
    made_by: BackwardPass | None = None  # the backward pass that recorded this call; None in the forward computation
    record: Any = ""  # where it was called, if a watcher has put that down
    keeps_inputs = keeps_outputs = True
    needs: Any = None  # the same, read as: is the gradient of this input needed?

    def __init_subclass__(cls) -> None:
        """Finds out what `backward` names; a class can say so itself with `keeps_inputs`, `keeps_outputs`."""
        if not cls.__module__.startswith("autograd."):
            cls.foreign, cls.direct = True, False
        if "backward" in vars(cls) or "recompute" in vars(cls):
            code = getattr(cls.backward, "__code__", None)
            names = {"super"} if code is None else names_in(code)
            needed = hasattr(cls, "recompute") or not names.isdisjoint({"inputs", "super"})
            cls.keeps_inputs = vars(cls).get("keeps_inputs", needed)
            cls.keeps_outputs = vars(cls).get("keeps_outputs", not names.isdisjoint({"outputs", "super"}))

    def forward(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward, or no derivative: define both")

    backward = forward

    def __call__(self, *inputs: Any) -> Variable:
        family = node = self.parents
        if family is not None:
            raise RuntimeError(f"this {type(self).__name__} was called before: make a new one for every call")
        if len(inputs) == 1 and type(inputs[0]) in RAW and mode.get().watcher is None and not bfloat16.seen:
            try:
                return self.forward(*inputs)  # an array in a backward: nothing to record
            except FOREIGN:
                pass  # once more below, where errors are explained
        recording, _, differentiating, watcher, _ = mode.get()
        arrays: list[Any] = []
        parents: list[Any] = []
        generation = -1  # stays below 0 where there is nothing to record
        odd: Any = None  # the dtype of an array in front of the Variables, or True: a constant may need to be converted
        for x in inputs:
            if isinstance(x, Tracked):
                value, node, family = x.value, x.node, x.family
                if node is None and value.dtype.kind in bfloat16.FLOATS:
                    node = new_node(x, kind=Computed if differentiating is None else Node)
                if node is None:
                    odd = True
                elif node.generation > generation:
                    generation = node.generation
                arrays.append(value[()] if type(value) is ndarray and not value.shape else value)
                parents.append(node)
            else:
                if type(x) not in NUMBERS:
                    dtype = x.dtype if type(x) is ndarray else True
                    if node is None or dtype is not node.dtype:
                        odd = dtype if odd is None or odd is dtype else True
                arrays.append(x)
                parents.append(None)
        if odd is not None and (odd is not node.dtype if node is not None else not RAW.issuperset(map(type, inputs))):
            settle(self, arrays, parents, family, Tracked)
        try:
            ys = self.forward(*arrays) if watcher is None and not bfloat16.seen else bfloat16.run(self, arrays, watcher)
        except Exception as error:
            raise self.explained(error, arrays)  # noqa: B904  # the same error, with a note
        creator = self if generation >= 0 and recording else None
        if family is not None:
            ys = wrap(ys, family if generation >= 0 else family_of_result(family, inputs), creator, generation + 1)
        if creator is not None:
            self.parents = self.needs = parents
            self.moment, self.made_by = writes, differentiating
            if self.keeps_inputs:
                self.arrays = arrays
            if self.keeps_outputs or isinstance(ys, tuple):
                self.keep_outputs(ys if isinstance(ys, tuple) else (ys,))
        if watcher is not None:
            given = [x if isinstance(x, Tracked) else array for x, array in zip(inputs, arrays)]
            watcher.called(self, given, ys if isinstance(ys, tuple) else (ys,))
        return ys

    def keep_outputs(self, outputs: Sequence[Any]) -> None:
        """Keeps the outputs' arrays, or else what zeros in their place need; and weak references to their nodes."""
        self.several = len(outputs) > 1
        self.direct = self.direct and not self.several
        self.kept = [y.value if self.keeps_outputs else (y.shape, y.dtype, namespace(y.value)) for y in outputs]
        self.nodes = [None if y.node is None else ref(y.node) for y in outputs]

    def save(self, *, constant: bool = False, **values: Any) -> None:
        """Hands values from `forward` over to `backward`, which reads them as `self.saved.<name>`.

        A recorded backward pass differentiates them too. Integers and booleans have no derivative. An array of
        floating-point numbers has none if it is said to be `constant`: a mask that was drawn, a sign. For others the
        class has a method `recompute(*inputs)`, which gives a dict of them, computed from the inputs once more.
        One call hands over everything: a second one replaces it.
        """
        self.state, self.state_is_constant = SimpleNamespace(**values), constant

    @property
    def saved(self) -> Any:
        """What `forward` saved. In a recorded backward pass: what `recompute` makes of the inputs."""
        if type(self.moment) is float:
            values = self.unchanged([None] * len(vars(self.state)), list(vars(self.state).values()))
            self.state = SimpleNamespace(**dict(zip(vars(self.state), values)))
        if mode.get().differentiating is None or self.parents is None:
            return self.state
        if hasattr(self, "recompute"):
            return SimpleNamespace(**{**vars(self.state), **self.recompute(*self.inputs)})
        for name, value in vars(self.state).items():
            if has_derivative(value) and not self.state_is_constant:
                raise RuntimeError(f"{derivative_of_state(self, name)}: save(..., constant=True)")
        return self.state

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the function was called on: arrays; Variables in a recorded backward pass."""
        if not self.keeps_inputs:
            raise RuntimeError(f"{type(self).__name__}.backward names no inputs: set keeps_inputs = True in it")
        arrays = tuple(self.arrays) if self.moment == writes else self.unchanged(self.parents, self.arrays)
        recorded = mode.get().differentiating
        if recorded is None:
            return tuple(bfloat16.widened(arrays)) if bfloat16.seen and self.widens else arrays
        pairs = zip(self.parents, arrays)
        return tuple([x if node is None else variable_of(node, x, recorded.family) for node, x in pairs])

    @property
    def outputs(self) -> tuple[Any, ...]:
        """What the function returned: arrays; Variables in a recorded backward pass."""
        if not self.keeps_outputs:
            raise RuntimeError(f"{type(self).__name__}.backward names no outputs: set keeps_outputs = True in it")
        nodes = self.output_nodes()
        kept = self.kept if self.moment == writes else self.unchanged(nodes, self.kept)
        recorded = mode.get().differentiating
        if recorded is None:
            return tuple(bfloat16.widened(kept)) if bfloat16.seen and self.widens else tuple(kept)
        ys = []
        for i, (node, y) in enumerate(zip(nodes, kept)):
            if node is None:  # the output is lost: it gets a place again, where the next backward pass will look
                ys.append(wrap(y, recorded.family, self, self.generation))
                self.nodes[i] = None if ys[i].node is None else ref(ys[i].node)
            else:
                ys.append(variable_of(node, y, recorded.family))
        return tuple(ys)

    def output_nodes(self) -> list[Any]:
        """The nodes of the outputs, None for an output that is gone with all its uses."""
        return [None if node is None else node() for node in self.nodes]

    def zeros_like_output(self, i: int) -> Any:
        """The gradient of an output that nothing depends on."""
        y: Any = self.kept[i]
        shape, dtype, xp = (y.shape, y.dtype, namespace(y)) if self.keeps_outputs else y
        return xp.zeros(shape, dtype)

    @property
    def generation(self) -> int:
        """One more than the highest generation among the inputs."""
        return 1 + max([node.generation for node in self.parents if node is not None])

    def unchanged(self, nodes: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The arrays, with a `Changed` for each that was changed or freed since: it says so when it is used."""
        found = list(arrays)
        for i, (node, array) in enumerate(zip(nodes, arrays)):
            if isinstance(array, Loose):
                found[i] = array() if array() is not None else Changed(array, f"an array {array.shape} {FREED}")
                array = found[i]
            if node is None or type(array) is Changed or not array.shape:  # of a number the function has a copy
                continue
            changed = edited(node, array, self.moment)
            if changed is not None:
                paths = getattr(self.record, "paths", ())
                name = changed().name or getattr(changed, "written", None) or "".join(paths[i : i + 1]) or f"input {i}"
                found[i] = Changed(
                    array, f"{name} {array.shape} was changed after {self!r} was computed from it, {LATE}"
                )
        return tuple(found)

    def release(self) -> None:
        """Holds large arrays weakly from here on: they are free unless somebody else has them."""
        if type(self.moment) is float:
            return
        self.moment += 0.5  # no number of writes, so that `unchanged` looks at them
        if self.keeps_inputs:
            self.arrays = [loosened(x) for x in self.arrays]
        if self.keeps_outputs:
            self.kept = [loosened(y) for y in self.kept]
        if hasattr(self, "state"):
            self.state = SimpleNamespace(**{name: loosened(x) for name, x in vars(self.state).items()})

    def explained(self, error: Exception, arrays: list[Any]) -> Exception:
        """The error of `forward` with a note on its inputs, or one in our words instead.

        It is a ValueError for arrays on several devices.
        """
        parameters = [x for v in vars(self).values() for x in (v if isinstance(v, tuple) else (v,))]
        for x in arrays:
            if hasattr(type(x), "refuse"):  # it stands in for an array, and says why there is none
                x.refuse()
        if conflict := device_conflict([*arrays, *parameters]):
            return ValueError(f"{type(self).__name__}: {conflict}")
        found = error
        if type(self).__module__.startswith("autograd.") and is_foreign(error):
            found = explained_in_words(getattr(self, "name", type(self).__name__).lower(), error, arrays, vars(self))
            found.__cause__ = error.__cause__
        found.add_note(f"in {call_text(self, arrays)}")
        return found

    def __repr__(self) -> str:
        """The class, its inputs, and where it was called if a watcher has taken that down (`record`)."""
        inputs = ["constant" if node is None else f"{node.dtype} {node.shape}" for node in self.parents or ()]
        return f"{type(self).__name__}({', '.join(inputs)}){self.record}"


def call_text(f: Function, arrays: Sequence[Any]) -> str:
    """The class and its inputs, as in `Mul(float32 (2, 3), 2.0)`: for a function that is still running."""
    given = [f"{x.dtype} {x.shape}" if hasattr(x, "shape") else shown(x) for x in arrays]
    return f"{type(f).__name__}({', '.join(given)})"


def names_in(code: CodeType) -> set[str]:
    """The names of attributes and globals in a function's code, and in the functions inside it."""
    return {*code.co_names}.union(*[names_in(c) for c in code.co_consts if isinstance(c, CodeType)])


def wrap(value: Any, family: Any, creator: Any = None, generation: int = 0) -> Any:
    """A computed value as a Variable, without the checks of the constructor; with a creator, as one of its outputs."""
    if type(value) not in RAW:
        if isinstance(value, tuple):
            return tuple([wrap(y, family, creator, generation) for y in value])
        value = result(f"{type(creator).__name__}.forward" if creator else "forward", value, Tracked)
    x = object.__new__(family)
    x.value = value
    x.grad = x.name = x.node = None
    dtype = value.dtype
    if dtype.kind == "f" or bfloat16.kind_of(dtype) == "f":
        if creator is not None:
            x.node = node = Node(x)
            node.creator, node.generation = creator, generation
            node.shape, node.dtype = value.shape, dtype
    elif dtype.kind not in "iub":
        raise TypeError(f"forward must give real numbers, not {dtype}: a Variable holds no others")
    return x


def new_node(x: Tracked, creator: Any = None, generation: int = 0, kind: type[Node] = Node) -> Any:
    """Gives `x` its place in the graph: an output of `creator`, or a leaf. What is frozen has none."""
    if x.frozen:
        return None
    before, node = x.node, kind(x)
    node.creator, node.generation = creator, generation
    node.shape, node.dtype = x.value.shape, x.value.dtype
    if x.node is not before:  # another thread was faster: a leaf that they share has one place
        return x.node
    x.node = node
    return node


def variable_of(node: Node, value: Any, family: Any) -> Any:
    """The Variable of this node, if it is alive and still has this value; otherwise a new one at the same node."""
    if isinstance(value, Changed):
        return value
    x = node()
    if x is None or x.value is not value:
        x = wrap(value, family)
        x.node = node
    return x
