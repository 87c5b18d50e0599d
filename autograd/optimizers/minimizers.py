"""Minimizers: they ask for the loss as often as they need it, and choose the length of each step themselves.

    optimizer = O.LBFGS(model)
    optimizer.update(lambda: F.mean_squared_error(model(x), t))

For a loss without noise: the whole data, no dropout. All parameters are one vector w, the gradient is one vector g.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import InitVar, dataclass, field
from math import inf, isfinite, sqrt
from typing import Any, Self

from autograd.algebra import as_array
from autograd.backend import Array, is_array, namespace, zeros_like
from autograd.checks import number, shown, takes, whole
from autograd.layers.arguments import check_arguments
from autograd.layers.base import named_objects
from autograd.names import OF_OPTIMIZERS as WORDS
from autograd.optimizers.base import bounded, trainable
from autograd.optimizers.line_search import Point, strong_wolfe
from autograd.variable import Variable, grad

__all__ = ["LBFGS", "Minimizer", "NewtonCG"]

Closure = Callable[[], Any]


def at_least_one(default: int) -> Any:
    """A field that is a whole number from 1."""
    return field(default=default, metadata={"whole": 1})


@dataclass(eq=False)
class Minimizer:
    """What they share: parameters as one vector, the steps of an update, and when it is enough."""

    model: InitVar[Any]
    iterations: int = at_least_one(20)
    tolerance: float = bounded(1e-9)

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_arguments(cls, given, options, WORDS)
        return object.__new__(cls)

    def __reduce__(self) -> Any:
        return object.__new__, (type(self),), self.__getstate__()

    def __post_init__(self, model: Any) -> None:
        self.root, self.kind = trainable(type(self).__name__, model)

    def __setattr__(self, name: str, value: Any) -> None:
        f = self.__dataclass_fields__.get(name)
        if f is not None and f.metadata:
            least = f.metadata.get("whole")
            value = whole(name, value, least) if least else float(number(name, value, **f.metadata))
        object.__setattr__(self, name, value)

    def update(self, closure: Closure) -> float:
        """At most `iterations` steps; fewer if no gradient is larger than `tolerance`, or no step gets lower.

        `closure` gives the loss, computed from the parameters: a number with a graph. It need not call `backward`; an
        LBFGS takes the gradients of one that has, a NewtonCG refuses it.
        Returns the loss afterwards. Raises ValueError if the loss is not finite where the update begins.
        """
        if not callable(closure) or isinstance(closure, type) or not takes(closure, 0):
            given = shown(closure)
            raise TypeError(f"update takes a function that gives the loss, lambda: loss(model(x), t), not {given}")
        here = self.first(closure)
        if not isfinite(here.loss):
            raise ValueError(f"the loss must be finite where an update begins, not {here.loss}")
        for _ in range(self.iterations):
            if float(abs(here.g).max()) <= self.tolerance:
                break
            there = self.iterate(closure, here)
            if there is None:
                self.write(here.w)
                break
            here = there
        return here.loss

    def first(self, closure: Closure) -> Point:
        """Where the parameters are. They must have their sizes, so the loss is computed before they are read."""
        loss, gs = self.loss_and_gradients(closure)
        return Point(self.vector(), loss, gs)

    def iterate(self, closure: Closure, here: Point) -> Point | None:
        """The point one step on; None if there is none that is lower."""
        raise NotImplementedError

    def params(self) -> list[Variable]:
        """The parameters that train. Raises ValueError if all are frozen."""
        params = [p for _, p in named_objects(self.root, self.kind) if not p.frozen]
        if not params:
            raise ValueError(f"{type(self).__name__} has nothing to train: all parameters are frozen, thaw() the layer")
        return params

    def vector(self) -> Array:
        """The parameters as one vector."""
        arrays = [as_array(p).reshape(-1) for p in self.params()]
        return namespace(*arrays).concatenate(arrays)

    def write(self, w: Array) -> None:
        for p, part in zip(self.params(), pieces(w, self.params())):
            p.data = part.astype(p.dtype)

    def loss_and_gradients(self, closure: Closure) -> tuple[float, Array]:
        """The loss where the parameters are, and its gradient as one vector."""
        for p in self.params():
            p.cleargrad()
        y, params = loss_of(closure), self.params()
        if any(p.grad is not None for p in params):  # the closure has called backward
            gs = [Variable(zeros_like(p.value)) if p.grad is None else p.grad for p in params]
        else:
            gs = grad(y, params)
        arrays = [g.data.reshape(-1) for g in gs]
        return float(y.item()), namespace(*arrays).concatenate(arrays)

    def state_dict(self) -> dict[str, Array]:
        """A copy of what it has seen of the loss so far."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues where the minimizer that gave this `state_dict` was.

        Raises TypeError for what is none. Raises ValueError for one that does not fit, and changes nothing then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict takes a dict that state_dict() gave, not {shown(state)}")
        self.load({str(key): x for key, x in state.items()})

    def load(self, state: dict[str, Any]) -> None:
        if state:
            raise ValueError(f"load_state_dict: {type(self).__name__} has no state, not {', '.join(state)}")

    def evaluate(self, closure: Closure, w: Array) -> Point:
        """The loss and its gradient at w, where the parameters are afterwards."""
        self.write(w)
        return Point(w, *self.loss_and_gradients(closure))


