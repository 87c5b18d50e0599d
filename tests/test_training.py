"""fit, evaluate, predict, the history and its picture."""

import copy
import itertools
import json
import pickle
import re
import sys
import time
import warnings
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, metrics, progress, training
from autograd.checkpoints import Checkpoints
from autograd.history import History


@pytest.fixture
def spiral():
    ag.seed(0)
    x, t = data.spiral()
    model = L.Sequential(L.Linear(16), F.tanh, L.Linear(3))
    return model, O.Adam(model, lr=0.02), data.DataLoader((x, t), 30)


def test_fit_learns_and_records_every_epoch(spiral):
    model, optimizer, loader = spiral
    history = training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=40, test=loader, metric=F.accuracy)
    assert history.metric[-1] > 0.9
    assert history.loss[-1] < 0.5 * history.loss[0]
    names = ["loss", "metric", "lr", "gradient_norm", "seconds", "test_loss", "test_metric"]
    assert list(history) == names
    assert {len(values) for values in history.values()} == {history.epochs} == {40}


def test_fit_is_the_plain_loop(spiral):
    model, optimizer, _ = spiral
    x, t = next(iter(data.DataLoader(data.spiral(), 300, shuffle=False)))
    model(x)
    ag.seed(0)
    twin = L.Sequential(L.Linear(16, 2), F.tanh, L.Linear(3, 16))
    twin.load_state_dict(model.state_dict())
    other = O.Adam(twin, lr=0.02)
    training.fit(model, F.softmax_cross_entropy, optimizer, [(x, t)], epochs=3)
    for _ in range(3):
        twin.cleargrads()
        F.softmax_cross_entropy(twin(x), t).backward()
        other.update()
    for p, q in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_evaluate_weighs_batches_by_their_size_and_leaves_no_trace(spiral):
    model, _, _ = spiral
    x, t = data.spiral()
    dropping = L.Sequential(model, L.Dropout(0.5))
    whole = training.evaluate(dropping, F.softmax_cross_entropy, [(x, t)])
    parts = training.evaluate(dropping, F.softmax_cross_entropy, [(x[:290], t[:290]), (x[290:], t[290:])])
    assert whole == pytest.approx(parts)
    assert whole.loss == pytest.approx(float(F.softmax_cross_entropy(model(x), t).data))  # no dropout
    assert all(p.grad is None for p in model.params())


def test_watch_sees_the_values_of_each_epoch(spiral):
    model, optimizer, loader = spiral
    seen = []
    watch = lambda *what: seen.append(what)  # noqa: E731
    history = training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=2, watch=watch)
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert [values["loss"] for _, values in seen] == history.loss
    assert set(seen[0][1]) == {"loss", "lr", "gradient_norm", "seconds"}


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_loss_and_a_metric_of_one_element(spiral, shape):
    model, optimizer, loader = spiral
    loss = lambda y, t: F.softmax_cross_entropy(y, t).reshape(shape)  # noqa: E731
    metric = lambda y, t: np.full(shape, 0.25)  # noqa: E731
    history = training.fit(model, loss, optimizer, loader, metric=metric)
    assert history.metric == [pytest.approx(0.25)]
    assert training.evaluate(model, loss, loader, metric=metric).metric == pytest.approx(0.25)


@pytest.mark.parametrize(
    "wrong, error", [(None, TypeError), ("a", TypeError), ([1], TypeError), (np.ones(2), ValueError)]
)
def test_a_metric_that_is_no_number(spiral, wrong, error):
    model, optimizer, loader = spiral
    for use in (lambda **o: training.fit(model, F.softmax_cross_entropy, optimizer, loader, **o),
                lambda **o: training.evaluate(model, F.softmax_cross_entropy, loader, **o)):  # fmt: skip
        with pytest.raises(error, match="metric must return one number, not"):
            use(metric=lambda y, t: wrong)


@pytest.mark.parametrize("f", [lambda: 0, lambda y: y, lambda a, b, c: 0, F.relu])
def test_functions_take_two_arguments(spiral, f):
    model, optimizer, loader = spiral
    for name in ("loss", "metric", "watch"):
        given = {"loss": F.softmax_cross_entropy, name: f}
        with pytest.raises(TypeError, match=f"fit: {name} must be a function .*, not one of other arguments"):
            training.fit(model, given.pop("loss"), optimizer, loader, **given)


def test_the_class_of_a_loader_is_none(spiral):
    model, optimizer, _ = spiral
    with pytest.raises(TypeError, match="loader must be a DataLoader, .*, not the class DataLoader: make one of it"):
        training.fit(model, F.softmax_cross_entropy, optimizer, data.DataLoader)


def test_to_fit_in_test_mode_warns(spiral):
    model, optimizer, loader = spiral
    with pytest.warns(UserWarning, match=r"trains as in a test, without dropout: call model\.train\(\) first"):
        training.fit(model.eval(), F.softmax_cross_entropy, optimizer, loader)
    with ag.test_mode(), pytest.warns(UserWarning, match="trains as in a test"):
        training.fit(model.train(), F.softmax_cross_entropy, optimizer, loader)
    model.parts[0].eval()  # one that stays as it is while the others train
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)


def test_a_loss_that_is_not_finite_stops_before_it_spoils_the_model(spiral):
    model, optimizer, _ = spiral
    x, t = data.spiral()
    model(x)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    x[0] = np.nan
    with pytest.raises(FloatingPointError, match="the loss is nan in epoch 1"):
        training.fit(model, F.softmax_cross_entropy, optimizer, [(x, t)])
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_an_empty_loader_is_an_error(spiral):
    model, optimizer, _ = spiral
    with pytest.raises(ValueError, match="gave no batch"):
        training.fit(model, F.softmax_cross_entropy, optimizer, [])
    with pytest.raises(ValueError, match="gave no batch"):
        training.evaluate(model, F.softmax_cross_entropy, [])


