"""Labels and colours: what is written into a picture."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograd import Variable
from autograd.functions import exp
from autograd.visualize import plot, to_dot, to_html, to_mermaid, trace
from tests.visualize.graphs import ODD, labels, names, parsed, pure, small


def test_names_and_shapes_are_there_and_nothing_else():
    _x, y = small()
    y.name = "y"
    assert names(to_dot(y), "v") == ["x\n(3,)", "y\n(3,)"]
    assert names(to_dot(y, shapes=False), "v") == ["x", "y"]
    assert names(to_dot(y, names=False), "v") == ["(3,)", "(3,)"]
    assert names(to_dot(y, names=False, shapes=False), "v") == ["", ""]


def test_scalars_have_their_value_in_place_of_a_shape():
    x = Variable(1.0, name="x")
    y = x * 2 + 1
    assert names(to_dot(y), "v") == ["", "3.", "x\n1."]  # nobody holds x * 2
    assert names(to_dot(y, values=True), "v") == ["3.", "not kept", "x\n1."]
    assert names(to_dot(Variable([[4]]) * 1), "v") == ["(1, 1)\n[[4]]"]


def test_a_value_that_is_gone_says_so_if_values_are_asked_for():
    x = Variable(np.ones(3), name="x")
    y = x * 1 + 1 + x
    assert names(to_dot(y, values=True), "v") == [
        "(3,)\n[3., 3., 3.]",
        "(3,)\nnot kept",
        "(3,)\nnot kept",
        "x\n(3,)\n[1., 1., 1.]",
    ]
    big = Variable(np.ones(9)) * 1 + 1
    assert names(to_dot(big, values=True), "v") == ["(9,)"] * 3  # would not be written anyway


def test_dtypes_values_and_gradients_on_request():
    x, y = small()
    y.backward()
    text = to_dot(y, dtypes=True, values=True, gradients=True)
    assert names(text, "v") == ["(3,) float64\n[1., 4., 9.]", "x\n(3,) float64\n[1., 2., 3.]\n|grad| = 7.483"]
    x = Variable(np.float32(1.5))
    assert names(to_dot(x * 2, dtypes=True, values=True), "v") == ["float32\n1.5", "float32\n3."]


def test_large_arrays_are_not_written():
    x = Variable(np.ones((3, 3)), name="x")
    assert names(to_dot(x * 1, values=True), "v") == ["(3, 3)", "x\n(3, 3)"]


def test_constant_numbers_are_written():
    x = Variable(2.0)
    for y, label in [
        (x**3, "Power\n3"),
        (x * 2.5, "Mul\n2.5"),
        (trace(lambda: x + 1), "Add\n1"),
        (trace(lambda: 1 - x), "Sub\n1"),
        (x / 4, "Div\n4"),
    ]:
        assert names(to_dot(y), "f") == names(to_dot(y, values=True), "f") == [label]
        assert label.replace("\n", "<br/>") in to_mermaid(y)
        assert '"label": ' + str(label.split("\n")).replace("'", '"') in to_html(y)


def test_small_constant_arrays_are_written_on_request_where_the_function_keeps_them():
    y = Variable(np.ones(2)) * np.array([3.0, 4.0])
    assert names(to_dot(y, values=True), "f") == ["Mul\n[3., 4.]"]
    assert names(to_dot(y), "f") == ["Mul"]


def test_a_value_whose_variable_is_gone_has_its_shape_and_the_array_that_is_kept():
    x = Variable(np.array([3.0, 4.0]), name="x")
    y = (x * 1 + 1) * x
    assert names(to_dot(y), "v") == ["(2,)", "(2,)", "(2,)", "x\n(2,)"]
    shown = names(to_dot(y, values=True), "v")
    assert "(2,)\n[4., 5.]" in shown  # Mul keeps it for its derivative
    assert "(2,)\nnot kept" in shown  # Add does not


def test_an_output_that_a_function_keeps_is_shown_when_its_variable_is_gone():
    x = Variable(np.array([0.0, 1.0]), name="x")
    y = exp(x) + 1
    assert "(2,)\n[1. , 2.7183]" in names(to_dot(y, values=True), "v")


def test_nan_and_infinities_can_be_written():
    for value in [np.array([np.nan, np.inf, -np.inf]), np.zeros(0), np.zeros((2, 0, 3))]:
        x = Variable(value)
        parsed(to_dot(x * 1, values=True, dtypes=True))
        to_html(x * 1)
    assert names(to_dot(Variable(np.array([np.nan, np.inf])), values=True), "v") == ["(2,)\n[nan, inf]"]


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_the_dot(name):
    x = Variable(np.ones(2), name=name)
    assert names(to_dot(x * 2, shapes=False), "v") == sorted(["", name.replace("\u200d", "\ufffd")])


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_mermaid(name):
    x = Variable(np.ones(2), name=name)
    text = to_mermaid(x * 2, shapes=False)
    (written,) = re.findall(r'^  v0\(\["(.*)"\]\):::c0$', text, re.M)
    assert not set(written) & set('"<>\\`|[]{}') or "<br/>" in written
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), written) == name.replace("\u200d", "\ufffd")


@pure
@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_the_picture(name, tmp_path):
    x = Variable(np.ones(2), name=name)
    picture = plot(x * 2, tmp_path / "graph.svg", shapes=False)
    texts = [element.text for element in ElementTree.parse(picture).iter() if element.tag.endswith("}text")]
    assert [text.replace("\xa0", " ") for text in texts] == [name.replace("\u200d", "\ufffd"), "Mul", "2"]


def test_what_no_file_may_hold_is_replaced():
    assert names(to_dot(Variable([], name="a\nb\tc\x00d\ud800e"), shapes=False), "v") == ["a b c\ufffdd\ufffde"]
    to_dot(Variable(1.0, name="\udcff")).encode()
    to_mermaid(Variable(1.0, name="\udcff")).encode()
    to_html(Variable(1.0, name="\udcff")).encode()


def test_long_names_are_cut():
    (label,) = labels(to_dot(Variable([], name="w" * 500), shapes=False)).values()
    assert label == "w" * 59 + "…"


def test_an_array_that_a_backward_pass_has_let_go_is_not_written():
    x, big = Variable(np.ones((100, 300))), np.ones((100, 300))
    y = ((x * big) * 1.0 * x).sum()
    y.backward()
    del big
    text = to_dot(y, values=True)
    assert "weakref" not in text
    assert names(text, "f") == ["Mul", "Mul", "Mul\n1.", "Sum"]
    assert "gone: nothing needs it any more" in to_html(y)
