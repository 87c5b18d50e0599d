"""Right calls of the public callables, nonsense for their arguments, and which of it is taken, and why.

`tests/test_wrong_calls.py` puts the nonsense into the calls.
"""

import os
import tempfile
from functools import partial
from importlib.util import find_spec
from operator import add, floordiv, ge, getitem, gt, le, lt, matmul, mod, mul, pow, sub, truediv
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, distributed, metrics, models, serialize, testing, training, visualize
from autograd.checkpoints import Checkpoints
from autograd.data import transforms
from autograd.functions import special
from autograd.tensorboard import TensorBoard

HUGE = 10**30

NONSENSE = {
    "None": lambda: None, "True": lambda: True, "nan": lambda: np.nan, "inf": lambda: np.inf, "-inf": lambda: -np.inf,
    "-1": lambda: -1, "0": lambda: 0, "1.5": lambda: 1.5, "1e30": lambda: 1e30, "10**30": lambda: HUGE,
    "text": lambda: "text", "empty text": lambda: "", "bytes": lambda: b"text", "[]": list, "{}": dict, "set": lambda: {1},
    "[None]": lambda: [None], "['a']": lambda: ["a"], "ragged": lambda: [[1, 2], [3]], "[1.5]": lambda: [1.5],
    "[True]": lambda: [True], "[nan]": lambda: [np.nan], "object": object, "class": lambda: int,
    "function": lambda: len, "1j": lambda: 1j, "...": lambda: ..., "slice": lambda: slice(0, 1), "range": lambda: range(2),
    "object array": lambda: np.array([None, 1], object), "numbers as objects": lambda: np.array([1.5, 2.5], object),
    "text array": lambda: np.array(["a", "b"]), "date array": lambda: np.array(["2020-01-01"], "M8[D]"),
    "complex array": lambda: np.ones(2, complex), "empty array": lambda: np.zeros(0), "7-d array": lambda: np.ones((1,) * 7),
    "record array": lambda: np.zeros(2, "i4,f4"), "date": lambda: np.datetime64("2020"), "np.str_": lambda: np.str_("a"),
}  # fmt: skip

NUMBERS = {"True", "nan", "inf", "-inf", "-1", "0", "1.5", "1e30"}
ARRAYS = {"complex array", "empty array", "7-d array"}

# Which nonsense is taken where an argument of this kind belongs, and why.
TAKEN = {
    "array": {
        **dict.fromkeys(NUMBERS, "a number is an array without axes, and nan and infinity are values"),
        **dict.fromkeys({*ARRAYS, "1j"}, "functions of arrays alone take what NumPy computes with, of any shape"),
        **dict.fromkeys(["[]", "[1.5]", "[True]", "[nan]", "range"], "a list of numbers, where no operator repeats it"),
        "10**30": "a whole number beside arrays is what NumPy makes of it",
    },
    "optional array": {"None": "means: none"},
    "whole": {"0": "allowed where the least is 0", "-1": "shifts and axes may be negative"},
    "axis": {"0": "an axis", "-1": "an axis", "None": "all axes", "[]": "no axis, as in NumPy", "range": "several axes"},
    "one axis": {"0": "an axis", "-1": "an axis"},
    "number": {"-1": "a number", "0": "a number", "1.5": "a number", "1e30": "a number", "10**30": "a number"},
    "limit": {"inf": "no limit", "-inf": "no limit", "None": "no limit"},
    "flag": {"True": "a flag"},
    "sizes": {"0": "least 0", "[]": "no axes", "empty array": "no axes", "range": "sizes in a sequence"},
    "optional": {"None": "the default"},
    "several": {"None": "none", "[]": "none", "{}": "none"},
    "pad value": {"nan": "a value", "inf": "a value", "-inf": "a value", "True": "a value of booleans"},
    "rng": {"None": "entropy, or the shared generator", "0": "a seed", "10**30": "a seed", "range": "a seed"},
    "dtype": {"class": "int is a dtype of numbers"},
    "dlpack": dict.fromkeys(["empty array", "7-d array"], "arrays of any shape"),
    "float dtype": {},
    "function": dict.fromkeys(["class", "function"], "it can be called: what it raises then is its own"),
    "anything": dict.fromkeys(NONSENSE, "any object will do"),
    "text": {"text": "text", "empty text": "text", "np.str_": "text"},
}  # fmt: skip

BY_NAME = {  # the kinds of arguments, by their names; others stand beside the call
    **dict.fromkeys(["x", "x0", "x1", "W", "t", "y", "a", "gamma", "beta", "mean", "var", "cols", "index", "q"], ("array",)),
    "b": ["array", "optional array"], "axis": ["axis"], "keepdims": ["flag"], "bias": ["flag"],
    **dict.fromkeys(["eps", "slope", "alpha", "delta", "ord", "ddof", "low", "high", "std", "gain", "momentum"], ("number",)),
    **dict.fromkeys(["kernel", "stride", "pad", "dilation", "output_pad", "size", "scale", "shape", "repeats"], ("sizes",)),
    **dict.fromkeys(["groups", "out_size", "out_channels", "hidden", "classes", "filters"], ("whole",)),
    "in_size": ["optional"], "in_channels": ["optional"], "rng": ["rng"], "dtype": ["float dtype"],
    "initializer": ["function"], "p": ["number"], "ceil_mode": ["flag"],
}  # fmt: skip


def images(*shape):
    return np.arange(float(np.prod(shape))).reshape(shape) % 5


x, rows, v, batch = np.arange(6.0).reshape(2, 3), np.ones((3, 2)), np.arange(4.0), images(2, 4, 5, 5)
unary = "abs arccos arcsin arctan cos cosh exp expm1 log log1p sin sinh sqrt square tan tanh sigmoid relu silu softplus selu erf neg sign"
options = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1}
channels = {"gamma": np.ones(4), "beta": np.ones(4), "eps": 1e-5}
h, state = np.ones((2, 3)), ["array", "optional array"]
of_states = {
    "h": state,
    "c": state,
    "d": state,
    "Wx": ["array"],
    "Wh": ["array"],
    "b": ["array"],
    "lengths": ["sizes", "optional"],
    "reverse": ["flag"],
}


def of_sequence(gates):
    return {
        "x": images(2, 4, 2),
        "Wx": np.ones((2, 3 * gates)),
        "Wh": np.ones((3, 3 * gates)),
        "lengths": [4, 1],
        "reverse": False,
    }


reductions = "argmax argmin logsumexp max mean min prod sum"

