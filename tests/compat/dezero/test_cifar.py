"""CIFAR, read from archives made here."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
from dezero import datasets, transforms

from autograd.compat.dezero import cache, cifar
from tests.compat.dezero.samples import numpys_own

pytestmark = numpys_own


def packed(path, files):
    """A `.tar.gz` of these files, as a data set is published, with its size and its SHA-256."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"a folder/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    content = path.read_bytes()
    return cifar.Archive(path.as_uri(), len(content), hashlib.sha256(content).hexdigest())


def photographs(*labels):
    """Rows of labels and pixels, the published format of CIFAR: pixels are as bright as the first label."""
    return b"".join(bytes([*row]) + bytes([row[0]]) * 3072 for row in labels)


def test_cifar(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    batches = {f"data_batch_{i}.bin": photographs((i,), (9 - i,)) for i in range(1, 6)}
    ten = packed(tmp_path / "ten.tar.gz", {"readme.html": b"", **batches, "test_batch.bin": photographs((7,))})
    monkeypatch.setattr(datasets.CIFAR10, "archive", ten)
    train, test = datasets.CIFAR10(), datasets.CIFAR10(train=False, transform=transforms.Flatten())
    assert (train.data.shape, train.data.dtype) == ((10, 3, 32, 32), np.uint8)
    assert train.label.tolist() == [1, 8, 2, 7, 3, 6, 4, 5, 5, 4]
    x, t = train[1]
    assert (x.shape, x.dtype, x[0, 0, 0], t) == ((3, 32, 32), np.float32, 15.0, 8)
    x, t = test[0]
    assert (len(test), x.tolist(), datasets.CIFAR10.labels()[t]) == (1, [7] * 3072, "horse")
    hundred = packed(tmp_path / "hundred.tar.gz", {"train.bin": photographs((11, 98)), "test.bin": photographs((4, 0))})
    monkeypatch.setattr(datasets.CIFAR100, "archive", hundred)
    for kind, names in (
        ("fine", ("woman", "apple")),
        ("coarse", ("large omnivores and herbivores", "fruit and vegetables")),
    ):
        found = [datasets.CIFAR100(train, label_type=kind).label[0] for train in (True, False)]
        assert tuple(datasets.CIFAR100.labels(kind)[i] for i in found) == names
    fine = list(datasets.CIFAR100.labels().values())
    assert (len(set(fine)), fine) == (100, sorted(fine))
    with pytest.raises(ValueError, match="'fine', 'coarse', not 'medium'"):
        datasets.CIFAR100(label_type="medium")


def test_an_archive_is_what_its_sum_says(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    archive = packed(tmp_path / "a.tar.gz", {"test_batch.bin": photographs((3,))})
    monkeypatch.setattr(datasets.CIFAR10, "archive", archive)
    kept = tmp_path / "cache" / "a.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(b"cut short")  # is fetched again
    assert datasets.CIFAR10(train=False).label.tolist() == [3]
    (tmp_path / "a.tar.gz").unlink()
    assert datasets.CIFAR10(train=False).label.tolist() == [3]  # from the cache
    kept.write_bytes(b"cut short")
    with pytest.raises(RuntimeError, match=r"put the file behind file:.*a\.tar\.gz at .*cache"):
        datasets.CIFAR10(train=False)
    (tmp_path / "a.tar.gz").write_bytes(b"another")
    with pytest.raises(RuntimeError, match="of 7 bytes, is not the published one"):
        datasets.CIFAR10(train=False)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"other.bin": photographs((7,))}, "no test_batch.bin"),
        ({"test_batch.bin": photographs((7,))[:-1]}, "has 3072 bytes, and a row has 3073"),
        ({"test_batch.bin": bytes(3073) * 50_001}, "has 153653073 bytes"),
        ({"test_batch.bin": b"", "b/test_batch.bin": b""}, "or it is there twice"),
    ],
)
def test_an_archive_with_other_files_is_refused(tmp_path, monkeypatch, files, message):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.CIFAR10, "archive", packed(tmp_path / "ten.tar.gz", files))
    with pytest.raises(ValueError, match=f"ten.tar.gz is damaged or no archive of CIFAR: .*{message}"):
        datasets.CIFAR10(train=False)


def test_a_file_of_another_size_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_dir", str(tmp_path / "cache"))
    archive = packed(tmp_path / "a.tar.gz", {"test_batch.bin": photographs((3,))})
    kept = tmp_path / "cache" / "a.tar.gz"
    kept.parent.mkdir()
    with kept.open("wb") as file:
        file.truncate(1 << 40)  # a file of holes
    with pytest.raises(ValueError, match="of 1099511627776 bytes, is not the published one"):
        archive.verified(kept)
