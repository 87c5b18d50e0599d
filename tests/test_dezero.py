"""Scripts for DeZero run unmodified. The numbers in SCRIPTS were printed by DeZero 0.0.13 (on NumPy 1.23)."""

import gc
import hashlib
import io
import os
import runpy
import subprocess
import sys
import tarfile
import weakref
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import autograd
import autograd.dezero  # from here on `import dezero` means it
from autograd import core, serialize
from autograd.data import sources, spiral

import dezero  # isort: skip
import dezero.functions as F  # isort: skip
import dezero.layers as L  # isort: skip
from dezero import Parameter, Variable, core_simple, cuda, datasets, models, optimizers, transforms, utils  # isort: skip

pytestmark = pytest.mark.standin_exempt("DeZero's conventions are NumPy's: np.random, printed arrays")
A = np.random.default_rng(0).standard_normal((2, 3))
B = np.random.default_rng(1).standard_normal((2, 3))


# Whole scripts, with what DeZero prints

REGRESSION = """
    import numpy as np
    from dezero import Variable
    import dezero.functions as F

    np.random.seed(0)
    x = np.random.rand(20, 1)
    t = 3 * x + np.random.rand(20, 1)
    slope, offset = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
    for step in range(3):
        error = t - (F.matmul(Variable(x), slope) + offset)
        loss = F.sum(error ** 2) / len(error)
        for p in (slope, offset):
            p.cleargrad()
        loss.backward()
        for p in (slope, offset):
            p.data -= 0.1 * p.grad.data
        print(loss, slope, offset)
"""
NETWORK = """
    import numpy as np
    import dezero.layers as L
    import dezero.functions as F
    from dezero import Model, optimizers

    class Curve(Model):
        def __init__(self, hidden):
            super().__init__()
            self.first = L.Linear(hidden)
            self.second = L.Linear(1)

        def forward(self, x):
            return self.second(F.sigmoid(self.first(x)))

    np.random.seed(1)
    x = np.random.rand(30, 1)
    t = np.cos(5 * x)
    model = Curve(4)
    optimizer = optimizers.MomentumSGD(lr=0.1).setup(model)
    optimizer.add_hook(optimizers.WeightDecay(1e-3))
    optimizer.add_hook(optimizers.ClipGrad(0.5))
    for step in range(40):
        loss = F.mean_squared_error(t, model(x))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if step % 10 == 9:
            print('%.10f' % float(loss.data))
    print(sorted(p.name for p in model.params()), '%.10f' % float(model(x[:1]).data))
"""
SPIRAL = """
    import dezero
    import dezero.functions as F
    from dezero import optimizers, DataLoader
    from dezero.models import MLP

    train = dezero.datasets.Spiral(train=True)
    test = dezero.datasets.Spiral(train=False)
    loader = DataLoader(train, 30)
    model = MLP((10, 3), activation=F.relu)
    optimizer = optimizers.Adam(0.01).setup(model)
    for epoch in range(4):
        total = hits = 0
        for x, t in loader:
            y = model(x)
            loss = F.softmax_cross_entropy(y, t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += float(loss.data) * len(t)
            hits += float(F.accuracy(y, t).data) * len(t)
        print('%d %.5f %.4f' % (epoch, total / len(train), hits / len(train)))
    with dezero.no_grad(), dezero.test_mode():
        for x, t in DataLoader(test, 150, shuffle=False):
            print('%.5f' % float(F.softmax_cross_entropy(model(x), t).data))
"""
SEQUENCE = """
    import numpy as np
    import dezero
    import dezero.functions as F
    import dezero.layers as L

    class Wave(dezero.Model):
        def __init__(self, cell):
            super().__init__()
            self.cell = cell
            self.out = L.Linear(1)

        def __call__(self, x):
            return self.out(self.cell(x))

    np.random.seed(3)
    data = dezero.datasets.SinCurve()
    for cell in (L.RNN(8), L.LSTM(8)):
        model = Wave(cell)
        optimizer = dezero.optimizers.AdaGrad(lr=0.05).setup(model)
        cell.reset_state()
        loss, count = 0, 0
        for x, t in dezero.SeqDataLoader(data, batch_size=20):
            loss += F.mean_squared_error(model(x), t)
            count += 1
            if count % 10 == 0:
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
        print('%d %.8f' % (count, float(loss.data) / count))
"""
IMAGES = """
    import numpy as np
    import dezero
    import dezero.functions as F
    import dezero.layers as L
    from dezero.models import Sequential

    np.random.seed(4)
    net = Sequential(
        L.Conv2d(4, kernel_size=3, stride=1, pad=1), L.BatchNorm(), F.relu, lambda x: F.pooling(x, 2, 2),
        L.Deconv2d(2, kernel_size=2, stride=2), F.leaky_relu, lambda x: F.average_pooling(x, 2, stride=2),
        F.flatten, L.Linear(3, nobias=True))
    x = np.random.randn(2, 3, 8, 8)
    y = F.dropout(net(x), 0.25)
    loss = F.sum(F.log_softmax(y)[np.arange(2), [2, 0]])
    loss.backward()
    print(net.l0.W.shape, net.l4.W.shape, net.l8.W.data.dtype, y.shape)
    print('%.8f' % float(loss.data), *['%.6f' % float(abs(p.grad.data).sum()) for p in (net.l0.W, net.l4.W, net.l8.W)])
    print(net.l1.avg_mean.data.round(6), net.l1.avg_var.data.round(6))
    with dezero.test_mode():
        print(net(x).data.round(5))
"""
DERIVATIVES = """
    import numpy as np
    from dezero import Variable, Function
    import dezero.functions as F

    def banana(a, b):
        return 100 * (b - a ** 2) ** 2 + (a - 1) ** 2

    a, b = Variable(np.array(0.5)), Variable(np.array(2.0), name='b')
    z = banana(a, b)
    z.backward()
    print(z, a.grad, b.grad, b.name)

    x = Variable(np.array(2.0))
    for i in range(4):
        y = x ** 4 - 2 * x ** 2
        x.cleargrad()
        y.backward(create_graph=True)
        first = x.grad
        x.cleargrad()
        first.backward()
        x.data -= first.data / x.grad.data
        print(i, x)

    y = F.tanh(Variable(np.array([[0.5, 1.0], [-1.0, 2.0]])))
    print(y)

    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    c = Variable(np.array([[10, 20, 30]]))
    t = x * x + c
    s = F.sum(t, axis=0)
    s.backward(retain_grad=True)
    print(s, s.grad, t.grad, x.grad, c.grad)

    x.cleargrad()
    F.sum(F.exp(x)).backward()
    print(x.grad.data.dtype, x.T.reshape(2, 3), x[1])
"""
SIMPLE = """
    import numpy as np
    from dezero.core_simple import Variable, Function, setup_variable, no_grad, as_array
    setup_variable()

    class Cube(Function):
        def forward(self, x):
            return x ** 3

        def backward(self, gy):
            x = self.inputs[0].data
            return 3 * x ** 2 * gy

    x = Variable(np.array(2.0))
    y = Cube()(x) * 2 + 1 / x - x
    y.backward()
    print(y, x.grad)
    x.data -= 0.1 * x.grad
    print(x, as_array(3.0))
    with no_grad():
        print((x * 2).creator)
"""
PRINTED = {
    REGRESSION: """
        variable(6.270301284495846) variable([[0.32015645]]) variable([0.462502])
        variable(3.534821445858725) variable([[0.55998842]]) variable([0.79526589])
        variable(2.079698491195628) variable([[0.74124214]]) variable([1.03358192])
        """,
    NETWORK: """
        0.4340683616
        0.3559050014
        0.2536901550
        0.1770630139
        ['W', 'W', 'b', 'b'] -0.0220083634
        """,
    SPIRAL: """
        0 1.04458 0.5067
        1 0.94847 0.5800
        2 0.86817 0.6000
        3 0.80599 0.6167
        0.79692
        0.77366
        """,
    SEQUENCE: """
        50 0.05663356
        50 0.31906531
        """,
    IMAGES: """
        (4, 3, 3, 3) (4, 2, 2, 2) float32 (2, 3)
        -1.83645915 7.909522 4.648131 11.315641
        [ 0.006357 -0.00502   0.006804 -0.007213] [0.969191 0.943149 0.958178 0.964028]
        [[0.18393 0.12453 0.28861]
         [0.1817  0.13286 0.10565]]
        """,
    DERIVATIVES: """
        variable(306.5) variable(-351.0) variable(350.0) b
        0 variable(1.4545454545454546)
        1 variable(1.1510467893775467)
        2 variable(1.0253259289766978)
        3 variable(1.0009084519430513)
        variable([[ 0.46211716  0.76159416]
                  [-0.76159416  0.96402758]])
        variable([ 37  69 105]) variable([1 1 1]) variable([[1 1 1]
                  [1 1 1]]) variable([[ 2  4  6]
                  [ 8 10 12]]) variable([[2 2 2]])
        float64 variable([[1 4 2]
                  [5 3 6]]) variable([4 5 6])
        """,
    SIMPLE: """
        variable(14.5) 22.75
        variable(-0.2749999999999999) 3.0
        None
        """,
}
NAMES = {id(script): name for name, script in list(globals().items()) if isinstance(script, str)}


