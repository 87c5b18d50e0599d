"""Metrics: plain numbers that say how good a model is. They take what a loss takes, and have no gradient."""

from __future__ import annotations

from autograd.functions.accuracy import accuracy

__all__ = ["accuracy"]