def test_the_curves_are_a_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="pictures are optional: pip install 'define-by-run[plot]'")
    history = History(loss=[1.0, 0.5], metric=[0.2, 0.8], test_loss=[1.1, 0.6], test_metric=[0.1, 0.7], seconds=[1, 1])
    path = history.plot(tmp_path / "new" / "curve.png")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(path.read_bytes()) > 5000
    formatted, _ = pytest.importorskip("IPython.core.formatters").DisplayFormatter().format(path)
    assert formatted["image/png"] == path.read_bytes()
    assert "curve.png" in formatted["text/plain"]


def test_without_matplotlib_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RuntimeError, match=r"define-by-run\[plot\]"):
        History(loss=[1.0]).plot(tmp_path / "curve.png")


class Terminal:
    """An error stream where somebody is looking."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def slow(batch):
    """The batch, later than the time that passes between two looks at a bar."""
    time.sleep(0.11)
    return batch


def test_the_progress_bar_shows_on_a_terminal_only(monkeypatch, capsys, spiral):
    pytest.importorskip("tqdm", reason="the progress bar is optional: pip install 'define-by-run[progress]'")
    model, optimizer, loader = spiral
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    training.fit(model, F.softmax_cross_entropy, optimizer, map(slow, loader))
    assert re.search(r"epoch 1/1: \d+it \[.*loss \d\.\d+\]", terminal.text)
    before = terminal.text
    training.fit(model, F.softmax_cross_entropy, optimizer, loader, verbose=False)
    assert terminal.text == before
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    training.fit(model, F.softmax_cross_entropy, optimizer, loader, metric=[F.accuracy])
    assert re.fullmatch(r"epoch 1/1  loss \d\.\d+  accuracy 0\.\d+  \d\.\d s\n", terminal.text.removeprefix(before))


def test_a_notebook_has_a_bar_too(monkeypatch, capsys, spiral):
    pytest.importorskip("tqdm", reason="the progress bar is optional: pip install 'define-by-run[progress]'")
    model, optimizer, loader = spiral
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=None)))
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)
    said = capsys.readouterr()
    assert "epoch 1/1:" in said.err
    assert "epoch 1/1  loss" in said.out


def test_a_log_has_a_line_now_and_then(monkeypatch, capsys, spiral):
    model, optimizer, loader = spiral
    for seconds, lines in ((4.0, 1), (11.0, 4), (0.1, 0)):
        clock = iter(range(10**6))
        monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock) * seconds / 3)  # three looks an epoch
        training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=4)
        said = capsys.readouterr().err
        assert abs(said.count("\n") - lines) <= 1, (seconds, said)
    monkeypatch.undo()
    training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=3, test=loader, verbose=True)
    said = capsys.readouterr().err.splitlines()
    assert [line[:9] for line in said] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all("test_loss" in line for line in said)


X, T = np.ones((6, 3), np.float32), np.zeros(6, int)
LOADER = [(X, T)]
LOSS = F.softmax_cross_entropy


@pytest.mark.parametrize(
    "change, error, said",
    [
        (lambda m: {"optimizer": {}}, TypeError, "optimizer must be an Optimizer, not {}"),
        (lambda m: {"optimizer": set()}, TypeError, "optimizer must be an Optimizer"),
        (lambda m: {"optimizer": None}, TypeError, "optimizer must be an Optimizer"),
        (lambda m: {"optimizer": O.SGD}, TypeError, r"not the class: make one, SGD\(model\)"),
        (lambda m: {"optimizer": m}, TypeError, "optimizer must be an Optimizer"),
        (lambda m: {"optimizer": O.SGD(L.Linear(3, 3))}, ValueError, "optimizer must be one of this model"),
        (lambda m: {"optimizer": O.SGD(L.Linear(3))}, ValueError, "optimizer must be one of this model"),
        (lambda m: {"optimizer": O.SGD([ag.Variable(1.0)])}, ValueError, "optimizer must be one of this model"),
        (lambda m: {"optimizer": O.LBFGS(m)}, TypeError, "takes no arguments, not LBFGS, .*: write the loop"),
        (lambda m: {"optimizer": O.NewtonCG(m)}, TypeError, "takes no arguments, not NewtonCG"),
        (lambda m: {"model": L.Linear}, TypeError, "model must be a Layer, not the class Linear: call it first"),
        (lambda m: {"model": None}, TypeError, "model must be a Layer, not None"),
        (lambda m: {"model": lambda x: m(x)}, TypeError, "model must be a Layer"),
        (lambda m: {"loss": 0.5}, TypeError, r"loss must be a function \(y, t\), such as .* not 0.5"),
        (lambda m: {"loss": L.Linear}, TypeError, "loss must be a function .* not the class Linear"),
        (lambda m: {"loss": "cross_entropy"}, TypeError, "loss must be a function"),
        (lambda m: {"loss": lambda y, t: 0.5}, TypeError, "loss must return a Variable"),
        (lambda m: {"loss": lambda y, t: y.sum().data}, TypeError, "loss must return a Variable"),
        (lambda m: {"loss": lambda y, t: y}, ValueError, r"loss must return one number, not the shape \(6, 3\)"),
        (lambda m: {"metric": 3}, TypeError, r"metric must be a function \(y, t\)"),
        (lambda m: {"metric": "accuracy"}, TypeError, r"metric must be a function \(y, t\)"),
        (
            lambda m: {"metric": [F.accuracy, F.accuracy]},
            ValueError,
            "a name of its own .* not 'accuracy': give a dict",
        ),
        (lambda m: {"metric": {"loss": F.accuracy}}, ValueError, "a name of its own .* not 'loss'"),
        (lambda m: {"metric": {"test_x": F.accuracy}}, ValueError, "a name of its own .* not 'test_x'"),
        (lambda m: {"metric": {"a": 3}}, TypeError, "metric must be a function"),
        (lambda m: {"watch": [print, 3]}, TypeError, r"watch must be a function \(epoch, values\)"),
        (lambda m: {"watch": training.EarlyStopping}, TypeError, "watch must be .* not the class EarlyStopping"),
        (lambda m: {"accumulate": 0}, ValueError, "accumulate must be at least 1, not 0"),
        (lambda m: {"history": {}}, TypeError, "history must be a History, or None"),
        (lambda m: {"verbose": 2}, TypeError, "verbose must be True or False"),
        (lambda m: {"watch": 3}, TypeError, r"watch must be a function \(epoch, values\)"),
        (lambda m: {"loader": (X, T)}, TypeError, r"loader must be a DataLoader, .* not the data themselves"),
        (lambda m: {"loader": [X[:2], T[:2]]}, TypeError, r"loader must be a DataLoader, .* not the data themselves"),
        (lambda m: {"loader": X}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": None}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": {"x": X}}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": iter([X[:2]])}, TypeError, r"loader must give batches \(x, t\), not ndarray\(2, 3\)"),
        (
            lambda m: {"loader": [(X, T, T, T)]},
            TypeError,
            r"\(x, t\), not tuple of 4: several inputs are \(\(x1, x2\), t\)",
        ),
        (
            lambda m: {"loader": [(X, T, T)]},
            TypeError,
            r"floating-point weights \(6,\), not int64 \(6,\): several inputs",
        ),
        (lambda m: {"loader": [(X, T, X)]}, TypeError, r"floating-point weights \(6,\), not float32 \(6, 3\)"),
        (lambda m: {"loader": [(X, T, -X[:, 0])]}, ValueError, "weights of a batch must be at least 0"),
        (lambda m: {"loader": [(X, T, X[:, 0] * np.inf)]}, ValueError, "weights of a batch must be .* finite"),
        (lambda m: {"loader": [(X, T, 0 * X[:, 0])]}, ValueError, "gave no batch that counts"),
        (lambda m: {"loader": [(X, T, X[:, 0])], "loss": lambda y, t: y.sum()}, TypeError, "reduction='none'"),
        (
            lambda m: {"loader": [(X, T, X[:, 0])], "loss": lambda y, t, reduction="": y.sum()},
            ValueError,
            "for each of 6",
        ),
        (
            lambda m: {"loader": [{"x": X}]},
            ValueError,
            "a batch that is a dict must have inputs, and its target as 't'",
        ),
        (lambda m: {"loader": [{"t": X}]}, ValueError, "a batch that is a dict must have inputs"),
        (lambda m: {"loader": [(3, T)]}, TypeError, "whose x has a row for each sample, not 3"),
        (lambda m: {"test": (X, T)}, TypeError, "test must be a DataLoader"),
        (lambda m: {"epochs": None}, TypeError, "epochs must be a whole number, not None"),
        (lambda m: {"epochs": -1}, ValueError, "epochs must be at least 0, not -1"),
        (lambda m: {"epochs": 1.5}, TypeError, "epochs must be a whole number"),
        (lambda m: {"epochs": True}, TypeError, "epochs must be a whole number"),
    ],
)
def test_fit_refuses_what_would_train_nothing_and_changes_nothing(change, error, said):
    m = L.Linear(3, 3, rng=0)
    before = m.state_dict()
    given = {"model": m, "loss": LOSS, "optimizer": O.SGD(m), "loader": LOADER} | change(m)
    with pytest.raises(error, match=said):
        training.fit(**given)
    for path, x in m.state_dict().items():
        np.testing.assert_array_equal(x, before[path])


def test_an_optimizer_of_a_part_or_of_more_is_one_of_the_model():
    model = L.Sequential(L.Linear(3, 3), L.Linear(3, 3))
    for optimizer in (O.SGD(model[1]), O.SGD(L.Sequential(model, L.Linear(3))), O.SGD(list(model.params()))):
        before = model[1].W.data.copy()
        training.fit(model, LOSS, optimizer, LOADER)
        assert not np.array_equal(model[1].W.data, before)


def test_no_epochs_train_nothing_as_asked():
    model = L.Linear(3, 3)
    assert training.fit(model, LOSS, O.SGD(model), LOADER, epochs=0) == training.History()


def test_evaluate_refuses_too():
    model = L.Linear(3, 3)
    for given, said in (
        ((L.Linear, LOSS, LOADER), "evaluate: model must be a Layer"), ((model, 0.5, LOADER), "evaluate: loss must be"),
        ((model, LOSS, (X, T)), "evaluate: loader must be"), ((model, LOSS, [X]), "evaluate: loader must be"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=said):
            training.evaluate(*given)
    assert training.evaluate(model, lambda y, t: 0.5, LOADER).loss == 0.5


def test_no_metric_is_measured_unless_it_is_asked_for():
    """The default once was the accuracy: 1.0 for coin flips in one column, and 1.0 for a regression."""
    x, t = np.random.default_rng(0).standard_normal((40, 3)), np.random.default_rng(1).integers(0, 2, (40, 1))
    for loss in (F.sigmoid_cross_entropy, F.mean_squared_error):
        model = L.Linear(1, 3)
        assert "metric" not in training.fit(model, loss, O.SGD(model), [(x, t)], test=[(x, t)])
        assert list(training.evaluate(model, loss, [(x, t)])) == ["loss"]
    decided = partial(F.accuracy, threshold=0)
    score = training.evaluate(model, F.sigmoid_cross_entropy, [(x, t)], metric=decided)
    assert score.metric == pytest.approx(np.mean((model(x).data > 0) == t))
    with pytest.raises(ValueError, match="one score is always the largest. Give it a threshold"):
        training.evaluate(model, F.sigmoid_cross_entropy, [(x, t)], metric=F.accuracy)


def test_several_metrics_are_of_all_samples(spiral):
    model, optimizer, _ = spiral
    x, t = data.spiral()
    batches = [(x[a:b], t[a:b]) for a, b in ((0, 5), (5, 200), (200, 300))]
    top = partial(metrics.accuracy, top=2)
    measured = [metrics.f1, {"f1": metrics.f1, "top": top, "half": lambda y, t: 0.5}]
    scores = [training.evaluate(model, LOSS, batches, metric=m) for m in ([metrics.f1], measured[1])]
    y = training.predict(model, x)
    assert scores[0].f1 == scores[1].f1 == metrics.f1(y, t)
    assert scores[1].top == top(y, t)
    assert scores[1].half == 0.5
    assert not np.isclose(
        np.mean([metrics.f1(y[a:b], t[a:b]) for a, b in ((0, 5), (5, 200), (200, 300))]), scores[0].f1
    )
    history = training.fit(model, LOSS, optimizer, batches, epochs=2, metric=[metrics.f1, top], test=batches)
    expected = (
        "History of 2 epochs, the last with loss .*, f1 .*, accuracy .*, test_loss .*, test_f1 .*, test_accuracy .*"
    )
    assert re.fullmatch(expected, repr(history))
    assert training.fit(model, LOSS, optimizer, batches, metric=[]).keys() == {"loss", "lr", "gradient_norm", "seconds"}


class Counts:
    """A watch that counts its calls and returns what it was given."""

    def __init__(self, returns=None):
        self.calls, self.returns = 0, returns

    def __call__(self, epoch, values):
        self.calls += 1
        values.clear()  # its own dict
        return self.returns


def test_a_watch_stops_the_training_and_the_history_is_kept(spiral):
    model, optimizer, loader = spiral
    stop = lambda epoch, values: epoch == 3  # noqa: E731
    counts = [Counts(), Counts("a path"), Counts(1), Counts(np.array([1, 2]))]
    history = training.fit(model, LOSS, optimizer, loader, epochs=10, watch=[counts[0], stop, *counts[1:]])
    assert history.epochs == 3
    assert [c.calls for c in counts] == [3] * 4  # those behind it too, and only True stops
    assert training.fit(model, LOSS, optimizer, loader, epochs=5, watch=lambda *_: np.True_).epochs == 1
    assert training.fit(model, LOSS, optimizer, loader, epochs=2, watch=[]).epochs == 2


def stopped(stopping, values):
    """The epoch in which it stops, None if never."""
    return next((i for i, x in enumerate(values, 1) if stopping(i, {stopping.name: x})), None)


def test_early_stopping():
    nan = float("nan")
    losses = [5.0, 4.0, 4.5, 3.0, 3.5, 3.2, 3.1, 2.0]
    stopping = training.EarlyStopping(3, "loss")
    assert (stopped(stopping, losses), stopping.best, stopping.epoch) == (7, 3.0, 4)
    assert stopped(stopping, losses) == 7  # anew in a new training
    assert stopped(training.EarlyStopping(1, "loss"), losses) == 3
    assert stopped(training.EarlyStopping(4, "loss"), losses) is None
    assert stopped(training.EarlyStopping(2, "loss", delta=1.5), losses) == 3
    for name, largest in (("test_f1", None), ("f1", True), ("mine", True)):
        assert stopped(training.EarlyStopping(2, name, largest=largest), [0.1, 0.3, 0.2, 0.3, 0.9]) == 4
    assert stopped(training.EarlyStopping(2, "f1", largest=False), [0.9, 0.5, 0.6, 0.7]) == 4
    with pytest.raises(ValueError, match="EarlyStopping: largest must be given for 'test_metric'"):
        training.EarlyStopping(2, "test_metric")
    assert stopped(training.EarlyStopping(2, "loss"), [nan, nan, nan]) == 2
    with pytest.raises(ValueError, match=r"name must be one of loss, not 'test_loss': fit\(\.\.\., test=loader\)"):
        training.EarlyStopping(3)(1, {"loss": 1.0})


def test_early_stopping_in_fit(spiral):
    model, _, loader = spiral
    stopping = training.EarlyStopping(2)
    history = training.fit(model, LOSS, O.SGD(model, lr=1e-9), loader, epochs=50, test=[*loader], watch=stopping)
    assert history.epochs < 50
    assert stopping.best == min(history.test_loss) == history.test_loss[stopping.epoch - 1]


def twins(make=lambda: L.Sequential(L.Linear(16, 2, rng=0), F.tanh, L.Linear(3, 16, rng=1))):
    """Two equal models."""
    ag.seed(0)
    model = make()
    return model, copy.deepcopy(model)


def test_a_training_that_was_interrupted_goes_on():
    """Ctrl-C passes through; the history has the epochs before it, and a second call makes the rest."""
    model, twin = twins()
    whole = training.fit(twin, LOSS, O.Adam(twin, lr=0.01), data.DataLoader(data.spiral(), 30), epochs=5)
    optimizer, loader, history = O.Adam(model, lr=0.01), data.DataLoader(data.spiral(), 30), History()

    def interrupt(epoch, values):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.fit(model, LOSS, optimizer, loader, epochs=5, history=history, watch=interrupt)
    assert history.epochs == 2
    assert training.fit(model, LOSS, optimizer, loader, epochs=5, history=history) is history
    assert history.loss == whole.loss
    for p, q in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("sizes", [(75, 75, 75, 75), (10, 90, 100, 100), (100, 100, 50, 50)])
def test_accumulated_gradients_are_those_of_one_large_batch(sizes):
    model, twin = twins()
    x, t = data.spiral()
    x, ends = x.astype(np.float64), np.cumsum([0, *sizes])
    for m in (model, twin):
        for p in m.params():
            p.data = p.data.astype(np.float64)
    small = [(x[a:b], t[a:b]) for a, b in itertools.pairwise(ends)]
    history = training.fit(model, LOSS, O.SGD(model, lr=1.0), small, accumulate=4, epochs=3, metric=F.accuracy)
    expected = training.fit(twin, LOSS, O.SGD(twin, lr=1.0), [(x, t)], epochs=3, metric=F.accuracy)
    for name in ("loss", "metric", "gradient_norm"):
        assert history[name] == pytest.approx(expected[name], rel=1e-12)
    for p, q in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12, atol=1e-14)


LABELS = np.array([0, 2, 1, 1, 0, 2])
SOME = np.where([1, 0, 0, 0, 0, 1], -1, LABELS)
WEIGHTS = np.array([1.0, 5.0, 0.5])


@pytest.mark.parametrize(
    "loss, t, reduction",
    [
        (partial(LOSS, ignore_index=-1), SOME, lambda y, t: (t != -1).sum()),
        (partial(LOSS, weight=WEIGHTS), LABELS, lambda y, t: WEIGHTS[t].sum()),
        (partial(LOSS, reduction="sum"), LABELS, "sum"),
        (LOSS, LABELS, "mean"),
    ],
    ids=["ignored", "weights", "sum", "mean"],
)
def test_every_kind_of_loss_is_accumulated_as_it_divides(loss, t, reduction):
    """Batches of unequal sizes, and one in which nothing counts; the test loss, too. A wrong reduction is a warning."""
    model, twin = twins(lambda: L.Linear(3, 3, rng=0, dtype=np.float64))
    ends, options = (0, 1, 4, 5, 6), {"epochs": 2, "reduction": reduction}
    x = np.random.default_rng(0).standard_normal((6, 3))
    small = [(x[a:b], t[a:b]) for a, b in itertools.pairwise(ends)]
    found = training.fit(model, loss, O.SGD(model, lr=0.1), small, accumulate=4, test=small, **options)
    expected = training.fit(twin, loss, O.SGD(twin, lr=0.1), [(x, t)], test=[(x, t)], **options)
    for name in ("loss", "gradient_norm", "test_loss"):
        assert found[name] == pytest.approx(expected[name], rel=1e-12)
    for p, q in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12, atol=1e-14)
    wrong = "mean" if reduction != "mean" else "sum"
    with pytest.warns(UserWarning, match="that of the parts of accumulate= and group= is another one"):
        training.fit(model, loss, O.SGD(model), [(x, t)] * 2, accumulate=2, reduction=wrong)
    training.fit(model, loss, O.SGD(model), [(x, t)], reduction=wrong)  # no parts


def test_a_loss_that_cannot_be_tried_on_parts_is_taken_as_it_is():
    """One that compares all samples, one that draws, one that has one size, and outputs without rows."""
    rng = np.random.default_rng(0)

    def of_four(y, t):
        if len(t) != 4:
            raise RuntimeError("four")
        return (y**2).sum()

    losses = [of_four, lambda y, t: (y * rng.random()).sum()]
    for loss in losses:
        model = L.Linear(3, 3, rng=0)
        training.fit(model, loss, O.SGD(model), [(X[:4], T[:4])] * 2, accumulate=2)
    model = L.Sequential(L.Linear(3, 3, rng=0), lambda y: y.sum())
    training.fit(model, lambda y, t: y**2, O.SGD(model), [(X[:4], T[:4])] * 2, accumulate=2)


def test_a_loss_of_another_precision_than_its_outputs_is_made_of_parts():
    """Its rounding is that of float32, where the outputs are of float64."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((64, 3)), rng.standard_normal((64, 3)).astype(np.float32)
    model = L.Linear(3, 3, rng=0, dtype=np.float64)
    loss = lambda y, t: F.mean_squared_error(y.astype(np.float32), t)  # noqa: E731
    training.fit(model, loss, O.SGD(model), [(x, t)] * 2, accumulate=2)


