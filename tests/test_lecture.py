"""Every number of the lecture notes, chapter by chapter, up to training; convolution has its own file.

The numbers are those of a DeZero-style course on the matrix product, of slides on tensors, and of the deck "deep
learning from scratch", recomputed; where the notes print something else, what stands here is right.
"""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable, grad
from autograd.algebra import as_array


def assert_near(x, expected, atol=1e-8, rtol=0.0):
    np.testing.assert_allclose(as_array(x), np.asarray(expected, dtype=float), rtol=rtol, atol=atol)
    assert x.shape == np.shape(expected)


def assert_exact(x, expected):
    assert x.shape == np.shape(expected)
    assert x.data.tolist() == np.array(expected).tolist()


# 1. Matrix product


class MatMul(Function):
    def forward(self, x, W):
        y = x.dot(W)
        return y

    def backward(self, gy):
        x, W = self.inputs
        gx = gy @ W.T
        gW = x.T @ gy
        return gx, gW


X = np.array([[1.03456353, 0.27193871, 0.86023841], [1.06768801, -0.83540155, 1.35419697]])
W = np.array(
    [
        [-0.77110712, 0.31744908, 1.4434869, 0.81484399],
        [-0.59206421, -0.47752476, 0.42763204, 0.84477188],
        [-0.82779724, 1.08705633, 0.90385875, 2.0810289],
    ]
)
Y = [[-1.67086747, 1.13369138, 2.38720262, 2.86291505], [-1.44969098, 2.20994988, 2.40795197, 2.98239845]]


def test_products_of_vectors_and_matrices():
    assert_exact(Variable([1, 2, 3]) @ Variable([4, 5, 6]), 32)
    assert_exact(Variable([[1, 2], [3, 4]]) @ Variable([[5, 6], [7, 8]]), [[19, 22], [43, 50]])
    assert_exact(Variable([[1, 2, 3], [4, 5, 6]]) @ Variable([[1], [2], [3]]), [[14], [32]])


def test_products_as_the_notes_write_them():
    assert_exact(Variable([1, 2, 3]).dot(Variable([4, 5, 6])), 32)
    assert_exact(Variable([[1, 2], [3, 4]]).dot(Variable([[5, 6], [7, 8]])), [[19, 22], [43, 50]])
    w, x = Variable([0.5, 0.5]), Variable([1.0, 2.0])
    y = w.dot(x)
    assert_near(y, 1.5)
    for g, expected in zip(grad(y, [w, x]), ([1, 2], [0.5, 0.5])):
        assert_near(g, expected)


@pytest.mark.parametrize("matmul", [lambda x, W: MatMul()(x, W), F.matmul, lambda x, W: x @ W], ids=["note", "F", "@"])
def test_the_matmul_of_the_note(matmul):
    x, w = Variable(X), Variable(W)
    y = matmul(x, w)
    assert_near(y, Y, atol=9.5e-9)
    y.backward()
    assert (x.grad.shape, w.grad.shape) == ((2, 3), (3, 4))
    assert_near(x.grad, [[1.80467285, 0.20281495, 3.24414674]] * 2)
    assert_near(w.grad, as_array(X).sum(0)[:, None] + np.zeros((3, 4)))


def test_matrix_calculus_of_an_affine_layer():
    """u = xW + b, y = sigmoid(u): gW = x^T d, gb = sum of d over the batch, gx = d W^T, by itself."""
    rng = np.random.default_rng(0)
    x, w, b = (Variable(np.asarray(rng.standard_normal(s))) for s in ((5, 3), (3, 4), (4,)))
    y = F.sigmoid(x @ w + b)
    v = np.asarray(rng.standard_normal((5, 4)))
    gx, gw, gb = grad(y, [x, w, b], v)
    d = v * y.data * (1 - y.data)
    assert_near(gw, x.data.T @ d, atol=1e-13)
    assert_near(gb, d.sum(0), atol=1e-13)
    assert_near(gx, d @ w.data.T, atol=1e-13)


# 2. Tensors


def test_integers_stay_integers():
    y = Variable(5) + Variable(3)
    assert_exact(y, 8)
    assert y.dtype.kind == "i"
    assert_exact(Variable(3) ** 2, 9)
    assert [Variable(np.ones(s)).ndim for s in ((), (3,), (2, 3), (2, 2, 3))] == [0, 1, 2, 3]
    assert (Variable(np.ones(2, np.float32)) * 1.5).dtype == np.float32


