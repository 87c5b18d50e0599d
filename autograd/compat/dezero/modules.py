"""The modules of DeZero, made of the files of this folder, and their registration."""

from __future__ import annotations

import importlib
import math
import os
import sys
from types import ModuleType
from typing import Any

import numpy as np

from autograd.compat.dezero import cuda
from autograd.compat.dezero.functions import F

__all__ = ["register"]


class Facade(ModuleType):
    """A module of DeZero: the given names, and an error for any other."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name, f"{name}, by autograd.compat.dezero")
        vars(self).update(names)
        self.__path__: list[str] = []  # a package, so that `from dezero.functions import ...` asks the Finder too

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(missing(self, name))


class Finder:
    """Is asked by `import` for modules that nobody else has found."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        parent, _, last = name.rpartition(".")
        if isinstance(sys.modules.get(parent), Facade):
            raise ImportError(missing(sys.modules[parent], last), name=name)


def missing(module: ModuleType, name: str) -> str:
    """The message about a name that is not in a module of DeZero."""
    there = [public for public in vars(module) if not public.startswith("_")]
    return f"{module.__name__} has no {name!r} in autograd.dezero. It has: {', '.join(there)}"


def picked(source: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


OPERATORS = "Add Sub Mul Div Neg Pow add sub rsub mul div rdiv neg pow"
CONVOLUTIONS = (
    "conv2d deconv2d conv2d_simple im2col col2im pooling pooling_simple average_pooling "
    "Conv2d Deconv2d Im2col Col2im Pooling AveragePooling"
)
MODULES = (
    "core core_simple functions functions_conv layers models optimizers datasets dataloaders transforms utils cuda"
)
FILES = {  # a module has the names in `__all__` of these files, otherwise of the file of its own name ...
    "core": "core switches",
    "functions": "",
    "datasets": "datasets cifar cache",
    "utils": "pictures gradient_check arrays cache",
}
MORE: dict[str, dict[str, Any]] = {  # ... and has these names
    "core": {"array_types": cuda.array_types, **picked(F, OPERATORS.split())},
    "core_simple": picked(F, OPERATORS.split()),
    "functions": vars(F),
    "functions_conv": picked(F, CONVOLUTIONS.split()),
}
TOP = {  # the names of `dezero` itself, by the module that has them
    "core": "Variable Parameter Function using_config no_grad test_mode as_array as_variable setup_variable Config",
    "layers": "Layer",
    "models": "Model",
    "datasets": "Dataset",
    "dataloaders": "DataLoader SeqDataLoader",
}
IMPORTED = {  # the names that a module of DeZero imports: `from dezero.layers import *` imports them too
    "core": "np dezero",
    "core_simple": "np",
    "functions": "np dezero cuda utils Function Variable as_variable as_array",
    "functions_conv": "np cuda Function as_variable pair get_conv_outsize get_deconv_outsize linear broadcast_to",
    "layers": "np os F cuda Parameter pair",
    "models": "np Layer F L utils",
    "optimizers": "math cuda Parameter",
    "datasets": "np os Compose Flatten ToFloat Normalize",
    "dataloaders": "np math cuda",
    "transforms": "np pair",
    "utils": "np os as_variable Variable cuda",
    "cuda": "np Variable",
}


def register() -> None:
    """Puts the modules of DeZero where `import` looks first."""
    facades = {}
    for name in MODULES.split():
        content: dict[str, Any] = {}
        for file in FILES.get(name, name).split():
            module = importlib.import_module(f"autograd.compat.dezero.{file}")
            content |= picked(module, module.__all__)
        facades[name] = Facade(f"dezero.{name}", content | MORE.get(name, {}))
    top = Facade("dezero", {"__version__": "0.0.13", "is_simple_core": False, **facades})
    for name, names in TOP.items():
        vars(top).update(picked(facades[name], names.split()))
    add_imported(facades, top)
    sys.modules.update({"dezero": top, **{facade.__name__: facade for facade in facades.values()}})
    if Finder not in sys.meta_path:
        sys.meta_path.append(Finder)


def add_imported(facades: dict[str, Facade], top: Facade) -> None:
    """Gives the modules of DeZero the names that they import."""
    known: dict[str, Any] = {"np": np, "os": os, "math": math, "F": facades["functions"], "L": facades["layers"]}
    for facade in (*[facades[name] for name in ("functions", "utils", "transforms", "core")], top):
        known |= vars(facade)
    known["dezero"] = top
    for name, names in IMPORTED.items():
        vars(facades[name]).update({word: known[word] for word in names.split()})