def test_a_target_without_a_row_for_each_sample_has_no_parts():
    """Here an array in it belongs to the whole batch."""
    model = L.Linear(3, 3, rng=0)
    loss = lambda y, t: LOSS(y, t[0]) * float(t[1].mean())  # noqa: E731
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        training.fit(model, loss, O.SGD(model), [(X, (T, np.ones(1)))] * 2, accumulate=2, verbose=False)
    assert not said


def test_a_loss_that_compares_samples_is_noticed():
    """A contrastive loss of a single sample is an error, and of two it is another one than of all."""
    model = L.Linear(3, 3, rng=0)
    loss = lambda y, t: F.softmax_cross_entropy(y @ y.T, np.arange(len(t)))  # noqa: E731
    with pytest.warns(UserWarning, match="Samples that the loss compares are compared within a part alone"):
        training.fit(model, loss, O.SGD(model), [(X, T)] * 2, accumulate=2)


def test_a_reduction_that_cannot_be_is_refused():
    model = L.Linear(3, 3, rng=0)
    weights = [(X, T, np.ones(len(X)))]
    for reduction, kind, text in (
        ("none", ValueError, "fit: reduction must be one of 'mean', 'sum', not 'none'"),
        (lambda t: 1, TypeError, r"fit: reduction must be 'mean', 'sum' or a function \(y, t\)"),
        (lambda y, t: -1, ValueError, "reduction must be at least 0, not -1"),
        (lambda y, t: t == 0, ValueError, "reduction must return one number, not the shape"),
        (lambda y, t: "6", TypeError, "reduction must return one number, not '6'"),
    ):
        with pytest.raises(kind, match=text):
            training.fit(model, LOSS, O.SGD(model), [(X, T)], reduction=reduction)
    with pytest.raises(ValueError, match="reduction must be 'mean' where batches have weights"):
        training.fit(model, LOSS, O.SGD(model), weights, reduction="sum")


