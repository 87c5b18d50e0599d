"""Zip files, read within a limit.

`zipfile` unpacks whatever a file says. Here the directory is checked before any content is touched: members lie side by
side, none twice, and all of them together fit into the limit. Members are stored or deflated, as NumPy and PyTorch
write them. The content comes in pieces, never more than a member declares.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

__all__ = ["Archive", "Content", "Member"]

MEMBERS = 65_536  # what the plain format can count
PIECE = 1 << 18
END, END64, LOCATOR, ENTRY, LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"


class Member(NamedTuple):
    """A file in the zip: where its bytes begin, how many there are, how many they are when unpacked."""

    name: str
    start: int
    packed: int
    size: int
    deflated: bool
    checksum: int


class Archive:
    """The members of a zip by name. Raises ValueError if they do not lie side by side, or take more than `limit`."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file = file
        entries, directory = read_directory(file)
        self.members: dict[str, Member] = {}
        for entry in entries:
            if entry.name in self.members:
                raise ValueError(f"it has the member {entry.name:.80} twice")
            self.members[entry.name] = entry
        self.total = sum([member.size for member in self.members.values()])
        if self.total > limit:
            raise ValueError(
                f"it unpacks to {self.total} bytes, and reading a file of its size may take {limit}; the argument "
                "`most` of read allows more, for a file that is trusted"
            )
        stop = 0
        for entry in sorted(entries, key=lambda entry: entry.start):
            start = entry.start
            self.members[entry.name] = entry._replace(start=self.locate(entry))
            if start < stop:
                raise ValueError(f"the member {entry.name:.80} overlaps another one")
            stop = self.members[entry.name].start + entry.packed
        if stop > directory:
            raise ValueError(f"the members end at byte {stop}, beyond the start of the directory, {directory}")

    def locate(self, member: Member) -> int:
        """Where the bytes of a member begin, behind its own header."""
        self.file.seek(member.start)
        head = self.file.read(30)
        if head[:4] != LOCAL:
            raise ValueError(f"the member {member.name:.80} is not where the directory says")
        name, extra = struct.unpack_from("<2H", head, 26)
        if decoded(self.file.read(name), struct.unpack_from("<H", head, 6)[0]) != member.name:
            raise ValueError(f"the member {member.name:.80} has another name in the directory")
        return member.start + 30 + name + extra

    def open(self, name: str) -> Content:
        return Content(self.file, self.members[name])

    def read(self, name: str) -> bytes:
        """The whole content of a member."""
        content = self.open(name)
        found = content.read(content.member.size)
        content.finish()
        return found


class Content:
    """The bytes of a member, from the first to the last, unpacked. One member is read at a time."""

    def __init__(self, file: IO[bytes], member: Member) -> None:
        file.seek(member.start)
        self.file, self.member = file, member
        self.packed, self.left, self.checksum = member.packed, member.size, 0
        self.inflate = zlib.decompressobj(-15) if member.deflated else None

    def pieces(self, n: int) -> Iterator[bytes]:
        """The next n bytes. Raises EOFError if there are fewer."""
        while n:
            piece = self.piece(min(n, self.left, PIECE))
            if not piece:
                raise EOFError(f"{self.member.name:.80} is cut short")
            n -= len(piece)
            self.left -= len(piece)
            self.checksum = zlib.crc32(piece, self.checksum)
            yield piece

    def piece(self, n: int) -> bytes:
        """At most the next n bytes, and none only at the end."""
        if self.inflate is None or n == 0:
            return self.file.read(n)
        found, more = b"", True
        while more and not found and not self.inflate.eof:
            packed = self.inflate.unconsumed_tail or self.fetch()
            more = packed != b""  # without input, what zlib still has in its hands
            found = self.inflate.decompress(packed, n)
        return found

    def fetch(self) -> bytes:
        """The next bytes as they are in the file; none behind the last."""
        packed = self.file.read(min(self.packed, 1 << 16))
        if self.packed and not packed:
            raise EOFError(f"{self.member.name:.80} is cut short")
        self.packed -= len(packed)
        return packed

    def read(self, n: int) -> bytes:
        """The next n bytes, or those that are left."""
        return b"".join(self.pieces(min(n, self.left)))

    def fill(self, target: memoryview) -> None:
        """Writes the next bytes into all of `target`."""
        position = 0
        while self.inflate is None and position < len(target):  # without a copy
            space = target[position : position + PIECE]
            if self.left < len(space) or self.file.readinto(space) != len(space):  # type: ignore[attr-defined]
                raise EOFError(f"{self.member.name:.80} is cut short")
            position += len(space)
            self.left -= len(space)
            self.checksum = zlib.crc32(space, self.checksum)
        for piece in self.pieces(len(target) - position):
            target[position : position + len(piece)] = piece
            position += len(piece)

    def finish(self) -> None:
        """Raises ValueError if there are more bytes, or if the checksum is another one."""
        more = self.left > 0
        if self.inflate is not None:
            more = more or self.piece(1) != b"" or self.packed > 0 or self.inflate.unused_data != b""
            if not more and not self.inflate.eof:
                raise EOFError(f"{self.member.name:.80} is cut short")
        if more:
            raise ValueError(f"{self.member.name:.80} goes on after its end")
        if self.checksum != self.member.checksum:
            raise ValueError(f"{self.member.name:.80} has another checksum than the directory says")


