"""What users of NumPy and of the two books tried first, row by row: it works, or the error says what to do.

Rows that other tests hold exactly have no second one here:

row                                           test
--------------------------------------------  ------------------------------------------------------------------------
W15 one event file for each epoch             test_tensorboard.test_fit_writes_one_file_for_the_run
W6  NumPy's functions, about fifty of them    functions/test_numpy_functions.test_a_twin_computes_what_numpy_computes...
second book: scripts print what DeZero does   compat/dezero/test_scripts.test_a_script_prints_what_it_prints_with_dezero
second book: the command takes -m, -c, -h     compat/dezero/test_scripts.test_the_command_runs_a_module, ..._has_a_help
second book: models are pickled               compat/dezero/test_scripts.test_models_with_their_functions_can_be_pickled
second book: MNIST without a network          compat/dezero/test_datasets.test_without_mnist_the_last_line_names_all_...
second book: files are fetched, or named      compat/dezero/test_cache.test_files_are_fetched_once
second book: the steps of the project         test_steps, all sixty without a network
first book: params.pkl, sample_weight.pkl     models/test_numbered.test_params_pkl_of_chapter_7_..., test_sample_...
first book: names of layers and models        test_names.test_names_of_the_first_book_and_of_pytorch
pictures: letters that a PNG has not          visualize/test_files.test_letters_that_a_png_lacks_are_named
pictures: .pdf without a renderer             visualize/test_files.test_without_a_renderer_the_dot_is_written_and_...
pictures: `model.plot(x)` of the adapter      compat/dezero/test_models.test_the_picture_of_a_model_begins_with_...
pictures: whole epochs in `History.plot`      test_training.test_the_curves_have_whole_epochs_and_a_panel_...
notebook: the adapter shows numbers           visualize/test_notebook.test_numbers_are_shown_in_the_adapter_too
notebook: `fit` shows a bar                   test_training.test_a_notebook_has_a_bar_too
"""

import copy
import math
import pydoc
import re
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest

import autograd as ag
import autograd.dezero  # `import dezero` means the adapter
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, models, testing, training
from autograd.visualize import mimebundle, plot, to_dot, trace

pytestmark = pytest.mark.standin_exempt("what users of NumPy tried")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3)).astype(np.float32)
SEQUENCES = RNG.standard_normal((5, 4, 3)).astype(np.float32)  # (N, T, I)
COINS = RNG.integers(0, 2, (20, 1))


def gradient(f, *x):
    """The gradient of the sum of f(x)."""
    v = Variable(np.array(x))
    f(v).sum().backward()
    return v.grad.data


# 0. Wrong results


@pytest.mark.parametrize("kind", [L.RNN, L.LSTM, L.GRU])
def test_w1_a_sequence_is_run_over_its_steps(kind):
    """`L.LSTM(16)(x)` with x (B, T, D): no recurrence at all."""
    layer = kind(6, rng=0)
    y = layer(SEQUENCES)
    state, steps = None, []
    for t in range(4):
        step, state = layer(SEQUENCES[:, t], state)
        steps.append(step.data)
    assert y.shape == (5, 4, 6)
    np.testing.assert_allclose(y.data, np.stack(steps, 1), atol=1e-6)
    changed = SEQUENCES.copy()
    changed[:, 0] += 1
    assert np.abs(layer(changed).data[:, -1] - y.data[:, -1]).max() > 1e-4  # the last step has seen the first


@pytest.mark.parametrize("kind", [L.RNN, L.LSTM, L.GRU])
def test_w2_a_call_begins_anew(kind):
    """State kept from batch to batch: other numbers for the same x, and an error for another batch size."""
    layer = kind(6, rng=0)
    first = layer(SEQUENCES)
    np.testing.assert_array_equal(layer(SEQUENCES).data, first.data)
    np.testing.assert_allclose(layer(SEQUENCES[:2]).data, first.data[:2], atol=1e-6)


