import dataclasses
import gzip
import hashlib
import multiprocessing
import os
import stat
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from autograd import data
from autograd.compat.dezero import cache as dezero_cache
from autograd.data import datasets, download, sources
from autograd.data.sources import FASHION_MNIST, MNIST, read

NAME = "train-labels-idx1-ubyte"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def visible(folder):
    """What a user sees in the cache, and temporary files, which nobody should see; locks are left out."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock")) if folder.exists() else []


# Where files are looked for


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AUTOGRAD_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert data.cache_folder() == tmp_path / ".cache" / "autograd"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the XDG specification tells us to ignore
    assert data.cache_folder() == tmp_path / ".cache" / "autograd"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert data.cache_folder() == Path("/xdg/autograd")
    monkeypatch.setenv("AUTOGRAD_DATA", "")
    assert data.cache_folder() == Path("/xdg/autograd")
    monkeypatch.setenv("AUTOGRAD_DATA", "~/sets")
    assert data.cache_folder() == tmp_path / "sets"


@pytest.mark.parametrize("compressed", [True, False])
def test_a_folder_may_hold_files_compressed_or_not(tiny, mirror, content, tmp_path, compressed):
    (tmp_path / (NAME + ".gz" if compressed else NAME)).write_bytes(
        gzip.compress(content[NAME], 1) if compressed else content[NAME]
    )
    assert read(tiny, NAME, folder=tmp_path) == content[NAME]
    assert read(tiny, NAME, folder=str(tmp_path)) == content[NAME]
    assert not mirror.asked


def test_a_given_folder_is_the_only_place(tiny, mirror, cache, content, tmp_path):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(content[NAME])
    with pytest.raises(FileNotFoundError, match=f"no {NAME}.gz .*{tmp_path}/empty\n  put the published file there"):
        read(tiny, NAME, folder=tmp_path / "empty")
    assert not mirror.asked


def test_packaged_folders_are_used_where_they_are(tiny, mirror, cache, content, tmp_path):
    (tmp_path / f"{NAME}.gz").write_bytes(gzip.compress(content[NAME]))
    assert read(dataclasses.replace(tiny, packaged=(str(tmp_path),)), NAME) == content[NAME]
    assert not mirror.asked
    assert visible(cache) == []


def test_a_wrong_file_in_a_folder_is_named(tiny, content, tmp_path):
    (tmp_path / NAME).write_bytes(content[NAME][:-1] + b"\xff")
    found = hashlib.sha256(content[NAME][:-1] + b"\xff").hexdigest()
    with pytest.raises(ValueError, match=f"{NAME}: the content must have SHA-256 .*, not {found}") as caught:
        read(tiny, NAME, folder=tmp_path)
    first = f"Tiny: there is a copy of {NAME}, but it is not the published file"
    assert str(caught.value).splitlines()[0] == first  # it is said to be wrong, not to be missing
    assert "no " + NAME not in str(caught.value)


def test_a_wrong_file_in_the_cache_is_named_where_no_mirror_answers(tiny, mirror, cache):
    cache.mkdir(parents=True)
    (cache / f"{NAME}.gz").write_bytes(WRONG)
    mirror.answers[f"/{NAME}.gz"] = 404
    with pytest.raises(ValueError, match="it is not the published file") as caught:
        read(tiny, NAME)
    for part in (
        f"{cache / NAME}.gz: the content must have SHA-256",
        "404",
        "replace it, or delete it; without a netw",
    ):
        assert part in str(caught.value)


def test_a_small_file_that_would_fill_the_memory_does_not(tiny, tmp_path):
    (tmp_path / f"{NAME}.gz").write_bytes(gzip.compress(bytes(30_000_000), 1))
    tracemalloc.start()
    with pytest.raises(ValueError, match="24 bytes, not more than 24"):
        read(tiny, NAME, folder=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX's")
def test_a_pipe_in_the_folder_is_not_waited_for(tiny, tmp_path):
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(ValueError, match=f"{NAME}: path must be a file, not the pipe"):
        read(tiny, NAME, folder=tmp_path)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeout_is_checked(tiny, timeout):
    with pytest.raises(ValueError, match="seconds, must be above 0"):
        read(tiny, NAME, timeout=timeout)


# Fetching


def test_a_file_is_fetched_once(tiny, mirror, cache, content):
    for _ in range(3):
        assert read(tiny, NAME) == content[NAME]
    assert mirror.asked == {f"/{NAME}.gz": 1}
    assert visible(cache) == [f"{NAME}.gz"]
    assert gzip.decompress((cache / f"{NAME}.gz").read_bytes()) == content[NAME]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_fetched_file_has_the_permissions_of_any_new_file(tiny, cache):
    old = os.umask(0o027)
    try:
        read(tiny, NAME)
    finally:
        os.umask(old)
    assert stat.S_IMODE((cache / f"{NAME}.gz").stat().st_mode) == 0o640


def test_a_mirror_may_decompress_on_the_way(tiny, mirror, content):
    mirror.answers[f"/{NAME}.gz"] = content[NAME]
    assert read(tiny, NAME) == content[NAME]
    assert read(tiny, NAME, download=False) == content[NAME]


def test_without_download_nothing_is_asked(tiny, mirror, cache):
    with pytest.raises(FileNotFoundError):
        read(tiny, NAME, download=False)
    assert not mirror.asked
    assert not cache.exists()


def hangs(handler):
    """Promises 1,000 bytes, sends 10, and no more."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b" + bytes(8))
    handler.wfile.flush()
    handler.server.released.wait(20)


