"""Files: by ending, by renderer, and with none."""

import os
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograd import Variable
from autograd.visualize import plot, render, to_dot, to_graphviz, to_html, to_mermaid, trace
from tests.visualize.graphs import Net, goldstein_price, loop, parts_of, pure, small


@pure
def test_svg_and_png_by_a_renderer_that_pip_installed(tmp_path):
    y = goldstein_price(Variable(1.0, name="x"), Variable(2.0, name="y"))
    svg, png = plot(y, tmp_path / "g.svg"), plot(y, str(tmp_path / "g.PNG"))
    groups = [g.get("class") for g in ElementTree.parse(svg).iter() if g.tag.endswith("}g")]
    values, functions, arrows = parts_of(y)
    assert groups.count("node") == values + functions
    assert groups.count("edge") == arrows
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png.read_bytes()) > 10000


@pure
def test_a_folded_network_can_be_rendered(tmp_path):
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    svg = plot(y, tmp_path / "net.svg", fold=2)
    groups = [g.get("class") for g in ElementTree.parse(svg).iter() if g.tag.endswith("}g")]
    assert groups.count("cluster") == 4


@pure
def test_a_leaf_that_a_long_loop_shares_is_drawn_in_seconds():
    assert "splines" not in to_dot(loop(20))
    y = loop(100)
    picture = ElementTree.fromstring(render.render(to_dot(y), "svg", timeout=20))
    groups = [g.get("class") for g in picture.iter() if g.tag.endswith("}g")]
    assert (groups.count("node"), groups.count("edge")) == (401, 500)


def test_texts_are_written_by_their_endings(tmp_path):
    y = small()[1]
    assert plot(y, tmp_path / "g.dot").read_text(encoding="utf-8") == to_dot(y)
    assert plot(y, tmp_path / "g.gv").read_text(encoding="utf-8") == to_dot(y)
    assert plot(y, tmp_path / "g.mmd").read_text(encoding="utf-8") == to_mermaid(y)
    assert plot(y, tmp_path / "g.html").read_text(encoding="utf-8") == to_html(y)


def script(folder, name, body):
    """An executable that stands in for a renderer."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def renderers(tmp_path, monkeypatch):
    """A machine on which the only renderers are those that a test puts into a folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(render.sysconfig, "get_path", lambda name: str(tmp_path / "scripts"))
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    return folder


posix = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


def test_without_a_renderer_the_dot_is_written_and_one_line_says_what_to_install(renderers, tmp_path):
    y = small()[1]
    with pytest.warns(UserWarning, match="pip install graphviz-pure") as caught:
        written = plot(y, tmp_path / "g.svg")
    assert written == tmp_path / "g.dot"
    assert written.read_text(encoding="utf-8") == to_dot(y)
    assert not (tmp_path / "g.svg").exists()
    assert "\n" not in str(caught[0].message)
    assert caught[0].filename == __file__
    written.write_text("somebody's")
    with pytest.warns(UserWarning, match=r"g\.svg\.dot was written instead"):
        assert plot(y, tmp_path / "g.svg").read_text(encoding="utf-8") == to_dot(y)
    assert written.read_text() == "somebody's"


@posix
def test_renderers_are_tried_in_order(renderers, tmp_path, monkeypatch):
    y = small()[1]
    monkeypatch.setattr(render, "find_spec", lambda name: object())
    assert next(render.commands("svg"))[:2] == [sys.executable, "-c"]
    script(renderers, "graphviz-pure", "echo pure $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "pure -Tsvg\n"
    assert next(render.commands("pdf"))[0] == sys.executable  # graphviz-pure writes no PDF
    script(tmp_path / "scripts", "graphviz-pure", "echo beside python $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "beside python -Tsvg\n"
    script(renderers, "dot", "echo system $1")
    assert plot(y, tmp_path / "g.svg").read_text() == "system -Tsvg\n"
    assert plot(y, tmp_path / "g.pdf").read_text() == "system -Tpdf\n"


@posix
def test_a_failing_renderer_is_an_error_with_its_message(renderers, tmp_path):
    script(renderers, "dot", "echo something is wrong >&2; exit 3")
    with pytest.raises(RuntimeError, match=r"dot failed \(3\): something is wrong"):
        plot(small()[1], tmp_path / "g.svg")
    script(renderers, "dot", "echo silent >&2")
    with pytest.raises(RuntimeError, match=r"dot failed \(0\): silent"):
        plot(small()[1], tmp_path / "g.png")
    assert not (tmp_path / "g.svg").exists()


@posix
def test_a_renderer_that_does_not_end_is_stopped(renderers):
    script(renderers, "dot", "exec /bin/sleep 60")
    with pytest.raises(RuntimeError, match=r"not done after 0\.2 seconds: draw less"):
        render.render("digraph {}", "svg", timeout=0.2)


@posix
def test_no_shell_sees_the_file_name(renderers, tmp_path):
    script(renderers, "dot", "/bin/cat")
    name = "a; touch hacked && echo $(id) 'x' \"y\" .svg"
    written = plot(small()[1], tmp_path / name)
    assert written.name == name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "bin"])


@pytest.mark.skipif(not any(c[0] == sys.executable for c in render.commands("pdf")), reason="pip install pygraphviz")
def test_pygraphviz_writes_all_three(renderers, tmp_path, monkeypatch):
    monkeypatch.setattr(render, "find_spec", lambda name: object())
    for ending, start in [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]:
        assert plot(small()[1], tmp_path / f"g.{ending}").read_bytes().startswith(start)


def test_the_package_graphviz_gets_a_source():
    graphviz = pytest.importorskip("graphviz")
    y = small()[1]
    source = to_graphviz(y, shapes=False)
    assert isinstance(source, graphviz.Source)
    assert source.source == to_dot(y, shapes=False)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(RuntimeError, match="pip install graphviz"):
        to_graphviz(small()[1])


@pure
def test_letters_that_a_png_lacks_are_named(tmp_path):
    x, latin = Variable(np.ones(2), name="重み W ∂α"), Variable(np.ones(2), name="W ∂α é")
    y = x * 2.0
    with pytest.warns(UserWarning, match=r"g\.png shows boxes in place of 'み重': write \.svg or \.html") as caught:
        plot(y, tmp_path / "g.png")
    assert caught[0].filename == __file__
    plot(y, tmp_path / "g.svg")
    plot(y, tmp_path / "g.html")
    plot(latin * 2.0, tmp_path / "g.png")