def words(text):
    """The words of a text, numbers as numbers."""
    for sign in "()[],":
        text = text.replace(sign, f" {sign} ")
    for word in text.split():
        try:
            yield float(word)
        except ValueError:
            yield word


@pytest.mark.parametrize("script", PRINTED, ids=lambda script: NAMES[id(script)])
def test_a_script_prints_what_it_prints_with_dezero(script, tmp_path, capsys):
    """To the digits that are printed; the last of sixteen may differ, as it does between two versions of NumPy."""
    path = tmp_path / "script.py"
    path.write_text(dedent(script))
    runpy.run_path(str(path), run_name="__main__")
    found, expected = list(words(capsys.readouterr().out)), list(words(PRINTED[script]))
    assert [w for w in found if isinstance(w, str)] == [w for w in expected if isinstance(w, str)]
    assert found == [w if isinstance(w, str) else pytest.approx(w, rel=1e-13, abs=2e-10) for w in expected]


def started(*arguments, folder, **environment):
    """What `python -m autograd.dezero` does with these arguments."""
    environment = {**os.environ, "PYTHONPATH": str(Path(autograd.__file__).parents[1]), **environment}
    command = [sys.executable, "-m", "autograd.dezero", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_command_runs_a_script_as_python_would(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "beside.py").write_text("word = 'beside'")
    (tmp_path / "scripts" / "script.py").write_text(
        dedent("""
        import sys
        import dezero
        import dezero.functions as F
        from beside import word
        print(__name__, sys.argv, word, dezero.__version__, F.sum.__name__)
        if len(sys.argv) > 1:
            sys.exit(3)
        """)
    )
    installed = tmp_path / "installed" / "dezero"  # another dezero is no hindrance
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("raise RuntimeError")
    done = started("scripts/script.py", "-v", "2", folder=tmp_path, DEZERO="", PYTHONSAFEPATH="")
    assert done.stdout == "__main__ ['scripts/script.py', '-v', '2'] beside 0.0.13 sum\n"
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize("arguments, message", [((), "no script was given"), (("no.py",), "there is no file 'no.py'")])
def test_the_command_says_how_it_is_used(arguments, message, tmp_path):
    done = started(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Usage: python -m autograd.dezero script.py" in done.stderr


# Modules and names

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
        ("datasets.get_mnist", AttributeError, r"dezero\.datasets has no 'get_mnist' .* MNIST"),
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


# Variables


@pytest.mark.parametrize("data", [1.0, 2, [1.0, 2.0], np.float64(3.0), "x", Variable(np.ones(2))])
def test_a_variable_takes_only_arrays(data):
    with pytest.raises(TypeError, match="is not supported"):
        Variable(data)


def test_a_variable_shows_itself_as_in_dezero():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), name="x")
    assert repr(x) == "variable([[1. 2.]\n          [3. 4.]])"
    assert repr(Variable(None)) == "variable(None)"
    assert repr(Variable(np.array(2))) == "variable(2)"
    assert (x.name, x.shape, x.ndim, x.size, x.dtype, len(x)) == ("x", (2, 2), 2, 4, np.float64, 2)
    assert np.array_equal(x.T.data, x.data.T)
    assert np.array_equal(x.dot(x).data, x.data @ x.data)
    assert np.array_equal(x.reshape(4).data, x.reshape((4,)).data)
    assert x.transpose().shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (2, 2)
    assert (x.max().data, x.min(axis=0, keepdims=True).shape) == (4.0, (1, 2))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, a: x + a, lambda x, a: a + x, lambda x, a: x - a, lambda x, a: a - x, lambda x, a: x * a,
        lambda x, a: a * x, lambda x, a: x / a, lambda x, a: a / x, lambda x, a: 1 - x, lambda x, a: 2 / x + 1,
        lambda x, a: -x, lambda x, a: x**2, lambda x, a: x[0], lambda x, a: x.T, lambda x, a: x.sum(axis=0),
        lambda x, a: x @ a.T, lambda x, a: a @ x.T, lambda x, a: x.dot(a.T),
    ],
)  # fmt: skip
def test_every_operator_gives_a_variable_of_dezero(f):
    y = f(Variable(A), B)
    assert type(y) is Variable
    np.testing.assert_allclose(y.data, f(A, B), rtol=1e-15)


def test_data_can_wait_and_be_replaced():
    p = Parameter(None, name="W")
    assert p.data is None
    p.data = np.ones(3)
    y = F.sum(p * 2)
    y.backward()
    assert repr(p.grad) == "variable([2. 2. 2.])"
    p.data -= 0.5 * p.grad.data
    assert p.data.tolist() == [0, 0, 0]
    p.data = np.ones((2, 2))  # another shape
    p.cleargrad()
    F.sum(p * p).backward()
    assert p.grad.shape == (2, 2)
    with pytest.raises(TypeError, match="data is an array"):
        p.data = p * 2


def test_one_element_is_a_number_whatever_its_shape():
    x = Variable(np.array([[2.5]]))
    assert float(x.data) == 2.5
    assert int((x * 2).data + 0) == 5
    x.data += 1
    assert type(x.value) is np.ndarray
    assert float(x.data) == 3.5


def test_numbers_and_arrays():
    assert dezero.as_array(3.0).shape == ()
    assert dezero.as_array(np.float32(3)).dtype == np.float32
    x = Variable(A)
    assert dezero.as_array(x) is x
    assert dezero.as_variable(x) is x
    assert type(dezero.as_variable(autograd.Variable(A))) is Variable


