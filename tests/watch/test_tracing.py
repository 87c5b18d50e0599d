"""The line and the layer that called a function, recorded while tracing."""

import gc
import re
import sys
import weakref

import numpy as np
import pytest

from autograd import Function, Variable, grad, no_grad
from autograd.layers.base import Layer, Parameter
from autograd.visualize import to_dot, trace, tracing
from autograd.watch.places import source_line
from autograd.watch.tracing import Record, record_of
from tests.visualize.graphs import Dense, Net, names, panel, parsed


def test_the_line_that_made_a_function_is_recorded_inside_tracing():
    x = Variable(2.0)
    with tracing():
        y = x * 3.0  # this line
    heading, code = panel(y, "Mul")["sources"][0]
    assert code == "y = x * 3.0  # this line"
    assert re.fullmatch(r"Made by test_tracing.py, line \d+, in test_the_line_.*", heading)
    y.name = "y"
    assert panel(y, "y")["sources"] == panel(y, "Mul")["sources"]
    z = x / 3.0
    assert "not recorded" in panel(z, "Div")["sources"][0][1]


def test_a_function_of_a_backward_pass_names_the_line_of_its_origin():
    x = Variable(2.0)
    with tracing():
        y = x / 3.0
        gx = grad(y, x, create_graph=True)
    (_, first), (origin, second) = panel(gx, "Div")["sources"]
    assert first == "gx = grad(y, x, create_graph=True)"
    assert origin.startswith("In the derivative of Div")
    assert second == "y = x / 3.0"


def test_tracing_installs_no_profiler():
    def mine(frame, event, arg):
        pass

    for profiler in (None, mine):
        sys.setprofile(profiler)
        try:
            with tracing():
                assert sys.getprofile() is profiler
            assert sys.getprofile() is profiler
            with pytest.raises(ZeroDivisionError), tracing():
                1 / 0
            assert sys.getprofile() is profiler
        finally:
            sys.setprofile(None)


def test_an_error_in_a_layer_does_not_leave_it_open():
    class Broken(Layer):
        def forward(self, x):
            raise ArithmeticError("broken")

    x = Variable(1.0)
    with tracing():
        with pytest.raises(ArithmeticError, match="broken"):
            Broken()(x)
        y = x * 2.0
    assert record_of(y.creator).calls == ()


def number_of_records():
    return sum(type(x) is Record for x in gc.get_objects())


def test_records_die_with_their_functions():
    gc.disable()
    try:
        net = Net()
        y = trace(net, np.ones((1, 2)))
        count, function = number_of_records(), weakref.ref(y.creator)
        assert count > 0
        del y
        assert function() is None
        assert number_of_records() < count
        model = weakref.ref(net)
        del net
        assert model() is None
    finally:
        gc.enable()


def test_a_trace_keeps_the_names_of_variables_that_are_gone():
    def f():
        x = Variable(np.ones(2), name="x")
        y = x * x
        y.name = "y"
        return y + 1.0

    assert names(to_dot(f(), shapes=False), "v") == ["", "", ""]
    assert names(to_dot(trace(f), shapes=False), "v") == ["", "x", "y"]


def test_a_trace_changes_no_result():
    net, x = Net(), np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(trace(net, x).data, net(Variable(x)).data)


def calls(y):
    return [str(call) for call in record_of(y.creator).calls]


def test_only_what_is_recorded_inside_the_block_has_a_record():
    x = Variable(2.0)
    with tracing():
        y = x * x
        with no_grad():
            assert (x * x).creator is None
        y.backward()  # first order: nothing is recorded
    assert record_of(y.creator).kind == "Mul"
    assert record_of((x * x).creator) is None


class Cube(Function):
    keeps_inputs = True

    def forward(self, x):
        return x**3

    def backward(self, gy):
        return self.slope() * gy

    def slope(self):
        (x,) = self.inputs
        return 3 * x * x


def test_a_function_of_the_user_is_the_origin_of_its_derivative():
    x = Variable(2.0)
    with tracing():
        y = Cube()(x)
        gx = grad(y, x, create_graph=True)
    (square,) = [node.creator for node in gx.creator.parents if node.creator is not None and node.creator.parents]
    for f in (gx.creator, square):
        assert record_of(f).origin is record_of(y.creator)
    assert record_of(square).source.function == "slope"  # where backward asks for help


