"""Array kernels: arrays in, arrays out. A Variable is not known here.

A kernel is a plain function, which defines the result on every device, and a list of faster ways (`ways.py`). A call
takes the first way that fits its arguments. NumPy's, compiled and GPU ways all stand in these lists.

Where a new kernel goes:
- a way for an existing kernel: a file such as `numba.py` with functions under `@way(fits=...)`; each is named at its
  kernel, `@kernel(numba.forward, winograd.forward, columns.forward)`;
- a new kernel: a function under `@kernel()` in the file of its topic;
- a formula that Variables take too stays where it is, under `@kernel` in `functions/`: its ways fit arrays alone;
- in all cases cases for `tests/kernels/test_ways.py`, which compares each way with the plain function.
"""

from __future__ import annotations

__all__: list[str] = []
