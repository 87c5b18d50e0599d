"""Capture: a step of training as a program of NumPy alone."""

from autograd.capture.steps import Captured, capture

__all__ = ["Captured", "capture"]