# name: (function, arguments, kinds of arguments that BY_NAME has not)
CALLS = {
    **{f"F.{name}": (getattr(F, name), {"x": x}, {}) for name in unary.split()},
    **{f"F.{name}": (getattr(F, name), {"x0": x, "x1": x}, {}) for name in ["add", "sub", "mul", "div", "maximum", "minimum"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "axis": 0, "keepdims": False}, {}) for name in reductions.split()},
    "F.power": (F.power, {"x": x, "p": 2.0}, {"p": ["array"]}),
    "F.where": (F.where, {"condition": x > 0, "x0": x, "x1": x}, {"condition": ["flag"]}),
    "F.clip": (F.clip, {"x": x, "low": 0.0, "high": 1.0}, {"low": ["number", "limit", "limits"], "high": ["number", "limit", "limits"]}),
    "F.hardtanh": (F.hardtanh, {"x": x, "low": 0.0, "high": 1.0}, {"low": ["number", "limit", "limits"], "high": ["number", "limit", "limits"]}),
    "F.elu": (F.elu, {"x": x, "alpha": 1.0}, {}), "F.leaky_relu": (F.leaky_relu, {"x": x, "slope": 0.1}, {}),
    "F.gelu": (F.gelu, {"x": x, "approximate": "tanh"}, {"approximate": []}),
    "F.softmax": (F.softmax, {"x": x, "axis": 0}, {}), "F.log_softmax": (F.log_softmax, {"x": x, "axis": 0}, {}),
    "F.cumsum": (F.cumsum, {"x": x, "axis": 0}, {}), "F.norm": (F.norm, {"x": x, "ord": 2, "axis": 0, "keepdims": False}, {"ord": ["number", "limit"]}),
    "F.var": (F.var, {"x": x, "axis": 0, "keepdims": False, "ddof": 0}, {}), "F.std": (F.std, {"x": x, "axis": 0, "keepdims": False, "ddof": 0}, {}),
    "F.accuracy": (F.accuracy, {"y": x, "t": [0, 1], "threshold": None, "top": 2, "ignore_index": -100}, {"t": ["labels"], "threshold": ["optional"], "ignore_index": ["whole", "optional"]}),
    "F.accuracy of one score": (F.accuracy, {"y": x[:, :1], "t": [0, 1], "threshold": 0.5}, {"t": ["labels"], "threshold": ["number"]}),
    **{f"metrics.{name}": (getattr(metrics, name), {"y": x, "t": [0, 1], "average": "micro", "label": 0, "threshold": None, "ignore_index": -100}, {"t": ["labels"], "label": ["whole", "optional"], "threshold": ["optional"], "ignore_index": ["whole", "optional"]}) for name in ["precision", "recall", "f1"]},
    "metrics.confusion_matrix": (metrics.confusion_matrix, {"y": x, "t": [0, 1], "classes": 3, "threshold": None, "ignore_index": -100}, {"t": ["labels"], "classes": ["optional"], "threshold": ["optional"], "ignore_index": ["whole", "optional"]}),
    "metrics.roc_auc": (metrics.roc_auc, {"y": x, "t": [0, 1]}, {"y": [], "t": ["labels"]}),
    **{f"metrics.{name}": (getattr(metrics, name), {"y": v, "t": v}, {"y": [], "t": []}) for name in ["r2", "mae", "rmse"]},
    "F.scaled_dot_product_attention": (F.scaled_dot_product_attention, {"q": x, "k": x, "v": x, "mask": np.ones((2, 2), bool), "causal": True, "offset": 1, "scale": 1.0, "softcap": 2.0, "p": 0.5, "rng": 0}, {"k": ["array"], "v": ["array"], "mask": ["array", "optional"], "causal": ["flag"], "offset": ["whole"], "scale": ["number", "optional"], "softcap": ["number", "optional"]}),
    "F.rotary": (F.rotary, {"x": v.reshape(1, 4), "offset": 1, "base": 10.0}, {"offset": ["whole"], "base": ["number"]}),
    "F.one_hot": (F.one_hot, {"index": [0, 1], "classes": 3, "dtype": np.float32}, {"dtype": ["dtype"]}), "F.rms_norm": (F.rms_norm, {"x": images(3, 4), "gamma": np.ones(4), "eps": 1e-5}, {}),
    "F.embedding": (F.embedding, {"W": rows, "index": [0, 1]}, {}),
    "F.linear": (F.linear, {"x": x, "W": rows, "b": np.ones(2)}, {}), "F.matmul": (F.matmul, {"x": x, "W": rows}, {}),
    "F.outer": (F.outer, {"a": v, "b": v}, {"b": ["array"]}), "F.tensordot": (F.tensordot, {"a": x, "b": rows, "axes": 1}, {"b": ["array"], "axes": ["whole"]}),
    "F.einsum": (lambda subscripts, a, b: F.einsum(subscripts, a, b), {"subscripts": "ij,jk->ik", "a": x, "b": rows}, {"b": ["array"], "subscripts": []}),
    **{f"F.{name}": (getattr(F, name), {"x": x, "t": x}, {}) for name in ("mean_squared_error", "mean_absolute_error")},
    "F.huber_loss": (F.huber_loss, {"x": x, "t": x, "delta": 1.0}, {"delta": ["number", "limit"]}),
    "F.sigmoid_cross_entropy": (F.sigmoid_cross_entropy, {"x": x, "t": x > 2}, {}),
    "F.binary_cross_entropy": (F.binary_cross_entropy, {"p": x / 6, "t": x > 2}, {"p": []}),
    "F.ctc_loss": (F.ctc_loss, {"x": images(2, 4, 3), "t": [[1], [2]], "lengths": [4, 2], "target_lengths": [1, 1], "blank": 0}, {"t": ["labels"], "lengths": ["sizes", "optional"], "target_lengths": ["sizes", "optional"], "blank": ["whole"]}),
    "F.kl_divergence": (F.kl_divergence, {"p": x / 6, "q": x / 6}, {"p": []}),
    "F.softmax_cross_entropy": (F.softmax_cross_entropy, {"x": x, "t": [0, 1], "axis": -1, "ignore_index": -1, "smoothing": 0.1}, {"t": ["labels"], "axis": ["one axis"], "ignore_index": ["whole", "optional"], "smoothing": ["number"]}),
    **{f"F.conv{n}d": (getattr(F, f"conv{n}d"), {"x": images(1, 2, *[4] * n), "W": images(3, 2, *[2] * n), "b": np.ones(3), **options}, {}) for n in (1, 2, 3)},
    "F.conv2d_by_im2col": (F.conv2d_by_im2col, {"x": batch, "W": images(3, 4, 2, 2), "b": np.ones(3), **options}, {}),
    "F.conv_transpose2d": (F.conv_transpose2d, {"x": batch, "W": images(4, 3, 2, 2), "b": np.ones(3), "output_pad": 0, **options}, {}),
    "F.im2col": (F.im2col, {"x": batch, "kernel": 2, "stride": 1, "pad": 0, "dilation": 1}, {}),
    "F.col2im": (F.col2im, {"cols": F.im2col(batch, 2), "shape": batch.shape, "kernel": 2, "stride": 1, "pad": 0, "dilation": 1}, {}),
    "F.max_pool2d": (F.max_pool2d, {"x": batch, "kernel": 2, "stride": 2, "pad": 0, "ceil_mode": False}, {"stride": ["sizes", "optional"]}),
    "F.average_pool2d": (F.average_pool2d, {"x": batch, "kernel": 2, "stride": 2, "pad": 0}, {"stride": ["sizes", "optional"]}),
    "F.global_average_pool2d": (F.global_average_pool2d, {"x": batch}, {}),
    "F.adaptive_average_pool2d": (F.adaptive_average_pool2d, {"x": batch, "size": 2}, {}), "F.upsample2d": (F.upsample2d, {"x": batch, "scale": 2}, {}),
    **{f"F.{name}": (getattr(F, name), {"x": batch, **channels}, {}) for name in ("batch_norm", "batch_norm_by_formula", "batch_norm_with_statistics", "instance_norm")},
    "F.layer_norm": (F.layer_norm, {"x": images(3, 4), **channels}, {}), "F.group_norm": (F.group_norm, {"x": batch, "groups": 2, **channels}, {}),
    "F.batch_norm_inference": (F.batch_norm_inference, {"x": batch, "mean": np.ones(4), "var": np.ones(4), **channels}, {}),
    "F.dropout": (F.dropout, {"x": x, "p": 0.5, "rng": 0}, {}),
    "F.rnn": (F.rnn, {**of_sequence(1), "h": h, "b": np.ones(3)}, of_states),
    "F.lstm": (F.lstm, {**of_sequence(4), "h": h, "c": h, "b": np.ones(12)}, of_states),
    "F.gru": (F.gru, {**of_sequence(3), "h": h, "b": np.ones(9), "d": np.ones(9)}, of_states),
    "F.astype": (F.astype, {"x": x, "dtype": np.float32}, {"dtype": ["dtype"]}), "F.to": (F.to, {"x": x, "device": "cpu"}, {"device": []}),
    "F.broadcast_to": (F.broadcast_to, {"x": x, "shape": (2, 2, 3)}, {}), "F.sum_to": (F.sum_to, {"x": x, "shape": (1, 3)}, {}),
    "F.concat": (lambda x0, x1, axis: F.concat([x0, x1], axis), {"x0": x, "x1": x, "axis": 0}, {"axis": ["one axis"]}),
    "F.concat of": (F.concat, {"xs": [x, x]}, {"xs": ["array"]}), "F.stack of": (F.stack, {"xs": [x, x]}, {"xs": ["array"]}),
    "F.stack": (lambda x0, x1, axis: F.stack([x0, x1], axis), {"x0": x, "x1": x, "axis": 0}, {"axis": ["one axis"]}),
    "F.expand_dims": (F.expand_dims, {"x": x, "axis": 0}, {}), "F.squeeze": (F.squeeze, {"x": x[:1], "axis": 0}, {}),
    "F.flatten": (F.flatten, {"x": x}, {}), "F.flip": (F.flip, {"x": x, "axis": 0}, {}),
    "F.getitem": (F.getitem, {"x": x, "index": 0}, {"index": ["index"]}),
    "F.moveaxis": (F.moveaxis, {"x": x, "source": 0, "destination": 1}, {"source": ["axis"], "destination": ["axis"]}),
    "F.pad": (F.pad, {"x": x, "width": 1, "value": 0.0}, {"width": ["sizes"], "value": ["number", "pad value"]}),
    "F.repeat": (F.repeat, {"x": x, "repeats": 2, "axis": 0}, {"axis": ["one axis", "optional"], "repeats": ["whole"]}),
    "F.reshape": (lambda x, shape: F.reshape(x, shape), {"x": x, "shape": (3, 2)}, {"shape": ["shape"]}),
    "F.roll": (F.roll, {"x": x, "shift": 1, "axis": 0}, {"shift": ["whole"]}),
    "F.split": (F.split, {"x": v, "sections": 2, "axis": 0}, {"sections": ["sizes"], "axis": ["one axis"]}),
    "F.swapaxes": (F.swapaxes, {"x": x, "axis1": 0, "axis2": 1}, {"axis1": ["one axis"], "axis2": ["one axis"]}),
    "F.tile": (F.tile, {"x": x, "repeats": 2}, {}), "F.transpose": (lambda x, axes: F.transpose(x, axes), {"x": x, "axes": (1, 0)}, {"axes": ["order"]}),
}  # fmt: skip

image = images(3, 6, 6).astype(np.float32)
generator = partial(np.random.default_rng, 0)
layer = {"dtype": np.float32, "rng": 0}
conv = {
    "out_channels": 2,
    "kernel": 2,
    "stride": 1,
    "pad": 0,
    "in_channels": 2,
    "bias": True,
    "dilation": 1,
    "groups": 1,
    "initializer": L.he,
    **layer,
}
pool = {"kernel": 2, "stride": 2, "pad": 0}
norm = {"size": 3, "eps": 1e-5, "dtype": np.float32}
heads = {"size": 4, "heads": 2, "bias": True, "dropout": 0.1, "rotary": True, "initializer": L.xavier, **layer}
HEADS = {"size": ["whole"], "heads": ["whole"], "kv_heads": ["optional"], "memory_size": ["optional"], "hidden": ["optional"], "dropout": ["number"], "rotary": ["flag"], "norm_first": ["flag"], "activation": ["function"], "norm": ["function"]}  # fmt: skip
MORE = {"size": ["optional", "whole"], "activation": ["function"]}