def test_the_last_group_of_batches_may_be_smaller():
    model = L.Linear(3, 3, rng=0)
    optimizer = O.SGD(model)
    training.fit(model, LOSS, optimizer, [(X, T)] * 7, accumulate=3, epochs=2)
    assert optimizer.steps == 6


@pytest.mark.parametrize("shape", [(), (1,), (2,)])
def test_a_weight_of_two_is_the_sample_twice(shape):
    """In the loss, the gradients, the test loss, and with accumulation."""
    rng = np.random.default_rng(0)
    x, t, w = rng.standard_normal((12, 3)), rng.standard_normal((12, *shape)), rng.integers(0, 4, 12)
    out = lambda: L.Sequential(L.Linear(max(shape, default=1), 3, rng=0), lambda y: y.reshape(-1, *shape))  # noqa: E731
    model, twin = twins(out)
    rows = [np.repeat(np.arange(a, b), w[a:b]) for a, b in ((0, 6), (6, 12))]
    weighted = [(x[a:b], t[a:b], w[a:b].astype(np.float64)) for a, b in ((0, 6), (6, 12))]
    repeated = [(x[i], t[i]) for i in rows]
    loss = F.mean_squared_error
    for more in ({}, {"accumulate": 2}):
        found = training.fit(model, loss, O.SGD(model, lr=0.1), weighted, epochs=2, test=weighted, **more)
        expected = training.fit(twin, loss, O.SGD(twin, lr=0.1), repeated, epochs=2, test=repeated, **more)
        for name in ("loss", "test_loss", "gradient_norm"):
            assert found[name] == pytest.approx(expected[name], rel=1e-5)
    score = training.evaluate(model, loss, weighted)
    squares = ((model(x).data - t) ** 2).reshape(12, -1).mean(1)
    assert score.loss == pytest.approx((squares * w).sum() / w.sum(), rel=1e-5)


