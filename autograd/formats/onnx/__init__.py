"""ONNX, the exchange format of networks: `export` writes a model, `load` reads one as a Layer that can be trained.

    formats.onnx.export(model, "digits.onnx", x[:1])
    model = formats.onnx.load("digits.onnx")

Both need the package onnx, the extra `onnx`. On the way out a new function needs an entry in `nodes.py` or
`network_nodes.py`; on the way in a new operator needs one in `operators.py` or the two files of networks and windows.
"""

from __future__ import annotations

from autograd.formats.onnx.network import Network, load
from autograd.formats.onnx.writing import export

__all__ = ["Network", "export", "load"]
