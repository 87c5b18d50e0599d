"""A file that is replaced whole or not at all."""

import errno
import os
import pickle
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd import files
from autograd.files import Picture, opened, replacing

posix = pytest.mark.skipif(os.name != "posix", reason="modes and folders are POSIX's")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file.txt"


def names(target):
    return [path.name for path in target.parent.iterdir()]


def test_a_new_file_appears_when_the_block_ends(target):
    with replacing(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.stat().st_size == 0
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(target) == [target.name]


def test_an_old_file_is_there_until_the_block_ends(target):
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(target) == [target.name]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("written", [True, False])
def test_an_error_in_the_block_leaves_the_old_file_alone(target, error, written):
    target.write_text("old")

    def interrupted():
        with replacing(target) as temporary:
            if written:
                temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert target.read_text() == "old"
    assert names(target) == [target.name]


def test_a_block_that_writes_nothing_is_an_error(target):
    target.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(target):
        pass
    assert target.read_text() == "old"


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_alone(target, monkeypatch, name):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    target.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(OSError, match="No space left"), replacing(target) as temporary:
            temporary.write_text("new")
    assert target.read_text() == "old"
    assert names(target) == [target.name]


def test_a_folder_that_cannot_be_synchronized_is_no_error(target, monkeypatch):
    real = os.fsync

    def files_only(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


@posix
def test_the_file_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(target, monkeypatch):
    done = []

    def recorded(name):
        real = getattr(os, name)

        def call(*args):
            folder = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            done.append("fsync of the folder" if folder else name)
            return real(*args)

        monkeypatch.setattr(os, name, call)

    recorded("fsync")
    recorded("replace")
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert done == ["fsync", "replace", "fsync of the folder"]


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o222])
def test_the_mode_is_what_the_umask_says(target, umask):
    before = os.umask(umask)
    try:
        with replacing(target) as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_two_at_a_time_do_not_meet(target):
    with replacing(target) as first, replacing(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"  # whose block ended last
    assert names(target) == [target.name]


def write(target, content="new"):
    with replacing(target) as temporary:
        temporary.write_text(content)


# The mode and the owner of the old file


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000, 0o222])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o666, 0o755, 0o400, 0o000])
def test_the_mode_is_that_of_the_old_file(target, mode, umask):
    target.write_text("old")
    target.chmod(mode)
    before = os.umask(umask)
    try:
        write(target)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    target.chmod(0o600)
    assert target.read_text() == "new"


@posix
def test_nobody_else_may_read_a_file_in_work(target):
    for content in ("old", "new"):
        with replacing(target) as temporary:
            temporary.write_text(content)
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_that_of_the_old_file(target):
    target.write_text("old")
    os.chown(target, 12345, 54321)
    target.chmod(0o640)
    write(target)
    found = target.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 54321, 0o640)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("group_is_kept", [True, False])
def test_an_owner_that_cannot_be_kept_opens_nothing(target, monkeypatch, group_is_kept):
    """The writer's group gets what everybody has: it is another one than had the rights."""
    target.write_text("old")
    os.chown(target, 12345, 54321)
    target.chmod(0o664)
    real = os.chown

    def refused(path, owner, group):
        if owner != -1 or not group_is_kept:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(path, owner, group)

    monkeypatch.setattr(os, "chown", refused)
    write(target)
    found = target.stat()
    assert found.st_gid == (54321 if group_is_kept else os.getegid())
    assert stat.S_IMODE(found.st_mode) == (0o664 if group_is_kept else 0o644)


@posix
@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="there are no extended attributes")
def test_attributes_are_kept(target):
    target.write_text("old")
    try:
        os.setxattr(target, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no attributes")
    write(target)
    assert os.getxattr(target, "user.note") == b"mine"


# What is no file


@posix
def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "to the pipe").symlink_to("pipe")
    (tmp_path / "to itself").symlink_to("to itself")
    before = sorted((path.name, path.lstat().st_mode, path.lstat().st_ino) for path in tmp_path.iterdir())
    for name, error in {
        "pipe": ValueError, "s": ValueError, "/dev/null": ValueError, "to the pipe": ValueError, "to itself": OSError,
        "folder": IsADirectoryError, "missing/file": FileNotFoundError, "pipe/file": FileNotFoundError,
    }.items():  # fmt: skip
        with pytest.raises(error, match="path must be |symbolic links"):
            write(tmp_path / name)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert sorted((path.name, path.lstat().st_mode, path.lstat().st_ino) for path in tmp_path.iterdir()) == before


@posix
@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="open files have no paths here")
def test_a_pipe_without_a_name_is_not_replaced():
    for ends in (os.pipe(), [end.detach() for end in socket.socketpair()]):
        try:
            with pytest.raises(ValueError, match="path must be a file or a new name, not the (pipe|socket)"):
                write(Path(f"/dev/fd/{ends[1]}"))
        finally:
            for end in ends:
                os.close(end)


@posix
def test_nothing_is_written_before_it_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    begun = []

    def block():
        with replacing(tmp_path / "pipe"):
            begun.append(True)

    with pytest.raises(ValueError, match="not the pipe"):
        block()
    assert not begun