def test_float32_stays_float32():
    x = Variable(np.ones((2, 2), np.float32))
    for y in (x * 2.0, 1 / x, x**0.5, x * np.float64(2), F.dropout(x, 0.5), F.clip(x, 0.0, 1.0), L.Linear(3)(x)):
        assert y.dtype == np.float32


# Backward passes


def test_gradients_add_up_until_they_are_cleared():
    x = Variable(np.array(3.0))
    (x * x).backward()
    (x + x).backward()
    assert repr(x.grad) == "variable(8.0)"
    x.cleargrad()
    assert x.grad is None


def test_retain_grad_gives_every_variable_of_the_graph_its_gradient():
    x = Variable(np.array(3.0))
    y = 2 * x**2
    inner = weakref.ref(y.creator.inputs[0])  # nobody but the graph holds it
    y.backward(retain_grad=True)
    assert (y.grad.data, inner().grad.data, x.grad.data) == (1, 2, 12)
    y = 2 * x**2
    inner = y.creator.inputs[0]
    y.backward()
    assert y.grad is None
    assert inner.grad is None


def test_a_gradient_that_is_set_is_the_seed():
    x = Variable(np.array([1.0, 2.0]))
    y = x * x
    y.grad = Variable(np.array([10.0, 100.0]))
    y.backward()
    assert x.grad.data.tolist() == [20, 400]
    assert y.grad is None


def test_gradients_are_never_shared():
    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    (a + b).backward()
    a.grad.data += 5
    assert b.grad.data.tolist() == [1, 1]


def test_backward_of_a_leaf_says_what_is_wrong():
    with pytest.raises(RuntimeError, match="no graph"):
        Variable(A).backward()


def test_integers_are_differentiated():
    x, c = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
    y = x**2 * 2 - c
    assert (y.data.tolist(), y.dtype.kind) == ([-8, -2, 8], "i")
    y.backward()
    assert (x.grad.data.tolist(), x.grad.dtype.kind) == ([4, 8, 12], "i")
    assert c.grad.data.tolist() == [-3]
    x.cleargrad()
    F.sum(F.exp(x / 2)).backward()
    np.testing.assert_allclose(x.grad.data, np.exp(x.data / 2) / 2)
    x.cleargrad()
    y = x**3
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward()
    assert x.grad.data.tolist() == [6, 12, 18]
    with dezero.no_grad():
        assert (x + c).data.tolist() == [11, 12, 13]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.conv2d(x.reshape(1, 1, 2, 3), x.reshape(1, 1, 3, 2)[:, :, :2], pad=1) ** 2,
        lambda x: F.batch_norm(x, x[0], x[1], np.zeros(3), np.ones(3)) ** 3,
        lambda x: F.max(x * x, axis=-1),
        F.sigmoid,
        F.softmax_simple,
        lambda x: F.sigmoid_cross_entropy(x * 100, np.ones((2, 3))),
    ],
    ids=["conv2d", "batch_norm", "max", "sigmoid", "softmax_simple", "sigmoid_cross_entropy"],
)
def test_second_derivatives_are_right(f):
    """Also where DeZero's crash or are wrong."""
    direction = np.arange(6.0).reshape(2, 3)

    def slope(x):
        gx = core.grad(F.sum(f(x)), x, create_graph=True)
        return F.sum(gx * direction)

    x = Variable(A.copy())
    found = core.grad(slope(x), x).data
    for index in np.ndindex(2, 3):
        h = np.zeros((2, 3))
        h[index] = 1e-6
        difference = (slope(Variable(A + h)).data - slope(Variable(A - h)).data) / 2e-6
        np.testing.assert_allclose(found[index], difference, rtol=1e-5, atol=1e-6)


def test_a_graph_can_be_walked():
    x = Variable(np.array(2.0))
    y = F.sin(x)
    z = y * y + 1
    product = z.creator.inputs[0]
    assert [type(v.creator).__name__ for v in (z, product, y)] == ["Add", "Mul", "Sin"]
    assert product.creator.inputs[0] is y
    assert y.creator.inputs[0] is x
    assert z.creator.outputs[0]() is z
    assert (x.generation, y.generation, product.generation, z.generation) == (0, 1, 2, 3)
    assert (x.creator, y.creator.generation) == (None, 0)
    np.testing.assert_allclose(y.creator.backward(Variable(np.array(3.0))).data, 3 * np.cos(2.0))
    z.unchain_backward()
    assert y.creator is None
    assert z.creator is not None


def test_a_graph_dies_by_reference_count():
    gc.collect()
    gc.disable()
    try:
        x = Variable(A)
        y = Square()(F.linear(F.sigmoid(x), Variable(B.T), None))
        F.sum(y).backward(retain_grad=True)
        references = [weakref.ref(v) for v in (y, y.creator.inputs[0], y.node, y.node.creator)]
        x.cleargrad()
        del y
        assert [r() for r in references] == [None] * 4
    finally:
        gc.enable()


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


# Functions that a script defines


class Square(dezero.Function):
    def forward(self, x):
        self.seen = type(x)
        y = x.copy()
        y[...] *= x  # an array also if it is 0-d
        return y

    def backward(self, gy):
        return 2 * self.inputs[0] * gy