def test_w3_the_accuracy_of_one_column_needs_a_threshold():
    """`F.accuracy((N,1) logits, (N,1) labels)`: always 1.0; of 1-D logits 0.0."""
    logits = np.random.default_rng(1).standard_normal((20, 1))
    true = np.mean((logits > 0) == COINS)
    with pytest.raises(ValueError, match="Give it a threshold, accuracy"):
        F.accuracy(logits, COINS)
    with pytest.raises(ValueError, match="decisions of one score each a threshold"):
        F.accuracy(logits[:, 0], COINS[:, 0])
    assert float(F.accuracy(logits, COINS, threshold=0)) == pytest.approx(true)
    assert float(F.accuracy(logits[:, 0], COINS[:, 0], threshold=0)) == pytest.approx(true)


@pytest.mark.parametrize("loss", [F.sigmoid_cross_entropy, F.mean_squared_error])
def test_w4_fit_has_no_metric_of_its_own(loss):
    """`fit(m, F.sigmoid_cross_entropy, ...)`, random labels: metric=[1.0, 1.0]; of a regression 1.0 too."""
    model = L.Linear(1)
    history = training.fit(model, loss, O.SGD(model), data.DataLoader((X, COINS.astype(np.float32)), 5), epochs=2)
    assert "metric" not in history
    assert len(history.loss) == 2


def test_w5_numpy_functions_stay_in_the_graph():
    """`x * np.clip(x, 0, 1)` and four more: gradients that were partial, or None."""
    np.testing.assert_allclose(gradient(lambda x: x * np.clip(x, 0, 1), 0.5, 2.0), [1, 1])
    np.testing.assert_allclose(gradient(lambda x: x + np.where(x.data > 1, x * 10, 0), 0.5, 2.0), [1, 11])
    w = np.arange(1.0, 5)
    np.testing.assert_allclose(gradient(lambda x: w * np.concatenate([x, x * 2]), 1.0, 1.0), [1 + 2 * 3, 2 + 2 * 4])
    np.testing.assert_allclose(gradient(lambda x: Variable(w[:2]) * [x, x * 2], 1.0, 1.0), [1 + 2, 2 + 4])
    np.testing.assert_allclose(gradient(lambda x: Variable([x, x * 2]), 1.0, 1.0), [3, 3])
    x = Variable([1.0, 1.0])
    with pytest.raises(TypeError, match="whose gradient would be lost: use x.data for the array, or a function of"):
        w[:2] * [x, x * 2]  # an array beside a list: NumPy alone is asked


def test_w5_a_gaussian_process_has_its_whole_gradient():
    """`K @ np.linalg.solve(K, y)`: a partial gradient."""
    K, y = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    s = np.linalg.solve(K, y)
    v = Variable(K)
    (y @ np.linalg.solve(v, y)).backward()
    np.testing.assert_allclose(v.grad.data, -np.outer(s, s))  # d/dK of y' K^-1 y
    v.cleargrad()
    (v @ np.linalg.solve(v, y)).sum().backward()  # which is y, whatever K
    np.testing.assert_allclose(v.grad.data, 0, atol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        np.ravel, np.squeeze, np.sort, np.cumsum, np.cumprod, np.diff, np.tril, np.diag, np.trace, np.var, np.median,
        np.average, np.linalg.norm, np.linalg.det, np.round, np.transpose, np.sum, np.max, np.exp,
        lambda x: np.dot(x, x), lambda x: np.tile(x, 2), lambda x: np.pad(x, 1), lambda x: np.stack([x, x]),
        lambda x: np.outer(x, x), lambda x: np.einsum("ij,kj->ik", x, x), lambda x: np.flip(x, 0),
        lambda x: np.split(x, 2)[0],
    ],
)  # fmt: skip
def test_w6_no_function_leaves_the_graph_silently(f):
    """About fifty functions: some left silently, some stayed, some raised. One behaviour for all."""
    x = Variable(np.array([[0.3, 0.8], [0.6, 0.1]]))
    y = f(x)
    for part in y if isinstance(y, list | tuple) else [y]:
        assert type(part) is Variable
        assert part.creator is not None


