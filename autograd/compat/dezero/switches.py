"""`Config` of `dezero.core`: two fields of the house's mode as attributes of a class."""

from __future__ import annotations

from typing import Any

from autograd.config import mode, no_grad, test_mode, training, using

__all__ = ["Config", "no_grad", "test_mode", "using_config"]

SWITCHES = {"enable_backprop": "recording", "train": "training"}  # a field of the mode for each


def field(name: str) -> str:
    if name not in SWITCHES:
        raise AttributeError(f"Config has {' and '.join(SWITCHES)}, and no {name!r}")
    return SWITCHES[name]


class Switches(type):
    """The class of `Config`, whose attributes are read from the mode and written to it."""

    def __getattr__(cls, name: str) -> bool:
        return training() if name == "train" else getattr(mode.get(), field(name))  # type: ignore[no-any-return]

    def __setattr__(cls, name: str, value: bool) -> None:
        mode.set(mode.get()._replace(**{field(name): value}))  # type: ignore[arg-type]


class Config(metaclass=Switches):
    """`Config.enable_backprop` and `Config.train`."""


def using_config(name: str, value: bool) -> Any:
    """Sets a switch of Config for a block: `with using_config("train", False):`"""
    return using(**{field(name): value})
