"""Adapters: programs that were written for another framework run on this one."""

from __future__ import annotations

__all__: list[str] = []
