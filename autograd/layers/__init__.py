"""Layers: functions that own parameters.

model = L.Sequential(L.Linear(1000), F.relu, L.Linear(10))
y = model(x)
"""

from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd.layers.attention import KeyValueCache, MultiHeadAttention
from autograd.layers.base import Buffer, Layer, Parameter
from autograd.layers.containers import MLP, Sequential
from autograd.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autograd.layers.embedding import Embedding
from autograd.layers.initializers import constant, he, lecun, normal, ones, orthogonal, uniform, xavier, zeros
from autograd.layers.linear import Linear
from autograd.layers.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from autograd.layers.pooling import (
    AdaptiveAveragePool1d,
    AdaptiveAveragePool2d,
    AdaptiveAveragePool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AveragePool1d,
    AveragePool2d,
    AveragePool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    PixelShuffle,
    Upsample,
)
from autograd.layers.positions import PositionalEncoding
from autograd.layers.recurrent import GRU, LSTM, RNN
from autograd.layers.regularization import Dropout, Dropout1d, Dropout2d, Dropout3d
from autograd.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from autograd.names import missing_name, with_advice

__all__ = [
    "Layer",
    "Parameter",
    "Buffer",
    "Sequential",
    "MLP",
    "Linear",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "AveragePool1d",
    "AveragePool2d",
    "AveragePool3d",
    "AdaptiveAveragePool1d",
    "AdaptiveAveragePool2d",
    "AdaptiveAveragePool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "Upsample",
    "PixelShuffle",
    "Embedding",
    "RNN",
    "LSTM",
    "GRU",
    "BatchNorm",
    "LayerNorm",
    "GroupNorm",
    "InstanceNorm",
    "RMSNorm",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "MultiHeadAttention",
    "KeyValueCache",
    "PositionalEncoding",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "xavier",
    "he",
    "lecun",
    "orthogonal",
    "normal",
    "uniform",
    "constant",
    "zeros",
    "ones",
]

for name in __all__:  # initializers answer other frameworks' words
    if isinstance(globals()[name], FunctionType):
        globals()[name] = with_advice(globals()[name])
        globals()[name].__module__ = __name__  # where pickle finds this one

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
