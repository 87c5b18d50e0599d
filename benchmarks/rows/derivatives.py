"""Hessians, Jacobians, H v, and linear algebra both ways. float64, but for the networks."""

from itertools import pairwise

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable, grad
from rows import Row, Work, both_ways

n = 200


def hessian_by_rows():
    """50 second passes over f(x) = |tanh(A x)|^2."""

    def data(rng):
        A = rng.standard_normal((50, 50))
        return rng.standard_normal(50), A @ A.T

    def ours(x, A):
        def step(x, A):
            x = Variable(x)
            y = (F.tanh(F.matmul(A, x)) ** 2).sum()
            g = grad(y, x, create_graph=True)
            return [grad(g[i], x) for i in range(50)]

        return Work(step, (x, A))

    def theirs(x, A):
        import torch

        def step(x, A):
            x = x.detach().requires_grad_()
            y = (torch.tanh(A @ x) ** 2).sum()
            (g,) = torch.autograd.grad(y, x, create_graph=True)
            return [torch.autograd.grad(g[i], x, retain_graph=True)[0] for i in range(50)]

        return Work(step, (torch.tensor(x), torch.tensor(A)))

    def jaxs(x, A):
        import jax
        import jax.numpy as jnp

        step = jax.jit(jax.hessian(lambda x, A: (jnp.tanh(A @ x) ** 2).sum()))
        return Work(step, (jnp.asarray(x), jnp.asarray(A)))

    return Row(data, ours, theirs, jaxs)


def valley(m, x, A):
    """Rosenbrock's valley in 50 dimensions, with waves and a hill."""
    rise = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
    return rise + (m.sin(x) * (A @ x)).sum() + m.exp(-(x * x).sum())


def hessian(vectorize):
    """`hessian` of both, PyTorch's plain and vectorized."""

    def ours(x, A):
        return Work(lambda x, A: ag.hessian(lambda x: valley(F, x, A), x), (x, A))

    def theirs(x, A):
        import torch

        def step(x, A):
            return torch.autograd.functional.hessian(lambda x: valley(torch, x, A), x, vectorize=vectorize)

        return Work(step, (torch.tensor(x), torch.tensor(A)))

    def jaxs(x, A):
        import jax

        step = jax.jit(jax.hessian(lambda x, A: valley(jax.numpy, x, A)))
        return Work(step, (jax.numpy.asarray(x), jax.numpy.asarray(A)))

    return Row(lambda rng: (rng.standard_normal(50), rng.standard_normal((50, 50))), ours, theirs, jaxs)


def jacobian(outputs, inputs):
    def ours(x, W):
        return Work(lambda x, W: ag.jacobian(lambda x: F.tanh(W @ x), x), (x, W))

    def theirs(x, W):
        import torch

        def step(x, W):
            return torch.autograd.functional.jacobian(lambda x: torch.tanh(W @ x), x)

        return Work(step, (torch.tensor(x), torch.tensor(W)))

    def jaxs(x, W):
        import jax

        way = jax.jacfwd if outputs > inputs else jax.jacrev
        step = jax.jit(way(lambda x, W: jax.numpy.tanh(W @ x)))
        return Work(step, (jax.numpy.asarray(x), jax.numpy.asarray(W)))

    return Row(lambda rng: (rng.standard_normal(inputs), rng.standard_normal((outputs, inputs))), ours, theirs, jaxs)


def hvp(N, *sizes, by_hand=False):
    """H v of a network's loss in all its weights: by `torch.autograd.functional.hvp`, or by two passes "by hand"."""
    pairs = list(pairwise(sizes))

    def data(rng):
        def draw(*shape, scale=1.0):
            return (scale * rng.standard_normal(shape)).astype(np.float32)

        weights = [w for a, b in pairs for w in (draw(a, b, scale=a**-0.5), draw(b))]
        return draw(N, sizes[0]), draw(N, sizes[-1]), weights, [draw(*w.shape) for w in weights]

    def ours(x, t, weights, vs):
        net = L.Sequential(*[part for a, b in pairs for part in (L.Linear(b, a), F.tanh)][:-1])
        paths = [path for path, _ in net.named_params()]

        def step(x, t, weights, vs):
            def loss(ps):
                return F.mean_squared_error(ag.functional_call(net, dict(zip(paths, ps)), x), t)

            return list(ag.hvp(loss, weights, vs)[1])

        return Work(step, (x, t, weights, vs))

    def theirs(x, t, weights, vs):
        import torch

        net = torch.nn.Sequential(*[m for a, b in pairs for m in (torch.nn.Linear(a, b), torch.nn.Tanh())][:-1])
        names = [name for name, _ in net.named_parameters()]
        params, vs = ([torch.tensor(w.T.copy() if w.ndim == 2 else w) for w in ws] for ws in (weights, vs))

        def loss(x, t, ps):
            return torch.nn.functional.mse_loss(torch.func.functional_call(net, dict(zip(names, ps)), (x,)), t)

        def step(x, t, params, vs):
            if by_hand:
                ps = [p.detach().requires_grad_() for p in params]
                grads = torch.autograd.grad(loss(x, t, ps), ps, create_graph=True)
                found = torch.autograd.grad(grads, ps, vs)
            else:
                found = torch.autograd.functional.hvp(lambda *ps: loss(x, t, ps), tuple(params), tuple(vs))[1]
            return [h.T if h.ndim == 2 else h for h in found]

        return Work(step, (torch.tensor(x), torch.tensor(t), params, vs))

    def jaxs(x, t, weights, vs):
        import jax
        import jax.numpy as jnp

        def loss(ps, x, t):
            for W, b in zip(ps[:-2:2], ps[1:-2:2]):
                x = jnp.tanh(x @ W + b)
            return ((x @ ps[-2] + ps[-1] - t) ** 2).mean()

        @jax.jit
        def step(x, t, weights, vs):
            return jax.jvp(lambda ps: jax.grad(loss)(ps, x, t), (weights,), (vs,))[1]

        return Work(step, jax.tree.map(jnp.asarray, (x, t, weights, vs)))

    return Row(data, ours, theirs, jaxs, tolerance=1e-3)