def test_a_condition_is_pythons_own():
    def cond(condition, yes, no):
        return yes() if condition else no()

    x = Variable(1.0)
    y = cond(True, lambda: x + 1, lambda: x + 10)
    assert_near(y, 2)
    z = cond(Variable(2) < Variable(5), lambda: Variable(2.0) * 17, lambda: Variable(5.0) + 23)
    assert_near(z, 34)
    for choice, expected in ((True, 2.0), (False, 3.0)):
        assert_near(grad(cond(choice, lambda: x * 2, lambda: x * 3), x), expected)


def test_broadcasting():
    assert_exact(Variable([1, 2, 3]) + Variable([5, 6, 7]), [6, 8, 10])
    assert_exact(Variable([5.0]) * Variable([10.0]) + Variable([2.0]), [52.0])
    tens = [[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32]]
    assert_exact(Variable([[0], [10], [20], [30]]) + Variable([0, 1, 2]), tens)
    assert_exact(Variable(np.arange(3)) + 5, [5, 6, 7])
    assert_exact(Variable(np.ones((3, 3))) + np.arange(3), [[1, 2, 3]] * 3)
    assert_exact(Variable(np.arange(3)).reshape(3, 1) + np.arange(3), [[0, 1, 2], [1, 2, 3], [2, 3, 4]])


def test_powers_means_and_sums():
    assert_exact((Variable(2) + 3) ** (Variable(2) * 3), 15625)
    assert_near(Variable([2.0, 3.0, 5.0]).mean(), 3.3333333, atol=1e-7)
    assert_near(Variable([2.0, 3.0, 5.0]).sum(), 10)


def test_the_order_of_a_product_matters():
    a, b = Variable([[1, 2], [3, 4]]), Variable([[2, 0], [1, 2]])
    assert_exact(a @ b, [[4, 4], [10, 8]])
    assert_exact(b @ a, [[2, 4], [7, 10]])
    assert_exact(Variable([[1, 2, 3], [4, 5, 6]]) @ Variable([[6, 3], [5, 2], [4, 1]]), [[28, 10], [73, 28]])


def test_the_quadratic_formula():
    a, b, c = Variable(1.0), Variable(-3.0), Variable(2.0)
    root = (b**2 - 4 * a * c) ** 0.5
    for x, expected, slopes in (((-b + root) / (2 * a), 2, (-4, -2, -1)), ((-b - root) / (2 * a), 1, (1, 1, 1))):
        assert_near(x, expected, atol=0)
        for g, slope in zip(grad(x, [a, b, c]), slopes):  # -x²/p'(x), -x/p'(x), -1/p'(x)
            assert_near(g, slope, atol=1e-14)


# 3. Perceptrons

INPUTS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def unit(w1, w2, b):
    return lambda x1, x2: int(float((Variable([x1, x2]) * Variable([w1, w2])).sum() + b) > 0)


AND, NAND, OR = unit(0.5, 0.5, -0.7), unit(-0.5, -0.5, 0.7), unit(0.5, 0.5, -0.2)


def XOR(x1, x2):
    return AND(NAND(x1, x2), OR(x1, x2))


def test_gates():
    for gate, expected in (
        (AND, [0, 0, 0, 1]), (unit(0.5, 0.5, -0.8), [0, 0, 0, 1]), (NAND, [1, 1, 1, 0]), (OR, [0, 1, 1, 1]),
        (XOR, [0, 1, 1, 0]),
    ):  # fmt: skip
        assert [gate(*x) for x in INPUTS] == expected


def test_no_single_unit_can_do_xor():
    grid = np.linspace(-2, 2, 21)
    w1, w2, b = np.meshgrid(grid, grid, grid)
    units = [(w1 * x1 + w2 * x2 + b > 0) == XOR(x1, x2) for x1, x2 in INPUTS]
    assert not bool((units[0] & units[1] & units[2] & units[3]).any())


def test_two_layers_learn_xor():
    rng = np.random.default_rng(1)
    x, t = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    params = [Variable(np.asarray(rng.standard_normal(s))) for s in ((2, 8), (8,), (8, 1), (1,))]
    for _ in range(500):
        w1, b1, w2, b2 = params
        y = F.sigmoid(F.tanh(x @ w1 + b1) @ w2 + b2)
        for p, g in zip(params, grad(((y - t) ** 2).sum(), params)):
            p.data = p.data - 0.5 * g.data
    assert (y.data > 0.5).ravel().tolist() == [False, True, True, False]


