"""The package `onnx`, which knows ONNX's files: imported where it is used."""

from __future__ import annotations

from typing import Any

__all__ = ["library"]


def library() -> Any:
    """The package `onnx`. Raises RuntimeError if it is not installed."""
    try:
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise RuntimeError("ONNX files need the package onnx: pip install 'define-by-run[onnx]'") from error
    return onnx
