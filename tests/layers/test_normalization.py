"""The normalization layers: their formulas; for BatchNorm also running statistics in test mode."""

import numpy as np
import pytest

from autograd import Variable, test_mode
from autograd.layers import BatchNorm, GroupNorm, InstanceNorm, LayerNorm


def test_the_lectures_numbers():
    y = BatchNorm(eps=0.0, dtype=np.float64)(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    np.testing.assert_allclose(y.data, [[-1.2247, -1.2247], [0, 0], [1.2247, 1.2247]], atol=1e-4)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 2, 5), (4, 3, 5)])
def test_running_statistics(shape):
    layer = BatchNorm(dtype=np.float64, momentum=0.8)
    mean, var = np.zeros(3), np.ones(3)
    axes = (0, *range(2, len(shape)))
    for i in range(3):
        x = np.random.default_rng(i).normal(2, 3, shape)
        layer(x)
        mean = 0.8 * mean + 0.2 * x.mean(axes)
        var = 0.8 * var + 0.2 * x.var(axes, ddof=1)
    np.testing.assert_allclose(layer.mean.data, mean)
    np.testing.assert_allclose(layer.var.data, var)
    layer.gamma.data[...] = np.asarray([1, 2, 3])
    layer.beta.data[...] = np.asarray([-1, 0, 1])
    one = (1, 3, *[1] * (len(shape) - 2))
    with test_mode():
        y = layer(x)
        np.testing.assert_allclose(layer.mean.data, mean)
    expected = (x - mean.reshape(one)) / np.sqrt(var.reshape(one) + 1e-5) * np.array([1, 2, 3]).reshape(one)
    np.testing.assert_allclose(y.data, expected + np.array([-1, 0, 1]).reshape(one))


def test_backward_in_test_mode():
    layer = BatchNorm(2, dtype=np.float64)
    layer.mean.data, layer.var.data = np.array([1.0, 2.0]), np.array([4.0, 9.0])
    x = Variable(np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]]))
    with test_mode():
        layer(x).sum().backward()
    np.testing.assert_allclose(x.grad.data, np.tile([1 / 2, 1 / 3], (3, 1)), rtol=1e-5)
    np.testing.assert_allclose(layer.gamma.grad.data, [0.5, 1 / 3], rtol=1e-5)
    np.testing.assert_allclose(layer.beta.grad.data, [3, 3])


def test_running_statistics_are_no_parameters_and_keep_no_graph():
    layer = BatchNorm(2)
    layer(Variable(np.ones((3, 2), np.float32)))
    assert [path for path, _ in layer.named_params()] == ["gamma", "beta"]
    assert type(layer.mean.data) is np.ndarray


def test_one_value_a_channel_is_refused_while_training():
    """y would be beta, and every gradient zero. Nothing is changed; in test mode one sample is a batch like others."""
    layer = BatchNorm(2)
    for shape in ((1, 2), (1, 2, 1, 1)):
        with pytest.raises(ValueError, match="batch_norm takes at least 2 values in each channel, not 1"):
            layer(np.ones(shape, np.float32))
    np.testing.assert_array_equal([layer.mean.data, layer.var.data], [[0, 0], [1, 1]])
    with test_mode():
        assert layer(np.ones((1, 2), np.float32)).shape == (1, 2)
    layer(np.ones((2, 2), np.float32))
    np.testing.assert_allclose(layer.var.data, [0.9, 0.9])


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_momentum_is_a_share(momentum):
    with pytest.raises(ValueError, match="momentum must be at least 0 and at most 1"):
        BatchNorm(momentum=momentum)


@pytest.mark.parametrize("momentum", ["a", None])
def test_momentum_is_a_number(momentum):
    with pytest.raises(TypeError, match="BatchNorm: momentum must be a number, not"):
        BatchNorm(momentum=momentum)


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm, InstanceNorm, lambda eps: GroupNorm(1, eps=eps)])
def test_eps_is_a_number_of_at_least_zero(make):
    with pytest.raises(TypeError, match="Norm: eps must be a number, not 'a'"):
        make(eps="a")
    with pytest.raises(ValueError, match="Norm: eps must be at least 0, not -1"):
        make(eps=-1)


def test_running_statistics_of_float16():
    layer = BatchNorm(8, dtype=np.float16)
    x = (5 + np.random.default_rng(0).standard_normal((32, 8, 32, 32))).astype(np.float16)
    for _ in range(40):
        y = layer(x)
    assert y.dtype == layer.mean.dtype == layer.var.dtype == np.float16
    np.testing.assert_allclose(layer.mean.data.astype(np.float32), np.full(8, 5), rtol=0.02)
    np.testing.assert_allclose(layer.var.data.astype(np.float32), np.ones(8), rtol=0.04)


def test_layer_norm():
    layer = LayerNorm(dtype=np.float64)
    x = np.random.default_rng(0).standard_normal((2, 3, 5))
    y = layer(x)
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y.data, expected)
    assert layer.gamma.shape == (5,)


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_against_torch(momentum):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.BatchNorm2d(3, momentum=1 - momentum).double()
    ours = BatchNorm(3, momentum=momentum, dtype=np.float64)
    for i in range(3):
        a = np.random.default_rng(i).normal(1, 2, (4, 3, 2, 2))
        x, z = Variable(a), torch.tensor(a, requires_grad=True)
        y, w = ours(x), theirs(z)
        (y * y * y).sum().backward()
        (w**3).sum().backward()
        np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=1e-10)
        np.testing.assert_allclose(x.grad.data, z.grad.numpy(), atol=1e-10)
    np.testing.assert_allclose(ours.mean.data, theirs.running_mean.numpy())
    np.testing.assert_allclose(ours.var.data, theirs.running_var.numpy())
    theirs.eval()
    with test_mode():
        np.testing.assert_allclose(ours(a).data, theirs(torch.tensor(a)).detach().numpy())


GROUPS = [(lambda: GroupNorm(2, dtype=np.float64), 2), (lambda: InstanceNorm(dtype=np.float64), 4)]


@pytest.mark.parametrize("make, groups", GROUPS)
@pytest.mark.parametrize("training", [True, False])
def test_groups_of_channels_are_normalized_sample_by_sample(make, groups, training):
    layer = make()
    x = np.random.default_rng(0).normal(3, 2, (5, 4, 3, 2))
    layer(x)
    layer.gamma.data[...] = np.asarray([1, 2, 3, 4])
    layer.beta.data[...] = np.asarray([4, 3, 2, 1])
    expected = np.empty_like(x)
    for n in range(5):
        for members in np.split(np.arange(4), groups):
            part = x[n, members]
            expected[n, members] = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
    expected = expected * layer.gamma.data.reshape(4, 1, 1) + layer.beta.data.reshape(4, 1, 1)
    if training:
        y = layer(x)
    else:
        with test_mode():
            y = layer(x)
    np.testing.assert_allclose(y.data, expected)
    assert [path for path, _ in layer.named_state()] == ["gamma", "beta"]


def test_wrong_groups():
    with pytest.raises(ValueError, match="groups must be at least 1, not 0"):
        GroupNorm(0)
    with pytest.raises(TypeError, match="groups must be a whole number"):
        GroupNorm("two")
    with pytest.raises(ValueError, match="groups must divide the 3 channels, not 2"):
        GroupNorm(2)(np.ones((2, 3, 4), np.float32))
