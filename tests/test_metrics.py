"""Metrics against scikit-learn 1.7 (its numbers are written down here), loops, and their sums over batches."""

import pickle
from functools import partial, reduce

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, metrics
from autograd.history import largest_is_best
from autograd.measures import Measure

RNG = np.random.default_rng(3)
Y, T = np.round(RNG.standard_normal((40, 4)), 6), np.clip(RNG.integers(0, 4, 40), 0, 2)  # no sample is of class 3
Z, B = np.round(RNG.standard_normal((40, 1)), 6), RNG.integers(0, 2, 40)
U = np.round(RNG.standard_normal((40, 3)), 6)
V = np.round(U + RNG.standard_normal((40, 3)), 6)

OF_CLASSES = [  # the function, and scikit-learn's macro, micro, weighted, and that of class 1
    (metrics.precision, 0.2615821678321678, 0.275, 0.3530812937062937, 0.36363636363636365),
    (metrics.recall, 0.2183600713012478, 0.275, 0.275, 0.3333333333333333),
    (metrics.f1, 0.23028985507246374, 0.275, 0.2980144927536232, 0.34782608695652173),
]
ALL = [  # each metric, what it takes, and scikit-learn's number
    (metrics.accuracy, Y, T, 0.275),
    (partial(metrics.accuracy, top=2), Y, T, 0.575),
    (partial(metrics.accuracy, threshold=0), Z, B, 0.35),
    *[(partial(f, average=a), Y, T, x) for f, *xs, _ in OF_CLASSES for a, x in zip(("macro", "micro", "weighted"), xs)],
    *[(partial(f, label=1), Y, T, x) for f, *_, x in OF_CLASSES],
    (partial(metrics.f1, threshold=0, label=1), Z, B, 0.38095238095238093),
    (partial(metrics.precision, threshold=0, label=1), Z, B, 0.42105263157894735),
    (partial(metrics.recall, threshold=0, label=1), Z, B, 0.34782608695652173),
    (metrics.r2, U, V, 0.47237979816044634),
    (metrics.mae, U, V, 0.7622684999999999),
    (metrics.rmse, U, V, 0.948616482500638),
    (metrics.roc_auc, Z, B, 0.35038363171355497),
    (metrics.roc_auc, np.round(Z[:, 0]), B[:, None], 0.40920716112531963),
    (metrics.roc_auc, Y[:, :2], B > 0, 0.5140664961636829),
]


@pytest.mark.parametrize("f, y, t, expected", ALL)
def test_the_numbers_of_scikit_learn(f, y, t, expected):
    assert f(y, t) == pytest.approx(expected, rel=1e-12)
    assert f(Variable(y), t) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("f, y, t, expected", ALL)
def test_batches_of_unequal_size_give_the_number_of_all_samples(f, y, t, expected):
    """Not the mean of the numbers of the batches."""
    rows = [slice(0, 1), slice(1, 20), slice(20, 40)]
    parts = [f(y[k], t[k]) for k in rows]
    joined = reduce(Measure.joined, parts)
    assert joined == pytest.approx(expected, rel=1e-12)
    assert pickle.loads(pickle.dumps(joined)) == joined


def test_the_confusion_matrix():
    expected = [[4, 2, 3, 2], [3, 4, 2, 3], [6, 5, 3, 3], [0, 0, 0, 0]]  # scikit-learn's
    np.testing.assert_array_equal(metrics.confusion_matrix(Y, T), expected)
    np.testing.assert_array_equal(metrics.confusion_matrix(Y.argmax(1), T), expected)
    np.testing.assert_array_equal(
        metrics.confusion_matrix(Y, T, ignore_index=1), np.array(expected) * [[1], [0], [1], [1]]
    )
    np.testing.assert_array_equal(metrics.confusion_matrix(Z, B, threshold=0), [[6, 11], [15, 8]])
    np.testing.assert_array_equal(metrics.confusion_matrix(B > 0, B), np.diag(np.bincount(B)))
    assert metrics.confusion_matrix(B, B, classes=5).shape == (5, 5)


def test_one_column_of_coin_flips_is_half_right():
    """It once was 1.0, as the only score is the largest, and 0.0 for vectors."""
    rng = np.random.default_rng(0)
    y, t = rng.standard_normal((2000, 1)), rng.integers(0, 2, (2000, 1))
    expected = np.mean((y > 0) == t)
    assert 0.45 < expected < 0.55
    for shape in ((2000, 1), (2000,)):
        assert F.accuracy(y.reshape(shape), t.reshape(shape), threshold=0) == pytest.approx(expected)
        assert F.accuracy(y.reshape(shape) > 0, t.reshape(shape)) == pytest.approx(expected)
        with pytest.raises(ValueError, match="a threshold"):
            F.accuracy(y.reshape(shape), t.reshape(shape))
    assert F.accuracy(y, t[:, 0], threshold=0) == pytest.approx(expected)
    assert F.accuracy(1 / (1 + np.exp(-y)), t, threshold=0.5) == pytest.approx(expected)