def test_the_origin_of_a_second_derivative_is_in_the_first():
    x = Variable(2.0)
    with tracing():
        first = grad(x / 3.0, x, create_graph=True)
        second = grad((first * x) ** 2, x, create_graph=True)
    kinds = [record_of(second.creator)]
    while kinds[-1] is not None:
        kinds.append(kinds[-1].origin)
    assert len(kinds) >= 2


def test_a_backward_pass_inside_a_layer_belongs_to_the_layers_of_its_origin():
    class Penalty(Layer):
        def __init__(self):
            self.inner = Dense(2)

        def forward(self, x):
            y = self.inner(x) ** 2
            gx = grad(y.sum(), x, create_graph=True)
            self.calls = [calls(y), calls(gx)]
            return y + gx

    layer = Penalty()
    y = trace(layer, np.ones((1, 2)))
    assert layer.calls[0] == ["Penalty"]
    assert layer.calls[1] == ["Penalty", "inner Dense"]  # of the matrix product
    assert calls(y) == ["Penalty"]


def test_a_layer_that_overrides_call_is_opened_once():
    class Scaled(Dense):
        def __call__(self, x):
            return super().__call__(x) * 2.0

    class Deaf(Dense):
        def __call__(self, x):
            return self.forward(x)

    layer = Scaled(2)
    for number in (1, 1):  # each trace counts for itself
        y = trace(layer, np.ones((1, 2)))
        inner = y.creator.parents[0].creator
        assert [(call.kind, call.number) for call in record_of(inner).calls] == [("Scaled", number)]
    assert record_of(trace(Deaf(2), np.ones((1, 2))).creator).calls == ()


def test_parameters_that_the_first_call_makes_have_their_paths():
    class Late(Layer):
        def forward(self, x):
            if not hasattr(self, "W"):
                self.W, self.inner = Parameter(np.eye(2)), Dense(2)
            return self.inner(x @ self.W)

    y = trace(Late(), np.ones((1, 2)))
    assert {"W\n(2, 2)", "inner.W\n(2, 2)"} <= set(names(to_dot(y, fold=None), "v"))
    assert calls(y) == ["Late", "inner Dense"]


def test_a_derivative_in_a_block_of_its_own_knows_the_paths_of_parameters():
    net, x = Net(), Variable(np.ones((1, 2)), name="x")
    y = trace(net, x)
    with tracing():
        gx = grad(y.sum(), x, create_graph=True)
    text = to_dot(gx, fold=None)
    assert {"first.W\n(2, 2)", "blocks.1.inner.W\n(2, 2)"} <= set(names(text, "v"))
    assert "first  Dense  1st backward" in parsed(text)[2]


def test_blocks_can_be_nested():
    with tracing():
        y = trace(Net(), np.ones((1, 2)))
        z = y * 2.0
    assert "input\n(1, 2)" in names(to_dot(y), "v")  # the inner one has the last word
    assert record_of(z.creator).kind == "Mul"


@pytest.mark.standin_exempt("DeZero's weights are drawn by NumPy")
def test_layers_of_dezero_are_layers():
    from autograd.compat.dezero.models import MLP

    y = trace(MLP((4, 2)), np.ones((1, 3)))
    assert parsed(to_dot(y, fold=None))[2] == ["MLP", "layers.0  Linear", "layers.1  Linear"]


def test_the_line_is_the_innermost_one_outside_of_the_package():
    here = source_line()
    assert (here.function, str(here)) == (
        "test_the_line_is_the_innermost_one_outside_of_the_package",
        f"test_tracing.py, line {here.line}, in {here.function}",
    )


def test_a_function_that_was_traced_says_where():
    x = Variable(2.0)
    with tracing():
        y = x * 3.0
    z = trace(Dense(2), np.ones((1, 2)))
    assert re.search(r"called by test_tracing.py, line \d+, in test_a_function", repr(y.creator))
    assert re.search(r" in Dense, called by graphs.py, line \d+, in forward", repr(z.creator))
