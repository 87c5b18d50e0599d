"""Captured trainings of 200 steps are their eager twins, bit for bit: losses, weights, gradients, slots and states."""

from functools import partial

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, no_grad, test_mode
from tests.programs.twins import assert_equal, capture, counted, everything, same_training

pytestmark = pytest.mark.standin_exempt("a captured program is NumPy's")

rng = np.random.default_rng(0)
X = rng.standard_normal((8, 5)).astype(np.float32)
T = rng.integers(0, 3, 8)
IMAGES = rng.standard_normal((4, 1, 8, 8)).astype(np.float32)
SEQUENCES = rng.standard_normal((3, 6, 5)).astype(np.float32)
WORDS = rng.integers(0, 9, (3, 6))


def batches(x, t, n=4):
    """n batches like (x, t), with other numbers."""
    return [
        (x * np.asarray(1 + 0.1 * i, x.dtype) if x.dtype.kind == "f" else (x + i) % 9, (t + i) % 3) for i in range(n)
    ]


def network():
    return L.Sequential(L.Linear(6, rng=0), F.tanh, L.Linear(3, rng=1))


def training(model, optimizer, loss=F.softmax_cross_entropy):
    def step(x, t):
        y = loss(model(x), t)
        model.cleargrads()
        y.backward()
        optimizer.update()
        return y

    return step, model, optimizer


# networks


def last(h):
    return h[:, -1]


def mean(h):
    return h.mean(1)


def pool(x):
    return F.max_pool2d(x, 2)


def lecture_network():
    """The two-layer network of the lecture: sigmoid between two affine layers."""
    return L.Sequential(L.Linear(10, 5, rng=0), F.sigmoid, L.Linear(3, 10, rng=1))


def conv_net():
    return L.Sequential(L.Conv2d(4, 3, pad=1, rng=0), F.relu, pool, F.flatten, L.Linear(3, rng=1))


def with_batch_norm():
    return L.Sequential(L.Linear(6, rng=0), L.BatchNorm(), F.relu, L.Linear(3, rng=1))


def with_conv_batch_norm():
    return L.Sequential(L.Conv2d(3, 3, rng=0), L.BatchNorm(), F.relu, F.flatten, L.Linear(3, rng=1))


def with_layer_norm():
    return L.Sequential(L.Linear(6, rng=0), L.LayerNorm(6), F.gelu, L.Linear(3, rng=1))


def with_dropout():
    return L.Sequential(L.Linear(6, rng=0), L.Dropout(0.5, rng=3), F.relu, L.Dropout(0.2, rng=4), L.Linear(3, rng=1))


def recurrent(kind, **options):
    return L.Sequential(kind(4, rng=0, **options), last, L.Linear(3, rng=1))


def with_attention():
    return L.Sequential(L.Linear(8, rng=0), L.MultiHeadAttention(8, 2, rng=1), mean, L.Linear(3, rng=2))


def with_transformer():
    return L.Sequential(
        L.Linear(8, rng=0), L.TransformerEncoderLayer(8, 2, 16, dropout=0.1, rng=1), mean, L.Linear(3, rng=2)
    )


def with_embedding():
    return L.Sequential(L.Embedding(9, 5, rng=0), mean, L.Linear(3, rng=1))


NETWORKS = {
    "lecture": (lecture_network, X, T),
    "conv": (conv_net, IMAGES, T[:4]),
    "batch norm": (with_batch_norm, X, T),
    "conv batch norm": (with_conv_batch_norm, IMAGES, T[:4]),
    "layer norm, gelu": (with_layer_norm, X, T),
    "dropout": (with_dropout, X, T),
    "rnn": (partial(recurrent, L.RNN), SEQUENCES, T[:3]),
    "lstm": (partial(recurrent, L.LSTM), SEQUENCES, T[:3]),
    "gru": (partial(recurrent, L.GRU), SEQUENCES, T[:3]),
    "gru, reset before": (partial(recurrent, L.GRU, reset="before"), SEQUENCES, T[:3]),
    "lstm of two layers": (partial(recurrent, L.LSTM, layers=2, dropout=0.3), SEQUENCES, T[:3]),
    "lstm both ways": (partial(recurrent, L.LSTM, bidirectional=True), SEQUENCES, T[:3]),
    "attention": (with_attention, SEQUENCES, T[:3]),
    "transformer": (with_transformer, SEQUENCES, T[:3]),
    "embedding": (with_embedding, WORDS, T[:3]),
}


