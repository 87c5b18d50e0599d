"""Parameters that a model does not find are an error of the optimizer and of save, which names the place."""

from collections import deque
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

from autograd import Variable, no_grad, serialize
from autograd.functions.activation import leaky_relu, relu
from autograd.functions.regularization import dropout
from autograd.layers import MLP, BatchNorm, Buffer, Dropout, Layer, Linear, Parameter, Sequential
from autograd.layers.base import named_objects
from autograd.layers.hidden import hidden_parts
from autograd.optimizers import SGD, Adam

everywhere = Linear(2, 2)


class Holder:
    def __init__(self, inner):
        self.inner = inner


class Slotted:
    __slots__ = ("inner",)

    def __init__(self, inner):
        self.inner = inner


@dataclass
class Config:
    layer: Layer
    size: int = 3


class Has(Layer):
    """Has one thing as an attribute."""

    def __init__(self, thing):
        self.thing = thing

    def forward(self, x):
        return x


class OfClass(Layer):
    fc = Linear(2, 2)

    def forward(self, x):
        return self.fc(x)


class OfClassList(OfClass):
    fc = None
    parts = (relu, Linear(2, 2))


class Global(Layer):
    def forward(self, x):
        return everywhere(x)


def closure(layer):
    return lambda x: layer(x)


def decorated(layer):
    return no_grad()(closure(layer))


HIDDEN = {
    "a plain object": (lambda: Has(Holder(Linear(2, 2))), "Has.thing.inner is out of reach (Linear)"),
    "in two of them": (lambda: Has(Holder(Holder([Linear(2, 2)]))), "Has.thing.inner.inner.0 is out of reach"),
    "slots": (lambda: Has(Slotted(Linear(2, 2))), "Has.thing.inner is"),
    "a dataclass": (lambda: Has(Config(Linear(2, 2))), "Has.thing.layer is"),
    "a namespace": (lambda: Has(SimpleNamespace(a=Linear(2, 2))), "Has.thing.a is"),
    "a deque": (lambda: Has(deque([Linear(2, 2)])), "Has.thing[0] is"),
    "an array of objects": (lambda: Has(np.array([Linear(2, 2), None])), "Has.thing[0] is"),
    "a Parameter in an object": (lambda: Has(Holder(Parameter(1.0))), "Has.thing.inner is out of reach (Parameter)"),
    "a closure": (lambda: Sequential(closure(Linear(2, 2))), "Sequential.0, in the function <lambda>: layer is"),
    "a decorated closure": (lambda: Sequential(decorated(Linear(2, 2))), "Sequential.0"),
    "a default": (lambda: Sequential(lambda x, f=Linear(2, 2): f(x)), "Sequential.0, in the function <lambda>: f is"),
    "a keyword": (lambda: Sequential(lambda x, *, f=Linear(2, 2): f(x)), "in the function <lambda>: f is"),
    "a global": (lambda: Sequential(lambda x: everywhere(x)), "in the function <lambda>: everywhere is"),
    "a bound method": (lambda: Sequential(Linear(2, 2).forward), "Sequential.0.__self__ is"),
    "a partial": (lambda: Sequential(partial(Linear(2, 2))), "Sequential.0.func is"),
    "an argument of a partial": (lambda: Sequential(partial(map, Linear(2, 2))), "Sequential.0.args[0] is"),
    "a keyword of a partial": (lambda: Sequential(partial(relu, f=Linear(2, 2))), "Sequential.0.f is"),
    "a partial of a lambda": (lambda: Sequential(partial(closure(Linear(2, 2)))), "Sequential.0.func, in the function"),
    "a layer that is unfilled": (lambda: Has(Holder(Linear(2))), "Has.thing.inner is"),
    "a list in an object": (lambda: Has(Holder({"a": [Linear(2)]})), "Has.thing.inner.a.0 is"),
    "a read-only dict": (lambda: Has(MappingProxyType({"a": Linear(2, 2)})), "Has.thing.a is out of reach"),
    "a key": (lambda: Has({Linear(2, 2): 1}), "Has.thing, the key Linear"),
    "a global in forward": (Global, "Global.forward, in the function forward: everywhere is out of reach (Linear)"),
    "a class": (OfClass, "OfClass, in the class OfClass: fc is"),
    "a list of a class": (OfClassList, "in the class OfClassList: parts.1 is"),
}  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("others", [False, True])
def test_hidden_parameters_are_an_error_that_names_the_place(name, others, tmp_path):
    make, place = HIDDEN[name]
    model = Sequential(make(), Linear(2, 2)) if others else make()
    place = place.replace("Sequential.", "Sequential.0.") if others and place.startswith("Sequential") else place
    place = place.removeprefix("Has").removeprefix("OfClass,").removeprefix("Global") if others else place
    for use in (SGD, Adam, lambda model: serialize.save(model, tmp_path / "m.npz")):
        with pytest.raises(ValueError) as error:
            use(model)
        assert place in str(error.value)
        assert "make it an attribute of a layer" in str(error.value)
        assert ("list(model.params())" in str(error.value) or "model.state_dict()" in str(error.value)) == others
    assert not list(tmp_path.iterdir())


