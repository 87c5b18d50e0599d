"""What a researcher did, who was at home in another framework: it works now, or an error says what to do.

Rows that other tests hold:

| row | test |
|---|---|
| keywords: `dim=`, `padding=`, `betas=`, ... | test_a_keyword_of_another_framework_is_answered_with_ours |
| names of other frameworks | test_a_name_of_another_framework_is_answered_with_ours |
| attention and Transformer layers | layers/test_attention_against_torch.py |
| losses: reduction, weight, pos_weight | functions/test_losses_against_torch.py |
| resized images, pooling, transposed convolutions | functions/test_images_against_torch.py |
| groups, and decay without biases | optimizers/test_groups.py, test_decay_without_biases_and_norms |
| NumPy's functions on Variables | test_a_twin_computes_what_numpy_computes_and_its_gradient |
| losses kept in a list | test_memory.py, test_losses_that_are_kept_keep_no_activations |
"""

import math
import re
import sys

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import training
from autograd.data import DataLoader

pytestmark = pytest.mark.standin_exempt("what users of NumPy tried")


@pytest.fixture
def x():
    return ag.Variable(np.array([1.0, 2.0, 3.0]))


@pytest.fixture
def model():
    return L.Sequential(L.Linear(1, 4, rng=0))


def says(error, words):
    return pytest.raises(error, match=re.escape(words))


# Reached for, and not there


@pytest.mark.parametrize(
    "names",
    [
        "cholesky solve inv det slogdet trace eigh svd qr lstsq pinv", "diag diagonal tril triu kron cross cdist",
        "sort argsort topk scatter_add take_along_axis index_add masked_fill segment_sum one_hot",
        "cumprod logaddexp logcumsumexp arctan2 arcsinh arccosh arctanh log2 log10 exp2 floor ceil round remainder",
        "gammaln digamma erfc erfinv nan_to_num median quantile diff", "fft rfft ifft power_spectrum",
        "cosine_similarity triplet_margin_loss hinge_loss nll_loss ctc_loss gaussian_nll_loss",
        "prelu mish hardswish glu rms_norm scaled_dot_product_attention",
        "interpolate pixel_shuffle grid_sample max_pool1d max_pool3d conv_transpose1d conv_transpose3d",
        "adaptive_max_pool2d",
    ],
)  # fmt: skip
def test_functions_that_were_missing(names):
    """`F.cholesky`, `F.diag`, `F.sort`, `F.cumprod`, `F.fft`: `has no attribute 'cholesky'`."""
    assert set(names.split()) <= set(F.__all__)


@pytest.mark.parametrize(
    "module, name, ours",
    [
        (F, "logdet", "slogdet"), (F, "dot", "matmul"), (F, "inner", "vecdot"), (F, "gather", "take_along_axis"),
        (F, "scatter", "put_along_axis"), (F, "mod", "remainder"), (F, "lgamma", "gammaln"), (F, "isnan", "np.isnan"),
        (F, "hinge", "hinge_loss"), (F, "triplet_loss", "triplet_margin_loss"), (F, "reciprocal", "div"),
        (F, "gaussian_nll", "gaussian_nll_loss"), (F, "confusion_matrix", "metrics.confusion_matrix"),
        (ag, "detect_anomaly", "anomaly"), (ag, "autocast", "dtype= of each layer"), (ag, "numpy", "NumPy itself"),
        (L, "Flatten", "F.flatten"), (L, "ReLU", "F.relu"), (L, "Identity", "lambda x: x"), (L, "PReLU", "F.prelu"),
        (L, "ModuleList", "a plain list of layers"), (L, "TransformerEncoder", "TransformerEncoderLayer"),
        (O, "OneCycleLR", "onecycle"), (O, "ReduceLROnPlateau", "plateau"), (O, "SWA", "EMA"), (O, "NAdam", "RAdam"),
        (O, "PolynomialLR", "a function of the count of updates"), (O, "MultiStepLR", "a function of the count"),
        (O, "CosineAnnealingWarmRestarts", "a function of the count"), (O, "piecewise", "a function of the count"),
        (F, "focal_loss", "not provided; p = F.exp(-losses)"), (F, "gumbel_softmax", "not provided; write F.softmax("),
        (O, "Adafactor", "not provided; take AdamW"), (O, "LAMB", "not provided; take AdamW"),
        (O, "SAM", "not provided; take a step to p + rho * g / norm"), (ag, "GradScaler", "optimizers.LossScale"),
        (L, "LSTMCell", "not provided; a call of L.LSTM with a state"),
    ],
)  # fmt: skip
def test_their_name_is_answered_with_ours(module, name, ours):
    """`F.logdet`, `F.gather`, `F.mod`, `ag.detect_anomaly`, `L.Flatten`, plateau: only `has no attribute`."""
    with pytest.raises(AttributeError, match=rf"'{name}': it is .*{re.escape(ours)}"):
        getattr(module, name)


