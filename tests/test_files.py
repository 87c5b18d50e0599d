"""A file that is replaced whole or not at all."""

import errno
import os
import stat

import pytest

from autograd.files import replacing

posix = pytest.mark.skipif(os.name != "posix", reason="modes and folders are POSIX's")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file.txt"


def names(target):
    return [path.name for path in target.parent.iterdir()]


def test_a_new_file_appears_when_the_block_ends(target):
    with replacing(target) as temporary:
        assert temporary.parent == target.parent
        assert not temporary.exists()
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