def matrices(made):
    """`made` of two matrices of normal numbers."""
    return lambda rng: made(rng.standard_normal((n, n)), rng.standard_normal((n, n)))


def well(G):
    return G / n**0.5 + 2 * np.eye(n)


def symmetric(A):
    return (A + A.mT) / 2


ROWS = {
    "hessian50": hessian_by_rows(),
    "hessian_valley50": hessian(False),
    "hessian_valley50_vectorized": hessian(True),
    "jacobian_30_30": jacobian(30, 30),
    "jacobian_1000_5": jacobian(1000, 5),
    "hvp_20_50_50_1": hvp(32, 20, 50, 50, 1),
    "hvp_784_100_10": hvp(100, 784, 100, 10),
    "hvp_20_50_50_1_by_hand": hvp(32, 20, 50, 50, 1, by_hand=True),
    "hvp_784_100_10_by_hand": hvp(100, 784, 100, 10, by_hand=True),
    "inv_200": both_ways(F.inv, lambda torch, A: torch.linalg.inv(A), matrices(lambda G, B: [well(G)])),
    "solve_200": both_ways(F.solve, lambda torch, A, b: torch.linalg.solve(A, b), matrices(lambda G, B: [well(G), B])),
    "solve_200_vector": both_ways(
        F.solve, lambda torch, A, b: torch.linalg.solve(A, b), matrices(lambda G, B: [well(G), B[0].copy()])
    ),
    "solve_triangular_200": both_ways(
        lambda A, b: F.solve_triangular(A, b, lower=True),
        lambda torch, A, b: torch.linalg.solve_triangular(A, b, upper=False),
        matrices(lambda G, B: [np.tril(well(G)), B]),
    ),
    "det_200": both_ways(F.det, lambda torch, A: torch.linalg.det(A), matrices(lambda G, B: [well(G) / 2])),
    "slogdet_200": both_ways(
        lambda A: F.slogdet(A)[1], lambda torch, A: torch.linalg.slogdet(A)[1], matrices(lambda G, B: [well(G)])
    ),
    "cholesky_200": both_ways(
        F.cholesky,
        lambda torch, A: torch.linalg.cholesky(symmetric(A)),
        matrices(lambda G, B: [G @ G.T / n + np.eye(n)]),
    ),
    "qr_200": both_ways(F.qr, lambda torch, A: tuple(torch.linalg.qr(A)), matrices(lambda G, B: [well(G)])),
    "eigvalsh_200": both_ways(
        F.eigvalsh,
        lambda torch, A: torch.linalg.eigvalsh(symmetric(A)),
        matrices(lambda G, B: [G @ G.T / n + np.eye(n)]),
    ),
    "svdvals_200": both_ways(F.svdvals, lambda torch, A: torch.linalg.svdvals(A), matrices(lambda G, B: [well(G)])),
    "pinv_200_150": both_ways(
        F.pinv, lambda torch, A: torch.linalg.pinv(A), matrices(lambda G, B: [well(G)[:, :150].copy()])
    ),
    "expm_200": both_ways(F.expm, lambda torch, A: torch.linalg.matrix_exp(A), matrices(lambda G, B: [well(G) / 2])),
    "fft_200": both_ways(
        F.fft, lambda torch, x: (lambda z: (z.real, z.imag))(torch.fft.fft(x)), matrices(lambda G, B: [G])
    ),
    "digamma_100k": both_ways(F.digamma, lambda torch, x: torch.digamma(x), lambda rng: [rng.uniform(0.5, 5, 100_000)]),
}