def test_w6_a_function_without_a_gradient_says_what_to_use():
    """`np.interp`, `np.gradient` left silently too."""
    x = Variable([0.3, 0.8])
    with pytest.raises(TypeError, match="np.gradient of a Variable has no gradient here: use np.diff, or ag.grad, or"):
        np.gradient(x)
    with pytest.raises(
        TypeError, match="np.interp of a Variable has no gradient here: use x.data for a result without"
    ):
        np.interp(x, [0.0, 1.0], [0.0, 2.0])


def test_w7_threads_of_a_pool_are_in_test_mode_too():
    """`with ag.test_mode(): pool.map(model, xs)`: the threads ran in training mode."""
    model = L.Sequential(L.Linear(8), L.BatchNorm(), L.Dropout(0.5))
    model(X)
    mean = model[1].mean.data.copy()
    with ag.test_mode(), ThreadPool(2) as pool:
        expected = model(X).data
        for y in pool.map(model, [X] * 4):
            np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(model[1].mean.data, mean)


def test_w8_a_graph_from_before_the_update_is_an_error():
    """`d.backward(); opt.update(); d.backward()`, the classic bug of a GAN: another input gradient."""
    layer, x = L.Linear(1), Variable(X)
    d = layer(x).sum()
    optimizer = O.SGD(layer, lr=0.1)
    d.backward()
    optimizer.update()
    with pytest.raises(RuntimeError, match="was changed after .*run it before the update .*or compute the loss again"):
        d.backward()


def test_w9_an_array_kept_on_self_is_no_second_derivative_of_0():
    """A `Function` that keeps an array on `self`: `ag.grad(ag.grad(y, x, create_graph=True), x)` was 0 for e."""

    class Exp(ag.Function):
        def forward(self, x):
            self.y = np.exp(x)
            return self.y

        def backward(self, gy):
            return gy * self.y

    x = Variable(1.0)
    assert ag.grad(Exp()(x), x).item() == pytest.approx(math.e)
    with pytest.raises(RuntimeError, match="name self.inputs or self.outputs instead"):
        ag.grad(ag.grad(Exp()(x), x, create_graph=True), x)


def test_w10_a_gradient_that_is_set_is_the_seed():
    """`y.grad = Variable([1., 0.]); y.backward()`: the seed was ignored."""
    x = Variable([1.0, 2.0])
    y = x**2
    y.grad = Variable([1.0, 0.0])
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [2, 0])


def test_w11_a_manual_update_is_one():
    """`with no_grad(): for p in m.params(): p -= lr * p.grad`: nothing happened."""
    layer = L.Linear(1)
    (layer(X) ** 2).sum().backward()
    expected = [p.data - np.float32(0.1) * p.grad.data for p in layer.params()]
    with ag.no_grad():
        for p in layer.params():
            p -= 0.1 * p.grad
    for p, values in zip(layer.params(), expected):
        np.testing.assert_allclose(p.data, values, rtol=1e-6)
    assert layer.W in list(layer.params())


def test_w12_an_optimizer_leaves_my_array_alone():
    """`a = np.zeros(3); v = ag.Variable(a); SGD([v]).update()`: a was changed."""
    a = np.zeros(3)
    v = Variable(a)
    v.sum().backward()
    O.SGD([v], lr=0.1).update()
    np.testing.assert_array_equal(a, 0)
    np.testing.assert_allclose(v.data, -0.1)


def test_w13_a_learning_rate_set_by_hand_is_resumed():
    """`o.lr = .05; o2.load_state_dict(o.state_dict())`: o2.lr was the constructor's; beta1 neither."""
    layer = L.Linear(1, 3)
    before, after = O.Adam(layer, lr=0.1), O.Adam(layer, lr=0.1)
    before.lr, before.beta1 = 0.05, 0.5
    after.load_state_dict(before.state_dict())
    assert (after.lr, after.beta1) == (0.05, 0.5)


