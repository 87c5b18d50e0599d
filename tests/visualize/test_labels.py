"""Labels and colours: what is written into a picture."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograd import Variable
from autograd.functions import exp
from autograd.visualize import plot, to_dot, to_html, to_mermaid
from tests.visualize.graphs import ODD, labels, names, parsed, pure, small


def test_names_and_shapes_are_there_and_nothing_else():
    _x, y = small()
    y.name = "y"
    assert names(to_dot(y), "v") == ["x\n(3,)", "y\n(3,)"]
    assert names(to_dot(y, shapes=False), "v") == ["x", "y"]
    assert names(to_dot(y, names=False), "v") == ["(3,)", "(3,)"]
    assert names(to_dot(y, names=False, shapes=False), "v") == ["", ""]


def test_scalars_have_no_shape():
    x = Variable(1.0, name="x")
    assert names(to_dot(x * 2), "v") == ["", "x"]


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


def test_constants_are_written_where_the_function_keeps_them():
    assert names(to_dot(Variable(2.0) ** 3, values=True), "f") == ["Power\n3"]
    assert names(to_dot(Variable(2.0) ** 3), "f") == ["Power"]


def test_a_value_whose_variable_is_gone_has_its_shape_and_the_array_that_is_kept():
    x = Variable(np.array([3.0, 4.0]), name="x")
    y = (x * 1 + 1) * x
    assert names(to_dot(y), "v") == ["(2,)", "(2,)", "(2,)", "x\n(2,)"]
    shown = names(to_dot(y, values=True), "v")
    assert "(2,)\n[4., 5.]" in shown  # Mul keeps it for its derivative
    assert "(2,)" in shown  # Add does not


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
    x = Variable(1.0, name=name)
    assert names(to_dot(x * 2), "v") == sorted(["", name.replace("\u200d", "\ufffd")])


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_mermaid(name):
    x = Variable(1.0, name=name)
    text = to_mermaid(x * 2)
    (written,) = re.findall(r'^  v0\(\["(.*)"\]\):::c0$', text, re.M)
    assert not set(written) & set('"<>\\`|[]{}') or "<br/>" in written
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), written) == name.replace("\u200d", "\ufffd")


@pure
@pytest.mark.parametrize("name", ODD)
def test_names_of_any_characters_arrive_in_the_picture(name, tmp_path):
    x = Variable(1.0, name=name)
    picture = plot(x * 2, tmp_path / "graph.svg")
    texts = [element.text for element in ElementTree.parse(picture).iter() if element.tag.endswith("}text")]
    assert [text.replace("\xa0", " ") for text in texts] == [name.replace("\u200d", "\ufffd"), "Mul"]


def test_what_no_file_may_hold_is_replaced():
    assert names(to_dot(Variable(1.0, name="a\nb\tc\x00d\ud800e")), "v") == ["a b c\ufffdd\ufffde"]
    to_dot(Variable(1.0, name="\udcff")).encode()
    to_mermaid(Variable(1.0, name="\udcff")).encode()
    to_html(Variable(1.0, name="\udcff")).encode()


def test_long_names_are_cut():
    (label,) = labels(to_dot(Variable(1.0, name="w" * 500))).values()
    assert label == "w" * 59 + "…"
