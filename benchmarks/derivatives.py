"""Derivatives against PyTorch, after checking that both compute the same. float64, but for the networks.

python benchmarks/derivatives.py

`hessian` is held against `torch.autograd.functional.hessian`, plain and vectorized, and against our own loop of second
passes. `hvp` of a network is held against `torch.autograd.functional.hvp` over `torch.func.functional_call`.
Once more, "by hand", it is held against two calls of `torch.autograd.grad` on the network itself.
The rows of linear algebra, and those below, are forward and backward. For one thread on both sides, set
OPENBLAS_NUM_THREADS=1: the threads of two libraries take the cores from each other.
"""

from functools import partial
from itertools import pairwise

import numpy as np
import torch
from timing import compare, header

import autograd as ag
import autograd.functions as F
import autograd.layers as L

rng = np.random.default_rng(0)


def tanh_7():
    """The 7th derivative of tanh, as in step 35."""
    point = np.linspace(-2, 2, 200)

    def ours():
        x = ag.Variable(point)
        y = F.tanh(x)
        for _ in range(7):
            y = ag.grad(y, x, create_graph=True)
        return y.data

    def theirs():
        x = torch.tensor(point, requires_grad=True)
        y = torch.tanh(x)
        for _ in range(7):
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return y.detach().numpy()

    return ours, theirs


A, point = rng.standard_normal((50, 50)), rng.standard_normal(50)


