"""Silero VAD with its published weights: the probabilities of speech are those of onnxruntime.

`make_silero_vad.py` wrote the sound and the results into silero_vad.npz. The weights are not ours to ship.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import models
from autograd.models import silero_vad

WHEEL = "silero-vad==6.2.3"
found = find_spec("silero_vad")
WEIGHTS = Path(found.origin).parent / "data/silero_vad_16k.safetensors" if found else Path("nowhere")
needs_weights = pytest.mark.skipif(found is None, reason=f"pip install --no-deps {WHEEL}")


@pytest.fixture(scope="module")
def stored():
    with np.load(Path(__file__).parent / "silero_vad.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def x(stored):
    return np.stack([stored["sound"], stored["sound"][::-1]]).astype(np.float32) / 32768


@pytest.fixture(scope="module")
def model():
    model = models.SileroVAD(initializer=ag.layers.zeros)
    models.load_weights(model, WEIGHTS)
    return model


def small(**options):
    """A network of random weights, all of which count."""
    model = models.SileroVAD(dtype=np.float64, rng=0, **options)
    rng = np.random.default_rng(1)
    for p in model.params():
        p.data = rng.standard_normal(p.shape) / np.sqrt(max(p.size // len(p), 1))
    return model


@needs_weights
def test_probabilities_of_a_sound(model, stored, x):
    with ag.test_mode(), ag.no_grad():
        p, (heard, (h, c)) = model(x)
        p, states = p.data, np.stack([h, c])
    np.testing.assert_allclose(p, stored["p"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(states, stored["states"][-1], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(heard, x[:, -64:])
    assert p.min() < 0.1
    assert p.max() > 0.9


@needs_weights
@pytest.mark.skipif(find_spec("onnx") is None, reason="pip install onnx")
def test_the_weights_of_the_onnx_file(stored, x):
    import onnx

    network = onnx.load(WEIGHTS.with_name("silero_vad_16k_op15.onnx"))
    model = models.SileroVAD(initializer=ag.layers.zeros)
    models.load_weights(model, {w.name: onnx.numpy_helper.to_array(w) for w in network.graph.initializer})
    with ag.test_mode(), ag.no_grad():
        p = model(x)[0].data
    np.testing.assert_allclose(p, stored["p_onnx"], rtol=0, atol=1e-5)


@needs_weights
@pytest.mark.parametrize("sizes", [[1] * 64, [16, 1, 47], [63, 1]])
def test_the_state_is_carried_from_chunk_to_chunk(model, stored, x, sizes):
    state, ps = None, []
    with ag.test_mode(), ag.no_grad():
        for part in np.split(x, 512 * np.cumsum(sizes)[:-1], 1):
            p, state = model(part, state)
            ps.append(p.data)
            if sum(len(p[0]) for p in ps) == 16:
                np.testing.assert_allclose(np.stack(state[1]), stored["states"][0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.concatenate(ps, 1), stored["p"], rtol=0, atol=1e-5)


@needs_weights
def test_the_published_waves_are_those_of_a_fourier_transform(model):
    np.testing.assert_allclose(model.waves.data, silero_vad.waves(), rtol=0, atol=1e-6)


def test_the_network_is_its_formula():
    """One sound, in loops of NumPy; the spectrum by NumPy's own Fourier transform."""
    rng = np.random.default_rng(0)
    model, x, T = small(), rng.standard_normal(3 * 512), 3
    W = {path: p.data for path, p in model.named_params()}

    def conv(x, name, stride):
        x = np.pad(x, [(0, 0), (1, 1)])
        columns = [x[:, t : t + 3] for t in range(0, x.shape[1] - 2, stride)]
        return np.maximum(np.stack([(W[name + ".W"] * c).sum((1, 2)) + W[name + ".b"] for c in columns], 1), 0)

    def squashed(x):
        return 1 / (1 + np.exp(-x))

    expected, h, c, before = [], np.zeros(128), np.zeros(128), np.zeros(64)
    for t in range(T):
        chunk = np.concatenate([before, x[512 * t : 512 * (t + 1)]])
        before = chunk[-64:]
        chunk = np.pad(chunk, (0, 64), mode="reflect")
        window = np.hanning(257)[:256]
        y = np.stack([np.abs(np.fft.rfft(chunk[128 * k : 128 * k + 256] * window)) for k in range(4)], 1)
        for name, stride in [("encoder.0", 1), ("encoder.2", 2), ("encoder.4", 2), ("encoder.6", 1)]:
            y = conv(y, name, stride)
        i, f, g, o = np.split(y[:, 0] @ W["lstm.Wx"] + h @ W["lstm.Wh"] + W["lstm.b"], 4)
        c = squashed(f) * c + squashed(i) * np.tanh(g)
        h = squashed(o) * np.tanh(c)
        expected.append(squashed((W["decision.W"][0, :, 0] * np.maximum(h, 0)).sum() + W["decision.b"][0]))
    p, _ = model(x[None])
    np.testing.assert_allclose(p.data[0], expected, rtol=1e-10, atol=1e-12)


def test_it_can_be_trained_and_silence_has_a_gradient():
    model = small()
    x = ag.Variable(np.zeros((2, 1024)))
    p, _ = model(x)
    loss = F.binary_cross_entropy(p, np.ones((2, 2)))
    loss.backward()
    assert np.isfinite(x.grad.data).all()
    assert all(np.isfinite(p.grad.data).all() for p in model.params())


def test_wrong_sounds():
    model = small()
    x = np.zeros((2, 512))
    _, state = model(x)
    with pytest.raises(TypeError, match="floating-point sound between -1 and 1, not int16"):
        model(x.astype(np.int16))
    for shape in [(512,), (1, 500), (1, 0), (1, 1, 512)]:
        with pytest.raises(ValueError, match="pad it with zeros to whole chunks"):
            model(np.zeros(shape))
    with pytest.raises(ValueError, match="a state of 1 sounds for x of as many, not one of 2"):
        model(x[:1], state)
    for wrong in [state[0], 3, state[1][0], (state,)]:
        with pytest.raises(TypeError, match="a state as a call returns it, or None"):
            model(x, wrong)


def test_the_same_on_every_device(on_device, moved):
    x = np.random.default_rng(0).standard_normal((2, 1024))
    with ag.test_mode():
        expected, _ = small()(x)
        model = moved(small())
        first, state = model(on_device(x[:, :512]))
        second, _ = model(on_device(x[:, 512:]), state)
    p = np.concatenate([ag.backend.to_numpy(ag.as_array(y)) for y in (first, second)], 1)
    np.testing.assert_allclose(p, expected.data, rtol=1e-10)
