"""Step 28: gradient descent.

New: the first use of a gradient. It points uphill, so a small step against it leads downhill, and a loop of
such steps looks for a minimum. The place is Rosenbrock's valley: easy to find, then curved and so flat that
1,000 steps along its bottom are not enough to arrive at (1, 1). The update changes `data` and not the
Variable: it is not part of what is differentiated. And the gradients are cleared in each turn, or they would
add up.

In the package: autograd/optimizers/sgd.py
"""

import autograd as ag


def rosenbrock(x, y):
    return 100 * (y - x**2) ** 2 + (x - 1) ** 2


x, y = ag.Variable(0.0), ag.Variable(2.0)
learning_rate = 0.001

for step in range(1001):
    z = rosenbrock(x, y)
    if step % 200 == 0:
        print(f"{step:5} updates: ({x.item():.10f}, {y.item():.10f})  f = {z.item():.6f}")
    if step == 1000:
        break
    x.cleargrad()
    y.cleargrad()
    z.backward()
    x.data = x.data - learning_rate * x.grad.data
    y.data = y.data - learning_rate * y.grad.data

assert abs(x.item() - 0.6837118569) < 5e-11
assert abs(y.item() - 0.4659526837) < 5e-11