def test_weights_of_classes_are_the_loss_s():
    x, t, w = (
        np.random.default_rng(0).standard_normal((8, 3)),
        np.array([0, 1, 2, 0, 1, 0, 0, 0]),
        np.array([1.0, 2.0, 5.0]),
    )
    model = L.Linear(3, 3, rng=0)
    logs = F.log_softmax(model(x)).data[np.arange(8), t]
    score = training.evaluate(model, partial(LOSS, weight=w), [(x, t)])
    assert score.loss == pytest.approx(-(logs * w[t]).sum() / w[t].sum(), rel=1e-5)
    both = training.evaluate(model, LOSS, [(x, t, w[t])])  # as weights of samples
    assert both.loss == pytest.approx(score.loss, rel=1e-5)


class TwoInputs(L.Layer):
    def __init__(self):
        self.first, self.second = L.Linear(3, 2, rng=0), L.Linear(3, 4, rng=1)

    def forward(self, a, b=None):
        return self.first(a) + self.second(b)


def test_a_batch_of_any_structure():
    rng = np.random.default_rng(0)
    a, b, t = rng.standard_normal((6, 2)), rng.standard_normal((6, 4)), rng.integers(0, 3, 6)
    w = np.full(6, 0.5)
    histories = []
    for batch in (
        ((a, b), t), [(a, b), t], ({"a": a, "b": b}, t), {"a": a, "b": b, "t": t},
        ((a, b), t, w), {"a": a, "b": b, "t": t, "weight": w},
    ):  # fmt: skip
        model = TwoInputs()
        found = training.fit(model, LOSS, O.SGD(model), [batch], epochs=2, test=[batch], metric=F.accuracy)
        histories.append({name: x for name, x in found.items() if name != "seconds"})
        np.testing.assert_array_equal(training.predict(model, [batch]), model(a, b).data)
        np.testing.assert_array_equal(training.predict(model, (a, b), batch_size=4), model(a, b).data)
        np.testing.assert_array_equal(training.predict(model, {"a": a, "b": b}), model(a, b).data)
    for other in histories[1:]:
        assert other.keys() == histories[0].keys()
        for name, x in other.items():
            assert x == pytest.approx(histories[0][name], rel=1e-6)
    assert list(histories[0]["metric"]) == histories[-1]["metric"]