CALLS |= {
    **{f"L.{name}": (getattr(L, name), conv, {}) for name in ("Conv1d", "Conv2d", "Conv3d")},
    "L.ConvTranspose2d": (L.ConvTranspose2d, {**conv, "output_pad": 0}, {"initializer": ["function", "optional"]}),
    "L.Linear": (L.Linear, {"out_size": 2, "in_size": 3, "bias": True, "initializer": L.lecun, **layer}, {}),
    "L.MLP": (L.MLP, {"sizes": (3, 2), "activation": F.relu, "in_size": 2, "initializer": L.he, **layer}, {"sizes": ["sizes"], **MORE}),
    "L.Embedding": (L.Embedding, {"vocabulary": 3, "size": 2, "initializer": L.normal, **layer}, {"vocabulary": ["whole"], "size": ["whole"]}),
    **{f"L.{name}": (getattr(L, name), {"hidden": 3, "in_size": 2, "layers": 2, "bidirectional": False, "dropout": 0.5, "stateful": False, **({"reset": "after"} if name == "GRU" else {}), **layer}, {"layers": ["whole"], "bidirectional": ["flag"], "dropout": ["number"], "stateful": ["flag"], "reset": []}) for name in ("RNN", "LSTM", "GRU")},
    "L.BatchNorm": (L.BatchNorm, {**norm, "momentum": 0.9}, MORE), "L.LayerNorm": (L.LayerNorm, norm, MORE), "L.InstanceNorm": (L.InstanceNorm, norm, MORE),
    "L.RMSNorm": (L.RMSNorm, norm, MORE), "L.KeyValueCache": (L.KeyValueCache, {}, {}),
    "L.MultiHeadAttention": (L.MultiHeadAttention, {**heads, "kv_heads": 1, "memory_size": 3}, HEADS),
    "L.PositionalEncoding": (L.PositionalEncoding, {"size": 4, "kind": "learned", "length": 3, "base": 10.0, "initializer": L.normal, **layer}, {"kind": [], "size": ["whole"], "length": ["whole"], "base": ["number"]}),
    **{f"L.Transformer{kind}Layer": (getattr(L, f"Transformer{kind}Layer"), {**heads, "hidden": 3, "kv_heads": 1, "activation": F.relu, "norm": L.RMSNorm, "norm_first": True, "eps": 1e-5}, HEADS) for kind in ("Encoder", "Decoder")},
    "L.GroupNorm": (L.GroupNorm, {**norm, "groups": 1}, MORE), "L.Dropout": (L.Dropout, {"p": 0.5, "rng": 0}, {}),
    "L.MaxPool2d": (L.MaxPool2d, {**pool, "ceil_mode": False}, {"stride": ["sizes", "optional"]}),
    "L.AveragePool2d": (L.AveragePool2d, pool, {"stride": ["sizes", "optional"]}),
    "L.Sequential": (lambda f: L.Sequential(f), {"f": F.relu}, {"f": ["function"]}),
    **{f"L.{name}": (getattr(L, name), {"shape": (2, 3), **layer, **more}, {"dtype": dtype, "value": ["number"], "rng": ["rng", *(["unused"] if "dtype" in dtype else [])]}) for name, more, dtype in (
        ("xavier", {}, []), ("he", {}, []), ("lecun", {}, []), ("normal", {"std": 1.0}, []), ("uniform", {"low": -1.0, "high": 1.0}, []),
        ("orthogonal", {"gain": 1.0}, []), ("constant", {"value": 1.0}, ["dtype"]), ("zeros", {}, ["dtype"]), ("ones", {}, ["dtype"]),
    )},
    "L.Buffer": (L.Buffer, {"data": v}, {"data": ["array"]}),
    "transforms.centre_crop": (transforms.centre_crop, {"x": image, "size": 2}, {"x": ["image"]}),
    "transforms.compose": (lambda f: transforms.compose(f), {"f": F.relu}, {"f": ["function"]}),
    "transforms.crop": (transforms.crop, {"x": image, "top": 0, "left": 0, "height": 2, "width": 2}, {"x": ["image"], "top": ["whole"], "left": ["whole"]}),
    "transforms.flip": (transforms.flip, {"x": image, "vertical": False}, {"x": ["image"], "vertical": ["flag"]}),
    "transforms.normalize": (transforms.normalize, {"x": image, "mean": 0.5, "std": 0.5}, {"x": ["image"], "mean": ["number", "channels"], "std": ["number", "channels"]}),
    "transforms.random_crop": (transforms.random_crop, {"x": image, "size": 2, "rng": generator(), "pad": 1}, {"x": ["image"], "rng": []}),
    "transforms.random_flip": (transforms.random_flip, {"x": image, "p": 0.5, "rng": generator(), "vertical": False}, {"x": ["image"], "rng": [], "vertical": ["flag"]}),
    "transforms.random_erasing": (transforms.random_erasing, {"x": image, "p": 1.0, "rng": generator(), "area": (0.1, 0.2), "ratio": (0.5, 2), "value": 0.0}, {"x": ["image"], "rng": [], "area": ["pair"], "ratio": ["pair"], "value": ["number", "optional"]}),
    "transforms.affine": (transforms.affine, {"x": image, "angle": 10.0, "shift": (1, 2), "scale": 1.5, "shear": 5.0, "fill": 0.5}, {"x": ["image"], "angle": ["number"], "shift": ["pair"], "scale": ["number"], "shear": ["number"], "fill": ["number"]}),
    "transforms.rotate": (transforms.rotate, {"x": image, "angle": 10.0, "fill": 0.5}, {"x": ["image"], "angle": ["number"], "fill": ["number"]}),
    "transforms.random_rotation": (transforms.random_rotation, {"x": image, "degrees": 10.0, "rng": generator(), "fill": 0.5}, {"x": ["image"], "rng": [], "degrees": ["number"], "fill": ["number"]}),
    "transforms.random_affine": (transforms.random_affine, {"x": image, "rng": generator(), "degrees": 10.0, "shift": 0.1, "scale": (0.5, 2), "shear": 5.0, "fill": 0.5}, {"x": ["image"], "rng": [], "degrees": ["number"], "shift": ["number"], "scale": ["pair"], "shear": ["number"], "fill": ["number"]}),
    "transforms.colour": (transforms.colour, {"x": image, "brightness": 1.1, "contrast": 1.1, "saturation": 0.9}, {"x": ["image"], **dict.fromkeys(["brightness", "contrast", "saturation"], ("number",))}),
    "transforms.random_colour": (transforms.random_colour, {"x": image, "rng": generator(), "brightness": 0.1, "contrast": 0.1, "saturation": 0.1}, {"x": ["image"], "rng": [], **dict.fromkeys(["brightness", "contrast", "saturation"], ("number",))}),
    "transforms.mixup": (transforms.mixup, {"x": image, "t": np.array([0, 1, 2]), "classes": 3, "rng": generator(), "alpha": 0.2}, {"x": ["image"], "t": [], "rng": [], "alpha": ["number"]}),
    "transforms.resize": (transforms.resize, {"x": image, "size": 3, "method": "box"}, {"x": ["image"], "method": []}),
    "transforms.to_chw": (transforms.to_chw, {"image": images(4, 4, 3).astype(np.uint8), "dtype": np.float32}, {"image": ["image"]}),
    "data.DataLoader": (data.DataLoader, {"data": (v, v), "batch_size": 2, "shuffle": True, "drop_last": False, "rng": 0, "device": None, "dtype": None, "transform": abs, "collate": None, "sampler": None, "workers": 0, "start_method": None}, {"data": ["rows"], "batch_size": ["whole"], "shuffle": ["flag"], "drop_last": ["flag"], "device": ["optional"], "dtype": ["optional"], "transform": ["function", "optional"], "collate": ["function", "optional"], "sampler": ["optional"], "workers": ["whole"], "start_method": ["optional"]}),
    "data.WeightedSampler": (data.WeightedSampler, {"weights": [1.0, 2.0], "samples": 3, "replacement": True}, {"weights": ["weights"], "samples": ["whole", "optional"], "replacement": ["flag"]}),
    "data.stacked": (data.stacked, {"samples": [x, x]}, {"samples": ["samples"]}),
    "DataLoader.load_state_dict": (lambda state: data.DataLoader(v, 2).load_state_dict(state), {"state": data.DataLoader(v, 2).state_dict()}, {"state": []}),
    "data.digits": (data.digits, {"split": "test", "flatten": True}, {"split": [], "flatten": ["flag"]}),
    "data.spiral": (data.spiral, {"split": "test", "classes": 3, "per_class": 2, "noise": 0.1, "rng": 0}, {"split": [], "per_class": ["whole"], "noise": ["number"], "rng": ["rng"]}),
    "data.sine": (data.sine, {"split": "train", "length": 3, "noise": 0.1, "rng": 0}, {"split": [], "length": ["whole"], "noise": ["number"]}),
    "data.parse_idx": (data.parse_idx, {"content": b"\0\0\x08\1\0\0\0\1\7"}, {"content": []}),
    "models.SimpleConvNet": (models.SimpleConvNet, {"classes": 2, "size": (1, 8, 8), "filters": 2, "kernel": 3, "pad": 0, "hidden": 2, "initializer": L.he, **layer}, {"size": [], "kernel": ["whole"], "pad": ["whole"]}),
    **{f"models.{name}": (getattr(models, name), {"classes": None, "initializer": None, "dtype": None, "rng": "no"}, {}) for name in models.__all__ if name[0].isupper() and name not in ("SimpleConvNet", "GPT", "BERT")},
    **{f"models.{name}": (getattr(models, name), {"vocabulary": 3, "context": 4, "size": 4, "depth": 1, "heads": 2, "dropout": 0.1, **({"eps": 1e-5, "hidden": 3} if name == "BERT" else {}), "initializer": L.normal, **layer}, {**HEADS, **{key: ["whole"] for key in ["vocabulary", "context", "depth"]}}) for name in ("GPT", "BERT")},
    "GPT.generate": (models.GPT(3, 4, 4, 1, 2).generate, {"index": [[0, 1]], "count": 1, "temperature": 1.0, "top_k": 2, "top_p": 0.5, "rng": 0, "cached": True}, {"index": [], "count": ["whole"], "temperature": ["number"], "top_k": ["optional"], "top_p": ["number", "optional"], "cached": ["flag"]}),
    "gpt.sampled": (models.gpt.sampled, {"scores": x, "temperature": 1.0, "top_k": 2, "top_p": 0.5, "rng": 0}, {"scores": ["array"], "temperature": ["number"], "top_k": ["optional"], "top_p": ["number", "optional"]}),
    "bert.sentence_vectors": (models.bert.sentence_vectors, {"model": None, "index": None}, {}),
    "models.SqueezeNet version": (models.SqueezeNet, {"version": "no"}, {"version": []}),
    "ag.seed": (ag.seed, {"number": 0}, {"number": ["rng"]}), "ag.generator": (ag.generator, {"rng": 0}, {}),
    "testing.numerical_gradient": (testing.numerical_gradient, {"f": lambda x: (x * x).sum(), "x": x, "h": 1e-4}, {"f": ["function"], "x": ["array"], "h": ["number", "optional"]}),
    "testing.numerical_diff": (testing.numerical_diff, {"f": np.sin, "x": 1.0, "h": 1e-4}, {"f": ["function"], "x": ["number"], "h": ["number", "optional"]}),
    "testing.check_gradients": (testing.check_gradients, {"f": F.exp, "order": 1, "eps": 1e-5, "rtol": 1e-5, "atol": 1e-7, "rng": 0}, {"f": [], "order": ["whole"], "rtol": ["number"], "atol": ["number"]}),
}  # fmt: skip

