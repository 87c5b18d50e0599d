"""ONNX, the exchange format of networks: `export` writes a model, `load` reads one as a Layer that can be trained.

    formats.onnx.export(model, "digits.onnx", x[:1])
    model = formats.onnx.load("digits.onnx")

Both need the package onnx, the extra `onnx`. A new function needs an entry in `nodes.py` or `network_nodes.py`.
"""

from __future__ import annotations

from autograd.formats.onnx.writing import export

__all__ = ["export"]
