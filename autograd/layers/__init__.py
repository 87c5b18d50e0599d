"""Layers: functions that own parameters.

model = L.Sequential(L.Linear(1000), F.relu, L.Linear(10))
y = model(x)
"""

from autograd.layers.base import Buffer, Layer, Parameter
from autograd.layers.containers import MLP, Sequential
from autograd.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose2d
from autograd.layers.embedding import Embedding
from autograd.layers.initializers import constant, he, lecun, normal, ones, orthogonal, uniform, xavier, zeros
from autograd.layers.linear import Linear
from autograd.layers.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from autograd.layers.pooling import AveragePool2d, MaxPool2d
from autograd.layers.recurrent import GRU, LSTM, RNN
from autograd.layers.regularization import Dropout

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
    "ConvTranspose2d",
    "MaxPool2d",
    "AveragePool2d",
    "Embedding",
    "RNN",
    "LSTM",
    "GRU",
    "BatchNorm",
    "LayerNorm",
    "GroupNorm",
    "InstanceNorm",
    "Dropout",
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