TAKEN |= {
    "image": {},
    "labels": {"range": "labels in a sequence"},
    "pair": {"numbers as objects": "two numbers"},
    "channels": {"[1.5]": "one number for each channel"},
    "rows": {
        "range": "a sequence of rows",
        "text": "a sequence of rows",
        "bytes": "a sequence of rows",
        "[None]": "rows of anything",
        "['a']": "rows of anything",
        "ragged": "rows of anything",
        "[1.5]": "rows",
        "[True]": "rows",
        "[nan]": "rows",
        "7-d array": "an array",
        "object array": "an array",
        "numbers as objects": "an array",
        "text array": "an array",
        "date array": "an array",
        "complex array": "an array",
        "record array": "an array",
    },
    "weights": {
        "[True]": "a weight of 1",
        "range": "weights",
        "[1.5]": "one weight",
        "numbers as objects": "weights",
    },
    "samples": {
        "[1.5]": "one sample",
        "[True]": "one sample",
        "[nan]": "one sample",
    },
    "index": {
        **dict.fromkeys(["None", "0", "-1", "...", "slice", "True"], "an index of NumPy"),
        "[]": "no rows",
        "[True]": "a mask",
        "range": "rows",
    },
    "shape": {"-1": "the rest", "None": "as it is, in NumPy"},
    "order": {"None": "the reverse", "[]": "the reverse"},
    "unused": dict.fromkeys(NONSENSE, "zeros and ones draw nothing; initializers are called alike"),
}

emitted = tempfile.TemporaryDirectory()
linear = L.Linear(2, 2, rng=0)
rate = {"lr": 0.1}
RATES = dict.fromkeys(
    ["lr", "rho", "beta1", "beta2", "factor", "end", "decay", "rate", "limit", "max_norm"], ("number",)
) | {"transforms": ("steps",), "groups": ("no groups",)}


def graph():
    w = Variable(np.ones(2))
    return (w * w).sum()


def optimizers():
    """Each with a new model, as it may write into it."""
    hyper = {
        "SGD": {}, "Momentum": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9}, "AdaGrad": {"eps": 1e-8}, "AdaDelta": {"rho": 0.9, "eps": 1e-6},
        "RMSprop": {"rho": 0.9, "eps": 1e-8}, "Adam": {"beta1": 0.9, "beta2": 0.99, "eps": 1e-8}, "AdamW": {"beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "decay": 0.1},
        "RAdam": {"beta1": 0.9, "beta2": 0.99, "eps": 1e-8}, "Lion": {"beta1": 0.9, "beta2": 0.99, "decay": 0.1},
    }  # fmt: skip
    return {
        f"O.{name}": (
            getattr(O, name),
            {"model": linear, **rate, "transforms": (), "groups": (), **more},
            {**RATES, "lr": ["number", "schedule"], "model": []},
        )
        for name, more in hyper.items()
    }


CALLS |= {
    **optimizers(),
    "O.clip_by_norm": (O.clip_by_norm, {"max_norm": 1.0}, RATES), "O.clip_by_value": (O.clip_by_value, {"limit": 1.0}, RATES), "O.weight_decay": (O.weight_decay, {"rate": 0.1, "vectors": True}, {**RATES, "vectors": ["flag"]}),
    "O.freeze": (lambda which: O.freeze(which), {"which": "0.W"}, {"which": ["text", "function"]}),
    "O.constant": (O.constant, rate, RATES), "O.cosine": (O.cosine, {**rate, "steps": 3, "end": 0.0}, {**RATES, "steps": ["whole"]}),
    "O.exponential": (O.exponential, {**rate, "factor": 0.9}, RATES), "O.step": (O.step, {**rate, "every": 2, "factor": 0.1}, {**RATES, "every": ["whole"]}),
    "O.warmup": (O.warmup, {"steps": 2, "after": 0.1}, {"steps": ["whole"], "after": ["number", "schedule"]}),
    "ag.Variable": (Variable, {"data": [1.0], "name": "x"}, {"data": ["array"], "name": ["text", "optional"]}),
    "ag.Parameter": (ag.Parameter, {"data": [1.0], "name": "x"}, {"data": ["array"], "name": ["text", "optional"]}),
    "ag.from_dlpack": (ag.from_dlpack, {"x": x[0]}, {"x": ["dlpack"]}),
    "ag.as_variable": (ag.as_variable, {"x": [1.0], "name": "x"}, {"name": ["text", "optional"]}),
    **{f"ag.{name}": (getattr(ag, name), {"dtype": np.float32}, {}) for name in ("default_dtype", "set_default_dtype")},
    "ag.grad": (lambda outputs, inputs, seed, graph: ag.grad(outputs, inputs, seed, graph), {"outputs": graph(), "inputs": Variable(1.0), "seed": None, "graph": False}, {"outputs": [], "inputs": ["no inputs"], "seed": ["optional", "seed"], "graph": ["flag"]}),
    "Variable.backward": (lambda retain_grad, create_graph: graph().backward(retain_grad, create_graph), {"retain_grad": False, "create_graph": False}, {"retain_grad": ["flag", "optional", "seed"], "create_graph": ["flag"]}),
    "serialize.save": (lambda source, compress: serialize.save(source, "/nonexistent/x.npz", compress=compress), {"source": linear, "compress": False}, {"compress": ["flag"]}),
    "serialize.save (parts)": (lambda compress: serialize.save("/nonexistent/x.npz", model=linear, compress=compress), {"compress": False}, {"compress": ["flag"]}),
    "serialize.load": (lambda target, strict, cast: serialize.load(target, "/nonexistent/x.npz", strict=strict, cast=cast), {"target": linear, "strict": True, "cast": False}, {"strict": ["flag"], "cast": ["flag"]}),
    "serialize.load (parts)": (lambda model: serialize.load("/nonexistent/x.npz", model=model), {"model": linear}, {}),
    "models.torch_state_dict": (models.torch_state_dict, {"model": linear}, {"model": []}),
    "models.save_weights": (lambda model, path: models.save_weights(model, f"{emitted.name}/{path}.pth" if type(path) is str and path == "w" else path), {"model": linear, "path": "w"}, {"model": [], "path": []}),
    "models.load_weights": (lambda model, strict: models.load_weights(model, {}, strict=strict), {"model": linear, "strict": False}, {"strict": ["flag"]}),
    "training.fit": (training.fit, {"model": linear, "loss": F.mean_squared_error, "optimizer": O.SGD(linear), "loader": [], "epochs": 1, "test": None, "metric": F.accuracy, "watch": None, "accumulate": 2, "history": None, "verbose": False, "checkpoints": None, "resume": False, "group": None, "reduction": "mean"}, {"group": ["optional"], "checkpoints": ["optional"], "resume": ["flag"], "epochs": ["epochs"], "loss": ["function"], "metric": ["function", "several"], "watch": ["function", "several"], "history": ["optional"], "verbose": ["flag", "optional"]}),
    "training.predict": (training.predict, {"model": linear, "data": x[:, :2], "batch_size": 2}, {"data": []}),
    "training.EarlyStopping": (training.EarlyStopping, {"patience": 3, "name": "loss", "largest": False, "delta": 0.0}, {"name": ["text"], "largest": ["flag", "optional"], "delta": ["number"]}),
    "checkpoints.Checkpoints": (Checkpoints, {"folder": "/nonexistent", "keep": 3, "best": None, "largest": False, "every": None}, {"folder": ["text", "path"], "best": ["text", "optional"], "largest": ["flag", "optional"], "every": ["optional"]}),
    "checkpoints.Checkpoints.save": (lambda number, values: Checkpoints("/nonexistent", best="other_loss").save(number, values), {"number": 1, "values": {"loss": 1.0}}, {}),
    "training.EarlyStopping()": (training.EarlyStopping(3, "loss"), {"epoch": 1, "values": {"loss": 1.0}}, {}),
    "training.evaluate": (training.evaluate, {"model": linear, "loss": F.mean_squared_error, "loader": [(x[:, :2], x[:, :2])], "metric": F.mean_squared_error, "group": None, "reduction": "sum"}, {"group": ["optional"], "loss": ["function"], "metric": ["function", "several"]}),
    "distributed.init": (lambda comm, timeout: distributed.init(comm, timeout=timeout), {"comm": None, "timeout": 300.0}, {"comm": ["optional"], "timeout": ["number"]}),
    "distributed.SyncBatchNorm": (lambda group, size: distributed.SyncBatchNorm(group, size), {"group": distributed.Group(), "size": 3}, {"size": ["optional"]}),
    **{f"Group.{name}": (getattr(distributed.Group(), name), arguments, kinds) for name, arguments, kinds in [
        ("all_reduce", {"x": np.ones(3)}, {"x": ["array"]}), ("sum", {"x": np.ones(3)}, {"x": ["array"]}), ("broadcast", {"x": 1, "root": 0}, {"x": ["anything"], "root": ["axis"]}),
        ("barrier", {"timeout": None}, {"timeout": ["optional", "number"]}), ("shard", {"loader": [(x, x)]}, {"loader": []}),
        ("averaging", {"model": linear, "optimizer": O.SGD(linear), "bucket": 1000}, {"optimizer": ["optional"]}), ("synchronize", {"model": linear}, {}), ("partition", {"optimizer": O.SGD(linear)}, {}),
    ]},
    "Averaging()": (lambda samples, last, reduction: distributed.Group().averaging(linear)(samples, last, reduction).__enter__(), {"samples": 3, "last": True, "reduction": "sum"}, {"samples": ["number"], "last": ["flag"]}),
    "visualize.to_dot": (visualize.to_dot, {"y": graph(), "names": True, "shapes": True, "max_nodes": None, "fold": 1, "layer": None}, {"y": ["no inputs"], "names": ["flag"], "shapes": ["flag"], "max_nodes": ["optional"], "fold": ["optional", "whole", "text", "fold"], "layer": ["optional"]}),
}  # fmt: skip


