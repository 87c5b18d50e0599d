"""Step 05: why backwards.

New: no code for the framework but the reason for its direction. The derivative of a chain is the product of
its Jacobians, and the product may be multiplied out from the end of the inputs or from the end of the output;
the result is the same and the work is not. From the output each partial product has as many rows as there are
outputs. A loss is one number, so there the product stays a single row, however many parameters stand at the
other end. The price: the values on the way must be kept until the walk back, because the Jacobians depend on
them.

In the package: autograd/engine.py
"""

from itertools import pairwise

import numpy as np


def jacobians(sizes, rng):
    """The Jacobians of a chain of functions x -> tanh(W x), in the order of the computation."""
    x, result = rng.normal(size=sizes[0]), []
    for N, M in pairwise(sizes):
        W = rng.normal(size=(M, N)) / np.sqrt(N)
        x = np.tanh(W @ x)
        result.append((1 - x**2)[:, None] * W)
    return result


def matmul(A, B):
    """A B, and how many multiplications of numbers it takes."""
    return A @ B, A.shape[0] * A.shape[1] * B.shape[1]


def from_the_input(Js):
    product, total = Js[0], 0
    for J in Js[1:]:
        product, count = matmul(J, product)
        total += count
    return product, total


def from_the_output(Js):
    product, total = Js[-1], 0
    for J in reversed(Js[:-1]):
        product, count = matmul(product, J)
        total += count
    return product, total


# The chain of step 04 at x = 0.5: three numbers, that is, three Jacobians of one row and one column.
x = 0.5
a = x**2
b = np.exp(a)
product, _ = from_the_output([np.array([[2 * x]]), np.array([[np.exp(a)]]), np.array([[2 * b]])])
print("step 04 by the chain rule:", product[0, 0])
assert abs(product[0, 0] - 3.2974426293330694) < 1e-6

print("\nmultiplications           from the input   from the output")
rng = np.random.default_rng(0)
work = {}
for sizes in [(1000, 100, 100, 1), (1, 100, 100, 1000), (100, 100, 100, 100)]:
    Js = jacobians(sizes, rng)
    (forward, n_forward), (backward, n_backward) = from_the_input(Js), from_the_output(Js)
    print(f"{' -> '.join(map(str, sizes)):24} {n_forward:15,} {n_backward:17,}")
    assert np.allclose(forward, backward)
    work[sizes] = n_forward, n_backward

# A function that acts element by element has a diagonal Jacobian: a row times it is a plain product.
# So `backward` in the next step is a short formula, and no Jacobian is ever built.
x, gy = rng.normal(size=3), rng.normal(size=3)
by_jacobian, by_formula = gy @ np.diag(2 * x), 2 * x * gy
print("\nrow times Jacobian of square:", by_jacobian)
print("the formula 2 x gy:          ", by_formula)

assert work[1000, 100, 100, 1] == (10_100_000, 110_000)
assert work[1, 100, 100, 1000] == (110_000, 10_100_000)
assert work[100, 100, 100, 100] == (2_000_000, 2_000_000)
assert np.allclose(by_jacobian, by_formula)
