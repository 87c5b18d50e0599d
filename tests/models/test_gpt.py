"""GPT is its formula, learns, samples as it says, and decodes with a cache what it decodes without one."""

import math

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd import models
from autograd.backend import to_numpy
from autograd.models.decoding import Decoder
from autograd.models.gpt import from_gpt2, sampled

rng = np.random.default_rng(0)


def small(**options):
    """A model with large random weights everywhere, so that nothing is lost in rounding."""
    model = models.GPT(**{"vocabulary": 11, "context": 9, "size": 8, "depth": 2, "heads": 2, "rng": 0, **options})
    noise = np.random.default_rng(1)
    for p in model.params():
        p.data = p.data + 0.3 * noise.standard_normal(p.shape).astype(p.dtype)
    return model


def by_formula(model, index):
    """The scores for one text (T,), token by token and head by head."""
    W = {path: to_numpy(p.data) for path, p in model.named_params()}

    def norm(x, name):
        d = x - x.mean()
        return d / math.sqrt((d * d).mean() + 1e-5) * W[name + ".gamma"] + W[name + ".beta"]

    def linear(x, name):
        return x @ W[name + ".W"] + W[name + ".b"]

    xs = [W["tokens.W"][i] + W["positions.W"][t] for t, i in enumerate(index)]
    for b in range(len(model.blocks)):
        block = f"blocks.{b}"
        ns = [norm(x, f"{block}.norm1") for x in xs]
        q, k, v = ([linear(n, f"{block}.attention.{name}") for n in ns] for name in "qkv")
        heads = model.blocks[b].attention.heads
        d = len(xs[0]) // heads
        for t in range(len(xs)):
            parts = []
            for h in range(heads):
                s = slice(h * d, (h + 1) * d)
                e = [math.exp(q[t][s] @ k[j][s] / math.sqrt(d)) for j in range(t + 1)]
                parts.append(sum(w * v[j][s] for j, w in enumerate(e)) / sum(e))
            xs[t] = xs[t] + linear(np.concatenate(parts), f"{block}.attention.out")
        for t, x in enumerate(xs):
            u = linear(norm(x, f"{block}.norm2"), f"{block}.expand")
            h = u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3))) / 2
            xs[t] = x + linear(h, f"{block}.project")
    return np.array([norm(x, "norm") @ W["tokens.W"].T for x in xs])


def test_it_is_its_formula():
    model = small(dtype=np.float64)
    index = rng.integers(0, 11, (3, 9))
    with ag.test_mode():
        y = model(index)
    np.testing.assert_allclose(to_numpy(y.data), [by_formula(model, row) for row in index], rtol=1e-10, atol=1e-10)


def test_no_token_sees_the_future():
    model = small()
    index = rng.integers(0, 11, (1, 9))
    other = index.copy()
    other[0, 6] = (index[0, 6] + 1) % 11
    with ag.test_mode():
        difference = np.abs(to_numpy(model(index).data) - to_numpy(model(other).data)).max(-1)
    assert (difference[0, :6] == 0).all()
    assert (difference[0, 6:] > 0).all()


@pytest.mark.parametrize("length", [1, 5, 9, 14])
def test_cached_decoding_equals_uncached(length):
    """Also beyond the context, where the window moves on."""
    model = small(dtype=np.float64)
    index = np.random.default_rng(length).integers(0, 11, (2, length))
    options = {"temperature": 0.9, "top_k": 7, "rng": 3}
    text = model.generate(index, 40, **options)
    assert text.shape == (2, length + 40)
    np.testing.assert_array_equal(text[:, :length], index)
    np.testing.assert_array_equal(text, model.generate(index, 40, cached=False, **options))
    assert len(set(text[:, length:].ravel().tolist())) > 3


def test_the_scores_of_a_cache_are_those_of_the_whole_text():
    model = small(dtype=np.float64)
    index = rng.integers(0, 11, (2, 9))
    caches = model.caches()
    with ag.test_mode(), ag.no_grad():
        whole = to_numpy(model(index).data)
        parts = [to_numpy(model(index[:, t : t + 1], caches).data) for t in range(9)]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-11, atol=1e-11)


