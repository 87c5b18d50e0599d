"""The line and the layer that made a function, recorded while tracing."""

import gc
import re
import sys
import weakref

import numpy as np
import pytest

from autograd import Variable, grad
from autograd.drawing.records import records
from autograd.layers.base import Layer
from autograd.visualize import to_dot, trace, tracing
from tests.drawing.graphs import Net, names, panel


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


def test_tracing_puts_the_profiler_back():
    def mine(frame, event, arg):
        pass

    sys.setprofile(mine)
    try:
        with tracing():
            assert sys.getprofile() is not mine
        assert sys.getprofile() is mine
        with pytest.raises(ZeroDivisionError), tracing():
            1 / 0
        assert sys.getprofile() is mine
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
    assert records[y.creator].calls == ()


def test_records_die_with_their_functions():
    gc.disable()
    try:
        net = Net()
        y = trace(net, np.ones((1, 2)))
        count, function = len(records), weakref.ref(y.creator)
        assert count > 0
        del y
        assert function() is None
        assert len(records) < count
        model = weakref.ref(net)
        del net
        assert model() is None
    finally:
        gc.enable()


def test_a_trace_keeps_the_names_of_variables_that_are_gone():
    def f():
        x = Variable(2.0, name="x")
        y = x * x
        y.name = "y"
        return y + 1.0

    assert names(to_dot(f()), "v") == ["", "", ""]
    assert names(to_dot(trace(f)), "v") == ["", "x", "y"]


def test_a_trace_changes_no_result():
    net, x = Net(), np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(trace(net, x).data, net(Variable(x)).data)