class Unwritten(TensorBoard):
    """Checks and encodes what it is given, and writes it nowhere."""

    def __init__(self):
        self.path = Path(os.devnull)


board, of_name = Unwritten(), {"step": ["whole"], "name": ["name"]}
if find_spec("tensorboardX"):  # it is optional: pip install 'define-by-run[tensorboard]'
    CALLS |= {
        "TensorBoard()": (board, {"step": 0, "values": {"loss": 1.0}}, {**of_name, "values": ["nothing"]}),
        "TensorBoard.scalar": (board.scalar, {"name": "loss", "value": 1.0, "step": 0}, {**of_name, "value": ["array"]}),
        "TensorBoard.histogram": (board.histogram, {"name": "W", "values": x, "step": 0}, {**of_name, "values": ["array"]}),
        "TensorBoard.parameters": (board.parameters, {"model": linear, "step": 0}, of_name),
        "TensorBoard.image": (board.image, {"name": "x", "image": x / 6, "step": 0}, of_name),
        "TensorBoard.graph": (board.graph, {"y": graph()}, {}),
    }  # fmt: skip
CALLS |= {
    f"Variable.{name}": (lambda name=name, **options: getattr(Variable(np.ones((2, 3))), name)(*options.values()), arguments, {
        "axis": ["axis"], "keepdims": ["flag"], "shape": ["shape or axes"], "axes": ["shape or axes"], "axis1": ["one axis"], "axis2": ["one axis"],
        "dtype": ["dtype"], "other": ["array"],
    })
    for name, arguments in {
        **{key: {"axis": 0, "keepdims": False} for key in ["sum", "mean", "max", "min"]}, "reshape": {"shape": (3, 2)},
        "transpose": {"axes": (1, 0)}, "swapaxes": {"axis1": 0, "axis2": 1}, "astype": {"dtype": np.float32}, "to": {"device": "cpu"},
        "dot": {"other": np.ones(3)},
    }.items()
} | {
    f"Variable {operator.__name__}": (lambda other, operator=operator: operator(Variable(np.ones((2, 3))), other), {"other": 1.0}, {"other": kinds})
    for operator, kinds in {
        **{key: ["array"] for key in [add, sub, mul, truediv, pow, matmul, floordiv, mod]}, getitem: ["an index"],
        **{key: ["array"] for key in [lt, le, gt, ge]},
    }.items()
}  # fmt: skip
TAKEN |= {
    "shape or axes": {
        "None": "the reversed order, or all in one axis",
        "-1": "what is left",
        "[]": "the reversed order",
    },
    "an index": dict.fromkeys(["None", "True", "-1", "0", "[]", "...", "slice", "range"], "NumPy's indices"),
    "steps": dict.fromkeys(["[]", "{}", "empty text", "empty array"], "no transforms"),
    "schedule": dict.fromkeys(["class", "function"], "a schedule; what it gives is checked when it is asked"),
    "name": {"text": "a name", "np.str_": "a name"},
    "nothing": {"{}": "no weights"},
    "path": {"bytes": "a path"},
    "fold": dict.fromkeys(["True", "10**30", "[]", "{}", "empty array"], "a depth, or no layers"),
    "no inputs": dict.fromkeys(["empty text", "[]", "{}"], "nothing asked, nothing given"),
    "seed": dict.fromkeys(
        ["nan", "inf", "-inf", "-1", "0", "1.5", "1e30", "[None]", "[1.5]", "[nan]"], "a gradient is a number"
    ),
    "epochs": {"0": "no epoch: what there is, is measured"},
}

CALLS |= {
    **{f"ag.{block}": (lambda function, block=block: getattr(ag, block)(function), {"function": len}, {"function": ["optional", "function"]}) for block in ["no_grad", "enable_grad", "test_mode", "anomaly"]},
    "ag.fast": (lambda on: ag.fast(on), {"on": False}, {"on": ["flag"]}),
    "ag.profile": (ag.profile, {"function": None}, {"function": ["optional"]}),
    "ag.Buffer": (ag.Buffer, {"data": v}, {"data": ["array"]}),
    **{f"serialize.{name}": (getattr(serialize, name), {"path": "/nonexistent/x.npz"}, {}) for name in ["read", "values"]},
    **{f"data.{name}": (getattr(data, name), {"split": "test", "flatten": True, "folder": "/nonexistent", "download": False, "timeout": 1.0}, {"split": [], "flatten": ["flag"]}) for name in ["mnist", "fashion_mnist"]},
    **{f"visualize.{name}": (lambda y, max_nodes, fold, layer, name=name: getattr(visualize, name)(y, max_nodes=max_nodes, fold=fold, layer=layer), {"y": graph(), "max_nodes": None, "fold": 1, "layer": None}, {"y": ["no inputs"], "max_nodes": ["optional"], "fold": ["optional", "whole", "text", "fold"], "layer": ["optional"]}) for name in ["to_html", "to_mermaid", "to_graphviz", "Drawing"]},
    "visualize.plot": (visualize.plot, {"y": graph(), "path": "/nonexistent/y.dot", "max_nodes": None}, {"max_nodes": ["optional"]}),
    "visualize.trace": (visualize.trace, {"function": linear, "x": rows}, {"function": ["function"], "x": ["array"]}),
    "visualize.tracing": (visualize.tracing, {"function": len}, {"function": ["optional", "function"]}),
}  # fmt: skip

