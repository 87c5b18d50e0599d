"""Writes silero_vad.npz: a sound, and what onnxruntime computes for it with the published network, chunk by chunk.

The weights in the safetensors file are not those in the ONNX file, so the network is run with both.

pip install --no-deps silero-vad==6.2.3
pip install onnx onnxruntime safetensors
python tests/models/make_silero_vad.py
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

RATE, CHUNK = 16_000, 512
VOWELS = [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480)]  # resonances in a, i, u, e
rng = np.random.default_rng(0)


def resonance(x, frequency, width):
    """The sound of a tube: y_t = x_t + 2 r cos(w) y_(t-1) - r^2 y_(t-2)"""
    r, y = np.exp(-np.pi * width / RATE), np.zeros(len(x) + 2)
    for t, x_t in enumerate(x):
        y[t + 2] = x_t + 2 * r * np.cos(2 * np.pi * frequency / RATE) * y[t + 1] - r * r * y[t]
    return y[2:]


def vowel(resonances, count=4500):
    """A buzz of about 120 pulses a second through three tubes."""
    t = np.arange(count) / RATE
    x = np.diff(np.floor((120 * t + 2 * np.sin(12 * t)) % 1e6), prepend=0) + 0.02 * rng.standard_normal(count)
    x *= np.sin(np.pi * t * RATE / count)
    for frequency, width in zip(resonances, (80, 90, 120)):
        x = resonance(x, frequency, width)
    return x / np.abs(x).max()


sound = 0.003 * rng.standard_normal(64 * CHUNK)
for i, resonances in enumerate([*VOWELS, VOWELS[0]]):
    sound[3000 + 6000 * i :][:4500] += 0.3 * vowel(resonances)[: len(sound) - 3000 - 6000 * i]
sound = np.round(sound * 32767).clip(-32768, 32767).astype(np.int16)
x = np.stack([sound, sound[::-1]]).astype(np.float32) / 32768  # two sounds in a batch: one the other backwards

folder = Path(find_spec("silero_vad").origin).parent / "data"
network = onnx.load(folder / "silero_vad_16k_op15.onnx")
weights = load_file(folder / "silero_vad_16k.safetensors")  # in the order of the ONNX file


def run(network):
    """The probabilities (N, T), and the states after 16 chunks and after all."""
    session = onnxruntime.InferenceSession(network.SerializeToString())
    heard, state, p, states = np.zeros((2, 64), np.float32), np.zeros((2, 2, 128), np.float32), [], []
    for chunk in np.split(x, x.shape[1] // CHUNK, 1):
        given = np.concatenate([heard, chunk], 1)
        y, state = session.run(None, {"input": given, "state": state, "sr": np.array(RATE)})
        heard = given[:, -64:]
        p.append(y)
        states.append(state)
    return np.concatenate(p, 1), np.stack(states)[[15, -1]]


p_onnx, _ = run(network)
for entry, array in zip(network.graph.initializer, weights.values(), strict=True):
    assert tuple(entry.dims) == array.shape
    entry.CopyFrom(onnx.numpy_helper.from_array(array, entry.name))
p, states = run(network)
np.savez_compressed(Path(__file__).parent / "silero_vad.npz", sound=sound, p=p, states=states, p_onnx=p_onnx)