def test_decisions_one_by_one():
    y, t = np.array([[2.0, -1.0], [0.5, np.nan]]), np.array([[1, 1], [0, 0]])
    assert F.accuracy(y, t, threshold=0) == 0.25  # a nan is wrong
    assert F.accuracy(y[:1], np.array([[1, -7]]), threshold=0, ignore_index=-7) == 1.0


def test_the_target_among_the_largest():
    """Against a sort; of equal scores the first count, as for the largest one."""
    y, t = np.random.default_rng(1).integers(0, 4, (200, 7)).astype(float), np.random.default_rng(2).integers(0, 7, 200)
    order = np.argsort(-y, axis=1, kind="stable")
    for k in range(1, 7):
        assert F.accuracy(y, t, top=k) == pytest.approx(np.mean([label in row[:k] for label, row in zip(t, order)]))
    y[0, 3] = np.nan
    assert F.accuracy(y[:1], t[:1], top=6) == 0.0


def test_a_class_that_does_not_occur_is_not_in_the_mean():
    y = np.eye(5)[[0, 0, 1, 2]]
    assert metrics.f1(y, [0, 1, 1, 2]) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)  # the classes 3 and 4 are nowhere
    assert metrics.precision(y, [3, 3, 3, 3]) == 0.0


def test_batches_of_labels_may_have_different_classes():
    parts = [([0, 1], [0, 1]), ([5, 2], [5, 3])]
    found = reduce(Measure.joined, [metrics.f1(np.array(y), np.array(t), label=2) for y, t in parts])
    assert found == metrics.f1(np.array([0, 1, 5, 2]), np.array([0, 1, 5, 3]), label=2) == 0.0


def test_r2_far_from_zero():
    """The sum of squares would lose all digits here."""
    t = np.random.default_rng(0).standard_normal(1000)
    y = t + 0.5
    expected = 1 - 0.25 * 1000 / ((t - t.mean()) ** 2).sum()
    parts = [metrics.r2(y[k : k + 100] + 1e9, t[k : k + 100] + 1e9) for k in range(0, 1000, 100)]
    assert reduce(Measure.joined, parts) == pytest.approx(expected, rel=1e-5)
    assert np.isnan(metrics.r2(np.ones(3), np.ones(3)))


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_the_area_is_the_share_of_pairs_in_order(digits):
    scores, t = np.round(RNG.standard_normal(200), digits), RNG.integers(0, 2, 200)
    ones, zeros = scores[t == 1][:, None], scores[t == 0]
    share = ((ones > zeros) + (ones == zeros) / 2).mean()
    assert metrics.roc_auc(scores, t) == pytest.approx(share, rel=1e-14)
    assert metrics.roc_auc(-scores, t) == pytest.approx(1 - share, rel=1e-13)
    assert metrics.roc_auc(scores.astype("f4") > 0, t) == metrics.roc_auc((scores > 0) * 2.0, t)
    assert np.isnan(metrics.roc_auc(scores, t * 0))


def test_its_name_in_other_libraries_leads_here():
    for name in ("roc_auc_score", "auroc", "auc"):
        with pytest.raises(AttributeError, match="it is roc_auc here"):
            getattr(metrics, name)


def test_lists_of_numbers_are_taken():
    assert metrics.accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1]) == metrics.accuracy([1, 0], [1, 1]) == 0.5
    assert metrics.f1([1, 0], (1, 1), average="micro") == 0.5
    assert metrics.confusion_matrix([1, 0], [1, 1]).tolist() == [[0, 0], [1, 1]]
    assert metrics.mae([1.0, 2.0], [1, 4]) == 1.0
    assert metrics.r2((1, 2), [1, 2]) == 1.0
    assert metrics.roc_auc([0.1, 0.4, 0.3], [0, 1, 1]) == 1.0
    for f in (metrics.accuracy, metrics.mae):
        with pytest.raises(TypeError, match="numbers"):
            f(["a"], [1])


