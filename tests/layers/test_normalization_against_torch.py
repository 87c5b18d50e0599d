"""Normalization against PyTorch: hundreds of parameter sets, drawn at random; second derivatives by differences."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, test_mode
from autograd.layers import BatchNorm
from autograd.testing import check_gradients
from autograd.variable import grad
from tests.against_torch import close, one_thread, torch  # noqa: F401

theirs = torch.nn.functional

SETS = 600  # for each normalization
CHECKED = 40  # small ones, to second order


def compare(f, g, arrays, rng):
    """f(x, gamma, beta) with g of the same tensors, and the gradients in those that are no constants: most are none.

    One set in five is without gamma and beta: None for PyTorch, ones and zeros for us.
    """
    affine = rng.random() < 0.8
    wanted = (rng.random(3) < 0.9) if affine else np.array([True, False, False])
    wanted = (wanted | ~wanted.any()).tolist()
    if not affine:
        arrays = [arrays[0], np.ones_like(arrays[1]), np.zeros_like(arrays[2])]
    xs = [Variable(x) if want else x for x, want in zip(arrays, wanted)]
    ts = [torch.tensor(x, requires_grad=want) for x, want in zip(arrays, wanted)]
    compare_results(f(*xs), g(*ts) if affine else g(ts[0], None, None), xs, ts, rng)


def compare_results(y, t, xs, ts, rng):
    """The values of y and t, and their gradients in those of xs and ts that are no constants."""
    close(y, t)
    gy = rng.standard_normal(y.shape).astype(y.dtype)
    xs, ts = [x for x in xs if isinstance(x, Variable)], [t for t in ts if t.requires_grad]
    for gx, gt in zip(grad(y, xs, gy), torch.autograd.grad(t, ts, torch.tensor(gy)), strict=True):
        close(gx, gt)


def generator(seed, salt):
    """For one set: random numbers, float64 or float32, and eps."""
    rng = np.random.default_rng([seed, salt])
    return rng, np.float32 if seed % 2 else np.float64, float(10 ** rng.uniform(-5, -1))


def operands(rng, shape, parameters, dtype):
    """x, gamma, beta; x of some mean and deviation."""
    x = rng.uniform(-2, 2) + rng.uniform(0.5, 3) * rng.standard_normal(shape)
    gamma, beta = rng.standard_normal((2, *parameters))
    return [a.astype(dtype) for a in (x, gamma, beta)]


def shape_drawn(rng, axes, most=6):
    """(N, C, ...), one of these numbers of axes, with more than one element in a channel of the batch."""
    while True:
        N, C, *rest = map(int, rng.integers(1, most, rng.choice(axes)))
        if N * np.prod(rest) > 1:
            return N, C, *rest


def batch_norm_drawn(seed, most=6):
    rng, dtype, eps = generator(seed, 1)
    shape = shape_drawn(rng, [2, 3, 4], most)
    return rng, eps, operands(rng, shape, shape[1:2], dtype)


def layer_norm_drawn(seed, most=6):
    """gamma has the last axis of x, the last two, ..., all."""
    rng, dtype, eps = generator(seed, 2)
    shape = tuple(map(int, rng.integers(1, most, rng.integers(1, 5))))
    return rng, eps, operands(rng, shape, shape[-rng.integers(1, len(shape) + 1) :], dtype)


def group_norm_drawn(seed, most=5):
    """With as many groups as the last number says."""
    rng, dtype, eps = generator(seed, 3)
    groups = int(rng.integers(1, 4))
    N, C, *rest = shape_drawn(rng, [2, 3, 4, 5], most)
    C *= groups * (1 if N > 1 else 2)
    return rng, eps, operands(rng, (N, C, *rest), (C,), dtype), groups


def instance_norm_drawn(seed, most=6):
    rng, dtype, eps = generator(seed, 4)
    N, C, *rest = map(int, rng.integers(1, most, rng.integers(3, 6)))
    rest[-1] += 1  # PyTorch refuses one element
    return rng, eps, operands(rng, (N, C, *rest), (C,), dtype)


def test_batch_norm():
    """Two batches while training, the running statistics after them, and a third batch in test mode."""
    for seed in range(SETS):
        rng, eps, (x, gamma, beta) = batch_norm_drawn(seed)
        momentum = float(rng.choice([0, 1, 0.9, rng.random()]))
        affine = rng.random() < 0.75
        layer = BatchNorm(len(gamma), momentum=momentum, eps=eps, dtype=x.dtype)
        mean, var = torch.zeros(len(gamma), dtype=torch.tensor(x).dtype), torch.ones_like(torch.tensor(gamma))
        if affine:
            layer.gamma.data, layer.beta.data = gamma, beta
        for batch, training in ((x, True), (2 * x - 1, True), (x[:1] + 3, False)):
            ts = [torch.tensor(a, requires_grad=True) for a in (batch, gamma, beta)]
            weights = ts[1:] if affine else [None, None]
            t = theirs.batch_norm(ts[0], mean, var, *weights, training, 1 - momentum, eps)
            xs = [Variable(batch), layer.gamma, layer.beta]
            if training:
                y = layer(xs[0])
            else:
                with test_mode():
                    y = layer(xs[0])
            compare_results(y, t, xs if affine else xs[:1], ts if affine else ts[:1], rng)
            close(layer.mean.data, mean)
            close(layer.var.data, var)


def test_batch_norm_as_a_function():
    for seed in range(SETS):
        rng, eps, arrays = batch_norm_drawn(seed)
        compare(
            lambda *a: F.batch_norm(*a, eps),
            lambda x, *wb: theirs.batch_norm(x, None, None, *wb, training=True, eps=eps),
            arrays,
            rng,
        )


def test_batch_norm_with_given_statistics():
    for seed in range(SETS):
        rng, eps, arrays = batch_norm_drawn(seed)
        mean, var = arrays[1] + 1, arrays[2] ** 2
        compare(
            lambda *a: F.batch_norm_inference(*a, mean, var, eps),
            lambda x, *wb: theirs.batch_norm(x, torch.tensor(mean), torch.tensor(var), *wb, eps=eps),
            arrays,
            rng,
        )


def test_layer_norm():
    for seed in range(SETS):
        rng, eps, arrays = layer_norm_drawn(seed)
        shape = arrays[1].shape
        compare(lambda *a: F.layer_norm(*a, eps), lambda x, *wb: theirs.layer_norm(x, shape, *wb, eps), arrays, rng)


def test_group_norm():
    for seed in range(SETS):
        rng, eps, arrays, groups = group_norm_drawn(seed)
        compare(
            lambda x, *gb: F.group_norm(x, groups, *gb, eps),
            lambda x, *wb: theirs.group_norm(x, groups, *wb, eps),
            arrays,
            rng,
        )


def test_instance_norm():
    for seed in range(SETS):
        rng, eps, arrays = instance_norm_drawn(seed)
        compare(
            lambda *a: F.instance_norm(*a, eps),
            lambda x, *wb: theirs.instance_norm(x, None, None, *wb, eps=eps),
            arrays,
            rng,
        )


SMALL = {
    "batch_norm": batch_norm_drawn,
    "batch_norm_inference": batch_norm_drawn,
    "layer_norm": layer_norm_drawn,
    "group_norm": group_norm_drawn,
    "instance_norm": instance_norm_drawn,
}


@pytest.mark.parametrize("name", SMALL)
def test_second_order(name):
    for seed in range(CHECKED):
        rng, eps, arrays, *groups = SMALL[name](seed, most=4)
        statistics = rng.uniform(0.5, 2, (2, *arrays[1].shape)) if name == "batch_norm_inference" else []

        def f(x, gamma, beta):
            return getattr(F, name)(x, *groups, gamma, beta, *statistics, eps)

        check_gradients(f, *arrays, order=2)
