"""5. Losses, and the gradient as a difference quotient.

A loss says in one number how wrong the answers are: half the sum of squares, or the cross entropy, which looks only at
the probability given to the right class. Learning goes down its gradient, and the simplest gradient is numeric: step to
either side and divide the difference. It is right to many digits, and needs two evaluations for every single number;
so it is not used to learn, but to check the gradients of the next chapter.

    python examples/lecture/05_gradients.py

    runs/lecture/05_tangents.png  The tangents whose slopes are the difference quotients; and how wrong they are for
        steps of different sizes. Too small is no better than too large: the difference drowns in rounding.
    runs/lecture/05_surface.png  x² + y² as a surface. On the floor lies its gradient at 25 points: it points uphill,
        and is the longer the steeper the place above.
    runs/lecture/05_field.png  Minus the numeric gradient of x0² + x1²: every arrow points to the lowest place.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
from autograd.testing import numerical_diff, numerical_gradient

H = 1e-4  # the deck's step


def half_square_sum(y, t):
    return ((y - t) ** 2).sum() / 2


def cross_entropy(y, t):
    """By label or by one-hot rows. The 1e-7, which keeps log 0 away, is the deck's."""
    p = y[np.arange(len(y)), t] if t.ndim == 1 else (y * t).sum(axis=1)
    return -F.log(p + 1e-7).mean()


def f(x):
    return 0.01 * x**2 + 0.1 * x


squares = half_square_sum(np.array([0.1, 0.7, 0.2]), np.array([1, 0, 0]))
one_hot = np.array([[1, 0, 0], [0, 1, 0]])
first = cross_entropy(np.array([[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]]), one_hot)
y = np.array([[0.2, 0.1, 0.7], [0.3, 0.1, 0.6]])
second = cross_entropy(y, np.array([0, 1]))
print(f"half the sum of squares {squares:.2f}; cross entropy {first:.10f}, by label {second:.10f}")
assert abs(squares - 0.67) < 1e-15
assert abs(first - 1.7532782820) < 1e-10 and abs(second - 1.9560107528) < 1e-10
assert abs(cross_entropy(y, one_hot) - second) < 1e-15  # one-hot rows and labels say the same

for g, x, printed in (
    (f, 5.0, 0.19999999999909),
    (f, 10.0, 0.29999999999863),
    (lambda x: x**2 + 16, 3.0, 6.00000000000378),
):
    v = ag.Variable(x)
    exact, numeric = ag.grad(g(v), v).item(), numerical_diff(g, x, H)
    print(f"at {x:4}: numeric {numeric:.14f}, exact {exact}")
    assert abs(numeric - printed) < 1e-14
    assert abs(numeric - exact) < 1e-11

x = np.linspace(0, 20, 200)
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(x, f(x), label="0.01 x² + 0.1 x")
for at in (5.0, 10.0):
    slope = numerical_diff(f, at, H)
    left.plot(x, f(at) + slope * (x - at), "--", linewidth=1, label=f"slope {slope:.3f} at {at:g}")
    left.plot(at, f(at), "ko", markersize=4)
left.set(xlabel="x", ylabel="f(x)", ylim=(-1, 6))
left.legend()
steps = 10.0 ** np.arange(-14, 0.1, 0.25)
errors = [abs(numerical_diff(np.sin, 1.0, h) - np.cos(1)) for h in steps]
best = steps[np.argmin(errors)]
right.loglog(steps, errors, ".-")
right.set(xlabel="h", ylabel="error", title="derivative of sin x at 1")
right.grid(alpha=0.3)
print(f"sin' at 1: the best step is about {best:.0e}; error {min(errors):.0e}, with 1e-14 {errors[0]:.0e}")
assert 1e-7 < best < 1e-3 and errors[0] > 1e-4
save(figure, "05_tangents.png")


def square_sum(x):
    return (x**2).sum()


for point, printed in (((3.0, 4.0), (6, 8)), ((0.0, 2.0), (0, 4)), ((3.0, 0.0), (6, 0))):
    g = numerical_gradient(square_sum, np.array(point), H)
    print("gradient of x² + y² at", point, "=", g)
    assert np.allclose(g, printed, rtol=0, atol=1e-10)

side = np.linspace(-2, 2, 41)
X, Y = np.meshgrid(side, side)
figure = Figure(figsize=(7, 5.2), layout="constrained")
axes = figure.add_subplot(projection="3d")
axes.plot_surface(X, Y, X**2 + Y**2, cmap="viridis", alpha=0.75, linewidth=0)
for point in np.stack(np.meshgrid(side[::10], side[::10]), axis=-1).reshape(-1, 2):
    g = numerical_gradient(square_sum, point, H)
    assert np.allclose(g, 2 * point, rtol=0, atol=1e-9)
    axes.quiver(*point, -6, *(0.2 * g), 0, color="tab:red", arrow_length_ratio=0.3, linewidth=1.2)
axes.set(xlabel="x", ylabel="y", zlabel="x² + y²", xlim=(-3, 3), ylim=(-3, 3), zlim=(-6, 8))
axes.set(xticks=(-2, 0, 2), yticks=(-2, 0, 2), zticks=(0, 4, 8))
axes.view_init(elev=22, azim=-58)
save(figure, "05_surface.png")

grid = np.stack(np.meshgrid(np.arange(-2, 2.1, 0.25), np.arange(-2, 2.1, 0.25)), axis=-1)
arrows = np.array([[-numerical_gradient(lambda x: (x**2).sum(), point, H) for point in row] for row in grid])
assert np.allclose(arrows, -2 * grid, rtol=0, atol=1e-9)
figure = Figure(figsize=(4.5, 4.5), layout="constrained")
axes = figure.subplots()
axes.quiver(grid[..., 0], grid[..., 1], arrows[..., 0], arrows[..., 1], np.hypot(*arrows.T).T, cmap="viridis_r")
axes.plot(0, 0, "r*", markersize=12)
axes.set(xlabel="x0", ylabel="x1", aspect="equal")
save(figure, "05_field.png")
