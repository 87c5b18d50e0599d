"""Attention, positions and the layers of a Transformer, against formulas in NumPy that go head by head."""

import copy
import math
import pickle
import tracemalloc

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable, no_grad
from autograd.testing import check_gradients
from autograd.variable import grad


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def array(x):
    return ag.backend.to_numpy(x.data)


def attention_by_head(layer, x, memory=None, seen=None):
    """The formula of `MultiHeadAttention` for x (T, D), one head after the other."""
    m = x if memory is None else memory
    W = {name: array(getattr(layer, name).W) for name in ("q", "k", "v", "out")}
    b = {name: array(getattr(layer, name).b) for name in W}
    d = W["q"].shape[1] // layer.heads
    heads = []
    for h in range(layer.heads):
        g = h * layer.kv_heads // layer.heads
        q = x @ W["q"][:, h * d : (h + 1) * d] + b["q"][h * d : (h + 1) * d]
        k = m @ W["k"][:, g * d : (g + 1) * d] + b["k"][g * d : (g + 1) * d]
        v = m @ W["v"][:, g * d : (g + 1) * d] + b["v"][g * d : (g + 1) * d]
        s = q @ k.T / math.sqrt(d)
        heads.append(softmax(s if seen is None else np.where(seen, s, -np.inf)) @ v)
    return np.concatenate(heads, -1) @ W["out"] + b["out"]


def with_biases(layer, seed=1):
    """The layer with random numbers in all its vectors, which start at 0 or 1."""
    rng = np.random.default_rng(seed)
    for p in layer.params():
        if p.ndim == 1:
            p.data = p.data + rng.standard_normal(p.shape).astype(p.dtype) / 2
    return layer


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_multi_head_attention_is_its_formula(kv_heads):
    layer = with_biases(L.MultiHeadAttention(8, 4, kv_heads, dtype=np.float64, rng=0))
    x, memory = random(2, 5, 8), random(2, 3, 8)
    causal = np.tri(5, dtype=bool)
    for got, expected in [
        (layer(x), [attention_by_head(layer, s) for s in x]),
        (layer(x, causal=True), [attention_by_head(layer, s, seen=causal) for s in x]),
        (layer(x, mask=causal), [attention_by_head(layer, s, seen=causal) for s in x]),
        (layer(x, memory), [attention_by_head(layer, s, m) for s, m in zip(x, memory)]),
        (layer(x[0]), attention_by_head(layer, x[0])),
    ]:
        np.testing.assert_allclose(array(got), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("S", [255, 257, 700, 5000])
def test_long_texts(S):
    """Sums of many weights are taken in runs."""
    q, k, v = random(2, 3, 4), random(2, S, 4, seed=1), random(2, S, 2, seed=2)
    seen = np.arange(S) < S - 10
    P = softmax(np.where(seen, q @ k.swapaxes(-1, -2) / 2, -np.inf))
    x = Variable(q)
    for options in ({}, {"softcap": 1e9}):  # by one function, and by its parts
        y = F.scaled_dot_product_attention(x, k, v, seen, **options)
        np.testing.assert_allclose(array(y), P @ v, rtol=1e-6 if options else 1e-10, atol=1e-6 if options else 1e-12)
        (gx,) = grad(y.sum(), [x])
        gP = np.broadcast_to(v.sum(-1)[:, None], P.shape)
        expected = P * (gP - (P * gP).sum(-1, keepdims=True)) @ k / 2
        np.testing.assert_allclose(array(gx), expected, rtol=1e-5, atol=1e-6 if options else 1e-11)


def test_a_mask_hides_the_padding_of_each_sample():
    layer = with_biases(L.MultiHeadAttention(6, 2, dtype=np.float64, rng=0))
    x, lengths = random(3, 4, 6), [4, 2, 1]
    y = layer(x, mask=(np.arange(4) < np.array(lengths)[:, None])[:, None])
    for i, n in enumerate(lengths):
        np.testing.assert_allclose(array(y)[i, :n], array(layer(x[i : i + 1, :n]))[0], rtol=1e-12, atol=1e-12)


def test_a_row_that_is_masked_whole_gives_0_and_no_nan():
    q, k, v = (Variable(random(2, 3, 4, seed=i)) for i in range(3))
    mask = np.ones((3, 3), bool)
    mask[1] = False
    for given in (mask, np.where(mask, 0.0, -np.inf)):
        y = F.scaled_dot_product_attention(q, k, v, given)
        found = [array(g) for g in grad(y, [q, k, v], np.ones(y.shape))]
        assert (array(y)[:, 1] == 0).all()
        assert (found[0][:, 1] == 0).all()
        assert all(np.isfinite(g).all() for g in found)
        rest = F.scaled_dot_product_attention(q[:, ::2], k, v)
        np.testing.assert_allclose(array(y)[:, ::2], array(rest), rtol=1e-12)
    check_gradients(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask), random(3, 2), random(3, 2), random(3, 2)
    )
    y = F.scaled_dot_product_attention(q, k, v, np.zeros((3, 3), bool), True)
    assert all((array(g) == 0).all() for g in [y, *grad(y, [q, k, v], np.ones(y.shape))])


