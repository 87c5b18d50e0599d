"""Attention and the layers of a Transformer against PyTorch: hundreds of settings, drawn at random, same weights."""

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
from autograd import Variable, models
from autograd.variable import grad
from tests.against_torch import one_thread, torch  # noqa: F401

theirs = torch.nn.functional

SETS = 240


def close(got, expected):
    """Equal to 1e-10 in float64 and 1e-4 in float32, of the largest number."""
    expected = expected.detach().numpy()
    tolerance = (1e-4 if expected.dtype == np.float32 else 1e-10) * max(1.0, np.abs(expected).max(initial=0))
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(got.data, expected, rtol=0, atol=tolerance)


def compare(y, t, xs, ts, rng):
    """The values, and the gradients in all of xs and ts."""
    close(y, t)
    gy = rng.standard_normal(y.shape).astype(y.dtype)
    wanted = torch.autograd.grad(t, ts, torch.tensor(gy), allow_unused=True)
    for gx, gt, x in zip(grad(y, xs, gy), wanted, xs, strict=True):
        close(gx, torch.zeros(x.shape, dtype=t.dtype) if gt is None else gt)


def drawn(seed, salt):
    rng = np.random.default_rng([seed, salt])
    return rng, np.float32 if seed % 2 else np.float64


def variables(*arrays):
    return [Variable(x) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]


def mask_drawn(rng, dtype, *shape):
    """None, booleans that let each query see a key, or numbers to add: for us, and for PyTorch."""
    kind = rng.choice(["none", "boolean", "numbers"])
    if kind == "none":
        return None, None
    lead = [n if rng.random() < 0.5 else 1 for n in shape[:-2]]
    mask = rng.standard_normal((*lead, *shape[-2:])).astype(dtype)
    if kind == "boolean":
        mask = mask > 0
        mask[..., 0] = True
    return mask, torch.tensor(mask)


@pytest.mark.parametrize("begin", range(0, 2 * SETS, SETS))
def test_attention(begin):
    """Heads shared or not, masks of all kinds, causal or not; an additive mask has a gradient too."""
    for seed in range(begin, begin + SETS):
        rng, dtype = drawn(seed, 1)
        N, HK, G, T, S, D, E = map(int, rng.integers(1, 6, 7))
        G = min(G, 3)
        shapes = (N, HK * G, T, D), (N, HK, S, D), (N, HK, S, E)
        xs, ts = variables(*[rng.standard_normal(s).astype(dtype) for s in shapes])
        causal = rng.random() < 0.3
        mask, their_mask = (None, None) if causal else mask_drawn(rng, dtype, N, HK * G, T, S)
        scale = None if rng.random() < 0.5 else float(rng.uniform(0.1, 2))
        ours, other = list(xs), list(ts)
        if mask is not None and mask.dtype != bool:
            mask, their_mask = Variable(mask), their_mask.requires_grad_()
            ours, other = [*xs, mask], [*ts, their_mask]
        y = F.scaled_dot_product_attention(*xs, mask, causal, scale=scale)
        t = theirs.scaled_dot_product_attention(*ts, their_mask, is_causal=causal, scale=scale, enable_gqa=True)
        compare(y, t, ours, other, rng)


def test_attention_over_long_texts():
    for seed in range(20):
        rng, dtype = drawn(seed, 7)
        T, S = map(int, rng.integers(200, 700, 2))
        shapes = (1, 2, T, 8), (1, 2, S, 8), (1, 2, S, 5)
        xs, ts = variables(*[rng.standard_normal(s).astype(dtype) for s in shapes])
        y = F.scaled_dot_product_attention(*xs, causal=bool(seed % 3))
        t = theirs.scaled_dot_product_attention(*ts, is_causal=bool(seed % 3))
        compare(y, t, xs, ts, rng)


def test_rms_norm():
    for seed in range(SETS):
        rng, dtype = drawn(seed, 2)
        shape = tuple(map(int, rng.integers(1, 6, rng.integers(1, 5))))
        part = shape[-rng.integers(1, len(shape) + 1) :]
        eps = float(10 ** rng.uniform(-6, -1))
        xs, ts = variables(rng.standard_normal(shape).astype(dtype), rng.standard_normal(part).astype(dtype))
        compare(F.rms_norm(*xs, eps), theirs.rms_norm(ts[0], part, ts[1], eps), xs, ts, rng)