words = [[1, 2, 3], [4, 5]]
CALLS |= {
    "data.padded": (data.padded, {"sequences": words, "pad": 0}, {"sequences": ["sequences"], "pad": ["number"]}),
    "data.SequenceLoader": (data.SequenceLoader, {"sequences": words, "batch_size": 2, "targets": [0, 1], "pad": 0, "target_pad": -1, "shuffle": True, "drop_last": False, "rng": 0, "device": None}, {"sequences": ["sequences"], "targets": ["targets"], "batch_size": ["whole"], "pad": ["number"], "target_pad": ["number"], "shuffle": ["flag"], "drop_last": ["flag"], "device": ["optional"]}),
    "data.StreamLoader": (data.StreamLoader, {"sequence": range(20), "batch_size": 2, "steps": 3, "device": None}, {"sequence": [], "batch_size": ["whole"], "steps": ["whole"], "device": ["optional"]}),
    "data.Windows": (data.Windows, {"sequence": range(9), "length": 3}, {"sequence": ["a sequence"], "length": ["whole"]}),
    "data.CharacterVocabulary": (data.CharacterVocabulary, {"text": "text", "unknown": "t"}, {"text": ["text"], "unknown": ["optional"]}),
    "CharacterVocabulary.encode": (data.CharacterVocabulary("text").encode, {"text": "text"}, {"text": ["text"]}),
    "CharacterVocabulary.decode": (data.CharacterVocabulary("text").decode, {"index": [0, 1]}, {"index": ["rows of numbers"]}),
    "ByteVocabulary.encode": (data.ByteVocabulary().encode, {"text": "text"}, {"text": ["text"]}),
    "ByteVocabulary.decode": (data.ByteVocabulary().decode, {"index": [0, 1]}, {"index": ["rows of numbers"]}),
    "data.Tokenizer": (data.Tokenizer, {"path": "/nonexistent/tokenizer.json"}, {}),
}  # fmt: skip
TAKEN |= {
    "rows of numbers": {"[]": "nothing", "range": "numbers", "empty array": "nothing"},
    "sequences": {"ragged": "sequences of numbers", "7-d array": "sequences of equal length"},
    "targets": {
        "None": "no targets",
        "range": "numbers",
        "ragged": "sequences as targets",
        "numbers as objects": "numbers",
    },
    "a sequence": {"range": "numbers"},
}

square, tall = np.eye(3) + np.arange(9.0).reshape(3, 3) / 20, np.arange(6.0).reshape(3, 2) + np.eye(3, 2)
MATRICES = {"A": ["array"], "b": ["array"], "upper": ["flag"], "lower": ["flag"], "unit_diagonal": ["flag"], "full_matrices": ["flag"], "compute_uv": ["flag"], "mode": [], "rcond": ["number", "optional"], "n": ["whole"], "axis": ["one axis"]}  # fmt: skip
CALLS |= {
    **{f"F.{name}": (getattr(F, name), {"A": square}, MATRICES) for name in ("inv", "det", "slogdet", "eigh", "eigvalsh", "expm")},
    "F.cholesky": (F.cholesky, {"A": np.eye(3), "upper": False}, MATRICES), "F.svdvals": (F.svdvals, {"A": tall}, MATRICES),
    "F.solve": (F.solve, {"A": square, "b": tall}, MATRICES), "F.lstsq": (F.lstsq, {"A": tall, "b": v[:3], "rcond": 0.1}, MATRICES),
    "F.solve_triangular": (F.solve_triangular, {"A": square, "b": tall, "lower": True, "unit_diagonal": False}, MATRICES),
    "F.svd": (F.svd, {"A": tall, "full_matrices": False, "compute_uv": True}, MATRICES), "F.qr": (F.qr, {"A": tall, "mode": "reduced"}, MATRICES),
    "F.pinv": (F.pinv, {"A": tall, "rcond": 0.1}, MATRICES), "F.matrix_power": (F.matrix_power, {"A": square, "n": 2}, MATRICES),
    "F.kron": (F.kron, {"a": tall, "b": square}, MATRICES), "F.cross": (F.cross, {"a": square, "b": square, "axis": -1}, MATRICES),
}  # fmt: skip

LINE = {"x": ["array", "complex pair"], "n": ["whole", "optional"], "axis": ["one axis"], "norm": ["optional"], "s": ["optional", "range as sizes"], "axes": ["axis"], "y": ["array"], "mode": []}  # fmt: skip
TAKEN |= {"complex pair": {"7-d array": "numbers"}, "range as sizes": {}}
CALLS |= {
    **{f"F.{name}": (getattr(F, name), {"x": tall.T, "n": 3, "axis": -1, "norm": None}, LINE) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "power_spectrum")},
    **{f"F.{name} of a pair": (lambda re, im, name=name: getattr(F, name)((re, im)), {"re": tall, "im": tall}, {"re": ["array"], "im": ["array"]}) for name in ("fft", "irfft")},
    **{f"F.{name}": (getattr(F, name), {"x": tall, "s": (2, 3), "axes": (0, 1), "norm": "ortho"}, LINE) for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")},
    **{f"F.{name}": (getattr(F, name), {"x": tall, "axes": 0}, LINE) for name in ("fftshift", "ifftshift")},
    "F.stft": (F.stft, {"x": v, "n": 2, "hop": 1, "window": np.ones(2), "center": True}, {"n": ["whole"], "hop": ["whole", "optional"], "window": ["optional"], "center": ["flag"]}),
    "F.fftconvolve": (F.fftconvolve, {"x": tall, "y": square[:, :2], "mode": "same", "axes": 0}, LINE),
}  # fmt: skip

several_arguments = {"polygamma", "multigammaln", "beta", "betaln", "gammainc", "gammaincc", "zeta"}
CALLS |= {
    **{f"F.{name}": (getattr(F, name), {"x": x / 10 + 0.1}, {}) for name in special.__all__ if name not in several_arguments},
    **{f"F.{name}": (getattr(F, name), {"a": x + 1, "b": x + 1}, {"b": ["array"]}) for name in ("beta", "betaln")},
    **{f"F.{name}": (getattr(F, name), {"a": 2, "x": x + 1}, {}) for name in ("gammainc", "gammaincc")},
    "F.polygamma": (F.polygamma, {"n": 1, "x": x + 1}, {"n": ["whole"]}), "F.multigammaln": (F.multigammaln, {"a": x + 5, "d": 2}, {"d": ["whole"]}),
    "F.zeta": (F.zeta, {"x": 2, "q": x + 1}, {}),
}  # fmt: skip
taken_x = ["a point"]
of_f = {"x": taken_x, "f": [], "create_graph": ["flag"]}
CALLS |= {
    **{f"ag.{name}": (getattr(ag, name), {"f": lambda x: (x * x).sum(), "x": v, "create_graph": False}, of_f) for name in ("value_and_grad", "hessian")},
    "ag.jacobian": (ag.jacobian, {"f": F.tanh, "x": v, "create_graph": False}, {**of_f, "f": ["function"]}),
    "ag.laplacian": (ag.laplacian, {"f": lambda x: (x * x).sum(-1), "x": v, "create_graph": False}, of_f),
    "ag.hvp": (ag.hvp, {"f": lambda x: (x * x).sum(), "x": v, "v": v, "create_graph": False}, of_f),
    **{f"ag.{name}": (getattr(ag, name), {"f": F.tanh, "x": v, "v": v, "create_graph": False}, {**of_f, "f": ["function"]}) for name in ("vjp", "jvp")},
    "ag.vmap": (lambda f, x, in_axes, out_axes: ag.vmap(f, in_axes, out_axes)(x), {"f": F.tanh, "x": rows, "in_axes": 0, "out_axes": 0}, {"f": ["function"], "x": ["items"], "in_axes": ["one axis"], "out_axes": ["one axis"]}),
    "ag.checkpoint": (lambda f, x: ag.checkpoint(f, x), {"f": F.tanh, "x": v}, {"f": ["function"], "x": ["array"]}),
    "ag.capture": (ag.capture, {"step": F.tanh, "graph": True}, {"step": ["function"], "graph": ["flag"]}),
    "ag.emit": (lambda model, x, backward: ag.emit(model, x, f"{emitted.name}/model.py", backward), {"model": linear, "x": x[:, :2], "backward": False}, {"x": ["array"], "model": ["function"], "backward": ["flag"]}),
    "ag.functional_call": (ag.functional_call, {"layer": linear, "params": {"b": np.ones(2)}, "x": x[:, :2]}, {"params": ["nothing"], "x": ["array"]}),
    "ag.root": (ag.root, {"f": lambda x, theta: x - theta, "x": v, "theta": v, "tolerance": 1.0}, {"f": ["function"], "tolerance": ["number", "optional"], "x": taken_x, "theta": ["array"]}),
}  # fmt: skip
TAKEN |= {
    "items": dict.fromkeys(["[1.5]", "[True]", "[nan]", "range", "7-d array", "complex array"], "items"),
    "a point": dict.fromkeys(["nan", "inf", "-inf", "1.5", "1e30", "[1.5]", "[nan]", "empty array", "7-d array"], "a point of any shape"),
}  # fmt: skip

