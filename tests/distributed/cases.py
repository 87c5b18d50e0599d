"""What several processes do together, as functions of their group; `test_together` runs them in 2 and in 4.

    mpiexec -n 4 python -m tests.distributed.cases FOLDER

Every rank runs every case, and writes what went wrong, by the name of the case, into FOLDER/<rank>.json. What one
process would do, each rank computes for itself, with a group of one.
"""

import json
import re
import sys
import traceback
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, metrics, models
from autograd.distributed import Group, SyncBatchNorm, init
from autograd.training import evaluate, fit

CASES = {}
ALONE = Group()
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-12}
RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((70, 1, 12, 12))
WAVES = RNG.standard_normal((70, 6, 3))
LABELS = RNG.integers(0, 5, 70)


def case(f):
    CASES[f.__name__] = f
    return f


def raises(kind, text, f, *args, **options):
    try:
        f(*args, **options)
    except kind as error:
        assert text in str(error), str(error)
        return
    raise AssertionError(f"no {kind.__name__}")


def close(x, y, dtype):
    np.testing.assert_allclose(x, y, rtol=0, atol=TOLERANCE[dtype] * float(np.abs(y).max(initial=1.0)))


# the operations


@case
def a_sum_is_that_of_all_ranks(group):
    for dtype in (np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint64):
        for shape in ((), (3,), (0,), (300, 1001)):
            x = np.full(shape, group.rank + 1, dtype)
            pending = group.all_reduce(x)
            pending.wait()
            assert pending.test()
            assert (x == group.size * (group.size + 1) // 2).all()
    raises(TypeError, "takes an array, not [1.0]", group.all_reduce, [1.0])
    for dtype in (np.float16, np.int16, np.uint8):
        raises(TypeError, f"32 or 64 bits, not {np.dtype(dtype)}", group.all_reduce, np.ones(2, dtype))
    raises(ValueError, "a contiguous, writable array", group.all_reduce, np.ones((4, 4))[:, 1])


@case
def sums_that_overlap_stay_apart(group):
    xs = [np.full(5, float(i)) for i in range(20)]
    for pending in [group.all_reduce(x) for x in xs][::-1]:
        pending.wait()
    assert [x[0] for x in xs] == [i * group.size for i in range(20)]


@case
def anything_is_broadcast_and_gathered(group):
    for root in range(group.size):
        assert group.broadcast({"from": group.rank, "x": [1, None]}, root) == {"from": root, "x": [1, None]}
    found = group.gather(np.arange(group.rank))
    assert [len(x) for x in found] == [*range(group.size)]
    group.barrier(timeout=60)
    raises(ValueError, "root must be at most", group.broadcast, 1, group.size)
    raises(ValueError, "timeout must be above 0", group.barrier, 0)


@case
def a_sum_over_ranks_is_differentiated_at_every_order(group):
    """The loss of the run is the sum over ranks of (sum of x)^3: 3 s^2 from each rank, and 6 s from each pair."""
    x = Variable(np.array([1.0, 2.0]) * (group.rank + 1))
    s = 1.5 * group.size * (group.size + 1)
    y = group.sum(x).sum() ** 3
    (gx,) = ag.grad(y, [x], create_graph=True)
    close(gx.data, np.full(2, 3 * s**2 * group.size), np.float64)
    (ggx,) = ag.grad(gx.sum(), [x])
    close(ggx.data, np.full(2, 2 * 6 * s * group.size**2), np.float64)
    assert isinstance(group.sum(x.data), np.ndarray)
    raises(TypeError, "sum takes an array or a Variable", group.sum, 1)


# equal to one process


def train(group, model, optimizer, x, t, size=20, updates=100):
    """The losses of whole batches, and the parameters and buffers at the end."""
    loader = group.shard(data.DataLoader((x, t), size, rng=3))
    averaging, losses = group.averaging(model, bucket=1 << 12), []
    while len(losses) < updates:
        for x, t in loader:
            y = model(x)
            loss = F.softmax_cross_entropy(y, t) if len(t) else y.sum()
            model.cleargrads()
            with averaging(samples=len(t)):
                loss.backward()
            optimizer.update()
            sums = group.gather((loss.item() * len(t), len(t)))
            losses.append(sum([a for a, _ in sums]) / sum([n for _, n in sums]))
            if len(losses) == updates:
                break
    return np.array(losses), np.concatenate([x.data.reshape(-1) for _, x in model.named_state()])


def equal_to_one_process(group, make, x, dtype, size=20, rate=1e-2):
    x = x.astype(dtype)
    (losses, state), (expected_losses, expected) = [
        train(ranks, model, O.Adam(model, lr=rate), x, LABELS, size)
        for ranks in (group, ALONE)
        for model in [make(ranks)]
    ]
    close(losses, expected_losses, dtype)
    close(state, expected, dtype)
    assert losses[-7:].mean() < losses[0]
    assert all((state == other).all() for other in group.gather(state))  # not a bit apart


def mlp(dtype):
    return lambda group: L.Sequential(
        L.Linear(16, 144, rng=1, dtype=dtype), F.relu, L.Linear(5, 16, rng=2, dtype=dtype)
    )


class ConvNet(L.Layer):
    """SimpleConvNet with a batch norm behind the ReLU; before it, the bias would have no gradient but rounding."""

    def __init__(self, dtype):
        self.net = models.SimpleConvNet(5, (1, 12, 12), filters=4, hidden=16, rng=1, dtype=dtype)
        self.norm = L.BatchNorm(4, dtype=dtype)

    def forward(self, x):
        x = F.max_pool2d(self.norm(F.relu(self.net.conv(x))), 2)
        return self.net.output(F.relu(self.net.hidden(F.flatten(x))))


class LSTM(L.Layer):
    def __init__(self, dtype):
        self.lstm = L.LSTM(8, 3, rng=1, dtype=dtype)
        self.out = L.Linear(5, 8, rng=2, dtype=dtype)

    def forward(self, x):
        return self.out(self.lstm(x)[:, -1])


@case
def an_mlp_with_adam_in_float32(group):
    equal_to_one_process(group, mlp(np.float32), IMAGES.reshape(70, -1), np.float32, rate=1e-3)


@case
def an_mlp_with_adam_in_float64(group):
    """The last batch of an epoch has 1 of 70 samples: all but one rank have none."""
    equal_to_one_process(group, mlp(np.float64), IMAGES.reshape(70, -1), np.float64, size=23)


@case
def a_convolutional_network_with_batch_norm_over_ranks(group):
    make = lambda group: group.synchronize(ConvNet(np.float64))  # noqa: E731
    equal_to_one_process(group, make, IMAGES, np.float64)
    equal_to_one_process(group, make, IMAGES[:, :, ::-1], np.float64, size=23)


@case
def a_convolutional_network_with_batch_norm_in_float32(group):
    make = lambda group: group.synchronize(ConvNet(np.float32))  # noqa: E731
    equal_to_one_process(group, make, IMAGES, np.float32, rate=1e-3)


@case
def an_lstm(group):
    equal_to_one_process(group, lambda group: LSTM(np.float64), WAVES, np.float64, size=23)


@case
def an_lstm_in_float32(group):
    equal_to_one_process(group, lambda group: LSTM(np.float32), WAVES, np.float32, rate=1e-3)


class Again(L.Layer):
    """A network whose first part is computed again on the way back."""

    def __init__(self, net):
        self.net = net

    def forward(self, x):
        return self.net[2](ag.checkpoint(lambda x: F.relu(self.net[0](x)), x))


@case
def activations_that_are_computed_again(group):
    equal_to_one_process(group, lambda ranks: Again(mlp(np.float64)(ranks)), IMAGES.reshape(70, -1), np.float64)


@case
def a_scaled_loss_in_float16(group):
    """Too large a scale is found on all ranks, whose gradients are the same."""
    model = mlp(np.float16)(group)
    optimizer = O.LossScale(O.Adam(model, master=True), start=2.0**24)
    loader = group.shard(data.DataLoader((IMAGES.reshape(70, -1), LABELS), 20))
    history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=8, group=group, verbose=False)
    assert history.loss[-1] < history.loss[0]
    assert 0 < optimizer.skipped < 20
    state = np.concatenate([p.data.reshape(-1) for p in model.params()])
    assert all((state == other).all() for other in group.gather(state))