class OfSameName(Layer):
    """Its attribute has the name of a global layer, which it does not use."""

    def __init__(self):
        self.everywhere = Linear(2, 2)

    def forward(self, x):
        return self.everywhere(x)


class OfVariables(Layer):
    def __init__(self):
        self.W = Variable(np.ones((2, 2)))


class Computed(Layer):
    def __init__(self):
        self.parts = [Parameter(np.ones((2, 2))) * 0.5]


class OfArrays(Layer):
    def __init__(self):
        self.below = Has(np.ones((2, 2)))


@pytest.mark.parametrize(
    "thing, path", [(Variable(np.ones(3)), ""), ([Variable(1.0)], ".0"), ({"a": (3, Variable(1.0))}, ".a.1")]
)
def test_a_variable_beside_parameters_is_an_error(thing, path, tmp_path):
    model = Sequential(Linear(2, 2), Has(thing))
    for use, done in ((SGD, "trained"), (lambda model: serialize.save(model, tmp_path / "m.npz"), "saved")):
        said = rf"parts\.1\.thing{path} is a Variable, and would not be {done}: make it a Parameter, or a plain array"
        with pytest.raises(ValueError, match=said.replace(r"parts\.", "")):
            use(model)
    SGD(list(model.params()))
    serialize.save(model.state_dict(), tmp_path / "m.npz")


def test_a_result_that_a_layer_keeps_is_no_error(tmp_path):
    model = Has(Linear(2, 2))
    model.seen = model.thing(np.ones((1, 2), np.float32))
    with no_grad():
        model.seen_without_graph = [model.thing(np.ones((1, 2), np.float32))]
    SGD(model)
    serialize.save(model, tmp_path / "m.npz")


@pytest.mark.parametrize(
    "model, said",
    [
        (OfVariables(), "W is a Variable, not a Parameter: make it one"),
        (Computed(), r"parts\.0 is a Variable that Mul has computed, not a Parameter"),
        (OfArrays(), r"below\.thing is an array, not a Parameter"),
        (Global(), "in the function forward: everywhere is out of reach"),
        (Sequential(), "none of its layers has any"),
        (Sequential(relu, Dropout(0.5), lambda x: x), "none of its layers has any"),
        (Layer(), "none of its layers has any"),
    ],
)
def test_a_model_without_parameters_is_an_error_that_names_the_cause(model, said, tmp_path):
    for use in (SGD, lambda model: serialize.save(model, tmp_path / "m.npz")):
        with pytest.raises(ValueError, match=rf"takes a model with parameters, not {type(model).__name__}.*{said}"):
            use(model)


def test_a_model_that_loses_its_parameters_is_an_error_at_the_update():
    model = Sequential(Linear(2, 2))
    optimizer = SGD(model)
    model.parts.clear()
    with pytest.raises(ValueError, match="SGD takes a model with parameters"):
        optimizer.update()


def test_what_is_not_hidden():
    shared = Linear(2, 2)
    for model in (
        MLP((3, 2)), Sequential(relu, partial(leaky_relu, slope=0.1), lambda x: dropout(x, 0.5), Linear(2, 2)),
        Sequential(shared, shared.forward, closure(shared), Holder(shared).inner), Has([Holder(3), Linear(2, 2)]),
        OfSameName(), Has([Linear(2, 2), Variable(3), np.ones(3), Buffer(np.ones(3))]),
        Sequential(Linear(2), closure(np.ones(3)), closure(Dropout())), BatchNorm(3),
    ):  # fmt: skip
        assert not list(hidden_parts(model))
        SGD(model)


def test_a_model_may_hold_on_to_much():
    model = Sequential(Linear(2, 2))
    model.data = Holder([Holder(i) for i in range(50_000)])
    model.data.inner.append(model)
    SGD(model)


def test_what_is_wanted_has_a_way(tmp_path):
    model = Sequential(closure(Linear(2, 2)), Linear(2, 2))
    SGD(list(model.params()))
    serialize.save(model.state_dict(), tmp_path / "m.npz")
    serialize.load(model, tmp_path / "m.npz")


def test_buffers_alone_can_be_saved(tmp_path):
    serialize.save(Has(Buffer(np.ones(3))), tmp_path / "m.npz")
    assert len(list(named_objects(Has(Buffer(np.ones(3))), Buffer))) == 1
