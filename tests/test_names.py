"""Other frameworks' names, and slips of the pen, are answered with ours."""

import importlib
import inspect
import pickle
import re

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.names import ABSENT, WORDS

MODULES = {module: importlib.import_module(module) for module in WORDS}


@pytest.mark.parametrize("module, name", [(module, name) for module, words in WORDS.items() for name in words])
def test_a_name_of_another_framework_is_answered_with_ours(module, name):
    with pytest.raises(AttributeError) as info:
        getattr(MODULES[module], name)
    word = WORDS[module][name]
    assert str(info.value) == f"module {module!r} has no attribute {name!r}: it is {word} here"
    if word.isidentifier() and word not in dir(MODULES[module]):
        assert getattr(MODULES[module], word) is not None  # it is there


@pytest.mark.parametrize("module, name", [(module, name) for module, words in ABSENT.items() for name in words])
def test_what_is_not_provided_is_answered_with_what_to_do(module, name):
    with pytest.raises(AttributeError) as info:
        getattr(MODULES[module], name)
    advice = ABSENT[module][name]
    assert str(info.value) == f"module {module!r} has no attribute {name!r}: it is not provided; {advice}"
    for short, path in re.findall(r"\b(F|L|O|ag|np)\.([a-z_A-Z]\w*)", advice):  # it is there
        assert getattr({"F": F, "L": L, "O": O, "ag": ag, "np": np}[short], path) is not None


@pytest.mark.standin_exempt("its references are NumPy's")
def test_formulas_for_what_is_not_provided_are_right():
    """Each is run as the message says it; the references are loops and closed forms."""
    rng = np.random.default_rng(0)
    names = {"F": F, "np": np, "tau": 0.5, "W": rng.normal(size=(2, 3, 3)), "t": np.array([0, 2, 1, 1])}
    names |= {key: ag.Variable(rng.normal(size=(4, 3))) for key in ("x", "x0", "x1", "a", "b")}
    names["u"] = rng.uniform(size=(4, 3))

    def run(name):
        code = re.search(r"write ([^:]*?)(, with .*)?$", ABSENT["autograd.functions"][name])[1]
        return eval(code, names)

    y = run("gumbel_softmax")
    assert y.shape == (4, 3)
    np.testing.assert_allclose(y.data.sum(1), 1)
    noise = -np.log(-np.log(names["u"]))
    np.testing.assert_array_equal(y.data.argmax(1), (names["x"].data + noise).argmax(1))
    expected = [[x0 @ W @ x1 for W in names["W"]] for x0, x1 in zip(names["x0"].data, names["x1"].data)]
    np.testing.assert_allclose(run("bilinear").data, expected)
    x = names["x"]
    y = run("straight_through")
    np.testing.assert_allclose(y.data, np.round(x.data))
    np.testing.assert_array_equal(ag.grad(y.sum(), x).data, 1)
    np.testing.assert_array_equal(run("heaviside"), x.data > 0)
    np.testing.assert_allclose(run("swiglu").data, names["a"].data / (1 + np.exp(-names["a"].data)) * names["b"].data)
    names["W"] = ag.Variable(rng.normal(size=(4, 3)))
    assert np.linalg.norm(run("spectral_norm").data, 2) == pytest.approx(1)
    losses = F.softmax_cross_entropy(x, names["t"], reduction="none")
    names |= {"losses": losses, "p": F.exp(-losses)}
    p = np.exp(x.data)[np.arange(4), names["t"]] / np.exp(x.data).sum(1)
    assert run("focal_loss").item() == pytest.approx(np.mean(-((1 - p) ** 2) * np.log(p)))
    names |= {"p": F.sigmoid(x), "t": (x.data > 0).astype(float)}
    overlap, total = (names["p"].data * names["t"]).sum(), names["p"].data.sum() + names["t"].sum()
    assert run("dice_loss").item() == pytest.approx(1 - 2 * overlap / total)