def decoded(name: bytes, flags: int) -> str:
    """The name of a member: UTF-8 if a flag says so, or the characters of the first PCs."""
    return name.decode("utf-8" if flags & 0x800 else "cp437")


def read_directory(file: IO[bytes]) -> tuple[list[Member], int]:
    """The entries of the directory, and where it starts. `start` of an entry is that of its header."""
    start, length, count = find_directory(file)
    if count > MEMBERS:
        raise ValueError(f"it has {count} members, and at most {MEMBERS} are read")
    file.seek(start)
    content = file.read(length)
    entries, position = [], 0
    for _ in range(count):
        if content[position : position + 4] != ENTRY:
            raise ValueError("its directory is damaged")
        member, position = read_entry(content, position)
        entries.append(member)
    if position != length:
        raise ValueError("its directory goes on after its end")
    return entries, start


def find_directory(file: IO[bytes]) -> tuple[int, int, int]:
    """Start and length of the directory, and the number of its entries, from the record at the end of the file."""
    size = file.seek(0, os.SEEK_END)
    first = max(0, size - 65_557)  # the record has 22 bytes and a comment of at most 65,535
    file.seek(first)
    tail = file.read()
    at = tail.rfind(END)
    while at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") != len(tail):
        at = tail.rfind(END, 0, at)
    if at < 0:
        raise ValueError("a zip must end with its directory: it is cut short, or no zip")
    disk, other, here, count, length, start = struct.unpack_from("<4H2I", tail, at + 4)
    stop = first + at
    file.seek(max(0, stop - 20))
    locator = file.read(20)
    if locator[:4] == LOCATOR and stop >= 20:
        stop = struct.unpack_from("<Q", locator, 8)[0]
        if stop > size - 56:
            raise ValueError("its directory is damaged")
        file.seek(stop)
        record = file.read(56)
        if record[:4] != END64:
            raise ValueError("its directory is damaged")
        disk, other, here, count, length, start = struct.unpack_from("<2I4Q", record, 16)
    if disk or other or here != count or start + length != stop:
        raise ValueError("its directory is not where the end of the file says")
    return start, length, count


def read_entry(content: bytes, at: int) -> tuple[Member, int]:
    """The entry of the directory at a position, and the position behind it."""
    flags, method = struct.unpack_from("<2H", content, at + 8)
    checksum, packed, size, n, m, k = struct.unpack_from("<3I3H", content, at + 16)
    (start,) = struct.unpack_from("<I", content, at + 42)
    name = decoded(content[at + 46 : at + 46 + n], flags)
    stop = at + 46 + n + m + k
    if stop > len(content):
        raise ValueError("its directory is cut short")
    if flags & 1 or method not in (0, 8):
        raise ValueError(f"the member {name:.80} must be stored or deflated, not method {method}, and not encrypted")
    wide = iter(wide_numbers(content[at + 46 + n : at + 46 + n + m]))
    size, packed, start = [next(wide, x) if x == 0xFFFFFFFF else x for x in (size, packed, start)]
    if method == 0 and packed != size:
        raise ValueError(f"the member {name:.80} is stored with {packed} bytes, and should have {size}")
    return Member(name, start, packed, size, method == 8, checksum), stop


def wide_numbers(extra: bytes) -> Any:
    """The numbers of eight bytes in an entry, for those that do not fit into four."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            length = min(length, len(extra) - at - 4) // 8 * 8
            return struct.unpack_from(f"<{length // 8}Q", extra, at + 4)
        at += 4 + length
    return ()