def drips(handler):
    """A byte every 20 ms, for ever: never silent, never done."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not handler.server.released.wait(0.02):
            handler.wfile.write(b"\x1f")
    except OSError:
        pass  # it was hung up on


def floods(handler):
    """As much as anyone will take."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not handler.server.released.is_set():
            handler.wfile.write(bytes(1 << 16))
    except OSError:
        pass


def answers_nonsense(handler):
    handler.wfile.write(b"hello\r\n\r\n")


WRONG = gzip.compress(b"\0\0\x08\x01\0\0\0\x10" + b"\x09" * 16, mtime=0)
FAILURES = {
    "wrong content": (lambda good: WRONG, "SHA-256"),
    "too short": (lambda good: gzip.compress(b"\0\0\x08\x01"), "must have 24 bytes, not 4"),
    "too long": (lambda good: gzip.compress(bytes(10_000)), "24 bytes, not more than 24"),
    "truncated": (lambda good: good[:-6], "damaged or cut short"),
    "bits flipped": (
        lambda good: good[:15] + bytes([good[15] ^ 255]) + good[16:],
        "damaged|SHA-256|must have 24 bytes",
    ),
    "empty": (lambda good: b"", "24 bytes, not 0"),
    "not there": (lambda good: 404, "404"),
    "broken": (lambda good: 500, "500"),
    "a page of HTML": (lambda good: b"<html>Please log in</html>", "24 bytes, not more than 24"),
    "silent": (lambda good: hangs, "timed out"),
    "dripping": (lambda good: drips, "only .* bytes came in 0.4 s"),
    "flooding": (lambda good: floods, "sends more than the .* bytes"),
    "nonsense": (lambda good: answers_nonsense, "hello|BadStatusLine"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_download_leaves_nothing_behind(tiny, mirror, cache, monkeypatch, failure):
    answer, message = FAILURES[failure]
    timeout = 0.2
    if failure == "dripping":
        monkeypatch.setattr(download, "PATIENCE", 2)
    mirror.answers[f"/{NAME}.gz"] = answer(mirror.answers[f"/{NAME}.gz"])
    start = time.monotonic()
    with pytest.raises(FileNotFoundError, match=message):
        read(tiny, NAME, timeout=timeout)
    assert time.monotonic() - start < 5
    assert visible(cache) == []


def test_a_download_cut_off_in_the_middle_leaves_nothing_behind(tiny, mirror, cache):
    def hangs_up(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(gzip.compress(bytes(100))[:12])

    mirror.answers[f"/{NAME}.gz"] = hangs_up
    with pytest.raises(FileNotFoundError, match=r"cut short|Incomplete"):
        read(tiny, NAME)
    assert visible(cache) == []


def breaks_off(promise):
    """Sends half of a content, and hangs up. `promise`: with its length, in pieces, or a piece that is cut."""

    def answer(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header(*{"length": ("Content-Length", "1000")}.get(promise, ("Transfer-Encoding", "chunked")))
        handler.end_headers()
        sent = bytes(500)
        handler.wfile.write(
            {"length": sent, "pieces": b"1f4\r\n" + sent + b"\r\n", "piece": b"3e8\r\n" + sent}[promise]
        )

    return answer


@pytest.mark.parametrize("promise", ["length", "pieces", "piece"])
def test_a_download_that_breaks_off_is_an_error_that_says_so(mirror, tmp_path, monkeypatch, cache, promise):
    mirror.answers["/x"] = breaks_off(promise)
    with pytest.raises(OSError, match="the answer broke off: (it is cut short after 500 of 1000 bytes|IncompleteRead)"):
        download.download(f"{mirror.url}x", tmp_path / "x", most=10_000, timeout=2)
    monkeypatch.setattr(dezero_cache, "cache_dir", str(tmp_path / "dezero"))
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"could not be fetched \(the answer broke off: .*put the file at .*x$"):
            dezero_cache.get_file(f"{mirror.url}x")
        assert visible(tmp_path / "dezero") == []
    mirror.answers["/x"] = bytes(1000)
    assert Path(dezero_cache.get_file(f"{mirror.url}x")).read_bytes() == bytes(1000)
    mirror.answers["/empty"] = b""
    with pytest.raises(RuntimeError, match="nothing was written"):
        dezero_cache.get_file(f"{mirror.url}empty")
    assert visible(tmp_path / "dezero") == ["x"]


def test_an_interrupted_download_leaves_nothing_behind(tiny, cache, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(tiny, NAME)
    assert visible(cache) == []


def test_nothing_has_its_name_before_it_is_verified(tiny, cache, monkeypatch, content):
    seen = []
    verify = sources.read_verified

    def watch(path, published):
        if path.name.endswith(".tmp"):
            seen.append(visible(cache))
        return verify(path, published)

    monkeypatch.setattr(sources, "read_verified", watch)
    assert read(tiny, NAME) == content[NAME]
    assert len(seen) == 1
    assert all(name.endswith(".tmp") for name in seen[0])


def test_the_next_mirror_is_asked(tiny, mirror, second_mirror, cache, content):
    mirror.answers[f"/{NAME}.gz"] = WRONG
    both = dataclasses.replace(tiny, mirrors=(mirror.url, second_mirror.url))
    assert read(both, NAME) == content[NAME]
    assert mirror.asked == second_mirror.asked == {f"/{NAME}.gz": 1}
    assert visible(cache) == [f"{NAME}.gz"]


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"junk", WRONG])
def test_a_damaged_file_in_the_cache_is_replaced(tiny, mirror, cache, content, damage):
    cache.mkdir(parents=True)
    (cache / f"{NAME}.gz").write_bytes(damage)
    assert read(tiny, NAME) == content[NAME]
    assert read(tiny, NAME, download=False) == content[NAME]


def test_offline_the_error_says_what_was_tried_and_what_to_do(tiny, mirror, cache):
    mirror.server.shutdown()
    mirror.server.socket.close()
    with pytest.raises(FileNotFoundError) as caught:
        read(tiny, NAME)
    message = str(caught.value)
    for part in (
        f"Tiny: no {NAME}.gz",
        str(cache),
        f"{mirror.url}{NAME}.gz",
        "refused",
        "AUTOGRAD_DATA",
        "folder=",
    ):
        assert part in message
    assert f"put {', '.join(f'{name}.gz' for name in tiny.files)} into {cache}" in message
    assert "- ask a neighbour" in message
    assert "apt install dataset-fashion-mnist" in FASHION_MNIST.advice


def test_a_cache_that_cannot_be_written_is_named(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path / "file"))
    with pytest.raises(RuntimeError, match=r"cannot be kept.*set AUTOGRAD_DATA"):
        read(tiny, NAME)


# Several at once


def slowly(mirror, name):
    """The good answer, after a while: long enough for a second process to come in between."""
    good = mirror.answers[f"/{name}.gz"]

    def answer(handler):
        time.sleep(0.3)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(good)))
        handler.end_headers()
        handler.wfile.write(good)

    return answer


