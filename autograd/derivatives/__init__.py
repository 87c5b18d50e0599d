"""Derivatives of functions: products with Jacobians and Hessians, whole ones, and of what a solver found.

Each takes a function f and where to differentiate it, x: an array, a Variable, a number, or a list, tuple or dict of
them. f gets the same with Variables in it. Results are Variables in the structure of x. `create_graph=True` records
them, so that they can be differentiated again. x may be a layer too: f gets the layer, and the structure is that of its
parameters, {path: Variable}. Only `laplacian` takes one array, of rows, and neither a structure nor a layer.

| name | gives | costs, in calls of f |
|---|---|---|
| `value_and_grad(f, x)` | f(x), df/dx | one walk back |
| `vjp(f, x, v)` | f(x), v^T J | one walk back |
| `jvp(f, x, v)` | f(x), J v | two walks back, the first recorded |
| `hvp(f, x, v)` | f(x), H v | two walks back, the first recorded |
| `jacobian(f, x)` | J | a walk with a seed for each output; or a recorded one, and one with a seed for each input |
| `hessian(f, x)` | H | a recorded walk, and one with a seed for each input |
| `laplacian(f, x)` | the trace of H, row by row | the same with a seed for each column |
| `root(f, x, theta)` | x as a function of theta, where f(x, theta) = 0 | a Jacobian; in each walk back f, or both |
| `vmap(f)(x)` | f of each item of x, stacked | one f for each item |

There is no forward mode: J v is the derivative of v^T J in v. There is no second engine for `vmap` either. Functions
here take leading axes, so a batch is written as one; the walk with many seeds at once, in `seeds`, is what a Jacobian
needs of it.
"""

from __future__ import annotations

from autograd.derivatives.batches import vmap
from autograd.derivatives.calls import functional_call
from autograd.derivatives.implicit import root
from autograd.derivatives.matrices import hessian, jacobian, laplacian
from autograd.derivatives.products import hvp, jvp, value_and_grad, vjp

__all__ = ["functional_call", "hessian", "hvp", "jacobian", "jvp", "laplacian", "root", "value_and_grad", "vjp", "vmap"]