def test_the_names_say_which_value_is_best():
    better = {name: getattr(metrics, name) for name in metrics.__all__ if name != "confusion_matrix"}
    right, wrong = np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])
    for name, f in better.items():
        options = {"threshold": 0.5} if name in ("accuracy", "f1", "precision", "recall") else {}
        good, bad = [f(y, right.astype(int), **options) for y in (right, wrong)]
        assert largest_is_best("", f"test_{name}", None) == (good > bad)


@pytest.mark.parametrize(
    "call, error, said",
    [
        (lambda: metrics.accuracy(Y, T, threshold=0), ValueError, "accuracy: threshold must be None"),
        (lambda: metrics.accuracy(Y, T, top=4), ValueError, "top must be smaller .* not 4 for 4"),
        (lambda: metrics.accuracy(Z, B, threshold=0, top=2), ValueError, "not 2 for one score"),
        (lambda: metrics.accuracy(Z, B + 1, threshold=0), ValueError, r"labels must be whole numbers in 0 \.\. 1"),
        (lambda: metrics.accuracy(B > 0, B, threshold=0), TypeError, "threshold must be None where y are labels"),
        (lambda: metrics.f1(Y, T, average="binary"), ValueError, "f1: average must be one of"),
        (lambda: metrics.f1(Y, T, label=4), ValueError, r"f1: label must be one of the classes 0 \.\. 3, not 4"),
        (lambda: metrics.f1(Z, B), ValueError, r"f1 takes scores .* f1\(y, t, threshold=0\)"),
        (lambda: metrics.recall(Y * np.nan, T), ValueError, "recall takes .* no nan"),
        (lambda: metrics.confusion_matrix(Y, T, classes=5), ValueError, "confusion_matrix: classes must be 4, not 5"),
        (lambda: metrics.confusion_matrix(T, T, classes=2), ValueError, "classes must be more than 2, not 2"),
        (lambda: metrics.confusion_matrix(-T, T), ValueError, "whole numbers of at least 0"),
        (lambda: metrics.r2(U, V[:, 0]), ValueError, r"r2 takes .* of one shape"),
        (lambda: metrics.mae(Z, B), ValueError, "mae takes a prediction and a target of one shape"),
        (lambda: metrics.rmse(1.0, 1.0), ValueError, "rmse takes"),
        (lambda: metrics.r2(U * 1j, V), TypeError, "r2"),
        (lambda: metrics.roc_auc(Y, T), ValueError, r"roc_auc takes scores \(N,\), .* not float64 \(40, 4\)"),
        (lambda: metrics.roc_auc(Z, T), ValueError, "roc_auc takes labels that are 0 or 1"),
        (lambda: metrics.roc_auc(Z * np.nan, B), ValueError, "no nan among scores"),
        (lambda: metrics.roc_auc(Z[:0], B[:0]), ValueError, "roc_auc takes scores"),
    ],
)  # fmt: skip
def test_what_has_no_such_number_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_on_every_device(on_device):
    y, t = on_device(Y), on_device(T)
    np.testing.assert_array_equal(metrics.confusion_matrix(y, t), metrics.confusion_matrix(Y, T))
    assert metrics.f1(Variable(y), t) == pytest.approx(OF_CLASSES[2][1])
    assert metrics.accuracy(y, t, top=2) == pytest.approx(0.575)
    assert metrics.accuracy(on_device(Z), on_device(B), threshold=0) == pytest.approx(0.35)
    assert metrics.r2(on_device(U), on_device(V)) == pytest.approx(0.47237979816044634)


def test_roc_auc_takes_infinite_scores():
    """log p is -inf where p = 0."""
    t = [0, 1, 0, 1]
    for scores in ([-np.inf, 0.0, -1.0, np.inf], [-np.inf, 0.0, np.inf, -np.inf]):
        finite = np.clip(scores, -1e9, 1e9)
        assert metrics.roc_auc(np.array(scores), t) == metrics.roc_auc(finite, t)
    with pytest.raises(ValueError, match="no nan"):
        metrics.roc_auc(np.full((4, 2), -np.inf), t)


@pytest.mark.parametrize("wrong", ["text", None, {}, {1.0}, ["a", "b"], [None, 1]], ids=repr)
@pytest.mark.parametrize("name", metrics.__all__)
def test_what_is_no_list_of_numbers_is_refused_by_its_name(name, wrong):
    metric = getattr(metrics, name)
    assert metric(Variable([0.2, 0.9]) > 0.5, [0, 1]) is not None
    assert metric([True, False], (0, 1)) is not None
    for what, args in (("y", (wrong, [0, 1])), ("t", ([0.2, 0.9], wrong))):
        words = f"^{name}: {what} must be a Variable, an array or a list of numbers, not "
        with pytest.raises(TypeError, match=words):
            metric(*args)