def test_a_decoder_gives_the_scores_of_the_model():
    model = small(dtype=np.float64)
    index = rng.integers(0, 11, (3, 9))
    caches = model.caches()
    with ag.test_mode(), ag.no_grad():
        whole = to_numpy(model(index).data)
        model(index[:, :4], caches)
        decode = Decoder(model, caches)
        for t in range(4, 9):
            np.testing.assert_allclose(to_numpy(decode(index[:, t])), whole[:, t], rtol=1e-11, atol=1e-11)


def test_it_writes_the_same_on_every_device(on_device, moved):
    model, index = small(dtype=np.float64), rng.integers(0, 11, (2, 6))
    expected = to_numpy(model.generate(index, 12, top_p=0.9, rng=0))
    text = moved(model).generate(on_device(index), 12, top_p=0.9, rng=0)
    assert type(text) is type(on_device(index))
    np.testing.assert_array_equal(to_numpy(text), expected)


def test_sampling():
    scores = np.log(np.array([[0.1, 0.4, 0.2, 0.3]]))

    def shares(**options):
        drawn = sampled(np.repeat(scores, 20_000, 0), rng=0, **options)
        return np.bincount(drawn, minlength=4) / 20_000

    close = {"atol": 0.015}
    np.testing.assert_allclose(shares(), [0.1, 0.4, 0.2, 0.3], **close)
    np.testing.assert_allclose(shares(temperature=0), [0, 1, 0, 0])
    p = np.array([0.1, 0.4, 0.2, 0.3]) ** 2
    np.testing.assert_allclose(shares(temperature=0.5), p / p.sum(), **close)
    np.testing.assert_allclose(shares(top_k=2), [0, 4 / 7, 0, 3 / 7], **close)
    np.testing.assert_allclose(shares(top_k=99), [0.1, 0.4, 0.2, 0.3], **close)
    np.testing.assert_allclose(shares(top_p=0.69), [0, 4 / 7, 0, 3 / 7], **close)
    np.testing.assert_allclose(shares(top_p=0.71), [0, 4 / 9, 2 / 9, 3 / 9], **close)
    np.testing.assert_allclose(shares(top_p=0.01), [0, 1, 0, 0])
    np.testing.assert_allclose(shares(top_k=3, top_p=0.5), [0, 4 / 7, 0, 3 / 7], **close)


