"""What a missing name of a module was meant to be: other frameworks' words for ours, and slips of the pen."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial, wraps
from typing import Any, TypeVar

__all__ = [
    "OF_LAYERS", "OF_OPTIMIZERS", "MissingAttribute", "Words", "advised", "in_own_name", "missing_name", "speaking",
    "with_advice",
]  # fmt: skip

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])

ACTIVATIONS = "Sigmoid Tanh Softmax LogSoftmax ReLU LeakyReLU ELU SELU GELU SiLU Softplus Hardtanh Flatten"
SCHEDULES = "LambdaLR MultiStepLR PolynomialLR CosineAnnealingWarmRestarts CyclicLR polynomial piecewise"
WORDS = {  # by module: another framework's name -> ours
    "autograd": {
        "zeros": "Variable(np.zeros(shape))", "ones": "Variable(np.ones(shape))", "sum": "functions.sum",
        "device": "x.to('gpu') or model.to('gpu')", "tensor": "Variable",
        "Tensor": "Variable", "array": "Variable", "as_tensor": "as_variable",
        "export": "formats.onnx.export", "onnx": "formats.onnx",
        "from_numpy": "as_variable", "manual_seed": "seed", "inference_mode": "no_grad", "set_grad_enabled": "no_grad",
        "nn": "layers", "optim": "optimizers", "optimizer": "optimizers", "utils": "data", "save": "serialize.save",
        "load": "serialize.load", "Module": "Layer", "autograd": "grad", "detect_anomaly": "anomaly",
        "arange": "Variable(np.arange(n))", "eye": "Variable(np.eye(n))", "linspace": "Variable(np.linspace(a, b, n))",
        "functional": "functions", "remat": "checkpoint", "checkpoint_sequential": "checkpoint(Sequential(*part), x)",
        "jacrev": "jacobian", "jacfwd": "jacobian", "grad_and_value": "value_and_grad",
        "DataLoader": "data.DataLoader", "WeightedRandomSampler": "data.WeightedSampler",
        "default_collate": "data.stacked", "pad_sequence": "data.padded", "SummaryWriter": "tensorboard",
        "numerical_gradient": "testing.numerical_gradient", "numerical_diff": "testing.numerical_diff",
        "numeric_gradient": "testing.numerical_gradient", "gradcheck": "testing.check_gradients",
        "Affine": "layers.Linear", "Trainer": "training.fit", "Sequential": "layers.Sequential",
        "smooth_curve": "np.convolve",
        "numpy": "NumPy itself, whose functions take Variables", "autocast": "dtype= of each layer",
        "GradScaler": "optimizers.LossScale", "amp": "optimizers.LossScale",
    },
    "autograd.functions": {
        "cross_entropy": "softmax_cross_entropy", "mse_loss": "mean_squared_error",
        "l1_loss": "mean_absolute_error", "kl_div": "kl_divergence",
        "binary_cross_entropy_with_logits": "sigmoid_cross_entropy", "bce_loss": "binary_cross_entropy",
        "gather": "take_along_axis", "take_along_dim": "take_along_axis", "index_select": "take",
        "scatter": "put_along_axis",
        "masked_select": "getitem", "select": "getitem", "narrow": "getitem", "index_put": "setitem",
        "index_fill": "setitem", "index_copy": "setitem", "masked_scatter": "setitem", "select_scatter": "setitem",
        "slice_scatter": "setitem", "fill": "setitem", "chunk": "split", "tensor_split": "split", "unbind": "split",
        "movedim": "moveaxis", "repeat_interleave": "repeat", "expand": "broadcast_to",
        "mv": "matmul", "vector_norm": "norm", "reciprocal": "div", "frac": "x - trunc(x)", "softmin": "softmax of -x",
        "cat": "concat", "concatenate": "concat", "unsqueeze": "expand_dims", "permute": "transpose", "view": "reshape",
        "mm": "matmul", "bmm": "matmul", "dot": "matmul", "affine": "linear", "embed_id": "embedding", "pow": "power",
        "multiply": "mul", "subtract": "sub", "divide": "div", "negative": "neg", "clamp": "clip", "amax": "max",
        "amin": "min", "average": "mean", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
        "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "swish": "silu",
        **{f"avg_pool{n}d": f"average_pool{n}d" for n in (1, 2, 3)},
        **{f"adaptive_avg_pool{n}d": f"adaptive_average_pool{n}d" for n in (1, 2, 3)},
        **{f"max_unpool{n}d": "max_unpool" for n in (1, 2, 3)}, "upsample": "interpolate",
        "deconv2d": "conv_transpose2d", "identity": "getitem", "sigmoid_simple": "sigmoid", "relu6": "clip",
        "cross_entropy_error": "softmax_cross_entropy", "softmax_with_loss": "softmax_cross_entropy",
        "sum_squared_error": "mean_squared_error", "identity_function": "x itself", "step_function": "x.data > 0",
        "numerical_gradient": "testing.numerical_gradient", "numerical_diff": "testing.numerical_diff",
        "smooth_curve": "np.convolve", "convolution_2d": "conv2d", "max_pooling_2d": "max_pool2d",
        "inverse": "inv", "logdet": "slogdet", "matrix_exp": "expm", "chain_matmul": "matmul", "eig": "eigh",
        "eigvals": "eigvalsh", "cholesky_solve": "solve_triangular", "lu": "solve",
        "lgamma": "gammaln", "psi": "digamma", "mvlgamma": "multigammaln", "igamma": "gammainc", "igammac": "gammaincc",
        "bessel_j0": "j0", "bessel_j1": "j1", "bessel_y0": "y0", "bessel_y1": "y1", "modified_bessel_i0": "i0",
        "modified_bessel_i1": "i1", "modified_bessel_k0": "k0", "modified_bessel_k1": "k1",
        **{name: f"metrics.{name}" for name in ("confusion_matrix", "precision", "recall", "f1", "r2")},
        "inner": "vecdot", "mod": "remainder", "hinge": "hinge_loss", "triplet_loss": "triplet_margin_loss",
        "gaussian_nll": "gaussian_nll_loss", "isnan": "np.isnan", "isinf": "np.isinf", "isfinite": "np.isfinite",
    },
    "autograd.layers": {
        "Module": "Layer", "ModuleList": "a plain list of layers", "ParameterList": "a plain list of Parameters",
        "MultiheadAttention": "MultiHeadAttention",
        "BatchNorm1d": "BatchNorm", "BatchNorm2d": "BatchNorm", "BatchNorm3d": "BatchNorm", "EmbedID": "Embedding",
        **{f"AvgPool{n}d": f"AveragePool{n}d" for n in (1, 2, 3)},
        **{f"AdaptiveAvgPool{n}d": f"AdaptiveAveragePool{n}d" for n in (1, 2, 3)},
        "InstanceNorm2d": "InstanceNorm", "Dense": "Linear",
        "BatchNormalization": "BatchNorm", "Convolution": "Conv2d", "Convolution2D": "Conv2d", "Pooling": "MaxPool2d",
        "Relu": "the function F.relu", "SoftmaxWithLoss": "the function F.softmax_cross_entropy",
        "IdentityWithLoss": "the function F.mean_squared_error", "MatMul": "Linear with bias=False",
        "SigmoidWithLoss": "the function F.sigmoid_cross_entropy",
        **{f"Time{kind}": kind for kind in ("RNN", "LSTM", "GRU", "Embedding")}, "TimeAffine": "Linear",
        "TimeSoftmaxWithLoss": "the function F.softmax_cross_entropy",
        "Deconv2d": "ConvTranspose2d", "LazyLinear": "Linear", "Affine": "Linear", "glorot": "xavier",
        "kaiming_normal": "he", "xavier_normal": "xavier",
        "kaiming_normal_": "he", "xavier_normal_": "xavier", "orthogonal_": "orthogonal",
        **{word: f"the function F.{word.lower()}" for word in ACTIVATIONS.split()},
        "LeakyReLU": "the function F.leaky_relu", "LogSoftmax": "the function F.log_softmax",
        "CrossEntropyLoss": "the function F.softmax_cross_entropy", "MSELoss": "the function F.mean_squared_error",
        "BCELoss": "the function F.binary_cross_entropy", "L1Loss": "the function F.mean_absolute_error",
        "BCEWithLogitsLoss": "the function F.sigmoid_cross_entropy", "MaxPool": "MaxPool2d",
        "NLLLoss": "the function F.nll_loss", "HuberLoss": "the function F.huber_loss",
        "TripletMarginLoss": "the function F.triplet_margin_loss", "ZeroPad2d": "the function F.pad",
        "CosineSimilarity": "the function F.cosine_similarity", "Unfold": "the function F.unfold",
        "MaxUnpool2d": "the function F.max_unpool", "ReflectionPad2d": "the function F.pad", "Identity": "lambda x: x",
        "PReLU": "the function F.prelu, with a Parameter for its slope",
        "TransformerEncoder": "Sequential of TransformerEncoderLayer",
        "TransformerDecoder": "a plain list of TransformerDecoderLayer",
    },
    "autograd.optimizers": {
        "MomentumSGD": "Momentum", "RMSProp": "RMSprop", "Adagrad": "AdaGrad", "Adadelta": "AdaDelta",
        "lr_scheduler": "the schedules step, exponential, cosine and warmup", "StepLR": "step",
        "ExponentialLR": "exponential", "CosineAnnealingLR": "cosine", "OneCycleLR": "onecycle",
        "LinearLR": "warmup", "ReduceLROnPlateau": "plateau", "AveragedModel": "EMA", "clip_grad_norm": "clip_by_norm",
        "clip_grad_norm_": "clip_by_norm", "clip_grad_value_": "clip_by_value", "ClipGrad": "clip_by_norm",
        "WeightDecay": "weight_decay", "FreezeParam": "freeze", "SWA": "EMA",
        "GradScaler": "LossScale", "NAdam": "Adam, or RAdam",
        **dict.fromkeys(SCHEDULES.split(), "a function of the count of updates, as lr="),
    },
    "autograd.serialize": {
        "save_model": "save, and emit for a file that needs no code of yours", "dump": "save", "save_file": "save",
        "load_model": "load(model, path), for a model that its code has made", "load_file": "load",
        "save_weights": "models.save_weights", "load_weights": "models.load_weights",
    },
    "autograd.metrics": {
        "accuracy_score": "accuracy", "top_k_accuracy_score": "accuracy", "f1_score": "f1",
        "precision_score": "precision", "recall_score": "recall", "r2_score": "r2", "mean_absolute_error": "mae",
        "root_mean_squared_error": "rmse", "roc_auc_score": "roc_auc", "auroc": "roc_auc", "auc": "roc_auc",
    },
    "autograd.models": {
        **{f"resnet{n}": f"ResNet{n}" for n in (18, 34, 50, 101, 152)}, "vgg16": "VGG16", "mobilenet_v2": "MobileNetV2",
        "squeezenet1_1": "SqueezeNet", "MLP": "layers.MLP", "Sequential": "layers.Sequential", "Model": "ag.Layer",
        "TwoLayerNet": "layers.MLP((100, 10))", "MultiLayerNet": "layers.MLP", "MultiLayerNetExtend": "layers.MLP",
        "DeepConvNet": "SimpleConvNet, or layers.Sequential of L.Conv2d and L.MaxPool2d", "Trainer": "training.fit",
        "smooth_curve": "np.convolve",
    },
    "autograd.testing": {
        "gradient_check": "check_gradients", "gradcheck": "check_gradients", "gradgradcheck": "check_gradients",
        "numeric_gradient": "numerical_gradient", "numerical_grad": "numerical_gradient",
    },
    "autograd.visualize": {
        "show": "y.graph()", "draw": "plot", "plot_dot_graph": "plot", "get_dot_graph": "to_dot",
        "make_dot": "to_graphviz", "summary": "model.summary(x)",
    },
}  # fmt: skip

ABSENT = {  # by module: what is not provided -> what to do instead
    "autograd": {
        "jit": "ag.capture(step) records a step and replays it without a graph",
        "compile": "ag.capture(step) records a step and replays it without a graph",
        "cuda": "model.to('gpu') computes by CuPy", "random": "use ag.seed(0), and an rng of np.random.default_rng(0)",
        "elementwise_grad": "use ag.grad(f(x).sum(), x)", "make_vjp": "use ag.vjp(f, x, v)",
        "hessian_vector_product": "use ag.hvp(f, x, v)", "stop_gradient": "use x.detach()",
        "custom_vjp": "write a Function with forward and backward", "GradientTape": "use ag.grad(y, x)",
        "DataParallel": "start a process for each device, with autograd.distributed",
        "float32": "use np.float32", "float64": "use np.float64", "is_tensor": "use isinstance(x, ag.Variable)",
        **{name: f"use F.{name}" for name in ("einsum", "where", "stack", "concat")},
    },
    "autograd.functions": {
        "gumbel_softmax": "write F.softmax((x - np.log(-np.log(u))) / tau), with u = rng.uniform(size=x.shape)",
        "focal_loss": "p = F.exp(-losses) of F.softmax_cross_entropy(x, t, reduction='none'): "
        "write ((1 - p) ** 2 * losses).mean()",
        "dice_loss": "write 1 - 2 * (p * t).sum() / (p.sum() + t.sum())", "label_smoothing":
        "F.softmax_cross_entropy has smoothing=", "contrastive_loss": "write F.softmax_cross_entropy of a @ b.T / tau, "
        "with the labels np.arange(len(a))", "info_nce": "write F.softmax_cross_entropy of a @ b.T / tau, "
        "with the labels np.arange(len(a))", "rrelu": "use F.leaky_relu", "alpha_dropout": "use F.dropout",
        "bilinear": "write F.einsum('ni,oij,nj->no', x0, W, x1)", "stop_gradient": "use x.detach()",
        "straight_through": "write x + (F.round(x) - x).detach()", "heaviside": "write F.where(x > 0, 1.0, 0.0)",
        "swiglu": "write F.silu(a) * b", "geglu": "write F.gelu(a) * b", "maxout": "write x.reshape(n, -1, k).max(2)",
        "spectral_norm": "write W / F.matrix_norm(W, 2)", "weight_norm":
        "write g * v / F.norm(v, axis=0, keepdims=True)", "flash_attention": "use F.scaled_dot_product_attention",
        "rearrange": "use F.reshape and F.transpose", **{
            name: f"it has no gradient, use np.{name} of x.data"
            for name in ("bincount", "histogram", "nonzero", "count_nonzero", "searchsorted", "unique")
        },
    },
    "autograd.layers": {
        **{f"{kind}Cell": f"a call of L.{kind} with a state is one step: y, state = layer(x, state)"
           for kind in ("RNN", "LSTM", "GRU")},
        **dict.fromkeys(("SpectralNorm", "spectral_norm"), "compute the weight in forward, by F.matrix_norm(W, 2)"),
        **dict.fromkeys(("WeightNorm", "weight_norm"), "compute the weight in forward, from g and v"),
        "AlphaDropout": "use Dropout", "Bilinear": "write F.einsum('ni,oij,nj->no', x0, W, x1)",
        "ModuleDict": "a plain dict of layers does it", "ParameterDict": "a plain dict of Parameters does it",
        "EmbeddingBag": "take the mean of an Embedding over axis 1", "Lambda": "put the function itself there",
        "Activation": "put the function itself there", "Reshape": "put lambda x: x.reshape(...) there",
        "Permute": "put lambda x: x.transpose(...) there", "Bidirectional": "RNN, LSTM and GRU have bidirectional=",
        **dict.fromkeys(("GlobalAveragePooling2D", "GlobalAvgPool2d"), "use the mean, lambda x: x.mean((2, 3))"),
        **dict.fromkeys(("DepthwiseConv2D", "SeparableConv2D"), "Conv2d has groups=, the number of channels"),
        "TimeDistributed": "Linear takes any number of axes in front", "Highway": "write t * h(x) + (1 - t) * x",
    },
    "autograd.optimizers": {
        **dict.fromkeys(["LAMB", "LARS", "Lamb", "Adafactor"], "take AdamW, with O.warmup for large batches"),
        "SAM": "take a step to p + rho * g / norm under no_grad(), compute gradients there, step back and update",
        "Adamax": "take Adam", "ASGD": "take SGD, with O.EMA for the average", "Rprop": "take RMSprop",
        "SparseAdam": "take Adam", "Lookahead": "take O.EMA",
        **dict.fromkeys(["Muon", "Shampoo", "Sophia", "Adan", "AdaBelief", "Yogi", "Ftrl"],
                        "write its formula as the step of a class of your own, of Optimizer"),
    },
}  # fmt: skip

OPTIONS = {  # another framework's keyword -> ours, the first that the function has, or else what to do
    "dim": "axis|index the axes, as in x[:, 2]", "dims": "axis|axes", "keepdim": "keepdims", "padding": "pad",
    "kernel_size": "kernel|give the size of the result", "input": "x|q|p|index|A", "target": "t|q",
    "label_smoothing": "smoothing", "negative_slope": "slope", "unbiased": "ddof", "correction": "ddof",
    "beta": "delta|write F.softplus(beta * x) / beta",
    "output_size": "size", "scale_factor": "scale", "output_padding": "output_pad", "weight": "W|gamma|slope",
    "retain_graph": "keep_graph", "grad_tensors": "gradient", "bias": "b|beta", "num_groups": "groups", "min": "low",
    "max": "high", "shifts": "shift", "ratio": "p", "query": "q", "key": "k", "value": "v", "attn_mask": "mask",
    "is_causal": "causal", "dropout_p": "p", "num_classes": "classes",
    "divisor_override": "divisor", "upscale_factor": "scale", "downscale_factor": "scale",
    "other": "x1|W|b", "input1": "x0", "input2": "x1", "x2": "x1", "mat2": "W", "vec": "W", "vec2": "b", "end": "x1",
    "tensors": "xs", "tensor": "x|index|A", "src": "values", "source": "values", "indices": "index",
    "exponent": "p", "diagonal": "k", "lambd": "limit", "min_val": "low", "max_val": "high", "log_probs": "x",
    "targets": "t", "input_lengths": "lengths", "interpolation": "method", "p": "ord",
    "chunks": "sections", "split_size_or_sections": "sections", "indices_or_sections": "sections",
    "n_fft": "n", "hop_length": "hop", "win_length": "window", "dim1": "axis1|axes", "dim2": "axis2", "axis0": "axis1",
    "dim0": "give all axes in their new order, or x.swapaxes(0, 1)", "start_dim": "write x.reshape(len(x), -1)",
    "alpha": "write x0 + alpha * x1", "threshold": "limit", "rounding_mode": "use F.floor_divide or F.trunc",
    "inplace": "a result is always a new array", "out": "a result is always a new array",
    "training": "it is that of ag.test_mode() or model.eval()", "max_norm": "clip the weights by F.clip",
    "momentum": "running statistics belong to the layer L.BatchNorm",
    "running_mean": "F.batch_norm_inference takes statistics, and the layer L.BatchNorm keeps them",
    "running_var": "F.batch_norm_inference takes statistics, and the layer L.BatchNorm keeps them",
    "normalized_shape": "it is the last axis", "requires_grad": "layer.freeze() takes it out of training",
    "last_epoch": "a schedule counts the updates of its optimizer", "T_max": "steps", "eta_min": "end",
    "gamma": "factor",
    "step_size": "every", "norm_type": "ord|it is the Euclidean norm", "clip_value": "max_value|limit", "base_lr": "lr",
    "max_lr": "lr", "total_steps": "steps", "generator": "rng",
    "use_reentrant": "leave it out: there is one way, right at every order",
    "preserve_rng_state": "leave it out: the same numbers are drawn again",
    "loss_scale": "optimizer=O.LossScale(optimizer) scales the loss",
    "monitor": "name|best", "min_delta": "delta", "mode": "largest", "save_best_only": "best", "max_to_keep": "keep",
    "restore_best_weights": "Checkpoints(folder, best=...) keeps the file of the best epoch",
    "metrics": "metric", "validation_data": "test", "callbacks": "watch", "callback": "watch",
    "one_hot": "write F.one_hot(t, 10), but losses and F.accuracy take labels", "normalize": "x is between 0 and 1",
    "accumulation_steps": "accumulate", "initial_epoch": "history", "start_epoch": "history",
    "class_weight": "the loss has weight=, as in partial(F.softmax_cross_entropy, weight=weights)",
    "prefetch_factor": "workers", "prefetch": "workers", "persistent_workers": "workers",
    "num_workers": "workers", "collate_fn": "collate", "weights": "sampler", "multiprocessing_context": "start_method",
}  # fmt: skip


Words = Mapping[str, tuple[str, ...]]  # their word: our names for it, then what to do where none of them exists
OF_LAYERS: Words = {
    "in_features": ("in_size",), "input_size": ("in_size",), "input_dim": ("in_size", "vocabulary"),
    "out_features": ("out_size",), "units": ("out_size", "hidden"), "filters": ("out_channels",),
    "kernel_size": ("kernel",), "ksize": ("kernel",), "pool_size": ("kernel",), "strides": ("stride",),
    "padding": ("pad",), "output_padding": ("output_pad",), "dilation_rate": ("dilation",),
    "num_features": ("size",), "num_channels": ("size",), "normalized_shape": ("size",), "num_groups": ("groups",),
    "hidden_size": ("hidden",), "num_embeddings": ("vocabulary",), "embedding_dim": ("size",),
    "output_dim": ("size",), "rate": ("p",), "d_model": ("size",), "embed_dim": ("size",), "nhead": ("heads",),
    "num_heads": ("heads",), "num_kv_heads": ("kv_heads",), "dim_feedforward": ("hidden",),
    "layer_norm_eps": ("eps",), "max_len": ("length",), "kdim": ("memory_size",), "vdim": ("memory_size",),
    "epsilon": ("eps",), "use_bias": ("bias",), "nobias": ("bias=False",), "kernel_initializer": ("initializer",),
    "initialW": ("initializer",), "activation": ("put the function after it, in a Sequential",),
    "nonlinearity": ("it is tanh",), "num_layers": ("layers", "put several into a Sequential"),
    "batch_first": ("a sequence is x (N, T, I)",),
    "return_sequences": ("a sequence (N, T, I) gives (N, T, H), of which y[:, -1] is the last step",),
    "return_state": ("a call with a state, y, state = layer(x, None), returns one",), "reset_after": ("reset",),
    "linear_before_reset": ("reset",), "bidirectional": ("RNN, LSTM and GRU have it",),
    "dropout": ("p", "put a Dropout after it"), "device": ("move it by .to(device)",),
    "inplace": ("a result is always a new array",),
    "padding_mode": ("put F.pad(x, width, mode=...) before it",), "affine": ("gamma and beta are always there",),
    "elementwise_affine": ("gamma and beta are always there",), "scale_factor": ("scale",),
    "track_running_stats": ("eval() takes the running statistics, train() those of the batch",),
    "return_indices": ("the function F.max_pool_with_indices gives them",), "divisor_override": ("divisor",),
    "upscale_factor": ("scale",), "label_smoothing": ("smoothing",), "negative_slope": ("slope",),
    "generator": ("rng",), "requires_grad": ("layer.freeze() takes it out of training",),
}  # fmt: skip
OF_OPTIMIZERS: Words = {
    "params": ("model",), "learning_rate": ("lr",), "betas": ("beta1= and beta2=",), "beta_1": ("beta1",),
    "beta_2": ("beta2",), "alpha": ("rho", "lr"), "epsilon": ("eps",),
    "weight_decay": ("decay", "give transforms=[weight_decay(rate)], or take AdamW"),
    "momentum": ("take Momentum(model, lr, momentum)",), "nesterov": ("take Nesterov(model, lr, momentum)",),
    "lr_decay": ("give a schedule as lr, such as exponential(0.1, factor)",),
    "decay": ("give transforms=[weight_decay(rate)], or take AdamW",),
    "clipnorm": ("give transforms=[clip_by_norm(limit)]",),
    "clipvalue": ("give transforms=[clip_by_value(limit)]",), "maximize": ("train with the negative loss",),
    "amsgrad": ("it has no such variant",), "dampening": ("take Momentum(model, lr, momentum)",),
    "decoupled_weight_decay": ("take AdamW",), "max_iter": ("iterations",), "history_size": ("memory",),
    "tolerance_grad": ("tolerance",), "tolerance_change": ("tolerance",),
    "line_search_fn": ("it always searches along the line",),
}  # fmt: skip

FIRST = re.compile(r"[\w.]+(?=: | takes | of a Variable | of shapes )")  # the function that a message speaks of


def in_own_name(error: Exception, name: str) -> None:
    """Lets an error speak of the function `name`, and not of one that it calls: "std takes", not "var takes"."""
    if len(error.args) == 1 and isinstance(error.args[0], str) and (first := FIRST.match(error.args[0])):
        error.args = (name + error.args[0][first.end() :],)


def with_advice(f: F, own: bool = False) -> F:
    """`f`, which answers a keyword of another framework, such as `dim=`, with its own word for it.

    With `own`, all its errors speak of it (`in_own_name`).
    """
    known = inspect.signature(f).parameters

    @wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return f(*args, **options)
        except (TypeError, ValueError, IndexError) as error:
            unknown = [name for name in options if name not in known]
            if own:
                in_own_name(error, f.__name__)
            if not isinstance(error, TypeError) or not unknown or any(p.kind is p.VAR_KEYWORD for p in known.values()):
                raise
            words = OPTIONS.get(unknown[0], "").split("|")
            word = next((f"it is {word}= here" for word in words if word in known), words[-1])
            others = ", ".join([name for name in known if name != "self"])
            advice = f": {word}" if " " in word else f"; it takes {others}"
            name = f.__qualname__.removesuffix(".__init__") if f.__name__ == "__init__" else f.__name__
            raise TypeError(f"{name} has no argument {unknown[0]}={advice}") from None

    return call  # type: ignore[return-value]


speaking = partial(with_advice, own=True)


def advised(cls: C) -> C:
    """The class with a constructor that answers a keyword of another framework."""
    cls.__init__ = with_advice(cls.__init__)  # type: ignore[misc]
    return cls


OF_VARIABLES = {  # ours for an attribute of another framework's arrays
    theirs: ours
    for ours, words in {
        "x.data": "array", "the module of x.data": "xp device", "x.shape": "size",
        "x.reshape": "view", "x.T": "t", "x.transpose": "permute", "x.ndim": "dim",
        "x.size": "numel", "x ** p": "pow", "x @ W": "mm bmm", "x.to('gpu')": "cuda", "x.to('cpu')": "cpu",
        "x.astype": "type float double half bfloat16 long int",
        "x.data[...] = value": "fill", "x.clip": "clamp", "F.broadcast_to": "expand", "F.split": "chunk",
        "F.expand_dims": "unsqueeze", "x.copy(), or x.detach()": "clone", "F.sort": "sort",
        "F.sliding_window_view": "unfold", "np.isnan": "isnan",
        "x.creator": "grad_fn", "x.creator is None": "is_leaf", "x.cleargrad": "zero_grad zero_ cleargrads zerograd",
        "x.unchain": "detach_", "x.backward(retain_grad=True)": "retain_grad",
        "an operator, or x -= y and its like under no_grad()": "add_ sub_ mul_ div_",
        "an array for constants, x.detach(), or layer.freeze()": "requires_grad requires_grad_",
    }.items()
    for theirs in words.split()
}  # fmt: skip


class MissingAttribute(AttributeError):
    """An attribute `name` that a Variable of the class `owner` lacks. Our word for it is looked up when it is shown."""

    def __init__(self, name: str, owner: type) -> None:
        super().__init__(name=name)
        self.owner = owner

    def __str__(self) -> str:
        name, there = str(self.name), [known for known in dir(self.owner) if known[0] != "_"]
        functions = getattr(sys.modules.get("autograd.functions"), "__all__", ())
        advice = ""
        if name in OF_VARIABLES:
            advice = f": here it is {OF_VARIABLES[name]}"
        elif name in functions:
            advice = f": here it is the function F.{name}(x)"
        elif WORDS["autograd.functions"].get(name) in functions:
            advice = f": here it is the function F.{WORDS['autograd.functions'][name]}"
        elif close := get_close_matches(name, there, 1, 0.75):
            advice = f": did you mean {close[0]}?"
        return f"a Variable has no attribute {name!r}{advice}"


def missing_name(module: str, name: str, there: Iterable[str]) -> AttributeError:
    """The error for an attribute `name` that `module` lacks; `there` are the names that it has."""
    words, absent = WORDS.get(module, {}), ABSENT.get(module, {})
    folded = {known.lower(): known for known in [*words, *there]}
    close = get_close_matches(name.lower(), folded, 1, 0.75)
    if name in words:
        advice = f": it is {words[name]} here"
    elif name in absent:
        advice = f": it is not provided; {absent[name]}"
    elif close:
        found = folded[close[0]]
        advice = f": did you mean {words.get(found, found)}?"
    else:
        advice = f"; its parts are {', '.join(there)}" if module == "autograd" else ""
    return AttributeError(f"module {module!r} has no attribute {name!r}{advice}", name=name)
