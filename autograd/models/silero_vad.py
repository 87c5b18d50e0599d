"""Silero VAD: a network that hears whether somebody speaks, 32 ms after 32 ms, while the sound comes in.

    model = models.SileroVAD()
    models.load_weights(model, "silero_vad_16k.safetensors")  # of the package silero-vad
    with ag.test_mode(), ag.no_grad():
        p, state = model(x)         # x (N, 512 T), 16,000 samples a second: T probabilities of speech
        p, state = model(x, state)  # the sound that follows

A chunk is 512 samples, and the network sees the last 64 of the chunk before too. A short-time Fourier transform says
how loud each of 129 frequencies is, four times a chunk. Four convolutions make one vector of it, an LSTM remembers what
was heard, and one neuron decides.

The weights in the package's ONNX files are those of another training; as a dict of arrays by name they fit as well. The
package's second network, for 8,000 samples a second, has no safetensors file and is left out here.
Source: Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector", 2024.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import shown
from autograd.functions.activation import relu, sigmoid
from autograd.functions.conv import conv1d
from autograd.functions.operands import operand
from autograd.functions.reduction import norm
from autograd.functions.shape import concat, squeeze
from autograd.layers.base import Buffer, Generator, Initializer, Layer
from autograd.layers.containers import Sequential
from autograd.layers.conv import Conv1d
from autograd.layers.initializers import he
from autograd.layers.recurrent import LSTM
from autograd.models.blocks import layer_options
from autograd.variable import Variable

__all__ = ["CHUNK", "SileroVAD", "waves"]

CHUNK, CONTEXT = 512, 64  # samples that are new, and samples seen again
WINDOW, FREQUENCIES = 256, 129  # of the Fourier transform, whose windows begin 128 samples apart


class SileroVAD(Layer):
    """The probability of speech in each chunk, and the state for the chunks that follow.   (N, 512 T) -> (N, T), state

    The state is (the last samples, (h, c) of the LSTM), and None at the beginning of a sound: silence came before.
    Raises TypeError for sound that is not of floating-point numbers, which lie between -1 and 1. Raises ValueError if
    the last chunk is not whole: pad it with zeros.
    """

    torch_names: ClassVar[dict[str, str]] = {
        "stft_conv.weight": "waves", "conv1.": "encoder.0.", "conv2.": "encoder.2.", "conv3.": "encoder.4.",
        "conv4.": "encoder.6.", "lstm_cell.": "lstm.", "final_conv.": "decision.",
        "model.stft.forward_basis_buffer": "waves", "model.decoder.rnn.": "lstm.",
        "model.encoder.0.": "encoder.0.", "model.encoder.1.": "encoder.2.", "model.encoder.2.": "encoder.4.",
        "model.encoder.3.": "encoder.6.", ".reparam_conv.": ".", "model.decoder.decoder.2.": "decision.",
    }  # fmt: skip

    def __init__(self, *, initializer: Initializer = he, dtype: Any = np.float32, rng: Generator = None) -> None:
        options = layer_options(initializer, dtype, rng)
        self.waves = Buffer(waves().astype(options["dtype"]))
        self.encoder = Sequential(
            Conv1d(128, 3, 1, 1, FREQUENCIES, **options), relu,
            Conv1d(64, 3, 2, 1, 128, **options), relu,
            Conv1d(64, 3, 2, 1, 64, **options), relu,
            Conv1d(128, 3, 1, 1, 64, **options), relu,
        )  # fmt: skip
        self.lstm = LSTM(128, 128, dtype=options["dtype"], rng=options["rng"])
        self.decision = Conv1d(1, 1, in_channels=128, **options)

    def forward(self, x: Operand, state: Any = None) -> tuple[Variable, Any]:
        x = checked(x)
        N, T = x.shape[0], x.shape[1] // CHUNK
        heard, memory = self.begin(x) if state is None else checked_state(state, N)
        x = x.reshape(N, T, CHUNK)
        chunks = with_context(x, heard).reshape(N * T, 1, -1)
        y = self.encoder(self.loudness(chunks)).reshape(N, T, -1)
        y, memory = self.lstm(y, memory)
        p = sigmoid(self.decision(relu(y).transpose(0, 2, 1)))
        return squeeze(p, 1), (x[:, -1, -CONTEXT:], memory)

    def begin(self, x: Any) -> tuple[Array, None]:
        """Silence, and an LSTM that remembers nothing."""
        return namespace(as_array(x)).zeros((len(x), CONTEXT), x.dtype), None

    def loudness(self, chunks: Any) -> Any:
        """The absolute values of a short-time Fourier transform.   (N, 1, 640) -> (N, 129, 4)"""
        y = conv1d(chunks, self.waves.data, stride=WINDOW // 2)
        return norm(y.reshape(-1, 2, FREQUENCIES, y.shape[-1]), axis=1)


def with_context(x: Any, heard: Any) -> Any:
    """Each chunk behind the end of the one before, and then the mirror of its own end.   (N, T, 512) -> (N, T, 640)"""
    before = concat([heard[:, None], x[:, :-1, -CONTEXT:]], 1)
    return concat([before, x, x[..., -2 : -2 - CONTEXT : -1]], -1)


def waves() -> Array:
    """Cosines of the 129 frequencies and then their sines, faded in and out by Hann's window.   (258, 1, 256)"""
    t = np.arange(WINDOW) * (2 * np.pi / WINDOW)
    angles = np.outer(np.arange(FREQUENCIES), t)
    fade = (1 - np.cos(t)) / 2
    return np.concatenate([np.cos(angles), -np.sin(angles)])[:, None] * fade


def checked(x: Operand) -> Any:
    """Sound in whole chunks. Raises TypeError or ValueError for anything else."""
    x = operand("SileroVAD", x)
    if kind_of(x.dtype) != "f":
        raise TypeError(f"SileroVAD takes floating-point sound between -1 and 1, not {x.dtype}: divide by the largest")
    if x.ndim != 2 or not x.shape[1] or x.shape[1] % CHUNK:
        raise ValueError(f"SileroVAD takes sound (N, {CHUNK} T), not {x.shape}: pad it with zeros to whole chunks")
    return x


def checked_state(state: Any, N: int) -> tuple[Any, Any]:
    """The last samples, and the state of the LSTM. Raises TypeError or ValueError for what is no state of N sounds."""
    if not isinstance(state, tuple) or len(state) != 2:
        raise TypeError(f"SileroVAD takes a state as a call returns it, or None, not {shown(state)}")
    heard = operand("SileroVAD: the state", state[0])
    if heard.shape != (N, CONTEXT):
        raise ValueError(f"SileroVAD takes a state of {N} sounds for x of as many, not one of {len(heard)}")
    return heard, state[1]