class Exponential(dezero.Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        assert isinstance(gy, Variable)
        return gy * self.outputs[0]()


class SumAndProduct(dezero.Function):
    def forward(self, a, b):
        return a + b, a * b

    def backward(self, g0, g1):
        a, b = self.inputs
        return g0 + g1 * b, g0 + g1 * a


class Gate(dezero.Function):
    """Returns the gradient of its first input only, as DeZero lets it."""

    def forward(self, x, mask):
        return x * mask

    def backward(self, gy):
        _, mask = self.inputs
        return gy.data * mask.data


def test_a_function_has_inputs_and_outputs():
    x, f = Variable(np.array(3.0)), Square()
    y = f(x)
    assert issubclass(f.seen, np.ndarray)
    assert f.inputs[0] is x
    assert f.outputs[0]() is y
    assert y.creator is f
    assert (f.generation, y.generation) == (0, 1)
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward()
    assert (y.data, first.data, x.grad.data) == (9, 6, 2)


def test_functions_of_a_script():
    x = Variable(A)
    F.sum(Exponential()(Exponential()(x))).backward()
    np.testing.assert_allclose(x.grad.data, np.exp(np.exp(A)) * np.exp(A))
    a, b = Variable(A), Variable(B)
    both = SumAndProduct()(a, b)
    assert type(both) is list
    F.sum(both[0] * both[1]).backward()
    np.testing.assert_allclose(a.grad.data, A * B + (A + B) * B)
    mask = A > 0
    x.cleargrad()
    F.sum(Gate()(x, mask) * 2).backward()
    np.testing.assert_array_equal(x.grad.data, 2 * mask)
    whole = Variable(np.array([1, 2]))
    Square()(whole).backward()
    assert whole.grad.data.tolist() == [2, 4]
    assert Square()(np.ones(2)).data.tolist() == [1, 1]  # arrays become Variables


def test_a_discarded_output_is_no_error():
    a = Variable(A)
    product = SumAndProduct()(a, B)[1]
    F.sum(product).backward()
    np.testing.assert_allclose(a.grad.data, B)


def test_functions_without_formulas_say_so():
    with pytest.raises(NotImplementedError, match="define forward"):
        dezero.Function()(Variable(A))


def test_core_simple_has_arrays_for_gradients():
    class Cube(core_simple.Function):
        def forward(self, x):
            return x**3

        def backward(self, gy):
            assert isinstance(gy, np.ndarray)
            return 3 * self.inputs[0].data ** 2 * gy

    x = core_simple.Variable(np.array(2.0))
    y = Cube()(x) + x * 1
    y.backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 13
    (x * x).backward()
    assert x.grad == 17
    x.data -= 0.5 * x.grad
    assert repr(x) == "variable(-6.5)"
    assert type(core_simple.as_variable(A)) is core_simple.Variable


# Functions


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


LABELS = np.array([2, 0])
VALUES = [
    ("sin", (A,), np.sin(A)),
    ("cos", (A,), np.cos(A)),
    ("tanh", (A,), np.tanh(A)),
    ("exp", (A,), np.exp(A)),
    ("log", (A * A,), np.log(A * A)),
    ("add", (A, B), A + B),
    ("sub", (A, B), A - B),
    ("rsub", (A, B), B - A),
    ("mul", (A, B), A * B),
    ("div", (A, B), A / B),
    ("rdiv", (A, B), B / A),
    ("neg", (A,), -A),
    ("pow", (A, 3), A**3),
    ("reshape", (A, (3, 2)), A.reshape(3, 2)),
    ("expand_dims", (A, 1), A[:, None]),
    ("flatten", (A[:, :, None],), A),
    ("transpose", (A,), A.T),
    ("transpose", (A, (1, 0)), A.T),
    ("sum", (A,), A.sum()),
    ("sum", (A, 0, True), A.sum(0, keepdims=True)),
    ("sum_to", (A, (1, 3)), A.sum(0, keepdims=True)),
    ("broadcast_to", (A, (2, 2, 3)), np.broadcast_to(A, (2, 2, 3))),
    ("average", (A, 1), A.mean(1)),
    ("mean", (A,), A.mean()),
    ("matmul", (A, B.T), A @ B.T),
    ("linear", (A, B.T, LABELS), A @ B.T + LABELS),
    ("linear", (A, B.T), A @ B.T),
    ("linear_simple", (A, B.T, LABELS), A @ B.T + LABELS),
    ("linear_simple", (A, B.T), A @ B.T),
    ("get_item", (A, (slice(None), [0, 0, 2])), A[:, [0, 0, 2]]),
    ("sigmoid", (A,), 1 / (1 + np.exp(-A))),
    ("sigmoid_simple", (A,), 1 / (1 + np.exp(-A))),
    ("relu", (A,), A * (A > 0)),
    ("leaky_relu", (A,), np.where(A > 0, A, 0.2 * A)),
    ("softmax", (A,), softmax(A)),
    ("softmax_simple", (A,), softmax(A)),
    ("log_softmax", (A,), np.log(softmax(A))),
    ("max", (A, 1), A.max(1)),
    ("min", (A, 0, True), A.min(0, keepdims=True)),
    ("clip", (A, -0.1, 0.1), A.clip(-0.1, 0.1)),
    ("mean_squared_error", (A, B), ((A - B) ** 2).sum() / 2),
    ("mean_squared_error", (A[:1, :1], B[0, :1]), (A[0, 0] - B[0, 0]) ** 2),  # broadcast, as the course needs it
    ("mean_squared_error_simple", (A, B), ((A - B) ** 2).sum() / 2),
    ("softmax_cross_entropy", (A, LABELS), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("softmax_cross_entropy", (A, LABELS.astype(np.uint8)), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("softmax_cross_entropy_simple", (A, LABELS), -np.log(softmax(A))[[0, 1], LABELS].mean()),
    ("sigmoid_cross_entropy", (A, A > 0), np.log1p(np.exp(-abs(A))).sum() / 2),
    ("binary_cross_entropy", (softmax(A), A > 0), None),
    ("accuracy", (A, A.argmax(1)), 1.0),
    ("accuracy", (A, A.argmax(1) * [1, -1]), 0.5 if A.argmax(1)[1] else 1.0),
    ("embed_id", (LABELS[:1] - 1, A), A[[1]]),
]  # fmt: skip


@pytest.mark.parametrize("name, args, expected", VALUES, ids=[f"{i}-{row[0]}" for i, row in enumerate(VALUES)])
def test_values_of_functions(name, args, expected):
    f = getattr(F, name)
    if expected is None:
        p, t = args[0].clip(1e-15, 0.999), args[1]
        expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum() / len(p)
    variables = [Variable(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in args]
    on_arrays = name == "embed_id"  # which is W[x]
    for y in (f(*variables), *([] if on_arrays else [f(*args)])):
        assert type(y) is Variable
        np.testing.assert_allclose(y.data, expected, rtol=1e-13)
    if name != "accuracy":
        s = F.sum(f(*variables) ** 2)
        s.backward()  # the gradient in the first Variable, against a difference
        i = next(i for i, x in enumerate(variables) if isinstance(x, Variable))
        gx, h = variables[i].grad.data, np.zeros(args[i].shape)
        h.flat[0] = 1e-6
        ends = [F.sum(f(*args[:i], Variable(args[i] + sign * h), *args[i + 1 :]) ** 2).data for sign in (1, -1)]
        np.testing.assert_allclose(gx.flat[0], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-7)


def test_functions_as_classes():
    x = Variable(A)
    pairs = [
        (F.Sin()(x), F.sin(x)),
        (F.Sum(0, False)(x), F.sum(x, 0)),
        (F.Reshape((6,))(x), F.reshape(x, (6,))),
        (F.Softmax(axis=0)(x), F.softmax(x, axis=0)),
        (F.GetItem(1)(x), x[1]),
        (F.Max(1, True)(x), F.max(x, axis=1, keepdims=True)),
        (F.MeanSquaredError()(x, B), F.mean_squared_error(x, B)),
        (dezero.core.Pow(2)(x), x**2),
        (dezero.core.Add()(x, B), x + B),
    ]
    for y, z in pairs:
        np.testing.assert_array_equal(y.data, z.data)


def test_the_gradient_of_an_element_is_a_function_too():
    gy = Variable(np.array([1.0, 2.0, 4.0]))
    gx = F.GetItemGrad(np.array([0, 2, 0]), (4,))(gy)
    assert gx.data.tolist() == [5, 0, 2, 0]
    (gx * np.arange(4)).backward()
    assert gy.grad.data.tolist() == [0, 2, 0]


def test_arguments_can_be_named():
    x = Variable(A)
    assert F.sum(x, axis=0, keepdims=True).shape == (1, 3)
    assert F.sum(x=x).shape == ()
    W, b = Variable(B.T), Variable(np.ones(2))
    F.sum(F.linear(x, W, b=b)).backward()
    assert b.grad.data.tolist() == [2, 2]


def test_equal_maxima_all_get_the_gradient():
    x = Variable(np.array([1.0, 3.0, 3.0]))
    F.max(x).backward()
    assert x.grad.data.tolist() == [0, 1, 1]


def test_dropout_draws_from_the_global_generator():
    np.random.seed(7)
    mask = np.random.rand(2, 3) > 0.3
    np.random.seed(7)
    np.testing.assert_allclose(F.dropout(A, dropout_ratio=0.3).data, A * mask / 0.7)


IMAGE = np.random.default_rng(2).standard_normal((2, 3, 5, 6))
FILTERS = np.random.default_rng(3).standard_normal((4, 3, 3, 2))


def convolved(x, W, stride, pad):
    (SH, SW), (PH, PW) = stride, pad
    x = np.pad(x, [(0, 0), (0, 0), (PH, PH), (PW, PW)])
    KH, KW = W.shape[2:]
    rows, columns = range(0, x.shape[2] - KH + 1, SH), range(0, x.shape[3] - KW + 1, SW)
    y = [[(x[:, None, :, i : i + KH, j : j + KW] * W).sum((2, 3, 4)) for j in columns] for i in rows]
    return np.array(y).transpose(2, 3, 0, 1)


def test_convolutions():
    b = np.arange(4.0)
    expected = convolved(IMAGE, FILTERS, (2, 1), (1, 0)) + b[:, None, None]
    np.testing.assert_allclose(F.conv2d(IMAGE, FILTERS, b, stride=(2, 1), pad=(1, 0)).data, expected)
    np.testing.assert_allclose(F.conv2d_simple(IMAGE, FILTERS, b, (2, 1), (1, 0)).data, expected)
    assert dezero.functions_conv.conv2d is F.conv2d
    y = np.random.default_rng(4).standard_normal(expected.shape)
    x = F.deconv2d(y, FILTERS, stride=(2, 1), pad=(1, 0), outsize=(5, 6))  # the adjoint
    np.testing.assert_allclose((x.data * IMAGE).sum(), (y * (expected - b[:, None, None])).sum())
    assert F.deconv2d(y, FILTERS, stride=2).shape == (2, 3, 7, 10)


def test_columns():
    cols = F.im2col(IMAGE, (2, 3), stride=1, pad=1)
    six = F.im2col(IMAGE, (2, 3), stride=1, pad=1, to_matrix=False)
    assert (cols.shape, six.shape) == ((2 * 6 * 6, 18), (2, 3, 2, 3, 6, 6))
    np.testing.assert_array_equal(six.data.transpose(0, 4, 5, 1, 2, 3).reshape(72, 18), cols.data)
    back = F.col2im(cols, IMAGE.shape, (2, 3), 1, 1)
    np.testing.assert_allclose((back.data * IMAGE).sum(), (cols.data**2).sum())
    np.testing.assert_allclose(F.col2im(six, IMAGE.shape, (2, 3), 1, 1, to_matrix=False).data, back.data)
    conv = dezero.functions_conv
    for to_matrix, y in ((True, cols), (False, six)):  # arrays in, an array out
        array = conv.im2col_array(img=IMAGE, kernel_size=(2, 3), stride=1, pad=1, to_matrix=to_matrix)
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, y.data)
        again = conv.col2im_array(
            col=array, img_shape=IMAGE.shape, kernel_size=(2, 3), stride=1, pad=1, to_matrix=to_matrix
        )
        assert type(again) is np.ndarray
        np.testing.assert_allclose(again, back.data)


def test_pooling():
    windows = IMAGE[:, :, :4].reshape(2, 3, 2, 2, 3, 2)
    for pooling in (F.pooling, F.pooling_simple):
        np.testing.assert_array_equal(pooling(IMAGE, 2, 2).data, windows.max((3, 5)))
    np.testing.assert_allclose(F.average_pooling(IMAGE, kernel_size=2, stride=2).data, windows.mean((3, 5)))
    assert (F.pooling(-np.ones((1, 1, 2, 2)), 2, 1, 1).data == -1).all()  # padding never wins


def test_batch_norm():
    mean, var = np.zeros(3), np.ones(3)
    y = F.batch_nrom(IMAGE, np.ones(3), np.zeros(3), mean, var)
    m, v, n = IMAGE.mean((0, 2, 3)), IMAGE.var((0, 2, 3)), 60
    expected = (IMAGE - m[:, None, None]) / np.sqrt(v + 2e-5)[:, None, None]
    np.testing.assert_allclose(y.data, expected)
    np.testing.assert_allclose(mean, 0.1 * m)
    np.testing.assert_allclose(var, 0.9 + 0.1 * v * n / (n - 1))
    with dezero.test_mode():
        x = Variable(IMAGE)
        y = F.batch_norm(x, np.ones(3), np.zeros(3), mean, var)
        F.sum(y).backward()
    np.testing.assert_allclose(y.data[0, 1], (IMAGE[0, 1] - mean[1]) / np.sqrt(var[1] + 2e-5))


# Layers and models


def test_weights_are_drawn_in_the_order_of_dezero():
    np.random.seed(5)
    first, later = L.Linear(4, in_size=3), L.Linear(2)
    assert later.W.data is None
    later(first(A))
    np.random.seed(5)
    for layer, (n, m) in ((first, (3, 4)), (later, (4, 2))):
        W = np.random.randn(n, m).astype(np.float32) * np.float32(np.sqrt(1 / n))
        np.testing.assert_array_equal(layer.W.data, W)
    assert (first.W.name, first.b.name, first.W.dtype) == ("W", "b", np.float32)
    assert L.Linear(2, True, np.float64, 3).W.dtype == np.float64
    assert L.Linear(2, nobias=True).b is None
    np.random.seed(5)
    conv, deconv, embed = L.Conv2d(4, (3, 2), in_channels=3), L.Deconv2d(4, 2, in_channels=3), L.EmbedID(5, 2)
    np.random.seed(5)
    np.testing.assert_allclose(conv.W.data, np.random.randn(4, 3, 3, 2) * np.sqrt(1 / 18), rtol=1e-6)
    np.testing.assert_allclose(deconv.W.data, np.random.randn(3, 4, 2, 2) * np.sqrt(1 / 12), rtol=1e-6)
    np.testing.assert_array_equal(embed.W.data, np.random.randn(5, 2))
    np.testing.assert_array_equal(embed(np.array([1, 1])).data, embed.W.data[[1, 1]])


def test_recurrent_layers():
    rnn, lstm = L.RNN(4, in_size=3), L.LSTM(4)
    assert (rnn.x2h.W.shape, rnn.h2h.W.shape, rnn.h2h.b) == ((3, 4), (4, 4), None)
    for layer in (rnn, lstm):
        assert layer.h is None
        layer(A)
        h = layer.h
        assert layer(A) is layer.h
        assert layer.h is not h
        F.sum(layer.h).backward()
        assert all(p.grad is not None for p in layer.params())
    x, h = A @ rnn.x2h.W.data, np.tanh(A @ rnn.x2h.W.data)
    np.testing.assert_allclose(rnn.h.data, np.tanh(x + h @ rnn.h2h.W.data))
    net = models.Sequential(rnn, L.Linear(1))
    net.reset_state()
    assert rnn.h is None
    lstm.reset_state()
    assert lstm.h is lstm.c is None


class Net(dezero.Model):
    def __init__(self):
        super().__init__()
        self.body = models.MLP((4, 3), activation=F.relu)
        self.norm = L.BatchNorm()
        self.more = [L.Linear(2, in_size=3)]

    def forward(self, x):
        return self.more[0](self.norm(self.body(x)))


def test_layers_know_their_parameters():
    net = Net()
    y = net(A)
    assert net._params == {"body", "norm"}
    names = {}
    net._flatten_params(names)
    linear, norm = ("body/l0", "body/l1", "more/0"), ("avg_mean", "avg_var", "gamma", "beta")
    expected = [f"{path}/{name}" for path in linear for name in "Wb"] + [f"norm/{name}" for name in norm]
    assert sorted(names) == sorted(expected)  # also what is in a list, which DeZero loses
    assert len(list(net.params())) == 10
    F.sum(y).backward()
    assert net.body.l0.W.grad is not None
    net.cleargrads()
    assert all(p.grad is None for p in net.params())
    assert net.outputs[0]() is y
    assert net.body.l1.outputs[0]().shape == (2, 3)  # held by the graph
    assert isinstance(net, autograd.layers.Layer)


def test_a_shared_layer_is_updated_once():
    net = models.Sequential(layer := L.Linear(3, in_size=3), layer)
    optimizer = optimizers.SGD(1.0).setup(net)
    F.sum(net(A)).backward()
    before, gradient = layer.b.data.copy(), layer.b.grad.data
    optimizer.update()
    np.testing.assert_allclose(layer.b.data, before - gradient, rtol=1e-6)


def test_weights_are_saved_and_loaded(tmp_path):
    net, other = Net(), Net()
    with pytest.raises(RuntimeError, match=r"body/l0/W.*Call the model once"):
        net.save_weights(tmp_path / "early.npz")
    assert not list(tmp_path.iterdir())
    y = net(A)
    net.save_weights(tmp_path / "net")
    with np.load(tmp_path / "net.npz") as npz:
        assert "body/l0/W" in npz.files
    other.load_weights(tmp_path / "net.npz")
    with dezero.test_mode():
        np.testing.assert_array_equal(other(A).data, net(A).data)
    assert y.shape == (2, 2)
    np.savez(tmp_path / "half.npz", **{"body/l0/W": np.ones(2)})
    with pytest.raises(KeyError, match="body/l0/b"):
        other.load_weights(tmp_path / "half.npz")
    serialize.save(net, tmp_path / "ours.npz")  # it is a layer of ours too


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

    monkeypatch.setattr("autograd.drawing.picture.render", failing)
    with pytest.warns(UserWarning, match=r"y\.dot was written instead: out of ink"):
        utils.plot_dot_graph(Variable(A) * 2, to_file=str(tmp_path / "y.png"))
    assert (tmp_path / "y.dot").exists()


def test_large_networks():
    class Small(models.VGG16):
        blocks = ((2, 1), (2, 2))

        def __init__(self):
            super().__init__()
            self.fc6, self.fc7, self.fc8 = L.Linear(4), L.Linear(4), L.Linear(3)

    net = Small()
    assert net(np.zeros((1, 3, 8, 8), np.float32)).shape == (1, 3)
    assert "conv2_2/W" in dict(autograd.dezero.layers.paths(net))
    net = models.ResNet50()
    names = [name for name, _ in autograd.dezero.layers.paths(net)]
    assert {"conv1/W", "bn1/gamma", "res2/a/conv4/W", "res3/b3/bn3/avg_var", "fc6/b"} <= set(names)
    with dezero.no_grad():
        assert net(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 1000)
    with pytest.raises(ValueError, match="50, 101 or 152"):
        models.ResNet(18)


def test_blocks_of_the_residual_network():
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 6))
    for second in (False, True):  # the convolution that has the stride
        block = models.BottleneckA(4, 2, 8, downsample_fb=second)
        assert block(x).shape == (2, 8, 3, 3)
        assert (block.conv1.stride, block.conv2.stride) == ((1, 2) if second else (2, 1))
    assert models.BottleneckB(4, 2)(x).shape == x.shape
    block = models.BuildingBlock(3, 4, 2, 8, 1)
    assert block(x).shape == (2, 8, 6, 6)
    assert sorted(block._params) == ["a", "b1", "b2"]


def test_squeezenet():
    net = models.SqueezeNet()
    y = net(np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32))
    assert (type(y), y.shape, y.dtype) == (Variable, (1, 1000), np.float32)
    y.backward()
    assert all(p.grad.shape == p.shape for p in net.params())
    assert sum(p.size for p in net.params()) == 1_248_424
    with pytest.raises(ValueError, match="pretrained must be False"):
        models.SqueezeNet(pretrained=True)