@case
def sizes_that_the_first_batch_tells(group):
    def make(group):
        ag.seed(7 + group.rank)  # the numbers come from rank 0
        return L.Sequential(L.Linear(16, dtype=np.float64), F.relu, L.Linear(5, dtype=np.float64))

    equal_to_one_process(group, make, IMAGES.reshape(70, -1), np.float64)


# averaging


@case
def the_parts_of_batch_norm_over_ranks_have_its_gradients(group):
    """Of unequal parts, of a rank without samples, and at the second order."""
    x, gy = np.random.default_rng(5).standard_normal((2, 9, 3, 2))
    ends = [0, *np.minimum(4 * np.arange(1, group.size), 9), 9]
    part = slice(ends[group.rank], ends[group.rank + 1])
    whole, parts = L.BatchNorm(3, dtype=np.float64), SyncBatchNorm(group, 3, dtype=np.float64)
    first = []
    for norm, rows in ((whole, slice(None)), (parts, part)):
        z = Variable(x[rows])
        y = norm(z)
        (gx,) = ag.grad((y * gy[rows]).sum(), [z], create_graph=True)
        (ggx,) = ag.grad((gx**2).sum(), [z])
        first.append((y.data, gx.data, ggx.data))
    for whole_one, one in zip(*first):
        np.testing.assert_allclose(one, whole_one[part], rtol=1e-9, atol=1e-12)
    for name in ("mean", "var"):
        close(getattr(parts, name).data, getattr(whole, name).data, np.float64)
    with ag.test_mode():
        close(parts(x[part]).data, whole(x[part]).data, np.float64)


