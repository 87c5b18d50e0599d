"""The page: complete in itself, and safe whatever is written into it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from autograd import Variable
from autograd.visualize import plot, to_html, trace
from tests.visualize.graphs import ODD, Net, loop, panel, parts_of


def test_the_page_needs_nothing_from_outside():
    text = to_html(trace(Net(), np.ones((1, 2))))
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|img|iframe)|src=|@import|url\((?!#)", text)


@pytest.mark.parametrize("name", ODD)
def test_no_name_ends_the_script_of_the_page(name):
    x = Variable(1.0, name=name)
    text = to_html(x * 2)
    assert text.count("</script>") == 2
    (body,) = re.findall(r'id="graph">(.*?)</script>', text, re.S)
    assert json.loads(body)["parts"][0]["title"] == name


def test_the_page_knows_the_whole_graph():
    x = Variable(np.ones((1, 2)), name="x")
    y = trace(Net(), x)
    y.backward()
    data = json.loads(re.search(r'id="graph">(.*?)</script>', to_html(y), re.S)[1])
    values, functions, arrows = parts_of(y)
    assert [sum(p["kind"] == kind for p in data["parts"]) for kind in ("value", "function")] == [values, functions]
    assert len(data["edges"]) == arrows
    assert [box["label"] for box in data["boxes"] if not box["closed"]] == [["Net"]]
    assert len(data["boxes"]) == 6
    facts = dict(panel(y, "x")["facts"])
    assert facts["shape"] == "(1, 2)"
    assert facts["gradient"] == "[[9., 9.]], norm 12.73"
    assert dict(panel(y, "first.W")["facts"])["layer"] == "first Dense"


def read(text):
    return json.loads(re.search(r'id="graph">(.*?)</script>', text, re.S)[1])


def test_edges_in_the_page_go_where_the_computation_goes():
    x = Variable(2.0, name="x")
    y = x * 3.0
    y.name = "y"
    data = read(to_html(y))
    assert {tuple(data["parts"][i]["title"] for i in edge) for edge in data["edges"]} == {("x", "Mul"), ("Mul", "y")}


def test_the_settings_of_a_function_are_in_the_page():
    x = Variable(np.ones(6), name="x")
    assert dict(panel(x.reshape(2, 3), "Reshape")["facts"])["shape"] == "(2, 3)"


def test_the_page_takes_max_nodes_and_fold(tmp_path):
    y = loop(800)  # 3,201 parts
    assert len(read(to_html(y))["parts"]) == 3000
    assert len(read(to_html(y, max_nodes=10))["parts"]) == 10
    assert len(read(to_html(y, max_nodes=None))["parts"]) == 3201
    assert len(read(plot(y, tmp_path / "g.html").read_text(encoding="utf-8"))["parts"]) == 3000
    net = trace(Net(), np.ones((1, 2)))
    for fold, closed in ((0, 6), (1, 5), (2, 2), (None, 0), ("blocks.0", 1)):
        assert sum(box["closed"] for box in read(to_html(net, fold=fold))["boxes"]) == closed


def test_the_page_sums_up_large_arrays():
    x = Variable(np.arange(100.0), name="x")
    y = x * 1.0
    assert dict(panel(y, "x")["facts"])["value"] == "min 0, mean 49.5, max 99"
    x.data[3] = np.nan
    assert dict(panel(y, "x")["facts"])["value"].endswith("1 not finite")


def test_the_template_is_in_the_package():
    import autograd.visualize

    assert (Path(autograd.visualize.__file__).parent / "page.html").exists()
