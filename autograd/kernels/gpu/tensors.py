"""One kernel for many arrays: a step of all parameters, or the sum of the squares of all gradients.

The addresses and sizes of the arrays are an argument of the kernel, a table, so nothing is copied. A block of threads
takes CHUNK elements of one array, which it looks up in the table by its number:

    block      0 1 2 | 3 | 4 5 | ...        table.block = 0, 3, 4, ...     the first block of each array
    array        0   | 1 |  2  |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import SOURCES, THREADS, Source, cuda
from autograd.kernels.gpu.fusion import traced
from autograd.kernels.gpu.sums import TREE

__all__ = ["square_sum", "step_all", "with_master"]

EACH = 4  # elements of a thread
CHUNK = THREADS * EACH
BYTES = 3584  # of the table: the arguments of a kernel have at most 4096

KERNEL = """
struct Table {{ void* array[{n}][{most}]; long long size[{most}]; int block[{most}]; int count; }};
extern "C" __global__ void {name}(const Table table{arguments}) {{
  int low = 0, high = table.count - 1;
  while (low < high) {{  // the last array whose first block is not behind this one
    const int middle = (low + high + 1) / 2;
    if (table.block[middle] <= (int)blockIdx.x) low = middle; else high = middle - 1;
  }}
{pointers}
  const long long size = table.size[low];
  long long i = ((long long)blockIdx.x - table.block[low]) * {chunk} + threadIdx.x;
  {before}
  for (int k = 0; k < {each} && i < size; k++, i += {threads}) {{
{body}
  }}
  {behind}
}}
"""


def step_all(f: Callable[..., None], tensors: Sequence[tuple[Array, ...]]) -> None:
    """f(p, g, ...) for each tuple of arrays, all in one kernel, or a few: the formula f changes arrays in place.

    The arrays of a tuple have one shape and are C-contiguous; those at one place have one dtype, that of p or, beside a
    p of 16 bits, float32. Raises `NoFormula` for what is no formula, and has changed nothing then.
    """
    p, *others = tensors[0]
    trace, elements, _ = traced(f, "A", tensors[0])
    body = [f"const A a{i} = x{i}[i];" for i in range(len(elements))] + trace.lines
    body += [f"x{i}[i] = {x.name};" for i, x in enumerate(elements) if x.name != f"a{i}"]
    types = "T", *["T" if x.dtype == p.dtype else "A" for x in others]
    numbers = [(np.float64 if p.dtype.char == "d" else np.float32)(x) for x in trace.numbers]
    arguments = "".join([f", const A n{i}" for i in range(len(numbers))])
    run = source(types, arguments, "\n".join([f"    {line}" for line in body]))(p)
    for table, blocks in tables(tensors):
        run((blocks,), (THREADS,), (table, *numbers))


def with_master(f: Callable[..., None]) -> Callable[..., None]:
    """The formula of (p, g, *slots, master): f on the master in the place of p, which is then the master rounded.

    Where somebody has written into p, so that it is not the master rounded, p counts.
    """

    def step(p: Any, g: Any, *others: Any) -> None:
        *slots, master = others
        same = f"(A)(T){master.name} == {p.name}"
        single = master.trace.write(f"{same} ? {master.name} : {p.name}", "f")
        f(single, g, *slots)
        p.name = master.name = single.name

    return step


SQUARE = "    const double a = (A)x0[i]; sum += a * a;"
BEHIND = """sum = over_block(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;"""


def square_sum(xs: Sequence[Array]) -> Array:
    """The sum of the squares of all numbers in these arrays of one dtype, in float64: an array without axes."""
    xp = namespace(xs[0])
    run = source(("T",), ", double* sums", SQUARE, "double sum = 0;", BEHIND)(xs[0])
    found = []
    for table, blocks in tables([(xp.ascontiguousarray(x),) for x in xs]):
        found.append(xp.empty(blocks))
        run((blocks,), (THREADS,), (table, found[-1]))
    return xp.concatenate(found).sum() if len(found) != 1 else found[0].sum()


@cache
def source(types: tuple[str, ...], arguments: str, body: str, before: str = "", behind: str = "") -> Source:
    """The kernel that runs `body` for each element i of arrays x0, x1, ... of these types."""
    name, n = f"tensors_{len(SOURCES)}", len(types)
    pointers = "\n".join([f"  {t}* x{i} = ({t}*)table.array[{i}][low];" for i, t in enumerate(types)])
    text = KERNEL.format(
        n=n, most=most(n), name=name, arguments=arguments, pointers=pointers, chunk=CHUNK, each=EACH, threads=THREADS,
        body=body, before=before, behind=behind,
    )  # fmt: skip
    return cuda(name, "RawKernel", TREE, text)


def most(n: int) -> int:
    """How many tuples of n arrays a table holds."""
    return (BYTES - 8) // (8 * n + 12)


def tables(tensors: Sequence[tuple[Array, ...]]) -> Iterator[tuple[Any, int]]:
    """Tables for these tuples of arrays, and the number of blocks that each takes."""
    n = len(tensors[0])
    for start in range(0, len(tensors), most(n)):
        some = tensors[start : start + most(n)]
        table, blocks = np.zeros((), layout(n)), 0
        for j, arrays in enumerate(some):
            table["array"][:, j] = [x.data.ptr for x in arrays]
            table["size"][j], table["block"][j] = arrays[0].size, blocks
            blocks += -(-arrays[0].size // CHUNK)
        table["count"] = len(some)
        if blocks:
            yield table[()], blocks


@cache
def layout(n: int) -> Any:
    """The dtype of `Table` in main memory."""
    m = most(n)
    fields = [("array", np.uintp, (n, m)), ("size", np.int64, m), ("block", np.int32, m), ("count", np.int32)]
    return np.dtype(fields, align=True)