@case
def buckets_are_sent_while_the_pass_goes_on(group):
    """When the gradient of the first layer is computed, those of the last have been sent."""
    model = L.Sequential(*[L.Linear(8, 8, rng=i) for i in range(6)])
    averaging = group.averaging(model, bucket=200)
    x, sent = np.ones((3, 8), np.float32), []
    for _ in range(2):
        model.cleargrads()
        y = model(x).sum()
        with averaging(samples=3):
            y.backward()
            sent.append([bucket.pending is not None for bucket in averaging.buckets])
    assert sent[0] == []
    assert len(sent[1]) == 7  # a matrix fills one; the vector beside it goes with the next matrix
    assert all(sent[1])
    assert averaging.buckets[0].params[0] is model[5].W or averaging.buckets[0].params[0] is model[5].b


@case
def accumulated_gradients_are_those_of_one_batch(group):
    model, alone = mlp(np.float64)(group), mlp(np.float64)(ALONE)
    x = IMAGES.reshape(70, -1)
    F.softmax_cross_entropy(alone(x[:41]), LABELS[:41]).backward()
    averaging = group.averaging(model)
    for _ in range(3):
        model.cleargrads()
        for rows in (slice(0, 10), slice(10, 33), slice(33, 41)):
            part = group.shard([(x[rows], LABELS[rows])])
            for a, t in part:
                y = model(a)
                with averaging(samples=len(t), last=rows.stop == 41):
                    (F.softmax_cross_entropy(y, t) if len(t) else y.sum()).backward()
        for p, q in zip(model.params(), alone.params()):
            close(p.grad.data, q.grad.data, np.float64)


@case
def a_part_without_samples_may_come_first_or_be_all(group):
    """Rank 0 has nothing at first, and then all; a batch of which nobody has a sample has a gradient of 0."""
    model, alone = mlp(np.float64)(group), mlp(np.float64)(ALONE)
    x = IMAGES.reshape(70, -1)
    averaging = group.averaging(model)
    F.softmax_cross_entropy(alone(x[:8]), LABELS[:8]).backward()
    for _ in range(2):
        model.cleargrads()
        for rows, owner in ((slice(0, 3), group.size - 1), (slice(3, 8), 0)):
            a, t = (x[rows], LABELS[rows]) if group.rank == owner else (x[:0], LABELS[:0])
            y = model(a)
            with averaging(samples=len(t), last=owner == 0):
                (F.softmax_cross_entropy(y, t) if len(t) else y.sum()).backward()
        for p, q in zip(model.params(), alone.params(), strict=True):
            close(p.grad.data, q.grad.data, np.float64)
    model.cleargrads()
    with averaging(samples=0):
        model(x[:0]).sum().backward()
    assert all((p.grad.data == 0).all() for p in model.params())


WEIGHTS = np.array([1.0, 5.0, 0.5, 2.0, 3.0])
SOME = np.where(np.arange(70) % 7 < 5, LABELS, -1)  # two samples of seven do not count
SOME[23:29] = -1  # and so a rank has no sample that counts


def mean_over_tokens(y, t):
    """Of a sequence of 3 for each sample, as long as the label says: a masked loss that nobody but the user knows."""
    mask = np.arange(3) < t[:, None] % 4
    return ((y[:, :3] ** 2) * mask).sum() / mask.sum()


REDUCTIONS = {
    "labels that are ignored": (
        lambda y, t: F.softmax_cross_entropy(y, t, ignore_index=-1), SOME, lambda y, t: (t != -1).sum()
    ),
    "weights of classes": (
        lambda y, t: F.softmax_cross_entropy(y, t, weight=WEIGHTS), LABELS, lambda y, t: WEIGHTS[t].sum()
    ),
    "both": (
        lambda y, t: F.nll_loss(F.log_softmax(y), t, weight=WEIGHTS, ignore_index=-1), SOME,
        lambda y, t: WEIGHTS[t[t != -1]].sum(),
    ),
    "a mask": (mean_over_tokens, LABELS, lambda y, t: (np.arange(3) < t[:, None] % 4).sum()),
    "a sum": (lambda y, t: F.softmax_cross_entropy(y, t, reduction="sum"), LABELS, "sum"),
}  # fmt: skip


