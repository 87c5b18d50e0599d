"""Whole scripts, run by the command or in the process. DeZero 0.0.13, on NumPy 1.23, printed the expected texts."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import autograd
from tests.compat.dezero.samples import numpys_own

pytestmark = numpys_own

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


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "no script was given"),
        (("no.py",), "there is no file 'no.py'"),
        (("-m",), "there is no file '-m'"),
        (("-x", "no.py"), "there is no file '-x'"),
    ],
)
def test_the_command_says_how_it_is_used(arguments, message, tmp_path):
    done = started(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "usage: python -m autograd.dezero script.py" in done.stderr


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_the_command_has_a_help(word, tmp_path):
    done = started(word, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m autograd.dezero script.py [arguments]")


def test_the_command_runs_a_text(tmp_path):
    text = """
import pickle, sys
import numpy as np
import dezero
class Double(dezero.Layer):
    def forward(self, x):
        return x * 2
print(__name__, sys.argv, pickle.loads(pickle.dumps(Double()))(dezero.Variable(np.ones(2))))
"""
    done = started("-c", text, "--verbose", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("__main__ ['-c', '--verbose'] variable([2. 2.])\n", "")


def test_the_command_runs_a_module(tmp_path):
    (tmp_path / "test_sum.py").write_text(
        dedent("""
        import unittest
        import numpy as np
        import dezero.functions as F
        from dezero import Variable

        class TestSum(unittest.TestCase):
            def test_datatype(self):
                y = F.sum(Variable(np.random.rand(10)))
                self.assertFalse(np.isscalar(y))

            def test_matmul(self):
                x, y = Variable(np.ones((2, 3))), Variable(np.ones((3, 4)))
                self.assertTrue((x.matmul(y).data == 3).all())
        """)
    )
    done = started("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_sum.py", folder=tmp_path)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout
    done = started("-m", "unittest", "test_sum.py", folder=tmp_path)
    assert (done.returncode, "Ran 2 tests" in done.stderr) == (0, True), done.stderr


def test_models_with_their_functions_can_be_pickled():
    import pickle

    import dezero.functions as F
    import numpy as np
    from dezero import optimizers
    from dezero.models import MLP, Sequential

    x = np.ones((3, 4))
    for model in (MLP((5, 2)), MLP((5, 2), activation=F.relu), Sequential(F.flatten, *MLP((2,)).layers, F.tanh)):
        y = model(x)
        again = pickle.loads(pickle.dumps(model))
        assert (again(x).data == y.data).all()
    optimizer = optimizers.Adam().setup(model)
    assert (pickle.loads(pickle.dumps(optimizer)).target(x).data == y.data).all()
    for name, f in vars(F).items():
        if not name.startswith("_") and (getattr(f, "__module__", None) or "").endswith("dezero.functions"):
            assert pickle.loads(pickle.dumps(f)) is f, name
