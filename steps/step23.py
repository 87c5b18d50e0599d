"""Step 23: it is a package now.

New: nothing is built here any more. What 22 steps have grown is imported as `autograd`, and the usual short
name is `ag`. The package is the same idea in more files: the walk back is in engine.py, Function in
function.py, the operators in algebra.py, Variable in variable.py. Each file imports only from those below it.
Numbers and lists become arrays by themselves, so `np.array(...)` around every number is gone.

In the package: autograd/__init__.py
"""

import inspect
from pathlib import Path

import autograd as ag

x = ag.Variable(1.0)
y = (x + 3) ** 2
y.backward()
print("y      =", y)
print("x.grad =", x.grad)

print("\nwhat the steps made    where it lives now")
homes = {}
for thing in (ag.Variable, ag.Function, ag.Variable.backward, ag.no_grad, ag.as_variable):
    home = Path(inspect.getfile(inspect.unwrap(thing)))
    homes[thing.__qualname__] = f"{home.parent.name}/{home.name}"
    print(f"{thing.__qualname__:22} {homes[thing.__qualname__]}")

assert y.item() == 16.0
assert x.grad.item() == 8.0
assert homes["Variable"] == homes["Variable.backward"] == "autograd/variable.py"
assert homes["Function"] == "autograd/function.py"
assert homes["no_grad"] == "autograd/config.py"