@pytest.mark.parametrize(
    "module, name, meant",
    [
        (F, "Relu", "relu"), (F, "sofmax", "softmax"), (F, "crossentropy", "softmax_cross_entropy"),
        (L, "Conv2D", "Conv2d"), (L, "Reluu", "the function F.relu"), (ag.models, "SimpleConvnet", "SimpleConvNet"),
        (ag.testing, "check_gradient", "check_gradients"), (O, "adam", "Adam"), (ag, "Varable", "Variable"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(module, name, meant):
    with pytest.raises(AttributeError, match=rf"did you mean {meant}\?"):
        getattr(module, name)


def test_a_name_that_resembles_nothing_is_said_to_be_missing():
    for module in (F, L, O):
        with pytest.raises(AttributeError, match="has no attribute 'quux'$"):
            module.quux
    assert not hasattr(F, "__wrapped__")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: F.softmax(x, dim=1), "softmax has no argument dim=: it is axis= here"),
        (lambda x: F.sum(x, axis=0, keepdim=True), "sum has no argument keepdim=: it is keepdims= here"),
        (
            lambda x: F.leaky_relu(x, negative_slope=0.1),
            "has no argument negative_slope=: it is slope= here",
        ),
        (lambda x: F.conv2d(x, x, padding=1), "conv2d has no argument padding=: it is pad= here"),
        (lambda x: F.max_pool2d(x, kernel_size=2), "max_pool2d has no argument kernel_size=: it is kernel= here"),
        (lambda x: F.softmax_cross_entropy(x, x, label_smoothing=0.1), "label_smoothing=: it is smoothing= here"),
        (lambda x: F.norm(x, p=2), "norm has no argument p=: it is ord= here"),
        (lambda x: F.norm(x, quux=2), "norm has no argument quux=; it takes x, ord, axis, keepdims"),
        (lambda x: x.sum(dim=1), "sum has no argument dim=: it is axis= here"),
        (lambda x: x.mean(keepdim=True), "mean has no argument keepdim=: it is keepdims= here"),
        (lambda x: F.add(x, other=x), "add has no argument other=: it is x1= here"),
        (lambda x: F.dropout(x, training=True), "training=: it is that of ag.test_mode() or model.eval()"),
        (lambda x: F.elu(x, inplace=True), "inplace=: a result is always a new array"),
        (lambda x: F.transpose(x, dim0=0, dim1=1), "dim0=: give all axes in their new order"),
        (lambda x: F.getitem(x, dim=0), "dim=: index the axes, as in x[:, 2]"),
        (lambda x: L.Conv2d(4, kernel_size=3), "Conv2d takes kernel, not kernel_size"),
        (lambda x: L.Conv2d(4, 3, padding=1), "Conv2d takes pad, not padding"),
        (lambda x: L.Conv2d(4, 3, padding_mode="reflect"), "no padding_mode: put F.pad(x, width, mode=...) before it"),
        (lambda x: L.LSTM(4, num_layers=2), "LSTM takes layers, not num_layers"),
        (lambda x: L.Embedding(num_embeddings=3), "Embedding takes vocabulary, not num_embeddings"),
        (lambda x: L.BatchNorm(affine=False), "no affine: gamma and beta are always there"),
        (lambda x: L.Upsample(scale_factor=2), "Upsample takes scale, not scale_factor"),
        (
            lambda x: ag.Parameter(x.data, requires_grad=False),
            "requires_grad=: layer.freeze() takes it out",
        ),
        (lambda x: L.he((2, 3), generator=0), "he has no argument generator=: it is rng= here"),
        (lambda x: O.Adam(L.Linear(2), betas=(0.9, 0.99)), "Adam takes beta1= and beta2=, not betas"),
        (
            lambda x: O.SGD(L.Linear(2), weight_decay=0.1),
            "weight_decay: give transforms=[weight_decay(rate)]",
        ),
        (lambda x: O.SGD(params=L.Linear(2)), "SGD takes model, not params"),
        (lambda x: O.LBFGS(L.Linear(2), max_iter=3), "LBFGS takes iterations, not max_iter"),
        (lambda x: O.step(0.1, step_size=30), "step has no argument step_size=: it is every= here"),
        (lambda x: O.exponential(0.1, gamma=0.9), "exponential has no argument gamma=: it is factor= here"),
        (lambda x: O.clip_by_norm(1.0, norm_type=2), "norm_type=: it is the Euclidean norm"),
        (lambda x: F.softmax_cross_entropy(x, x, reduce=True), "; it takes x, t,"),
        (
            lambda x: ag.data.mnist(one_hot=True),
            "one_hot=: write F.one_hot(t, 10), but losses and F.accuracy take labels",
        ),
        (lambda x: ag.data.fashion_mnist(normalize=True), "normalize=: x is between 0 and 1"),
    ],
)
def test_a_keyword_of_another_framework_is_answered_with_ours(call, message):
    with pytest.raises(TypeError) as info:
        call(ag.Variable(np.ones((2, 3))))
    assert message in str(info.value)