@pytest.mark.standin_exempt("counts the arrays of NumPy")
def test_no_square_array_is_kept_but_the_weights():
    T = 97
    q, k, v = (Variable(random(2, T, 3, seed=i)) for i in range(3))
    tracemalloc.start()
    y = F.scaled_dot_product_attention(q, k, v, causal=True)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert y.shape == (2, T, 3)
    assert kept < 1.3 * 2 * T * T * 8


@pytest.mark.parametrize("kv_heads", [1, 2])
@pytest.mark.parametrize("rotary", [False, True])
def test_decoding_with_a_cache_equals_the_whole_text(kv_heads, rotary):
    layer = with_biases(L.MultiHeadAttention(8, 2, kv_heads, rotary=rotary, dtype=np.float64, rng=0))
    x = random(3, 40, 8)
    with no_grad():
        whole = array(layer(x, causal=True))
        for pieces in ([1] * 40, [7, 1, 32], [40]):
            cache, parts, start = L.KeyValueCache(), [], 0
            for n in pieces:
                parts.append(array(layer(x[:, start : start + n], causal=True, cache=cache)))
                start += n
            assert cache.length == 40
            np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-11, atol=1e-12)


def test_a_decoder_decodes_with_two_caches():
    layer = with_biases(L.TransformerDecoderLayer(8, 2, 12, dtype=np.float64, rng=0))
    x, memory = random(2, 6, 8), random(2, 5, 8)
    with no_grad():
        whole = array(layer(x, memory))
        caches = L.KeyValueCache(), L.KeyValueCache()
        parts = [array(layer(x[:, t : t + 1], memory, cache=caches)) for t in range(6)]
    assert [c.length for c in caches] == [6, 5]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-11, atol=1e-12)


def test_a_cache_refuses_what_it_cannot_do():
    layer = L.MultiHeadAttention(4, 2, rng=0)
    x = random(2, 3, 4).astype(np.float32)
    with pytest.raises(RuntimeError, match="no gradient: decode inside `with no_grad"):
        layer(x, cache=L.KeyValueCache())
    cache = L.KeyValueCache()
    with no_grad():
        layer(x, cache=cache)
    before = [a.shape for a in cache.arrays]
    with no_grad(), pytest.raises(ValueError, match="belongs to one batch and one layer, not to"):
        layer(x[:1].repeat(30, 1), cache=cache)  # which would not fit into the arrays either
    assert [a.shape for a in cache.arrays] == before
    other = L.MultiHeadAttention(4, 2, dtype=np.float64)  # whose keys would be rounded
    small = L.MultiHeadAttention(2, 2, rng=0)  # whose keys would be broadcast
    twin = L.MultiHeadAttention(4, 2, rng=1)  # whose keys would fit
    for stranger, given in [(other, x.astype(np.float64)), (small, x[..., :2]), (twin, x)]:
        with no_grad(), pytest.raises(ValueError, match="belongs to one MultiHeadAttention: make one for each"):
            stranger(given, cache=cache)
    with pytest.raises(ValueError, match="not to float32 .* and float64"):
        cache.append(x.astype(np.float64), x.astype(np.float64))
    with no_grad():  # a copy belongs to the layer that uses it first
        twin(x, cache=copy.deepcopy(cache))
        twin(x, cache=pickle.loads(pickle.dumps(cache)))
    memory, cache = random(2, 5, 4).astype(np.float32), L.KeyValueCache()
    with no_grad():
        layer(x, memory, cache=cache)
        with pytest.raises(ValueError, match=r"holds 5 tokens, not those of the memory \(2, 4, 4\)"):
            layer(x, memory[:, 1:], cache=cache)


