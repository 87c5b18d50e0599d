"""Loops over small values: the cost of a node of the graph."""

import numpy as np

import autograd.functions as F
from autograd import Variable, grad
from rows import Row, Work

N = 1000


def loop(body, jax=True):
    """`body` N times on a scalar of float64, forward and backward."""

    def data(rng):
        return (np.array(0.5),)

    def ours(x):
        def step(x):
            y = x = Variable(x)
            for _ in range(N):
                y = body(F, x, y)
            y.backward()
            return y, x.grad

        return Work(step, (x,))

    def theirs(x):
        import torch

        def step(x):
            y = x = x.detach().requires_grad_()
            for _ in range(N):
                y = body(torch, x, y)
            y.backward()
            return y, x.grad

        return Work(step, (torch.tensor(x),))

    def jaxs(x):
        import jax

        def f(x):
            return jax.lax.fori_loop(0, N, lambda i, y: body(jax.numpy, x, y), x)

        return Work(jax.jit(jax.value_and_grad(f)), (jax.numpy.asarray(x),))

    return Row(data, ours, theirs, jaxs)


def seventh(points):
    """The 7th derivative of tanh, by seven passes."""

    def ours(x):
        def step(x):
            x = Variable(x)
            y = F.tanh(x)
            for _ in range(7):
                y = grad(y.sum(), x, create_graph=True)
            return y

        return Work(step, (x,))

    def theirs(x):
        import torch

        def step(x):
            x = x.detach().requires_grad_()
            y = torch.tanh(x)
            for _ in range(7):
                (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            return y

        return Work(step, (torch.tensor(x),))

    def jaxs(x):
        import jax

        f = jax.numpy.tanh
        for _ in range(7):
            f = jax.grad(lambda x, f=f: f(x).sum())
        return Work(jax.jit(f), (jax.numpy.asarray(x),))

    return Row(lambda rng: (points,), ours, theirs, jaxs)


def valley(a, b):
    return 100 * (b - a**2) ** 2 + (a - 1) ** 2


def rosenbrock():
    """200 steps of gradient descent."""
    rate, count = 1e-3, 200

    def ours(a, b):
        def step(a, b):
            a, b = Variable(a), Variable(b)
            for _ in range(count):
                y = valley(a, b)
                a.cleargrad()
                b.cleargrad()
                y.backward()
                a.data = a.data - rate * a.grad.data
                b.data = b.data - rate * b.grad.data
            return a, b

        return Work(step, (a, b))

    def theirs(a, b):
        import torch

        def step(a, b):
            a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
            for _ in range(count):
                y = valley(a, b)
                a.grad = b.grad = None
                y.backward()
                with torch.no_grad():
                    a -= rate * a.grad
                    b -= rate * b.grad
            return a, b

        return Work(step, (torch.tensor(a), torch.tensor(b)))

    def jaxs(a, b):
        import jax

        def descend(i, point):
            ga, gb = jax.grad(valley, (0, 1))(*point)
            return point[0] - rate * ga, point[1] - rate * gb

        return Work(jax.jit(lambda a, b: jax.lax.fori_loop(0, count, descend, (a, b))), (a, b))

    return Row(lambda rng: (np.array(0.0), np.array(2.0)), ours, theirs, jaxs)


def tree():
    """64 vectors, joined two by two: 63 nodes of concat, matmul, tanh."""

    def data(rng):
        W = 0.1 * rng.standard_normal((128, 64))
        return W.astype(np.float32), [rng.standard_normal((1, 64)).astype(np.float32) for _ in range(64)]

    def joined(join, level):
        while len(level) > 1:
            level = [join(a, b) for a, b in zip(level[::2], level[1::2])]
        return level[0].sum()

    def ours(W, leaves):
        def step(W, leaves):
            W = Variable(W)
            y = joined(lambda a, b: F.tanh(F.matmul(F.concat([a, b], axis=1), W)), [Variable(x) for x in leaves])
            y.backward()
            return y, W.grad

        return Work(step, (W, leaves))

    def theirs(W, leaves):
        import torch

        def step(W, leaves):
            W = W.detach().requires_grad_()
            y = joined(lambda a, b: torch.tanh(torch.cat([a, b], 1) @ W), leaves)
            y.backward()
            return y, W.grad

        return Work(step, (torch.tensor(W), [torch.tensor(x) for x in leaves]))

    def jaxs(W, leaves):
        import jax
        import jax.numpy as jnp

        def f(W, leaves):
            return joined(lambda a, b: jnp.tanh(jnp.concatenate([a, b], 1) @ W), leaves)

        return Work(jax.jit(jax.value_and_grad(f)), (jnp.asarray(W), [*map(jnp.asarray, leaves)]))

    return Row(data, ours, theirs, jaxs)


ROWS = {
    "chain": loop(lambda m, x, y: y * x + x),
    "chain_numbers": loop(lambda m, x, y: y * 1.0001 + 0.0001),
    "chain_sin": loop(lambda m, x, y: m.sin(y) + x),
    "seventh": seventh(np.array(1.0)),
    "seventh_200": seventh(np.linspace(-2, 2, 200)),
    "rosenbrock": rosenbrock(),
    "tree_small_vectors": tree(),
}