def test_w14_a_copy_before_the_first_call_is_the_same_network():
    """`copy.deepcopy(model)` before its first call: another random network."""
    model = L.MLP((8, 2))
    target = copy.deepcopy(model)
    np.testing.assert_array_equal(model(X).data, target(X).data)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x / np.sqrt(8), lambda x: x * np.float64(2), lambda x: x + np.array(1.0), lambda x: x * np.arange(3),
        lambda x: x ** np.float64(2), lambda x: x * [1, 2, 3], lambda x: L.Linear(2)(np.ones((4, 3))),
        lambda x: F.mean_squared_error(x, np.zeros((20, 3))),
    ],
)  # fmt: skip
def test_w16_float32_stays_float32(f):
    """`x32 / np.sqrt(8)`, float64 data into float32 layers, and six more: float64."""
    assert f(Variable(X)).dtype == np.float32


def test_w17_targets_and_probabilities_out_of_range_are_errors():
    """`F.sigmoid_cross_entropy([.3, 2.], [0, 2])`: a negative loss; `F.binary_cross_entropy([1.5], [1.])`: 2e-16."""
    with pytest.raises(ValueError, match=r"t must be in \[0, 1\], not 2.0"):
        F.sigmoid_cross_entropy(np.array([0.3, 2.0]), np.array([0, 2]))
    with pytest.raises(ValueError, match=r"not 1.5: are these logits\? Apply sigmoid, or use sigmoid_cross_entropy"):
        F.binary_cross_entropy(np.array([1.5]), np.array([1.0]))


def test_w18_the_optimizer_of_another_model_is_an_error():
    """`training.fit(a, loss, O.Adam(b), ...)`: the loss stayed, no error."""
    a, b = L.Linear(1), L.Linear(1)
    with pytest.raises(ValueError, match=r"Adam\(model\) with the model that is given to fit"):
        training.fit(a, F.mean_squared_error, O.Adam(b), data.DataLoader((X, X[:, :1]), 5))


def test_w19_a_schedule_in_epochs_warns():
    """`O.cosine(.1, 10)` for 10 epochs: steps are updates, and nothing said so."""
    layer = L.Linear(1)
    with pytest.warns(UserWarning, match=r"a schedule counts updates, epochs \* len\(loader\)"):
        training.fit(
            layer, F.mean_squared_error, O.SGD(layer, O.cosine(0.1, 10)), data.DataLoader((X, X[:, :1]), 5), epochs=10
        )


def test_w20_a_sparse_matrix_has_gradients():
    """`F.matmul(csr, W)`: an AttributeError in backward; `csr @ W` an array without a graph."""
    sparse = pytest.importorskip("scipy.sparse")
    A = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    for product in (F.matmul, lambda S, W: S @ W):
        W = Variable(np.ones((3, 2)))
        y = product(sparse.csr_matrix(A), W)
        y.sum().backward()
        np.testing.assert_array_equal(y.data, A @ np.ones((3, 2)))
        np.testing.assert_array_equal(W.grad.data, A.T @ np.ones((2, 2)))


def test_w21_sizes_in_the_order_of_pytorch_show_in_repr_and_at_the_first_call():
    """`L.Conv2d(2, 4, 3)`, `L.LSTM(4, 6)`: 2 filters of 4x4 with stride 3; 4 hidden, 6 inputs."""
    text = repr(L.Conv2d(2, 4, 3))
    assert "W (2, None, 4, 4)" in text
    assert "stride=3" in text
    with pytest.raises(ValueError, match=r"lstm takes x \(N, T, I\).* not x \(5, 4, 3\), Wx \(6, 16\)"):
        L.LSTM(4, 6)(SEQUENCES)


def test_w22_complex_numbers_are_refused_in_the_product():
    """`1j * x`: a complex Variable."""
    for product in (lambda x: 1j * x, lambda x: x * 1j):
        with pytest.raises(TypeError, match="takes Variables, arrays and numbers, not complex: 1j"):
            product(Variable([1.0, 2.0]))