@case
def every_kind_of_loss_is_that_of_one_process(group):
    """With `fit`: in parts, in batches of one group, and both, against whole batches in one process."""
    x = IMAGES.reshape(70, -1)
    for name, (loss, t, reduction) in REDUCTIONS.items():
        found = []
        for ranks, size, accumulate in ((ALONE, 26, 1), (group, 26, 1), (ALONE, 13, 2), (group, 13, 2)):
            model = mlp(np.float64)(ranks)
            loader = ranks.shard(data.DataLoader((x, t), size, shuffle=False))
            test = ranks.shard(data.DataLoader((x[20:55], t[20:55]), 11, shuffle=False))
            options = {"test": test, "accumulate": accumulate, "metric": lambda y, t: (y.data**2).mean()}
            history = fit(
                model, loss, O.Adam(model, lr=1e-3), loader, epochs=2, group=ranks, verbose=False, reduction=reduction,
                **options,
            )  # fmt: skip
            found.append((dict(history), np.concatenate([p.data.ravel() for p in model.params()])))
        expected, whole = found[0]
        for history, state in found[1:]:
            close(state, whole, np.float64)
            for key in expected.keys() - {"seconds"}:
                np.testing.assert_allclose(history[key], expected[key], rtol=1e-12, err_msg=name)


@case
def a_part_whose_weights_are_all_0_counts_nothing(group):
    """All but rank 0 have such a part; a batch of them alone moves nothing."""
    x, w, found = IMAGES.reshape(70, -1), np.zeros(24), []
    w[:3] = 1, 0, 3
    for ranks in (ALONE, group):
        model = mlp(np.float64)(ranks)
        loader = ranks.shard(data.DataLoader((x[:24], LABELS[:24], w), 12, shuffle=False))
        history = fit(
            model, F.softmax_cross_entropy, O.SGD(model), loader, epochs=2, test=loader, group=ranks, verbose=False
        )
        found.append([*history.loss, *history.test_loss, *[p.data for p in model.params()]])
    for one, other in zip(*found, strict=True):
        close(other, one, np.float64)


@case
def a_loss_with_a_sum_over_ranks_is_tried_on_all_or_on_none(group):
    """One rank has two samples, and could try it; the others have one."""
    n = group.size + 1
    model = mlp(np.float64)(group)
    loader = group.shard(data.DataLoader((IMAGES.reshape(70, -1)[:n], LABELS[:n]), n))
    loss = lambda y, t: F.softmax_cross_entropy(y - group.sum(y.sum(0)) / n, t)  # noqa: E731
    history = fit(model, loss, O.SGD(model), loader, group=group, verbose=False)
    assert all(history.loss == other for other in group.gather(history.loss))


@case
def every_kind_of_loss_by_hand_is_that_of_one_process(group):
    x = IMAGES.reshape(70, -1)
    for loss, t, reduction in REDUCTIONS.values():
        model, alone = mlp(np.float64)(group), mlp(np.float64)(ALONE)
        averaging = group.averaging(model)
        loss(alone(x[:30]), t[:30]).backward()
        for accumulated in (False, True):
            model.cleargrads()
            for rows in (slice(0, 30),) if not accumulated else (slice(0, 2), slice(2, 23), slice(23, 30)):
                for a, b in group.shard([(x[rows], t[rows])]):
                    y = model(a)
                    n = len(b) if reduction == "sum" else reduction(y, b)
                    how = {"reduction": "sum"} if reduction == "sum" else {"samples": n}
                    with averaging(**how, last=rows.stop == 30):
                        (loss(y, b) if n else y.sum()).backward()
            for p, q in zip(model.params(), alone.params(), strict=True):
                close(p.grad.data, q.grad.data, np.float64)


@case
def a_gradient_that_is_kept_stays_as_it_is(group):
    """The mean is written into the gradient's array, unless somebody holds the gradient, the array, or a part of it."""
    model = L.Linear(2, 3, rng=0)
    averaging = group.averaging(model)
    for hold in (lambda g: g, lambda g: g.value, lambda g: g.value[1:]):
        model.cleargrads()
        with averaging(samples=2):
            (model(np.ones((2, 3), np.float32)) * (group.rank + 1)).sum().backward()
            held = hold(model.W.grad)
        assert np.allclose(model.W.grad.data, group.size + 1)
        assert np.allclose(ag.as_array(held), 2 * (group.rank + 1))


@case
def a_parameter_that_one_rank_alone_uses_gets_its_share(group):
    model = L.Sequential(L.Linear(2, 3, rng=0), L.Linear(2, 3, rng=1), L.Linear(2, 3, rng=2))
    averaging, last = group.averaging(model), group.size - 1
    for _ in range(3):
        model.cleargrads()
        with averaging(samples=2):
            (
                model[0](np.ones((2, 3), np.float32)) if group.rank < last else model[1](np.ones((2, 3), np.float32))
            ).sum().backward()
        assert np.allclose(model[0].b.grad.data, 2 * last / group.size)
        assert np.allclose(model[1].b.grad.data, 2 / group.size)
        assert model[2].b.grad is None


