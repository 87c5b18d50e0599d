"""Step 63: Jacobians, Hessians, and Newton's method.

New: the derivative of many numbers in many numbers is a matrix. A walk back gives one row of it, v^T J for the seed
v. A column, J v, comes from a trick: v^T J is linear in v, so its derivative in v is J. The Jacobian of a gradient
is the Hessian, the matrix of second derivatives; a product H v needs two walks, and the matrix is never made.
First each by hand, with `grad` of step 36, and then as the package calls them; it walks with all seeds at once.
Newton's method of step 29 takes the Hessian: w <- w - H^-1 g. On real handwriting, threes against eights, it is done
in seven steps, and gradient descent is not in a thousand. H says why: along some directions the loss bends a thousand
times as much as along others, and descent needs one rate for all of them.

In the package: autograd/derivatives/matrices.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
from autograd import data


def field(x):
    """Two outputs of three inputs."""
    return F.stack([x[0] * x[1], F.sin(x[1]) * x[2]])


def jacobian_by_rows(f, x):
    """One walk back for each output."""
    x = ag.Variable(x)
    y = f(x)
    return np.stack([ag.grad(y[i], x).data for i in range(len(y))])


def jacobian_by_columns(f, x):
    """One recorded walk back, v^T J for a Variable v, and its derivative in v: one more walk for each input."""
    x = ag.Variable(x)
    y = f(x)
    v = ag.Variable(np.zeros(len(y)))
    row = ag.grad(y, x, v, create_graph=True)
    return np.stack([ag.grad(row[j], v).data for j in range(len(x))], axis=1)


x = np.array([2.0, 0.5, 3.0])
by_formula = np.array([[0.5, 2, 0], [0, 3 * np.cos(0.5), np.sin(0.5)]])
for J in (jacobian_by_rows(field, x), jacobian_by_columns(field, x), ag.jacobian(field, x).data):
    assert np.allclose(J, by_formula)
print("the Jacobian by rows, by columns and by the package: equal to the formula")
_, Jv = ag.jvp(field, x, [1.0, 0.0, 0.0])
_, vJ = ag.vjp(field, x, [1.0, 0.0])
print(f"J e0 = {Jv.data}, its first column; e0 J = {vJ.data}, its first row")
assert np.allclose(Jv.data, by_formula[:, 0])
assert np.allclose(vJ.data, by_formula[0])


def digits(split):
    """Threes and eights: 64 pixels and a 1 for the bias, and what they are: 0 or 1."""
    images, labels = data.digits(split)
    some = (labels == 3) | (labels == 8)
    pixels = images[some].reshape(-1, 64).astype(np.float64)
    return np.hstack([pixels, np.ones((len(pixels), 1))]), (labels[some] == 8).astype(np.float64)


X, t = digits("train")


def loss(w):
    """Logistic regression, and a small pull to 0 so that there is a lowest place."""
    return F.sigmoid_cross_entropy(X @ w, t) + 1e-3 * (w * w).sum()


def hessian_by_hand(f, w):
    """A recorded walk back, and a second one for each of its elements."""
    w = ag.Variable(w)
    g = ag.grad(f(w), w, create_graph=True)
    return np.stack([ag.grad(g[i], w).data for i in range(len(g))])


w = np.zeros(65)
H = ag.hessian(loss, w).data
p = 0.5  # sigmoid of 0: the formula is X^T p (1 - p) X / n
assert np.allclose(H, hessian_by_hand(loss, w))
assert np.allclose(H, X.T @ X * p * (1 - p) / len(t) + 2e-3 * np.eye(65))
v = np.arange(65.0)
assert np.allclose(ag.hvp(loss, w, v)[1].data, H @ v)
bends = np.linalg.eigvalsh(H)
print(f"the Hessian of {len(t)} digits {H.shape}: it bends {bends[-1] / bends[0]:.0f} times as much in one direction")

print("Newton's method:")
for step in range(1, 8):
    value, g = ag.value_and_grad(loss, w)
    w = w - np.linalg.solve(ag.hessian(loss, w).data, g.data)
    print(f"{step} loss {value.data:.10f} largest slope {abs(g.data).max():.1e}")
value, g = ag.value_and_grad(loss, w)
assert abs(g.data).max() < 1e-10

slow, rate = np.zeros(65), 1 / bends[-1]
for _ in range(1000):
    slow = slow - rate * ag.value_and_grad(loss, slow)[1].data
left = loss(slow) - value.data
print(f"after 1,000 steps of gradient descent the loss is still {left:.5f} above")
assert left > 1e-4

X_test, t_test = digits("test")
right = np.mean((X_test @ w > 0) == t_test)
print(f"threes and eights that it has not seen: {right:.3f} are right")
assert right > 0.95