def test_layer_norm_and_rms_norm_as_layers():
    for seed in range(SETS):
        rng, dtype = drawn(seed, 3)
        N, T, D = map(int, rng.integers(1, 9, 3))
        D += 1
        eps = float(10 ** rng.uniform(-6, -1))
        ours, module = (
            (L.RMSNorm(D, eps=eps, dtype=dtype), torch.nn.RMSNorm(D, eps))
            if seed % 4 > 1
            else (L.LayerNorm(D, eps=eps, dtype=dtype), torch.nn.LayerNorm(D, eps))
        )
        module = module.to(torch.tensor(np.zeros(0, dtype)).dtype)
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(torch.tensor(rng.standard_normal(D)))
        models.load_weights(ours, module.state_dict())
        x, t = variables(rng.standard_normal((N, T, D)).astype(dtype))
        compare(ours(x[0]), module(t[0]), [*x, *ours.params()], [*t, *module.parameters()], rng)


def weights_of(ours, module):
    """The parameters of a layer and those of PyTorch, of which the packed ones are taken apart, in pairs."""
    names = dict(ours.named_params())
    pairs = []
    for name, p in module.named_parameters():
        lead = name.replace("self_attn", "attention").replace("multihead_attn", "cross").replace("out_proj", "out")
        lead = lead.replace("linear1", "expand").replace("linear2", "project")
        path, _, word = lead.rpartition(".")
        if word.endswith("_proj_weight") and "in_proj" not in word:
            pairs.append(([names[f"{path}.{word[0]}.W".lstrip(".")]], p))
        elif "in_proj" in word:
            pairs.append(([names[f"{path}.{k}.{'W' if 'weight' in word else 'b'}".lstrip(".")] for k in "qkv"], p))
        else:
            ends = ("gamma", "beta") if "norm" in path else ("W", "b")
            pairs.append(([names[f"{path}.{ends['bias' in word]}".lstrip(".")]], p))
    return pairs


def compare_layers(y, t, ours, module, xs, ts, rng):
    """Values and gradients of the inputs, and those of all weights, which PyTorch holds transposed and packed."""
    close(y, t)
    gy = rng.standard_normal(y.shape).astype(y.dtype)
    pairs = weights_of(ours, module)
    flat = [p for ps, _ in pairs for p in ps]
    found = grad(y, [*xs, *flat], gy)
    wanted = torch.autograd.grad(t, [*ts, *[p for _, p in pairs]], torch.tensor(gy))
    for gx, gt in zip(found[: len(xs)], wanted):
        close(gx, gt)
    rest = iter(found[len(xs) :])
    for (ps, _), gt in zip(pairs, wanted[len(xs) :], strict=True):
        parts = [next(rest).data.T for _ in ps]
        close(Variable(np.concatenate(parts)), gt)


def test_multi_head_attention():
    """Self and cross attention, with a mask for each sample, causal or not."""
    for seed in range(SETS):
        rng, dtype = drawn(seed, 4)
        N, T, S, heads, d = map(int, rng.integers(1, 5, 5))
        D, bias, cross = heads * d, bool(rng.random() < 0.8), bool(rng.random() < 0.4)
        module = torch.nn.MultiheadAttention(
            D, heads, bias=bias, batch_first=True, dtype=torch.tensor(np.zeros(0, dtype)).dtype
        )
        ours = L.MultiHeadAttention(D, heads, bias=bias, dtype=dtype)
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(torch.tensor(rng.standard_normal(p.shape)))
        models.load_weights(ours, module.state_dict())
        shapes = [(N, T, D), (N, S, D)] if cross else [(N, T, D)]
        xs, ts = variables(*[rng.standard_normal(s).astype(dtype) for s in shapes])
        seen = rng.random((N, T, xs[-1].shape[1])) < 0.6
        seen[..., 0] = True
        if not cross and rng.random() < 0.4:
            seen = np.broadcast_to(np.tri(T, dtype=bool), seen.shape)
            y = ours(xs[0], causal=True)
        else:
            y = ours(*xs, mask=seen)
        hidden = torch.tensor(np.repeat(~seen, heads, 0))
        t, _ = module(ts[0], ts[-1], ts[-1], attn_mask=hidden, need_weights=False)
        compare_layers(y, t, ours, module, xs, ts, rng)


ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


