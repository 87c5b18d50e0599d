"""What a training has measured: numbers by name, for a program, a table or a picture."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import Any, Generic, TypeVar

from autograd.checks import flag, shown
from autograd.files import Picture

__all__ = ["BESIDE", "History", "Score", "largest_is_best"]

T = TypeVar("T")
BESIDE = ("lr", "gradient_norm", "seconds")  # columns that do not say how good the model is
LARGEST = ("accuracy", "f1", "precision", "r2", "recall", "roc_auc")  # ends of names whose largest value is the best
SMALLEST = ("error", "loss", "mae", "rmse")


class Columns(dict[str, T], Generic[T]):
    """A dict whose entries are attributes too: `history.test_loss` is `history["test_loss"]`."""

    def __getattr__(self, name: str) -> T:
        try:
            return self[name]
        except KeyError:
            kind, names = type(self).__name__, ", ".join(self) or "nothing yet"
            raise AttributeError(f"this {kind} has no {name!r}, it has {names}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class Score(Columns[float]):
    """What `evaluate` measured on all samples: `score.loss`, and each metric under its name."""


class History(Columns[list[float]]):
    """What `fit` measured: a list for each name, a number for each epoch. `pandas.DataFrame(history)` is a table.

    loss, metric            the mean loss, and the metric, or each of several under its name
    test_loss, test_metric  the same on the test data
    lr                      the learning rate of the last update
    gradient_norm           the norm of all gradients together, before clipping: its mean over the updates
    seconds                 of the training, without the test
    """

    @property
    def epochs(self) -> int:
        """How many epochs were measured."""
        return max(map(len, self.values()), default=0)

    def append(self, values: Mapping[str, float]) -> None:
        """Adds the values of an epoch. What an epoch has not measured is nan."""
        if not isinstance(values, Mapping):
            raise TypeError(f"History.append takes a dict of names and numbers, not {shown(values)}")
        n = self.epochs
        for name in [*self, *values]:
            column = self.setdefault(name, [nan] * n)
            if len(column) == n:
                column.append(float(values.get(name, nan)))

    def plot(self, path: str | Path) -> Path:
        """Draws the curves into a picture, whose type follows the extension of `path`, which is returned.

        A notebook shows the picture in place of the path.

        Raises RuntimeError if matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator
        except ImportError as error:
            raise RuntimeError("drawing curves needs matplotlib: pip install 'define-by-run[plot]'") from error
        names = [name for name in self if name not in BESIDE and name.removeprefix("test_") not in {*self} - {name}]
        figure = Figure(figsize=(4 * max(len(names), 1), 3), layout="constrained")
        for axes, name in zip(figure.subplots(1, max(len(names), 1), squeeze=False).flat, names):
            for column, label in ((name, "training"), (f"test_{name}", "test")):
                if column in self:
                    epochs = range(1, len(self[column]) + 1)
                    axes.plot(epochs, self[column], label=label, marker="o" if len(epochs) == 1 else None)
            axes.set(xlabel="epoch", ylabel=name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.legend()
        path = Picture(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
        return path

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {column[-1]:.4g}" for name, column in self.items() if column and name not in BESIDE)
        return f"History of {self.epochs} epochs{', the last with ' * bool(last)}{last}"

    def __reduce__(self) -> Any:
        return History, (dict(self),)


def largest_is_best(owner: str, name: str, largest: bool | None) -> bool:
    """Is the largest value of this name the best? `largest` says it; if it is None, the end of the name.

    Raises ValueError for a name that says nothing, such as "metric".
    """
    if largest is not None:
        return flag(f"{owner}: largest", largest)
    if name.removeprefix("test_").startswith("neg_"):  # scikit-learn's names of negative losses
        return True
    for answer, words in ((True, LARGEST), (False, SMALLEST)):
        if any(f"_{name}".endswith(f"_{word}") for word in words):
            return answer
    raise ValueError(f"{owner}: largest must be given for {name!r}: True as for an accuracy, False as for a loss")