def valley(x, A, sin, exp):
    """Rosenbrock's valley in 50 dimensions, with waves and a hill."""
    return (
        ((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()) + (sin(x) * (A @ x)).sum() + exp(-(x * x).sum())
    )


def ours_of_valley(x):
    return valley(x, A, F.sin, F.exp)


def theirs_of_valley(x):
    return valley(x, torch.from_numpy(A), torch.sin, torch.exp)


def hessian(vectorize=False):
    x = torch.tensor(point)
    return (
        lambda: ag.hessian(ours_of_valley, point).data,
        lambda: torch.autograd.functional.hessian(theirs_of_valley, x, vectorize=vectorize).numpy(),
    )


def second_passes():
    """On the right our own: a second pass for each of the 50 rows."""

    def loop():
        x = ag.Variable(point)
        g = ag.grad(ours_of_valley(x), x, create_graph=True)
        return np.stack([ag.grad(g[i], x).data for i in range(50)])

    return lambda: ag.hessian(ours_of_valley, point).data, loop


def jacobian(outputs, inputs):
    W = rng.standard_normal((outputs, inputs))
    x, Wt = rng.standard_normal(inputs), torch.from_numpy(W)
    return (
        lambda: ag.jacobian(lambda x: F.tanh(W @ x), x).data,
        lambda: torch.autograd.functional.jacobian(lambda x: torch.tanh(Wt @ x), torch.tensor(x)).numpy(),
    )


def hvp(N, *sizes, by_hand=False):
    """H v of a network's loss in all its weights."""
    ag.seed(0)
    pairs = list(pairwise(sizes))
    ours_net = L.Sequential(*[part for a, b in pairs for part in (L.Linear(b, a), F.tanh)][:-1])
    theirs_net = torch.nn.Sequential(*[m for a, b in pairs for m in (torch.nn.Linear(a, b), torch.nn.Tanh())][:-1])
    x = rng.standard_normal((N, sizes[0])).astype(np.float32)
    t = rng.standard_normal((N, sizes[-1])).astype(np.float32)
    params = [p.data for p in ours_net.params()]
    vs = [rng.standard_normal(p.shape).astype(np.float32) for p in params]
    paths = [path for path, _ in ours_net.named_params()]
    weights = list(theirs_net.parameters())
    for w, p in zip(weights, params):
        w.data = torch.tensor(p.T.copy() if p.ndim == 2 else p)
    vts = [torch.tensor(v.T.copy() if v.ndim == 2 else v) for v in vs]
    xt, tt = torch.tensor(x), torch.tensor(t)

    def loss(ps):
        return F.mean_squared_error(ag.functional_call(ours_net, dict(zip(paths, ps)), x), t)

    def ours():
        return ag.hvp(loss, params, vs)[1][0].data

    names = [name for name, _ in theirs_net.named_parameters()]

    def loss_of(*ps):
        y = torch.func.functional_call(theirs_net, dict(zip(names, ps)), (xt,))
        return torch.nn.functional.mse_loss(y, tt)

    def theirs():
        return torch.autograd.functional.hvp(loss_of, tuple(weights), tuple(vts))[1][0].numpy().T

    def theirs_by_hand():
        y = torch.nn.functional.mse_loss(theirs_net(xt), tt)
        grads = torch.autograd.grad(y, weights, create_graph=True)
        return torch.autograd.grad(grads, weights, vts)[0].numpy().T

    return ours, theirs_by_hand if by_hand else theirs


def both_ways(f, g, *xs):
    """f of ours and g of PyTorch: values, and the gradients of all inputs."""
    seeds = [rng.standard_normal(y.shape).astype(y.dtype) for y in as_tuple(f(*xs))]

    def ours():
        vs = [ag.Variable(x) for x in xs]
        return joined([gx.data for gx in ag.grad(list(as_tuple(f(*vs))), vs, seeds)])

    def theirs():
        vs = [torch.tensor(x, requires_grad=True) for x in xs]
        ys = as_tuple(g(*vs))
        return joined([gx.numpy() for gx in torch.autograd.grad(ys, vs, [torch.from_numpy(seed) for seed in seeds])])

    return ours, theirs


def as_tuple(y):
    return y if isinstance(y, tuple) else (y,)


def joined(arrays):
    """The arrays as one row, to compare."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([x.ravel() for x in arrays])


def symmetric(A):
    return (A + A.mT) / 2


n = 200
G, B = rng.standard_normal((n, n)), rng.standard_normal((n, n))
well = G / n**0.5 + 2 * np.eye(n)
definite = G @ G.T / n + np.eye(n)
positive = rng.uniform(0.5, 5, 100_000)
images = rng.standard_normal((8, 16, 33, 33)).astype(np.float32)
T = torch.linalg

BOTH_WAYS = {
    "inv, 200": (F.inv, T.inv, well),
    "solve, 200": (F.solve, T.solve, well, B),
    "solve, 200, one vector": (F.solve, T.solve, well, B[0]),
    "solve_triangular, 200": (
        lambda A, b: F.solve_triangular(A, b, lower=True),
        lambda A, b: T.solve_triangular(A, b, upper=False),
        np.tril(well),
        B,
    ),
    "det, 200": (F.det, T.det, well / 2),
    "slogdet, 200": (lambda A: F.slogdet(A)[1], lambda A: T.slogdet(A)[1], well),
    "cholesky, 200": (F.cholesky, lambda A: T.cholesky(symmetric(A)), definite),
    "qr, 200": (F.qr, lambda A: tuple(T.qr(A)), well),
    "eigvalsh, 200": (F.eigvalsh, lambda A: T.eigvalsh(symmetric(A)), definite),
    "svdvals, 200": (F.svdvals, T.svdvals, well),
    "pinv, 200 x 150": (F.pinv, T.pinv, well[:, :150].copy()),
    "expm, 200": (F.expm, T.matrix_exp, well / 2),
    "fft of 200 rows of 200": (F.fft, lambda x: (lambda z: (z.real, z.imag))(torch.fft.fft(x)), G),
    "digamma, 100,000": (F.digamma, torch.digamma, positive),
    "adaptive max pooling, 33 to 10": (
        lambda x: F.adaptive_max_pool2d(x, 10),
        lambda x: torch.nn.functional.adaptive_max_pool2d(x, 10),
        images,
    ),
}

CASES = {
    "tanh, 7th derivative, 200 points": tanh_7,
    "hessian, 50 dimensions": hessian,
    "hessian, 50, theirs vectorized": lambda: hessian(True),
    "hessian, 50, against 50 second passes": second_passes,
    "jacobian 30 -> 30": lambda: jacobian(30, 30),
    "jacobian 5 -> 1000, by columns": lambda: jacobian(1000, 5),
    "hvp, 32 x 20-50-50-1": lambda: hvp(32, 20, 50, 50, 1),
    "hvp, 100 x 784-100-10": lambda: hvp(100, 784, 100, 10),
    "hvp, 32 x 20-50-50-1, by hand": lambda: hvp(32, 20, 50, 50, 1, by_hand=True),
    "hvp, 100 x 784-100-10, by hand": lambda: hvp(100, 784, 100, 10, by_hand=True),
    **{name: partial(both_ways, *case) for name, case in BOTH_WAYS.items()},
}


def main():
    torch.set_num_threads(1)  # these are small: a second thread would mostly wait
    header()
    for name, make in CASES.items():
        ours, theirs = make()
        a, b = ours(), theirs()
        tolerance = 1e-10 if a.dtype == np.float64 else 1e-4
        tolerance = 1e-8 if "digamma" in name else tolerance  # PyTorch's derivative has nine digits
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())
        compare(name, ours, theirs)


if __name__ == "__main__":
    main()
