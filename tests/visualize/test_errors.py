"""Wrong things are refused at the door."""

import os

import numpy as np
import pytest

from autograd.visualize import picture, plot, to_dot, to_html, to_mermaid, trace
from tests.visualize.graphs import Net, small


def test_wrong_things_are_errors_that_say_what_to_do(tmp_path):
    y = small()[1]
    with pytest.raises(TypeError, match=r"y must be a Variable or a list of Variables, not ndarray$"):
        to_dot(y.data)
    with pytest.raises(TypeError, match=r"not Net: call it first, as in plot\(trace"):
        plot(Net(), tmp_path / "g.svg")
    with pytest.raises(TypeError, match="not Node$"):  # which can be called, and is no layer
        to_dot(y.node)
    with pytest.raises(TypeError, match="not type$"):
        to_dot(Net)
    with pytest.raises(TypeError, match="not int$"):
        to_mermaid([y, 3])
    with pytest.raises(TypeError, match="layer must be a Layer or None, not int"):
        to_dot(y, layer=3)
    with pytest.raises(ValueError, match=r"path must end in one of \.svg \.png \.pdf .*not 'g.jpg'"):
        plot(y, tmp_path / "g.jpg")
    with pytest.raises(ValueError, match="not 'graph'"):
        plot(y, tmp_path / "graph")


@pytest.mark.parametrize("draw", [to_dot, to_mermaid, to_html])
def test_wrong_options_are_errors(draw):
    y, net = small()[1], trace(Net(), np.ones((1, 2)))
    with pytest.raises(ValueError, match="max_nodes must be at least 1"):
        draw(y, max_nodes=0)
    for wrong in ("10", 2.5):
        with pytest.raises(TypeError, match=f"max_nodes must be a whole number, not {wrong!r}"):
            draw(y, max_nodes=wrong)
    assert draw(y, max_nodes=np.int64(2)) == draw(y, max_nodes=2)
    for wrong in (1.5, [1, 2], -1):
        with pytest.raises(TypeError, match="fold must be a depth from 0, a path"):
            draw(net, fold=wrong)
    with pytest.raises(
        ValueError,
        match=r"fold must name layers of this graph, not \['third'\]; its layers .* blocks\.1\.inner, first$",
    ):
        draw(net, fold=["first", "third"])
    with pytest.raises(ValueError, match="none, for it was not traced"):
        draw(y, fold="first")
    with pytest.raises(
        TypeError,
        match=r"^(an option must be one of .*values, not colour|to_dot has no argument colour=; it)",
    ):
        draw(y, colour=1)


def test_a_place_that_cannot_be_written_is_an_error_before_anything_is_drawn(tmp_path, monkeypatch):
    y = small()[1]
    monkeypatch.setattr(picture, "graph_of", None)
    for ending in ("svg", "dot"):
        with pytest.raises(FileNotFoundError, match="'.*missing': make it first"):
            plot(y, tmp_path / "missing" / f"g.{ending}")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="choose another folder"):
        plot(y, tmp_path / "g.svg")
