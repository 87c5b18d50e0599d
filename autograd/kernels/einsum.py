"""Einstein's sum, with the digits that NumPy's own loses."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.ways import kernel

__all__ = ["sum_of_products"]

LONG, LONG_LAST = 1 << 11, 1 << 14  # of elements added one after the other; NumPy adds 16 side by side on the last axis
RUN = 64  # of elements of a long axis that are added one after the other


@kernel()
def sum_of_products(terms: Sequence[str], output: str, *xs: Array) -> Array:
    """y[output] = sum of x0[terms[0]] x1[terms[1]] ...: `einsum`, where no term has a letter twice.

    A product of one or two operands that is no product of matrices is summed in one pass, without an array for it.
    NumPy adds its elements one after the other: the mean of 100,000 float32 numbers near 10,000 would be wrong by 7.
    Long axes are therefore summed in runs. Products of float16 are summed in float32.
    """
    if np.float16 in [x.dtype for x in xs]:
        y = sum_of_products(terms, output, *[x.astype(np.float32) if x.dtype == np.float16 else x for x in xs])
        return y.astype(np.result_type(*[x.dtype for x in xs]))
    first, last = set(terms[0]), set(terms[-1])
    one_pass = len(xs) < 3 and (first <= last or last <= first)  # without this einsum looks for matrix products
    letter = long_letter(terms, output, xs) if one_pass else None
    if letter is not None:
        return sum_in_runs(terms, output, xs, letter)
    return namespace(*xs).einsum(",".join(terms) + "->" + output, *xs, optimize=not one_pass)


def sum_in_runs(terms: Sequence[str], output: str, xs: Sequence[Array], letter: str) -> Array:
    """The sum of products where the axis `letter` is long: in runs, each of which gives a part of the sum."""
    run = next(c for c in ascii_letters if c not in "".join(terms))
    n = max([x.shape[term.index(letter)] for x, term in zip(xs, terms) if letter in term])
    whole = n // RUN * RUN
    parts = []
    for part, length in ((slice(whole), RUN), (slice(whole, n), n - whole)):
        if length:
            pieces = [split(x, term, letter, part, length) for x, term in zip(xs, terms)]
            runs = sum_of_products([t.replace(letter, letter + run) for t in terms], letter + output, *pieces)
            again = len(runs) > 4 * RUN
            parts.append(sum_in_runs([letter + output], output, [runs], letter) if again else runs.sum(0))
    return parts[0] + parts[1] if len(parts) > 1 else parts[0]


def split(x: Array, term: str, letter: str, part: slice, run: int) -> Array:
    """`part` of the axis `letter` of x as two axes, the second of the length `run`; axes of the length 1 stay."""
    if letter not in term:
        return x
    a = term.index(letter)
    if x.shape[a] == 1:
        return x.reshape(*x.shape[:a], 1, *x.shape[a:])
    x = x[(*[slice(None)] * a, part)]
    return x.reshape(*x.shape[:a], -1, run, *x.shape[a + 1 :])


def long_letter(terms: Sequence[str], output: str, xs: Sequence[Array]) -> str | None:
    """A letter to sum over whose axis is too long for one pass; None if there is none."""
    if max([x.size for x in xs]) <= LONG or xs[0].dtype.kind != "f":
        return None
    for x, term in zip(xs, terms):
        for i, (n, c) in enumerate(zip(x.shape, term)):
            if c not in output and n > (LONG_LAST if i == len(term) - 1 else LONG):
                return c
    return None
