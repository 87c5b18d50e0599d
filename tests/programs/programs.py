"""Random programs for capture: a step of functions in drawn order, with shared parts, views, and a state that changes.

    python -m tests.programs.programs --count 1000 --first 0

A program is drawn by running it once. Its values are a pool: inputs, parameters, and what was computed from them. An
instruction takes some of them and adds its outputs to the pool, so that parts are shared. At the end the step takes the
gradients of several outputs, for odd seeds also of order 2, writes into its state in place, and returns a part of all.
"""

import argparse
import random
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd as ag
import autograd.functions as F
from autograd import Variable, no_grad
from tests.programs.twins import assert_equal, counted, everything
from tests.test_ops import OPS, floating, outputs

__all__ = ["Drawn", "check"]

LARGEST = 64  # elements of a value in the pool
LEFT_OUT = {
    "ctc_loss", "nanmedian", "nanquantile", "nanquantile of holes", "quantile",  # they look at numbers on the CPU
    "dropout", "dropout1d", "dropout2d", "dropout3d",  # draw anew each time
    "max_unpool",  # its sizes are an array
}  # fmt: skip
ROUNDED = {  # equal to rounding: eager takes a kernel of LAPACK, or adds in another order
    "inv", "solve", "cond", "det", "slogdet", "tensorinv", "tensorsolve", "matrix_power", "solve_triangular",
    "cholesky", "qr", "pinv", "logcumsumexp", "add", "operator +",
}  # fmt: skip
TABLE = [
    (op, case)
    for op in OPS
    if op.order and op.name not in LEFT_OUT
    for case in op.cases
    if any(map(floating, case.args))
    and all(x.size <= LARGEST for x in case.args if isinstance(x, np.ndarray))
    and not any(isinstance(x, np.ndarray) for x in case.options.values())
]


