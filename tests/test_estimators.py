"""Classifier and Regressor: scikit-learn's own checks, and what its users do with an estimator.

Two of the checks do not apply, by name: EXPECTED says why. One is skipped by scikit-learn: `check_array_api_input`, for
arrays of other libraries, which needs an environment variable of SciPy.
"""

import copy
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.estimators import Classifier, Regressor

pytestmark = [
    pytest.mark.standin_exempt("scikit-learn computes on NumPy's arrays"),
    pytest.mark.filterwarnings("default::DeprecationWarning:(sklearn|joblib|scipy).*"),
]

ROUNDING = "asks for 1e-7 after 50 epochs, which float32 does not hold: dtype='float64' passes"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": ROUNDING,
    "check_sample_weight_equivalence_on_sparse_data": ROUNDING,
}


@parametrize_with_checks([Classifier(), Regressor()], expected_failed_checks=lambda estimator: EXPECTED)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
@pytest.mark.parametrize("name", EXPECTED)
def test_checks_that_float32_does_not_pass_are_passed_by_float64(kind, name):
    checks = [
        (estimator, check)
        for estimator, check in estimator_checks_generator(kind(dtype="float64"))
        if getattr(check, "func", check).__name__ == name
    ]
    assert len(checks) == 1
    for estimator, check in checks:
        check(estimator)


def net(outputs, width=16):
    return L.Sequential(L.Linear(width), L.BatchNorm(), F.relu, L.Dropout(0.1), L.Linear(outputs))


class Scaled(L.Layer):
    """A layer of one's own: (N, D) -> (N, K)."""

    def __init__(self, outputs):
        super().__init__()
        self.linear = L.Linear(outputs)

    def forward(self, x):
        return self.linear(x * 0.5)


@pytest.fixture(scope="module")
def iris():
    x, t = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])
    return StandardScaler().fit_transform(x), names[t]


def test_a_classifier_learns_and_says_how_sure_it_is(iris):
    x, t = iris
    classifier = Classifier(epochs=30, random_state=0).fit(x[::2], t[::2])
    assert classifier.score(x[1::2], t[1::2]) > 0.9
    assert classifier.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    p = classifier.predict_proba(x)
    assert p.shape == (150, 3)
    assert np.allclose(p.sum(axis=1), 1)
    assert np.array_equal(classifier.classes_[p.argmax(axis=1)], classifier.predict(x))
    assert np.allclose(p, F.softmax(classifier.model_(x.astype(np.float32))).data, atol=1e-6)
    assert len(classifier.loss_curve_) == 30
    assert classifier.loss_curve_[-1] < 0.3 * classifier.loss_curve_[0]
    assert is_classifier(classifier)
    assert {parameter.dtype for parameter in classifier.model_.params()} == {np.dtype("f4")}


@pytest.mark.parametrize(
    "model", [None, net, Scaled, partial(net, width=8), L.Sequential(L.Linear(8), F.tanh, L.Linear(3))]
)
def test_any_network_can_be_given(iris, model):
    x, t = iris
    first, second = (Classifier(model, epochs=40, random_state=1).fit(x, t) for _ in range(2))
    assert first.score(x, t) > 0.85
    assert np.array_equal(first.predict_proba(x), second.predict_proba(x))  # weights, order and dropout
    other = Classifier(model, epochs=40, random_state=2).fit(x, t)
    assert not np.array_equal(first.predict_proba(x), other.predict_proba(x))
    if isinstance(model, L.Layer):
        assert first.model_ is not model


def test_a_model_that_was_tested_trains(iris):
    """Its dropout drops: training loses otherwise what it was given for."""
    x, t = iris
    model = L.Sequential(L.Linear(8, 4, rng=0), F.relu, L.Dropout(0.5, rng=1), L.Linear(3, 8, rng=2))
    fitted = [Classifier(m, epochs=2, random_state=0).fit(x, t) for m in (model, copy.deepcopy(model).eval())]
    assert fitted[0].loss_curve_ == fitted[1].loss_curve_


