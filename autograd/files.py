"""Files that are written whole or not at all.

A new file is written beside its target, flushed to the disk, and renamed: whoever opens the target finds the old content
or the new one, after a crash too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

__all__ = ["replacing"]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write a new file to. It takes the place of `target` when the block ends, and vanishes if that fails."""
    temporary = target.with_name(f".{token_hex(8)}.tmp")  # the same folder, because a rename crosses no disk
    try:
        yield temporary
        flush(temporary, os.O_RDWR)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # not every system can open a folder, and the file is in place
        flush(target.parent, os.O_RDONLY)


def flush(path: Path, flags: int) -> None:
    """Waits until the file, or the folder's list of names, is on the disk."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