def test_a_program_of_linear_algebra(x):
    """`F.cholesky`, `F.solve`, `F.slogdet`: the gradient of log det A is A^-T."""
    A = ag.Variable(np.diag(x.data) + 0.1)
    F.slogdet(A)[1].backward()
    np.testing.assert_allclose(A.grad.data, np.linalg.inv(A.data).T, rtol=1e-12)


def test_norms_of_matrices(x):
    """`F.norm` of a matrix is Frobenius; `ord='nuc'`: `ord must be a number`."""
    with says(TypeError, "norm: ord must be a number, not 'nuc': F.matrix_norm has the norms of matrices"):
        F.norm(x, "nuc")
    A = np.outer(x.data, x.data) + np.eye(3)
    np.testing.assert_allclose(F.matrix_norm(A, "nuc"), np.linalg.norm(A, "nuc"))


def test_whole_quotients_remainders_and_rounding(x):
    """`x // 2`, `x % 2`, `round(x)`: TypeError."""
    assert (x // 2).tolist() == [0, 1, 1]
    assert (x % 2).tolist() == [1, 0, 1]
    assert round(x / 4, 1).tolist() == [0.2, 0.5, 0.8]


def test_fourier_transforms_are_pairs(x):
    """`F.fft`, complex Variables: a pair (re, im) here; a complex array is refused."""
    re, im = F.fft(x)
    np.testing.assert_allclose(re.data + 1j * im.data, np.fft.fft(x.data))
    with says(TypeError, "a Variable holds numbers, real ones, not complex128"):
        ag.Variable(np.array([1j]))


def test_derivatives_of_functions(x):
    """`ag.jacobian hessian vjp jvp hvp vmap value_and_grad`: `module 'autograd' has no attribute`."""
    v = np.array([1.0, 0.0, 2.0])

    def cubes(x):
        return (x**3).sum()

    np.testing.assert_allclose(ag.jacobian(F.square, x).data, np.diag([2.0, 4, 6]))
    np.testing.assert_allclose(ag.hessian(cubes, x).data, np.diag([6.0, 12, 18]))
    np.testing.assert_allclose(ag.jvp(F.square, x, v)[1].data, [2, 0, 12])
    np.testing.assert_allclose(ag.vjp(F.square, x, v)[1].data, [2, 0, 12])
    np.testing.assert_allclose(ag.hvp(cubes, x, v)[1].data, [6, 0, 36])
    np.testing.assert_allclose(ag.value_and_grad(cubes, x)[1].data, [3, 12, 27])
    np.testing.assert_allclose(ag.vmap(lambda row: row.sum())(np.eye(3)).data, 1)


def test_a_hypernetwork(model):
    """`m.W = W` and `functional_call`: `'Variable' object has no attribute 'settle'`."""
    W = ag.Variable(np.ones((4, 1), np.float32))
    y = ag.functional_call(model, {"0.W": W}, np.ones((2, 4), np.float32))
    assert y.tolist() == [[4], [4]]
    y.backward()
    assert W.grad.tolist() == [[2]] * 4
    with says(TypeError, "Parameter"):
        model[0].W = W


@pytest.mark.parametrize("call", [lambda y, g: y.backward(g), lambda y, g: y.backward(gradient=g)])
@pytest.mark.parametrize("g", [[1.0, 0.0, 0.0], np.array([1.0, 0.0, 0.0])])
def test_backward_takes_a_gradient(x, call, g):
    """`backward(grad)`, `backward(gradient=)`: `The truth value of an array ... is ambiguous`."""
    call(x * x, g)
    assert x.grad.tolist() == [2, 0, 0]


def test_retain_graph_is_keep_graph(x):
    """`retain_graph=`: `TypeError: unexpected keyword`."""
    with says(TypeError, "backward has no argument retain_graph=: it is keep_graph= here"):
        x.sum().backward(retain_graph=True)


def test_seeds_in_a_list(x):
    """`ag.grad(y, x, grad_outputs=[1., 2., 3.])`: must `have the shapes of the outputs` (it has)."""
    assert ag.grad(x * x, x, grad_outputs=[1.0, 2.0, 3.0]).tolist() == [2, 8, 18]


def test_grad_of_a_model_or_a_function(x, model):
    """`ag.grad(loss, model)`: `not <class 'Linear'>`: now it says what to give."""
    loss = model(np.ones((2, 4), np.float32)).sum()
    for call in (lambda: ag.grad(loss, model), lambda: ag.grad(F.square, x)):
        with says(TypeError, "such as list(model.params()); ag.value_and_grad takes a function"):
            call()
    assert [g.shape for g in ag.grad(loss, list(model.params()))] == [(4, 1), (1,)]


def test_anomalies_and_gradient_norms(x, model):
    """`detect_anomaly`, gradient norm to log: missing; NaN gradients are applied by the optimizer."""
    with says(FloatingPointError, "the output of Log"), ag.anomaly():
        F.log(x - 1).sum().backward()
    T = np.ones((4, 1), np.float32)
    optimizer = O.SGD(model, 0.01)
    history = training.fit(model, F.mean_squared_error, optimizer, DataLoader((np.ones((4, 4)), T), 2), verbose=False)
    assert history["gradient_norm"][0] > 0
    with says(FloatingPointError, "is nan"):
        training.fit(model, F.mean_squared_error, optimizer, DataLoader((np.ones((4, 4)), T * np.nan), 2))


def test_methods(x):
    """`x.exp() log() std() argmax() ...`: 87 of 114 habits were missing."""
    there = """exp log abs std var argmax prod clip flatten squeeze ravel dot numpy tolist copy round any all take
    repeat sum mean max min reshape transpose swapaxes astype item detach"""
    assert set(there.split()) <= set(dir(x))
    np.testing.assert_allclose(x.exp().log().data, x.data)


@pytest.mark.parametrize(
    "name, ours",
    [
        ("sqrt", "F.sqrt(x)"), ("norm", "F.norm(x)"), ("clone", "x.copy()"), ("gather", "F.take_along_axis"),
        ("device", "the module of x.data"), ("requires_grad", "layer.freeze()"), ("is_leaf", "x.creator is None"),
    ],
)  # fmt: skip
def test_methods_that_are_functions(x, name, ours):
    """`'Variable' object has no attribute 'sqrt'`: not a word of ours."""
    with says(AttributeError, ours):
        getattr(x, name)


def test_an_element_is_set_by_where(x):
    """`x[0] = 1`."""
    with says(TypeError, "use F.where(mask, new, x)"):
        x[0] = 1


def test_losses_one_by_one_and_classes_with_weights():
    """`F.softmax_cross_entropy(reduction='none')`, `weight=`: no per-sample losses, no class weights."""
    x, t = np.zeros((2, 3)), np.array([0, 1])
    np.testing.assert_allclose(F.softmax_cross_entropy(x, t, reduction="none"), np.log([3, 3]))
    weighted = F.softmax_cross_entropy(np.array([[0.0, 0], [5, 0]]), np.array([0, 1]), weight=np.array([1.0, 0]))
    np.testing.assert_allclose(weighted, np.log(2))


def test_mirrored_borders_and_layers_of_images(x):
    """`pad() got an unexpected keyword argument 'mode'`."""
    assert F.pad(x, 1, mode="reflect").tolist() == [2, 1, 2, 3, 2]


def test_layers_that_were_missing(model):
    """`L.MultiHeadAttention`, stacked and bidirectional RNNs, `RMSNorm`, `Sequential.append`."""
    x = np.ones((2, 5, 4), np.float32)
    assert L.LSTM(3, layers=2, bidirectional=True)(x).shape == (2, 5, 6)
    assert L.MultiHeadAttention(4, 2)(x).shape == L.RMSNorm()(x).shape == (2, 5, 4)
    with says(TypeError, "give them one by one, Sequential(*parts)"):
        L.Sequential([L.Linear(2)])
    with says(AttributeError, "Sequential has no attribute 'append': here it is Sequential(*model, part)"):
        model.append(F.relu)
    with says(AttributeError, "Sequential has no attribute 'predict': here it is training.predict(model, x)"):
        model.predict(x)
    with says(AttributeError, "Sequential has no attribute 'fit': here it is training.fit(model, ...)"):
        model.fit(x)
    assert len(L.Sequential(*model, F.relu)) == 2


@pytest.mark.parametrize("layer", [L.LayerNorm, L.RMSNorm])
def test_normalization_of_several_axes(layer):
    """`LayerNorm((C,H,W))`: `size must be a whole number`, and not a word of what to do."""
    with says(TypeError, "a whole number, not (3, 8, 8), that of the last axis: F.layer_norm and F.rms_norm are"):
        layer((3, 8, 8))
    images = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    y = F.layer_norm(images, np.ones((3, 8, 8), np.float32), np.zeros((3, 8, 8), np.float32))
    np.testing.assert_allclose(y.mean((1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(y.var((1, 2, 3)), 1, rtol=1e-4)


def test_a_sequential_with_names():
    """Named Sequential: `Sequential takes layers and functions, not {'a': ...`."""
    parts = {"a": L.Linear(2, 4, rng=0), "b": F.relu}
    with says(TypeError, "give its values, Sequential(*parts.values()), whose paths are 0, 1, ..., or make a Layer"):
        L.Sequential(parts)
    assert [path for path, _ in L.Sequential(*parts.values()).named_params()] == ["0.W", "0.b"]


def test_optimizers_that_were_missing():
    """LBFGS, RAdam, Lion, averages, one-cycle, plateau: missing."""
    assert {"LBFGS", "RAdam", "Lion", "EMA", "onecycle", "plateau", "group"} <= set(O.__all__)


def test_groups_of_parameters(model):
    """`an optimizer takes a layer ..., not {'params': ...`; weight decay of biases too."""
    with says(TypeError, "make an optimizer for each"):
        O.SGD([{"params": [model[0].W]}], 0.1)
    O.AdamW(model, 0.1, decay=0.5, groups=[O.group("0.b", decay=0.0)])


def test_the_learning_rate_now(model):
    """`opt.lr` is `<function exponential.<locals>.<lambda> ...>`; `get_last_lr()`."""
    optimizer = O.SGD(model, O.exponential(0.1, 0.5))
    assert repr(optimizer.lr) == "exponential(lr=0.1, factor=0.5)"
    assert optimizer.lr_now == 0.1
    with says(AttributeError, "here it is lr_now"):
        optimizer.get_last_lr()
    assert O.SGD(model, lambda t: 0.1 * (1 - t / 10)).lr_now == 0.1  # polynomial


def test_bfloat16_needs_a_package(x, monkeypatch):
    """`data type 'bfloat16' not understood`."""
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with says(RuntimeError, "bfloat16 needs ml_dtypes: pip install 'define-by-run[half]'"):
        x.astype("bfloat16")


def test_a_frozen_layer_computes_no_gradients(model):
    """`O.freeze` works, but gradients are computed all the same."""
    model.freeze()
    assert model(np.ones((2, 4), np.float32)).creator is None
    for x in (model[0].W, ag.Variable(1.0)):
        with says(AttributeError, "layer.freeze()"):
            x.requires_grad
        with says(AttributeError, "a Variable has no attribute 'requires_grad': here it is an array for constants, x."):
            x.requires_grad = False
        assert not hasattr(x, "requires_grad")


class Doubled(ag.Function):
    """Two outputs in a list."""

    def forward(self, x):
        return [x, 2 * x]

    def backward(self, g, h):
        return g + 2 * h


def test_outputs_in_a_list_are_refused(x):
    """A *list* of outputs is stacked into one (silent)."""
    with says(TypeError, "Doubled.forward must return an array, or a tuple of arrays, not a list: write return y0, y1"):
        Doubled()(x)


class Shifted(ag.Function):
    """y = 2x + 1, which spoils its input."""

    def forward(self, x):
        x *= 2
        return x + 1

    def backward(self, gy):
        return 2 * gy


def test_a_function_that_writes_into_its_input_is_found(x):
    """A Function that writes into its input: accepted without a word."""
    with pytest.raises(AssertionError, match="modified input 0"):
        ag.testing.check_gradients(lambda x: Shifted()(x), x.data.copy())
    with says(RuntimeError, "Shifted.forward wrote into its input 0, "), ag.anomaly():
        x * Shifted()(x)


@pytest.mark.parametrize(
    "f, made, t, words",
    [
        (F.softmax_cross_entropy, F.softmax, np.array([0, 1]), "give it the logits, to which it applies softmax"),
        (F.nll_loss, F.softmax, np.array([0, 1]), "give it those of log_softmax, or softmax_cross_entropy the logits"),
        (F.sigmoid_cross_entropy, F.sigmoid, np.ones((2, 3)), "give it the logits, or use binary_cross_entropy"),
    ],
)
def test_probabilities_in_the_place_of_logits_warn(f, made, t, words):
    """softmax before softmax_cross_entropy: accepted without a word."""
    x = ag.Variable(np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]))
    with pytest.warns(UserWarning, match=re.escape(words)) as caught:
        f(made(x), t)
    assert caught[0].filename == __file__  # the line of the call
    f(F.log_softmax(x), t)  # of which softmax is softmax(x): no warning
    with ag.no_grad():
        f(made(x), t)  # no graph tells


def test_the_rows_of_a_matrix_are_arrays_one_after_the_other():
    """`F.concat(one_matrix)`: as in NumPy."""
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(F.concat(x), np.concatenate(x))
    with says(TypeError, "axis must be a whole number"):
        F.concat(x, x)


def test_a_function_of_math_takes_a_number(x):
    """`x * math.exp(x)`: 1.649 for 2.473. It is `float(x)`, which is asked for by name; the guide says so."""
    v = ag.Variable(0.5)
    np.testing.assert_allclose(ag.grad(v * math.exp(v), v).data, math.exp(0.5))
    np.testing.assert_allclose(ag.grad(v * F.exp(v), v).data, 1.5 * math.exp(0.5))
    assert "math.exp(x) has no gradient" in ag.Variable.__float__.__doc__
    with says(TypeError, "use autograd.functions, such as F.exp"):
        math.exp(x)


def test_a_keyword_of_a_function_of_one_argument(x):
    """`F.relu(x, inplace=True)`: Python's own words, because ours would cost every call time."""
    with says(TypeError, "relu() got an unexpected keyword argument 'inplace'"):
        F.relu(x, inplace=True)


# Unclear errors


def test_ufuncs_on_variables(x, model):
    """`np.exp(x)`, `p.data -= lr * p.grad`: `operand 'Variable' does not support ufuncs`."""
    np.testing.assert_allclose(np.exp(x).data, np.exp(x.data))
    assert np.exp(x).creator is not None
    with says(TypeError, "`w.data -= lr * w.grad.data`"):
        model[0].W.data -= 0.1 * ag.Variable(np.ones((4, 1)))
    with says(TypeError, "np.add.at of a Variable has no gradient here: use x.data"):
        np.add.at(x, [0], 1)


def test_a_ufunc_of_scipy(x):
    """`expit(x)`: not a word of what to do."""
    special = pytest.importorskip("scipy.special")
    with says(TypeError, "has no gradient here: use x.data"):
        special.expit(x)


@pytest.mark.parametrize("f, value", [(np.sum, 6), (np.mean, 2), (np.max, 3)])
def test_reductions_of_numpy(x, f, value):
    """`np.sum(x)`, `np.mean(x)`, `np.max(x)`: `unexpected keyword argument 'out'`."""
    assert isinstance(f(x), ag.Variable)
    assert f(x).item() == value


def test_a_loss_is_printed(x):
    """`f"{loss:.4f}"`, `round(loss, 4)`: `unsupported format string`."""
    loss = x.mean() / 3
    assert f"{loss:.4f}" == "0.6667"
    assert f"{round(loss, 4).item()}" == "0.6667"


def test_backward_of_integers():
    """`ag.Variable([1, 2, 3])` then backward: three guesses, though it knows which."""
    with says(RuntimeError, "it is of int64, without a derivative: make it of floating-point numbers"):
        (ag.Variable(np.array([1, 2, 3], np.int64)) * 2).sum().backward()


def test_parameters_before_the_first_call():
    """`'Plan' object has no attribute 'size'`; `<...base.Plan object at 0x...>`."""
    model = L.Sequential(L.Linear(3))
    with says(RuntimeError, "W of Linear (None, 3) has no size yet: call the model once, or give in_size"):
        sum(p.size for p in model.params())
    assert "which the first input will complete" in repr(model[0].W.data)


def test_a_linear_layer_takes_its_output_first():
    """`L.Linear(4, 3)` on 4 features: not that out comes first, nor which layer of the model."""
    with says(ValueError, "not x (2, 4), W (3, 4), b (4,): a layer is Linear(out_size, in_size)") as info:
        L.Sequential(F.relu, L.Linear(4, 3))(np.ones((2, 4), np.float32))
    assert "in 1 (Linear) of Sequential" in "".join(info.value.__notes__)


def test_none_in_a_sum(x):
    """`x + None`: `unsupported operand ... 'float' and 'NoneType'`."""
    with says(TypeError, "add takes Variables, arrays and numbers, not NoneType"):
        x + None


def test_a_tensor_in_a_sum(x):
    """`Variable + torch`: `Concatenation operation is not implemented`."""
    torch = pytest.importorskip("torch")
    assert (x + torch.ones(3)).tolist() == [2, 3, 4]


def test_a_step_is_an_update(model):
    """`O.SGD(m).step()`: `missing 4 required positional arguments`."""
    with says(TypeError, "for a step, call update()"):
        O.SGD(model, 0.1).step()


def test_an_initializer_is_a_function():
    """`L.Linear(2, initializer='he')`: nothing, then `'str' object is not callable`."""
    with says(TypeError, "initializer must be a function, not 'he'"):
        L.Linear(2, initializer="he")


def test_a_loader_of_a_frame():
    """`DataLoader(dataframe, 4)`: `KeyError: 4`."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert next(iter(DataLoader(frame, 2, shuffle=False))).tolist() == [[1, 3], [2, 4]]


def test_fit_takes_a_loader(model):
    """`fit(m, loss, o, (X, y))`, a three-column loader: `too many values to unpack`."""
    X, y = np.ones((4, 4), np.float32), np.ones((4, 1), np.float32)
    optimizer = O.SGD(model, 0.1)
    with says(TypeError, "not the data themselves: DataLoader(data, batch_size)"):
        training.fit(model, F.mean_squared_error, optimizer, (X, y))
    with says(TypeError, "a batch of three must be (x, t, weight)"):
        training.fit(model, F.mean_squared_error, optimizer, DataLoader((X, y, y), 2))


# Accepted without a word


def test_data_of_another_shape_is_an_error_where_it_is_used(model):
    """`m.W.data = np.ones((5,5))`."""
    x = np.ones((2, 4), np.float32)
    model(x).sum().backward()
    model[0].W.data = np.ones((5, 5))
    with says(ValueError, "0.W: the gradient must have the shape of the parameter, (5, 5), not (4, 1)"):
        O.SGD(model, 0.1).update()
    with says(ValueError, "W (5, 5)"):
        model(x)


def test_slots_of_another_shape_are_an_error(model):
    """The same, after an update of an optimizer that keeps slots; a transposed matrix took those of the former one."""
    optimizer = O.Adam(model)
    model(np.ones((2, 4), np.float32)).sum().backward()
    optimizer.update()
    for shape in ((5, 1), (1, 4)):
        model[0].W.data = np.ones(shape, np.float32)
        model[0].W.grad = ag.Variable(np.ones(shape, np.float32))
        with says(ValueError, f"0.W has the shape {shape} now and had (4, 1): make a new optimizer"):
            optimizer.update()


def test_a_wider_layer_is_named_by_the_next_one():
    """`p.data = np.ones((2,1))` (float64 model)."""
    model = L.Sequential(L.Linear(2, 4, rng=0), L.Linear(1, 2, rng=0))
    model[0].W.data = np.ones((4, 2))
    with pytest.warns(UserWarning, match="Linear: x is float64 and the weights are float32"):
        assert model(np.ones((2, 4), np.float32)).dtype == np.float32


@pytest.mark.parametrize("wrong", [1.0, np.ones((3, 3)), ag.Variable(np.ones((2, 3)))])
def test_a_gradient_of_another_shape(x, wrong):
    """`x.grad = 1.0`, `x.grad` of another shape (broadcast into the sum)."""
    x.grad = wrong
    with says(ValueError, "x.grad must have the shape (3,) of its Variable, not "):
        x.sum().backward()


def test_two_updates_on_one_gradient_are_two_steps(model):
    """Two updates on one gradient: as in PyTorch. It belongs to its owner, and stays until it is cleared."""
    model(np.ones((2, 4), np.float32)).sum().backward()
    before, optimizer = model[0].b.data.copy(), O.SGD(model, 0.5)
    optimizer.update()
    optimizer.update()
    np.testing.assert_array_equal(model[0].b.data, before - 2 * 0.5 * 2)


def test_a_typing_error_in_the_learning_rate(model):
    """`opt.learning_rate = .5` (typo)."""
    with says(TypeError, "SGD takes lr, not learning_rate"):
        O.SGD(model, 0.1).learning_rate = 0.5


def test_an_update_without_a_gradient(model):
    """`O.SGD(...).update()` without any gradient."""
    with pytest.warns(UserWarning, match=r"update\(\) changes nothing.*call loss.backward\(\) first"):
        O.SGD(model, 0.1).update()


def test_batch_normalization_of_one_sample():
    """BatchNorm on a batch of one in training (zeros)."""
    with says(ValueError, "batch_norm takes at least 2 values in each channel, not 1"):
        L.BatchNorm()(np.ones((1, 3), np.float32))


def test_a_write_through_detach_or_a_view(x):
    """writing through `detach()` and views."""
    for view in (lambda: x.detach().data, lambda: x.data[:2]):
        y = x * x
        view()[0] += 8
        with says(RuntimeError, "was changed after Mul"):
            y.backward()


def test_channels_behind_are_refused_by_a_layer_that_knows_its_channels():
    """NHWC images (the last axis becomes the width)."""
    images = np.ones((2, 8, 8, 3), np.float32)
    for call in (
        lambda: L.Conv2d(2, 3, in_channels=3)(images),
        lambda: L.ConvTranspose2d(2, 3, in_channels=3)(images),
        lambda: F.conv2d(images, np.ones((2, 3, 3, 3))),
        lambda: L.BatchNorm(3)(images),
        lambda: L.GroupNorm(1, 3)(images),
    ):
        with says(ValueError, "channels are the second axis, x.transpose(0, 3, 1, 2)"):
            call()
    with says(ValueError, "x.transpose(0, 2, 1)"):
        F.conv1d(np.ones((2, 8, 3)), np.ones((2, 3, 3)))
    assert L.Conv2d(2, 3, in_channels=3)(images.transpose(0, 3, 1, 2)).shape == (2, 2, 6, 6)
