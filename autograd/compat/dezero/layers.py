"""`dezero.layers`. Weights are drawn by `np.random.randn` in DeZero's order, so a seed gives the same ones.

A parameter in a file of weights has DeZero's name, such as `l1/W`. DeZero can read the file, and can have written it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod, sqrt
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, is_array, namespace, to_numpy
from autograd.compat.dezero.arrays import pair
from autograd.compat.dezero.cache import write_npz
from autograd.compat.dezero.core import Parameter
from autograd.compat.dezero.functions import F
from autograd.files import replacing
from autograd.formats import read_weights
from autograd.function import Tracked
from autograd.layers import base

__all__ = ["BatchNorm", "Conv2d", "Deconv2d", "EmbedID", "LSTM", "Layer", "Linear", "RNN"]


class Layer(base.Layer):
    """DeZero's Layer. `inputs` and `outputs` are weak references to the Variables of the last call."""

    def __init__(self) -> None:
        """Does nothing. Subclasses call it."""

    def __call__(self, *inputs: Any) -> Any:
        outputs = super().__call__(*inputs)
        several = isinstance(outputs, tuple)
        self.inputs = [ref(x) for x in inputs if isinstance(x, Tracked) or is_array(x)]
        self.outputs = [ref(y) for y in (outputs if several else [outputs])]
        return outputs

    def __getstate__(self) -> dict[str, Any]:
        """All but the last call: copies and pickles have not been called."""
        return {name: x for name, x in vars(self).items() if name not in ("inputs", "outputs")}

    def children(self) -> Iterator[tuple[Any, Any]]:
        """The attributes, but for those of the last call."""
        return iter(self.__getstate__().items())

    @property
    def _params(self) -> set[str]:
        """The names of the attributes that are parameters or layers."""
        return {name for name, x in vars(self).items() if isinstance(x, (Parameter, base.Layer))}

    def _flatten_params(self, params_dict: dict[str, Any], parent_key: str = "") -> None:
        """Puts the parameters into a dict, under names such as `l1/W`."""
        params_dict.update((f"{parent_key}/{path}" if parent_key else path, p) for path, p in paths(self))

    def to_cpu(self) -> None:
        for parameter in self.params():
            parameter.to_cpu()  # type: ignore[attr-defined]

    def to_gpu(self) -> None:
        for parameter in self.params():
            parameter.to_gpu()  # type: ignore[attr-defined]

    def reset_state(self) -> None:
        """Starts a new sequence in every recurrent layer below."""
        for layer in base.Layer.layers(self):  # a model may have an attribute of that name
            if layer is not self:
                layer.reset_state()

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Writes all parameters to an `.npz` file. Raises RuntimeError if a parameter has no data yet."""
        arrays: Any = {name: p.data for name, p in paths(self)}
        waiting = [name for name, array in arrays.items() if array is None]
        if waiting:
            raise RuntimeError(f"{', '.join(waiting)}: no data yet. Call the model once before its weights are saved.")
        target = Path(path if str(path).endswith(".npz") else f"{path}.npz")
        with replacing(target) as temporary:
            write_npz(temporary, dict(zip(arrays, map(to_numpy, arrays.values()))))

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Reads the parameters from a file.

        Raises KeyError, and changes nothing, if the file lacks one. Raises ValueError if it is damaged, or if one has
        another shape.
        """
        arrays = read_weights(path, most=sum([p.data.nbytes for _, p in paths(self) if p.data is not None]))
        missing = [name for name, _ in paths(self) if name not in arrays]
        if missing:
            raise KeyError(f"{path} has no {', '.join(missing)}; it has {', '.join(arrays)}")
        other = [name for name, p in paths(self) if p.data is not None and p.data.shape != arrays[name].shape]
        if other:
            raise ValueError(f"{path} does not fit this {type(self).__name__}: {', '.join(other)} have another shape")
        for name, p in paths(self):
            p.data = arrays[name]


def in_attributes(layer: base.Layer, lead: str = "") -> Iterator[tuple[str, Any]]:
    """The parameters that are found through attributes alone, by DeZero's names."""
    for name, x in vars(layer).items():
        if isinstance(x, Parameter):
            yield lead + name, x
        elif isinstance(x, base.Layer):
            yield from in_attributes(x, f"{lead}{name}/")


def paths(layer: base.Layer) -> list[tuple[str, Any]]:
    """All parameters by DeZero's names, each once. Those in attributes come first, then those in lists."""
    found: dict[int, tuple[str, Any]] = {}
    for path, p in [*in_attributes(layer), *layer.named_params()]:
        found.setdefault(id(p), (path.replace(".", "/"), p))
    return list(found.values())


def random_weights(shape: tuple[int, ...], dtype: Any, fan_in: int, x: Any = None) -> Array:
    """Random weights, normal with variance 1 / fan_in, on the device of x."""
    return namespace(as_array(x)).random.randn(*shape).astype(dtype) * sqrt(1 / fan_in)


