"""Steps of training: forward, backward, update, from the same weights."""

import numpy as np

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import models
from rows import Row, Work


def images(rng, *shape, classes=10):
    return rng.standard_normal(shape).astype(np.float32), rng.integers(0, classes, shape[0])


def ours_trains(model, optimizer, x, t, lr=1e-3):
    optimizer = getattr(O, optimizer)(model, lr=lr)

    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return Work(step, (x, t), lambda: [p.data for p in model.params()])


def theirs_trains(module, optimizer, x, t, lr=1e-3):
    import torch

    optimizer = getattr(torch.optim, optimizer)(module.parameters(), lr=lr)

    def step(x, t):
        loss = torch.nn.functional.cross_entropy(module(x).flatten(0, -2), t.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return Work(step, (torch.tensor(x), torch.tensor(t)), lambda: [turned(p) for p in module.parameters()])


def turned(w):
    """Matrices of PyTorch are (outputs, inputs), ours are (inputs, outputs)."""
    return w.T if w.ndim == 2 else w


def give(module, weights):
    """Puts our weights into a module of PyTorch with the same parameters in the same order."""
    import torch

    with torch.no_grad():
        for p, w in zip(module.parameters(), weights, strict=True):
            p.copy_(torch.tensor(turned(w)))
    return module


def take(model, weights):
    for p, w in zip(model.params(), weights, strict=True):
        p.data = w.copy()
    return model


def mlp_data(batch, sizes):
    def data(rng):
        shapes = [(sizes[0], sizes[1]), (sizes[1],), (sizes[1], sizes[2]), (sizes[2],)]
        weights = [(rng.standard_normal(shape) / sizes[0] ** 0.5).astype(np.float32) for shape in shapes]
        return *images(rng, batch, sizes[0]), weights

    return data


def our_mlp(sizes, weights):
    return take(L.Sequential(L.Linear(sizes[1], sizes[0]), F.relu, L.Linear(sizes[2], sizes[1])), weights)


def their_mlp(sizes, weights):
    from torch import nn

    return give(nn.Sequential(nn.Linear(sizes[0], sizes[1]), nn.ReLU(), nn.Linear(sizes[1], sizes[2])), weights)


def jax_loss(weights, x, t):
    import jax

    W1, b1, W2, b2 = weights
    scores = jax.nn.log_softmax(jax.nn.relu(x @ W1 + b1) @ W2 + b2)
    return -jax.numpy.take_along_axis(scores, t[:, None], 1).mean()


def jax_trains(loss, optimizer, x, t, weights, lr=1e-3):
    """A jitted step over (weights, moments, count); its old memory is given away (donated)."""
    import jax
    import jax.numpy as jnp

    zeros = [jnp.zeros_like(w) for w in weights]
    state = [[*map(jnp.asarray, weights)], zeros, [z + 0 for z in zeros], jnp.zeros((), jnp.float32)]

    def update(state, x, t):
        weights, m, v, count = state
        y, grads = jax.value_and_grad(loss)(weights, x, t)
        count = count + 1
        if optimizer == "SGD":
            return [[w - lr * g for w, g in zip(weights, grads)], m, v, count], y
        m = [0.9 * a + 0.1 * g for a, g in zip(m, grads)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, grads)]
        rate, scale = lr / (1 - 0.9**count), 1 - 0.999**count
        return [[w - rate * a / (jnp.sqrt(b / scale) + 1e-8) for w, a, b in zip(weights, m, v)], m, v, count], y

    update = jax.jit(update, donate_argnums=0)

    def step(x, t):
        nonlocal state
        state, y = update(state, x, t)
        return y

    return Work(step, (jnp.asarray(x), jnp.asarray(t)), lambda: state[0])


def mlp(batch, sizes=(784, 1000, 10), optimizer="SGD"):
    return Row(
        mlp_data(batch, sizes),
        lambda x, t, weights: ours_trains(our_mlp(sizes, weights), optimizer, x, t),
        lambda x, t, weights: theirs_trains(their_mlp(sizes, weights), optimizer, x, t),
        lambda x, t, weights: jax_trains(jax_loss, optimizer, x, t, weights),
        tolerance=1e-3,
    )


