"""Losses against PyTorch: each reduction, weights of elements and of classes, values and gradients."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from tests.against_torch import close, one_thread, torch

__all__ = ["one_thread"]

T, rng = torch.nn.functional, np.random.default_rng(0)
X, Y, Z = [rng.standard_normal((4, 3)) for _ in range(3)]
W, LABELS, SIGNS = rng.uniform(0.2, 2, (4, 3)), np.array([0, 2, 1, 2]), np.array([1.0, -1, 1, -1])
LIKELY, BITS = W / W.sum(1, keepdims=True), (Y > 0) * 1.0
t = torch.tensor


def agree(reduction, f, g, *arrays):
    """Do f on Variables and g on tensors give the same loss, and the same gradients?"""
    given, tensors = [Variable(a) for a in arrays], [t(a, requires_grad=True) for a in arrays]
    y, expected = f(*given, reduction=reduction), g(*tensors, reduction=reduction)
    close(y, expected)
    seed = rng.standard_normal(y.shape)
    gradients = torch.autograd.grad(expected, tensors, t(seed))
    for found, e in zip(grad([y], given, [seed]), gradients):
        close(found, e)


@pytest.mark.parametrize("r", ["mean", "sum", "none"])
def test_losses_of_elements(r):
    agree(r, F.mean_squared_error, T.mse_loss, X, Y)
    agree(r, F.mean_absolute_error, T.l1_loss, X, Y)
    agree(
        r,
        lambda x, y, **o: F.huber_loss(x, y, 0.5, weight=W, **o),
        lambda x, y, **o: T.huber_loss(x, y, delta=0.5, weight=t(W), **o),
        X,
        Y,
    )
    agree(
        r,
        lambda x, y, **o: F.smooth_l1_loss(x, y, 0.5, **o),
        lambda x, y, **o: T.smooth_l1_loss(x, y, beta=0.5, **o),
        X,
        Y,
    )
    agree(
        r,
        lambda p, **o: F.binary_cross_entropy(p, BITS, weight=W, **o),
        lambda p, **o: T.binary_cross_entropy(p, t(BITS), weight=t(W), **o),
        LIKELY,
    )
    agree(
        r,
        lambda x, **o: F.sigmoid_cross_entropy(x, BITS, weight=W, pos_weight=W[0], **o),
        lambda x, **o: T.binary_cross_entropy_with_logits(x, t(BITS), weight=t(W), pos_weight=t(W[0]), **o),
        X,
    )
    agree(
        r,
        lambda x, **o: F.poisson_nll_loss(x, W * 3, full=True, **o),
        lambda x, **o: T.poisson_nll_loss(x, t(W * 3), full=True, **o),
        X,
    )
    agree(
        r,
        lambda x, y, v, **o: F.gaussian_nll_loss(x, y, v, True, **o),
        lambda x, y, v, **o: T.gaussian_nll_loss(x, y, v, True, **o),
        X,
        Y,
        W,
    )


@pytest.mark.parametrize("r", ["mean", "sum", "none"])
def test_losses_of_classes(r):
    for weight in (None, W[0]):
        w = None if weight is None else t(weight)
        for ignored in (-100, 2):
            options = {"ignore_index": ignored, "weight": weight}
            theirs = {"ignore_index": ignored, "weight": w}
            for s in (0.0, 0.1):
                agree(
                    r,
                    lambda x, **o: F.softmax_cross_entropy(x, LABELS, smoothing=s, **options, **o),
                    lambda x, **o: T.cross_entropy(x, t(LABELS), label_smoothing=s, **theirs, **o),
                    X,
                )
            agree(
                r,
                lambda x, **o: F.nll_loss(x, LABELS, **options, **o),
                lambda x, **o: T.nll_loss(x, t(LABELS), **theirs, **o),
                X,
            )
        for s in (0.0, 0.1):
            agree(
                r,
                lambda x, **o: F.softmax_cross_entropy(x, LIKELY, smoothing=s, weight=weight, **o),
                lambda x, **o: T.cross_entropy(x, t(LIKELY), label_smoothing=s, weight=w, **o),
                X,
            )
        agree(
            r,
            lambda x, **o: F.multi_margin_loss(x, LABELS, 2, 0.5, weight=weight, **o),
            lambda x, **o: T.multi_margin_loss(x, t(LABELS), p=2, margin=0.5, weight=w, **o),
            X,
        )
        agree(
            r,
            lambda x, **o: F.multilabel_soft_margin_loss(x, BITS, weight=weight, **o),
            lambda x, **o: T.multilabel_soft_margin_loss(x, t(BITS), weight=w, **o),
            X,
        )


@pytest.mark.parametrize("r", ["mean", "sum", "none"])
def test_losses_of_pairs_and_margins(r):
    agree(
        r,
        lambda x, y, **o: F.cosine_embedding_loss(x, y, SIGNS, 0.1, **o),
        lambda x, y, **o: T.cosine_embedding_loss(x, y, t(SIGNS), 0.1, **o),
        X,
        Y,
    )
    for swap in (False, True):
        agree(
            r,
            lambda *xs, **o: F.triplet_margin_loss(*xs, swap=swap, **o),
            lambda *xs, **o: T.triplet_margin_loss(*xs, swap=swap, **o),
            X,
            Y,
            Z,
        )
    x, y = X[:, 0], Y[:, 0]
    agree(
        r,
        lambda x, **o: F.hinge_embedding_loss(x, SIGNS, **o),
        lambda x, **o: T.hinge_embedding_loss(x, t(SIGNS), **o),
        x,
    )
    agree(r, lambda x, **o: F.soft_margin_loss(x, SIGNS, **o), lambda x, **o: T.soft_margin_loss(x, t(SIGNS), **o), x)
    agree(
        r,
        lambda x, y, **o: F.margin_ranking_loss(x, y, SIGNS, 0.2, **o),
        lambda x, y, **o: T.margin_ranking_loss(x, y, t(SIGNS), 0.2, **o),
        x,
        y,
    )


def test_similarity():
    def one(f):
        return lambda *xs, reduction: f(*xs)

    for axis in (0, 1):
        agree(
            None,
            one(lambda x, y: F.cosine_similarity(x, y, axis)),
            one(lambda x, y: T.cosine_similarity(x, y, axis)),
            X,
            Y,
        )
        agree(None, one(lambda x: F.normalize(x, 3, axis)), one(lambda x: T.normalize(x, 3, axis)), X)
    agree(None, one(lambda x, y: F.pairwise_distance(x, y, 3)), one(lambda x, y: T.pairwise_distance(x, y, 3)), X, Y)
    zeros = np.zeros((4, 3))
    agree(None, one(F.cosine_similarity), one(T.cosine_similarity), zeros, X)
    agree(None, one(lambda x: F.normalize(x, axis=1)), one(T.normalize), zeros)
