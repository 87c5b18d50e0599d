"""The loops of the compiled ways (`compiled.py`): what they do to each number, written out in Python for numba.

Every array is float32 and in one piece of memory (C-contiguous), if nothing else is said. A loop writes into its last
arguments. It is called from several threads at once, each with a part of the arrays.
"""

from __future__ import annotations

__all__: list[str] = []
