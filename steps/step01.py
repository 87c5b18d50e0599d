"""Step 01: a Variable is a box for an array.

New: the class Variable, with one attribute, `data`, that holds a NumPy array. A box is worth having because
it is not its content: what lies inside can be exchanged, and everyone who holds the box sees it. The next
steps put more into the same box: a gradient, and a memory of where the data came from.

In the package: autograd/variable.py
"""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data


x = Variable(np.array(1.0))
first = x.data
print("x.data =", x.data)

same_box = x
x.data = np.array(2.0)
print("x.data =", x.data, "and by its other name", same_box.data)

assert first == 1.0
assert x.data == 2.0
assert same_box.data == 2.0
