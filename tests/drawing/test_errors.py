"""Wrong things are refused at the door."""

import pytest

from autograd.visualize import plot, to_dot, to_mermaid
from tests.drawing.graphs import Net, small


def test_wrong_things_are_errors_that_say_what_to_do(tmp_path):
    y = small()[1]
    with pytest.raises(TypeError, match=r"only a Variable.*not ndarray"):
        to_dot(y.data)
    with pytest.raises(TypeError, match=r"not Net: a layer has one once it is called, as in plot\(trace"):
        plot(Net(), tmp_path / "g.svg")
    with pytest.raises(TypeError, match="not int"):
        to_mermaid([y, 3])
    with pytest.raises(ValueError, match="max_nodes must be at least 1"):
        to_dot(y, max_nodes=0)
    with pytest.raises(ValueError, match=r"plot writes \.svg \.png \.pdf .*not 'g.jpg'"):
        plot(y, tmp_path / "g.jpg")
    with pytest.raises(ValueError, match="not 'graph'"):
        plot(y, tmp_path / "graph")
    with pytest.raises(TypeError, match="colour"):
        plot(y, tmp_path / "g.html", colour=True)
    with pytest.raises(FileNotFoundError):
        plot(y, tmp_path / "missing" / "g.dot")
