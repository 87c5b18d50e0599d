"""Watchers: they are told of every call inside a `with` block, and change no result.

`tracing` notes where each function was called, `anomaly` stops at the first nan or inf, `profile` measures. A new
watcher is a subclass of `config.Watcher`, or of `Locator` if it wants to know the layers that are open.
"""

from __future__ import annotations

from autograd.watch.anomalies import Anomaly, anomaly
from autograd.watch.places import Locator, source_line
from autograd.watch.profiles import Profile, profile
from autograd.watch.tracing import Tracing, trace, tracing

__all__ = [
    "Anomaly", "Locator", "Profile", "Tracing", "anomaly", "profile", "source_line", "trace", "tracing",
]  # fmt: skip
