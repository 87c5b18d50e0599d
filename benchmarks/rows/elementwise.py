"""A function of a million numbers, forward and backward: sums, softmax, indices among them."""

import numpy as np

import autograd.functions as F
from rows import both_ways


def draw(*shapes):
    return lambda rng: [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def million(f, g, h=None, **options):
    return both_ways(f, g, draw((1000, 1000)), h, **options)


def masked(rng):
    (x,) = draw((1000, 1000))(rng)
    return x, x > 0


def words(rng):
    return *draw((10000, 128))(rng), rng.integers(0, 10000, (32, 64))


def scaled_where_kept(found):
    """Of dropout: how far a value is from the twofold input where kept, and the mean gradient."""
    y, gx = found
    kept = y != 0
    return [np.array([1.0, np.round(kept.mean(), 2), float(((gx != 0) == kept).all())])]


def relative(name):
    """The function of this name in jax.nn."""

    def h(jnp, x):
        import jax

        return getattr(jax.nn, name)(x)

    return h


def gelu(*shape):
    def h(jnp, x):
        import jax

        return jax.nn.gelu(x, approximate=False)

    return both_ways(F.gelu, lambda torch, x: torch.nn.functional.gelu(x), draw(shape), h)


ROWS = {
    "exp_1M": million(F.exp, lambda torch, x: torch.exp(x), lambda jnp, x: jnp.exp(x)),
    "sigmoid_1M": million(F.sigmoid, lambda torch, x: torch.sigmoid(x), relative("sigmoid")),
    "tanh_1M": million(F.tanh, lambda torch, x: torch.tanh(x), lambda jnp, x: jnp.tanh(x)),
    "gelu_1M": gelu(1000, 1000),
    "silu_1M": million(F.silu, lambda torch, x: torch.nn.functional.silu(x), relative("silu")),
    "softmax_1M": million(lambda x: F.softmax(x, axis=1), lambda torch, x: torch.softmax(x, 1), relative("softmax")),
    "relu_1M": million(F.relu, lambda torch, x: torch.relu(x), relative("relu")),
    "logsumexp_1M": million(lambda x: F.logsumexp(x, axis=1), lambda torch, x: torch.logsumexp(x, 1)),
    "sum_1M": million(lambda x: F.sum(x, axis=0), lambda torch, x: x.sum(0), lambda jnp, x: x.sum(0)),
    "max_1M": million(lambda x: F.max(x, axis=1), lambda torch, x: x.max(1).values, lambda jnp, x: x.max(1)),
    "dropout_1M": million(
        lambda x: F.dropout(x, 0.5), lambda torch, x: torch.nn.functional.dropout(x, 0.5), seen=scaled_where_kept,
        tolerance=0.02,
    ),
    "embedding": both_ways(
        lambda W, i: F.embedding(W, i), lambda torch, W, i: torch.nn.functional.embedding(i, W), words,
        lambda jnp, W, i: W[i], constants=1,
    ),
    "getitem_mask": both_ways(lambda x, mask: x[mask], lambda torch, x, mask: x[mask], masked, constants=1),
    "broadcast_bias": both_ways(
        lambda x, b: ((x + b) * 2.0).sum(), lambda torch, x, b: ((x + b) * 2.0).sum(), draw((1000, 1000), (1000,)),
        lambda jnp, x, b: ((x + b) * 2.0).sum(), tolerance=2e-3,
    ),
}  # fmt: skip
