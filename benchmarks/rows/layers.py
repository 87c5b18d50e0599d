"""Layers of normalization, forward and backward, with their parameters."""

import numpy as np

import autograd.layers as L
from autograd import Variable
from rows import Row, Work


def normalization(ours_layer, theirs_layer, *shape):
    def data(rng):
        return [rng.standard_normal(shape).astype(np.float32) for _ in range(2)]

    def ours(x, gy):
        layer = ours_layer()
        layer(x)  # gives it its size

        def step(x, gy):
            x = Variable(x)
            layer.cleargrads()
            y = layer(x)
            y.backward(gradient=gy)
            return y, x.grad, *[p.grad for p in layer.params()]

        return Work(step, (x, gy))

    def theirs(x, gy):
        import torch

        layer = theirs_layer(torch.nn)

        def step(x, gy):
            x = x.detach().requires_grad_()
            layer.zero_grad()
            y = layer(x)
            y.backward(gy)
            return y, x.grad, *[p.grad for p in layer.parameters()]

        return Work(step, (torch.tensor(x), torch.tensor(gy)))

    return Row(data, ours, theirs)


ROWS = {
    "layernorm": normalization(L.LayerNorm, lambda nn: nn.LayerNorm(1024), 1024, 1024),
    "batchnorm2d": normalization(L.BatchNorm, lambda nn: nn.BatchNorm2d(64), 16, 64, 32, 32),
}