def per_sample(batch=32, sizes=(64, 64, 10)):
    """The gradients of each sample, by a loop over the samples."""

    def ours(x, t, weights):
        model = our_mlp(sizes, weights)

        def step(x, t):
            found = []
            for i in range(batch):
                loss = F.softmax_cross_entropy(model(x[i : i + 1]), t[i : i + 1])
                model.cleargrads()
                loss.backward()
                found.append([p.grad for p in model.params()])
            return found

        return Work(step, (x, t))

    def theirs(x, t, weights):
        import torch

        module = their_mlp(sizes, weights)

        def step(x, t):
            found = []
            for i in range(batch):
                loss = torch.nn.functional.cross_entropy(module(x[i : i + 1]), t[i : i + 1])
                module.zero_grad()
                loss.backward()
                found.append([turned(p.grad) for p in module.parameters()])
            return found

        return Work(step, (torch.tensor(x), torch.tensor(t)))

    def jax(x, t, weights):
        import jax

        gradient = jax.jit(jax.grad(jax_loss))
        weights = [*map(jax.numpy.asarray, weights)]
        return Work(lambda x, t: [gradient(weights, x[i : i + 1], t[i : i + 1]) for i in range(batch)], (x, t))

    return Row(mlp_data(batch, sizes), ours, theirs, jax)


def convnet(model, module, shape, optimizer, state=True):
    """A network of `models`, and the same in PyTorch.

    Without `state`, only the losses are compared: rounding moves biases near 0 by a part of their size in five steps.
    """

    def data(rng):
        net = model()
        x, t = images(rng, *shape)
        return x, t, [p.data for p in net.params()]

    def compared(work):
        return work if state else Work(work.step, work.args)

    return Row(
        data,
        lambda x, t, weights: compared(ours_trains(take(model(), weights), optimizer, x, t)),
        lambda x, t, weights: compared(theirs_trains(give(module(), weights), optimizer, x, t)),
        tolerance=2e-3,
    )


def simple_convnet():
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(30 * 12 * 12, 100), nn.ReLU(), nn.Linear(100, 10),
    )  # fmt: skip


def resnet18():
    from torch import nn

    class Block(nn.Module):
        """A residual block, its parts in the order of ours."""

        def __init__(self, C, M, stride):
            super().__init__()
            self.f = nn.Sequential(
                nn.Conv2d(C, M, 3, stride, 1, bias=False), nn.BatchNorm2d(M), nn.ReLU(),
                nn.Conv2d(M, M, 3, 1, 1, bias=False), nn.BatchNorm2d(M),
            )  # fmt: skip
            same = C == M and stride == 1
            self.shortcut = None if same else nn.Sequential(nn.Conv2d(C, M, 1, stride, bias=False), nn.BatchNorm2d(M))

        def forward(self, x):
            return nn.functional.relu(self.f(x) + (x if self.shortcut is None else self.shortcut(x)))

    shapes = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        *[Block(*shape) for shape in [*shapes, (512, 512, 1)]],
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip


ROWS = {
    **{f"mlp_b{batch}_sgd": mlp(batch) for batch in (1, 10, 100, 1000)},
    "mlp100_b1_adam": mlp(1, (784, 100, 10), "Adam"),
    "mlp64_b32_adam": mlp(32, (64, 64, 10), "Adam"),
    "mlp_b100_adam": mlp(100, optimizer="Adam"),
    "per_sample_loop": per_sample(),
    "simpleconvnet": convnet(lambda: models.SimpleConvNet(rng=0), simple_convnet, (100, 1, 28, 28), "Adam"),
    "resnet18": convnet(lambda: models.ResNet18(10, rng=0), resnet18, (16, 3, 32, 32), "SGD", state=False),
}