def test_the_shared_generator_is_used_without_a_seed_and_left_alone_with_one(iris):
    x, t = iris
    results = []
    for _ in range(2):
        ag.seed(3)
        results.append(Classifier(net, epochs=2).fit(x, t).predict_proba(x))
    assert np.array_equal(*results)
    ag.seed(3)
    expected = ag.generator().random(3)
    ag.seed(3)
    Classifier(net, epochs=1, random_state=0).fit(x, t)
    assert np.array_equal(ag.generator().random(3), expected)


def test_a_regressor_learns_one_number_or_several():
    x, t = load_diabetes(return_X_y=True)
    x, t = StandardScaler().fit_transform(x), (t - t.mean()) / t.std()
    regressor = Regressor(epochs=20, lr=3e-3, random_state=0).fit(x[::2], t[::2])
    assert regressor.score(x[1::2], t[1::2]) > 0.3
    assert is_regressor(regressor)
    both = np.stack([t, -2 * t], axis=1)
    pair = Regressor(hidden=(), epochs=40, random_state=0).fit(x, both)
    assert pair.predict(x).shape == both.shape
    assert r2_score(both, pair.predict(x)) > 0.4


def test_a_linear_regressor_finds_the_least_squares():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    t = x @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * rng.standard_normal(200)
    A = np.column_stack([x, np.ones(200)])
    w = 1 + rng.random(200)
    for weight in (None, w):
        root = np.ones(200) if weight is None else np.sqrt(weight)
        exact = np.linalg.lstsq(A * root[:, None], t * root, rcond=None)[0]
        made = Regressor(hidden=(), batch_size=None, epochs=800, lr=0.02, dtype="float64", random_state=0)
        made.fit(x, t, sample_weight=weight)
        found = [*made.model_[0].W.data[:, 0], made.model_[0].b.data[0]]
        assert np.allclose(found, exact, atol=1e-5)


def test_losses_and_optimizers_can_be_given(iris):
    x, t = iris
    loss = partial(F.softmax_cross_entropy, smoothing=0.1)
    classifier = Classifier(
        loss=loss, optimizer=partial(O.SGD, transforms=[O.weight_decay(1e-3)]), lr=0.3, random_state=0
    ).fit(x, t)
    assert classifier.score(x, t) > 0.9
    huber = Regressor(loss=F.huber_loss, lr=O.cosine(0.01, 100), epochs=20, random_state=0).fit(x, x[:, 0])
    assert huber.score(x, x[:, 0]) > 0.9


def test_sample_weights_count(iris):
    """Without the weight of a class, it is not learned."""
    x, t = iris
    weight = np.where(t == "setosa", 0, 1)
    classifier = Classifier(epochs=30, random_state=0).fit(x, t, sample_weight=weight)
    assert classifier.score(x, t) < 0.75
    assert classifier.score(x, t, sample_weight=weight) > 0.9


def test_partial_fit_goes_on(iris):
    x, t = iris
    classifier = Classifier(random_state=0)
    for epoch in range(40):
        rows = slice(epoch % 2, None, 2)
        classifier.partial_fit(x[rows], t[rows], classes=np.unique(t) if epoch == 0 else None)
    assert classifier.score(x, t) > 0.9
    assert len(classifier.loss_curve_) == 40
    again = pickle.loads(pickle.dumps(classifier))
    for one in (classifier, again):
        one.partial_fit(x, t)
    assert np.array_equal(classifier.predict_proba(x), again.predict_proba(x))
    regressor = Regressor(random_state=0)
    for _ in range(40):
        regressor.partial_fit(x[:, 1:], x[:, 0])
    assert regressor.score(x[:, 1:], x[:, 0]) > 0.7


