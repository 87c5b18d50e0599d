"""A folder of checkpoints: which ones stay, which one is taken, and whose folder it is."""

import math
import warnings

import numpy as np
import pytest

from autograd import Variable, serialize
from autograd.checkpoints import Checkpoints
from autograd.layers import MLP
from autograd.optimizers import SGD


def net(seed=0):
    return MLP((2, 1), in_size=2, rng=seed)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def name(number):
    return f"checkpoint-{number:010}.npz"


def test_the_latest_and_the_best_stay(tmp_path):
    folder = tmp_path / "runs" / "1"
    checkpoints = Checkpoints(folder, keep=2, best="test_loss")
    assert (checkpoints.latest(), checkpoints.best(), checkpoints.resume(model=net())) == (None, None, {})
    stay = {}
    for epoch, loss in enumerate([5.0, 1.0, math.nan, 3.0, 1.0, 2.0], 1):
        assert checkpoints.save(epoch, {"test_loss": loss}, model=net(epoch)) == folder / name(epoch)
        stay[epoch] = [int(text[11:21]) for text in names(folder)]
    assert stay == {1: [1], 2: [1, 2], 3: [2, 3], 4: [2, 3, 4], 5: [2, 4, 5], 6: [2, 5, 6]}
    assert (checkpoints.latest(), checkpoints.best()) == (folder / name(6), folder / name(2))
    again = Checkpoints(folder, keep=1, best="test_loss")  # another program: the values are in the files
    assert again.best() == folder / name(2)
    loaded = net()
    values = again.resume(model=loaded)
    assert values == {"number": 6, "values": {"test_loss": 2.0}}
    np.testing.assert_array_equal(loaded[0].W.data, net(6)[0].W.data)
    again.save(7, {"test_loss": 9.0}, model=loaded)
    assert names(folder) == [name(2), name(7)]
    again.save(8, {"test_loss": 0.5}, model=loaded)
    assert names(folder) == [name(8)]


def test_the_largest_value_is_the_best_of_an_accuracy(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1, best="accuracy")
    assert not Checkpoints(tmp_path, best="accuracy", largest=False).largest
    with pytest.raises(ValueError, match="Checkpoints: largest must be given for 'metric': True as for an accuracy"):
        Checkpoints(tmp_path, best="metric")
    for epoch, accuracy in enumerate([0.5, np.float32(0.75), Variable(0.25)]):
        checkpoints.save(epoch, {"accuracy": accuracy}, model=net())
    assert names(tmp_path) == [name(1), name(2)]
    assert checkpoints.best() == tmp_path / name(1)


@pytest.mark.parametrize("damage", [lambda content: content[:-7], lambda content: content[:900] + b"?" + content[901:]])
def test_a_damaged_one_is_skipped_with_a_warning(tmp_path, damage):
    model = net()
    optimizer = SGD(model)
    checkpoints = Checkpoints(tmp_path, best="loss")
    for epoch in (1, 2, 3):
        checkpoints.save(epoch, {"loss": 1 / epoch}, model=model, optimizer=optimizer, note=f"epoch {epoch}")
    path = tmp_path / name(3)
    path.write_bytes(damage(path.read_bytes()))
    again = Checkpoints(tmp_path, best="loss")
    with pytest.warns(UserWarning, match=r"checkpoint-0000000003\.npz is damaged.* The checkpoint before it is taken"):
        assert again.latest() == tmp_path / name(2)
    with warnings.catch_warnings(action="ignore"):  # of a file that is cut short no value is known
        assert again.best() == tmp_path / name(2)
    with pytest.warns(UserWarning, match="is damaged"):
        values = again.resume(model=model, optimizer=optimizer)
    assert (values["number"], values["note"]) == (2, "epoch 2")
    again.save(3, {"loss": 1.0}, model=model)
    assert again.latest() == path


def test_what_does_not_fit_is_an_error_and_not_skipped(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, model=net())
    with pytest.raises(ValueError, match=r"model: 0\.W: shape"):
        checkpoints.resume(model=MLP((3, 1), in_size=2))


