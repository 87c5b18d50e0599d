"""Functions whose derivatives are polynomials of their own values: tanh, sigmoid, tan."""

from math import comb

import numpy as np
import pytest
from numpy.polynomial import Polynomial

import autograd as ag
import autograd.functions as F

pytestmark = pytest.mark.standin_exempt(
    "the rows of the op table run there; here NumPy's polynomials are the reference"
)
RULES = {F.tanh: [1, 0, -1], F.sigmoid: [0, 1, -1], F.tan: [1, 0, 1]}  # y' as a polynomial of y
x = np.linspace(-1.2, 1.2, 7)


@pytest.mark.parametrize("f", RULES)
def test_seven_derivatives_are_those_of_the_polynomials(f):
    rule = exact = Polynomial(RULES[f])
    v = ag.Variable(x)
    value = f(v).data
    g = ag.grad(f(v), v, create_graph=True)
    for _ in range(7):
        np.testing.assert_allclose(g.data, exact(value), rtol=1e-12, atol=1e-11 * np.abs(exact(value)).max())
        g, exact = ag.grad(g, v, create_graph=True), exact.deriv() * rule


def test_a_high_derivative_has_few_parts():
    v = ag.Variable(x)
    g = F.tanh(v)
    for _ in range(7):
        g = ag.grad(g, v, create_graph=True)
    assert len(ag.engine.functions_below([g.node])) < 20  # as a tree of products: some hundreds


def test_the_rule_holds_behind_other_functions():
    """The derivative of order n of tanh(a x) e^(b x), by Leibniz's rule."""
    a, b, n = 0.7, -0.4, 4
    v = ag.Variable(x)
    y = F.tanh(a * v) * F.exp(b * v)
    for _ in range(n):
        y = ag.grad(y, v, create_graph=True)
    rule = Polynomial([1, 0, -1])
    powers = [Polynomial([0, 1])]
    for _ in range(n):
        powers.append(powers[-1].deriv() * rule)
    t, e = np.tanh(a * x), np.exp(b * x)
    exact = sum(comb(n, k) * a**k * powers[k](t) * b ** (n - k) * e for k in range(n + 1))
    np.testing.assert_allclose(y.data, exact, rtol=1e-12, atol=1e-13)


def test_a_gradient_that_was_handed_out_stays_in_the_graph():
    """g = p(y): of gx = gy p(y), made of gy = p'(y) in the same pass, the derivative in gy is p(y)."""
    v = ag.Variable(x)
    y = F.tanh(v)
    g = ag.grad(y, v, create_graph=True)
    gy, gx = ag.grad(g, [y, v], create_graph=True)
    np.testing.assert_allclose(ag.grad(gx, gy).data, 1 - y.data**2, rtol=1e-14)


def test_a_seed_made_by_a_pass_stays_in_the_graph():
    """g = tanh' = p(y), then g p(y) with g as the seed: its derivative in g is p(y)."""
    v = ag.Variable(x)
    y = F.tanh(v)
    g = ag.grad(y, v, create_graph=True)
    h = ag.grad(y, v, g, create_graph=True)
    np.testing.assert_allclose(ag.grad(h, g).data, 1 - y.data**2, rtol=1e-14)


def test_a_retained_gradient_stays_in_the_graph():
    v = ag.Variable(x)
    y = F.tanh(v)
    ag.grad(y, v, create_graph=True).backward(create_graph=True, retain_grad=True)
    np.testing.assert_allclose(ag.grad(v.grad, y.grad).data, 1 - y.data**2, rtol=1e-14)
    v.cleargrad()


def test_float32_stays():
    v = ag.Variable(x.astype(np.float32))
    g = F.sigmoid(v)
    for _ in range(3):
        g = ag.grad(g, v, create_graph=True)
    assert g.dtype == np.float32