@pytest.mark.parametrize("optimizer", [partial(O.SGD, lr=0.1), O.Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, optimizer):
    build, x, t = NETWORKS[name]

    def make():
        model = build()
        return training(model, optimizer(model))

    # rows of an embedding are summed in float64 in every program, and in eager where one row has many
    same_training(make, batches(x, t), exact=name != "embedding")


# optimizers

OPTIMIZERS = [O.AdaDelta, O.AdaGrad, O.Adam, O.AdamW, O.Lion, O.Momentum, O.Nesterov, O.RAdam, O.RMSprop, O.SGD]


def trained_by(optimizer):
    """A function that makes a training of the small network by this optimizer."""

    def make():
        model = network()
        return training(model, optimizer(model))

    return make


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_optimizers(optimizer):
    same_training(trained_by(optimizer), batches(X, T), runs=6)  # RAdam has two formulas


def test_all_optimizers_are_here():
    kinds = {kind for kind in vars(O).values() if isinstance(kind, type) and issubclass(kind, O.Optimizer)}
    assert kinds - {O.Optimizer} == set(OPTIMIZERS)


SCHEDULES = {
    "constant": O.constant(0.1),
    "step": O.step(0.1, 20, 0.5),
    "exponential": O.exponential(0.1, 0.98),
    "cosine": O.cosine(0.1, 150),
    "onecycle": O.onecycle(0.1, 180),
    "warmup": O.warmup(20, O.cosine(0.1, 100)),
}


@pytest.mark.parametrize("kind", [O.Momentum, O.Adam], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name, kind):
    same_training(trained_by(partial(kind, lr=SCHEDULES[name])), batches(X, T))


def test_plateau():
    """A schedule that is told of the loss between steps."""
    make = trained_by(lambda model: O.SGD(model, O.plateau(0.1, patience=3)))
    step, model, optimizer = make()
    captured, ran = counted(step)
    eager, twin, other = make()
    for x, t in batches(X, T) * 50:
        optimizer.lr.see(captured(x, t))
        other.lr.see(eager(x, t))
        assert optimizer.lr(0) == other.lr(0)
    assert_equal(everything(model, optimizer), everything(twin, other))
    assert optimizer.lr(0) < 0.1
    assert ran() <= 3


def test_rates_set_between_steps():
    def between(i, model, optimizer):
        optimizer.lr = 0.2 / (1 + i // 7)

    same_training(trained_by(partial(O.Momentum, lr=0.1)), batches(X, T), between=between)


def test_hyper_parameters_set_between_steps():
    def between(i, model, optimizer):
        optimizer.beta1 = 0.9 if i < 100 else 0.8

    same_training(trained_by(O.Adam), batches(X, T), between=between, runs=6)


def test_groups():
    groups = [O.group("0", lr=O.cosine(0.2, 100)), O.group(O.vectors, scale=0.5, decay=0.0)]
    same_training(trained_by(partial(O.AdamW, lr=0.01, decay=0.1, groups=groups)), batches(X, T))


@pytest.mark.parametrize("rates", [(0.1, O.step(0.1, 30, 0.5)), (O.step(0.1, 30, 0.5), 0.1)], ids=["group", "others"])
def test_rates_that_are_equal_while_it_is_recorded(rates):
    """One of two rates falls later: each has its own number in the program."""
    lr, own = rates
    same_training(trained_by(partial(O.Momentum, lr=lr, groups=[O.group("0", lr=own)])), batches(X, T))


def test_two_optimizers_of_one_rate():
    def make():
        model = network()
        model(X)
        one, two = O.Adam(model[0], 0.1), O.Adam(model[2], 0.1)

        def step(x, t):
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            one.update()
            two.update()
            return loss

        return step, model, one, two

    def between(i, model, one, two):
        if i == 50:
            two.lr = 0.01

    same_training(make, batches(X, T), between=between)


def test_counts_that_grow_apart():
    """Between steps a part of the parameters is updated alone: Adam's corrections are those of each count."""

    def between(i, model, optimizer):
        if i % 40 == 39:
            F.softmax_cross_entropy(model(X), T).backward()
            model[0].cleargrads()
            optimizer.update()

    same_training(trained_by(O.Adam), batches(X, T), between=between, runs=20)


def test_large_parameters():
    """They are updated in pieces that fit into the cache."""

    def make():
        model = L.Sequential(L.Linear(40_000, 5, rng=0), F.tanh, L.Linear(3, 40_000, rng=1))
        return training(model, O.Adam(model))

    same_training(make, batches(X, T), steps=10)


def test_tied_weights():
    class Tied(L.Layer):
        def __init__(self):
            self.a, self.b, self.c = L.Linear(5, 5, rng=0), L.Linear(5, 5, rng=1), L.Linear(3, 5, rng=2)
            self.b.W = self.a.W

        def forward(self, x):
            return self.c(F.tanh(self.b(F.tanh(self.a(x)))))

    def make():
        model = Tied()
        return training(model, O.Adam(model))

    same_training(make, batches(X, T))


@pytest.mark.parametrize("limit", [0.05, 0.4, 100.0], ids=["always", "sometimes", "never"])
def test_clipping_by_norm(limit):
    same_training(trained_by(partial(O.Momentum, lr=0.1, transforms=[O.clip_by_norm(limit)])), batches(X, T), runs=8)


def test_transforms():
    transforms = [O.clip_by_value(0.1), O.weight_decay(0.01, vectors=False), O.freeze("0.b")]
    same_training(trained_by(partial(O.Momentum, lr=0.1, transforms=transforms)), batches(X, T))


def test_averages_of_weights():
    """EMA as the manual has it, in the step."""

    def make():
        model = network()
        ema = O.EMA(model, 0.99)
        step, *things = training(model, O.SGD(model, 0.1))

        def averaging(x, t):
            y = step(x, t)
            ema.update()
            return y

        return averaging, *things, ema

    same_training(make, batches(X, T))


def test_averages_of_weights_between_steps():
    def make():
        model = network()
        return *training(model, O.SGD(model, 0.1)), O.EMA(model, 0.99)

    def between(i, model, optimizer, ema):
        if i:
            ema.update()

    same_training(make, batches(X, T), between=between)


# between steps


def test_freezing_and_thawing():
    def between(i, model, optimizer):
        if i in (50, 130):
            model[0].freeze()
        if i in (90, 170):
            model[0].thaw()

    same_training(trained_by(O.Adam), batches(X, T), between=between, runs=12)


def test_thawing_what_was_never_trained():
    """Its slots are made by the step that trains it for the first time."""

    def make():
        model = network()
        model(X)
        model[0].freeze()
        return training(model, O.Adam(model))

    def between(i, model, optimizer):
        if i == 20:
            model[0].thaw()

    same_training(make, batches(X, T), steps=60, between=between, runs=7)


def test_eval_and_train():
    """Dropout and batch norm do in each mode what they do there."""

    def make():
        model = L.Sequential(L.Linear(6, rng=0), L.BatchNorm(), L.Dropout(0.3, rng=2), F.relu, L.Linear(3, rng=1))
        return training(model, O.SGD(model, 0.1))

    def between(i, model, optimizer):
        if i % 20 == 10:
            model.eval()
        if i % 20 == 15:
            model.train()

    same_training(make, batches(X, T), between=between, runs=12)


def test_test_mode_around_a_step():
    def make():
        model = L.Sequential(L.Linear(6, rng=0), L.BatchNorm(), L.Dropout(0.3, rng=2), L.Linear(3, rng=1))
        return training(model, O.SGD(model, 0.1))

    step, *things = make()
    captured, ran = counted(step)
    eager, *others = make()
    for i in range(60):
        if i % 3 == 2:
            with test_mode():
                assert_equal(captured(X, T), eager(X, T))
        else:
            assert_equal(captured(X, T), eager(X, T))
    assert_equal(everything(*things), everything(*others))
    assert ran() <= 6


def test_evaluation_between_steps():
    """The model is used as always between replays: also with the graph of another loss."""

    def between(i, model, optimizer):
        if i % 5 == 4:
            model.cleargrads()
            model(X).sum().backward()
            with test_mode():
                model(X[:2])

    same_training(trained_by(O.Adam), batches(X, T), between=between, runs=8)


def test_another_shape_and_back():
    part = [(x[:3], t[:3]) for x, t in batches(X, T)]
    whole = batches(X, T)
    order = [*whole, *part, *whole, *part[:1], *whole]
    same_training(trained_by(O.Adam), order, runs=6)


def test_more_shapes_than_are_kept():
    sizes = [(X[:n], T[:n]) for n in (1, 2, 3, 4, 5, 6, 7, 8)] + [
        (X[:n].repeat(2, 0), T[:n].repeat(2)) for n in (5, 6, 7)
    ]
    same_training(trained_by(O.SGD), sizes, steps=55, runs=60)


def test_another_dtype_and_order_of_memory():
    wide, turned = X.astype(np.float64).astype(np.float32), np.asfortranarray(X)
    same_training(trained_by(O.SGD), [(wide, T), (turned, T), (X[::-1], T), (X, T.astype(np.int32))], runs=6)


def test_weights_loaded_between_steps():
    stored = network()
    stored(X)
    weights = stored.state_dict()

    def between(i, model, optimizer):
        if i in (40, 120):
            model.load_state_dict(weights)
        if i == 80:
            optimizer.load_state_dict(optimizer.state_dict())

    same_training(trained_by(O.Adam), batches(X, T), between=between, runs=12)


def test_a_state_of_the_optimizer_loaded():
    """Counts and slots of another moment: the bias correction of Adam follows."""
    kept = {}

    def between(i, model, optimizer):
        if i == 20:
            kept[id(optimizer)] = optimizer.state_dict()
        if i == 50:
            optimizer.load_state_dict(kept[id(optimizer)])

    same_training(trained_by(O.Adam), batches(X, T), steps=100, between=between, runs=8)


def test_weights_edited_between_steps():
    def between(i, model, optimizer):
        if i > 0 and i % 10 == 0:
            model[0].W.data *= 0.9
        if i > 0 and i % 15 == 0:
            model[0].W.data = model[0].W.data * 0.5
        if i > 0 and i % 25 == 0:
            model[2].b.data[...] = 0.1

    same_training(trained_by(O.Momentum), batches(X, T), between=between)


def test_other_generators_buffers_and_parameters_between_steps():
    """What lies in the model is read anew: a generator, its state, a running mean, another array of another layout."""

    def make():
        model = L.Sequential(L.Linear(6, 5, rng=0), L.BatchNorm(), L.Dropout(0.5, rng=3), L.Linear(3, 6, rng=1))
        return training(model, O.Adam(model))

    def between(i, model, optimizer):
        if i == 20:
            model[2].rng = np.random.default_rng(9)
        if i == 40:
            model[2].rng.bit_generator.state = np.random.default_rng(4).bit_generator.state
        if i == 60:
            for _, buffer in model.named_buffers():
                buffer.data = 0 * buffer.data + 1
        if i == 80:
            model[0].W.data = np.asfortranarray(model[0].W.data)
        if i == 100:
            model[0].W = L.Parameter(0.5 * model[0].W.data)
        if i == 120:
            model[2].p = 0.1
        if i == 140:
            optimizer.transforms = [O.clip_by_value(0.01)]

    same_training(make, batches(X, T), between=between, runs=16)


def test_a_global_seed_between_steps():
    def make():
        model = L.Sequential(L.Linear(6, rng=0), L.Dropout(0.5), L.Linear(3, rng=1))
        return training(model, O.SGD(model, 0.1))

    captured, ran = counted(make()[0])
    eager, *_ = make()
    ag.seed(1)
    losses = [captured(X, T) for _ in range(50)]
    ag.seed(1)
    assert_equal(losses, [eager(X, T) for _ in range(50)])
    ag.seed(7)
    losses = [captured(X, T) for _ in range(50)]
    ag.seed(7)
    assert_equal(losses, [eager(X, T) for _ in range(50)])
    assert ran() <= 3


# steps of other forms


def test_gradients_of_two_backward_passes():
    def make():
        model = network()
        optimizer = O.SGD(model, 0.1)

        def step(x, t):
            model.cleargrads()
            for part in (slice(0, 4), slice(4, 8)):
                F.softmax_cross_entropy(model(x[part]), t[part]).backward()
            optimizer.update()

        return step, model, optimizer

    same_training(make, batches(X, T))


def test_gradients_gathered_over_calls():
    """A step that adds to the gradients, and one that takes them: each is captured."""

    def make():
        model = network()
        optimizer = O.Adam(model)

        def gather(x, t):
            loss = F.softmax_cross_entropy(model(x), t)
            loss.backward()
            return loss

        def take():
            optimizer.update()
            model.cleargrads()

        return gather, take, model, optimizer

    gather, take, *things = make()
    gather, take = capture(gather), capture(take)
    eager_gather, eager_take, *others = make()
    for i in range(200):
        x, t = batches(X, T)[i % 4]
        assert_equal(gather(x, t), eager_gather(x, t))
        if i % 3 == 2:
            take()
            eager_take()
        assert_equal(everything(*things), everything(*others))


def test_gradient_penalty():
    def make():
        model = network()
        optimizer = O.Adam(model)

        def step(x):
            x = Variable(x)
            y = model(x).sum()
            (gx,) = ag.grad(y, [x], create_graph=True)
            loss = ((gx**2).sum(1) - 1).mean() ** 2 + 0.1 * y**2
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss, gx

        return step, model, optimizer

    same_training(make, [(X,), (2 * X,)])


def test_two_models_and_two_losses():
    """A generator and a discriminator, each with its optimizer."""

    def make():
        maker, judge = L.Sequential(L.Linear(6, rng=0), F.relu, L.Linear(5, rng=1)), L.Linear(1, rng=2)
        first, second = O.Adam(maker), O.RMSprop(judge)

        def step(z, x):
            fake = maker(z)
            loss = F.relu(1 + judge(fake)).mean() + F.relu(1 - judge(x)).mean()
            maker.cleargrads()
            judge.cleargrads()
            loss.backward()
            second.update()
            judge.cleargrads()
            maker.cleargrads()
            other = -judge(maker(z)).mean()
            other.backward()
            first.update()
            return {"judge": loss, "maker": other}

        return step, maker, judge, first, second

    same_training(make, [(X[:, :4], X), (X[::-1, :4], 2 * X)])


def test_two_updates_in_a_step():
    def make():
        model = network()
        optimizer = O.Adam(model, lr=O.exponential(0.1, 0.99))

        def step(x, t):
            for _ in range(2):
                loss = F.softmax_cross_entropy(model(x), t)
                model.cleargrads()
                loss.backward()
                optimizer.update()
            return loss

        return step, model, optimizer

    same_training(make, batches(X, T))


def test_a_question_after_an_update():
    """Clipping in the second update asks when the first has changed weights, and dropout its generator.

    A replay that stops there has undone both, before the step runs another way.
    """

    def make():
        model = L.Sequential(L.Linear(6, rng=0), F.tanh, L.Dropout(0.3, rng=2), L.Linear(3, rng=1))
        optimizer = O.Momentum(model, 0.05, transforms=[O.clip_by_norm(0.4)])

        def step(x, t):
            for _ in range(2):
                loss = F.softmax_cross_entropy(model(x), t)
                model.cleargrads()
                loss.backward()
                optimizer.update()
            return loss

        return step, model, optimizer

    captured = same_training(make, batches(X, T), runs=14)
    assert len(next(iter(captured.ways.values())).replays) > 2


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_dtypes(dtype):
    def make():
        model = L.Sequential(L.Linear(6, dtype=dtype, rng=0), F.tanh, L.Linear(3, dtype=dtype, rng=1))
        return training(model, O.Adam(model, transforms=[O.clip_by_norm(0.5)]))

    same_training(make, batches(X.astype(dtype), T), runs=8)


def test_variables_with_plain_formulas():
    """The lecture's own way: weights as Variables, and the update written by hand."""

    def make():
        W, b = Variable(np.full((5, 1), 0.1, np.float32)), Variable(np.zeros(1, np.float32))

        def step(x, y):
            loss = ((x @ W + b - y) ** 2).mean()
            W.cleargrad()
            b.cleargrad()
            loss.backward()
            W.data -= 0.1 * W.grad.data
            b.data = b.data - 0.1 * b.grad.data
            return loss

        return step, W, b

    same_training(make, [(X, X[:, :1] * 2)])


def test_an_optimizer_of_variables():
    def make():
        W, b = Variable(np.full((5, 3), 0.1, np.float32)), Variable(np.zeros(3, np.float32))
        optimizer = O.Momentum([W, b], 0.1)

        def step(x, t):
            loss = F.softmax_cross_entropy(x @ W + b, t)
            W.cleargrad(), b.cleargrad()
            loss.backward()
            optimizer.update()
            return loss

        return step, W, b, optimizer

    same_training(make, batches(X, T))


def test_an_own_optimizer():
    class Signs(O.Optimizer):
        slots = ("m",)
        lr: float = 0.01

        def step(self, lr, t, p, g, m):
            m *= 0.5
            m += g
            p -= lr * np.sign(m)

    def make():
        model = network()
        return training(model, Signs(model, lr=0.01))

    same_training(make, batches(X, T))


# arguments and results


class Trainer:
    def __init__(self):
        self.model = network()
        self.optimizer = O.SGD(self.model, 0.1)
        self.scale = np.float32(0.5)

    def step(self, x, t, *, weight=1.0, parts=None):
        loss = weight * self.scale * F.softmax_cross_entropy(self.model(x), t)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss

    __call__ = step


@pytest.mark.parametrize(
    "form",
    [
        lambda trainer: trainer.step,
        lambda trainer: trainer,
        lambda trainer: partial(trainer.step, weight=2.0),
        lambda trainer: lambda x, t: trainer.step(x, t, weight=0.5),
    ],
    ids=["method", "object", "partial", "lambda"],
)
def test_callables(form):
    def make():
        trainer = Trainer()
        return form(trainer), trainer.model, trainer.optimizer

    step, *things = make()
    captured = capture(step)
    eager, *others = make()
    for x, t in batches(X, T) * 10:
        assert_equal(captured(x, t), eager(x, t))
        assert_equal(captured(x, t=t), eager(x, t=t))
    assert_equal(everything(*things), everything(*others))


def test_the_model_and_the_optimizer_as_arguments():
    def step(model, optimizer, x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    captured = capture(step)
    one, two, three, four = Trainer(), Trainer(), Trainer(), Trainer()
    for x, t in batches(X, T) * 5:
        assert_equal(captured(one.model, one.optimizer, x, t), step(two.model, two.optimizer, x, t))
        assert_equal(captured(three.model, three.optimizer, 2 * x, t), step(four.model, four.optimizer, 2 * x, t))
    assert_equal(everything(one.model, three.model), everything(two.model, four.model))


def test_options_are_inputs_and_numbers_choose_the_program():
    a, b = Trainer(), Trainer()
    captured, ran = counted(a.step)
    for i in range(60):
        options = {"weight": (1.0, 0.5)[i % 2], "t": (T + i) % 3}
        assert_equal(captured(x=X * np.float32(i), **options), b.step(x=X * np.float32(i), **options))
    weights = [np.float32(0.1 * i) for i in range(30)]
    for w in weights:
        assert_equal(captured(X, T, weight=w), b.step(X, T, weight=w))
    assert_equal(everything(a.model), everything(b.model))
    assert ran() <= 9


def test_nested_arguments_and_results():
    def make():
        model = network()

        def step(batch, more):
            y = model(batch["x"]) + more[0] * more[1][0]
            loss = F.softmax_cross_entropy(y, batch["t"])
            return {"loss": loss, "y": [y, y.data], "pair": (loss * 2, None, "text", 3)}, batch["x"]

        return step, model

    same_training(make, [({"x": x, "t": t}, [x[:, :3], (x[:, 2:],)]) for x, t in batches(X, T)])


def test_results_are_the_callers_own():
    """What a replay has returned is not written by the next one, and may be edited."""
    model = network()
    captured = capture(lambda x: [model(x), model(x).data, x * 2])
    eager = network()
    eager(X)
    results = [captured(X * np.float32(i)) for i in range(8)]
    for i, (y, array, double) in enumerate(results):
        assert_equal(y.data, eager(X * np.float32(i)).data)
        assert_equal(array, y.data)
        assert_equal(double, X * np.float32(2 * i))
        y.data[...] = 0
        array[...] = 1
    assert_equal(captured(X)[0].data, eager(X).data)


def test_variables_as_arguments_get_gradients():
    def step(x, y):
        loss = (F.tanh(x) * y).sum()
        loss.backward()
        return loss

    captured, ran = counted(step)
    for i in range(20):
        one, two = Variable(X * np.float32(i)), Variable(X)
        other, more = Variable(X * np.float32(i)), Variable(X)
        if i % 2:  # gradients that are there before
            one.grad, other.grad = Variable(X), Variable(X)
        assert_equal(captured(one, two), step(other, more))
        assert_equal(everything(one, two), everything(other, more))
    assert ran() <= 6


def test_no_result_and_a_step_without_arguments():
    def make():
        w = Variable(np.ones(3))

        def step():
            w.cleargrad()
            (w**2).sum().backward()
            with no_grad():
                w.data -= 0.1 * w.grad.data

        return step, w

    same_training(make, [()])


def test_inference_under_no_grad():
    model = with_batch_norm()
    model(X)
    model.eval()
    captured, ran = counted(model)
    for i in range(20):
        with no_grad():
            assert_equal(captured(X * np.float32(i)), model(X * np.float32(i)))
    assert ran() <= 3


# recurrent layers, step by step


@pytest.mark.parametrize("kind", [L.RNN, L.LSTM, L.GRU], ids=lambda kind: kind.__name__)
def test_steps_of_a_recurrent_layer(kind):
    """A step of truncated backpropagation: two steps of the layer, and the state is cut."""

    def make():
        layer, output = kind(4, 5, rng=0), L.Linear(3, 4, rng=1)
        optimizer = O.Adam(L.Sequential(layer, output))

        def step(x, t):
            loss = F.softmax_cross_entropy(output(layer(x)), t) + F.softmax_cross_entropy(output(layer(x * 2)), t)
            layer.cleargrads()
            output.cleargrads()
            loss.backward()
            layer.cut_state()
            optimizer.update()
            return loss

        return step, layer, output, optimizer

    def between(i, layer, output, optimizer):
        if i % 20 == 0:
            layer.reset_state()

    same_training(make, batches(X, T), between=between, runs=6)


@pytest.mark.parametrize("kind", [L.RNN, L.LSTM, L.GRU], ids=lambda kind: kind.__name__)
def test_a_sequence_of_steps_from_the_beginning(kind):
    def make():
        layer, output = kind(4, 5, rng=0), L.Linear(3, 4, rng=1)
        optimizer = O.SGD(L.Sequential(layer, output), 0.1)

        def step(x, t):
            layer.reset_state()
            for i in range(6):
                h = layer(x[:, i])
            loss = F.softmax_cross_entropy(output(h), t)
            layer.cleargrads(), output.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        return step, layer, output, optimizer

    same_training(make, batches(SEQUENCES, T[:3]))


def test_pieces_of_a_long_sequence():
    """A stateful layer goes on from the piece before; the graph is cut between steps."""

    def make():
        model = L.Sequential(L.LSTM(4, 5, layers=2, stateful=True, rng=0), mean, L.Linear(3, 4, rng=1))
        return training(model, O.Adam(model))

    def between(i, model, optimizer):
        model.reset_state() if i % 30 == 0 else model.cut_state()

    same_training(make, batches(SEQUENCES, T[:3]), between=between, runs=6)


def test_a_state_given_and_returned():
    def make():
        layer = L.GRU(4, 5, rng=0)
        optimizer = O.SGD(layer, 0.1)

        def step(x, state):
            y, state = layer(x, state)
            loss = (y**2).mean()
            layer.cleargrads()
            loss.backward()
            optimizer.update()
            return loss, state.detach()

        return step, layer, optimizer

    step, *things = make()
    captured, ran = counted(step)
    eager, *others = make()
    state, other = None, None
    for _ in range(100):
        (loss, state), (expected, other) = captured(SEQUENCES, state), eager(SEQUENCES, other)
        assert_equal((loss, state), (expected, other))
    assert_equal(everything(*things), everything(*others))
    assert ran() <= 5


@pytest.mark.parametrize(
    "optimizer", [partial(O.SGD, lr=0.1), O.Momentum, O.Adam, O.AdamW], ids=["SGD", "Momentum", "Adam", "AdamW"]
)
def test_large_parameters_have_their_kernels_in_a_captured_step_and_their_formula_in_its_text(optimizer):
    """Of 160,000 numbers, more than a block, and of 5,000; the small ones in one piece."""
    x, t = rng.standard_normal((9, 320)).astype(np.float32), rng.integers(0, 10, 9)
    models = [L.Sequential(L.Linear(500, rng=0), F.gelu, L.LayerNorm(500), L.Linear(10, rng=1)) for _ in range(2)]
    for model in models:
        model(x)
    steps = [training(model, optimizer(model))[0] for model in models]
    step = ag.capture(steps[1])
    for _ in range(6):
        assert steps[0](x, t).data == step(x, t).data
    for p, q in zip(models[0].params(), models[1].params()):
        np.testing.assert_array_equal(p.data, q.data)
    assert "updates_" not in step.source
    assert "-= lr *" in step.source or "np.sqrt(v)" in step.source
