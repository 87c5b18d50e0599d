"""Other frameworks' names, and slips of the pen, are answered with ours."""

import pickle

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import metrics
from autograd.names import OPTIONS, WORDS

MODULES = {
    "autograd": ag,
    "autograd.functions": F,
    "autograd.layers": L,
    "autograd.optimizers": O,
    "autograd.metrics": metrics,
}


@pytest.mark.parametrize("module, name", [(module, name) for module, words in WORDS.items() for name in words])
def test_a_name_of_another_framework_is_answered_with_ours(module, name):
    with pytest.raises(AttributeError) as info:
        getattr(MODULES[module], name)
    word = WORDS[module][name]
    assert str(info.value) == f"module {module!r} has no attribute {name!r}: it is {word} here"
    if word.isidentifier() and word not in dir(MODULES[module]):
        assert getattr(MODULES[module], word) is not None  # it is there


@pytest.mark.parametrize(
    "module, name, meant",
    [
        (F, "Relu", "relu"), (F, "sofmax", "softmax"), (F, "crossentropy", "softmax_cross_entropy"),
        (L, "Conv2D", "Conv2d"), (L, "Relu", "the function F.relu"), (O, "adam", "Adam"), (ag, "Varable", "Variable"),
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
        (lambda x: F.norm(x, p=2), "norm has no argument p=; it takes x, ord, axis, keepdims"),
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
    assert set(OPTIONS.values()) & set(OPTIONS) == set()