CALLS |= {
    "O.group": (lambda which, lr, scale, decay: O.group(which, lr=lr, scale=scale, decay=decay), {"which": "0.W", "lr": 0.1, "scale": 1.0, "decay": 0.1}, {"which": ["text", "function"], "lr": ["number", "schedule", "optional"], "scale": ["number", "optional"], "decay": ["number"]}),
    "O.vectors": (O.vectors, {"path": "0.W", "p": Variable(v)}, {"path": ["unused"]}),
    "O.LossScale": (lambda start, every: O.LossScale(O.SGD(linear), start, every=every), {"start": 2.0, "every": 3}, {"start": ["number"], "every": ["whole"]}),
    "O.EMA": (O.EMA, {"model": linear, "decay": 0.9}, RATES),
    "O.onecycle": (O.onecycle, {**rate, "steps": 3, "up": 0.3, "start": 25.0, "end": 1e4}, {"lr": ["number"], "steps": ["whole"], "up": ["number"], "start": ["number"], "end": ["number"]}),
    "O.plateau": (O.plateau, {**rate, "factor": 0.1, "patience": 2, "least": 0.0, "threshold": 1e-4}, {name: ["number", "whole"] for name in ("lr", "factor", "patience", "least", "threshold")}),
    "O.LBFGS": (O.LBFGS, {"model": linear, "iterations": 2, "tolerance": 1e-9, "memory": 3}, {"iterations": ["whole"], "tolerance": ["number"], "memory": ["whole"]}),
    "O.NewtonCG": (O.NewtonCG, {"model": linear, "iterations": 2, "tolerance": 1e-9, "cg": 3}, {"iterations": ["whole"], "tolerance": ["number"], "cg": ["whole"]}),
}  # fmt: skip
TAKEN |= {"no groups": dict.fromkeys(["[]"], "no groups")}
integers, square = np.array([[0, 1, 2], [2, 0, 1]]), np.arange(9.0).reshape(3, 3)
more_unary = """
arccosh arcsinh arctanh cbrt deg2rad exp2 log10 log2 rad2deg floor ceil trunc rint mish logsigmoid softsign hardsigmoid
hardswish
"""
CALLS |= {
    **{f"F.{name}": (getattr(F, name), {"x": x}, {}) for name in more_unary.split()},
    **{f"F.{name}": (getattr(F, name), {"x0": x, "x1": x}, {}) for name in ["arctan2", "hypot", "logaddexp"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "axis": 0, "keepdims": False}, {}) for name in ["median", "nanmean", "nansum"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "axis": 0}, {"axis": ["one axis", "optional"]}) for name in ["cummax", "cummin", "cumprod", "logcumsumexp"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "axis": 0, "descending": True}, {"axis": ["one axis", "optional"], "descending": ["flag"]}) for name in ["argsort", "sort"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "k": 1}, {"k": ["whole"]}) for name in ["diag", "tril", "triu"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "offset": 0, "axis1": 0, "axis2": 1}, {"offset": ["whole"], "axis1": ["one axis"], "axis2": ["one axis"]}) for name in ["diagonal", "trace"]},
    **{f"F.{name}": (getattr(F, name), {"x": x, "segments": [0, 1], "n": 2}, {"segments": ["numbers"], "n": ["whole"]}) for name in ["segment_max", "segment_mean", "segment_min", "segment_sum"]},
    **{f"F.{name}": (getattr(F, name), {"xs": [x, x]}, {"xs": ["array"]}) for name in ["column_stack", "dstack", "hstack", "vstack"]},
    "F.meshgrid": (lambda x, y, indexing: F.meshgrid(x, y, indexing=indexing), {"x": v, "y": v, "indexing": "ij"}, {"indexing": []}),
    "F.round": (F.round, {"x": x, "decimals": 1}, {"decimals": ["whole"]}),
    "F.nan_to_num": (F.nan_to_num, {"x": x, "nan": 0.0, "posinf": 1.0, "neginf": 0.0}, {"nan": ["number", "limit"], "posinf": ["number", "limit"], "neginf": ["number", "limit"]}),
    "F.xlogy": (F.xlogy, {"x": x, "y": x}, {}), "F.lerp": (F.lerp, {"x0": x, "x1": x, "t": 0.5}, {}),
    "F.prelu": (F.prelu, {"x": x, "slope": 0.1}, {"slope": ["array"]}), "F.celu": (F.celu, {"x": x, "alpha": 1.0}, {}),
    "F.glu": (F.glu, {"x": x.T, "axis": -1}, {"axis": ["one axis"]}), "F.threshold": (F.threshold, {"x": x, "limit": 0.5, "value": 1.0}, {"limit": ["number"], "value": ["number"]}),
    **{f"F.{name}": (getattr(F, name), {"x": x, "limit": 0.5}, {"limit": ["number"]}) for name in ["hardshrink", "softshrink"]},
    "F.matrix_norm": (F.matrix_norm, {"x": x, "ord": "fro", "keepdims": False}, {"ord": ["optional", "norm"]}),
    "F.topk": (F.topk, {"x": x, "k": 1, "axis": 0, "largest": False}, {"k": ["whole"], "axis": ["one axis"], "largest": ["flag"]}),
    "F.quantile": (F.quantile, {"x": x, "q": 0.5, "axis": 0, "keepdims": False}, {"q": ["parts"]}),
    "F.take": (F.take, {"x": x, "index": [0, 1], "axis": 0}, {"index": ["numbers", "a place"], "axis": ["one axis", "optional"]}),
    "F.take_along_axis": (F.take_along_axis, {"x": x, "index": integers, "axis": 1}, {"index": ["numbers"], "axis": ["one axis"]}),
    "F.scatter_reduce": (F.scatter_reduce, {"x": x, "index": integers, "values": x, "axis": 1, "reduction": "max"}, {"index": ["numbers"], "values": ["array"], "axis": ["one axis"], "reduction": []}),
    "F.scatter_add": (F.scatter_add, {"x": x, "index": integers, "values": x, "axis": 1}, {"index": ["numbers"], "values": ["array"], "axis": ["one axis"]}),
    "F.index_add": (F.index_add, {"x": x, "index": [0, 1], "values": x, "axis": 0}, {"index": ["numbers"], "values": ["array"], "axis": ["one axis"]}),
    "F.masked_fill": (F.masked_fill, {"x": x, "mask": x > 1, "value": 0.0}, {"mask": ["flag"], "value": ["array"]}),
}  # fmt: skip
TAKEN |= {
    "limits": dict.fromkeys(["7-d array", "[1.5]", "[True]", "[nan]"], "a limit for each element"),
    "numbers": {"range": "numbers"},
    "a place": {"0": "one place", "-1": "the last place", "[]": "no places", "empty array": "no places"},
    "parts": {
        "7-d array": "parts of any shape",
        "0": "the smallest",
        "[]": "no parts",
        "range": "0 and 1",
        "empty array": "no parts",
    },
    "norm": {"-1": "the smallest column", "inf": "the largest row", "-inf": "the smallest row"},
}
REDUCED = {"reduction": "mean", "weight": np.ones(3)}
of_losses = {
    "weight": ["array", "optional"], "pos_weight": ["array", "optional"], "reduction": [], "margin": ["number"], "ord": ["number", "limit"],
    **{flag: ["flag"] for flag in ("swap", "full", "log_input", "keepdims")}, "delta": ["number", "limit"], "beta": ["number"], "p": ["number"],
    "var": ["array"], "axis": ["one axis"], "smoothing": ["number"], "ignore_index": ["whole", "optional"],
}  # fmt: skip
plus = np.array([[1, -1, 1], [1, 1, -1]])
of_labels = {key: {"t": ["labels"]} for key in ("softmax_cross_entropy", "nll_loss", "multi_margin_loss")}
WITHOUT_WEIGHTS = {"normalize": {"axis": ["axis"]}, "cosine_similarity": {}, "pairwise_distance": {}}
CALLS |= {
    f"F.{name} weighted".removesuffix("" if f"F.{name}" in CALLS else " weighted"): (
        getattr(F, name), arguments | ({} if name in WITHOUT_WEIGHTS else REDUCED), of_losses | (of_labels | WITHOUT_WEIGHTS).get(name, {})
    )
    for name, arguments in {
        "mean_squared_error": {"x": x, "t": x}, "mean_absolute_error": {"x": x, "t": x}, "huber_loss": {"x": x, "t": x, "delta": 1.0}, "smooth_l1_loss": {"x": x, "t": x, "beta": 1.0},
        "sigmoid_cross_entropy": {"x": x, "t": x > 2, "pos_weight": np.ones(3)}, "binary_cross_entropy": {"p": x / 6, "t": x > 2}, "softmax_cross_entropy": {"x": x, "t": [0, 1], "smoothing": 0.1},
        "nll_loss": {"x": x, "t": [0, 1], "axis": -1, "ignore_index": -1}, "multi_margin_loss": {"x": x, "t": [0, 1], "p": 1, "margin": 1.0}, "multilabel_soft_margin_loss": {"x": x, "t": x > 2},
        **{key: {"x": x, "t": plus, "margin": 1.0} for key in ("hinge_loss", "hinge_embedding_loss")}, "soft_margin_loss": {"x": x, "t": plus}, "margin_ranking_loss": {"x0": x, "x1": x, "t": plus, "margin": 1.0},
        "cosine_embedding_loss": {"x0": x, "x1": x, "t": np.array([1, -1]), "margin": 0.5}, "triplet_margin_loss": {"anchor": x, "positive": x, "negative": x, "margin": 1.0, "ord": 2, "eps": 1e-6, "swap": True},
        "poisson_nll_loss": {"x": x, "t": x, "log_input": True, "full": True, "eps": 1e-8}, "gaussian_nll_loss": {"x": x, "t": x, "var": np.ones(3), "full": True, "eps": 1e-6},
        "normalize": {"x": x, "ord": 2, "axis": 1, "eps": 1e-6}, "cosine_similarity": {"x0": x, "x1": x, "axis": 1, "eps": 1e-6}, "pairwise_distance": {"x0": x, "x1": x, "ord": 2, "eps": 1e-6, "keepdims": True},
    }.items()
}  # fmt: skip