@case
def branches_that_ranks_take_alone_are_those_of_one_process(group):
    """Each part takes a branch of its own, which others or all leave out; a layer is frozen for a while."""
    rng = np.random.default_rng(9)
    x, t, plan = rng.standard_normal((20, 6)), rng.integers(0, 5, 20), rng.integers(0, 3, (40, group.size))
    parts = [slice(-(-20 * r // group.size), -(-20 * (r + 1) // group.size)) for r in range(group.size)]
    found = []
    for ranks in (group, ALONE):
        model = L.Sequential(*[L.Linear(5, 6, rng=i, dtype=np.float64) for i in range(4)])
        optimizer = O.Adam(model, lr=1e-2)
        optimizer = ranks.partition(optimizer) if ranks is group else optimizer
        averaging = ranks.averaging(model, optimizer, bucket=100)
        for i, choice in enumerate(plan):
            if i in (15, 30):
                model[0].thaw() if i == 30 else model[0].freeze()

            def loss(rank, choice=choice, model=model):
                y = model[0](x[parts[rank]]) + model[choice[rank] + 1](x[parts[rank]])
                return F.softmax_cross_entropy(y, t[parts[rank]])

            model.cleargrads()
            n = [part.stop - part.start for part in parts]
            with averaging(samples=n[group.rank]):
                if ranks is group:
                    loss(group.rank).backward()
                else:
                    (sum([loss(r) * n[r] for r in range(group.size)]) / 20).backward()
            optimizer.update()
        found.append((np.concatenate([p.data.ravel() for p in model.params()]), optimizer.state_dict()))
    (state, slots), (expected, expected_slots) = found
    close(state, expected, np.float64)
    assert {k: v for k, v in slots.items() if k.endswith(".t")} == {
        k: v for k, v in expected_slots.items() if k.endswith(".t")
    }
    assert len({v for k, v in slots.items() if k.endswith(".t")}) > 1  # no branch is taken in every step


@case
def layers_are_frozen_added_and_of_several_dtypes(group):
    class Net(L.Layer):
        def __init__(self):
            self.a = L.Linear(4, 3, rng=0, dtype=np.float16)
            self.b = L.Linear(4, 3, rng=1, dtype=np.float64)

    net, x = Net(), np.ones((2, 3))
    averaging = group.averaging(net)

    def step():
        net.cleargrads()
        with averaging(samples=2):
            sum([layer(x).astype(np.float64).sum() for layer in net.layers() if layer is not net]).backward()
        return {path: None if p.grad is None else p.grad.data for path, p in net.named_params()}

    for _ in range(2):
        grads = step()
        assert grads["a.b"].dtype == np.float16
        assert (grads["a.b"] == 2).all()
        assert (grads["b.b"] == 2).all()
    net.a.freeze()
    for _ in range(2):
        assert step()["a.W"] is None
    net.a.thaw()
    net.c = L.Linear(2, 3, rng=5)
    for _ in range(2):
        grads = step()
        assert (grads["c.b"] == 2).all()
        assert (grads["a.b"] == 2).all()


@case
def misuse_of_averaging_says_what_to_do(group):
    model = L.Linear(2, 3, rng=0)
    averaging, x = group.averaging(model), np.ones((2, 3), np.float32)

    def twice():
        with averaging(samples=2):
            model(x).sum().backward()
            model(x).sum().backward()

    def recorded():
        with averaging(samples=2):
            model(x).sum().backward(create_graph=True)

    def nothing():
        with averaging(samples=2):
            pass
        model(x).sum().backward()

    def one_in_another():
        with averaging(samples=2), averaging(samples=2):
            model(x).sum().backward()

    def again():
        with averaging(samples=2):
            model(x).sum().backward()

    for kind, text, f in (
        (RuntimeError, "one backward pass in a block", twice), (RuntimeError, "without create_graph", recorded),
        (RuntimeError, "no block in another", one_in_another), (RuntimeError, "inside of the block", nothing),
    ):  # fmt: skip
        model.cleargrads()
        raises(kind, text, f)
    model.cleargrads()
    again()
    raises(RuntimeError, "are means already", again)
    raises(ValueError, "samples must be at least 0, not -1", averaging(-1).__enter__)
    raises(ValueError, "reduction must be one of 'mean', 'sum', not 'none'", averaging(reduction="none").__enter__)
    raises(TypeError, "model must be a Layer", group.averaging, [1])
    model.cleargrads()
    with averaging(samples=2):  # as before
        model(x).sum().backward()
    assert (model.b.grad.data == 2).all()


@case
def an_error_while_sums_are_on_their_way_ends_the_averaging(group):
    model, x = L.Linear(2, 3, rng=0), np.ones((2, 3), np.float32)
    averaging = group.averaging(model, bucket=1)

    def step(fail):
        model.cleargrads()
        with averaging(samples=2):
            model(x).sum().backward()
            if fail:
                raise KeyError("of the program")

    step(False)
    raises(KeyError, "of the program", step, True)
    raises(RuntimeError, "an error has left a block", step, False)


@case
def a_parameter_without_axes_is_trained(group):
    class Scaled(L.Layer):
        def __init__(self):
            self.scale = L.Parameter(np.array(1.5))

        def forward(self, x):
            return x * self.scale

    model = Scaled()
    averaging = group.averaging(model)
    for _ in range(3):
        model.cleargrads()
        with averaging(samples=group.rank + 1):
            (model(np.full(3, group.rank + 1.0)).mean()).backward()
        n = np.arange(1, group.size + 1)
        np.testing.assert_allclose(model.scale.grad.data, (n * n).sum() / n.sum(), rtol=1e-12)


# the same on every rank


@case
def all_begin_with_what_rank_0_has(group):
    ag.seed(group.rank)
    model = L.Sequential(L.Linear(4, 3), L.BatchNorm(4), L.Dropout(0.5))
    model[1].mean.data += group.rank
    group.averaging(model)
    states = group.gather({path: x.data for path, x in model.named_state()})
    for state in states:
        for path, x in state.items():
            np.testing.assert_array_equal(x, states[0][path])
    drawn = group.gather(ag.generator().random(3).tolist())
    assert len(set(map(tuple, drawn))) == group.size  # dropout's masks are each rank's own


@case
def a_model_that_differs_is_found_by_name_on_every_rank(group):
    last = group.rank == group.size - 1
    for model, text in (
        (
            L.Sequential(L.Linear(4, 3), L.Linear(5 if last else 4, 4)),
            f"1.W: Parameter float32 (4, 5) on rank {group.size - 1}",
        ),
        (
            L.Sequential(L.Linear(4, 3, dtype=np.float64 if last else np.float32)),
            "0.W: Parameter float64 (3, 4) on rank",
        ),
        (L.Sequential(L.Linear(4, 3), *[L.Linear(4, 4)] * last), "1.W: Parameter float32 (4, 4) on rank"),
        (L.Linear(4, 3, bias=not last), "b: nothing on rank"),
    ):
        raises(ValueError, text, group.averaging, model)


@case
def a_rank_that_takes_sums_where_the_others_take_means_is_found(group):
    last, x, model = group.rank == group.size - 1, np.ones((2, 3), np.float32), L.Linear(4, 3, rng=0)
    for before in ([], ["mean"], ["sum"]):
        averaging = group.averaging(model, bucket=1)

        def step(reduction, averaging=averaging):
            model.cleargrads()
            with averaging(samples=2, reduction=reduction):
                model(x).sum().backward()

        for reduction in before:
            step(reduction)
        raises(ValueError, "reduction: sum on rank", step, "sum" if last else "mean")
        step("mean")
        assert np.allclose(model.b.grad.data, 2)


@case
def a_layer_that_one_rank_alone_freezes_or_tests_is_found_by_name(group):
    """At the start, in the first block, and in the middle, where the others have sent their gradients already."""
    last, x = group.rank == group.size - 1, np.ones((2, 3), np.float32)
    for text, change, back in (
        ("1.b: FrozenParameter float32 (4,) on rank", lambda model: model[1].freeze(), lambda model: model[1].thaw()),
        ("1: Linear, eval() on rank", lambda model: model[1].eval(), lambda model: model[1].train()),
    ):
        model = L.Sequential(L.Linear(4, 3, rng=0), L.Linear(4, 4, rng=1))
        if last:
            change(model)
        raises(ValueError, text, group.averaging, model)
        back(model)
        for blocks in (0, 1, 3):
            averaging = group.averaging(model, bucket=1)

            def step(averaging=averaging, model=model):
                model.cleargrads()
                with averaging(samples=2):
                    model(x).sum().backward()

            for _ in range(blocks):
                step()
            grads = [p.grad for p in model.params()]
            if last:
                change(model)
            raises(ValueError, text, step)
            raises(ValueError, text, step)  # nothing has been forgotten
            change(model)  # on all ranks
            step()
            back(model)
            step()
            for p, g in zip(model.params(), grads, strict=True):
                assert not blocks or np.allclose(p.grad.data, g.data)


@case
def the_state_of_an_optimizer_is_divided(group):
    """Bit for bit as without: clipped by the norm of all gradients. Each rank has about its share of the slots."""
    x, found = IMAGES.reshape(70, -1), []
    for divided in (False, True):
        model = mlp(np.float64)(group)
        inner = O.Adam(model, lr=1e-2, transforms=[O.clip_by_norm(0.5)])
        optimizer = group.partition(inner) if divided else inner
        found.append((train(group, model, optimizer, x, LABELS, updates=30)[1], optimizer.state_dict()))
    (params, state), (divided, gathered) = found
    np.testing.assert_array_equal(divided, params)
    assert gathered.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(gathered[name], value)
    mine = set(inner.state)
    assert sum(map(len, group.gather(mine))) == len(list(model.params()))
    again = group.partition(O.Adam(model))
    again.load_state_dict(gathered)
    assert again.optimizer.lr == 1e-2
    train(group, model, again, x, LABELS, updates=1)
    assert again.optimizer.state.keys() == mine
    raises(TypeError, "optimizer must be an Optimizer", group.partition, model)


@case
def a_scaled_loss_and_a_divided_state(group):
    """Bit for bit as one optimizer with a scaled loss: with masters, and scales that are too large at first."""
    x, found = IMAGES.reshape(70, -1).astype(np.float16), []
    for divided in (False, True):
        model = mlp(np.float16)(group)
        inner = O.LossScale(O.Adam(model, master=True, transforms=[O.clip_by_norm(0.5)]), start=2.0**24, every=3)
        optimizer = group.partition(inner) if divided else inner
        loader = group.shard(data.DataLoader((x, LABELS), 20, shuffle=False))
        history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=5, group=group, verbose=False)
        assert inner.skipped
        assert inner.optimizer.steps > 5
        found.append((history, np.concatenate([p.data.ravel() for p in model.params()]), optimizer.state_dict()))
    (history, params, state), (other, divided, gathered) = found
    np.testing.assert_array_equal(divided, params)
    assert history.loss == other.loss
    np.testing.assert_array_equal(history.gradient_norm, other.gradient_norm)  # nan, where all were skipped
    assert gathered.keys() == state.keys()
    assert any(name.endswith(".master") for name in state)
    for name, value in state.items():
        np.testing.assert_array_equal(gathered[name], value)
    mine = set(inner.optimizer.state)
    assert sum(map(len, group.gather(mine))) == len(list(model.params()))
    again = O.LossScale(O.Adam(model, master=True))
    again.load_state_dict(gathered)
    assert (again.scale, again.skipped) == (inner.scale, inner.skipped)
    text = f"not Partition(Adam, rank {group.rank} of {group.size}): group.partition(O.LossScale(optimizer))"
    raises(TypeError, text, O.LossScale, group.partition(O.Adam(model)))
    raises(TypeError, "optimizer must be an Optimizer or a LossScale", group.partition, optimizer)


@case
def an_overflow_of_one_rank_is_that_of_all(group):
    """Of rank 0's loss alone; the weights of all ranks stay, and the scale of all is halved."""
    model = L.Linear(3, 2, rng=0, dtype=np.float16)
    optimizer = group.partition(O.LossScale(O.SGD(model, lr=0.1, master=True), start=2.0**10))
    averaging, before = group.averaging(model, optimizer), [p.data.copy() for p in model.params()]
    for factor in (1e6, 1.0):
        model.cleargrads()
        x = np.full((4, 2), factor if group.rank == 0 else 1.0)
        with averaging(samples=4):
            optimizer.backward((model(np.ones((4, 2), np.float16)).astype(np.float64) * x.mean()).sum())
        optimizer.update()
        same = all((p.data == q).all() for p, q in zip(model.params(), before, strict=True))
        assert same == (factor != 1)
        assert group.gather(optimizer.optimizer.scale) == [512.0] * group.size
    for state in group.gather([p.data for p in model.params()]):
        for p, q in zip(model.params(), state, strict=True):
            np.testing.assert_array_equal(p.data, q)


@case
def a_sum_that_is_too_large_for_float16_is_infinite(group):
    model = L.Linear(3, 2, rng=0, dtype=np.float16)
    averaging = group.averaging(model)
    with averaging(reduction="sum"):
        (model(np.ones((1, 2), np.float16)) * np.float16(6e4)).sum().backward()
    assert np.isinf(model.b.grad.data).all()


@case
def optimizers_that_differ_are_found_by_name(group):
    last, model = group.rank == group.size - 1, mlp(np.float16)(group)
    for text, make in (
        ("lr: 0.1 on rank", lambda: O.SGD(model, lr=0.1 if last else 0.2)),
        ("lr: cosine(", lambda: O.SGD(model, lr=O.cosine(0.1, 10 + last))),
        ("optimizer: Adam on rank", lambda: (O.Adam if last else O.SGD)(model, lr=0.1)),
        ("beta1: 0.8 on rank", lambda: O.Adam(model, beta1=0.8 if last else 0.9)),
        ("loss scale: 8.0 on rank", lambda: O.LossScale(O.SGD(model), 8.0 if last else 16.0)),
        ("loss scale: 32768.0 on rank", lambda: O.LossScale(O.SGD(model)) if last else O.SGD(model)),
        ("transforms: ['clip_by_norm'] on rank", lambda: O.SGD(model, transforms=[O.clip_by_norm(1.0)] * last)),
        ("master: True on rank", lambda: O.SGD(model, master=last)),
        ("groups: (Group(which=('0.W',)", lambda: O.SGD(model, groups=[O.group("0.W", lr=0.1)] * last)),
    ):
        raises(ValueError, text, group.averaging, model, make())
    group.averaging(model, group.partition(O.LossScale(O.Adam(model, transforms=[O.clip_by_norm(1.0)]))))
    raises(TypeError, "averaging: optimizer must be an Optimizer, or None, not 3", group.averaging, model, 3)
    loader = group.shard(data.DataLoader((IMAGES.reshape(70, -1), LABELS), 20))
    for text, options in (
        ("epochs: 2 on rank", {"epochs": 1 + last}),
        ("accumulate: 2 on rank", {"accumulate": 1 + last}),
        ("metric: ['metric'] on rank", {"metric": metrics.accuracy if last else None}),
        ("reduction: sum on rank", {"reduction": "sum" if last else "mean"}),
        ("test: True on rank", {"test": loader if last else None}),
    ):
        raises(ValueError, text, fit, model, F.softmax_cross_entropy, O.SGD(model), loader, group=group, **options)


# loaders


@case
def the_parts_of_a_batch_are_the_batch(group):
    x = np.arange(50)
    whole = data.DataLoader((x, 2 * x), 16, rng=5)
    mine = group.shard(data.DataLoader((x, 2 * x), 16, rng=group.rank + 5))  # the order is rank 0's
    assert len(mine) == len(whole)
    for _ in range(2):
        for (a, b), (part, twice) in zip(whole, mine, strict=True):
            assert (twice == 2 * part).all()
            np.testing.assert_array_equal(np.concatenate(group.gather(part)), a)
    state = mine.state_dict()
    fresh = data.DataLoader((x, 2 * x), 16)
    fresh.load_state_dict(state)
    np.testing.assert_array_equal(np.concatenate([a for a, _ in fresh]), np.concatenate([a for a, _ in whole]))


@case
def a_sample_is_transformed_as_in_one_process(group):
    f = lambda x, rng: x + rng.random()  # noqa: E731
    samples = [(np.full(2, float(i)), i) for i in range(9)]
    whole = data.DataLoader(samples, 4, transform=f)
    parts = group.shard(data.DataLoader(samples, 4, transform=f))
    for (a, s), (b, t) in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(np.concatenate(group.gather(b)), a)
        np.testing.assert_array_equal(np.concatenate(group.gather(t)), s)


@case
def loaders_that_differ_are_found_on_every_rank(group):
    last = group.rank == group.size - 1
    loader = data.DataLoader(np.arange(50), 16 + last)
    raises(ValueError, f"batch_size: 17 on rank {group.size - 1}, 16 on rank 0", group.shard, loader)
    raises(ValueError, "takes a loader of whole batches", group.shard, group.shard(data.DataLoader(np.arange(50), 16)))
    raises(TypeError, "shard takes a DataLoader", group.shard, np.arange(3))


# fit


@case
def fit_is_that_of_one_process(group):
    """With metrics of all samples, a test, accumulation, weights, and a rank without samples in the last batch."""
    x, w = IMAGES.reshape(70, -1), np.random.default_rng(2).random(70)
    found = []
    for ranks in (group, ALONE):
        model = mlp(np.float64)(ranks)
        loader = ranks.shard(data.DataLoader((x[:47], LABELS[:47], w[:47]), 23, rng=1))
        test = ranks.shard(data.DataLoader((x[47:], LABELS[47:]), 11, shuffle=False))
        options = {"test": test, "metric": [metrics.accuracy, metrics.f1, metrics.precision], "accumulate": 2}
        history = fit(
            model, F.softmax_cross_entropy, O.Adam(model), loader, epochs=4, group=ranks, verbose=False, **options
        )
        found.append((dict(history), evaluate(model, F.softmax_cross_entropy, test, group=ranks)))
    (history, score), (expected, expected_score) = found
    for name in expected.keys() - {"seconds"}:
        close(np.array(history[name]), np.array(expected[name]), np.float64)
    close(score.loss, expected_score.loss, np.float64)
    assert all(dict(history) == other for other in group.gather(dict(history)))
    loader = data.DataLoader((x, LABELS), 20)
    raises(
        ValueError,
        "fit: loader must give this rank its part of each batch",
        fit,
        model,
        F.softmax_cross_entropy,
        O.SGD(model),
        loader,
        group=group,
    )
    raises(TypeError, "group must be a Group", fit, model, F.softmax_cross_entropy, O.SGD(model), loader, group=3)


@case
def one_watch_stops_all(group):
    model = mlp(np.float32)(group)
    loader = group.shard(data.DataLoader((IMAGES.reshape(70, -1), LABELS), 20))
    watch = (lambda epoch, values: epoch == 2) if group.rank == group.size - 1 else None
    history = fit(
        model, F.softmax_cross_entropy, O.SGD(model), loader, epochs=5, watch=watch, group=group, verbose=False
    )
    assert history.epochs == 2


@case
def the_pages_of_the_manual(group):
    """They run in one process among the tests of the manual; what they assert holds in several, too."""
    for name in ("guide/distributed.md", "scaling.md"):
        page = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        assert len(blocks) > 3
        exec("\n".join(blocks), {"__name__": name})


def main(folder):
    group = init(timeout=20)
    ran, wrong = [], {}
    for name, f in CASES.items():
        group.barrier()
        try:
            f(group)
            ran.append(name)
        except Exception:
            wrong[name] = traceback.format_exc()
        Path(folder, f"{group.rank}.json").write_text(json.dumps({"ran": ran, "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1])