def test_an_adder_of_gates():
    def half(a, b):
        return XOR(a, b), AND(a, b)

    def full(a, b, carry):
        s, c1 = half(a, b)
        s, c2 = half(s, carry)
        return s, OR(c1, c2)

    carry, digits = 0, []
    for a, b in zip(reversed((1, 1, 0, 1)), reversed((1, 0, 1, 1))):
        s, carry = full(a, b, carry)
        digits.insert(0, s)
    assert [carry, *digits] == [1, 1, 0, 0, 0]


def test_de_morgan_and_all_gates_from_nand():
    def NOT(x):
        return NAND(x, x)

    for a, b in INPUTS:
        assert NOT(AND(a, b)) == OR(NOT(a), NOT(b))
        assert NOT(OR(a, b)) == AND(NOT(a), NOT(b))
        assert AND(a, b) == NOT(NAND(a, b))
        assert OR(a, b) == NAND(NOT(a), NOT(b))
        c = NAND(a, b)
        assert XOR(a, b) == NAND(NAND(a, c), NAND(c, b)) == a ^ b


# 4. Networks


def test_layers_without_a_bend_are_one_layer():
    c, x = 3.0, Variable([-2.0, 0.5, 4.0])
    y = c * (c * (c * x))
    assert_near(y, (27 * x).data.tolist(), atol=0)
    assert_near(grad(y, x), [27, 27, 27], atol=0)


