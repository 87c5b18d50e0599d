"""Ten programs of research as a person writes them, against closed forms, numeric derivatives or PyTorch.

Meta-learning, a differential equation solved by a network, a neural ODE, a penalty on gradients, a Gaussian process, a
hidden Markov model, an implicit function, Rosenbrock's valley, influence functions, spectral norms.
"""

import itertools

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable
from autograd.testing import check_gradients, numerical_gradient

pytestmark = pytest.mark.standin_exempt("programs that compute with NumPy beside us")
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers(monkeypatch):
    """Each test draws its own, in whatever order they run."""
    monkeypatch.setitem(globals(), "rng", np.random.default_rng(0))


def network(*sizes, seed=0):
    layers = [L.Linear(b, a, rng=seed + i, dtype=np.float64) for i, (a, b) in enumerate(itertools.pairwise(sizes))]
    return L.Sequential(*[part for layer in layers for part in (layer, F.tanh)][:-1])


def values(net):
    return {path: p.data.copy() for path, p in net.named_params()}


# 1. Meta-learning


def adapted(net, params, x, t, rate, steps):
    """The parameters after some steps of gradient descent on one task, still a function of the first ones."""
    for _ in range(steps):
        loss = lambda p: F.mean_squared_error(ag.functional_call(net, p, x), t)  # noqa: E731
        _, g = ag.value_and_grad(loss, params, create_graph=True)
        params = {path: p - rate * g[path] for path, p in params.items()}
    return params


def sines(count):
    """Tasks: sines of different height and phase, five points to learn from and ten to be judged by."""
    for _ in range(count):
        height, phase, x = rng.uniform(0.5, 2), rng.uniform(0, 3), rng.uniform(-2, 2, (15, 1))
        t = height * np.sin(x + phase)
        yield x[:5], t[:5], x[5:], t[5:]


def test_maml_against_numeric_derivatives():
    net = network(1, 8, 1)
    x, t, x_new, t_new = next(sines(1))

    def meta(params):
        return F.mean_squared_error(ag.functional_call(net, adapted(net, params, x, t, 0.1, 2), x_new), t_new)

    check_gradients(meta, values(net), order=1)


def test_maml_learns_to_learn():
    net, judge = network(1, 20, 20, 1), list(sines(20))

    def after(tasks):
        losses = []
        for x, t, x_new, t_new in tasks:
            params = adapted(net, dict(net.named_params()), x, t, 0.1, 1)
            losses.append(F.mean_squared_error(ag.functional_call(net, params, x_new), t_new))
        return F.stack(losses).mean()

    before, optimizer = after(judge).item(), O.Adam(net, 5e-3)
    for _ in range(60):
        net.cleargrads()
        after(sines(4)).backward()
        optimizer.update()
    assert after(judge).item() < 0.7 * before


# 2. A differential equation solved by a network


def test_a_pinn_solves_poisson():
    """u'' = -pi^2 sin(pi x), u(0) = u(1) = 0: u = sin(pi x). The loss has a second derivative in x, then one in W."""
    net, x = network(1, 16, 16, 1), np.linspace(0, 1, 24)[:, None]
    source = -(np.pi**2) * np.sin(np.pi * x[:, 0])

    def u(x):
        return net(x) * x * (1 - x)  # is 0 at both ends

    def loss():
        return ((ag.laplacian(u, x, create_graph=True).reshape(-1) - source) ** 2).mean()

    optimizer = O.LBFGS(net, iterations=150)
    optimizer.update(loss)
    assert abs(u(x).data - np.sin(np.pi * x)).max() < 2e-3


def test_derivatives_of_a_network_in_x_against_numeric_ones():
    net, x = network(2, 6, 1), rng.standard_normal((3, 2))

    def residual(params):
        f = lambda x: ag.functional_call(net, params, x)  # noqa: E731
        u, gx = ag.value_and_grad(lambda x: f(x).sum(), x, create_graph=True)
        return (ag.laplacian(f, x, create_graph=True) + u * gx[:, 0]).sum()

    check_gradients(residual, values(net), order=1)


# 3. A neural ordinary differential equation


def runge_kutta(f, z, steps, h):
    for _ in range(steps):
        k1 = f(z)
        k2 = f(z + h / 2 * k1)
        k3 = f(z + h / 2 * k2)
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(z + h * k3))
    return z