SMALL = {"dtype": np.float64, "rng": 0}
ENCODER = {"activation": F.gelu, **SMALL}
LAYERS = {
    "attention": lambda: (L.MultiHeadAttention(4, 2, 1, **SMALL), (2, 3, 4)),
    "rotary": lambda: (L.MultiHeadAttention(4, 2, rotary=True, **SMALL), (2, 3, 4)),
    "cross": lambda: (L.MultiHeadAttention(4, 2, memory_size=3, **SMALL), (2, 3, 4), (2, 2, 3)),
    "encoder": lambda: (L.TransformerEncoderLayer(4, 2, 5, **ENCODER), (2, 3, 4)),
    "norm first": lambda: (L.TransformerEncoderLayer(4, 2, 5, norm_first=True, norm=L.RMSNorm, **ENCODER), (2, 3, 4)),
    "decoder": lambda: (L.TransformerDecoderLayer(4, 2, 5, **ENCODER), (2, 3, 4), (2, 2, 4)),
    "sinusoidal": lambda: (L.PositionalEncoding(4), (2, 3, 4)),
    "learned": lambda: (L.PositionalEncoding(4, "learned", 3, **SMALL), (2, 3, 4)),
    "rotated": lambda: (L.PositionalEncoding(4, "rotary"), (2, 3, 4)),
    "rms": lambda: (L.RMSNorm(4, dtype=np.float64), (2, 3, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name):
    """Of the inputs and of all parameters, to second order."""
    layer, *shapes = LAYERS[name]()
    with_biases(layer)
    params = list(layer.params())

    def f(*given):
        xs, ws = given[: len(shapes)], given[len(shapes) :]
        return layer(*xs) if not ws else called_with(layer, xs, ws)

    check_gradients(f, *[random(*s, seed=i) for i, s in enumerate(shapes)], *[p.data for p in params], order=2)


def called_with(layer, xs, ws):
    """The layer's value with other Variables in the places of its parameters."""
    owners = [
        (owner, key) for owner in layer.layers() for key, p in list(vars(owner).items()) if isinstance(p, L.Parameter)
    ]
    before = [vars(owner)[key] for owner, key in owners]
    order = {id(p): w for p, w in zip(layer.params(), ws)}
    try:
        for (owner, key), p in zip(owners, before):
            vars(owner)[key] = order[id(p)]
        return layer(*xs)
    finally:
        for (owner, key), p in zip(owners, before):
            vars(owner)[key] = p


def layer_norm(x, norm):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + norm.eps) * array(norm.gamma) + array(norm.beta)


@pytest.mark.parametrize("norm_first", [False, True])
def test_layers_of_a_transformer_are_their_formulas(norm_first):
    encoder = with_biases(L.TransformerEncoderLayer(6, 2, 9, norm_first=norm_first, dtype=np.float64, rng=0))
    decoder = with_biases(L.TransformerDecoderLayer(6, 2, 9, norm_first=norm_first, dtype=np.float64, rng=1))
    x, memory, causal = random(5, 6), random(4, 6), np.tri(5, dtype=bool)

    def added(x, norm, f):
        return x + f(layer_norm(x, norm)) if norm_first else layer_norm(x + f(x), norm)

    def thought(layer, x):
        h = np.maximum(x @ array(layer.expand.W) + array(layer.expand.b), 0)
        return h @ array(layer.project.W) + array(layer.project.b)

    y = added(x, encoder.norm1, lambda x: attention_by_head(encoder.attention, x))
    y = added(y, encoder.norm2, lambda x: thought(encoder, x))
    np.testing.assert_allclose(array(encoder(x)), y, rtol=1e-11, atol=1e-12)

    y = added(x, decoder.norm1, lambda x: attention_by_head(decoder.attention, x, seen=causal))
    y = added(y, decoder.norm2, lambda x: attention_by_head(decoder.cross, x, memory))
    y = added(y, decoder.norm3, lambda x: thought(decoder, x))
    np.testing.assert_allclose(array(decoder(x, memory)), y, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_on_every_device(name, on_device, moved):
    """Values, and the gradient of the input, with masks and caches."""
    layer, *shapes = LAYERS[name]()
    xs = [random(*s, seed=i) for i, s in enumerate(shapes)]
    expected = layer(*map(Variable, xs))
    there = [Variable(on_device(x)) for x in xs]
    y = moved(layer)(*there)
    kind = type(on_device(xs[0]))
    assert type(y.data) is kind
    np.testing.assert_allclose(array(y), ag.backend.to_numpy(expected.data), rtol=1e-12, atol=1e-12)
    assert all(type(g.data) is kind for g in grad((y * y).sum(), there))


def test_masks_and_caches_on_every_device(on_device, moved):
    layer = L.MultiHeadAttention(8, 2, dtype=np.float64, rng=0)
    x, mask = random(2, 5, 8), np.arange(5) < np.array([5, 3])[:, None]
    expected = array(layer(x, mask=mask[:, None], causal=True))
    there = moved(layer)
    y = there(on_device(x), mask=on_device(mask)[:, None], causal=True)
    np.testing.assert_allclose(array(y), expected, rtol=1e-12, atol=1e-12)
    with no_grad():
        whole, cache = array(there(on_device(x), causal=True)), L.KeyValueCache()
        parts = [array(there(on_device(x[:, t : t + 1]), causal=True, cache=cache)) for t in range(5)]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-12, atol=1e-12)


def test_positions():
    x = np.zeros((2, 7, 6))
    y = array(L.PositionalEncoding(6)(x, 3))
    for t in range(7):
        for i in range(3):
            angle = (t + 3) / 10_000 ** (2 * i / 6)
            np.testing.assert_allclose(y[:, t, 2 * i : 2 * i + 2], [[math.sin(angle), math.cos(angle)]] * 2, atol=1e-12)
    learned = L.PositionalEncoding(6, "learned", 9, dtype=np.float64, rng=0)
    np.testing.assert_array_equal(array(learned(x, 2))[1], array(learned.W)[2:9])
    with pytest.raises(ValueError, match="must end within its length of 9, not at 10"):
        learned(x, 3)


def test_rotary_products_depend_on_the_distance_alone():
    q, k = random(1, 8), random(1, 8, seed=1)
    found = [(F.rotary(q, t) @ F.rotary(k, t + 5).T).item() for t in (0, 1, 17, 1000)]
    np.testing.assert_allclose(found, found[0], rtol=1e-9)


def test_a_mask_is_no_anomaly():
    """Hidden scores are -inf inside the softmax, and nowhere else: at all orders, with a dropout and a soft cap."""
    q = Variable(random(2, 3, 4))
    for options in ({}, {"p": 0.5, "rng": 0}, {"softcap": 1.0}):
        with ag.anomaly():
            y = F.scaled_dot_product_attention(q, q, q, np.eye(3, dtype=bool), True, **options)
            (g,) = grad((y * y).sum(), [q], create_graph=True)
            (g * g).sum().backward()
        q.cleargrad()


def test_dropout_is_for_training_alone():
    layer = L.TransformerEncoderLayer(8, 2, dropout=0.5, rng=0)
    x = random(2, 4, 8).astype(np.float32)
    assert np.abs(array(layer(x)) - array(layer(x))).max() > 0.1
    with ag.test_mode():
        np.testing.assert_array_equal(array(layer(x)), array(layer(x)))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: L.MultiHeadAttention(8, 3), ValueError, "heads must divide size, and kv_heads the heads, not 8, 3, 3"),
        (lambda: L.MultiHeadAttention(8, 4, 3), ValueError, "not 8, 4, 3"),
        (lambda: L.MultiHeadAttention(6, 2, rotary=True), ValueError, "heads of an even size, not 3"),
        (lambda: L.MultiHeadAttention(8, num_heads=2), TypeError, "MultiHeadAttention takes heads, not num_heads"),
        (lambda: L.TransformerEncoderLayer(8, 2, dim_feedforward=3), TypeError, "takes hidden, not dim_feedforward"),
        (lambda: L.PositionalEncoding(5), ValueError, "size must be even for pairs, not 5"),
        (lambda: L.PositionalEncoding(4, "learned"), ValueError, "takes the length of the longest text"),
        (lambda: L.PositionalEncoding(4)(np.zeros((2, 3))), ValueError, r"takes x \(\.\.\., T, 4\), not \(2, 3\)"),
        (lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 3))), ValueError, r"takes x \(\.\.\., T, 4\), not \(2, 3\)"),
        (lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 4)), cache={}), TypeError, "cache must be a KeyValueCache"),
        (
            lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 4)), np.zeros((3, 5))),
            ValueError,
            r"x \(2, 4\) and a memory",
        ),
        (
            lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 3, 4)), np.zeros((3, 5, 4))),
            ValueError,
            r"x \(2, 3, 4\) and a memory \(\.\.\., S, 4\) of as many texts, not \(3, 5, 4\)",
        ),
        (lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 4)), np.zeros((0, 4))), ValueError, r"not \(0, 4\)"),
        (
            lambda: L.MultiHeadAttention(4, 2)(np.zeros((2, 0, 4))),
            ValueError,
            r"of at least one token, not \(2, 0, 4\)",
        ),
        (lambda: L.TransformerDecoderLayer(4, 2)(np.zeros((2, 4)), None), TypeError, "takes x and a memory, not None"),
        (
            lambda: L.TransformerDecoderLayer(4, 2)(np.zeros((2, 4)), np.zeros((2, 4)), cache=L.KeyValueCache()),
            TypeError,
            "cache must be two of KeyValueCache, for x and for the memory",
        ),
    ],
)
def test_wrong_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()