def test_a_folder_of_another_training_is_not_overwritten(tmp_path):
    first = Checkpoints(tmp_path, keep=2)
    for number in (10, 20, 30):
        first.save(number, model=net())
    with pytest.raises(
        ValueError, match=r"number must be at least 30, as of the latest in .*, not 1: call resume first"
    ):
        Checkpoints(tmp_path).save(1, model=net())
    assert names(tmp_path) == [name(20), name(30)]
    (tmp_path / name(30)).write_bytes(b"PK")
    second = Checkpoints(tmp_path, keep=2)
    with pytest.warns(UserWarning, match="damaged"):
        assert second.resume()["number"] == 20
    second.save(25, model=net())  # what was after the place from which it has resumed is gone
    assert names(tmp_path) == [name(20), name(25)]


def test_other_files_stay_and_litter_goes(tmp_path):
    for other in ("notes.txt", "checkpoint-1.npz", "checkpoint-0000000001.npz.bak", ".checkpoint-0000000001.npz"):
        (tmp_path / other).write_text("mine")
    abandoned = tmp_path / ".checkpoint-000000000.0123456789abcdef.00.tmp"  # of a killed save
    abandoned.write_text("half")
    checkpoints = Checkpoints(tmp_path, keep=1)
    for number in (1, 2):
        checkpoints.save(number, model=net())
    assert len(names(tmp_path)) == 5
    assert not abandoned.exists()


def test_a_save_that_fails_leaves_the_old_ones(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1, best="loss")
    checkpoints.save(1, {"loss": 1.0}, model=net())
    with pytest.raises(TypeError, match="other must be an array or fit for JSON"):
        checkpoints.save(2, {"loss": 0.5}, model=net(), other=object())
    assert names(tmp_path) == [name(1)]


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda folder: Checkpoints(3), TypeError, "a path must be a string or a Path"),
        (lambda folder: Checkpoints(folder, keep=0), ValueError, "Checkpoints: keep must be at least 1"),
        (lambda folder: Checkpoints(folder, best=1), TypeError, "best must be the name of a value"),
        (lambda folder: Checkpoints(folder, largest=1), TypeError, "largest must be True or False"),
        (lambda folder: Checkpoints(folder, every=0), ValueError, "every must be at least 1"),
        (lambda folder: Checkpoints(folder).best(), ValueError, "best.. needs the name of a value"),
        (lambda folder: Checkpoints(folder).save(-1), ValueError, "save: number must be at least 0"),
        (lambda folder: Checkpoints(folder).save(1, {"loss": "low"}), TypeError, "numbers, and 'loss' is 'low'"),
        (lambda folder: Checkpoints(folder).save(1, [0.5]), TypeError, "values must be a dict of numbers"),
        (lambda folder: Checkpoints(folder).save(1, values={}), TypeError, "a part must have another name than values"),
        (lambda folder: Checkpoints(folder, best="loss").save(1, {"b": 1}), ValueError, "have 'loss', .* not b"),
    ],
)  # fmt: skip
def test_wrong_calls(tmp_path, call, error, match):
    with pytest.raises(error, match=match):
        call(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_it_prints_itself():
    assert repr(Checkpoints("runs/1", best="loss")) == "Checkpoints('runs/1', keep=3, best='loss')"


def test_the_values_of_a_file_are_read_without_its_arrays(tmp_path):
    for extension in ("npz", "safetensors"):
        path = tmp_path / f"x.{extension}"
        serialize.save(path, model=net(), epoch=3, config={"sizes": (1, 2)}, nets={"a": SGD(net(), 0.5)})
        expected = {"epoch": 3, "config": {"sizes": (1, 2)}, "nets": {"a": {"steps": 0, "lr": 0.5}}}
        assert serialize.values(path) == expected
        path.write_bytes(path.read_bytes()[:20])
        with pytest.raises(ValueError, match="damaged"):
            serialize.values(path)
