"""Step 55: the size of a convolution's output.

New: one formula, before there is any convolution. A kernel of K pixels slides over an image of H pixels with P
added at either end, S pixels at a time. It has (H + 2P - K) / S + 1 places to be, rounded down: the first one,
and one for each time that it can still move on. What it leaves when it cannot is not seen by anybody. A kernel
larger than the padded image has no place at all, and the package says so with the numbers.

In the package: autograd/kernels/windows.py
"""

import itertools

import numpy as np

import autograd.functions as F


def output_size(H, K, S, P):
    return (H + 2 * P - K) // S + 1


def counted(H, K, S, P):
    """The same, by moving the kernel until it falls off the end."""
    places = 0
    while places * S + K <= H + 2 * P:
        places += 1
    return places


print("image 4 x 4, kernel 3, stride 1, pad 1:", output_size(4, 3, 1, 1), output_size(4, 3, 1, 1))

for (H, W), K, S, P in [((4, 4), 3, 1, 1), ((7, 7), 3, 2, 0), ((28, 31), 5, 3, 2)]:
    size = output_size(H, K, S, P), output_size(W, K, S, P)
    image, kernel = np.zeros((1, 1, H, W)), np.zeros((1, 1, K, K))
    print(f"({H}, {W}) with kernel {K}, stride {S}, pad {P} -> {size}")
    assert size == (counted(H, K, S, P), counted(W, K, S, P))
    assert size == F.conv2d(image, kernel, stride=S, pad=P).shape[2:]

try:
    F.conv2d(np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 5, 5)))
    message = None
except ValueError as error:
    message = str(error)
print("kernel 5 on an image of 3:", message)

assert output_size(4, 3, 1, 1) == 4
assert (output_size(7, 3, 2, 0), output_size(28, 5, 3, 2), output_size(31, 5, 3, 2)) == (3, 10, 11)
cases = itertools.product(range(5, 20), range(1, 6), (1, 2, 3), (0, 1, 2))
assert all(output_size(*case) == counted(*case) for case in cases)
assert message is not None
