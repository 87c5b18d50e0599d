"""Updates alone, with given gradients."""

import numpy as np

import autograd.layers as L
import autograd.optimizers as O
from autograd import Parameter, Variable
from rows import Row, Work

MANY = [(128, 128)] * 40 + [(128,)] * 20 + [(512, 128)] * 6


class Parameters(L.Layer):
    def __init__(self, arrays):
        self.all = [Parameter(x) for x in arrays]


def update(optimizer, shapes, **options):
    """`options` are for PyTorch."""

    def data(rng):
        return [[rng.standard_normal(shape, np.float32) for shape in shapes] for _ in range(2)]

    def ours(weights, gradients):
        model = Parameters(weights)
        for p, g in zip(model.all, gradients):
            p.grad = Variable(g)
        return Work(getattr(O, optimizer)(model, lr=1e-3).update, (), lambda: [p.data for p in model.all])

    def theirs(weights, gradients):
        import torch

        params = [torch.tensor(w).requires_grad_() for w in weights]
        for p, g in zip(params, gradients):
            p.grad = torch.tensor(g)
        return Work(getattr(torch.optim, optimizer)(params, lr=1e-3, **options).step, (), lambda: params)

    return Row(data, ours, theirs)


ROWS = {
    "adam": update("Adam", MANY),
    "adam_fused": update("Adam", MANY, fused=True),
    "sgd_11M": update("SGD", [(1024, 1024)] * 11),
}
