"""Files that are written whole or not at all, and files that are safe to open.

A new file is written beside its target, flushed to the disk, and renamed. Whoever opens the target finds the old
content or the new one, after a crash too. A writer that was killed leaves its unfinished file; the next writer of the
same target deletes it. A lock tells the two apart: the system holds it for as long as the writer lives.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["Picture", "delete_abandoned", "opened", "path_of_file", "replacing"]

UNFINISHED = 86_400  # seconds after which an unfinished file is litter where the system has no locks
SHOWN = {".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png", ".svg": "image/svg+xml"}
KINDS = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


def path_of_file(path: Any) -> str:
    """A path as text. Raises TypeError for anything but a string, bytes or a Path: a number would be a descriptor."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"a path must be a string or a Path, not {type(path).__name__} {path!r:.40}")
    return os.fsdecode(path)


class Picture(type(Path())):  # type: ignore[misc]
    """The path of a picture: a notebook shows the picture, as far as it can."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if kind := SHOWN.get(self.suffix.lower()):
            with suppress(OSError):
                content = self.read_bytes()
                bundle[kind] = content.decode() if "svg" in kind else content
        return bundle


def opened(path: str | os.PathLike[str]) -> IO[bytes]:
    """A regular file, open for reading.

    Raises FileNotFoundError, PermissionError and IsADirectoryError as `open` does, and ValueError for a pipe or a
    device: these have no size, and may never end.
    """
    path = path_of_file(path)
    file = open(path, "rb", opener=at_once)  # noqa: SIM115
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        raise ValueError(f"path must be a file, not the {KINDS.get(stat.S_IFMT(mode), 'special file')} {path}")
    return file


def at_once(path: str, flags: int) -> int:
    """Opens a file without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """The path of a new, empty file, which replaces `target` when the block ends. If it raises, the file is deleted.

    A link is followed. The new file has the mode of the old one, and its owner, group and extended attributes where
    the system allows it; during the block only its owner may read it. Without an old file the umask decides.
    Raises FileNotFoundError without the folder, or if the block writes nothing; IsADirectoryError for a folder; and
    ValueError for a pipe, a socket or a device. Nothing is raised after the file is in place.
    """
    status(target)  # of what the system finds there: the real path of a pipe without a name is none
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists, not in {target.parent}: create it first")
    old = status(target)
    delete_abandoned(target.parent, mark(target))
    temporary, handle, mode = create(target, private=old is not None)
    try:
        try:
            yield temporary
            if temporary.stat().st_size == 0:
                raise FileNotFoundError(f"nothing was written to {target}")
            take_over(temporary, target, mode)
            os.fsync(handle)
        finally:
            if os.name == "nt":  # which cannot rename or delete an open file
                os.close(handle)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        if os.name != "nt":
            with suppress(OSError):
                os.close(handle)  # the lock ends here
    with suppress(OSError):  # some systems cannot open a folder, and the file is in place
        flush(target.parent)


def status(target: Path) -> os.stat_result | None:
    """The status of the file at this path, None if there is none. Raises if there is something that is no file."""
    try:
        found = os.stat(target)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"path must be a file, not the folder {target}: add a name")
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "special file")
        raise ValueError(f"path must be a file or a new name, not the {kind} {target}")
    return found


def mark(target: Path) -> str:
    """How the names of all unfinished files of a target begin."""
    digest = blake2b(os.fsencode(target.name), digest_size=8).hexdigest()
    return f".{target.name[:20]}.{digest}."


def create(target: Path, private: bool) -> tuple[Path, int, int]:
    """A new, empty, locked file in the same folder, as a rename cannot cross disks; its handle, and its mode at birth.

    Only the owner may read it now.
    """
    while True:
        temporary = target.with_name(f"{mark(target)}{token_hex(8)}.tmp")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        handle = os.open(temporary, flags, 0o600 if private else 0o666)
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        # Another process may take the new file for an abandoned one until the lock is held. It deletes it then.
        if lock(handle) is not False and temporary.exists():
            with suppress(OSError):
                os.chmod(temporary, 0o600)
            return temporary, handle, mode
        os.close(handle)


def lock(handle: int) -> bool | None:
    """Takes the system's lock on an open file. False if another process has it, None if there are no locks here."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def delete_abandoned(folder: Path, start: str) -> None:
    """Deletes the unfinished files in a folder whose names begin so, and whose writers are gone.

    `.x` stands for all targets that begin with x, up to their 20th character.
    """
    names: list[str] = []
    with suppress(OSError):
        names = [name for name in os.listdir(folder) if name.startswith(start) and name.endswith(".tmp")]
    for path in [folder / name for name in names]:
        with suppress(OSError):  # another process deletes it, or it belongs to another user
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            try:
                free = lock(handle)
                if free:
                    path.unlink()  # while the lock is held
            finally:
                os.close(handle)
            if free is None and time.time() - path.stat().st_mtime > UNFINISHED:
                path.unlink()


def take_over(temporary: Path, target: Path, mode: int) -> None:
    """Gives a new file the owner, the mode and the attributes of the one that it will replace; `mode` if none is there.

    A group that cannot be kept is replaced by the writer's, which gets no more rights than everybody has.
    """
    old = status(target)
    if os.name != "posix":
        return
    new, kept = temporary.stat(), True
    if old is not None:
        mode = stat.S_IMODE(old.st_mode)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            kept = owned(temporary, old.st_uid, old.st_gid)
            if not kept:
                same_group = old.st_gid == new.st_gid or owned(temporary, -1, old.st_gid)
                mode = mode & 0o777 if same_group else mode & 0o707 | (mode & 0o007) << 3
    with suppress(OSError):
        os.chmod(temporary, mode)
    if old is not None and kept and hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(target):
                with suppress(OSError):
                    os.setxattr(temporary, name, os.getxattr(target, name))


def owned(path: Path, owner: int, group: int) -> bool:
    """True if the file could be given to this owner and group."""
    try:
        os.chown(path, owner, group)
    except OSError:
        return False
    return True


def flush(folder: Path) -> None:
    """Waits until the list of names in a folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