def test_the_adjoint_of_a_neural_ode():
    """The gradient through the steps against that of the adjoint equation a' = -a df/dz, solved backwards."""
    net, z0 = network(2, 10, 2), np.array([[1.0, -0.5]])
    steps, h = 40, 0.05
    z = Variable(z0)
    end = runge_kutta(net, z, steps, h)
    (end**2).sum().backward()

    def backwards(state):  # z and a together, in time reversed
        now, a = Variable(state[:1]), state[1:]
        _, slope = ag.vjp(net, now, a)
        return np.concatenate([-net(now).data, slope.data])

    start = runge_kutta(backwards, np.concatenate([end.data, 2 * end.data]), steps, h)
    np.testing.assert_allclose(start[:1], z0, atol=1e-7)
    np.testing.assert_allclose(start[1:], z.grad.data, atol=1e-6)


def test_a_linear_ode_is_the_matrix_exponential():
    linalg = pytest.importorskip("scipy.linalg")
    A, z0 = rng.standard_normal((3, 3)), rng.standard_normal(3)
    J = ag.jacobian(lambda z: runge_kutta(lambda z: A @ z, z, 50, 0.02), z0)
    np.testing.assert_allclose(J.data, linalg.expm(A), atol=1e-7)


# 4. A penalty on gradients


def penalty(critic, x):
    """mean of (|dD/dx| - 1)^2 over the rows of x."""
    x = Variable(x)
    gx = ag.grad(critic(x).sum(), x, create_graph=True)
    return ((F.sqrt((gx**2).sum(1)) - 1) ** 2).mean()


def test_the_penalty_of_a_wgan_against_torch():
    torch = pytest.importorskip("torch")
    critic, x = network(2, 12, 12, 1), rng.standard_normal((8, 2))
    linear = [torch.nn.Linear(*p.shape, dtype=torch.float64) for p in critic.params() if p.ndim == 2]
    theirs = torch.nn.Sequential(linear[0], torch.nn.Tanh(), linear[1], torch.nn.Tanh(), linear[2])
    for p, q in zip(critic.params(), theirs.parameters()):
        q.data = torch.tensor(p.data.T.copy())
    xt = torch.tensor(x, requires_grad=True)
    (gx,) = torch.autograd.grad(theirs(xt).sum(), xt, create_graph=True)
    loss = ((gx.norm(dim=1) - 1) ** 2).mean()
    loss.backward()
    ours = penalty(critic, x)
    ours.backward()
    assert ours.item() == pytest.approx(loss.item(), rel=1e-12)
    for p, q in zip(critic.params(), theirs.parameters()):
        got = np.zeros(p.shape) if p.grad is None else p.grad.data
        expected = np.zeros(p.shape) if q.grad is None else q.grad.numpy().T
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_wgan_with_penalty_finds_the_distance():
    """Between points around (0, 0) and (3, 4) it is 5. A slope g gains 5 g - 10 (g - 1)^2: the best is 1.25."""
    critic, ends = network(2, 24, 24, 1), np.array([[0.0, 0.0], [3.0, 4.0]])
    optimizer = O.Adam(critic, O.cosine(1e-2, 300))
    for _ in range(300):
        a, b = (end + 0.1 * rng.standard_normal((32, 2)) for end in ends)
        share = rng.uniform(size=(32, 1))
        distance = critic(b).mean() - critic(a).mean()
        critic.cleargrads()
        (10 * penalty(critic, share * a + (1 - share) * b) - distance).backward()
        optimizer.update()
    assert distance.item() == pytest.approx(5 * 1.25, abs=0.15)


# 5. A Gaussian process


def cholesky(K):
    """The lower triangle R with R R^T = K, column by column."""
    n, columns = K.shape[0], []
    for j in range(n):
        rest = K[:, j]
        for column in columns:
            rest = rest - column * column[j]
        columns.append(rest / F.sqrt(rest[j]))
    return F.stack(columns, axis=1)


def forward_solve(R, y):
    """z with R z = y for a lower triangle R."""
    z = []
    for i in range(R.shape[0]):
        known = sum([R[i, j] * z[j] for j in range(i)], 0 * y[i])
        z.append((y[i] - known) / R[i, i])
    return F.stack(z)


