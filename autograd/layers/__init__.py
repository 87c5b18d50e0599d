"""Layers: functions that own parameters.

    model = L.Sequential(L.Linear(1000), F.relu, L.Linear(10))
    y = model(x)
"""

from autograd.layers.base import Buffer, Layer, Parameter
from autograd.layers.containers import MLP, Sequential
from autograd.layers.embedding import Embedding
from autograd.layers.initializers import constant, he, lecun, normal, ones, orthogonal, uniform, xavier, zeros
from autograd.layers.linear import Linear
from autograd.layers.normalization import BatchNorm, LayerNorm
from autograd.layers.recurrent import GRU, LSTM, RNN
from autograd.layers.regularization import Dropout

__all__ = [
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "BatchNorm",
    "Buffer",
    "Dropout",
    "Embedding",
    "Layer",
    "LayerNorm",
    "Linear",
    "Parameter",
    "Sequential",
    "constant",
    "he",
    "lecun",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "xavier",
    "zeros",
]
