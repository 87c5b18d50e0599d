"""`Config` and what sets it."""

import dezero
import dezero.functions as F
from dezero import Variable

from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own


def test_switches():
    x = Variable(A)
    with dezero.no_grad():
        assert not dezero.Config.enable_backprop
        assert (x * 2).creator is None
    with dezero.using_config("enable_backprop", False):
        assert (x * 2).creator is None
    with dezero.using_config("train", False):
        assert not dezero.Config.train
        assert F.dropout(x) is x
    assert dezero.Config.train
    assert dezero.Config.enable_backprop
    dezero.Config.train = False
    try:
        assert F.dropout(x) is x
    finally:
        dezero.Config.train = True
