"""Downloads a file into the cache: one process at a time, and verified before it gets its name there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from autograd.files import replacing

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["download", "fetch_first"]

PATIENCE = 20  # a mirror may be silent for `timeout` seconds, and a whole download may take PATIENCE times that


def fetch_first(
    urls: Sequence[str],
    path: Path,
    check: Callable[[Path], bytes],
    *,
    most: int,
    timeout: float,
    troubles: list[str],
) -> bytes | None:
    """Downloads the first file that `check` accepts to `path`, and returns the result of `check`; None if all fail.

    Appends a line to `troubles` for each failure. Raises RuntimeError if the folder of `path` cannot be written.
    """
    with locked(path, PATIENCE * timeout):
        with suppress(OSError, ValueError):
            return check(path)  # another process has downloaded it
        for url in urls:
            try:
                with replacing(path) as temporary:
                    download(url, temporary, most=most, timeout=timeout)
                    return check(temporary)
            except (OSError, ValueError) as error:
                troubles.append(f"{url}: {error or type(error).__name__}")
    return None


def download(url: str, path: Path, *, most: int, timeout: float) -> None:
    """Writes the content behind a URL to a new file.

    Raises TimeoutError if the server is silent for `timeout` seconds, or not done after PATIENCE times that.
    Raises ValueError if it sends more than `most` bytes, and OSError if it sends fewer than it promised.
    """
    from http.client import HTTPException  # these two load ssl: 45 ms that only a download has to pay
    from urllib.request import urlopen

    deadline = time.monotonic() + PATIENCE * timeout
    received = 0
    try:
        with urlopen(url, timeout=timeout) as response, path.open("wb") as file:
            while chunk := response.read1(1 << 16):
                received += len(chunk)
                if received > most:
                    raise ValueError(f"it sends more than the {most} bytes that the file can have")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"only {received} bytes came in {PATIENCE * timeout:g} s")
                file.write(chunk)
            promised = response.headers.get("Content-Length", "")
            if promised.isdecimal() and received < int(promised):  # read1 does not compare them
                raise OSError(f"the answer broke off: it is cut short after {received} of {promised} bytes")
    except HTTPException as error:
        raise OSError(f"the answer broke off: {error!r}") from error


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Holds the lock that belongs to `path`, if it becomes free within `patience` seconds.

    The lock only saves work: the file appears by one rename, after it was verified. So a process whose patience ends
    continues without the lock, and so does a process on a file system without locks.
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
            if held and fcntl:
                unlock(lock)
            elif held:
                mark.unlink(missing_ok=True)


def flock(lock: BinaryIO) -> bool:
    """Takes the system's lock on a file, if it is free. The lock ends with the file or with the process."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: continue as if the lock were held
    return True


def unlock(lock: BinaryIO) -> None:
    """Gives the system's lock back. Closing the file does not: a process that was forked meanwhile has it open."""
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_UN)


def create(mark: Path, patience: float) -> bool:
    """Takes a lock that is the existence of a file, where flock is missing. A leftover expires after `patience`."""
    try:
        mark.open("xb").close()
    except FileExistsError:
        with suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime > patience:
                mark.unlink()
        return False
    return True