def test_a_target_of_any_structure():
    model = L.Linear(3, 3, rng=0)
    t = {"labels": T, "scale": 2.0}
    loss = lambda y, t: LOSS(y, t["labels"]) * t["scale"]  # noqa: E731
    assert training.evaluate(model, loss, [(X, t)]).loss == pytest.approx(2 * LOSS(model(X), T).item())


def test_a_gradient_that_is_not_finite_stops_before_the_update():
    model = L.Sequential(L.Linear(3, 3, rng=0), F.tanh, L.Linear(2, 3, rng=1))
    before = copy.deepcopy(model.state_dict())
    optimizer = O.Adam(model)
    loss = lambda y, t: y.mean() + F.sqrt(y - y).sum()  # noqa: E731
    said = r"the gradient of 0\.W is not finite in epoch 1, and nothing was updated"
    with pytest.raises(FloatingPointError, match=said), np.errstate(all="ignore"):
        training.fit(model, loss, optimizer, LOADER)
    for path, x in model.state_dict().items():
        np.testing.assert_array_equal(x, before[path])
    assert optimizer.steps == 0
    model[2].b.data = np.array([np.inf, 0], np.float32)
    with pytest.raises(FloatingPointError, match=r"the loss is .* in epoch 1: .* 2\.b is not finite either"):
        training.fit(model, lambda y, t: y.mean(), optimizer, LOADER)


