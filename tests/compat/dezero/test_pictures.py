"""Pictures of graphs."""

import numpy as np
import pytest
from dezero import Variable, models, utils

from tests.compat.dezero.samples import A, Square, numpys_own

pytestmark = numpys_own


def test_a_model_is_drawn(tmp_path):
    path = tmp_path / "model.dot"
    models.MLP((4, 2)).plot(A, to_file=str(path))
    text = path.read_text()
    assert "Linear" in text
    assert "Sigmoid" in text
    x = Variable(np.array(1.0), name="the x")
    y = Square()(x)
    y.name = "the y"
    assert all(word in utils.get_dot_graph(y, verbose=False) for word in ("the x", "the y", "Square"))
    assert "float64" in utils.get_dot_graph(y)
    utils.plot_dot_graph(y, verbose=False, to_file=str(tmp_path / "y.dot"))
    assert "float64" not in (tmp_path / "y.dot").read_text()


def test_a_renderer_that_fails_does_not_stop_the_script(tmp_path, monkeypatch):
    def failing(dot, form):
        raise RuntimeError("out of ink")

    monkeypatch.setattr("autograd.visualize.picture.render", failing)
    with pytest.warns(UserWarning, match=r"y\.dot was written instead: out of ink"):
        utils.plot_dot_graph(Variable(A) * 2, to_file=str(tmp_path / "y.png"))
    assert (tmp_path / "y.dot").exists()
