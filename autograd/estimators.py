"""Estimators of scikit-learn: a network in a `Pipeline`, in `GridSearchCV`, and wherever an estimator goes.

    from autograd.estimators import Classifier

    pipeline = make_pipeline(StandardScaler(), Classifier(epochs=20))
    search = GridSearchCV(pipeline, {"classifier__lr": [1e-3, 1e-2]}, n_jobs=2).fit(x, t)
    search.predict(x)

A `Classifier` learns labels of any kind, a `Regressor` one number or several for each sample. They need scikit-learn:
pip install 'define-by-run[sklearn]'.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np

from autograd.backend import generator, to_numpy
from autograd.bfloat16 import is_bfloat16
from autograd.checks import dtype_of, function, shown, takes, whole
from autograd.config import no_grad, test_mode
from autograd.data import DataLoader
from autograd.functions import mean_squared_error, relu, softmax, softmax_cross_entropy
from autograd.layers import Layer, Linear, Sequential
from autograd.optimizers import Adam

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
except ImportError:  # said when one is made
    BaseEstimator = object
    ClassifierMixin = type("ClassifierMixin", (), {})
    RegressorMixin = type("RegressorMixin", (), {})

__all__ = ["Classifier", "Regressor"]

ROWS = 1024  # samples that are predicted together


class Estimator(BaseEstimator):  # type: ignore[misc]
    """What both have: parameters, the loop of training, and predictions."""

    def __init__(
        self,
        model: Any = None,
        *,
        hidden: tuple[int, ...] = (64,),
        loss: Any = None,
        optimizer: Any = Adam,
        lr: float = 0.01,
        epochs: int = 50,
        batch_size: int | None = 32,
        dtype: Any = "float32",
        random_state: Any = None,
    ) -> None:
        if BaseEstimator is object:
            raise RuntimeError(f"{type(self).__name__} needs scikit-learn: pip install 'define-by-run[sklearn]'")
        self.model = model
        self.hidden = hidden
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.dtype = dtype
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def begin(self, outputs: int, x: Any) -> None:
        """A new network, with its weights drawn, and its optimizer. Raises ValueError if it has other outputs."""
        self.rng_ = generator_for(type(self).__name__, self.random_state)
        self.loss_curve_: list[float] = []
        name = f"{type(self).__name__}: model"
        given = copy.deepcopy(self.model) if isinstance(self.model, Layer) else None  # may draw a seed for both
        with drawing_from(self.rng_), test_mode(), no_grad():
            self.model_ = self.network(name, outputs) if given is None else given
            shape = self.model_.train()(x[:1]).shape
        if shape not in ((1, outputs), (1,) if outputs == 1 else (1, outputs)):
            raise ValueError(f"{name} must give {outputs} outputs, (N, {outputs}), not {shape} for one sample")
        function(f"{type(self).__name__}: optimizer", self.optimizer)
        self.optimizer_ = self.optimizer(self.model_, lr=self.lr)

    def network(self, name: str, outputs: int) -> Layer:
        """A network with this number of outputs: the usual one, or what the function `model` makes."""
        if self.model is None:
            dtype = dtype_of(f"{type(self).__name__}: dtype", self.dtype)
            hidden = self.hidden if isinstance(self.hidden, (tuple, list)) else [self.hidden]
            sizes = [whole(f"{type(self).__name__}: hidden", size) for size in hidden]
            parts = [part for size in sizes for part in (Linear(size, dtype=dtype), relu)]
            return Sequential(*parts, Linear(outputs, dtype=dtype))
        if not callable(self.model) or not takes(self.model, 1):
            raise TypeError(f"{name} must be a Layer, or a function of the number of outputs, not {shown(self.model)}")
        if not isinstance(made := self.model(outputs), Layer):
            raise TypeError(f"{name} must make a Layer, not {shown(made)}")
        return made

    def train(self, x: Any, t: Any, weight: Any, epochs: int) -> None:
        """`epochs` times over the samples: for each batch the loss, its gradients, and an update."""
        N = x.shape[0]
        size = N if self.batch_size is None else whole(f"{type(self).__name__}: batch_size", self.batch_size)
        loader = DataLoader((x, t, weight), size, rng=self.rng_)
        with drawing_from(self.rng_):
            for _ in range(epochs):
                total = 0.0
                for batch in loader:
                    value = self.step(*batch)
                    total += value * batch[0].shape[0]
                if not isfinite(total):
                    raise FloatingPointError(f"the loss is {total / N}: try a smaller lr, or scale the data")
                self.loss_curve_.append(total / N)

    def step(self, x: Any, t: Any, weight: Any) -> float:
        """One update. A loss of each sample is multiplied by its weight; their mean is differentiated."""
        losses = (self.loss or self.usual_loss)(self.model_(x).reshape(self.shape_of(t)), t, reduction="none")
        loss = (losses * weight.reshape(-1, *[1] * (losses.ndim - 1))).mean()
        self.model_.cleargrads()
        loss.backward()
        self.optimizer_.update()
        return float(loss.item())

    def outputs(self, x: Any) -> Any:
        """What the network gives for checked samples."""
        with test_mode(), no_grad():
            return np.concatenate([to_numpy(self.model_(x[i : i + ROWS]).data) for i in range(0, x.shape[0], ROWS)])

    def checked(self, x: Any, y: Any = None, *, reset: bool = False, **options: Any) -> Any:
        """Samples, and targets if there are some, as scikit-learn checks them, in the dtype of this estimator."""
        from sklearn.utils.validation import check_is_fitted, validate_data

        if not reset:
            check_is_fitted(self)
        options["dtype"] = dtype = dtype_of(f"{type(self).__name__}: dtype", self.dtype)
        if is_bfloat16(dtype):
            raise TypeError(
                f"{type(self).__name__}: dtype must be one of scikit-learn's, float16 to float64, not {dtype}"
            )
        with_y = {} if y is None and not reset else {"y": y}
        return validate_data(self, x, **with_y, reset=reset, accept_sparse="csr", **options)

    def weights(self, sample_weight: Any, N: int) -> Any:
        """A weight for each of N samples, with mean 1. Raises ValueError for others."""
        from sklearn.utils import check_array

        if sample_weight is None:
            return np.ones(N, self.dtype)
        w = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
        if w.shape != (N,) or (w < 0).any() or not w.sum() > 0:
            raise ValueError(
                f"sample_weight must be {N} numbers of at least 0, and not all of them zero, not {w.shape}: "
                f"{shown(sample_weight)}"
            )
        return (w / w.mean()).astype(self.dtype)


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A network that tells classes apart, as an estimator of scikit-learn.

    model          a function of the number of classes that makes a Layer, with logits as outputs; or a Layer, of which
                   `fit` trains a copy with the same weights; None: Linear layers of the sizes `hidden`, with relu
    loss           (y, t, reduction="none") -> the loss of each sample; None: `F.softmax_cross_entropy`
    optimizer      a function of the network and `lr`
    epochs         times over the data in `fit`; `partial_fit` goes once
    batch_size     samples in a batch; None: all of them
    dtype          that the data are converted to, once
    random_state   a seed: of the weights, the order and dropout; None: the shared generator, see `ag.seed`

    After `fit`: `model_`, the trained Layer; `classes_`, the labels in the order of the outputs; `loss_curve_`, the
    mean loss of each epoch. Sparse matrices stay sparse: the first layer must be a Linear.

    It passes scikit-learn's `check_estimator`, but for the two checks that weights are as good as repeated samples to
    1e-7: those need dtype="float64".

    Raises ValueError for what scikit-learn refuses, such as nan in the data, and FloatingPointError if the loss is not
    finite.
    """

    usual_loss = staticmethod(softmax_cross_entropy)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Classifier:
        """Trains a new network on samples X (N, D) and labels y (N,)."""
        from sklearn.utils.multiclass import check_classification_targets

        X, y = self.checked(X, y, reset=True)
        check_classification_targets(y)
        self.classes_, t = np.unique(y, return_inverse=True)
        return self.learn(X, t, sample_weight, whole("Classifier: epochs", self.epochs), new=True)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Classifier:
        """Trains on, once over these samples. The first call needs all `classes`, and begins with a new network."""
        from sklearn.utils.multiclass import check_classification_targets

        new = not hasattr(self, "model_")
        if new and classes is None:
            raise ValueError("Classifier: classes must be all labels in the first call of partial_fit, not None")
        X, y = self.checked(X, y, reset=new)
        check_classification_targets(y)
        if new:
            self.classes_ = np.unique(classes)
        if len(unknown := np.setdiff1d(y, self.classes_)):
            raise ValueError(f"Classifier: y must hold labels of classes_, {self.classes_}, not {unknown}")
        return self.learn(X, np.searchsorted(self.classes_, y), sample_weight, 1, new)

    def learn(self, X: Any, t: Any, sample_weight: Any, epochs: int, new: bool) -> Classifier:
        """Trains a new network, or the one there is, on numbers of classes."""
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier takes at least 2 classes, not one class alone, {self.classes_}")
        weight = self.weights(sample_weight, X.shape[0])
        if new:
            self.begin(len(self.classes_), X)
        self.train(X, t.astype(np.int64), weight, epochs)
        return self

    def shape_of(self, t: Any) -> tuple[int, ...]:
        """The shape of the outputs for targets t."""
        return (len(t), len(self.classes_))

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, (N, C), in the order of `classes_`."""
        return softmax(self.outputs(self.checked(X)))

    def predict(self, X: Any) -> Any:
        """The most probable label of each sample, (N,)."""
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A network that predicts numbers, as an estimator of scikit-learn. The parameters are those of `Classifier`.

    `model` gives one output for targets (N,), and K for (N, K). The loss is `F.mean_squared_error`, and it has no
    scale of its own: scale the targets, for example with scikit-learn's `TransformedTargetRegressor`.
    """

    usual_loss = staticmethod(mean_squared_error)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Regressor:
        """Trains a new network on samples X (N, D) and targets y, (N,) or (N, K)."""
        return self.learn(X, y, sample_weight, whole("Regressor: epochs", self.epochs), new=True)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Regressor:
        """Trains on, once over these samples. The first call begins with a new network."""
        return self.learn(X, y, sample_weight, 1, new=not hasattr(self, "model_"))

    def learn(self, X: Any, y: Any, sample_weight: Any, epochs: int, new: bool) -> Regressor:
        """Trains a new network, or the one there is."""
        X, y = self.checked(X, y, reset=new, multi_output=True, y_numeric=True)
        t = y.astype(self.dtype)
        weight = self.weights(sample_weight, X.shape[0])
        if new:
            self.single_ = t.ndim == 1
            self.begin(1 if self.single_ else t.shape[1], X)
        self.train(X, t, weight, epochs)
        return self

    def shape_of(self, t: Any) -> tuple[int, ...]:
        """The shape of the outputs for targets t."""
        return tuple(t.shape)

    def predict(self, X: Any) -> Any:
        """The numbers for each sample as float64: (N,) or (N, K), as the targets were."""
        y = self.outputs(self.checked(X)).astype(np.float64)
        return y.reshape(-1) if self.single_ else y


def generator_for(name: str, random_state: Any) -> np.random.Generator:
    """The generator of a seed, of a generator of either kind, or the shared one for None."""
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31))
    if random_state is None or isinstance(random_state, np.random.Generator):
        return generator(random_state)
    return np.random.default_rng(whole(f"{name}: random_state", random_state, 0))


@contextlib.contextmanager
def drawing_from(rng: np.random.Generator) -> Iterator[None]:
    """Inside, weights and dropout draw from `rng` in place of the shared generator."""
    before, generator.rng = generator.rng, rng
    try:
        yield
    finally:
        generator.rng = before