of_images = {
    "stride": ["sizes", "optional"], "ceil_mode": ["flag"], "count_include_pad": ["flag"], "align_corners": ["flag"], "antialias": ["flag"], "divisor": ["number", "optional"], "size": ["sizes", "optional"], "mode": [], "padding_mode": [],
    "indices": [], "scale": ["number", "optional", "scales"], "grid": [], "theta": [], "padding_idx": ["whole", "optional"], "width": ["sizes"], "value": ["number", "pad value"], "groups": ["whole"],
}  # fmt: skip
TAKEN |= {"scales": {"numbers as objects": "a scale for each axis"}}
pooled = {"kernel": 2, "stride": 2, "pad": 0, "ceil_mode": False}
counted = {"count_include_pad": True, "divisor": 3}
CALLS |= {
    f"F.{name} with options".removesuffix("" if f"F.{name}" in CALLS else " with options"): (getattr(F, name), arguments, of_images)
    for name, arguments in {
        **{f"max_pool{n}d": {"x": images(2, 4, *[5] * n), **pooled, "dilation": 1} for n in (1, 2, 3)}, "max_pool_with_indices": {"x": batch, **pooled, "dilation": 1},
        **{f"average_pool{n}d": {"x": images(2, 4, *[5] * n), **pooled, **counted} for n in (1, 2, 3)}, "max_unpool": {"x": np.ones((1, 1, 2)), "indices": np.array([[[0, 1]]]), "size": 4},
        **{f"adaptive_{kind}_pool{n}d": {"x": images(2, 4, *[5] * n), "size": 2} for n in (1, 2, 3) for kind in ("average", "max")}, **{f"dropout{n}d": {"x": images(2, 4, *[5] * n), "p": 0.5, "rng": 0} for n in (1, 2, 3)},
        **{f"conv_transpose{n}d": {"x": images(1, 2, *[4] * n), "W": images(2, 3, *[2] * n), "b": np.ones(3), "output_pad": 0, **options} for n in (1, 3)},
        "interpolate": {"x": batch, "size": (3, 4), "mode": "bilinear", "align_corners": True, "antialias": False}, "grid_sample": {"x": batch, "grid": np.zeros((2, 1, 1, 2)), "mode": "nearest", "padding_mode": "border", "align_corners": True},
        "affine_grid": {"theta": np.ones((1, 2, 3)), "size": 2, "align_corners": True}, "pad": {"x": x, "width": 1, "value": 0.0, "mode": "edge"}, "pixel_shuffle": {"x": batch, "scale": 2}, "pixel_unshuffle": {"x": images(1, 1, 4, 4), "scale": 2},
        "channel_shuffle": {"x": batch, "groups": 2}, "unfold": {"x": batch, "kernel": 2, "stride": 1, "pad": 0, "dilation": 1}, "fold": {"cols": np.ones((1, 4, 4)), "size": (3, 3), "kernel": 2, "stride": 1, "pad": 0, "dilation": 1},
        "embedding": {"W": rows, "index": [0, 1], "padding_idx": 1},
    }.items()
} | {"F.interpolate scale": (F.interpolate, {"x": batch, "scale": 2}, of_images)}  # fmt: skip

CALLS |= {
    **{f"L.ConvTranspose{n}d": (getattr(L, f"ConvTranspose{n}d"), {**conv, "output_pad": 0}, {"initializer": ["function", "optional"]}) for n in (1, 3)},
    **{f"L.MaxPool{n}d{' dilated' if n == 2 else ''}": (getattr(L, f"MaxPool{n}d"), {**pooled, "dilation": 1}, of_images) for n in (1, 2, 3)},
    **{f"L.AveragePool{n}d{' counted' if n == 2 else ''}": (getattr(L, f"AveragePool{n}d"), {**pooled, **counted}, of_images) for n in (1, 2, 3)},
    **{f"L.Adaptive{kind}Pool{n}d": (getattr(L, f"Adaptive{kind}Pool{n}d"), {"size": 2}, {}) for n in (1, 2, 3) for kind in ("Average", "Max")},
    **{f"L.Dropout{n}d": (getattr(L, f"Dropout{n}d"), {"p": 0.5, "rng": 0}, {}) for n in (1, 2, 3)},
    "L.Upsample": (lambda scale, mode, align_corners: L.Upsample(None, scale, mode, align_corners)(batch), {"scale": 2, "mode": "bilinear", "align_corners": True}, of_images),
    "L.Upsample size": (lambda size: L.Upsample(size)(batch), {"size": 2}, {}), "L.PixelShuffle": (L.PixelShuffle, {"scale": 2}, {"scale": ["whole"]}),
    "L.Embedding padding_idx": (L.Embedding, {"vocabulary": 3, "size": 2, "padding_idx": 0}, {"vocabulary": ["whole"], "size": ["whole"], "padding_idx": ["whole", "optional"]}),
}  # fmt: skip
TAKEN |= {
    "a norm": {"-1": "ord of the smallest column", "inf": "ord of rows", "-inf": "ord of rows", "None": "ord 2"},
    "a map": {"-1": "from the end"},
}
CALLS |= {
    **{f"F.{name}": (getattr(F, name), {"x": x / 10 + 0.1}, {}) for name in ["logit", "rsqrt", "sinc", "tanhshrink"]},
    **{f"F.{name}": (getattr(F, name), {"x0": x, "x1": x + 1}, {}) for name in ["copysign", "floor_divide", "fmax", "fmin", "fmod", "logaddexp2", "remainder"]},
    "F.xlog1py": (F.xlog1py, {"x": x, "y": x}, {}), "F.vecdot": (F.vecdot, {"x0": x, "x1": x, "axis": 0}, {"axis": ["one axis"]}), "F.cdist": (F.cdist, {"x0": x, "x1": x, "ord": 2}, {"ord": ["number", "limit"]}),
    **{f"F.{name}": (getattr(F, name), {"x": x, "axis": 0, "keepdims": False, "ddof": 0}, {}) for name in ["var_mean", "std_mean"]},
    "F.nanquantile": (F.nanquantile, {"x": x, "q": 0.5, "axis": 0, "keepdims": False, "method": "lower"}, {"q": ["parts"], "method": []}), "F.nanmedian": (F.nanmedian, {"x": x, "axis": 0, "keepdims": False}, {}),
    "F.quantile by method": (F.quantile, {"x": x, "q": 0.5, "method": "lower"}, {"q": ["parts"], "method": []}),
    **{f"F.{name}": (getattr(F, name), {"x": x, "index": 0, "values": 1.0}, {"index": ["index"], "values": ["array"]}) for name in ["setitem", "add_at"]},
    "F.put_along_axis": (F.put_along_axis, {"x": x, "index": integers, "values": x, "axis": 1}, {"index": ["numbers"], "values": ["array"], "axis": ["one axis"]}),
    "F.sliding_window_view": (F.sliding_window_view, {"x": x, "size": 2, "axis": 0}, {"size": ["whole"], "axis": ["one axis"]}),
    "F.diag_embed": (F.diag_embed, {"x": x, "offset": 0, "axis1": 0, "axis2": 1}, {"offset": ["whole"], "axis1": ["one axis"], "axis2": ["one axis"]}),
    "F.multilabel_margin_loss": (F.multilabel_margin_loss, {"x": x, "t": x > 2, "reduction": "mean"}, {"reduction": []}),
    "F.local_response_norm": (F.local_response_norm, {"x": batch, "size": 2, "alpha": 1e-4, "beta": 0.75, "k": 1.0}, {"size": ["whole"], "beta": ["number"], "k": ["number"]}),
    **{f"F.lp_pool{n}d": (getattr(F, f"lp_pool{n}d"), {"x": images(2, 4, *[5] * n), "ord": 2, "kernel": 2, "stride": 2, "pad": 0, "ceil_mode": False}, {"stride": ["sizes", "optional"]}) for n in (1, 2, 3)},
    "F.diff": (F.diff, {"x": x, "n": 1, "axis": 0, "prepend": 0.0, "append": 0.0}, {"n": ["whole"], "axis": ["one axis"], "prepend": ["array", "optional"], "append": ["array", "optional"]}),
    **{f"F.{name}": (getattr(F, name), {"y": x, "x": x, "dx": 1.0, "axis": 0}, {"x": ["array", "optional"], "dx": ["number"], "axis": ["one axis"]}) for name in ["trapezoid", "cumulative_trapezoid"]},
    "F.matrix_norm of singular values": (F.matrix_norm, {"x": x, "ord": "nuc", "keepdims": False}, {"ord": ["optional", "norm"]}), "F.cond": (F.cond, {"x": square + np.eye(3), "ord": 2}, {"ord": ["a norm"]}),
    "F.cov": (F.cov, {"x": x, "ddof": 1}, {}), "F.corrcoef": (F.corrcoef, {"x": x}, {}), "F.vander": (F.vander, {"x": v, "N": 3, "increasing": True}, {"N": ["whole", "optional"], "increasing": ["flag"]}),
    "F.block_diag": (lambda x, y: F.block_diag(x, y), {"x": x, "y": x}, {}), "F.tensorinv": (F.tensorinv, {"x": square + np.eye(3), "ind": 1}, {"ind": ["whole"]}),
    "F.tensorsolve": (F.tensorsolve, {"x": square + np.eye(3), "b": np.ones(3), "axes": None}, {"b": ["array"], "axes": ["axis", "optional"]}),
}  # fmt: skip