def test_pictures_are_prepared_for_vgg():
    image = pytest.importorskip("PIL.Image")
    red = image.new("RGB", (30, 20), (255, 0, 0))
    x = models.VGG16.preprocess(red)
    assert (x.shape, x.dtype) == ((3, 224, 224), np.float32)
    np.testing.assert_allclose(x[:, 0, 0], [-103.939, -116.779, 255 - 123.68])
    assert models.VGG16.preprocess(red, size=None).shape == (3, 20, 30)


# Optimizers

G1, G2 = np.array([0.5, -1.0]), np.array([0.25, 2.0])


def trained(optimizer, *hooks):
    """A parameter at 1 after two updates with G1 and G2 for gradients."""
    net = dezero.Model()
    net.p = Parameter(np.ones(2))
    assert optimizer.setup(net) is optimizer
    for hook in hooks:
        optimizer.add_hook(hook)
    for g in (G1, G2):
        net.p.grad = Variable(g.copy())
        optimizer.update()
    return net.p.data


def adam(alpha=0.001, b1=0.9, b2=0.999):
    p = np.ones(2)
    m = v = np.zeros(2)
    for t, g in enumerate((G1, G2), 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        p = p - alpha * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + 1e-8)
    return p


def adadelta(rho=0.95, eps=1e-6):
    p, u, v = np.ones(2), np.zeros(2), np.zeros(2)
    for g in (G1, G2):
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt((u + eps) / (v + eps)) * g
        u = rho * u + (1 - rho) * d**2
        p = p - d
    return p


