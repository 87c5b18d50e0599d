"""The functions of DeZero: values, gradients, arguments."""

import dezero
import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable

from tests.compat.dezero.samples import IMAGE, A, B, numpys_own

pytestmark = numpys_own


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


LABELS = np.array([2, 0])
VALUES = [
    ("sin", (A,), np.sin(A)),
    ("cos", (A,), np.cos(A)),
    ("tanh", (A,), np.tanh(A)),
    ("exp", (A,), np.exp(A)),
    ("log", (A * A,), np.log(A * A)),
    ("add", (A, B), A + B),
    ("sub", (A, B), A - B),
    ("rsub", (A, B), B - A),
    ("mul", (A, B), A * B),
    ("div", (A, B), A / B),
    ("rdiv", (A, B), B / A),
    ("neg", (A,), -A),
    ("pow", (A, 3), A**3),
    ("reshape", (A, (3, 2)), A.reshape(3, 2)),
    ("expand_dims", (A, 1), A[:, None]),
    ("flatten", (A[:, :, None],), A),
    ("transpose", (A,), A.T),
    ("transpose", (A, (1, 0)), A.T),
    ("sum", (A,), A.sum()),
    ("sum", (A, 0, True), A.sum(0, keepdims=True)),
    ("sum_to", (A, (1, 3)), A.sum(0, keepdims=True)),
    ("broadcast_to", (A, (2, 2, 3)), np.broadcast_to(A, (2, 2, 3))),
    ("average", (A, 1), A.mean(1)),
    ("mean", (A,), A.mean()),
    ("matmul", (A, B.T), A @ B.T),
    ("linear", (A, B.T, LABELS), A @ B.T + LABELS),
    ("linear", (A, B.T), A @ B.T),
    ("linear_simple", (A, B.T, LABELS), A @ B.T + LABELS),
    ("linear_simple", (A, B.T), A @ B.T),
    ("get_item", (A, (slice(None), [0, 0, 2])), A[:, [0, 0, 2]]),
    ("sigmoid", (A,), 1 / (1 + np.exp(-A))),
    ("sigmoid_simple", (A,), 1 / (1 + np.exp(-A))),
    ("relu", (A,), A * (A > 0)),
    ("leaky_relu", (A,), np.where(A > 0, A, 0.2 * A)),
    ("softmax", (A,), softmax(A)),
    ("softmax_simple", (A,), softmax(A)),
    ("log_softmax", (A,), np.log(softmax(A))),
    ("max", (A, 1), A.max(1)),
    ("min", (A, 0, True), A.min(0, keepdims=True)),
    ("clip", (A, -0.1, 0.1), A.clip(-0.1, 0.1)),
    ("mean_squared_error", (A, B), ((A - B) ** 2).sum() / 2),
    ("mean_squared_error", (A[:1, :1], B[0, :1]), (A[0, 0] - B[0, 0]) ** 2),  # broadcast, as the course needs it
    ("mean_squared_error_simple", (A, B), ((A - B) ** 2).sum() / 2),
    ("softmax_cross_entropy", (A, LABELS), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("softmax_cross_entropy", (A, LABELS.astype(np.uint8)), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("softmax_cross_entropy_simple", (A, LABELS), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("sigmoid_cross_entropy", (A, A > 0), np.log1p(np.exp(-abs(A))).sum() / 2),
    ("binary_cross_entropy", (softmax(A), A > 0), None),
    ("accuracy", (A, A.argmax(1)), 1.0),
    ("accuracy", (A, A.argmax(1) * [1, -1]), 0.5 if A.argmax(1)[1] else 1.0),
    ("embed_id", (LABELS[:1] - 1, A), A[[1]]),
]  # fmt: skip


@pytest.mark.parametrize("name, args, expected", VALUES, ids=[f"{i}-{row[0]}" for i, row in enumerate(VALUES)])
def test_values_of_functions(name, args, expected):
    f = getattr(F, name)
    if expected is None:
        p, t = args[0].clip(1e-15, 0.999), args[1]
        expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum() / len(p)
    variables = [Variable(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in args]
    on_arrays = name == "embed_id"  # which is W[x]
    for y in (f(*variables), *([] if on_arrays else [f(*args)])):
        assert type(y) is Variable
        np.testing.assert_allclose(y.data, expected, rtol=1e-13)
    if name != "accuracy":
        s = F.sum(f(*variables) ** 2)
        s.backward()  # the gradient in the first Variable, against a difference
        i = next(i for i, x in enumerate(variables) if isinstance(x, Variable))
        gx, h = variables[i].grad.data, np.zeros(args[i].shape)
        h.flat[0] = 1e-6
        ends = [F.sum(f(*args[:i], Variable(args[i] + sign * h), *args[i + 1 :]) ** 2).data for sign in (1, -1)]
        np.testing.assert_allclose(gx.flat[0], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-7)


def test_functions_as_classes():
    x = Variable(A)
    pairs = [
        (F.Sin()(x), F.sin(x)),
        (F.Sum(0, False)(x), F.sum(x, 0)),
        (F.Reshape((6,))(x), F.reshape(x, (6,))),
        (F.Softmax(axis=0)(x), F.softmax(x, axis=0)),
        (F.GetItem(1)(x), x[1]),
        (F.Max(1, True)(x), F.max(x, axis=1, keepdims=True)),
        (F.MeanSquaredError()(x, B), F.mean_squared_error(x, B)),
        (dezero.core.Pow(2)(x), x**2),
        (dezero.core.Add()(x, B), x + B),
    ]
    for y, z in pairs:
        np.testing.assert_array_equal(y.data, z.data)


def test_the_gradient_of_an_element_is_a_function_too():
    gy = Variable(np.array([1.0, 2.0, 4.0]))
    gx = F.GetItemGrad(np.array([0, 2, 0]), (4,))(gy)
    assert gx.data.tolist() == [5, 0, 2, 0]
    (gx * np.arange(4)).backward()
    assert gy.grad.data.tolist() == [0, 2, 0]


def test_arguments_can_be_named():
    x = Variable(A)
    assert F.sum(x, axis=0, keepdims=True).shape == (1, 3)
    assert F.sum(x=x).shape == ()
    W, b = Variable(B.T), Variable(np.ones(2))
    F.sum(F.linear(x, W, b=b)).backward()
    assert b.grad.data.tolist() == [2, 2]


def test_equal_maxima_all_get_the_gradient():
    x = Variable(np.array([1.0, 3.0, 3.0]))
    F.max(x).backward()
    assert x.grad.data.tolist() == [0, 1, 1]


def test_dropout_draws_from_the_global_generator():
    np.random.seed(7)
    mask = np.random.rand(2, 3) > 0.3
    np.random.seed(7)
    np.testing.assert_allclose(F.dropout(A, dropout_ratio=0.3).data, A * mask / 0.7)


def test_batch_norm():
    mean, var = np.zeros(3), np.ones(3)
    y = F.batch_nrom(IMAGE, np.ones(3), np.zeros(3), mean, var)
    m, v, n = IMAGE.mean((0, 2, 3)), IMAGE.var((0, 2, 3)), 60
    expected = (IMAGE - m[:, None, None]) / np.sqrt(v + 2e-5)[:, None, None]
    np.testing.assert_allclose(y.data, expected)
    np.testing.assert_allclose(mean, 0.1 * m)
    np.testing.assert_allclose(var, 0.9 + 0.1 * v * n / (n - 1))
    with dezero.test_mode():
        x = Variable(IMAGE)
        y = F.batch_norm(x, np.ones(3), np.zeros(3), mean, var)
        F.sum(y).backward()
    np.testing.assert_allclose(y.data[0, 1], (IMAGE[0, 1] - mean[1]) / np.sqrt(var[1] + 2e-5))
