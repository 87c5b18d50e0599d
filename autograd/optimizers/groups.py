"""Groups of parameters with a learning rate, a decay or other settings of their own.

AdamW(model, 1e-3, groups=[group("encoder", scale=0.1), group(vectors, decay=0.0)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from autograd.checks import number, shown, takes
from autograd.variable import Variable

__all__ = [
    "Group", "Rate", "Which", "below", "check_found", "checked_rate", "group", "grouped", "rate_at", "settings_of",
    "vectors",
]  # fmt: skip

Rate: TypeAlias = float | Callable[[int], float]
Which: TypeAlias = str | Callable[..., bool]


class Group(NamedTuple):
    """Which parameters, and their settings."""

    which: tuple[Which, ...]
    settings: dict[str, Any]


def group(*which: Which, lr: Rate | None = None, scale: float | None = None, **settings: float) -> Group:
    """Parameters with settings of their own, for `groups=[...]` of an optimizer.

    which       paths (`encoder`, `blocks.0.W`), which stand for all parameters at or below them, or functions of the
                path, or of the path and the parameter, such as `vectors`
    lr, scale   a learning rate or a schedule instead of the optimizer's; a factor of it
    settings    other settings of the optimizer, such as `decay`

    Raises TypeError for anything else. A setting that the optimizer lacks is refused there; a path that stands for no
    parameter is a ValueError at the update.
    """
    if not which or not all(isinstance(w, str) or (callable(w) and (takes(w, 1) or takes(w, 2))) for w in which):
        raise TypeError(f"group takes paths and functions of a path, not {which!r:.60}")
    found: dict[str, Any] = {name: number(f"group: {name}", value) for name, value in settings.items()}
    if lr is not None:
        found["lr"] = checked_rate(lr)
    if scale is not None:
        found["scale"] = float(number("group: scale", scale, least=0))
    if not found:
        raise TypeError("group takes a setting, such as lr=1e-4 or decay=0.0, not paths alone")
    return Group(which, found)


def vectors(path: str, p: Variable) -> bool:
    """Is it a vector or a number: a bias, or a scale or shift of a normalization? Those are best left without decay."""
    if not isinstance(p, Variable):
        raise TypeError(f"vectors takes a path and a parameter, for group(vectors, ...), not {shown(p)}")
    return p.ndim <= 1


def below(path: str, prefix: str) -> bool:
    """Is the parameter at `path` the one at `prefix`, or below it?"""
    return path == prefix or path.startswith(prefix + ".")


def check_found(name: str, which: Iterable[Any], params: Iterable[str]) -> None:
    """Raises ValueError for a path among `which` that stands for no parameter."""
    for prefix in which:
        if isinstance(prefix, str) and not any(below(path, prefix) for path in params):
            raise ValueError(f"{name}: there is no parameter at or below {prefix!r}; there are {', '.join(params)}")


def selects(which: Iterable[Which], path: str, p: Variable) -> bool:
    """Is the parameter at `path` one of these?"""
    for w in which:
        if isinstance(w, str):
            if below(path, w):
                return True
        elif w(path, p) if takes(w, 2) else w(path):
            return True
    return False


def settings_of(path: str, p: Variable, groups: Iterable[Group]) -> dict[str, Any]:
    """The settings of a parameter: of its groups, the first that has one counts."""
    found: dict[str, Any] = {}
    for g in groups:
        if selects(g.which, path, p):
            found = {**g.settings, **found}
    return found


def grouped(
    groups: Iterable[Group], params: Mapping[str, Variable], grads: Mapping[str, Any]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of settings and the gradients of the parameters that have them.

    Raises ValueError for a path of a group that stands for no parameter.
    """
    for g in groups:
        check_found("group", g.which, params)
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for path, gradient in grads.items():
        settings = settings_of(path, params[path], groups)
        some = next((some for known, some in found if known == settings), None)
        if some is None:
            found.append((settings, {path: gradient}))
        else:
            some[path] = gradient
    return found


def rate_at(lr: Any, n: int) -> float:
    """The learning rate after n updates. Raises TypeError or ValueError if a schedule gives none."""
    return lr if type(lr) is float else float(number("lr", lr(n), least=0))


def checked_rate(lr: Any) -> Rate:
    """A learning rate as a float, or a schedule. Raises TypeError for a function that takes no count of updates."""
    if not callable(lr):
        return float(number("lr", lr, least=0))
    if isinstance(lr, type) or not takes(lr, 1):
        raise TypeError(
            f"lr must be a number, or a function of the count of updates, as cosine(0.1, 900), not {lr!r:.40}"
        )
    return lr  # type: ignore[no-any-return]