def pair(rng, dtype, ours, module):
    """The same layer twice, with random weights."""
    heads, d, hidden = map(int, rng.integers(1, 5, 3))
    name, first, bias = str(rng.choice([*ACTIVATIONS])), bool(rng.random() < 0.5), bool(rng.random() < 0.8)
    eps = float(10 ** rng.uniform(-5, -2))
    D = heads * (d + 1)
    theirs = module(D, heads, hidden, 0.0, name, eps, True, first, bias, dtype=torch.tensor(np.zeros(0, dtype)).dtype)
    layer = ours(D, heads, hidden, activation=ACTIVATIONS[name], norm_first=first, eps=eps, bias=bias, dtype=dtype)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(rng.standard_normal(p.shape)))
    state = theirs.state_dict()
    if not bias:  # their norms have no offset then
        state |= {n.replace("weight", "bias"): torch.zeros_like(p) for n, p in state.items() if "norm" in n}
    models.load_weights(layer, state)
    return layer, theirs, D


def test_cross_attention_to_a_memory_of_another_size():
    for seed in range(SETS // 5):
        rng, dtype = drawn(seed, 7)
        N, T, S, heads, d = map(int, rng.integers(1, 5, 5))
        D, bias = heads * d, bool(rng.random() < 0.8)
        E = D + int(rng.integers(1, 4))
        options = {"bias": bias, "batch_first": True, "dtype": torch.tensor(np.zeros(0, dtype)).dtype}
        module = torch.nn.MultiheadAttention(D, heads, kdim=E, vdim=E, **options)
        ours = L.MultiHeadAttention(D, heads, memory_size=E, bias=bias, dtype=dtype)
        models.load_weights(ours, module.state_dict())
        xs, ts = variables(*[rng.standard_normal(s).astype(dtype) for s in ((N, T, D), (N, S, E))])
        seen = rng.random((N, 1, S)) < 0.6
        seen[..., 0] = True
        t, _ = module(ts[0], ts[1], ts[1], key_padding_mask=torch.tensor(~seen[:, 0]), need_weights=False)
        compare_layers(ours(*xs, mask=seen), t, ours, module, xs, ts, rng)


def test_encoder_layer():
    for seed in range(SETS):
        rng, dtype = drawn(seed, 5)
        ours, module, D = pair(rng, dtype, L.TransformerEncoderLayer, torch.nn.TransformerEncoderLayer)
        N, T = map(int, rng.integers(1, 6, 2))
        xs, ts = variables(rng.standard_normal((N, T, D)).astype(dtype))
        lengths = rng.integers(1, T + 1, N)
        seen = np.arange(T) < lengths[:, None]
        if rng.random() < 0.5:
            y = ours(xs[0], mask=seen[:, None])
            t = module(ts[0], src_key_padding_mask=torch.tensor(~seen))
        else:
            y, hidden = ours(xs[0], causal=True), torch.tensor(~np.tri(T, dtype=bool))
            t = module(ts[0], hidden, is_causal=True)
        compare_layers(y, t, ours, module, xs, ts, rng)


def test_decoder_layer():
    for seed in range(SETS):
        rng, dtype = drawn(seed, 6)
        ours, module, D = pair(rng, dtype, L.TransformerDecoderLayer, torch.nn.TransformerDecoderLayer)
        N, T, S = map(int, rng.integers(1, 6, 3))
        xs, ts = variables(*[rng.standard_normal((N, n, D)).astype(dtype) for n in (T, S)])
        seen = np.arange(S) < rng.integers(1, S + 1, N)[:, None]
        causal = bool(rng.random() < 0.7)
        hidden = torch.tensor(~np.tri(T, dtype=bool)) if causal else None
        y = ours(*xs, memory_mask=seen[:, None], causal=causal)
        t = module(*ts, tgt_mask=hidden, memory_key_padding_mask=torch.tensor(~seen))
        compare_layers(y, t, ours, module, xs, ts, rng)