def test_w23_nothing_is_lost_on_the_way_in():
    """A mask dropped; rows for columns; closure layers without parameters; `m.W = Variable(...)`."""
    with pytest.raises(TypeError, match=r"no masked array.* give it x.filled\(value\)"):
        Variable(np.ma.array([1, 2], mask=[0, 1]))
    with pytest.raises(ValueError, match=r"must be a tuple, \(x, t\).*: give \(x, t\), or np.stack"):
        data.DataLoader([X, X], 4)
    with pytest.raises(ValueError, match="l is out of reach .*make it an attribute of a layer"):
        O.SGD(L.Sequential(lambda x, l=L.Linear(2, 2): l(x)))
    layer = L.Linear(1, 3)
    with pytest.raises(TypeError, match="write its values by layer.W.data = array"):
        layer.W = Variable(np.ones((1, 3)))


# 1. The second book


def test_step_09_a_variable_of_a_number_says_what_to_write():
    """step09: `Variable(1.0)  # NG`, which fails as it must."""
    import dezero

    with pytest.raises(TypeError, match=r"<class 'float'>: write np.array\(1.0\)"):
        dezero.Variable(1.0)


def test_matmul_is_a_method_in_the_adapter():
    """`x.matmul(y)`: 'Variable' object has no attribute 'matmul'."""
    import dezero

    x = dezero.Variable(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x.matmul(x.T).data, x.data @ x.data.T)


def test_a_sum_to_that_cannot_be_is_an_error():
    """tests/: `sum_to` of (10, 20, 20) to (10,), which DeZero answers with another shape."""
    import dezero.functions

    with pytest.raises(ValueError, match=r"\(10,\) does not broadcast to \(10, 20, 20\)"):
        dezero.functions.sum_to(dezero.Variable(np.ones((10, 20, 20))), (10,))


def test_a_printed_model_of_the_adapter_shows_its_shapes():
    """`print(model)` after a call: `inputs.0: ReferenceType`; before it, an AttributeError."""
    import dezero.layers

    layer = dezero.layers.Linear(2)
    assert repr(layer).startswith("Linear  out_size=2  W (no data yet)  b (2,)")
    layer(np.ones((4, 3), np.float32))
    assert "W (3, 2)  b (2,)" in repr(layer)
    assert "ReferenceType" not in repr(layer)
    assert layer.inputs[0]() is None or layer.inputs[0]().shape == (4, 3)  # DeZero's attribute is there


def test_mnist_without_a_network_says_what_to_do(tmp_path):
    """step51: FileNotFoundError, 30 lines."""
    with pytest.raises(FileNotFoundError, match="no train-images-idx3-ubyte.gz") as info:
        data.mnist(folder=tmp_path, download=False)
    assert f"in {tmp_path}\n  put the published file there" in str(info.value)


# 1. The first book


def test_numerical_gradient_of_chapter_4():
    """`numerical_gradient(f, x)`: module 'autograd.testing' has no attribute 'numerical_gradient'."""
    x = np.array([3.0, 4.0])
    np.testing.assert_allclose(testing.numerical_gradient(lambda x: np.sum(x**2), x), [6, 8], rtol=1e-6)


def test_labels_as_rows_of_one_and_zeros():
    """One-hot labels: losses take them; `data.mnist(one_hot=True)`: a bare TypeError."""
    y, t = X[:4], np.array([0, 2, 1, 1])
    rows = F.one_hot(t, 3)
    np.testing.assert_allclose(F.softmax_cross_entropy(y, rows).data, F.softmax_cross_entropy(y, t).data)
    assert float(F.accuracy(y, rows)) == float(F.accuracy(y, t))
    with pytest.raises(TypeError, match=r"one_hot=: write F.one_hot\(t, 10\), but losses and F.accuracy take labels"):
        data.mnist(one_hot=True)


@pytest.mark.parametrize("module, name, ours", [(ag, "Trainer", "training.fit"), (ag, "smooth_curve", "np.convolve"),
                                                (models, "Trainer", "training.fit"),
                                                (models, "smooth_curve", "np.convolve")])  # fmt: skip
def test_trainer_and_smooth_curve(module, name, ours):
    """`Trainer`, `smooth_curve`: has no attribute."""
    with pytest.raises(AttributeError, match=f"{name}': it is {re.escape(ours)} here"):
        getattr(module, name)