def evidence(theta, x, y):
    """-log p(y) for the kernel s^2 exp(-(x - x')^2 / 2 l^2) and noise n, where theta = log (s, l, n)."""
    s, length, noise = (F.exp(theta[i]) for i in range(3))
    K = s**2 * F.exp(-((x[:, None] - x) ** 2) / (2 * length**2)) + noise**2 * np.eye(len(x))
    R = cholesky(K)
    z = forward_solve(R, y)
    logs = F.stack([F.log(R[i, i]) for i in range(len(x))]).sum()
    return (z**2).sum() / 2 + logs + len(x) * np.log(2 * np.pi) / 2


def test_a_gaussian_process_by_its_own_cholesky():
    x = np.sort(rng.uniform(0, 4, 9))
    y, theta = np.sin(2 * x) + 0.1 * rng.standard_normal(9), np.log([0.8, 0.6, 0.3])
    value, g = ag.value_and_grad(lambda theta: evidence(theta, x, y), theta)

    def exact(theta):
        s, length, noise = np.exp(theta)
        square = (x[:, None] - x) ** 2
        K = s**2 * np.exp(-square / (2 * length**2))
        Ks = [2 * K, K * square / length**2, 2 * noise**2 * np.eye(9)]
        K = K + noise**2 * np.eye(9)
        a = np.linalg.solve(K, y)
        slopes = [(np.trace(np.linalg.solve(K, dK)) - a @ dK @ a) / 2 for dK in Ks]
        return y @ a / 2 + np.linalg.slogdet(K)[1] / 2 + 9 * np.log(2 * np.pi) / 2, slopes

    expected, slopes = exact(theta)
    assert value.item() == pytest.approx(expected)
    np.testing.assert_allclose(g.data, slopes)
    best = Variable(theta)
    O.LBFGS([best], iterations=30).update(lambda: evidence(best, x, y))
    np.testing.assert_allclose(exact(best.data)[1], 0, atol=1e-3)


# 6. A hidden Markov model


def log_likelihood(p, seen):
    """log p(seen) by the forward algorithm: a <- logsumexp_i (a_i + log A_ij) + log B_j(seen)."""
    A, B = F.log_softmax(p["A"], 1), F.log_softmax(p["B"], 1)
    a = F.log_softmax(p["start"], 0) + B[:, seen[0]]
    for s in seen[1:]:
        a = F.logsumexp(a[:, None] + A, 0) + B[:, s]
    return F.logsumexp(a, 0)


def test_a_hidden_markov_model():
    """Against the sum over all paths; and the gradient in the emissions is that of expected counts."""
    p = {"A": rng.standard_normal((3, 3)), "B": rng.standard_normal((3, 4)), "start": rng.standard_normal(3)}
    seen = [0, 3, 1, 1, 2]
    A, B, start = (np.exp(p[k]) / np.exp(p[k]).sum(-1, keepdims=True) for k in ("A", "B", "start"))
    total, counts = 0.0, np.zeros((3, 4))
    for path in itertools.product(range(3), repeat=5):
        w = start[path[0]] * B[path[0], seen[0]]
        for i, j, s in zip(path, path[1:], seen[1:]):
            w *= A[i, j] * B[j, s]
        total += w
        for i, s in zip(path, seen):
            counts[i, s] += w
    value, g = ag.value_and_grad(lambda p: log_likelihood(p, seen), p)
    assert value.item() == pytest.approx(np.log(total))
    counts /= total
    np.testing.assert_allclose(g["B"].data, counts - counts.sum(1, keepdims=True) * B, atol=1e-12)
    check_gradients(lambda p: log_likelihood(p, seen[:3]), p, order=2)


# 7. Implicit differentiation


def test_the_best_decay_of_ridge_regression():
    """The weights solve a condition that depends on the decay; so does the loss on other data, by way of them."""
    X, X_new = rng.standard_normal((12, 4)), rng.standard_normal((8, 4))
    w_true = rng.standard_normal(4)
    t, t_new = X @ w_true + 0.5 * rng.standard_normal(12), X_new @ w_true

    def solved(decay):
        return np.linalg.solve(X.T @ X + decay * np.eye(4), X.T @ t)

    def held_out(log_decay):
        decay = F.exp(log_decay)
        w = ag.root(lambda w, decay: X.T @ (X @ w - t) + decay * w, solved(decay.data), decay)
        return ((X_new @ w - t_new) ** 2).mean()

    def exact(log_decay):
        return ((X_new @ solved(np.exp(log_decay)) - t_new) ** 2).mean()

    _, g = ag.value_and_grad(held_out, 0.3)
    assert g.item() == pytest.approx(float(numerical_gradient(exact, np.array(0.3))), rel=1e-6)
    check_gradients(held_out, np.array(0.3), order=2)


