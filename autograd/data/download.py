"""Fetching a file into the cache: by one process at a time, and verified before it has its name there."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["fetch_first"]

PATIENCE = 20  # a mirror may be silent for `timeout` seconds, and take PATIENCE times as long in all


def fetch_first(
    urls: Sequence[str],
    path: Path,
    check: Callable[[Path], bytes],
    *,
    most: int,
    timeout: float,
    troubles: list[str],
) -> bytes | None:
    """What `check` makes of the first URL that gives it a file it accepts; that file is then at `path`.

    Each failure is one line more in `troubles`. RuntimeError if the folder of `path` cannot be written.
    """
    with locked(path, PATIENCE * timeout):
        with suppress(OSError, ValueError):
            return check(path)  # another process was faster
        for url in urls:
            try:
                with replacing(path) as temporary:
                    download(url, temporary, most=most, timeout=timeout)
                    return check(temporary)
            except (OSError, ValueError) as error:
                troubles.append(f"{url}: {error or type(error).__name__}")
    return None


def download(url: str, path: Path, *, most: int, timeout: float) -> None:
    """Write what a URL serves to a new file, down to the disk.

    TimeoutError if it is silent for `timeout` seconds, or not done after PATIENCE times that. ValueError if
    it sends more than `most` bytes.
    """
    from http.client import HTTPException  # with ssl, 45 ms that only those who fetch need to pay
    from urllib.request import urlopen

    deadline = time.monotonic() + PATIENCE * timeout
    received = 0
    try:
        with urlopen(url, timeout=timeout) as response, path.open("xb") as file:
            while chunk := response.read1(1 << 16):
                received += len(chunk)
                if received > most:
                    raise ValueError(f"it sends more than the {most} bytes that the file can have")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"only {received} bytes came in {PATIENCE * timeout:g} s")
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except HTTPException as error:
        raise OSError(f"the answer broke off: {error!r}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name for a temporary file, which becomes `path` if the block succeeds and is deleted if not."""
    temporary = path.with_name(f".{path.name}.{token_hex(8)}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    with suppress(OSError):  # not every system can open a folder, and the file is in place already
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock that belongs to `path`, if it can be had within `patience` seconds.

    The lock saves work, it does not guard the file: that gets there by one rename, and only if it is right.
    So a process that waited in vain goes on, and so does one on a file system without locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("ab")
    except OSError as error:
        raise RuntimeError(
            f"{path.name} cannot be kept in {path.parent} ({error}); set AUTOGRAD_DATA to a writable folder"
        ) from error
    with lock:
        mark = Path(f"{lock.name}.held")
        deadline = time.monotonic() + patience
        while not (held := flock(lock) if fcntl else create(mark, patience)) and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            yield
        finally:
            if held and not fcntl:
                mark.unlink(missing_ok=True)


def flock(lock: BinaryIO) -> bool:
    """Take the system's lock on a file. It ends when the file is closed, at the latest with the process."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: go on as if it were held
    return True


def create(mark: Path, patience: float) -> bool:
    """Take a lock that is a file's existence, where flock is missing. One left over lasts for `patience`."""
    try:
        mark.open("xb").close()
    except FileExistsError:
        with suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime > patience:
                mark.unlink()
        return False
    return True