NORM = np.sqrt((G2**2).sum())


@pytest.mark.parametrize(
    "optimizer, hooks, expected",
    [
        (lambda: optimizers.SGD(0.1), (), 1 - 0.1 * (G1 + G2)),
        (lambda: optimizers.SGD(), (), 1 - 0.01 * (G1 + G2)),
        (lambda: optimizers.MomentumSGD(0.1, 0.5), (), 1 - 0.1 * (1.5 * G1 + G2)),
        (lambda: optimizers.AdaGrad(0.1), (), 1 - 0.1 * (np.sign(G1) + G2 / np.hypot(G1, G2))),
        (lambda: optimizers.AdaDelta(), (), adadelta()),
        (lambda: optimizers.Adam(), (), adam()),
        (lambda: optimizers.Adam(0.1, beta1=0.5), (), adam(0.1, 0.5)),
        (lambda: optimizers.SGD(0.1), (lambda: optimizers.WeightDecay(2.0),), 0.8 * (0.8 - 0.1 * G1) - 0.1 * G2),
        (lambda: optimizers.SGD(1.0), (lambda: optimizers.ClipGrad(1.5),), 1 - G1 - 1.5 / NORM * G2),
    ],
)
def test_optimizers_and_hooks(optimizer, hooks, expected):
    found = trained(optimizer(), *[hook() for hook in hooks])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_frozen_parameters_stay():
    net = models.MLP((3, 2))
    optimizer = optimizers.SGD(0.1).setup(net)
    optimizer.add_hook(optimizers.FreezeParam(net.l0, net.l1.b))
    optimizer.add_hook(optimizers.WeightDecay(0.1))
    F.sum(net(A)).backward()
    before = [p.data.copy() for p in (net.l0.W, net.l1.b, net.l1.W)]
    optimizer.update()
    same = [np.array_equal(p.data, old) for p, old in zip((net.l0.W, net.l1.b, net.l1.W), before)]
    assert same == [True, True, False]


