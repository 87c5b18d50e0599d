"""`fit` that was stopped anywhere goes on as if nothing had happened: every number is the same, bit for bit."""

import warnings

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import metrics, serialize
from autograd.checkpoints import Checkpoints
from autograd.data import DataLoader, WeightedSampler
from autograd.training import EarlyStopping, History, fit

pytestmark = pytest.mark.standin_exempt("its data are NumPy's")

X = np.random.default_rng(0).standard_normal((52, 6)).astype(np.float32)
T = (X[:, 0] > 0) + 2 * (X[:, 1] > 0)  # 13 batches of 4 in an epoch


class Stopped(Exception):
    """The end of a run."""


class Training:
    """A network with both kinds of dropout and running means, on shuffled batches."""

    def __init__(self, seed=0, **options):
        ag.seed(seed)
        self.model = L.Sequential(
            L.Linear(8, 6, rng=seed), L.BatchNorm(8), F.relu, F.dropout, L.Dropout(0.2, rng=seed), L.Linear(4, 8, rng=1)
        )
        rate = O.warmup(3, O.cosine(0.05, 60)) if seed == 0 else 0.5
        self.optimizer = O.AdamW(self.model, rate, transforms=[O.clip_by_norm(1.0)])
        self.loader = DataLoader((X, T), 4, rng=seed)
        self.test = DataLoader((X[:10], T[:10]), 3, rng=seed + 5)
        self.stopping = EarlyStopping(50, "loss")
        self.history = History()
        self.options = options

    def run(self, batches=10**6, epochs=4, **options):
        """Trains; an error stops it behind so many batches, in the middle of a step."""

        def loss(y, t):
            nonlocal batches
            batches -= y.creator is not None  # not in a test
            if batches < 0:
                raise Stopped
            return F.softmax_cross_entropy(y, t)

        fit(
            self.model, loss, self.optimizer, self.loader, epochs=epochs, test=self.test,
            metric={"accuracy": F.accuracy, "f1": metrics.f1, "r2": squares, "auc": auc, "own": own}, verbose=False,
            watch=self.stopping, history=self.history, **self.options, **options,
        )  # fmt: skip
        return self


def squares(y, t):
    return metrics.r2(y, np.eye(4)[t])


def auc(y, t):
    return metrics.roc_auc(ag.as_array(y)[:, :2], t == 1)


def own(y, t):
    return float(abs(ag.as_array(y)).mean())


def bits(training):
    """All that a training is, but for its seconds."""
    state = {name: x.state_dict() for name, x in vars(training).items() if hasattr(x, "state_dict")}
    state["generators"] = {"own": training.model[4].rng.bit_generator.state, "shared": ag.generator.state_dict()}
    state["history"] = {name: column for name, column in training.history.items() if name != "seconds"}
    return [(name, x.tobytes() if hasattr(x, "tobytes") else x) for name, x in flat(state)]


def flat(x, lead=""):
    if not isinstance(x, dict):
        return [(lead, x)]
    return sorted([pair for name, y in x.items() for pair in flat(y, f"{lead}/{name}")])


@pytest.fixture(scope="module")
def straight():
    """The training that nobody stops, with an update for one batch or for three."""
    made = {n: bits(Training(accumulate=n).run()) for n in (1, 3)}
    assert made[1] != made[3]
    return made


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize(
    "stops, every",
    [([5], 2), ([5], None), ([13], None), ([14], 1), ([26], 3), ([40], 4), ([51], None), ([3, 9, 20, 1, 5], 1)],
)
def test_a_training_that_was_stopped_goes_on_bit_for_bit(tmp_path, straight, stops, every, accumulate):
    checkpoints = {"checkpoints": Checkpoints(tmp_path / "run", keep=2, best="test_loss", every=every)}
    begun = False
    for k, batches in enumerate(stops):  # with other seeds, once there is a checkpoint: all that counts comes from it
        with pytest.raises(Stopped):
            Training(k if begun else 0, accumulate=accumulate).run(batches, resume=True, **checkpoints)
        begun = (tmp_path / "run").is_dir()
    last = Training(9 if begun else 0, accumulate=accumulate).run(resume=True, **checkpoints)
    assert bits(last) == straight[accumulate]
    assert len(list((tmp_path / "run").iterdir())) <= 3


def test_a_training_that_has_ended_is_not_repeated_and_can_be_made_longer(tmp_path, straight):
    Training().run(epochs=2, checkpoints=tmp_path)
    again = Training(3).run(epochs=2, checkpoints=tmp_path, resume=True)
    assert again.history.epochs == 2
    longer = Training(3).run(epochs=4, checkpoints=tmp_path, resume=True)
    assert bits(longer) == straight[1]


def test_a_training_that_a_watch_has_stopped_stays_stopped(tmp_path):
    for seed in (0, 1):
        training = Training(seed)
        training.stopping = lambda epoch, values: epoch == 2
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            training.run(checkpoints=tmp_path, resume=True)
        assert training.history.epochs == 2
        assert ["a watch has stopped the training in" in str(warning.message) for warning in said] == [True] * seed
        assert all(warning.filename == __file__ for warning in said)


def test_the_best_checkpoint_is_that_of_the_history(tmp_path):
    training = Training().run(checkpoints=Checkpoints(tmp_path, keep=1, best="test_loss", every=5))
    best = serialize.values(Checkpoints(tmp_path, best="test_loss").best())
    assert best["values"]["test_loss"] == min(training.history.test_loss)
    assert best["number"] % 13 == 0