def read_after(barrier, results, source, name):
    barrier.wait(20)
    results.put(read(source, name))


@pytest.mark.parametrize("flock", [True, False])
def test_threads_fetch_a_file_once(tiny, mirror, cache, content, monkeypatch, flock):
    if not flock:
        monkeypatch.setattr(download, "fcntl", None)
    elif download.fcntl is None:
        pytest.skip("no flock on this system")
    mirror.answers[f"/{NAME}.gz"] = slowly(mirror, NAME)
    got = []
    threads = [threading.Thread(target=lambda: got.append(read(tiny, NAME))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [content[NAME]] * 4
    assert mirror.asked == {f"/{NAME}.gz": 1}
    assert visible(cache) == [f"{NAME}.gz"]


def test_two_processes_fetch_a_file_once(tiny, mirror, cache, content):
    mirror.answers[f"/{NAME}.gz"] = slowly(mirror, NAME)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    plain = dataclasses.replace(tiny, files=dict(tiny.files))
    processes = [context.Process(target=read_after, args=(barrier, results, plain, NAME)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [results.get(timeout=20) for _ in processes] == [content[NAME]] * 2
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    assert mirror.asked == {f"/{NAME}.gz": 1}
    assert visible(cache) == [f"{NAME}.gz"]


def test_who_waits_in_vain_goes_on(tiny, cache, content, monkeypatch):
    """A process that was stopped while it held the lock does not stop the others for good."""
    monkeypatch.setattr(download, "PATIENCE", 1)
    with download.locked(cache / f"{NAME}.gz", 1):
        start = time.monotonic()
        assert read(tiny, NAME, timeout=0.2) == content[NAME]
        assert 0.2 <= time.monotonic() - start < 5


def test_a_mark_of_a_dead_process_lasts_only_so_long(tmp_path):
    mark = tmp_path / "mark"
    assert download.create(mark, 10)
    assert not download.create(mark, 10)
    os.utime(mark, (time.time() - 11,) * 2)
    assert not download.create(mark, 10)  # this call clears it
    assert download.create(mark, 10)


def test_a_file_system_without_locks_is_no_obstacle(tiny, content, monkeypatch):
    def refuses(*args):
        raise OSError(37, "No locks available")

    if download.fcntl is None:
        pytest.skip("no flock on this system")
    monkeypatch.setattr(download.fcntl, "flock", refuses)
    assert read(tiny, NAME) == content[NAME]


# The data sets


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_images_and_labels_become_arrays(name, tiny, content, monkeypatch):
    monkeypatch.setattr(datasets, name.upper(), tiny)
    for split in ("train", "test"):
        x, t = getattr(data, name)(split)
        assert (x.shape, x.dtype, t.shape, t.dtype) == ((16, 784), np.float32, (16,), np.int64)
        assert t.tolist() == [*range(10), 0, 0, 0, 0, 0, 0]
        assert x[0, :3].tolist() == [0, np.float32(1 / 255), np.float32(2 / 255)]
        assert x.max() == 1
        images, _ = getattr(data, name)(split, flatten=False)
        assert images.shape == (16, 1, 28, 28)
        assert np.array_equal(images.reshape(16, 784), x)


def test_only_the_files_of_the_split_are_fetched(tiny, mirror, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST", tiny)
    data.mnist("test")
    assert sorted(mirror.asked) == ["/t10k-images-idx3-ubyte.gz", "/t10k-labels-idx1-ubyte.gz"]


def test_published_sums_are_well_formed_and_all_different():
    published = [file for source in (MNIST, FASHION_MNIST) for file in source.files.values()]
    assert len({file.sha256 for file in published}) == 8
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in published)
    assert [file.size for file in published] == [47_040_016, 60_008, 7_840_016, 10_008] * 2
    assert all(url.startswith("http") and url.endswith("/") for s in (MNIST, FASHION_MNIST) for url in s.mirrors)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_the_real_fashion_mnist_of_debian(cache):
    x, t = data.fashion_mnist("test", download=False)
    assert (x.shape, np.bincount(t).tolist()) == ((10_000, 784), [1000] * 10)
    assert t[:4].tolist() == [9, 2, 1, 1]  # the first bytes of the file, read with xxd
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        assert len(read(FASHION_MNIST, name, download=False)) == FASHION_MNIST.files[name].size