def test_it_learns():
    """To count: the next token is one more."""
    ag.seed(0)
    model = models.GPT(vocabulary=8, context=8, size=16, depth=1, heads=2, dropout=0.0)
    optimizer = O.AdamW(model, lr=1e-2)
    for step in range(60):
        x = (np.arange(9) + np.random.default_rng(step).integers(0, 8, (16, 1))) % 8
        loss = F.softmax_cross_entropy(model(x[:, :-1]), x[:, 1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    assert loss.item() < 0.1
    text = to_numpy(model.generate([[3, 4]], 12, temperature=0))
    np.testing.assert_array_equal(text[0], np.arange(3, 17) % 8)


def test_weights_of_the_published_gpt2_fit():
    """Their names and layouts: matrices (inputs, outputs), queries, keys and values side by side."""
    model, D = small(), 8
    state = {f"transformer.{name}": x for name, x in {
        "wte.weight": rng.standard_normal((11, D)), "wpe.weight": rng.standard_normal((9, D)),
        "ln_f.weight": rng.standard_normal(D), "ln_f.bias": rng.standard_normal(D),
    }.items()}  # fmt: skip
    for b in range(2):
        lead = f"transformer.h.{b}."
        for name, shape in {
            "attn.c_attn": (D, 3 * D), "attn.c_proj": (D, D), "mlp.c_fc": (D, 4 * D), "mlp.c_proj": (4 * D, D),
        }.items():  # fmt: skip
            state |= {
                f"{lead}{name}.weight": rng.standard_normal(shape),
                f"{lead}{name}.bias": rng.standard_normal(shape[1]),
            }
        for name in ("ln_1", "ln_2"):
            state |= {f"{lead}{name}.{word}": rng.standard_normal(D) for word in ("weight", "bias")}
        state |= {f"{lead}attn.bias": np.ones((1, 1, 9, 9))}
    state |= {"lm_head.weight": state["transformer.wte.weight"]}
    models.load_weights(model, from_gpt2(state))
    W = state["transformer.h.1.attn.c_attn.weight"]
    np.testing.assert_allclose(to_numpy(model.blocks[1].attention.k.W.data), W[:, D : 2 * D], rtol=1e-6)
    W = state["transformer.h.0.mlp.c_proj.weight"]
    np.testing.assert_allclose(to_numpy(model.blocks[0].project.W.data), W, rtol=1e-6)
    b = state["transformer.h.0.attn.c_attn.bias"]
    np.testing.assert_allclose(to_numpy(model.blocks[0].attention.v.b.data), b[2 * D :], rtol=1e-6)


def test_wrong_arguments():
    model = small()
    with pytest.raises(ValueError, match="the text must end within its length of 9, not at 10"):
        model(np.zeros((1, 10), int))
    with pytest.raises(ValueError, match=r"texts \(N, T\) of whole numbers, T > 0, not int64 \(3,\)"):
        model.generate([1, 2, 3], 2)
    with pytest.raises(ValueError, match="top_p must be above 0 and at most 1, not 1.5"):
        model.generate([[1]], 2, top_p=1.5)
    with pytest.raises(TypeError, match=r"caches must be those that model.caches\(\) makes"):
        model(np.zeros((1, 2), int), model.caches()[:1])
    with pytest.raises(ValueError, match="at least one token, not"):
        model(np.zeros((1, 0), int))


@pytest.mark.parametrize("temperature", [0, 0.5])
@pytest.mark.parametrize("scores", [[0, np.nan], [-np.inf, -np.inf], [0, np.inf]])
def test_no_token_is_drawn_from_scores_that_are_none(scores, temperature):
    """A model that has diverged says nan, and would write token 0 for ever."""
    with pytest.raises(ValueError, match="scores without nan, and a finite one in each row"):
        sampled(np.array([[0.0, 1.0], scores]), temperature)


def test_hidden_scores_and_a_temperature_of_nearly_0():
    scores = np.array([[-np.inf, 0.0, -1.0]])
    assert sampled(scores, 1e-320, rng=0).tolist() == [1]
    assert 0 not in sampled(scores.repeat(1000, 0), 9.0, rng=0)


def louder(x):
    return x * 3


@pytest.mark.parametrize("change", ["forward", "rotary", "a head more", "an activation", "no bias", "a norm"])
def test_decoding_follows_a_model_that_was_changed(change):
    """The fast decoder knows the published architecture alone. Whoever changes a part gets its text."""

    class Louder(models.GPT):
        def forward(self, index, caches=None):
            return super().forward(index, caches)[..., ::-1]

    model = (Louder if change == "forward" else models.GPT)(11, 12, 8, 2, 2, dtype=np.float64, rng=0)
    block = model.blocks[1]
    if change == "rotary":
        block.attention = ag.layers.MultiHeadAttention(8, 2, rotary=True, dtype=np.float64, rng=1)
    if change == "a head more":
        block.attention = ag.layers.MultiHeadAttention(8, 4, dtype=np.float64, rng=1)
    if change == "an activation":
        block.expand = ag.layers.Sequential(block.expand, louder)
    if change == "no bias":
        block.project = ag.layers.Linear(8, 32, bias=False, dtype=np.float64, rng=1)
    if change == "a norm":
        block.norm1 = ag.layers.RMSNorm(8, dtype=np.float64)
    for p in model.params():
        p.data = p.data * 4  # so that a part counts
    fast, slow = [model.generate([[1, 2, 3]], 12, temperature=0, cached=cached) for cached in (True, False)]
    np.testing.assert_array_equal(fast, slow)
