"""DeZero's layers and models. Weights are drawn by `np.random.randn` in its order, so that a seed gives the same ones.

Their parameters are found as those of our layers. Files of weights have DeZero's names, such as `l1/W`, and may come
from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from math import prod, sqrt
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np

from autograd import core
from autograd.backend import Array, is_array, namespace, to_numpy
from autograd.data.download import replacing
from autograd.dezero.functions import F, pair
from autograd.dezero.pictures import plot_dot_graph
from autograd.dezero.variables import Parameter
from autograd.layers import base


class Layer(base.Layer):
    """DeZero's Layer: `inputs` and `outputs` are weak references to the Variables of the last call."""

    def __init__(self) -> None:
        """Nothing, but it is there to be called."""

    def __call__(self, *inputs: Any) -> Any:
        outputs = self.forward(*inputs)
        several = isinstance(outputs, tuple)
        self.inputs = [ref(x) for x in inputs if isinstance(x, core.Variable) or is_array(x)]
        self.outputs = [ref(y) for y in (outputs if several else [outputs])]
        return outputs

    @property
    def _params(self) -> set[str]:
        """The names of the attributes that are parameters or layers."""
        return {name for name, x in vars(self).items() if isinstance(x, (Parameter, base.Layer))}

    def _flatten_params(self, params_dict: dict[str, Any], parent_key: str = "") -> None:
        """Puts the parameters into a dict, by names such as `l1/W`."""
        params_dict.update((f"{parent_key}/{path}" if parent_key else path, p) for path, p in paths(self))

    def to_cpu(self) -> None:
        for parameter in self.params():
            parameter.to_cpu()  # type: ignore[attr-defined]

    def to_gpu(self) -> None:
        for parameter in self.params():
            parameter.to_gpu()  # type: ignore[attr-defined]

    def reset_state(self) -> None:
        """Begins a new sequence in every recurrent layer below."""
        for _, layer in base.walk(self, Layer):
            if layer is not self:
                layer.reset_state()

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Writes all parameters as `.npz`, whole or not at all. RuntimeError if a layer does not know its size yet."""
        arrays: Any = {name: p.data for name, p in paths(self)}
        waiting = [name for name, array in arrays.items() if array is None]
        if waiting:
            raise RuntimeError(f"{', '.join(waiting)}: no data yet. Call the model once before its weights are saved.")
        target = Path(path if str(path).endswith(".npz") else f"{path}.npz")
        with replacing(target) as temporary, temporary.open("xb") as file:
            np.savez_compressed(file, **dict(zip(arrays, map(to_numpy, arrays.values()))))

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Takes over the parameters in a file, from here or from DeZero. KeyError, and no change, if one is missing."""
        with np.load(path, allow_pickle=False) as npz:
            arrays = {name: npz[name] for name in npz.files}
        missing = [name for name, _ in paths(self) if name not in arrays]
        if missing:
            raise KeyError(f"{path} has no {', '.join(missing)}; it has {', '.join(arrays)}")
        for name, p in paths(self):
            p.data = arrays[name]


def paths(layer: base.Layer) -> Iterator[tuple[str, Any]]:
    """The parameters under DeZero's names: its way through the attributes first, and then what only a list holds."""
    found: dict[int, str] = {}
    stack: list[tuple[str, Any]] = [("", layer)]
    while stack:
        lead, x = stack.pop(0)
        if isinstance(x, Parameter):
            if found.setdefault(id(x), lead) == lead:
                yield lead, x
        else:
            parts = [(name, part) for name, part in vars(x).items() if isinstance(part, (Parameter, base.Layer))]
            stack[:0] = [(f"{lead}/{name}" if lead else name, part) for name, part in parts]
    for path, p in layer.named_params():
        if id(p) not in found:
            yield path.replace(".", "/"), p


def drawn(shape: tuple[int, ...], dtype: Any, fan_in: int, x: Any = None) -> Array:
    """Normal numbers with variance 1 / fan-in, on the device of x."""
    return namespace(core.as_array(x)).random.randn(*shape).astype(dtype) * sqrt(1 / fan_in)


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
        self.W.data = drawn((in_size, self.out_size), self.dtype, in_size, x)

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
        self.W.data = drawn((*channels, *kernel), self.dtype, in_channels * prod(kernel), x)

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
    """y = W[x]: a row of W for each number."""

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        self.W = Parameter(np.random.randn(in_size, out_size), name="W")

    def forward(self, x: Any) -> Any:
        return F.embed_id(x, self.W)


class BatchNorm(Layer):
    """`F.batch_norm`. Its statistics `avg_mean`, `avg_var` are Parameters without gradients, so that they are saved."""

    def __init__(self) -> None:
        super().__init__()
        self.avg_mean = Parameter(None, name="avg_mean")
        self.avg_var = Parameter(None, name="avg_var")
        self.gamma = Parameter(None, name="gamma")
        self.beta = Parameter(None, name="beta")

    def forward(self, x: Any) -> Any:
        for p, value in ((self.avg_mean, 0), (self.avg_var, 1), (self.gamma, 1), (self.beta, 0)):
            if p.data is None:
                p.data = namespace(core.as_array(x)).full(x.shape[1], value, x.dtype)
        return F.batch_norm(x, self.gamma, self.beta, self.avg_mean.data, self.avg_var.data)


class Model(Layer):
    """A Layer that can be drawn."""

    def plot(self, *inputs: Any, to_file: str = "model.png") -> Any:
        """Draws the graph of a call into a file."""
        return plot_dot_graph(self.forward(*inputs), verbose=True, to_file=to_file, layer=self)


class Sequential(Model):
    """Layers and functions, one after the other: the attributes l0, l1, ... and the list `layers`."""

    def __init__(self, *layers: Callable[..., Any]) -> None:
        super().__init__()
        for i, layer in enumerate(layers):
            setattr(self, f"l{i}", layer)
        self.layers: Any = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Model):
    """Linear layers with an activation between two of them: the attributes l0, l1, ... and the list `layers`."""

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        super().__init__()
        self.activation = activation
        self.layers: Any = [Linear(size) for size in fc_output_sizes]
        for i, layer in enumerate(self.layers):
            setattr(self, f"l{i}", layer)

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
