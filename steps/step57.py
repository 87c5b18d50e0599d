"""Step 57: conv2d and pooling.

New: the convolution as a Function, with stride, padding and gradients of every order. The gradient of im2col
is col2im, which adds each pixel's copies together again: "the derivative of repeat is sum", once more. Pooling
keeps the largest pixel of every window, so a picture gets smaller and a shift by one pixel matters less;
backwards, the gradient goes to where the largest pixel was, and nowhere else. (For kernels of 3 x 3
autograd/kernels/winograd.py has a way with a quarter of the products.)

In the package: autograd/functions/conv.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F

for N in (1, 10):
    rows = F.im2col(np.random.default_rng(0).random((N, 3, 7, 7)), 5, stride=1, pad=0)
    print(f"im2col of {N} images of 3 x 7 x 7 under a kernel of 5:", rows.shape)
    assert rows.shape == (9 * N, 75)

x = ag.Variable(np.arange(16.0).reshape(1, 1, 4, 4))
W = ag.Variable(np.ones((1, 1, 2, 2)))
b = ag.Variable([3.0])
y = F.conv2d(x, W, b)
print("conv2d:", y.data[0, 0].tolist())
(y * np.arange(9.0).reshape(1, 1, 3, 3)).backward()
print("gradient of b:", b.grad.data, " of W:", W.grad.data[0, 0].tolist())
print("gradient of x:\n", x.grad.data[0, 0])

image = ag.Variable([[[[7.0, 11, 13, 15], [3, 4, 2, 3], [1, 2, 17, 9], [1, 8, 3, 10]]]])
small = F.max_pool2d(image, 2)
print("max_pool2d:", small.data[0, 0].tolist())
small.backward()
print("its gradient:\n", image.grad.data[0, 0])

second = ag.grad((F.conv2d(x, W) ** 2).sum(), W, create_graph=True)
print("a second derivative, d(sum of dz/dW)/dW:", ag.grad(second, W).data[0, 0].tolist())

assert y.data[0, 0].tolist() == [[13, 17, 21], [29, 33, 37], [45, 49, 53]]
assert b.grad.data.tolist() == [36] and W.grad.data[0, 0].tolist() == [[258, 294], [402, 438]]
assert x.grad.data[0, 0].tolist() == [[0, 1, 3, 2], [3, 8, 12, 7], [9, 20, 24, 13], [6, 13, 15, 8]]
assert small.data[0, 0].tolist() == [[11, 15], [8, 17]]
assert image.grad.data[0, 0].tolist() == [[0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
columns = F.im2col(x.data, 2)
assert np.allclose(ag.grad(second, W).data.reshape(-1), 2 * (columns.T @ columns).sum(axis=0))  # z is quadratic in W
