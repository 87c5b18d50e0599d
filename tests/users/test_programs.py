"""The programs of a researcher, small, each against a closed form or NumPy: they needed nothing but what is public.

Rows that other tests hold:

| row | test |
|---|---|
| MAML, PINN, neural ODE, WGAN-GP, Gaussian processes, HMM | test_research.py |
| implicit differentiation, L-BFGS, influence, spectral norm | test_research.py |
| hypernetwork, Jacobian, Hessian, linear algebra, straight-through estimator | test_researcher.py, test_names.py |
| GPT | models/test_gpt.py |
| matrix flow, Kalman filter | test_examples.py, on examples/flow.py and examples/kalman.py |
| RNN over lengths | layers/test_recurrent.py |
| gather, scatter, top-k, sort, cumulative products, Fourier transforms | test_ops.py |
| clipping, averages | optimizers/test_transforms.py, optimizers/test_averages.py |
| accumulation, freezing | test_training.py, layers/test_freezing.py |
"""

import math

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.testing import check_gradients

pytestmark = pytest.mark.standin_exempt("what users of NumPy tried")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_gradient_of_a_learning_rate_through_momentum():
    """Of the loss w^2 / 2 after 4 steps: against the same recurrence, differentiated by hand."""

    def after(lr, steps=4):
        w, v = ag.Variable(2.0), 0.0
        for _ in range(steps):
            v = 0.9 * v + ag.grad(w**2 / 2, w, create_graph=True)
            w = w - lr * v
        return w**2 / 2

    lr = ag.Variable(0.1)
    w, v, dw, dv = 2.0, 0.0, 0.0, 0.0
    for _ in range(4):
        v, dv = 0.9 * v + w, 0.9 * dv + dw
        w, dw = w - 0.1 * v, dw - v - 0.1 * dv
    assert ag.grad(after(lr), lr).item() == pytest.approx(w * dw, rel=1e-12)


def test_a_tree_lstm(rng):
    """The sum of the children goes into the gates; a tree is a nested tuple of rows."""

    def cell(tree, W, U):
        if isinstance(tree, int):
            children, x = [], np.eye(3)[tree]
        else:
            children, x = [cell(child, W, U) for child in tree], np.zeros(3)
        h = sum([h for h, _ in children]) if children else np.zeros(2)
        i, o, u = F.split(W @ x + U @ h, 3)
        c = F.sigmoid(i) * F.tanh(u)
        for hk, ck in children:
            c = c + F.sigmoid((W @ x)[:2] + U[:2] @ hk) * ck
        return F.sigmoid(o) * F.tanh(c), c

    def root(W, U):
        return cell((0, (1, 2), (2, (0, 1))), W, U)[0]

    check_gradients(root, rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), order=2)


def test_the_volume_of_a_planar_flow(rng):
    """log |det dy/dx| = log |1 + u . w (1 - tanh^2)|, against the determinant of the Jacobian."""
    u, w, x = 0.3 * rng.normal(size=3), rng.normal(size=3), rng.normal(size=3)

    def flow(x):
        return x + u * F.tanh((w * x).sum() + 0.1)

    slope = 1 - np.tanh(w @ x + 0.1) ** 2
    assert F.slogdet(ag.jacobian(flow, ag.Variable(x)))[1].item() == pytest.approx(math.log(abs(1 + u @ w * slope)))


def test_reinforce_is_the_gradient_of_the_expected_reward(rng):
    """The mean of reward times grad log p over all actions, weighted by p, is the gradient of sum p r."""
    logits, reward = ag.Variable(rng.normal(size=4)), rng.normal(size=4)
    p = F.softmax(logits).data
    surrogate = (ag.Variable(p * reward) * F.log_softmax(logits)).sum()
    np.testing.assert_allclose(
        ag.grad(surrogate, logits).data, ag.grad((F.softmax(logits) * reward).sum(), logits).data, atol=1e-15
    )


class WithPlaces(ag.Function):
    """The largest number of each row, and where it is."""

    def forward(self, x):
        self.i = x.argmax(-1)
        return x.max(-1) ** 3, self.i

    def backward(self, gy, _):
        (x,) = self.inputs
        rows = np.arange(len(x))
        return F.put_along_axis(x * 0, self.i[:, None], (gy * 3 * x[rows, self.i] ** 2)[:, None], 1)


def test_two_outputs_of_which_one_is_of_integers(rng):
    x = rng.normal(size=(4, 3))
    y, i = WithPlaces()(ag.Variable(x))
    assert i.dtype.kind == "i"
    np.testing.assert_array_equal(y.data, x.max(1) ** 3)
    check_gradients(lambda x: WithPlaces()(x)[0], x, order=3)