@pytest.mark.parametrize("name, ours", [("gather", "take_along_axis"), ("scatter", "put_along_axis"), ("mv", "matmul")])
def test_a_method_of_another_framework_is_answered_with_our_function(name, ours):
    with pytest.raises(AttributeError, match=f"no attribute '{name}': here it is the function F.{ours}$"):
        getattr(ag.Variable([1.0]), name)


def test_other_errors_pass_and_functions_can_be_pickled():
    with pytest.raises(TypeError, match="axis must be"):
        F.sum(np.ones(3), axis="x")
    for f in (F.softmax, F.relu, F.sum):
        assert pickle.loads(pickle.dumps(f)) is f
        assert f.__doc__


def pairs_with_pytorch():
    """(name, theirs, ours) for what has the same name there, or one that is answered with ours."""
    torch = pytest.importorskip("torch", reason="PyTorch is what these are compared with: make compare")
    for ours, theirs in [
        (F, [torch.nn.functional, torch]),
        (L, [torch.nn]),
        (O, [torch.optim, torch.optim.lr_scheduler]),
    ]:
        for module in theirs:
            for name in dir(module):
                word = name if name in ours.__all__ else WORDS[ours.__name__].get(name)
                if word in ours.__all__ and callable(getattr(module, name)):
                    yield f"{module.__name__}.{name}", getattr(module, name), getattr(ours, word)


def test_every_keyword_of_pytorch_is_answered_in_our_words():
    """Python's own words are left where a function takes nothing but x."""
    seen = 0
    for name, theirs, ours in pairs_with_pytorch():
        try:
            keywords = inspect.signature(theirs).parameters
        except (TypeError, ValueError):  # written in C
            keywords = ["dim", "input"]
        known = inspect.signature(ours).parameters
        for keyword in [k for k in keywords if k not in known and k not in ("self", "args", "kwargs")]:
            with pytest.raises(TypeError) as info:
                ours(**{keyword: 1})
            seen += 1
            single = ours in map(F.__dict__.get, F.__all__) and len(known) == 1
            assert single or ours is O.Optimizer or "unexpected keyword" not in str(info.value), (name, str(info.value))
    assert seen > 400


@pytest.mark.parametrize(
    "module, name, answer",
    [
        (L, "Relu", "it is the function F.relu here"), (F, "cross_entropy", "it is softmax_cross_entropy here"),
        (ag, "tensor", "it is Variable here"), (ag, "numerical_gradient", "it is testing.numerical_gradient here"),
        (L, "Affine", "it is Linear here"), (L, "SoftmaxWithLoss", "it is the function F.softmax_cross_entropy here"),
        (L, "Convolution", "it is Conv2d here"), (L, "Pooling", "it is MaxPool2d here"), (L, "Sigmoid", "F.sigmoid"),
        (ag.models, "DeepConvNet", "SimpleConvNet, or"), (ag.models, "MultiLayerNetExtend", "it is layers.MLP here"),
        (ag, "Trainer", "it is training.fit here"), (ag, "numpy", "NumPy itself"),
        (ag.models, "smooth_curve", "np.convolve"),
    ],
)  # fmt: skip
def test_names_of_the_first_book_and_of_pytorch(module, name, answer):
    with pytest.raises(AttributeError, match=re.escape(answer)):
        getattr(module, name)
