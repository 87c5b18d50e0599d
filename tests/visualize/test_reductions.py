"""A sum and a mean are one box each."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.visualize import to_dot, to_mermaid, trace
from tests.visualize.graphs import names, panel, parsed

X = Variable(np.arange(6.0).reshape(2, 3), name="x")


@pytest.mark.parametrize(
    "f, name",
    [
        (lambda x: x.sum(), "Sum"), (lambda x: x.sum(axis=1), "Sum"), (lambda x: x.sum(0, keepdims=True), "Sum"),
        (F.sum, "Sum"), (np.sum, "Sum"), (lambda x: x.mean(), "Mean"), (lambda x: x.mean(axis=1), "Mean"),
        (lambda x: x.mean(0, keepdims=True), "Mean"), (F.mean, "Mean"), (np.mean, "Mean"),
    ],
)  # fmt: skip
def test_a_reduction_is_one_box(f, name):
    y = f(X)
    nodes, edges, _ = parsed(to_dot(y, values=True))
    assert names(to_dot(y), "f") == [name]
    assert (len(nodes), len(edges)) == (3, 2)
    assert f'"{name}"' in to_mermaid(y)
    assert panel(y, name)["about"].startswith("y = sum of x")


def test_what_looks_like_one_and_is_none_stays_as_it_is():
    assert names(to_dot(X.sum() / 5), "f") == ["Div\n5", "Sum"]
    assert names(to_dot(X.sum(0).reshape(3, 1) * 2), "f") == ["Mul\n2", "Reshape", "Sum"]
    s = X.sum(0, keepdims=True)  # a value that somebody holds
    assert names(to_dot(s.reshape(3)), "f") == ["Reshape", "Sum"]
    s = X.sum()
    assert names(to_dot(s / 6), "f") == ["Div\n6", "Sum"]
    assert names(to_dot([s, s / 6]), "f") == ["Div\n6", "Sum"]
    t = X.sum() * 1.0
    assert names(to_dot(6 / t), "f") == ["Div\n6", "Mul\n1.", "Sum"]


@pytest.mark.standin_exempt("a target that is NumPy's")
def test_sums_in_layers_and_in_backward_passes():
    y = trace(lambda x: F.mean_squared_error(x, np.zeros((2, 3))), X)
    assert set(names(to_dot(y), "f")) & {"SumTo", "Reshape"} == set()
    gx = grad((X * X).mean(), X, create_graph=True)
    assert "Mean" not in names(to_dot(gx), "f")
    second = grad((gx * gx).sum(), X, create_graph=True)
    assert "Sum" in names(to_dot((second**2).sum()), "f")


def test_times_are_those_of_all_its_functions():
    class Times:
        def seconds(self, f):
            return 1e-3

    assert names(to_dot(X.mean(), profile=Times()), "f") == ["Mean\n3 ms"]
