"""The networks against the same in plain PyTorch, written with torchvision's names and loaded by them."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import models
from autograd.models import load_weights
from autograd.models.resnet import ResNet, bottleneck
from autograd.models.weights import path_of, translated

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.standin_exempt("is compared with PyTorch on NumPy's arrays")


@pytest.fixture(autouse=True)
def one_thread():
    """On a busy machine PyTorch's threads wait for each other much longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Block(nn.Module):
    """ResNet's; with `bottleneck` three convolutions instead of two."""

    def __init__(self, C, M, stride, bottleneck):
        super().__init__()
        K = M // 4 if bottleneck else M
        shapes = [(C, K, 1, 1), (K, K, 3, stride), (K, M, 1, 1)] if bottleneck else [(C, M, 3, stride), (M, M, 3, 1)]
        self.count = len(shapes)
        for i, (c, m, kernel, step) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(c, m, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(m))
        self.downsample = None
        if stride > 1 or C != M:
            self.downsample = nn.Sequential(nn.Conv2d(C, M, 1, stride, bias=False), nn.BatchNorm2d(M))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = torch.relu(y) if i < self.count else y
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class TorchResNet(nn.Module):
    def __init__(self, depths, widths, bottleneck, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        C = 64
        for i, (depth, M) in enumerate(zip(depths, widths), 1):
            blocks = [Block(M if k else C, M, 2 if i > 1 and k == 0 else 1, bottleneck) for k in range(depth)]
            setattr(self, f"layer{i}", nn.Sequential(*blocks))
            C = M
        self.fc = nn.Linear(C, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(self, f"layer{i}")(x)
        return self.fc(x.mean((2, 3)))


def conv_bn(C, M, kernel, stride=1, groups=1):
    conv = nn.Conv2d(C, M, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(M), nn.ReLU6())


class Inverted(nn.Module):
    def __init__(self, C, M, stride, expansion):
        super().__init__()
        E = C * expansion
        expand = [conv_bn(C, E, 1)] if expansion > 1 else []
        project = nn.Conv2d(E, M, 1, bias=False), nn.BatchNorm2d(M)
        self.conv = nn.Sequential(*expand, conv_bn(E, E, 3, stride, E), *project)
        self.residual = stride == 1 and C == M

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class TorchMobileNetV2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        C, parts = 32, [conv_bn(3, 32, 3, 2)]
        table = "1 16 1 1, 6 24 2 2, 6 32 3 2, 6 64 4 2, 6 96 3 1, 6 160 3 2, 6 320 1 1"
        for t, c, n, s in [map(int, row.split()) for row in table.split(",")]:
            for k in range(n):
                parts.append(Inverted(C, c, 1 if k else s, t))
                C = c
        self.features = nn.Sequential(*parts, conv_bn(C, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class TorchFire(nn.Module):
    def __init__(self, C, S, M):
        super().__init__()
        self.squeeze = nn.Conv2d(C, S, 1)
        self.expand1x1, self.expand3x3 = nn.Conv2d(S, M, 1), nn.Conv2d(S, M, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


class TorchSqueezeNet(nn.Module):
    def __init__(self, version, classes):
        super().__init__()

        def pool():
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        a, b, c, d = TorchFire(128, 16, 64), TorchFire(128, 32, 128), TorchFire(256, 32, 128), TorchFire(256, 48, 192)
        e, f, g = TorchFire(384, 48, 192), TorchFire(384, 64, 256), TorchFire(512, 64, 256)
        if version == "1.0":
            stem, first = nn.Conv2d(3, 96, 7, 2), TorchFire(96, 16, 64)
            rest = [first, a, b, pool(), c, d, e, f, pool(), g]
        else:
            stem, first = nn.Conv2d(3, 64, 3, 2), TorchFire(64, 16, 64)
            rest = [first, a, pool(), b, c, pool(), d, e, f, g]
        self.features = nn.Sequential(stem, nn.ReLU(), pool(), *rest)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


def same(model, reference, shape, *, training, classes, dtype=np.float64):
    """The same loss, gradients and running statistics as in PyTorch, with the same weights.

    In float32 a ReLU whose input is 0 but for rounding lets a gradient pass here and not there, which changes all
    gradients before it by a percent or two. So every normalization gets offsets of 5 and -5 there: no input is near 0.
    """
    rtol, distance = (1e-7, 1e-7) if dtype == np.float64 else (1e-4, 1e-3)
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal(shape).astype(dtype), rng.integers(0, classes, shape[0])
    reference = reference.to(torch.float64 if dtype == np.float64 else torch.float32).train(training)
    for name, buffer in reference.named_buffers():  # statistics as after a training
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    for part in reference.modules():
        if isinstance(part, nn.BatchNorm2d) and dtype == np.float32:
            part.bias.data = torch.tensor([5.0, -5.0]).repeat(len(part.bias) // 2)
    load_weights(model, reference.state_dict())
    expected = nn.functional.cross_entropy(reference(torch.tensor(x)), torch.tensor(t))
    expected.backward()
    if training:
        loss = F.softmax_cross_entropy(model(x), t)
    else:
        with ag.test_mode():
            loss = F.softmax_cross_entropy(model(x), t)
    loss.backward()
    np.testing.assert_allclose(loss.data, expected.item(), rtol=rtol)
    grads = dict(translated({name: p.grad for name, p in reference.named_parameters()}, model))
    params = dict(model.named_params())
    assert set(grads) == set(params)
    for path, g in grads.items():
        assert params[path].grad.dtype == dtype
        assert np.linalg.norm(params[path].grad.data - g) <= distance * np.linalg.norm(g), path
    state = model.state_dict()
    for path, x in translated(reference.state_dict(), model):
        np.testing.assert_allclose(state[path], x, rtol=rtol, atol=rtol, err_msg=path)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_resnet18_in_training(dtype):
    torch.manual_seed(0)
    reference = TorchResNet((2, 2, 2, 2), (64, 128, 256, 512), False, 10)
    model = models.ResNet18(10, dtype=dtype, initializer=ag.layers.zeros)
    same(model, reference, (8, 3, 64, 64), training=True, classes=10, dtype=dtype)


class SmallResNet(ResNet):
    block, depths, channels = staticmethod(bottleneck), (2, 1, 2, 1), 64


def test_bottlenecks():
    torch.manual_seed(0)
    reference = TorchResNet((2, 1, 2, 1), (64, 128, 256, 512), True, 10)
    model = SmallResNet(10, dtype=np.float64)
    same(model, reference, (2, 3, 40, 32), training=False, classes=10)


def test_resnet50_has_the_names_of_torchvision(weightless):
    names = set(TorchResNet((3, 4, 6, 3), (256, 512, 1024, 2048), True, 1000).state_dict())
    model = models.ResNet50()
    paths = dict(model.named_state())
    assert {path_of(name, model.torch_names, paths) for name in names if "num_batches" not in name} == set(paths)


def test_mobilenet_v2():
    torch.manual_seed(0)
    model = models.MobileNetV2(10, dtype=np.float64, initializer=ag.layers.zeros)
    same(model, TorchMobileNetV2(10), (2, 3, 48, 36), training=False, classes=10)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_squeezenet(version):
    torch.manual_seed(0)
    model = models.SqueezeNet(10, version, dtype=np.float64, initializer=ag.layers.zeros)
    same(model, TorchSqueezeNet(version, 10), (2, 3, 45, 52), training=False, classes=10)


def test_vgg16_features(weightless):
    torch.manual_seed(0)
    parts, C = [], 3
    for M in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        parts += [nn.Conv2d(C, M, 3, padding=1), nn.ReLU()] if M else [nn.MaxPool2d(2)]
        C = M or C
    reference, features = nn.Sequential(*parts), models.VGG16().features
    load_weights(features, reference.state_dict())
    x = np.random.default_rng(0).standard_normal((1, 3, 64, 32)).astype(np.float32)
    with torch.no_grad(), ag.no_grad():
        np.testing.assert_allclose(features(x).data, reference(torch.tensor(x)).numpy(), rtol=1e-3, atol=1e-6)


# Files


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_torch_is_loaded(tmp_path, zipped):
    torch.manual_seed(0)
    reference = TorchSqueezeNet("1.1", 4)
    torch.save(reference.state_dict(), tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    model = models.SqueezeNet(4, "1.1")
    load_weights(model, tmp_path / "net.pth")
    for path, x in translated(reference.state_dict(), model):
        np.testing.assert_array_equal(model.state_dict()[path], x)


@pytest.mark.parametrize("zipped", [True, False])
def test_all_kinds_of_tensors(tmp_path, zipped):
    names = [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "bool",
        "complex64",
        "complex128",
    ]
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {name: (base - 5).to(getattr(torch, name)) for name in names if name != "uint8"}
    tensors |= {"uint8": base.to(torch.uint8), "transposed": base.permute(2, 0, 1), "part": base[:, 1:, ::2]}
    tensors |= {
        "shared": base[1],
        "number": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "repeated": base.expand(2, 2, 3, 4),
    }
    tensors |= {"parameter": nn.Parameter(base)}
    torch.save({**tensors, "bfloat16": base.to(torch.bfloat16)}, tmp_path / "x", _use_new_zipfile_serialization=zipped)
    arrays = models.read_weights(tmp_path / "x")
    assert arrays.pop("bfloat16").dtype == np.float32
    for name, x in tensors.items():
        assert arrays[name].dtype == x.detach().numpy().dtype
        np.testing.assert_array_equal(arrays[name], x.detach().numpy(), err_msg=name)
    assert list(arrays) == list(tensors)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_with_more_in_it(tmp_path, zipped):
    net = nn.Linear(2, 3)
    content = {"epoch": 3, "state_dict": nn.DataParallel(net).state_dict(), "optimizer": {"lr": 0.1}}
    torch.save(content, tmp_path / "x", _use_new_zipfile_serialization=zipped)
    model = ag.layers.Linear(3)
    load_weights(model, tmp_path / "x")
    np.testing.assert_array_equal(model.W.data, net.weight.detach().numpy().T)
    np.testing.assert_array_equal(model.b.data, net.bias.detach().numpy())


def test_tensors_that_learn_or_are_of_bfloat16():
    net, model = nn.Linear(2, 3), ag.layers.Linear(3)
    load_weights(model, dict(net.named_parameters()))
    np.testing.assert_array_equal(model.W.data, net.weight.detach().numpy().T)
    load_weights(model, net.bfloat16().state_dict())
    np.testing.assert_array_equal(model.W.data, net.weight.detach().float().numpy().T)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_view_that_conjugates_or_negates_is_refused(tmp_path, zipped):
    for view in (torch.tensor([1j]).conj(), torch.tensor([1j]).conj().imag):
        torch.save({"a": view}, tmp_path / "x", _use_new_zipfile_serialization=zipped)
        with pytest.raises(ValueError, match=r"by (conj|neg): .* x\.resolve_conj\(\)\.resolve_neg\(\)"):
            models.read_weights(tmp_path / "x")


def test_a_whole_module_is_refused(tmp_path):
    torch.save(nn.Linear(2, 3), tmp_path / "x")
    with pytest.raises(ValueError, match=r"x is damaged or .* asks for torch.nn.modules.linear.Linear, .*\.state_dict"):
        models.read_weights(tmp_path / "x")