def test_a_kernel_for_each_sample(rng):
    """Dynamic convolution by groups: the samples are channels of one image."""
    x, W = rng.normal(size=(2, 3, 5, 5)), rng.normal(size=(2, 4, 3, 3, 3))

    def dynamic(x, W):
        return F.conv2d(x.reshape(1, 6, 5, 5), W.reshape(8, 3, 3, 3), groups=2).reshape(2, 4, 3, 3)

    expected = np.concatenate([F.conv2d(x[i : i + 1], W[i]) for i in range(2)])
    np.testing.assert_allclose(dynamic(x, W), expected)
    check_gradients(dynamic, x, W, order=2)


def test_the_contrastive_loss_of_pairs(rng):
    """NT-Xent: rows i and i + N are views of one sample; no row is compared with itself."""
    z = rng.normal(size=(6, 4))
    t = (np.arange(6) + 3) % 6

    def loss(z):
        z = F.normalize(z)
        return F.softmax_cross_entropy(F.masked_fill(z @ z.T / 0.5, np.eye(6, dtype=bool), -1e9), t)

    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    e = np.exp(unit @ unit.T / 0.5)
    expected = np.mean([-np.log(e[i, t[i]] / (e[i].sum() - e[i, i])) for i in range(6)])
    assert loss(ag.Variable(z)).item() == pytest.approx(expected)
    check_gradients(loss, z, order=2)


def test_a_mixture_of_densities(rng):
    """-log sum_k a_k N(t; m_k, s_k), against the plain formula."""
    logits, m, log_s, t = (rng.normal(size=3) for _ in range(4))

    def loss(logits, m, log_s):
        return -F.logsumexp(F.log_softmax(logits) - ((t[0] - m) / F.exp(log_s)) ** 2 / 2 - log_s)

    a, s = np.exp(logits) / np.exp(logits).sum(), np.exp(log_s)
    expected = -np.log(np.sum(a / s * np.exp(-(((t[0] - m) / s) ** 2) / 2)))
    assert loss(*map(ag.Variable, (logits, m, log_s))).item() == pytest.approx(expected)
    check_gradients(loss, logits, m, log_s)


def test_a_graph_convolution(rng):
    """Neighbours are added up by rows and indices; the same as with the matrix of the graph."""
    x, W, edges = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), np.array([[0, 1], [1, 2], [2, 0], [3, 1]])

    def layer(x, W):
        return F.relu(F.segment_sum((x @ W)[edges[:, 0]], edges[:, 1], 4))

    A = np.zeros((4, 4))
    A[edges[:, 1], edges[:, 0]] = 1
    np.testing.assert_allclose(layer(ag.Variable(x), W).data, np.maximum(A @ x @ W, 0))
    check_gradients(layer, x, W, order=2)


def test_distances_of_all_pairs_have_zeros_on_the_diagonal(rng):
    x = ag.Variable(rng.normal(size=(4, 3)))
    d = F.cdist(x, x)
    d.sum().backward()
    apart = x.data[:, None] - x.data
    length = np.linalg.norm(apart, axis=-1) + np.eye(4)
    np.testing.assert_allclose(x.grad.data, 2 * (apart / length[..., None]).sum(1))


def test_a_step_of_newton_is_exact(rng):
    """On a quadratic form one step finds the minimum."""
    A, b = rng.normal(size=(3, 3)), rng.normal(size=3)
    A = A @ A.T + np.eye(3)

    def f(x):
        return x @ A @ x / 2 - b @ x

    x = ag.Variable(rng.normal(size=3))
    step = np.linalg.solve(ag.hessian(f, x).data, ag.grad(f(x), x).data)
    np.testing.assert_allclose(x.data - step, np.linalg.solve(A, b))


def test_a_finder_of_the_learning_rate(rng):
    """The rate grows by a factor; a quadratic loss begins to rise where it passes 2 / curvature."""
    w = ag.Variable(np.array([1.0]))
    optimizer = O.SGD([w], lr=O.exponential(0.01, 1.3))
    rates, losses = [], []
    while len(losses) < 2 or losses[-1] <= losses[-2]:
        loss = (w**2).sum() * 2  # of curvature 4
        rates.append(optimizer.lr_now)
        losses.append(loss.item())
        w.cleargrad()
        loss.backward()
        optimizer.update()
    assert rates[-3] < 0.5 < rates[-1]


def test_a_recurrent_network_over_lengths(rng):
    """With a mask of its own, from the weights of the layer: the same as `lengths=`."""
    layer = L.RNN(2, 3, dtype=np.float64, rng=0)
    x, lengths = rng.normal(size=(2, 4, 3)), np.array([4, 2])
    h = np.zeros((2, 2))
    for t in range(4):
        new = np.tanh(x[:, t] @ layer.Wx.data + h @ layer.Wh.data + layer.b.data)
        h = np.where((t < lengths)[:, None], new, h)
    y, state = layer(x, None, lengths=lengths)
    np.testing.assert_allclose(state.data, h)
    np.testing.assert_allclose(y.data[1, 1], h[1])
