"""The large networks."""

import dezero
import dezero.layers as L
import numpy as np
import pytest
from dezero import Variable, models

from autograd.compat.dezero import layers
from tests.compat.dezero.samples import numpys_own

pytestmark = numpys_own


def test_large_networks():
    class Small(models.VGG16):
        blocks = ((2, 1), (2, 2))

        def __init__(self):
            super().__init__()
            self.fc6, self.fc7, self.fc8 = L.Linear(4), L.Linear(4), L.Linear(3)

    net = Small()
    assert net(np.zeros((1, 3, 8, 8), np.float32)).shape == (1, 3)
    assert "conv2_2/W" in dict(layers.paths(net))
    net = models.ResNet50()
    names = [name for name, _ in layers.paths(net)]
    assert {"conv1/W", "bn1/gamma", "res2/a/conv4/W", "res3/b3/bn3/avg_var", "fc6/b"} <= set(names)
    with dezero.no_grad():
        assert net(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 1000)
    with pytest.raises(ValueError, match="50, 101 or 152"):
        models.ResNet(18)


def test_blocks_of_the_residual_network():
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 6))
    for second in (False, True):  # the convolution that has the stride
        block = models.BottleneckA(4, 2, 8, downsample_fb=second)
        assert block(x).shape == (2, 8, 3, 3)
        assert (block.conv1.stride, block.conv2.stride) == ((1, 2) if second else (2, 1))
    assert models.BottleneckB(4, 2)(x).shape == x.shape
    block = models.BuildingBlock(3, 4, 2, 8, 1)
    assert block(x).shape == (2, 8, 6, 6)
    assert sorted(block._params) == ["a", "b1", "b2"]


def test_squeezenet():
    net = models.SqueezeNet()
    y = net(np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32))
    assert (type(y), y.shape, y.dtype) == (Variable, (1, 1000), np.float32)
    y.backward()
    assert all(p.grad.shape == p.shape for p in net.params())
    assert sum(p.size for p in net.params()) == 1_248_424
    with pytest.raises(ValueError, match="pretrained must be False"):
        models.SqueezeNet(pretrained=True)


def test_pictures_are_prepared_for_vgg():
    image = pytest.importorskip("PIL.Image")
    red = image.new("RGB", (30, 20), (255, 0, 0))
    x = models.VGG16.preprocess(red)
    assert (x.shape, x.dtype) == ((3, 224, 224), np.float32)
    np.testing.assert_allclose(x[:, 0, 0], [-103.939, -116.779, 255 - 123.68])
    assert models.VGG16.preprocess(red, size=None).shape == (3, 20, 30)


def test_the_picture_of_a_model_begins_with_its_input(tmp_path):
    models.MLP((4, 2)).plot(np.ones((3, 5)), to_file=str(tmp_path / "model.dot"))
    text = (tmp_path / "model.dot").read_text(encoding="utf-8")
    assert '"(3, 5) float64"' in text
    assert '"layers.0.W\\n(5, 4) float32"' in text or '"l0.W\\n(5, 4) float32"' in text