@pytest.mark.parametrize("scale", [1.0, 1e25, 1e-25])
def test_the_gradient_norm_and_the_learning_rate_are_measured(scale):
    model, twin = twins()
    x, t = data.spiral()
    loss = lambda y, t: LOSS(y, t) * scale  # noqa: E731
    seen = []
    for _ in range(3):
        twin.cleargrads()
        loss(twin(x), t).backward()
        seen.append(np.sqrt(sum((p.grad.data.astype(np.float64) ** 2).sum() for p in twin.params())))
    optimizer = O.SGD(model, lr=lambda n: 1e-30 / (n + 1))
    history = training.fit(model, loss, optimizer, [(x, t)] * 3, epochs=2)
    assert history.gradient_norm == pytest.approx([np.mean(seen)] * 2, rel=1e-5)
    assert history.lr == pytest.approx([1e-30 / 3, 1e-30 / 6])


def test_a_loss_that_is_cut_from_its_model_is_an_error_and_one_of_a_part_is_none():
    model = L.Sequential(L.Linear(4, 3, rng=0), F.tanh, L.Linear(3, 4, rng=1))
    other = L.Linear(3, 3)
    with pytest.raises(ValueError, match=r"loss must be computed from model\(x\), not from other parameters alone"):
        training.fit(model, lambda y, t: LOSS(other(y.data), t), O.SGD(model), [(X, T)])
    model[0].freeze()
    training.fit(model, LOSS, O.SGD(model), [(X, T)], epochs=2)


def test_a_rate_of_zero_is_said_once():
    model = L.Linear(3, 3)
    optimizer = O.SGD(model, lr=O.cosine(0.1, 2))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        training.fit(model, LOSS, optimizer, [(X, T)] * 3, epochs=5, verbose=False)
    assert len(said) == 1


def test_a_schedule_in_epochs_is_noticed():
    model = L.Linear(3, 3, rng=0)
    with pytest.warns(UserWarning, match=r"rate is 0 before the last epoch: a schedule counts updates, epochs \* len"):
        training.fit(model, LOSS, O.SGD(model, lr=O.cosine(0.1, 3)), [(X, T)] * 5, epochs=2)
    training.fit(model, LOSS, O.SGD(model, lr=O.cosine(0.1, 10)), [(X, T)] * 5, epochs=2)