@posix
def test_something_that_comes_during_the_block_is_not_replaced(target):
    def interfered():
        with replacing(target) as temporary:
            temporary.write_text("new")
            os.mkfifo(target)

    with pytest.raises(ValueError, match="not the pipe"):
        interfered()
    assert stat.S_ISFIFO(target.stat().st_mode)
    assert names(target) == [target.name]


@posix
def test_a_link_is_followed_even_to_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/real")
    for content in ("old", "new"):
        write(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "folder" / "real").read_text() == content
    assert sorted(os.listdir(tmp_path)) == ["folder", "link"]


@pytest.mark.parametrize("name", ["x" * 255, "ä" * 127, "a b", ".hidden", "[*]", "new\nline"])
def test_names_of_all_kinds(tmp_path, name):
    if os.name == "nt":
        pytest.skip("the names are POSIX's")
    for content in ("old", "new"):
        write(tmp_path / name, content)
    assert [path.name for path in tmp_path.iterdir()] == [name]


# What killed writers leave

KILLED = """
import os, signal, sys
from pathlib import Path
from autograd.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(target):
    subprocess.run([sys.executable, "-c", KILLED, str(target)], cwd=Path(files.__file__).parents[1], check=False)
    assert len(names(target)) > 0


@posix
def test_the_next_writer_deletes_what_a_killed_one_left(target):
    other = target.with_name("file")  # a name that begins like the other one
    write(target, "old")
    killed(target)
    killed(target)
    killed(other)
    assert target.read_text() == "old"
    assert len(names(target)) == 3  # the second one has deleted what the first one left
    write(target)
    assert len(names(target)) == 2  # the other one's stays
    write(other)
    assert sorted(names(target)) == ["file", target.name]


@posix
def test_the_file_of_a_living_writer_is_not_deleted(target):
    with replacing(target) as temporary:
        temporary.write_text("slow")
        for _ in range(3):
            write(target, "fast")
            assert temporary.read_text() == "slow"
    assert target.read_text() == "slow"
    assert names(target) == [target.name]


@posix
def test_what_others_put_there_is_left_alone(target):
    (target.parent / "keep").write_text("mine")
    for name, make in {"a": Path.mkdir, "b": lambda path: path.symlink_to("keep")}.items():
        make(target.with_name(f"{files.mark(target)}{name}.tmp"))
    before = sorted(names(target))
    write(target)
    assert sorted([*before, target.name]) == sorted(names(target))
    assert (target.parent / "keep").read_text() == "mine"


@posix
def test_a_new_file_that_was_taken_for_an_abandoned_one_is_made_again(target, monkeypatch):
    real, taken = files.lock, []

    def late(handle):
        if not taken:  # between its birth and its lock, another process deletes it
            (name,) = names(target)
            taken.append(name)
            (target.parent / name).unlink()
        return real(handle)

    monkeypatch.setattr(files, "lock", late)
    with replacing(target) as temporary:
        assert names(target) == [temporary.name]
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert names(target) == [target.name]


@pytest.mark.parametrize("answer", [None, OSError(errno.ENOLCK, "No locks available")])
def test_without_locks_only_old_files_are_deleted(target, monkeypatch, answer):
    if answer is None or files.fcntl is None:
        monkeypatch.setattr(files, "fcntl", None)
    else:

        def refused(*args):
            raise answer

        monkeypatch.setattr(files.fcntl, "flock", refused)
    young, old = [target.with_name(f"{files.mark(target)}{name}.tmp") for name in ("young", "old")]
    for path in (young, old):
        path.write_text("half")
    os.utime(old, (time.time() - files.UNFINISHED - 60,) * 2)
    write(target)
    assert sorted(names(target)) == sorted([young.name, target.name])


@posix
def test_kills_at_random_moments():
    command = [sys.executable, "-m", "tests.kills", "--count", "20"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    out = subprocess.run(
        command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False
    )
    assert out.stdout == "20 kills, 0 problems\n", out.stdout + out.stderr


# Reading


def test_a_file_is_opened_and_nothing_else(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "file", str(tmp_path / "file"), os.fsencode(tmp_path / "file")):
        with opened(path) as file:
            assert file.read() == b"x"
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "missing")
    with pytest.raises(IsADirectoryError if os.name == "posix" else OSError):
        opened(tmp_path)
    with pytest.raises(TypeError, match="path must be a string or a Path, not int 0"):
        opened(0)


def test_a_picture_is_its_path_and_what_a_notebook_shows(tmp_path):
    path = Picture(tmp_path / "x.SVG")
    assert path == tmp_path / "x.SVG"
    assert path._repr_mimebundle_() == {"text/plain": repr(path)}  # it is gone
    path.write_text("<svg/>")
    assert path._repr_mimebundle_()["image/svg+xml"] == "<svg/>"
    path.with_suffix(".png").write_bytes(b"png")
    assert path.with_suffix(".png")._repr_mimebundle_()["image/png"] == b"png"
    assert [*path.parent._repr_mimebundle_()] == ["text/plain"]
    assert pickle.loads(pickle.dumps(path)) == path