def loss_of(closure: Closure) -> Any:
    """What the closure gives. Raises TypeError unless it is a Variable, ValueError unless it is one number."""
    y = closure()
    if not isinstance(y, Variable):
        raise TypeError(f"the closure must return the loss, a Variable, not {shown(y)}")
    if y.size != 1:
        raise ValueError(f"the closure must return one number, not the shape {y.shape}: take the mean")
    return y


def pieces(w: Array, params: list[Variable]) -> Iterator[Array]:
    """The parts of the vector in the shapes of the parameters."""
    start = 0
    for p in params:
        yield w[start : start + p.size].reshape(p.shape)
        start += p.size


@dataclass(eq=False)
class LBFGS(Minimizer):
    """w <- w - a H g, where H is the inverse Hessian as the last `memory` steps have shown it [L-BFGS].

    model, iterations (steps of an update), tolerance (of the largest gradient), memory

    The steps s and the changes y of the gradient give H by the two-loop recursion. The length a of each step fulfils
    the strong Wolfe conditions, which keep H positive.

    Source: Nocedal and Wright, "Numerical optimization", 2006, algorithms 7.4 and 3.5.
    """

    memory: int = at_least_one(10)

    def __post_init__(self, model: Any) -> None:
        super().__post_init__(model)
        self.pairs: deque[tuple[Array, Array]] = deque()

    def state_dict(self) -> dict[str, Array]:
        """A copy of the steps and the changes of the gradient that it remembers, `s.0`, `y.0`, `s.1`, ..."""
        return {f"{name}.{i}": x.copy() for i, pair in enumerate(self.pairs) for name, x in zip("sy", pair)}

    def load(self, state: dict[str, Any]) -> None:
        names = [f"{name}.{i}" for i in range(len(state) // 2) for name in "sy"]
        size = sum([p.size for p in self.params()])
        fit = sorted(names) == sorted(state) and all(is_array(x) and x.shape == (size,) for x in state.values())
        if not fit:
            given = ", ".join([f"{key} {getattr(x, 'shape', type(x).__name__)}" for key, x in state.items()])
            raise ValueError(f"load_state_dict: LBFGS takes arrays s.0, y.0, s.1, ... of shape ({size},), not {given}")
        found = [state[name].copy() for name in names]
        self.pairs = deque(list(zip(found[::2], found[1::2]))[-self.memory :])

    def iterate(self, closure: Closure, here: Point) -> Point | None:
        d = -self.product(here.g)
        first = 1.0 if self.pairs else min(1.0, 1.0 / float(abs(here.g).sum()))
        there = strong_wolfe(lambda w: self.evaluate(closure, w), here, d, first)
        if there is None:
            if not self.pairs:
                return None
            self.pairs.clear()  # from the gradient once more
            return self.iterate(closure, here)
        s, y = there.w - here.w, there.g - here.g
        if float(s @ y) > 1e-10 * float(y @ y):
            self.pairs.append((s, y))
            while len(self.pairs) > self.memory:
                self.pairs.popleft()
        return there

    def product(self, g: Array) -> Array:
        """H g by the two-loop recursion."""
        q, steps = g, []
        for s, y in reversed(self.pairs):
            a = float(s @ q) / float(s @ y)
            q = q - a * y
            steps.append((a, s, y))
        if self.pairs:
            s, y = self.pairs[-1]
            q = q * (float(s @ y) / float(y @ y))
        for a, s, y in reversed(steps):
            q = q + (a - float(y @ q) / float(s @ y)) * s
        return q


@dataclass(eq=False)
class NewtonCG(Minimizer):
    """w <- w + a d with H d = -g, solved by conjugate gradients, whose products H v are walks over one graph.

    model, iterations (steps of an update), tolerance (of the largest gradient), cg (products of a step, at most)

    The equation is solved the more exactly the smaller g is, so that the steps become Newton's. Where v^T H v < 0 the
    loss bends down along v, and the last piece of d goes that way, as far as if it bent up as much.

    Source: Nocedal and Wright, "Numerical optimization", 2006, algorithm 7.1.
    """

    cg: int = at_least_one(50)

    def iterate(self, closure: Closure, here: Point) -> Point | None:
        self.write(here.w)
        params = self.params()
        for p in params:
            p.cleargrad()
        y = loss_of(closure)
        if any(p.grad is not None for p in params):
            raise RuntimeError("NewtonCG differentiates the loss twice itself: its closure must not call backward()")
        gs = grad(y, params, create_graph=True)

        def product(v: Array) -> Array:
            hs = grad(gs, params, [part.astype(p.dtype) for part, p in zip(pieces(v, params), params)])
            return namespace(v).concatenate([h.data.reshape(-1) for h in hs])

        d = conjugate_gradients(product, here.g, self.cg)
        return strong_wolfe(lambda w: self.evaluate(closure, w), here, d, 1.0)


def conjugate_gradients(product: Callable[[Array], Array], g: Array, most: int) -> Array:
    """d with H d = -g, as nearly as the size of g asks for; `product` is v -> H v."""
    size = sqrt(float(g @ g))
    enough = min(0.5, sqrt(size)) * size
    d, r = g * 0, g
    v = -r
    for _ in range(most):
        Hv = product(v)
        bend = float(v @ Hv)
        square = float(r @ r)
        if not 0 < bend < inf:  # downhill, and the further the better: as if it bent up as much
            return d + square / abs(bend) * v if 0 < -bend < inf else d + v
        a = square / bend
        d = d + a * v
        r = r + a * Hv
        if sqrt(float(r @ r)) <= enough:
            break
        v = float(r @ r) / square * v - r
    return d
