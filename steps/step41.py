"""Step 41: the matrix product.

New: the function on which every layer stands. For y = x W, with x of shape (N, K) and W of shape (K, M), the
gradients are gy Wᵀ and xᵀ gy. There is no need to learn them: gy is (N, M), x's gradient must be (N, K), and
only one product of gy and W has that shape. The class below is all there is to it; the package's `@` does the
same, for batches of matrices too.

In the package: autograd/functions/linear.py
"""

import numpy as np

import autograd as ag


class MatMul(ag.Function):
    def forward(self, x, W):
        return x @ W

    def backward(self, gy):
        x, W = self.inputs
        return gy @ W.T, x.T @ gy


inner = ag.Variable([1, 2, 3]) @ np.array([4, 5, 6])
square = ag.Variable([[1, 2], [3, 4]]) @ np.array([[5, 6], [7, 8]])
column = ag.Variable([[1, 2, 3], [4, 5, 6]]) @ np.array([[1], [2], [3]])
print("[1 2 3] @ [4 5 6] =", inner.item())
print("[[1 2] [3 4]] @ [[5 6] [7 8]] =", square.data.tolist())
print("[[1 2 3] [4 5 6]] @ [[1] [2] [3]] =", column.data.tolist())

x = ag.Variable([[1.03456353, 0.27193871, 0.86023841], [1.06768801, -0.83540155, 1.35419697]])
W = ag.Variable(
    [
        [-0.77110712, 0.31744908, 1.4434869, 0.81484399],
        [-0.59206421, -0.47752476, 0.42763204, 0.84477188],
        [-0.82779724, 1.08705633, 0.90385875, 2.0810289],
    ]
)
y = MatMul()(x, W)
y.backward()
print("x W =\n", y.data)
print("x.grad =\n", x.grad.data)
print("gradients have the shapes", x.grad.shape, "and", W.grad.shape)

assert inner.item() == 32
assert np.array_equal(square, [[19, 22], [43, 50]])
assert np.array_equal(column, [[14], [32]])
expected = [[-1.67086747, 1.13369138, 2.38720262, 2.86291505], [-1.44969098, 2.20994988, 2.40795197, 2.98239845]]
assert np.allclose(y, expected, rtol=0, atol=9.5e-9)
assert np.allclose(x.grad, [[1.80467285, 0.20281495, 3.24414674]] * 2, rtol=0, atol=1e-8)
assert x.grad.shape == (2, 3) and W.grad.shape == (3, 4)

gx, gW = ag.grad(x @ W, [x, W])
assert np.array_equal(gx, x.grad) and np.array_equal(gW, W.grad)
