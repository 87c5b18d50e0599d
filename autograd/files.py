"""Files that are written whole or not at all.

A new file is written beside its target, flushed to the disk, and renamed. Whoever opens the target finds the old
content or the new one, after a crash too.
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
    """A path for a new file, which replaces `target` when the block ends. If the block raises, the file is deleted."""
    temporary = target.with_name(f".{token_hex(8)}.tmp")  # in the same folder: a rename cannot cross disks
    try:
        yield temporary
        flush(temporary, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # the umask may forbid writing
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some systems cannot open a folder, and the file is in place
        flush(target.parent, os.O_RDONLY)


def flush(path: Path, flags: int) -> None:
    """Waits until the content of a file, or the list of names in a folder, is on the disk."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