def bias(size: int, nobias: bool, dtype: Any) -> Parameter | None:
    return None if nobias else Parameter(np.zeros(size, dtype), name="b")


class Linear(Layer):
    """y = x W + b.   (N, I) -> (N, O)"""

    def __init__(
        self, out_size: int, nobias: bool = False, dtype: Any = np.float32, in_size: int | None = None
    ) -> None:
        super().__init__()
        self.in_size, self.out_size, self.dtype = in_size, out_size, dtype
        self.W = Parameter(None, name="W")
        if in_size is not None:
            self.init_W(in_size)
        self.b = bias(out_size, nobias, dtype)

    def init_W(self, in_size: int, x: Any = None) -> None:
        self.in_size = in_size
        self.W.data = random_weights((in_size, self.out_size), self.dtype, in_size, x)

    def forward(self, x: Any) -> Any:
        if self.W.data is None:
            self.init_W(x.shape[1], x)
        return F.linear(x, self.W, self.b)


class Conv2d(Layer):
    """A convolution.   (N, C, H, W) -> (N, OC, OH, OW)"""

    filters_first = True  # W is (OC, C, KH, KW), and (C, OC, KH, KW) in the transposed convolution
    function = staticmethod(F.conv2d)

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.pad, self.dtype = stride, pad, dtype
        self.W = Parameter(None, name="W")
        if in_channels is not None:
            self.init_W(in_channels)
        self.b = bias(out_channels, nobias, dtype)

    def init_W(self, in_channels: int, x: Any = None) -> None:
        self.in_channels = in_channels
        channels = (self.out_channels, in_channels) if self.filters_first else (in_channels, self.out_channels)
        kernel = pair(self.kernel_size)
        self.W.data = random_weights((*channels, *kernel), self.dtype, in_channels * prod(kernel), x)

    def forward(self, x: Any) -> Any:
        if self.W.data is None:
            self.init_W(x.shape[1], x)
        return self.function(x, self.W, self.b, self.stride, self.pad)


class Deconv2d(Conv2d):
    """A transposed convolution.   (N, C, H, W) -> (N, OC, OH, OW)"""

    filters_first = False
    function = staticmethod(F.deconv2d)


class RNN(Layer):
    """h <- tanh(x Wx + h Wh + b)"""

    def __init__(self, hidden_size: int, in_size: int | None = None) -> None:
        super().__init__()
        self.x2h = Linear(hidden_size, in_size=in_size)
        self.h2h = Linear(hidden_size, in_size=in_size and hidden_size, nobias=True)
        self.h: Any = None

    def reset_state(self) -> None:
        self.h = None

    def forward(self, x: Any) -> Any:
        self.h = F.tanh(self.x2h(x) if self.h is None else self.x2h(x) + self.h2h(self.h))
        return self.h


class LSTM(Layer):
    """c <- f c + i u;  h <- o tanh(c);  f, i, o = sigmoid(x Wx + h Wh + b), u = tanh(...), each with its own weights"""

    def __init__(self, hidden_size: int, in_size: int | None = None) -> None:
        super().__init__()
        for gate in "fiou":
            setattr(self, f"x2{gate}", Linear(hidden_size, in_size=in_size))
        for gate in "fiou":
            setattr(self, f"h2{gate}", Linear(hidden_size, in_size=hidden_size, nobias=True))
        self.h: Any = None
        self.c: Any = None

    def reset_state(self) -> None:
        self.h = self.c = None

    def forward(self, x: Any) -> Any:
        zs = [getattr(self, f"x2{gate}")(x) for gate in "fiou"]
        if self.h is not None:
            zs = [z + getattr(self, f"h2{gate}")(self.h) for gate, z in zip("fiou", zs)]
        f, i, o, u = (*map(F.sigmoid, zs[:3]), F.tanh(zs[3]))
        self.c = i * u if self.c is None else f * self.c + i * u
        self.h = o * F.tanh(self.c)
        return self.h


class EmbedID(Layer):
    """y = W[x]: a row of W for each number in x."""

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        self.W = Parameter(np.random.randn(in_size, out_size), name="W")

    def forward(self, x: Any) -> Any:
        return F.embed_id(x, self.W)


class BatchNorm(Layer):
    """`F.batch_norm`.

    The statistics `avg_mean` and `avg_var` are Parameters, because these are saved. They get no gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self.avg_mean = Parameter(None, name="avg_mean")
        self.avg_var = Parameter(None, name="avg_var")
        self.gamma = Parameter(None, name="gamma")
        self.beta = Parameter(None, name="beta")

    def forward(self, x: Any) -> Any:
        for p, value in ((self.avg_mean, 0), (self.avg_var, 1), (self.gamma, 1), (self.beta, 0)):
            if p.data is None:
                p.data = namespace(as_array(x)).full(x.shape[1], value, x.dtype)
        return F.batch_norm(x, self.gamma, self.beta, self.avg_mean.data, self.avg_var.data)