def test_an_optimizer_of_a_script():
    class Half(optimizers.Optimizer):
        def update_one(self, param):
            param.data *= 0.5

    assert trained(Half()).tolist() == [0.25, 0.25]
    with pytest.raises(NotImplementedError, match="define update_one"):
        trained(optimizers.Optimizer())


# Data


class Squares(dezero.Dataset):
    def prepare(self):
        self.data = np.arange(7.0)
        self.label = self.data**2


def test_a_dataset_has_transforms():
    data = Squares(transform=lambda x: x + 1, target_transform=lambda t: -t)
    assert (len(data), data[2], data.train) == (7, (3.0, -4.0), True)
    assert dezero.Dataset.__getitem__(data, 2) == (3.0, -4.0)
    data.label = None
    assert data[2] == (3.0, None)
    with pytest.raises(TypeError, match="one element at a time"):
        data[1:3]


def test_a_loader_is_its_own_iterator():
    np.random.seed(6)
    loader = dezero.DataLoader(Squares(), 3)
    epochs = [[x.tolist() for x, _ in loader] for _ in range(2)]
    np.random.seed(6)
    for epoch in epochs:
        order = np.random.permutation(7).astype(float).tolist()
        assert epoch == [order[:3], order[3:6], order[6:]]
    loader = dezero.DataLoader(Squares(), 3, shuffle=False)
    x, t = next(loader)
    assert (x.tolist(), t.tolist()) == ([0, 1, 2], [0, 1, 4])
    assert loader.next()[0].tolist() == [3, 4, 5]
    assert (loader.max_iter, loader.data_size, loader.batch_size, loader.gpu) == (3, 7, 3, False)
    loader.reset()
    assert loader.next()[0].tolist() == [0, 1, 2]
    loader.to_gpu()
    assert loader.gpu
    loader.to_cpu()
    assert not loader.gpu


def test_rows_of_a_sequential_loader_follow_the_data():
    batches = [x.tolist() for x, _ in dezero.SeqDataLoader(Squares(), 3)]
    assert batches == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]


def test_the_spiral_seeds_the_global_generator():
    np.random.seed(0)
    data = datasets.Spiral(train=False)
    x, t = spiral("test")
    np.testing.assert_array_equal(data.data, x)
    np.testing.assert_array_equal(data.label, t)
    after = np.random.rand()
    datasets.get_spiral(train=False)
    assert np.random.rand() == after


def test_the_sine():
    np.random.seed(1)
    data = datasets.SinCurve()
    np.random.seed(1)
    y = np.sin(np.linspace(0, 2 * np.pi, 1000)) + np.random.uniform(-0.05, 0.05, 1000)
    assert (len(data), data.data.dtype) == (999, np.float64)
    np.testing.assert_array_equal(data[5], (y[5:6], y[6:7]))
    np.testing.assert_allclose(datasets.SinCurve(train=False).data[:, 0], np.cos(np.linspace(0, 2 * np.pi, 1000))[:-1])


def test_mnist_is_read_from_the_cache_of_dezero_too(tmp_path, monkeypatch):
    asked = []

    def read(source, name, folder=None):
        asked.append(folder)
        if folder is not None and "labels" in name:
            raise FileNotFoundError
        if "images" in name:
            return bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, *range(256), *[0] * 528])
        return bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])

    monkeypatch.setattr(autograd.dezero.data, "read", read)
    data = datasets.MNIST(train=False)
    x, t = data[0]
    assert (x.shape, x.dtype, t, data.data.shape) == ((784,), np.float32, 7, (1, 1, 28, 28))
    np.testing.assert_allclose(x[:3], np.arange(3) / 255, rtol=1e-6)
    assert asked == [autograd.dezero.data.cache_dir, autograd.dezero.data.cache_dir, None]
    assert datasets.MNIST.labels()[3] == "3"
    assert autograd.dezero.data.PUBLISHED is sources.MNIST


