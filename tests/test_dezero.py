"""Scripts for DeZero run unmodified. The numbers in SCRIPTS were printed by DeZero 0.0.13 (on NumPy 1.23)."""

import gc
import os
import runpy
import subprocess
import sys
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
SCRIPTS = {
    REGRESSION: "",
}


def run(script, folder):
    path = folder / "script.py"
    path.write_text(dedent(script))
    return runpy.run_path(str(path), run_name="__main__")
