"""How far the training is, for a person: a bar and a line for each epoch, where somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from autograd.checks import flag
from autograd.history import BESIDE

__all__ = ["Report", "progress"]

SELDOM = 10.0  # seconds between two lines in a file


class Report:
    """Tells of the training, on the error stream; in a notebook on the other one.

    verbose   None: in a terminal or a notebook a bar while an epoch runs and a line after it; elsewhere, as in a log, a
              line after an epoch, but no two within ten seconds. True: a line after each epoch. False: nothing
    """

    def __init__(self, epochs: int, verbose: bool | None) -> None:
        self.epochs, self.verbose = epochs, None if verbose is None else flag("fit: verbose", verbose)
        self.latest = time.perf_counter()
        self.bar: Any = None

    def batches(self, loader: Iterable[Any], epoch: int) -> Iterable[Any]:
        """The batches of an epoch, with a bar if somebody looks and tqdm is installed."""
        found = loader if self.verbose is False else progress(loader, f"epoch {epoch}/{self.epochs}")
        self.bar = None if found is loader else found
        return found

    def loss(self, mean: float) -> None:
        """Shows the mean loss of the epoch so far beside the bar."""
        if self.bar is not None:
            self.bar.set_postfix_str(f"loss {mean:.4g}", refresh=False)

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        """Writes the line of an epoch."""
        late = time.perf_counter() - self.latest > SELDOM
        if self.verbose or (self.verbose is None and (late or watched())):
            self.latest = time.perf_counter()
            shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items() if name not in BESIDE)
            seconds = f"  {values['seconds']:.1f} s" if "seconds" in values else ""
            stream = sys.stdout if in_notebook() else sys.stderr  # which a notebook paints red
            print(f"epoch {epoch}/{self.epochs}  {shown}{seconds}", file=stream, flush=True)


def progress(loader: Iterable[Any], title: str) -> Iterable[Any]:
    """`loader` with a progress bar, if tqdm is installed and somebody looks: in a terminal, or in a notebook."""
    if not watched():
        return loader
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return loader
    return tqdm(loader, title, leave=False)  # type: ignore[no-any-return]


def watched() -> bool:
    """Does somebody look?"""
    return sys.stderr.isatty() or in_notebook()


def in_notebook() -> bool:
    """Is this the kernel of a notebook?"""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
