"""The sum over ranks as a Function: what goes through it can be differentiated, at every order."""

from __future__ import annotations

from autograd.function import Function

__all__ = ["SumOverRanks"]


class SumOverRanks(Function):
    """y = sum over ranks of x,   gx = sum over ranks of gy

    Each rank has a y and a loss of its own, and the loss of the run is the sum of all: so each x moves the y of every
    rank. The sum is its own adjoint.
    """

    def __init__(self, group):
        self.group = group

    def forward(self, x):
        y = x.copy(order="C")
        self.group.all_reduce(y).wait()
        return y

    def backward(self, gy):
        return self.group.sum(gy)