def test_shapes_of_products():
    A, B = Variable([[1, 2], [3, 4], [5, 6]]), Variable([7, 8])
    assert_exact(A @ B, [23, 53, 83])
    assert (A @ B.reshape(2, 1)).shape == (3, 1)
    assert_exact(Variable([7, 8, 9]) @ A, [76, 100])
    assert_exact(Variable([1, 2]) @ Variable([[1, 3, 5], [2, 4, 6]]), [5, 11, 17])
    with pytest.raises(ValueError, match=r"matmul of shapes \(2, 3\) and \(2, 2\)"):
        Variable([[1, 2, 3], [4, 5, 6]]) @ Variable([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match=r"matmul of shapes \(3, 2\) and \(3,\)"):
        A @ Variable([7, 8, 9])


def test_three_layers():
    x, W1, b1 = Variable([1.0, 0.5]), Variable([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]), Variable([0.1, 0.2, 0.3])
    a1 = x @ W1 + b1
    assert_near(a1, [0.3, 0.7, 1.1], atol=1e-15)
    assert_near(F.sigmoid(a1), [0.57444252, 0.66818777, 0.75026011], atol=5e-9)


def test_softmax():
    assert_near(F.softmax(Variable([2.2, 1.1, -1.1])), [0.73005796, 0.24301519, 0.02692685], atol=5e-9)
    assert_near(F.softmax(Variable([0.9, 0.8, 0.7])), [0.3671654, 0.33222499, 0.30060961], atol=5e-9)
    x = Variable([2.2, 1.1, -1.1])
    assert_near(F.softmax(x + 7.0), F.softmax(x).data.tolist(), atol=1e-15)
    assert_near(F.softmax(Variable([1000.0, 1000.0, -1000.0])), [0.5, 0.5, 0.0])


# 5. Losses and numeric gradients


def test_losses():
    y, t = Variable([0.1, 0.7, 0.2]), np.array([1.0, 0.0, 0.0])
    assert_near(((y - t) ** 2).sum() / 2, 0.67, atol=1e-15)
    y, one_hot = Variable([[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert_near(-(F.log(y + 1e-7) * one_hot).sum() / 2, 1.7532782820, atol=1e-10)  # the deck adds 1e-7 inside
    y, labels = Variable([[0.2, 0.1, 0.7], [0.3, 0.1, 0.6]]), np.array([0, 1])
    by_label = -F.log(y[np.arange(2), labels] + 1e-7).mean()
    assert_near(by_label, 1.9560107528, atol=1e-10)
    assert_near(-(F.log(y + 1e-7) * one_hot).sum() / 2, by_label.item(), atol=1e-15)
    for target in (labels, one_hot):
        assert_near(F.softmax_cross_entropy(F.log(y + 1e-7), target), by_label.item(), atol=1e-6)


def test_numeric_gradients():
    def numeric(f, x, h=1e-4):
        return (f(x + h) - f(x - h)) / (2 * h)

    def f(x):
        return 0.01 * x**2 + 0.1 * x

    def g(x):
        return x**2 + 16

    for function, at, printed, exact in (
        (f, 5.0, 0.19999999999909, 0.2), (f, 10.0, 0.29999999999863, 0.3), (g, 3.0, 6.00000000000378, 6.0),
    ):  # fmt: skip
        assert numeric(function, at) == pytest.approx(printed, abs=1e-14)
        x = Variable(at)
        assert_near(grad(function(x), x), exact, atol=1e-15)


# 6. Backpropagation


def test_apples():
    price, number, tax = Variable(100.0), Variable(2.0), Variable(1.1)
    total = price * number * tax
    assert_near(total, 220, atol=1e-12)
    for g, expected in zip(grad(total, [price, number, tax]), (2.2, 110, 200)):
        assert_near(g, expected, atol=1e-12)


def test_apples_and_oranges():
    apple, apples, orange, oranges, tax = (Variable(v) for v in (100.0, 2.0, 150.0, 3.0, 1.1))
    total = (apple * apples + orange * oranges) * tax
    total.backward()
    assert_near(total, 715, atol=1e-12)
    for v, expected in zip((apple, apples, orange, oranges, tax), (2.2, 110, 3.3, 165, 650)):
        assert_near(v.grad, expected, atol=1e-12)


def test_nodes_of_a_graph():
    x, y = Variable(10.0), Variable(5.0)
    product = x * y
    assert_near(product, 50)
    for g, expected in zip(grad(product, [x, y], np.array(1.5)), (7.5, 15)):
        assert_near(g, expected)
    for g in grad((x + y) ** 2, [x, y]):
        assert_near(g, 2 * 15)
    for g, expected in zip(grad(x / y, [x, y]), (1 / 5, -10 / 25)):
        assert_near(g, expected, atol=1e-15)


def test_relu():
    x, v = Variable([1.0, -2.0, 3.0, -4.0, 5.0]), np.array([-1.0, 1.0, -1.0, 1.0, -1.0])
    y = F.relu(x)
    assert_near(y, [1, 0, 3, 0, 5])
    assert_near(grad(y, x, v), [-1, 0, -1, 0, -1])
    assert v.tolist() == [-1, 1, -1, 1, -1]


def test_sigmoid():
    x = Variable([-2.0, -1.0, 1.0, 2.0])
    y = F.sigmoid(x)
    assert_near(y, [0.11920292, 0.26894142, 0.73105858, 0.88079708], atol=5e-9)
    assert_near(grad(y, x, np.full(4, 30.0)), [3.14980756, 5.898358, 5.898358, 3.14980756], atol=5e-8)


def test_the_derivative_of_repeat_is_sum():
    x = Variable([1.0, 2.0, 3.0])
    y = F.broadcast_to(x, (4, 3))
    v = np.arange(12.0).reshape(4, 3)
    assert_near(grad(y, x, v), [18, 22, 26])
    z = Variable(np.ones((4, 3)))
    assert_near(grad(F.sum_to(z, (3,)), z, np.array([1.0, 2.0, 3.0])), [[1, 2, 3]] * 4)


def test_affine():
    W, b = Variable([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]), Variable([1.0, 1.0, 1.0])
    x = Variable([[1.0, 1.0], [2.0, 2.0]])
    y = F.linear(x, W, b)
    assert_near(y, [[4, 4, 4], [7, 7, 7]])
    for g, expected in zip(grad(y, [x, W, b]), ([[3, 6], [3, 6]], np.full((2, 3), 3.0).tolist(), [2, 2, 2])):
        assert_near(g, expected)
    x = Variable([1.0, 1.0])  # one sample
    y = x @ W + b
    assert_near(y, [4, 4, 4])
    for g, expected in zip(grad(y, [x, W]), ([3, 6], [[1, 1, 1], [1, 1, 1]])):
        assert_near(g, expected)


def test_softmax_with_loss():
    x, t = Variable([[10.0, 9.0, 8.0], [4.0, 6.0, 5.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    y = F.softmax(x)
    rows = [[0.66524096, 0.24472847, 0.09003057], [0.09003057, 0.66524096, 0.24472847]]
    assert_near(y, rows, atol=5e-9)
    for target in (t, np.array([0, 1])):
        loss = F.softmax_cross_entropy(x, target)
        assert_near(loss, 0.4076058141, atol=2e-7)  # the deck adds 1e-7 inside the logarithm, a correction of 1.5e-7
        assert_near(-(F.log(y + 1e-7) * t).sum() / 2, 0.4076058141, atol=5e-11)
        assert_near(grad(loss, x), ((y.data - t) / 2).tolist(), atol=1e-15)


def test_weight_decay_in_the_loss_of_many_layers():
    """Each gW has λW more, and nothing else changes."""
    rng, decay = np.random.default_rng(0), 0.1
    x, t = np.asarray(rng.standard_normal((5, 6))), np.array([0, 2, 1, 1, 0])
    Ws = [Variable(np.asarray(rng.standard_normal(shape))) for shape in ((6, 5), (5, 4), (4, 3))]
    y = F.relu(F.relu(x @ Ws[0]) @ Ws[1]) @ Ws[2]
    loss = F.softmax_cross_entropy(y, t)
    for plain, decayed, W in zip(grad(loss, Ws), grad(loss + 0.5 * decay * sum((W**2).sum() for W in Ws), Ws), Ws):
        assert_near(decayed - plain, (decay * W.data).tolist(), atol=1e-14)


@pytest.mark.standin_exempt("a slow loop over scalars")
def test_the_two_layer_net():
    """784-50-10 on a batch of 100: the gradients equal the numeric ones, and the loop of four lines learns."""
    rng = np.random.default_rng(0)
    x, t = rng.random((100, 784)), rng.integers(0, 10, 100)
    start = rng.normal(0, 0.01, (784, 50)), np.zeros(50), rng.normal(0, 0.01, (50, 10)), np.zeros(10)
    params = [Variable(a) for a in start]

    def loss():
        W1, b1, W2, b2 = params
        return F.softmax_cross_entropy(F.sigmoid(x @ W1 + b1) @ W2 + b2, t)

    gradients = grad(loss(), params)
    assert [g.shape for g in gradients] == [(784, 50), (50,), (50, 10), (10,)]
    h = 1e-4
    for p, g in zip(params, gradients):
        for _ in range(5):
            i = tuple(int(rng.integers(n)) for n in p.shape)
            p.data[i] += h
            above = float(loss())
            p.data[i] -= 2 * h
            below = float(loss())
            p.data[i] += h
            assert (above - below) / (2 * h) == pytest.approx(float(g.data[i]), rel=1e-5, abs=1e-9)
    first = float(loss())
    for _ in range(20):
        for p, g in zip(params, grad(loss(), params)):
            p.data -= 0.5 * g.data
    assert float(loss()) < first


# 7. Training


def test_equal_weights_stay_equal():
    """Symmetry: hidden units that start alike receive the same gradient for ever."""
    rng = np.random.default_rng(0)
    x, t = np.asarray(rng.standard_normal((6, 3))), np.asarray(rng.standard_normal((6, 1)))
    W1, W2 = Variable(np.full((3, 4), 0.5)), Variable(np.full((4, 1), 0.5))
    for _ in range(5):
        loss = ((F.tanh(x @ W1) @ W2 - t) ** 2).mean()
        for p, g in zip((W1, W2), grad(loss, [W1, W2])):
            p.data = p.data - 0.1 * g.data
    assert bool((W1.data == W1.data[:, :1]).all())
    assert bool((W2.data == W2.data[:1]).all())


def test_initial_values_decide_over_the_activations():
    """Five sigmoid layers of 100 units: std 1 saturates, 0.01 collapses to one half, 1/sqrt(n) holds."""
    rng = np.random.default_rng(0)

    def last(std):
        x = Variable(np.asarray(rng.standard_normal((200, 100))))
        for _ in range(5):
            x = F.sigmoid(x @ np.asarray(rng.standard_normal((100, 100)) * std))
        return x.data

    saturated, collapsed, held = last(1.0), last(0.01), last(0.1)
    assert float(((saturated < 0.05) | (saturated > 0.95)).mean()) > 0.5
    assert float(collapsed.std()) < 0.05
    assert float(((held < 0.05) | (held > 0.95)).mean()) < 0.01
    assert float(held.std()) > 2 * float(collapsed.std())


def test_batch_norm_by_hand():
    x, gamma, beta = Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Variable([1.0, 1.0]), Variable([0.0, 0.0])
    mean, var = x.mean(axis=0), ((x - x.mean(axis=0)) ** 2).mean(axis=0)
    assert_near(mean, [3, 4])
    assert_near(var, [2.6667, 2.6667], atol=5e-5)
    xn = (x - mean) / var**0.5
    assert_near(xn, [[-1.2247, -1.2247], [0, 0], [1.2247, 1.2247]], atol=5e-5)
    v = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    assert_near(grad(gamma * xn + beta, gamma, v), (as_array(xn) * v).sum(0).tolist(), atol=1e-12)


def test_weight_decay_is_the_gradient_of_half_the_squares():
    W = Variable([[1.0, -2.0], [3.0, 0.5]])
    decay = 0.1
    assert_near(grad(0.5 * decay * (W**2).sum(), W), (decay * W.data).tolist(), atol=1e-15)
