"""The numbers of a table of rows, and the table: as text, as the summary of README, as JSON, as a picture."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

__all__ = ["Cell", "Results", "as_json", "difference", "footnotes", "geometric_mean", "header", "line", "picture"]
__all__ += ["ratio", "summary"]

OURS = {"plain": "plain NumPy", "fast": "with `fast`", "captured": "captured"}
TITLES = {"plain": "plain", "fast": "fast", "captured": "capt.", "compile": "compile", "jax": "jax"}


@dataclass
class Cell:
    """One side of one row: seconds of each turn, megabytes, or the reason why there are none."""

    seconds: list[float] = field(default_factory=list)
    megabytes: float = math.nan
    reason: str = ""


Results = Mapping[str, Mapping[str, Cell]]  # by row and column


def difference(found: Sequence[Any], expected: Sequence[Any]) -> float:
    """The largest |a - b| / max |b| over pairs of arrays; those of other shapes are joined first."""
    if [a.shape for a in found] != [b.shape for b in expected]:
        found, expected = ([np.concatenate([x.ravel() for x in xs])] if xs else [] for xs in (found, expected))
    if [a.shape for a in found] != [b.shape for b in expected]:
        return math.inf
    pairs = [(a, b) for a, b in zip(found, expected) if b.size]
    return float(np.max([abs(a - b).max() / (abs(b).max() or 1) for a, b in pairs], initial=0.0))


def ratio(a: Cell, b: Cell) -> float:
    """The median of the turns' own ratios. NaN where one side has no times."""
    return statistics.median([x / y for x, y in zip(a.seconds, b.seconds)] or [math.nan])


def geometric_mean(numbers: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, numbers))) if numbers else math.nan


def ratios(results: Results, column: str, to: str = "torch") -> dict[str, float]:
    """By row, where both columns have times."""
    found = {row: ratio(cells[column], cells[to]) for row, cells in results.items() if {column, to} <= cells.keys()}
    return {row: x for row, x in found.items() if not math.isnan(x)}


def shown(x: float, width: int, digits: int) -> str:
    return " " * width if math.isnan(x) else f"{x:{width}.{digits}f}"


def header(columns: Sequence[str]) -> str:
    """What the columns are: times in ms, ratios to PyTorch's eager time, megabytes."""
    names = [TITLES[c] for c in columns if c in TITLES]
    kept = [TITLES.get(c, "torch") for c in columns if c not in ("compile", "jax")]
    return (
        f"{'':28} {'plain':>9} {'torch':>9}   {' '.join(f'{name:>7}' for name in names)}   "
        f"{' '.join(f'{name:>7}' for name in kept)}\n"
        f"{'row':28} {'ms':>9} {'ms':>9}   {'time / PyTorch eager':<{8 * len(names) - 1}}   MB at the peak of a step"
    )


def line(row: str, cells: Mapping[str, Cell], notes: dict[str, int]) -> str:
    """A row of the table; `notes` numbers the reasons for what is missing, and gets new ones."""
    times = [statistics.median(cells[c].seconds or [math.nan]) if c in cells else math.nan for c in ("plain", "torch")]
    found = []
    for column in [c for c in cells if c in TITLES]:
        cell = cells[column]
        if cell.reason:
            found.append(f"{'(' + str(notes.setdefault(cell.reason, len(notes) + 1)) + ')':>7}")
        elif not cell.seconds:
            found.append(f"{'equal':>7}")  # checked, not timed
        else:
            found.append(shown(ratio(cell, cells["torch"]) if "torch" in cells else math.nan, 7, 2))
    kept = [shown(cell.megabytes, 7, 1) for column, cell in cells.items() if column not in ("compile", "jax")]
    return f"{row:28} {' '.join(shown(1e3 * t, 9, 3) for t in times)}   {' '.join(found)}   {' '.join(kept)}".rstrip()


def footnotes(notes: Mapping[str, int]) -> str:
    return "\n".join(f"({number}) {reason}" for reason, number in notes.items())


def summary(results: Results) -> str:
    """The lines for README: means, how many rows are slower or larger, and which."""
    lines = ["| ours, against PyTorch eager | rows | geometric mean | above 1.0 | above 2.0 |", "|---|---|---|---|---|"]
    said = []
    for column, title in OURS.items():
        found = ratios(results, column)
        if found:
            above = [sum(x > bound for x in found.values()) for bound in (1, 2)]
            mean = geometric_mean(list(found.values()))
            lines.append(f"| {title} | {len(found)} | {mean:.2f} | {above[0]} | {above[1]} |")
        said += [
            sentence(f"Slower than PyTorch, {title}", found),
            sentence(f"Against JAX's compiled step, {title}", ratios(results, column, "jax")),
            sentence(f"Against `torch.compile`, {title}", ratios(results, column, "compile")),
            sentence(f"Peak memory against PyTorch's, {title}", memory(results, column)),
        ]
    return "\n".join([*lines, "", *filter(None, said)])


def sentence(start: str, found: Mapping[str, float]) -> str:
    """How many rows there are, their mean, and which are above 1, largest first. Empty if there are none."""
    if not found:
        return ""
    above = sorted([row for row in found if found[row] > 1], key=lambda row: -found[row])
    losses = ", ".join(f"`{row}` {found[row]:.2f}" for row in above) or "none"
    return f"{start}: {len(above)} of {len(found)} rows (mean {geometric_mean(list(found.values())):.2f}): {losses}."


def memory(results: Results, column: str, least: float = 1.0) -> dict[str, float]:
    """Peak memory against PyTorch's by row, where both take at least a megabyte."""
    pairs = {row: (cells[column].megabytes, cells["torch"].megabytes) for row, cells in results.items()
             if {column, "torch"} <= cells.keys()}  # fmt: skip
    return {row: a / b for row, (a, b) in pairs.items() if a >= least and b >= least}


def as_json(results: Results, about: Mapping[str, Any]) -> dict[str, Any]:
    """All turns of all cells, and what they were measured on."""
    rows = {row: {column: asdict(cell) for column, cell in cells.items()} for row, cells in results.items()}
    for cell in [cell for cells in rows.values() for cell in cells.values() if math.isnan(cell["megabytes"])]:
        cell["megabytes"] = None  # JSON knows no nan
    return {"about": dict(about), "rows": rows}


def picture(results: Results, path: str) -> None:
    """A row a line, a mark for each column at its ratio to PyTorch's eager time. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    by_column = {column: ratios(results, column) for column in TITLES}
    order = sorted(results, key=lambda row: by_column["plain"].get(row, 1.0))
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.19 * len(order)), layout="constrained")
    for (column, found), mark in zip(by_column.items(), "os^xd"):
        if found:
            places = [order.index(row) for row in found]
            axes.plot(list(found.values()), places, mark, ms=4, label=OURS.get(column, column))
    axes.axvline(1, color="grey", lw=1)
    axes.set(xscale="log", xlabel="time / time of PyTorch eager", yticks=range(len(order)), ylim=(-1, len(order)))
    axes.set_yticklabels(order, fontsize=7)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=5)
    figure.savefig(path, dpi=120)
    plt.close(figure)
