"""Scripts written for DeZero, unmodified, on this package.

    python -m autograd.dezero script.py

`import autograd.dezero` does the same inside a program: from then on `import dezero`, `import dezero.functions as F`
and so on mean this package under the names and conventions of DeZero 0.0.13, whatever else is installed. A name that is
missing is an error that says so.

Results are those that DeZero prints, random ones too where `np.random.seed` is set. Where DeZero fails or is wrong,
this does what was meant: layers in a list, batch normalization and convolution differentiated twice, padding that never
wins a maximum, `x * 2.0` that stays float32.
Not here: `Conv2DGradW`, `Pooling2DGrad` and `Pooling2DWithIndexes`, inner halves of derivatives, and
`Variable.set_creator`: whoever calls a Function has no need of it.
"""

from __future__ import annotations

import math
import os
import sys
from types import ModuleType
from typing import Any

import numpy as np

from autograd import config
from autograd.dezero import checks, cifar, data, devices, functions, layers, networks, optimizers, pictures, variables


class Facade(ModuleType):
    """A module of DeZero: the given names, and a clear error for others."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name, f"{name}, by autograd.dezero")
        vars(self).update(names)
        self.__path__: list[str] = []  # a package, so that `from dezero.functions import ...` asks the Finder too

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(missing(self, name))


class Finder:
    """Is asked for the modules that nobody else has found."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        parent, _, last = name.rpartition(".")
        if isinstance(sys.modules.get(parent), Facade):
            raise ImportError(missing(sys.modules[parent], last), name=name)


def missing(module: ModuleType, name: str) -> str:
    """The message about a name that a module of DeZero does not have here."""
    there = [public for public in vars(module) if not public.startswith("_")]
    return f"{module.__name__} has no {name!r} in autograd.dezero. It has: {', '.join(there)}"


def picked(source: Any, names: str) -> dict[str, Any]:
    """The attributes of these names."""
    return {name: getattr(source, name) for name in names.split()}


OPERATORS = "Add Sub Mul Div Neg Pow add sub rsub mul div rdiv neg pow"
CONVOLUTIONS = (
    "conv2d deconv2d conv2d_simple im2col col2im pooling pooling_simple average_pooling "
    "Conv2d Deconv2d Im2col Col2im Pooling AveragePooling"
)

MODULES: dict[str, list[tuple[Any, str]]] = {  # what each module of DeZero has, and where that is taken from
    "core": [
        (variables, "Variable Parameter Function Config using_config as_variable as_array setup_variable"),
        (functions.F, OPERATORS),
        (config, "no_grad test_mode"),
        (devices, "array_types"),
    ],
    "core_simple": [
        (variables, "Config using_config as_array setup_variable"),
        (functions.F, OPERATORS),
        (config, "no_grad"),
    ],
    "functions": [(functions.F, " ".join(vars(functions.F)))],
    "functions_conv": [(functions.F, CONVOLUTIONS), (functions, "im2col_array col2im_array")],
    "layers": [(layers, "Layer Linear Conv2d Deconv2d RNN LSTM EmbedID BatchNorm")],
    "models": [
        (layers, "Model Sequential MLP"),
        (networks, "VGG16 ResNet ResNet50 ResNet101 ResNet152 SqueezeNet BuildingBlock BottleneckA BottleneckB"),
    ],
    "optimizers": [(optimizers, "Optimizer SGD MomentumSGD AdaGrad AdaDelta Adam WeightDecay ClipGrad FreezeParam")],
    "datasets": [
        (data, "Dataset get_spiral Spiral MNIST SinCurve Shakespear ImageNet get_file cache_dir"),
        (data, "load_cache_npz save_cache_npz"),
        (cifar, "CIFAR10 CIFAR100"),
    ],
    "dataloaders": [(data, "DataLoader SeqDataLoader")],
    "transforms": [
        (data, "Compose Convert Resize CenterCrop ToArray ToPIL RandomHorizontalFlip Normalize Flatten"),
        (data, "AsType ToFloat ToInt"),
    ],
    "utils": [
        (pictures, "get_dot_graph plot_dot_graph"),
        (checks, "gradient_check numerical_grad array_equal array_allclose"),
        (checks, "sum_to reshape_sum_backward logsumexp max_backward_shape"),
        (functions, "pair get_conv_outsize get_deconv_outsize"),
        (data, "get_file cache_dir show_progress"),
    ],
    "cuda": [(devices, " ".join(devices.NAMES))],
}
TOP = {
    "core": "Variable Parameter Function using_config no_grad test_mode as_array as_variable setup_variable Config",
    "layers": "Layer",
    "models": "Model",
    "datasets": "Dataset",
    "dataloaders": "DataLoader SeqDataLoader",
}
IMPORTED = {  # what modules of DeZero have because they import it: `from dezero.layers import *` brings it along
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
SIMPLE = {
    "Variable": variables.SimpleVariable,
    "Function": variables.SimpleFunction,
    "as_variable": variables.as_simple_variable,
}


def register() -> None:
    """Puts the modules of DeZero where `import` looks first."""
    facades = {}
    for name, sources in MODULES.items():
        content: dict[str, Any] = {}
        for source, names in sources:
            content |= picked(source, names)
        facades[name] = Facade(f"dezero.{name}", content)
    vars(facades["core_simple"]).update(SIMPLE)
    top = Facade("dezero", {"__version__": "0.0.13", "is_simple_core": False, **facades})
    for name, names in TOP.items():
        vars(top).update(picked(facades[name], names))
    bring_along(facades, top)
    sys.modules.update({"dezero": top, **{facade.__name__: facade for facade in facades.values()}})
    if Finder not in sys.meta_path:
        sys.meta_path.append(Finder)


def bring_along(facades: dict[str, Facade], top: Facade) -> None:
    """Gives the modules of DeZero the names that they import."""
    known: dict[str, Any] = {"np": np, "os": os, "math": math, "F": facades["functions"], "L": facades["layers"]}
    for facade in (*[facades[name] for name in ("functions", "utils", "transforms", "core")], top):
        known |= vars(facade)
    known["dezero"] = top
    for name, names in IMPORTED.items():
        vars(facades[name]).update({word: known[word] for word in names.split()})


register()