def test_a_loader_without_a_state_is_resumed_between_epochs(tmp_path):
    def run(epochs, **options):
        model = L.MLP((5, 4), in_size=6, rng=0)
        fit(
            model, F.softmax_cross_entropy, O.Adam(model), [(X, T)] * 3, epochs=epochs, verbose=False, **options
        )  # fmt: skip
        return [p.data.tobytes() for p in model.params()]

    run(2, checkpoints=tmp_path)
    assert run(5, checkpoints=tmp_path, resume=True) == run(5)
    with pytest.raises(TypeError, match="fit: loader must have a state, as a DataLoader has, for every="):
        run(2, checkpoints=Checkpoints(tmp_path / "new", every=2))


@pytest.mark.parametrize(
    "options, error, match",
    [
        ({"checkpoints": 3}, TypeError, "fit: checkpoints must be a Checkpoints, a folder or None, not 3"),
        ({"resume": True}, ValueError, "fit: resume=True needs checkpoints"),
        ({"resume": 1}, TypeError, "fit: resume must be True or False, not 1"),
    ],
)
def test_wrong_calls(options, error, match):
    with pytest.raises(error, match=match):
        Training().run(**options)


def test_a_folder_with_other_checkpoints_is_refused_before_the_training_begins(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    training = Training()
    checkpoints.save(3, model=training.model)
    with pytest.raises(ValueError, match="fit: checkpoints must be a folder without any, or given with resume=True"):
        training.run(checkpoints=checkpoints)
    with pytest.raises(ValueError, match="optimizer: there is no such part in the file, which has model, number"):
        training.run(checkpoints=checkpoints, resume=True)
    assert training.history == {}


def test_a_test_loader_that_comes_later_is_refused_with_a_way_that_works(tmp_path):
    def trained(folder, epochs, found=None, **options):
        model = L.Linear(4, 6, rng=0)
        optimizer, history = O.Adam(model), History()
        if found:
            found = serialize.load(found, model=model, optimizer=optimizer)
            history = History(found["history"])
        fit(
            model, F.softmax_cross_entropy, optimizer, DataLoader((X, T), 4, rng=0), epochs=epochs, history=history,
            checkpoints=tmp_path / folder, verbose=False, **options,
        )  # fmt: skip
        return history

    first, test = trained("old", 2), DataLoader((X[:8], T[:8]), 4)
    with pytest.raises(ValueError, match="test: there is no such part") as said:
        trained("old", 3, test=test, resume=True)
    for word in ("serialize.load(path, model=model, optimizer=optimizer)", "history=History(found['history'])"):
        assert word in str(said.value)
    history = trained("new", 3, Checkpoints(tmp_path / "old").latest(), test=test)
    assert history["loss"][:2] == first["loss"]
    assert history["loss"][2] < first["loss"][1]
    assert np.isnan(history["test_loss"]).tolist() == [True, True, False]


def test_a_damaged_checkpoint_costs_the_updates_since_the_one_before(tmp_path, straight):
    with pytest.raises(Stopped):
        Training().run(21, checkpoints=Checkpoints(tmp_path, every=4))
    latest = Checkpoints(tmp_path).latest()
    assert latest.name == "checkpoint-0000000020.npz"
    latest.write_bytes(latest.read_bytes()[:-100])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        training = Training(4).run(checkpoints=Checkpoints(tmp_path, every=4), resume=True)
    assert "checkpoint-0000000020.npz is damaged" in str(said[0].message)
    assert bits(training) == straight[1]


def noisy(x, rng):
    return x + rng.normal(0, 0.1, x.shape).astype(x.dtype)


@pytest.mark.parametrize("workers", [0, 2])
def test_augmented_and_weighted_samples_from_workers_are_the_same_after_a_stop(tmp_path, workers):
    def trained(seed, batches=None, **options):
        training = Training(seed)
        sampler = WeightedSampler(np.arange(1.0, len(X) + 1))
        training.loader = DataLoader((X, T), 4, rng=seed, transform=noisy, sampler=sampler, workers=workers)
        return training.run(10**6 if batches is None else batches, epochs=2, **options)

    expected = bits(trained(0))
    with pytest.raises(Stopped):
        trained(0, 19, checkpoints=Checkpoints(tmp_path, every=4))
    assert bits(trained(5, checkpoints=tmp_path, resume=True)) == expected


def test_sums_of_other_metrics_are_refused(tmp_path):
    """The order counts: a sum of squares would go on as one of distances."""
    folder = Checkpoints(tmp_path, every=2)
    first = Training(checkpoints=folder)
    measured = {"mae": lambda y, t: metrics.mae(y, np.eye(4)[t]), "rmse": lambda y, t: metrics.rmse(y, np.eye(4)[t])}

    def run(names, **options):
        chosen = {name: measured[name] for name in names}
        fit(
            first.model, F.softmax_cross_entropy, first.optimizer, first.loader, metric=chosen, verbose=False,
            checkpoints=folder, **options,
        )  # fmt: skip

    def stop(*_):
        if folder.latest():
            raise Stopped
        return 0.0

    kept = measured["rmse"]
    measured["rmse"] = lambda y, t: stop() + kept(y, t)
    with pytest.raises(Stopped):
        run(["mae", "rmse"])
    measured["rmse"] = kept
    with pytest.raises(ValueError, match="metric must be what the checkpoint has sums of"):
        run(["rmse", "mae"], resume=True)
    run(["mae", "rmse"], resume=True)
