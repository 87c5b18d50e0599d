"""A define-by-run automatic differentiation framework: write the model as a Python program, call `backward()`.

>>> import autograd as ag
>>> x = ag.Variable([1.0, 2.0, 3.0])
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
Variable([2., 4., 6.])

The usual names: `import autograd.functions as F`, `autograd.layers as L`, `autograd.optimizers as O`.
"""

import importlib
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from autograd.kernels import blas as _blas  # noqa: F401  # before NumPy, which reads at its import what this sets

# isort: split
from autograd.algebra import as_array
from autograd.backend import generator, gpu_available, seed
from autograd.config import default_dtype, enable_grad, no_grad, set_default_dtype, test_mode
from autograd.function import Function
from autograd.names import missing_name
from autograd.variable import Variable, as_variable, grad

if TYPE_CHECKING:
    from autograd import checkpoints as checkpoints
    from autograd import data as data
    from autograd import derivatives as derivatives
    from autograd import distributed as distributed
    from autograd import estimators as estimators
    from autograd import formats as formats
    from autograd import functions as functions
    from autograd import layers as layers
    from autograd import metrics as metrics
    from autograd import models as models
    from autograd import optimizers as optimizers
    from autograd import programs as programs
    from autograd import serialize as serialize
    from autograd import tensorboard as tensorboard
    from autograd import testing as testing
    from autograd import training as training
    from autograd import visualize as visualize
    from autograd import watch as watch
    from autograd.derivatives import (
        functional_call,
        hessian,
        hvp,
        jacobian,
        jvp,
        laplacian,
        root,
        value_and_grad,
        vjp,
        vmap,
    )
    from autograd.dlpack import from_dlpack
    from autograd.kernels.compiled import fast
    from autograd.layers import Buffer, Layer, Parameter
    from autograd.programs import capture, emit
    from autograd.recompute import checkpoint
    from autograd.watch import anomaly, profile

__version__ = "0.1.0"
__all__ = [
    "Buffer",
    "Function",
    "Layer",
    "Parameter",
    "Variable",
    "anomaly",
    "as_array",
    "as_variable",
    "capture",
    "checkpoint",
    "default_dtype",
    "emit",
    "enable_grad",
    "fast",
    "from_dlpack",
    "functional_call",
    "generator",
    "gpu_available",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "laplacian",
    "no_grad",
    "profile",
    "root",
    "seed",
    "set_default_dtype",
    "test_mode",
    "value_and_grad",
    "vjp",
    "vmap",
]

PARTS = (
    "checkpoints", "data", "derivatives", "distributed", "estimators", "functions", "formats", "layers", "metrics",
    "models", "optimizers", "programs", "serialize", "tensorboard", "testing", "training", "visualize", "watch",
)  # fmt: skip
LATER = {  # public names that need more than the core, and the part that has them
    "Buffer": "layers", "Layer": "layers", "Parameter": "layers", "anomaly": "watch", "profile": "watch",
    "capture": "programs", "checkpoint": "recompute", "emit": "programs",
    "fast": "kernels.compiled", "from_dlpack": "dlpack",
    "functional_call": "derivatives", "hessian": "derivatives", "hvp": "derivatives", "jacobian": "derivatives",
    "jvp": "derivatives", "laplacian": "derivatives", "root": "derivatives", "value_and_grad": "derivatives",
    "vjp": "derivatives", "vmap": "derivatives",
}  # fmt: skip


if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """What needs more than the core is imported when it is first asked for: `autograd.data.digits()` just works."""
        if name in PARTS:
            return importlib.import_module(f"autograd.{name}")
        if name in LATER:
            return getattr(importlib.import_module(f"autograd.{LATER[name]}"), name)
        raise missing_name("autograd", name, [*PARTS, *__all__])


def warn_of_the_other_autograd() -> None:
    """Warns if the distribution `autograd` (HIPS) is installed: it has the same import name and overwrites our files.

    Looks for the name of its metadata in the folders of `sys.path`, which is cheaper than `importlib.metadata`.
    """
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        if any(name.startswith("autograd-") and name.endswith((".dist-info", ".egg-info")) for name in names):
            warnings.warn(
                "the distribution 'autograd' (HIPS) is installed beside 'define-by-run', and both are imported as "
                "`autograd`, so files of one may have replaced files of the other. Keep one of them: "
                "pip uninstall -y autograd define-by-run && pip install define-by-run",
                stacklevel=3,
            )
            return


warn_of_the_other_autograd()
