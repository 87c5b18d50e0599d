"""Pickles, read without running anything in them, and within a limit.

A pickle is a program for a machine with a stack and a memo. `pickle.Unpickler` runs it as it is: a few bytes can ask
for a memo of gigabytes, or for a key whose hash takes years. This machine knows the instructions that `torch.save`
uses. It counts what each may cost before it does it, calls only what its user lists, and sets no attributes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Machine", "UnpicklingError"]

NUMBERS = {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}
TEXTS = {b"X": "<I", b"\x8c": "<B", b"\x8d": "<Q"}  # UTF-8, after their length
ASCII = {b"T": "<i", b"U": "<B"}  # the strings of Python 2
BYTES = {b"B": "<I", b"C": "<B", b"\x8e": "<Q"}
INTS = {b"\x8a": "<B", b"\x8b": "<i"}  # two's complement, little-endian
CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False}
EMPTY: dict[bytes, tuple[Callable[[], Any], int]] = {
    b"]": (list, 56),
    b"}": (dict, 64),
    b")": (tuple, 0),
    b"\x8f": (set, 216),
}
GET = {b"h": "<B", b"j": "<I"}
PUT = {b"q": "<B", b"r": "<I"}
TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}
IGNORED = {b"\x80": 1, b"\x95": 8}  # the version, the length of a frame

# Bytes of memory: of a place on the stack, in the memo, in a dict or set; of a first place there; of a small object.
STEP, MEMO, ENTRY, FIRST, SMALL = 16, 80, 120, 168, 36


class UnpicklingError(ValueError):
    """A pickle is damaged, or asks for more than it may."""


class Machine:
    """Reads one pickle, which begins at a position in `content`. `position` is behind it afterwards.

    names        what a pickle may refer to, by module and name
    callable     those of them that it may call
    storage      makes an object of a persistent id
    limit        the bytes of memory that its objects may take
    """

    def __init__(
        self,
        content: bytes,
        position: int,
        limit: int,
        names: Mapping[str, Any],
        callables: tuple[Any, ...],
        storage: Callable[[Any], Any],
    ) -> None:
        self.content, self.position, self.limit = content, position, limit
        self.names, self.callables, self.storage = names, callables, storage
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.cost = 0

    def load(self) -> Any:
        """The object that the pickle describes. Raises ValueError if it is damaged or refused."""
        while (code := self.take(1)) != b".":
            self.pay(STEP)
            if code in CONSTANTS:
                self.stack.append(CONSTANTS[code])
            elif code in NUMBERS:
                self.pay(SMALL)
                self.stack.append(self.number(NUMBERS[code]))
            elif code in TEXTS:
                self.stack.append(str(self.counted(TEXTS[code]), "utf-8", "surrogatepass"))
            elif code in ASCII:
                self.stack.append(str(self.counted(ASCII[code]), "ascii"))
            elif code in BYTES:
                self.stack.append(self.counted(BYTES[code]))
            elif code in INTS:
                self.stack.append(int.from_bytes(self.counted(INTS[code]), "little", signed=True))
            elif code in EMPTY:
                make, cost = EMPTY[code]
                self.pay(cost)
                self.stack.append(make())
            elif code in GET:
                self.stack.append(self.memo[self.number(GET[code])])
            elif code in PUT:
                self.remember(self.number(PUT[code]))
            elif code in TUPLES:
                self.push(tuple([self.pop() for _ in range(TUPLES[code])][::-1]))
            elif code in IGNORED:
                self.take(IGNORED[code])
            elif code in OTHERS:
                OTHERS[code](self)
            else:
                raise UnpicklingError(f"it has the instruction {code!r} of pickle, which torch.save does not use")
        return self.pop()

    def pay(self, cost: int) -> None:
        """Counts bytes of memory before they are taken."""
        self.cost += cost
        if self.cost > self.limit:
            raise UnpicklingError(f"its pickle describes more objects than the {self.limit} bytes that it may take")

    def take(self, n: int) -> bytes:
        """The next n bytes."""
        start, self.position = self.position, self.position + n
        if not 0 <= n <= len(self.content) - start:
            raise UnpicklingError("its pickle is cut short")
        return self.content[start : self.position]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def counted(self, form: str) -> bytes:
        """The next bytes, after their number."""
        n = self.number(form)
        self.pay(80 + 8 * max(n, 0))  # a character takes up to four bytes, twice while it is decoded
        return self.take(n)

    def line(self) -> str:
        """The text up to the end of the line."""
        stop = self.content.find(b"\n", self.position, self.position + 1000)
        if stop < 0:
            raise UnpicklingError("its pickle is cut short in a name")
        name = self.content[self.position : stop].decode("utf-8")
        self.position = stop + 1
        return name

    def pop(self) -> Any:
        if not self.stack or (self.marks and self.marks[-1] == len(self.stack)):
            raise UnpicklingError("its pickle takes more objects than it made")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        """The last object, which must be of this type."""
        if not self.stack or type(self.stack[-1]) is not kind:
            raise UnpicklingError(f"its pickle should have a {kind.__name__} here")
        return self.stack[-1]

    def push(self, items: list[Any] | tuple[Any, ...]) -> None:
        """Appends a new list or tuple, which has left the stack and kept its place there."""
        self.pay(56 + 8 * len(items))
        self.stack.append(items)

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def popped(self) -> list[Any]:
        """All objects since the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def remember(self, index: int) -> None:
        """Writes the last object into the memo, whose numbers have no gaps in a file of torch.save."""
        if index > len(self.memo) + 1:  # the first number was 1 in Python 2
            raise UnpicklingError(f"its pickle writes number {index} of a memo that has {len(self.memo)} objects")
        self.pay(MEMO)
        self.stack.append(x := self.pop())
        self.memo[index] = x

    def append(self, items: list[Any]) -> None:
        self.pay(40 + 12 * len(items))
        self.top(list).extend(items)

    def update(self, items: list[Any]) -> None:
        """Writes keys and values in turn into the dict below them."""
        target = self.top(dict)
        self.pay(FIRST * (not target) + ENTRY * len(items) // 2)
        for key in items[::2]:
            hashable(key)
        target.update(zip(items[::2], items[1::2], strict=True))

    def add(self, items: list[Any]) -> None:
        target = self.top(set)
        self.pay(FIRST * (not target) + ENTRY * len(items))
        target.update([hashable(item) for item in items])

    def find(self, module: str, name: str) -> None:
        """Appends the object that the pickle refers to. Raises ValueError if it is not listed."""
        if f"{module}.{name}" not in self.names:
            raise UnpicklingError(
                f"it asks for {module:.80}.{name:.80}, which has no place among weights, and was refused. In PyTorch, "
                "torch.save(model.state_dict(), path) writes nothing but weights."
            )
        self.stack.append(self.names[f"{module}.{name}"])

    def find_on_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("its pickle should have a name here")
        self.find(module, name)

    def call(self) -> None:
        """Calls a listed object with a tuple of arguments."""
        args, f = self.pop(), self.pop()
        if type(args) is not tuple or not any(f is known for known in self.callables):
            raise UnpicklingError(f"its pickle calls a {type(f).__name__}")
        sizes = [len(x) * (16 if isinstance(x, tuple) else ENTRY) for x in args[:8] if hasattr(x, "__len__")]
        self.pay(72 + 8 * len(args) + sum(sizes))
        if f is dict:  # pairs of Python 2, or nothing
            self.stack.append({})
            pairs = args[0] if args else []
            if len(args) > 1 or type(pairs) is not list:
                raise UnpicklingError("its pickle should have a list of pairs here")
            self.update([x for key, value in pairs for x in (key, value)])
        else:
            self.stack.append(f(*args))

    def build(self) -> None:
        """Drops the attributes of an OrderedDict; a state_dict has some about versions."""
        attributes, target = self.pop(), self.pop()
        if type(attributes) is not dict or type(target) is not dict:
            raise UnpicklingError(f"its pickle sets an attribute of a {type(target).__name__}")
        self.stack.append(target)


def hashable(x: Any) -> Any:
    """The object itself. Raises ValueError if it is no plain key: the hash of a tuple may take years."""
    if (x is not None and type(x) not in (str, int, float, bool, bytes)) or (type(x) is int and abs(x) >= 1 << 60):
        raise UnpicklingError(f"a key in its pickle must be a string or a number, not a {type(x).__name__}")
    return x


def two(machine: Machine) -> list[Any]:
    """The last two objects, in their order."""
    value, key = machine.pop(), machine.pop()
    return [key, value]


OTHERS: dict[bytes, Callable[[Machine], Any]] = {
    b"(": Machine.mark,
    b"0": Machine.pop,
    b"1": Machine.popped,
    b"t": lambda m: m.push(tuple(m.popped())),
    b"l": lambda m: m.push(m.popped()),
    b"a": lambda m: m.append([m.pop()]),
    b"e": lambda m: m.append(m.popped()),
    b"s": lambda m: m.update(two(m)),
    b"u": lambda m: m.update(m.popped()),
    b"\x90": lambda m: m.add(m.popped()),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"c": lambda m: m.find(m.line(), m.line()),
    b"\x93": Machine.find_on_stack,
    b"R": Machine.call,
    b"b": Machine.build,
    b"Q": lambda m: m.stack.append(m.storage(m.pop())),
}