def fitted(x, like):
    """The numbers of x, again and again, in the shape of `like`: small changes of it, where its function is defined."""
    x = F.concat([x.reshape(-1)] * -(-max(like.size, 1) // x.size))[: like.size]
    return like + 0.02 * F.tanh(x).reshape(like.shape)


@dataclass
class FromTable:
    """A function of the op table, on values near those of one of its cases."""

    op: Any
    case: Any
    places: list[int]  # of the pool, one for each floating-point argument

    def __call__(self, pool):
        chosen = iter(self.places)
        args = [fitted(pool[next(chosen)], x) if floating(x) else x for x in self.case.args]
        return outputs(self.op.f(*args, **self.case.options))


@dataclass
class OfPool:
    """A function that fits values of any shape."""

    f: Any
    places: list[int]

    def __call__(self, pool):
        return outputs(self.f(*[pool[i] for i in self.places]))


def product(x, y):
    """(n, n) from two values of any shape: the outer product of their rows."""
    x, y = x.reshape(-1)[:5], y.reshape(-1)[:5]
    return x.reshape(-1, 1) @ y.reshape(1, -1)


def halves(x):
    x = x.reshape(-1)
    n = max(x.size // 2, 1)
    return [x[:n], x[-n:]]


ONE = [
    F.tanh, F.sigmoid, F.relu, F.sin, F.exp, F.softplus, F.gelu, abs, lambda x: -x, lambda x: x**2, lambda x: x * x * x,
    lambda x: 2 / (1 + x * x), lambda x: x.sum(), lambda x: x.mean(), lambda x: F.max(x), lambda x: x.reshape(-1),
    lambda x: x.T, lambda x: x.reshape(-1)[::-1], lambda x: x.reshape(-1)[1:], lambda x: x[...], halves,
    lambda x: x.reshape(-1)[[0, -1, 0]], lambda x: F.broadcast_to(x, (2, *x.shape)), lambda x: F.cumsum(x.reshape(-1)),
    lambda x: F.sort(x.reshape(-1)), lambda x: F.softmax(x.reshape(1, -1)), lambda x: x.astype(np.float32),
    lambda x: F.pad(x.reshape(-1), 1), lambda x: F.flip(x), lambda x: F.where(x.data > 0, x, 0.5 * x),
]  # fmt: skip
TWO = [
    product, lambda x, y: x + y.sum(), lambda x, y: x * y.mean(), lambda x, y: x - y.reshape(-1)[0],
    lambda x, y: F.concat([x.reshape(-1), y.reshape(-1)]), lambda x, y: F.maximum(x, y.mean()),
    lambda x, y: x / (2 + y.max() * y.max()), lambda x, y: F.stack([x.sum(), y.sum()]),
]  # fmt: skip


class Drawn:
    """The program of a seed: `step(*inputs)`, and its state `params` and `buffers`."""

    def __init__(self, seed):
        self.draw, self.seed = random.Random(seed), seed
        self.order = 1 + seed % 2
        rng = np.random.default_rng(seed)
        dtype = self.draw.choice([np.float32, np.float64])
        shapes = [(3,), (2, 3), (3, 3), (4, 2), (2, 2, 2)]
        self.inputs = [rng.standard_normal(self.draw.choice(shapes)).astype(dtype) for _ in range(2)]
        self.params = [Variable(rng.standard_normal(self.draw.choice(shapes)).astype(dtype)) for _ in range(2)]
        self.buffers = [np.zeros(p.shape, dtype) for p in self.params]
        self.instructions, self.names = [], []
        pool = [*map(Variable, self.inputs), *self.params]
        for _ in range(self.draw.randint(3, 9)):
            self.add(pool)
        found = [i for i, y in enumerate(pool) if i > 3 and y.creator is not None]
        self.chosen = self.draw.sample(found, min(len(found), 3))
        self.writes = [self.draw.choice(WRITES) for _ in self.params]
        self.step = step_of(self.instructions, self.chosen, self.order, self.params, self.buffers, self.writes)

    def add(self, pool):
        """Draws an instruction that runs on the pool, with its derivatives."""
        for _ in range(20):
            op, case = self.draw.choice(TABLE)
            kind = self.draw.random()
            if kind < 0.5:
                n = sum(map(floating, case.args))
                made, name = FromTable(op, case, [self.draw.randrange(len(pool)) for _ in range(n)]), op.name
            else:
                f, n = (self.draw.choice(ONE), 1) if kind < 0.8 else (self.draw.choice(TWO), 2)
                made, name = OfPool(f, [self.draw.randrange(len(pool)) for _ in range(n)]), f.__name__
            try:
                ys = [
                    y for y in made(pool) if isinstance(y, Variable) and y.dtype.kind == "f" and 0 < y.size <= LARGEST
                ]
                derivatives([y for y in ys if y.creator is not None], [x for x in pool if x.creator is None], 2)
            except (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError, AttributeError):
                continue
            if ys and all(np.isfinite(y.data).all() for y in ys):
                self.instructions.append(made)
                self.names.append(name)
                pool += ys
                return


def derivatives(ys, xs, order):
    """The gradients of a number made of all ys, in order 2 also those of a number made of these."""
    found = []
    for k in range(order):
        ys = [y for y in ys if y.creator is not None]
        if not ys:
            break
        total = sum([F.tanh(y).sum() for y in ys])
        ys = [g for g in ag.grad(total, xs, create_graph=k + 1 < order) if g is not None]
        found += ys
    return found


def step_of(instructions, chosen, order, params, buffers, writes):
    """The step of a program."""

    def step(*inputs):
        xs = [Variable(x) for x in inputs]
        pool = [*xs, *params]
        for instruction in instructions:
            ys = instruction(pool)
            pool += [y for y in ys if isinstance(y, Variable) and y.dtype.kind == "f" and 0 < y.size <= LARGEST]
        ys = [pool[i] for i in chosen]
        gradients = derivatives(ys, [*xs, *params], order)
        for p in params:
            p.cleargrad()
        if ys:
            sum([F.tanh(y).sum() for y in ys]).backward()
        with no_grad():
            for p, buffer, write in zip(params, buffers, writes):
                write(p, buffer)
        return {
            "ys": ys,
            "gradients": tuple(gradients),
            "arrays": [y.data for y in pool[4:6]],
            "state": params[0].data * 2,
        }

    return step


def gradient(p):
    return p.data * 0.5 if p.grad is None else F.tanh(p.grad).data


def write_whole(p, buffer):
    p.data -= 0.1 * gradient(p)


def write_part(p, buffer):
    p.data[1:] -= 0.1 * gradient(p)[1:]
    p.data[..., 0] *= 0.9


def write_new(p, buffer):
    p.data = p.data - 0.1 * gradient(p)


def write_momentum(p, buffer):
    buffer *= 0.9
    buffer += gradient(p)
    p.data -= 0.1 * buffer


def write_view(p, buffer):
    """Through another view of the same memory, with a value read before and one read after the write."""
    flat, before = p.data.reshape(-1), p.data * 1
    flat[0] = 0.5
    buffer[...] = before + p.data
    flat[::2] += buffer.reshape(-1)[::2] * 0.01


def write_nothing(p, buffer):
    pass


WRITES = [write_whole, write_part, write_new, write_momentum, write_view, write_nothing]


def check(seed):
    """A program of this seed, captured, is its eager twin on the inputs of the record and on others."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        program, twin = Drawn(seed), Drawn(seed)
        captured, ran = counted(program.step)
        exact = not ROUNDED & set(program.names)
        rng = np.random.default_rng(seed)
        given = [program.inputs] * 5
        given += [[x + 0.1 * rng.standard_normal(x.shape).astype(x.dtype) for x in program.inputs] for _ in range(3)]
        try:
            for i, inputs in enumerate(given):
                assert_equal(captured(*inputs), twin.step(*inputs), exact, f"call {i}")
                state, other = (everything(*drawn.params, *drawn.buffers) for drawn in (program, twin))
                assert_equal(state, other, exact, f"the state after call {i}")
        except Exception as error:
            error.add_note(f"in the program of seed {seed}, order {program.order}: {', '.join(program.names)}")
            raise
    return ran()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    args = parser.parse_args()
    failed, runs = 0, 0
    for seed in range(args.first, args.first + args.count):
        try:
            runs += check(seed)
        except Exception as error:
            failed += 1
            print(
                f"{type(error).__name__}: {str(error).strip().splitlines()[:3]}",
                *error.__notes__,
                sep="\n  ",
                flush=True,
            )
    print(f"{args.count - failed} of {args.count} programs equal eager; {8 * args.count - runs} calls were replays")
    return failed


if __name__ == "__main__":
    raise SystemExit(bool(main()))