def test_pipeline_and_grid_search_in_two_processes():
    x, t = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), Classifier(epochs=5, random_state=0))
    grid = {"classifier__lr": [1e-5, 1e-2], "classifier__hidden": [(8,)], "classifier__model": [None, Scaled]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(x, t)
    assert search.best_params_["classifier__lr"] == 1e-2
    assert search.best_score_ > 0.93
    assert search.predict_proba(x).shape == (len(x), 2)
    assert cross_val_score(pipeline, x, t, cv=3, scoring="roc_auc").mean() > 0.97


def test_clones_and_parameters(iris):
    classifier = Classifier(net, lr=0.1).fit(*iris)
    copied = clone(classifier)
    assert not hasattr(copied, "model_")
    assert copied.get_params() == classifier.get_params()
    assert copied.set_params(lr=0.2).lr == 0.2
    assert repr(Classifier(lr=0.1)) == "Classifier(lr=0.1)"
    with pytest.raises(ValueError, match="rate"):
        copied.set_params(rate=1)
    assert np.array_equal(pickle.loads(pickle.dumps(classifier)).predict(iris[0]), classifier.predict(iris[0]))


def test_sparse_samples_stay_sparse(iris):
    x, t = iris
    dense = Classifier(epochs=5, random_state=0).fit(x, t).predict_proba(x)
    assert np.allclose(
        Classifier(epochs=5, random_state=0).fit(sparse.coo_array(x), t).predict_proba(x), dense, atol=1e-4
    )


X, T = np.ones((4, 2)), [0, 1, 0, 1]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: Classifier(L.Linear).fit(X, T).predict([[1.0, 2.0, 3.0]]), ValueError, "3 features"),
        (
            lambda: Classifier("mlp").fit(X, T),
            TypeError,
            "model must be a Layer, or a function of the number of outputs",
        ),
        (lambda: Classifier(lambda outputs: 3).fit(X, T), TypeError, "model must make a Layer, not 3"),
        (lambda: Classifier(L.Linear(5)).fit(X, T), ValueError, r"model must give 2 outputs, \(N, 2\), not \(1, 5\)"),
        (lambda: Classifier(hidden="a").fit(X, T), TypeError, "hidden must be a whole number, not 'a'"),
        (lambda: Classifier(epochs=1.5).fit(X, T), TypeError, "epochs must be a whole number, not 1.5"),
        (lambda: Classifier(batch_size=0).fit(X, T), ValueError, "batch_size must be at least 1, not 0"),
        (lambda: Classifier(optimizer="adam").fit(X, T), TypeError, "optimizer must be a function, not 'adam'"),
        (lambda: Classifier(dtype=int).fit(X, T), TypeError, "dtype must be floating-point"),
        (lambda: Classifier(random_state="a").fit(X, T), TypeError, "random_state must be a whole number, not 'a'"),
        (lambda: Classifier(lr="a").fit(X, T), TypeError, "lr"),
        (lambda: Classifier().fit(X, [1] * 4), ValueError, "at least 2 classes"),
        (lambda: Classifier().fit(X, T, sample_weight=[1, 1, 1, -1]), ValueError, "sample_weight must be 4 numbers"),
        (lambda: Classifier().fit(X, T, sample_weight=[1, 1]), ValueError, "sample_weight must be 4 numbers"),
        (lambda: Classifier().partial_fit(X, T), ValueError, "classes must be all labels in the first call"),
        (
            lambda: Classifier().partial_fit(X, T, classes=[0, 2]),
            ValueError,
            r"must hold labels of classes_.* not \[1\]",
        ),
        (lambda: Classifier().predict(X), NotFittedError, "not fitted"),
        (
            lambda: Regressor(lr=1e30, epochs=3).fit(X * 1e3, T),
            FloatingPointError,
            "try a smaller lr, or scale the data",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_wrong_is_said(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_without_scikit_learn_it_says_what_to_install(tmp_path):
    program = """
import sys
sys.modules["sklearn"] = sys.modules["sklearn.base"] = None
from autograd.estimators import Classifier, Regressor
for kind in (Classifier, Regressor):
    try:
        kind()
    except RuntimeError as error:
        print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert result.stdout.splitlines() == [
        f"{kind} needs scikit-learn: pip install 'define-by-run[sklearn]'" for kind in ("Classifier", "Regressor")
    ]