def test_adam_in_float16():
    """half_float_network (chapter 8): Adam in float16 gave nan at once."""
    layer = L.Linear(3, dtype=np.float16, rng=0)
    optimizer = O.Adam(layer)
    x, losses = X.astype(np.float16), []
    for _ in range(20):
        loss = (layer(x) ** 2).mean()
        layer.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    assert all(np.isfinite(p.data).all() and p.dtype == np.float16 for p in layer.params())
    assert losses[-1] < losses[0]


def test_an_optimizer_without_a_model_says_what_it_takes():
    """`SGD(lr=.1)`, `SGD().setup(model)`: missing 1 required positional argument."""
    for make in (lambda: O.SGD(lr=0.1), lambda: O.SGD()):
        with pytest.raises(TypeError, match="SGD takes model, lr, .*: give it model too"):
            make()
    with pytest.raises(AttributeError, match="no attribute 'setup': here it is the model as first argument"):
        O.SGD(L.Linear(1)).setup(L.Linear(1))


# 1. Pictures


def boxes(y, **options):
    """The labels of the functions in a picture."""
    return re.findall(r' f\d+ \[label="([^"]*)"', to_dot(y, **options))


def test_a_sum_is_one_box_and_a_constant_is_written():
    """`(x**2).sum()`: Power, SumTo, Reshape; `x * 2`: an arrow and no number."""
    x = Variable(np.ones((2, 3)))
    assert boxes((x**2).sum()) == [r"Power\n2", "Sum"]
    assert boxes(x.mean()) == ["Mean"]
    assert boxes(x * 2) == boxes(x * 2, values=True) == [r"Mul\n2"]


def test_a_value_that_is_gone_says_so():
    """`plot(c, values=True)`: some inner values had numbers, others only a dtype and no shape."""
    y = ((Variable([1.0, 2.0]) * 2) ** 2).sum()  # nobody holds the square
    assert r"(2,)\nnot kept" in to_dot(y, values=True)


def test_passes_are_counted_in_one_way():
    """Legend of high orders: forward, second backward, third backward, 4th backward."""
    x = Variable(2.0)
    passes = [x**4]
    for _ in range(4):
        passes.append(ag.grad(passes[-1], x, create_graph=True))
    text = to_dot(passes)
    names = [">forward<", *(f">{n} backward<" for n in ("1st", "2nd", "3rd", "4th"))]
    assert all(name in text for name in names)
    legend = [re.search(rf'BGCOLOR="([^"]+)"[^>]*{name}', text, re.I) for name in names]
    assert all(legend)
    assert len({found[1] for found in legend}) == 5


def test_labels_of_open_layers_stand_aside():
    """The arrow ran through the name of an open layer."""
    text = to_dot(trace(L.MLP((4, 2)), X), fold=False)
    clusters = re.findall(r"subgraph cluster_\d+ \{ graph \[(.*)\]", text)
    assert clusters
    assert all("labeljust=" in cluster for cluster in clusters)


def test_an_ending_that_is_no_picture_is_refused(tmp_path):
    """`.jpg`: clear ValueError."""
    with pytest.raises(ValueError, match=r"must end in one of \.svg \.png \.pdf .*not .*a\.jpg"):
        plot(Variable(1.0) * 2, tmp_path / "a.jpg")


def test_the_last_line_of_a_notebook_shows_numbers():
    """`y` as the last line: a picture instead of the numbers."""
    y = Variable([1.0, 2.0]) * 2
    bundle = mimebundle(y)
    assert bundle["text/plain"] == "Variable([2., 4.])"
    assert "image/svg+xml" not in bundle


def test_help_of_a_variable_is_readable():
    """`help(ag.Variable)`: attrgetter four times, `__add__ lambda x, other`."""
    text = pydoc.render_doc(Variable, renderer=pydoc.plaintext)
    assert "attrgetter" not in text
    assert "lambda" not in text
    assert re.search(r"__add__\(.*other: 'Operand'\) -> 'Variable'", text)
