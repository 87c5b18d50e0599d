"""fit, evaluate, the history and its picture."""

import sys

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, training


@pytest.fixture
def spiral():
    ag.seed(0)
    x, t = data.spiral()
    model = L.Sequential(L.Linear(16), F.tanh, L.Linear(3))
    return model, O.Adam(model, lr=0.02), data.DataLoader((x, t), 30)


def test_fit_learns_and_records_every_epoch(spiral):
    model, optimizer, loader = spiral
    history = training.fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=40, test=loader)
    assert history.metric[-1] > 0.9
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert {len(values) for values in vars(history).values()} == {40}


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
    assert set(seen[0][1]) == {"loss", "metric", "seconds"}


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
    history = training.History([1.0, 0.5], [0.2, 0.8], [1.1, 0.6], [0.1, 0.7], [0.1, 0.1])
    path = history.plot(tmp_path / "new" / "curve.png")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(path.read_bytes()) > 5000


def test_without_matplotlib_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RuntimeError, match=r"define-by-run\[plot\]"):
        training.History([1.0]).plot(tmp_path / "curve.png")


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


def test_the_progress_bar_shows_on_a_terminal_only(monkeypatch, capsys, spiral):
    pytest.importorskip("tqdm", reason="the progress bar is optional: pip install 'define-by-run[progress]'")
    model, optimizer, loader = spiral
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)
    assert "epoch 1/1" in terminal.text
    monkeypatch.setitem(sys.modules, "tqdm", None)
    training.fit(model, F.softmax_cross_entropy, optimizer, loader)  # quietly without


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
        (lambda m: {"model": L.Linear}, TypeError, "model must be a Layer, not the class Linear: call it first"),
        (lambda m: {"model": None}, TypeError, "model must be a Layer, not None"),
        (lambda m: {"model": lambda x: m(x)}, TypeError, "model must be a Layer"),
        (lambda m: {"loss": 0.5}, TypeError, r"loss must be a function \(y, t\), such as .* not 0.5"),
        (lambda m: {"loss": L.Linear}, TypeError, "loss must be a function .* not the class Linear"),
        (lambda m: {"loss": "cross_entropy"}, TypeError, "loss must be a function"),
        (lambda m: {"loss": lambda y, t: 0.5}, TypeError, "loss must return a Variable"),
        (lambda m: {"loss": lambda y, t: y.sum().data}, TypeError, "loss must return a Variable"),
        (lambda m: {"loss": lambda y, t: y}, ValueError, r"loss must return one number, not the shape \(6, 3\)"),
        (lambda m: {"metric": None}, TypeError, r"metric must be a function \(y, t\)"),
        (lambda m: {"watch": 3}, TypeError, r"watch must be a function \(epoch, values\)"),
        (lambda m: {"loader": (X, T)}, TypeError, r"loader must be a DataLoader, .* not the data themselves"),
        (lambda m: {"loader": [X[:2], T[:2]]}, TypeError, r"loader must be a DataLoader, .* not the data themselves"),
        (lambda m: {"loader": X}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": None}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": {"x": X}}, TypeError, "loader must be a DataLoader"),
        (lambda m: {"loader": iter([X[:2]])}, TypeError, r"loader must give batches \(x, t\), not ndarray\(2, 3\)"),
        (lambda m: {"loader": [(X, T, T)]}, TypeError, r"loader must give batches \(x, t\), not tuple of 3"),
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
