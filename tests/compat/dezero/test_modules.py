"""The modules of DeZero and their names."""

import runpy
import sys
from textwrap import dedent

import dezero
import dezero.functions as F
import pytest
from dezero import Variable

from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own

MODULES = "core core_simple functions functions_conv layers models optimizers datasets dataloaders transforms utils"


def test_all_modules_of_dezero_are_there():
    for name in [*MODULES.split(), "cuda"]:
        assert sys.modules[f"dezero.{name}"] is getattr(dezero, name)
    names = "Variable Parameter Function using_config no_grad test_mode as_array as_variable setup_variable Config"
    assert all(hasattr(dezero, name) for name in (names + " Layer Model Dataset DataLoader SeqDataLoader").split())
    assert dezero.is_simple_core is False
    dezero.setup_variable()


@pytest.mark.parametrize(
    "statement, error, message",
    [
        ("from dezero.functions import gelu", ImportError, r"dezero\.functions has no 'gelu' .* has: Add, add"),
        ("from dezero import Trainer", ImportError, r"dezero has no 'Trainer' .*core"),
        ("import dezero.trainer", ImportError, r"dezero has no 'trainer' .*optimizers"),
        ("F.gelu", AttributeError, r"dezero\.functions has no 'gelu'"),
        ("dezero.datasets.get_mnist", AttributeError, r"dezero\.datasets has no 'get_mnist' .* MNIST"),
        ("dezero.Config.tarin", AttributeError, r"enable_backprop and train, and no 'tarin'"),
        ("dezero.using_config('tarin', 1)", AttributeError, r"no 'tarin'"),
    ],
)
def test_a_missing_name_is_an_error_that_says_so(statement, error, message):
    with pytest.raises(error, match=message):
        exec(statement)


STARRED = """
    from dezero.layers import *
    from dezero.functions import *
    from dezero.datasets import *
    from dezero.utils import *

    class Half(Function):
        def forward(self, x):
            return x / 2

        def backward(self, gy):
            return gy / 2

    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.k = Parameter(np.ones(1))

        def forward(self, x):
            return F.sum(Half()(as_variable(x)) * self.k)

    layer = Scale()
    layer(ToFloat()(np.arange(4))).backward()
    print(layer.k.grad, pair(2), isinstance(layer.k, Variable), cuda.get_array_module(layer.k) is np)
"""


def test_a_star_brings_along_what_the_modules_import(tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text(dedent(STARRED))
    runpy.run_path(str(path))
    assert capsys.readouterr().out == "variable([3.]) (2, 2) True True\n"
    assert isinstance(A, dezero.core.array_types)
    assert not isinstance(Variable(A), dezero.core.array_types)


def test_asking_for_a_name_is_no_error():
    assert not hasattr(F, "gelu")
    assert getattr(dezero, "Trainer", None) is None