def test_the_history_is_a_table():
    """A dict of columns of one length, which is what pandas and json take."""
    history = History()
    history.append({"loss": np.float32(0.5), "f1": 0.25})
    history.append({"loss": 0.25, "f1": 0.5, "test_loss": 1.0})
    history.append({"loss": 0.125})
    assert (history.epochs, history.loss) == (3, [0.5, 0.25, 0.125])
    np.testing.assert_array_equal(history.test_loss, [np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(history["f1"], [0.25, 0.5, np.nan])
    assert repr(history) == "History of 3 epochs, the last with loss 0.125, f1 nan, test_loss nan"
    assert repr(History()) == "History of 0 epochs"
    assert "test_loss" in dir(history)
    assert json.loads(json.dumps({"loss": history.loss})) == {"loss": [0.5, 0.25, 0.125]}
    for other in (pickle.loads(pickle.dumps(history)), copy.deepcopy(history)):
        assert repr(other) == repr(history)
        assert type(other) is History
    with pytest.raises(AttributeError, match="this History has no 'test_f1', it has loss, f1, test_loss"):
        history.test_f1
    with pytest.raises(TypeError, match="History.append takes a dict"):
        history.append([0.5])


def test_the_curves_have_whole_epochs_and_a_panel_for_each_metric(tmp_path, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure", reason="pictures are optional: pip install 'define-by-run[plot]'")
    drawn = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, *args, **options: drawn.append(self))
    columns = {"loss": [3.0, 2.0, 1.0], "f1": [0.1] * 3, "lr": [1.0] * 3, "test_loss": [3.0] * 3, "test_auc": [0.5] * 3}
    History(**columns, seconds=[1.0] * 3).plot(tmp_path / "a.png")
    History(loss=[1.0]).plot(tmp_path / "b.png")
    History().plot(tmp_path / "c.png")
    panels = [[axes.get_ylabel() for axes in f.axes] for f in drawn]
    assert panels == [["loss", "f1", "test_auc"], ["loss"], [""]]
    assert [len(axes.lines) for axes in drawn[0].axes] == [2, 1, 1]
    for axes in (*drawn[0].axes, *drawn[1].axes):
        ticks = axes.xaxis.get_major_locator().tick_values(*axes.get_xlim())
        assert all(float(tick).is_integer() for tick in ticks)


@pytest.mark.parametrize("batch_size", [1, 4, 6, 100])
def test_predict_is_the_model_in_test_mode(batch_size):
    model = L.Sequential(L.Linear(4, 3, rng=0), L.BatchNorm(4), L.Dropout(0.5), L.Linear(2, 4, rng=1))
    x = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    training.fit(model, LOSS, O.SGD(model), [(x, T[:6] % 2)], epochs=2)
    before = copy.deepcopy(model.state_dict())
    with ag.test_mode():
        expected = model(x).data
    loader = data.DataLoader((x, T[:6]), batch_size, shuffle=False)
    for given in (x, ag.Variable(x), (x,), loader, data.DataLoader(x, batch_size, shuffle=False)):
        y = training.predict(model, given, batch_size=batch_size)
        assert type(y) is np.ndarray
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(training.predict(model, x[0][None])[0], expected[0], rtol=1e-5, atol=1e-6)
    for path, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[path])


class Several(L.Layer):
    def __init__(self):
        self.linear = L.Linear(2, 3, rng=0)

    def forward(self, x):
        y = self.linear(x)
        return {"y": y, "parts": (y[:, 0], [x * 2]), "size": y.sum() if len(x) == 1 else y}


def test_predict_joins_outputs_of_any_structure():
    model, x = Several(), np.arange(15.0).reshape(5, 3)
    found, whole = training.predict(model, x, batch_size=3), model(x)
    assert type(found["parts"]) is tuple
    assert type(found["parts"][1]) is list
    np.testing.assert_array_equal(found["y"], whole["y"].data)
    np.testing.assert_array_equal(found["parts"][0], whole["parts"][0].data)
    np.testing.assert_array_equal(found["parts"][1][0], x * 2)
    with pytest.raises(TypeError, match="predict takes a model that gives an array with a row for each sample"):
        training.predict(model, x, batch_size=1)


@pytest.mark.parametrize(
    "given, error, said",
    [
        (data.DataLoader((X, T), 2), ValueError, "data must keep its order: DataLoader.*shuffle=False"),
        ((X, X[:2]), ValueError, "predict takes arrays with rows, as many in each"),
        ((X, 3), ValueError, "predict takes arrays with rows"),
        (np.float32(3), TypeError, "predict: data must be a DataLoader, or a list of batches"),
        ([], ValueError, "predict: data must have at least one sample"),
        (X[:0], ValueError, "predict: data must have at least one sample"),
        ([(X, T, T, T)], TypeError, r"predict: data must give batches x or \(x, t\), not tuple of 4"),
        ("text", TypeError, "predict: data must be a DataLoader"),
    ],
)
def test_predict_refuses(given, error, said):
    with pytest.raises(error, match=said):
        training.predict(L.Linear(3, 3), given)


def test_predict_says_that_one_sample_is_no_batch():
    with pytest.raises(
        ValueError, match=r"a row for each of 3 samples, not \(2,\) for \(3,\): one sample x is x\[None\]"
    ):
        training.predict(L.Linear(2, 3), X[0])
    assert training.predict(L.Linear(2, 3), X[:1]).shape == (1, 2)
    assert training.predict(L.Embedding(5, 2), np.array([0, 4, 1])).shape == (3, 2)


def test_predict_reads_a_memory_map(tmp_path):
    seen = []
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = L.Sequential(lambda x: (seen.append(type(x)), x)[1], L.Linear(2, 3))
    assert training.predict(model, x).shape == (len(X), 2)
    assert {*seen} == {np.ndarray}


def test_the_words_of_other_frameworks_are_answered(spiral):
    model, optimizer, loader = spiral
    for given, said in (
        ({"metrics": ["accuracy"]}, "fit has no argument metrics=: it is metric= here"),
        ({"validation_data": loader}, "fit has no argument validation_data=: it is test= here"),
        ({"callbacks": []}, "fit has no argument callbacks=: it is watch= here"),
        ({"batch_size": 3}, "fit has no argument batch_size=; it takes model, loss, optimizer, loader, epochs, test,"),
    ):
        with pytest.raises(TypeError, match=said):
            training.fit(model, LOSS, optimizer, loader, **given)


def test_a_warning_points_at_the_call(spiral):
    model, _, loader = spiral
    with pytest.warns(UserWarning, match="fit: the ") as warned:
        training.fit(model.eval(), LOSS, O.SGD(model, lr=0.0), loader, epochs=2)
    assert [w.filename for w in warned] == [__file__] * 2


def test_a_loader_of_lengths_is_refused():
    """Its batches have three parts too, of which the last would be taken as weights."""
    lengths = [2, 3, 2, 4]
    loader = data.SequenceLoader([np.ones((n, 1)) for n in lengths], 2, targets=[1.0, 2.0, 3.0, 4.0], shuffle=False)
    model = L.Sequential(L.Linear(1))
    optimizer = O.SGD(model, lr=0.1)
    for call in (
        lambda: training.fit(model, F.mean_squared_error, optimizer, loader),
        lambda: training.evaluate(model, F.mean_squared_error, loader),
        lambda: training.predict(model, loader),
    ):
        with pytest.raises(TypeError, match="a SequenceLoader gives"):
            call()


@pytest.mark.parametrize("test", [False, True])
def test_a_value_that_no_epoch_will_have_is_refused_before_it_begins(test, tmp_path):
    x, t = np.eye(4, dtype=np.float32), np.arange(4) % 2
    model = L.Linear(2, 4)
    before = model.W.data.copy()

    def run(**options):
        loader = data.DataLoader((x, t), 2)
        options |= {"verbose": False, **({"test": loader} if test else {})}
        return training.fit(model, F.softmax_cross_entropy, O.SGD(model), loader, epochs=1, **options)

    with pytest.raises(ValueError, match="checkpoints: best must be one of loss,.* not 'test_accuracy'"):
        run(checkpoints=Checkpoints(tmp_path / "c", best="test_accuracy"), metric=F.accuracy)
    with pytest.raises(ValueError, match="EarlyStopping: name must be one of loss,.* not 'accuracy'"):
        run(watch=training.EarlyStopping(3, "accuracy"), metric=F.accuracy)
    np.testing.assert_array_equal(model.W.data, before)
    run(
        watch=training.EarlyStopping(3, "loss"),
        checkpoints=Checkpoints(tmp_path / "c", best="accuracy"),
        metric=[F.accuracy],
    )
    assert training.EarlyStopping(3, "test_neg_log_loss").largest
    if test:
        run(watch=training.EarlyStopping(3, "test_accuracy"), metric=[F.accuracy])
    else:
        with pytest.raises(ValueError, match="test=loader"):
            run(watch=training.EarlyStopping(3))


def test_words_of_keras_are_answered():
    for f, option, ours in (
        (training.EarlyStopping, "monitor", "name="), (training.EarlyStopping, "min_delta", "delta="),
        (training.EarlyStopping, "mode", "largest="),
        (training.EarlyStopping, "restore_best_weights", "Checkpoints"), (Checkpoints, "monitor", "best="),
        (Checkpoints, "save_best_only", "best="),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"has no argument {option}=.*{ours}"):
            f(3, **{option: "x"})