def test_a_layer_that_is_a_fixed_point():
    """z = tanh(W z + x): the gradient of the equilibrium against that through 200 iterations."""
    W, x = 0.3 * rng.standard_normal((4, 4)), rng.standard_normal(4)

    def iterated(W, x):
        z = x * 0
        for _ in range(200):
            z = F.tanh(W @ z + x)
        return z

    Wv, xv = Variable(W), Variable(x)
    z = ag.root(lambda z, p: z - F.tanh(p[0] @ z + p[1]), iterated(W, x), [Wv, xv])
    ours = ag.grad((z**3).sum(), [Wv, xv])
    theirs = ag.grad((iterated(Wv, xv) ** 3).sum(), [Wv, xv])
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.data, b.data, atol=1e-12)


# 8. Rosenbrock's valley


@pytest.mark.parametrize("n", [2, 10, 100])
def test_lbfgs_goes_through_the_valley(n):
    x = Variable(np.tile([-1.2, 1.0], n // 2))
    optimizer = O.LBFGS([x], iterations=1000)
    loss = optimizer.update(lambda: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    assert loss < 1e-15
    np.testing.assert_allclose(x.data, 1, atol=1e-6)


# 9. Influence functions


def test_the_influence_of_a_sample_by_products_with_the_hessian():
    """What a sample adds to a test loss: -g_test H^-1 g_sample, against training without it."""
    X, x_new = rng.standard_normal((40, 3)), rng.standard_normal((1, 3))
    t, t_new = (X @ [1.0, -1.0, 0.5] + rng.standard_normal(40) > 0).astype(float), np.ones(1)

    def loss(w, weights=np.ones(40)):
        y = X @ w
        return (weights * (F.softplus(y) - t * y)).sum() + 0.5 * (w**2).sum()

    def fitted(weights):
        w = Variable(np.zeros(3))
        O.NewtonCG([w]).update(lambda: loss(w, weights))
        return w.data

    def test_loss(w):
        return F.sigmoid_cross_entropy(x_new @ w, t_new)

    w = fitted(np.ones(40))
    gradient = ag.value_and_grad(test_loss, w)[1].data
    s, r = np.zeros(3), gradient.copy()  # conjugate gradients for H s = g
    v = r
    for _ in range(3):
        Hv = ag.hvp(loss, w, v)[1].data
        a = r @ r / (v @ Hv)
        s, new = s + a * v, r - a * Hv
        v, r = new + (new @ new) / (r @ r) * v, new
    samples = ag.jacobian(lambda w: F.softplus(X @ w) - t * (X @ w), w).data
    influence = samples @ s
    left_out = []
    for i in range(40):
        weights = np.ones(40)
        weights[i] = 0.999
        left_out.append((test_loss(fitted(weights)).item() - test_loss(fitted(2 - weights)).item()) / 0.002)
    np.testing.assert_allclose(influence, left_out, atol=1e-5)


# 10. Spectral norms


def spectral_norm(W, steps):
    """The largest singular value by power iteration; its derivative is that of u^T W v, with u and v as constants."""
    u = np.ones(W.shape[0])
    plain = ag.as_array(W)
    for _ in range(steps):
        v = plain.T @ u
        v = v / np.linalg.norm(v)
        u = plain @ v
        u = u / np.linalg.norm(u)
    return u @ W @ v


def test_the_spectral_norm_of_a_matrix_and_of_a_jacobian():
    W = rng.standard_normal((5, 4))
    u, s, v = np.linalg.svd(W)
    value, g = ag.value_and_grad(lambda W: spectral_norm(W, 300), W)
    assert value.item() == pytest.approx(s[0])
    np.testing.assert_allclose(g.data, np.outer(u[:, 0], v[0]), atol=1e-8)

    net, x, v = network(4, 8, 5), rng.standard_normal(4), np.ones(4)
    f = lambda x: net(x.reshape(1, -1)).reshape(-1)  # noqa: E731
    for _ in range(100):  # J^T J v by two products: the Jacobian is never made
        v = ag.vjp(f, x, ag.jvp(f, x, v)[1])[1].data
        size = np.linalg.norm(v)
        v = v / size
    assert np.sqrt(size) == pytest.approx(np.linalg.svd(ag.jacobian(f, x).data)[1][0])
