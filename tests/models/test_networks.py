"""Each network has the published number of parameters, gives numbers for classes, and learns."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import data, layers, models, optimizers
from autograd.models import VGG16, EfficientNetLite0, MobileNetV2, SimpleConvNet, SqueezeNet
from autograd.models.blocks import relu6
from autograd.models.mobilenet import InvertedResidual
from autograd.models.resnet import bottleneck

PUBLISHED = {  # torchvision's, and the paper's of EfficientNet-Lite0
    "ResNet18": 11_689_512,
    "ResNet34": 21_797_672,
    "ResNet50": 25_557_032,
    "ResNet101": 44_549_160,
    "ResNet152": 60_192_808,
    "VGG16": 138_357_544,
    "SqueezeNet": 1_248_424,
    "MobileNetV2": 3_504_872,
    "EfficientNetLite0": 4_652_008,
}


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def size(model):
    return sum(parameter.size for parameter in model.params())


@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items())
def test_the_number_of_parameters_is_the_published_one(name, expected, weightless):
    assert size(getattr(models, name)()) == expected


def test_more_numbers_of_parameters(weightless):
    assert size(SqueezeNet(version="1.1")) == 1_235_496
    assert size(models.ResNet18(classes=10)) == 11_689_512 - 990 * 513
    assert size(SimpleConvNet()) == 30 * 25 + 30 + 30 * 12 * 12 * 100 + 100 + 100 * 10 + 10


def test_all_sizes_are_known_at_once(weightless):
    for name in models.__all__:
        if isinstance(getattr(models, name), type):
            getattr(models, name)().state_dict()


@pytest.mark.parametrize("side", [32, 48])
@pytest.mark.parametrize("name", ["ResNet18", "ResNet50", "SqueezeNet", "MobileNetV2", "EfficientNetLite0"])
def test_images_of_any_size_become_a_number_for_each_class(name, side):
    model = getattr(models, name)(classes=7, rng=0)
    with ag.test_mode(), ag.no_grad():
        y = model(images(2, 3, side, side + 8))
    assert y.shape == (2, 7)
    assert y.dtype == np.float32
    assert np.isfinite(y.data).all()
    assert y.data.any()


def test_vgg_gives_a_number_for_each_class(weightless):
    with ag.test_mode(), ag.no_grad():
        assert VGG16()(images(2, 3, 32, 40)).shape == (2, 1000)


@pytest.mark.parametrize("options", [{"kernel": 3, "pad": 1}, {"kernel": 5}, {"kernel": 4, "filters": 2, "hidden": 3}])
def test_simple_conv_net_fits_its_images(options):
    x = images(2, 2, 9, 14)
    assert SimpleConvNet(4, (2, 9, 14), **options)(x).shape == (2, 4)


def test_on_each_device(on_device, moved):
    model = moved(models.ResNet18(classes=3, rng=0))
    x = on_device(images(2, 3, 32, 32))
    y = model(x)
    F.softmax_cross_entropy(y, on_device(np.array([0, 2]))).backward()
    assert all(type(p.grad.data) is type(x) and p.grad.dtype == np.float32 for p in model.params())


def test_gradients_of_all_parameters():
    for name in ("SqueezeNet", "MobileNetV2", "EfficientNetLite0"):
        model = getattr(models, name)(classes=3, rng=0)
        F.softmax_cross_entropy(model(images(2, 3, 32, 32)), np.array([0, 2])).backward()
        assert all(p.grad.shape == p.shape and p.grad.dtype == np.float32 for p in model.params()), name


def test_relu6():
    x = ag.Variable([-1.0, 0.0, 2.0, 5.9, 6.1])
    y = relu6(x)
    y.backward()
    assert y.data.tolist() == [0, 0, 2, 5.9, 6]
    assert x.grad.data.tolist() == [0, 0, 1, 1, 0]


def of_kind(kind, model):
    return [layer for layer in model.layers() if isinstance(layer, kind)]


def test_a_bottleneck_halves_the_image_where_every_pixel_counts():
    assert [conv.stride for conv in of_kind(layers.Conv2d, bottleneck(8, 16, 2))] == [1, 2, 1]
    x = ag.Variable(images(1, 8, 6, 6))
    with ag.test_mode():
        y = bottleneck(8, 16, 2, rng=0)(x)
    y.backward()
    assert y.shape == (1, 16, 3, 3)
    assert x.grad.data[:, :, 1::2, 1::2].any()


@pytest.mark.parametrize(
    ("version", "pools", "size"),  # torchvision's indices; the sizes with the odd pixel kept
    [("1.0", [2, 6, 11], (2, 2)), ("1.1", [2, 5, 8], (2, 3))],
)
def test_where_squeezenet_pools(version, pools, size, weightless):
    features = SqueezeNet(version=version).features
    assert [i for i, part in enumerate(features) if isinstance(part, layers.MaxPool2d)] == pools
    with ag.no_grad():
        assert features(images(1, 3, 45, 52)).shape == (1, 512, *size)


def test_of_an_inverted_residual_only_the_projection_is_linear():
    block = InvertedResidual(4, 6, 6, 3, 1, None, rng=0)
    x = 100 * images(1, 4, 5, 5)
    with ag.test_mode(), ag.no_grad():
        for bounded in (block.expand(x), block.depthwise(block.expand(x))):
            assert bounded.data.min() == 0
            assert bounded.data.max() == 6
        y = block.project(bounded)
        np.testing.assert_array_equal(block.project(-bounded).data, -y.data)
    assert y.data.any()


@pytest.mark.parametrize(("make", "eps", "pads"), [(MobileNetV2, 1e-5, {1}), (EfficientNetLite0, 1e-3, {"same"})])
def test_the_eps_and_the_padding_of_the_published_weights(make, eps, pads, weightless):
    model = make()
    assert {layer.eps for layer in of_kind(layers.BatchNorm, model)} == {eps}
    assert {conv.pad for conv in of_kind(layers.Conv2d, model) if conv.W.shape[2] > 1} == pads


@pytest.mark.parametrize(("make", "first"), [(MobileNetV2, [4, 6, 6]), (EfficientNetLite0, [9, 9, 6])])
def test_how_many_pixels_a_corner_an_edge_and_the_last_corner_see(make, first):
    """Ones on ones count the pixels under a filter of 3 x 3, stride 2, on 6 x 6: the odd row is before or behind."""
    conv = make(classes=1, initializer=layers.ones).stem[0]
    y = conv(np.ones((1, 3, 6, 6), np.float32)).data[0, 0] / 3
    assert [y[0, 0], y[0, 1], y[0, 2]] == first


def test_a_seed_is_spent_once():
    first, second = models.ResNet18(rng=3).state_dict(), models.ResNet18(rng=3).state_dict()
    assert all(np.array_equal(first[path], second[path]) for path in first)
    assert not np.array_equal(first["stages.0.0.f.0.0.W"], first["stages.0.1.f.0.0.W"])


def test_options_reach_every_layer():
    model = models.MobileNetV2(classes=3, dtype=np.float64, initializer=ag.layers.zeros)
    assert all(box.dtype == np.float64 for _, box in model.named_state())
    assert not model.classifier.W.data.any()


def test_simple_conv_net_learns_the_digits():
    x, t = data.digits(flatten=False)
    model = SimpleConvNet(size=(1, 8, 8), filters=8, kernel=3, pad=1, hidden=32, rng=0)
    optimizer = optimizers.Adam(model, 0.01)
    loader = data.DataLoader((x, t), 64, rng=0)
    for _ in range(4):
        for bx, bt in loader:
            model.cleargrads()
            F.softmax_cross_entropy(model(bx), bt).backward()
            optimizer.update()
    with ag.test_mode(), ag.no_grad():
        tx, tt = data.digits("test", flatten=False)
        assert F.accuracy(model(tx), tt) > 0.9


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SqueezeNet(version="2.0"), ValueError, "one of '1.0', '1.1', not '2.0'"),
        (lambda: SqueezeNet(version=1.0), ValueError, "not 1.0"),
        (lambda: SimpleConvNet(size=(1, 4, 4)), ValueError, r"H and W of at least 6, not .*4, 4"),
        (lambda: models.ResNet18(classes=0), ValueError, "at least 1"),
        (lambda: models.ResNet18(seed=0), TypeError, "seed"),
    ],
)
def test_wrong_arguments(make, error, message, weightless):
    with pytest.raises(error, match=message):
        make()