def packed(path, files):
    """A `.tar.gz` of these files, as a data set is published, with its size and its SHA-256."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"a folder/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    content = path.read_bytes()
    return autograd.dezero.cifar.Archive(path.as_uri(), len(content), hashlib.sha256(content).hexdigest())


def photographs(*labels):
    """Rows of labels and pixels, the published format of CIFAR: pixels are as bright as the first label."""
    return b"".join(bytes([*row]) + bytes([row[0]]) * 3072 for row in labels)


def test_cifar(tmp_path, monkeypatch):
    monkeypatch.setattr(autograd.dezero.data, "cache_dir", str(tmp_path / "cache"))
    batches = {f"data_batch_{i}.bin": photographs((i,), (9 - i,)) for i in range(1, 6)}
    ten = packed(tmp_path / "ten.tar.gz", {"readme.html": b"", **batches, "test_batch.bin": photographs((7,))})
    monkeypatch.setattr(datasets.CIFAR10, "archive", ten)
    train, test = datasets.CIFAR10(), datasets.CIFAR10(train=False, transform=transforms.Flatten())
    assert (train.data.shape, train.data.dtype) == ((10, 3, 32, 32), np.uint8)
    assert train.label.tolist() == [1, 8, 2, 7, 3, 6, 4, 5, 5, 4]
    x, t = train[1]
    assert (x.shape, x.dtype, x[0, 0, 0], t) == ((3, 32, 32), np.float32, 15.0, 8)
    x, t = test[0]
    assert (len(test), x.tolist(), datasets.CIFAR10.labels()[t]) == (1, [7] * 3072, "horse")
    hundred = packed(tmp_path / "hundred.tar.gz", {"train.bin": photographs((11, 98)), "test.bin": photographs((4, 0))})
    monkeypatch.setattr(datasets.CIFAR100, "archive", hundred)
    for kind, names in (
        ("fine", ("woman", "apple")),
        ("coarse", ("large omnivores and herbivores", "fruit and vegetables")),
    ):
        found = [datasets.CIFAR100(train, label_type=kind).label[0] for train in (True, False)]
        assert tuple(datasets.CIFAR100.labels(kind)[i] for i in found) == names
    fine = list(datasets.CIFAR100.labels().values())
    assert (len(set(fine)), fine) == (100, sorted(fine))
    with pytest.raises(ValueError, match="'fine' or 'coarse', not 'medium'"):
        datasets.CIFAR100(label_type="medium")


def test_an_archive_is_what_its_sum_says(tmp_path, monkeypatch):
    monkeypatch.setattr(autograd.dezero.data, "cache_dir", str(tmp_path / "cache"))
    archive = packed(tmp_path / "a.tar.gz", {"test_batch.bin": photographs((3,))})
    monkeypatch.setattr(datasets.CIFAR10, "archive", archive)
    kept = tmp_path / "cache" / "a.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(b"cut short")  # is fetched again
    assert datasets.CIFAR10(train=False).label.tolist() == [3]
    (tmp_path / "a.tar.gz").unlink()
    assert datasets.CIFAR10(train=False).label.tolist() == [3]  # from the cache
    kept.write_bytes(b"cut short")
    with pytest.raises(RuntimeError, match=r"put the file behind file:.*a\.tar\.gz at .*cache"):
        datasets.CIFAR10(train=False)
    (tmp_path / "a.tar.gz").write_bytes(b"another")
    with pytest.raises(RuntimeError, match="of 7 bytes, is not the published one"):
        datasets.CIFAR10(train=False)


def test_images_are_shown(tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    shown = []
    monkeypatch.setattr(pyplot, "imshow", lambda image, **options: shown.append(image))
    monkeypatch.setattr(pyplot, "axis", lambda which: None)
    monkeypatch.setattr(pyplot, "show", lambda: None)
    for kind, channels in ((datasets.MNIST, 1), (datasets.CIFAR10, 3)):
        data = kind.__new__(kind)
        data.data = np.stack([np.full((channels, 4, 5), i, np.uint8) for i in range(9)])
        np.random.seed(2)
        data.show(row=2, col=3)
        np.random.seed(2)
        drawn = np.array([np.random.randint(0, 8) for _ in range(6)]).reshape(2, 3)
        assert shown[-1].shape == (8, 15, channels)
        np.testing.assert_array_equal(shown[-1][::4, ::5, 0], drawn)


def test_arrays_are_kept_where_dezero_keeps_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(autograd.dezero.data, "cache_dir", str(tmp_path / "cache"))
    assert datasets.load_cache_npz("https://a.host/things.gz", train=True) == (None, None)
    path = datasets.save_cache_npz(A, B, "https://a.host/things.gz", train=True)
    assert path == str(tmp_path / "cache" / "things.gz.train.npz")
    assert datasets.save_cache_npz(B, A, "things.gz", train=True) is None  # there already
    found = datasets.load_cache_npz("things.gz", train=True)
    np.testing.assert_array_equal(found, (A, B))
    assert datasets.load_cache_npz("things.gz") == (None, None)
    assert capsys.readouterr().out == "Saving: things.gz.train.npz\n Done\n"


def test_files_are_fetched_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(autograd.dezero.data, "cache_dir", str(tmp_path / "cache"))
    source = tmp_path / "labels.txt"
    source.write_text("{0: 'tench, Tinca tinca', 1: 'goldfish'}")
    path = utils.get_file(source.as_uri())
    assert Path(path).parent == tmp_path / "cache"
    source.unlink()
    assert utils.get_file(source.as_uri()) == path
    assert "Downloading: labels.txt\n Done" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"put the file at .*other\.txt"):
        utils.get_file(source.as_uri(), "other.txt")
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["labels.txt"]
    Path(path).rename(tmp_path / "cache" / "imagenet1000_clsidx_to_labels.txt")
    assert datasets.ImageNet.labels()[1] == "goldfish"
    (tmp_path / "cache" / "shakespear.txt").write_text("to be")
    text = datasets.Shakespear()
    assert [text.id_to_char[i] for i in text.label] == list("o be")


def test_transforms():
    image = pytest.importorskip("PIL.Image")
    array = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    picture = image.fromarray(array)
    T = transforms
    bgr = T.ToArray()(T.Convert("BGR")(picture))
    np.testing.assert_array_equal(bgr, array.transpose(2, 0, 1)[::-1])
    assert bgr.dtype == np.float32
    assert T.Convert("L")(picture).mode == "L"
    assert T.Resize((5, 4))(picture).size == (5, 4)
    assert T.Resize(4)(picture).size == (4, 4)
    np.testing.assert_array_equal(np.asarray(T.CenterCrop((4, 2))(picture)), array[2:4, 2:6])
    np.testing.assert_array_equal(np.asarray(T.ToPIL()(T.ToArray(np.uint8)(picture))), array)
    x = T.Compose([T.ToFloat(), T.Normalize((1, 2, 3), (4, 5, 6))])(array.transpose(2, 0, 1))
    np.testing.assert_allclose(x, ((array - [1, 2, 3]) / [4, 5, 6]).transpose(2, 0, 1), rtol=1e-6)
    flip = T.RandomHorizontalFlip()
    np.random.seed(0)
    mirrored = [bool((np.asarray(flip(picture)) != array).any()) for _ in range(20)]
    np.random.seed(0)
    assert mirrored == [np.random.rand() < 0.5 for _ in range(20)]
    assert T.Flatten()(A).shape == (6,)
    assert T.ToInt()(A).dtype == int
    assert T.Compose()(A) is A
    np.testing.assert_allclose(T.Normalize(1.0, 2.0)(A), (A - 1) / 2)
    with pytest.raises(TypeError, match="a picture of Pillow"):
        T.ToArray()("cat.png")


# Utilities


def test_gradient_check(capsys):
    assert utils.gradient_check(F.sin, A)
    assert utils.gradient_check(F.matmul, Variable(A.astype(np.float32)), B.T)
    assert utils.gradient_check(lambda x, k: x**k, A, k=3)

    class Wrong(dezero.Function):
        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            return 3 * gy

    assert not utils.gradient_check(Wrong(), A)
    assert "FAILED (Gradient Check)" in capsys.readouterr().out
    np.testing.assert_allclose(utils.numerical_grad(lambda x: x**2, A.copy()), 2 * A, rtol=1e-6)


def test_small_utilities():
    assert utils.array_equal(A, Variable(A))
    assert utils.array_allclose(Variable(A), A + 1e-7)
    assert not utils.array_equal(A, B)
    assert utils.sum_to(A, (1, 3)).shape == (1, 3)
    assert utils.sum_to(A, (3,)).shape == (3,)
    np.testing.assert_allclose(utils.logsumexp(A), np.log(np.exp(A).sum(1, keepdims=True)))
    assert utils.reshape_sum_backward(Variable(A.sum(1)), (2, 3), 1, False).shape == (2, 1)
    assert utils.reshape_sum_backward(Variable(np.ones(())), (2, 3), None, False).shape == (1, 1)
    assert utils.max_backward_shape(A, 1) == [2, 1]
    assert (utils.pair(3), utils.pair((1, 2))) == ((3, 3), (1, 2))
    assert (utils.get_conv_outsize(4, 3, 1, 1), utils.get_deconv_outsize(4, 3, 2, 1)) == (4, 7)
    with pytest.raises(ValueError, match="a tuple of two"):
        utils.pair((1, 2, 3))


def test_progress_is_one_line(capsys):
    for blocks in range(5):
        utils.show_progress(blocks, 8, 30)
    lines = capsys.readouterr().out.split("\r")
    assert lines[1] == f"[{'.' * 30}] 0.00%"
    assert lines[3] == f"[{'#' * 16}{'.' * 14}] 53.33%"
    assert lines[5] == f"[{'#' * 30}] 100.00%"


def test_cuda():
    assert cuda.gpu_enable is autograd.gpu_available()
    assert cuda.get_array_module(Variable(A)) is np
    assert cuda.as_numpy(Variable(A)) is A
    assert cuda.as_numpy(3.0).shape == ()
    net = L.Linear(2)
    net.to_cpu()
    net(A)
    net.to_cpu()
    if not cuda.gpu_enable:
        with pytest.raises(RuntimeError, match="CuPy"):
            cuda.as_cupy(A)
        with pytest.raises(RuntimeError, match="CuPy"):
            net.to_gpu()
