"""Several processes train together: the cases of `cases`, and how a run ends in which one of them fails."""

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.distributed.cases import CASES

WAYS = {  # PyPI's mpiexec lies there; another MPI must not be found by chance
    "mpiexec": ("mpi4py", ["-n"], [sys.executable, "-W", "error"], "pip install mpi4py mpich"),
    "torchrun": ("torch", ["--nproc-per-node"], [], "pip install torch"),
}

SPEAKS = [f"rank {rank} of 4:" for rank in range(4)]
TORCHRUN = {"Killed (signal 9)": "Signal 9 (SIGKILL)"}  # how it says so
TORCHRUN |= {text: f"[rank{rank}]: Traceback" for rank, text in enumerate(SPEAKS)}

pytestmark = pytest.mark.standin_exempt("starts processes of its own")


def started(way, ranks, module, *args, timeout=120):
    """The finished processes, and the seconds they took."""
    package, number, python, advice = WAYS[way]
    program = Path(sys.executable).parent / way
    if not find_spec(package) or not program.exists():
        pytest.skip(advice)
    command = [program, *number, ranks, *python, "-m", f"tests.distributed.{module}", *args]
    start = time.monotonic()
    done = subprocess.run(
        [str(x) for x in command],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
    )
    return done, time.monotonic() - start


@pytest.fixture
def way(request):
    return "torchrun" if request.config.getoption("gloo") else "mpiexec"


@pytest.fixture
def run(way):
    return partial(started, way)


@pytest.mark.parametrize("way, ranks", [("mpiexec", 2), ("mpiexec", 4), ("torchrun", 2)])
def test_all_cases(way, ranks, tmp_path):
    """In one start, which takes longer than most cases."""
    done, _ = started(way, ranks, "cases", tmp_path)
    results = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(ranks)]
    wrong = [f"{name} on rank {rank}: {text}" for rank, x in enumerate(results) for name, text in x["wrong"].items()]
    assert not wrong, "\n".join(wrong)
    assert all(x["ran"] == [*CASES] for x in results), done.stderr


def end(done):
    """The numbers that a training printed at its end."""
    assert done.returncode == 0, done.stderr
    return [float(x) for x in re.search("^end (.*)$", done.stdout, re.MULTILINE)[1].split()]


def test_a_run_of_four_goes_on_with_two_and_one(run, tmp_path):
    """In the middle of an epoch, which has 6 updates; a checkpoint is written after every fourth."""
    for ranks, stop in ((4, 12), (2, 7)):  # the state of the optimizer is divided, and fits a plain one
        done, _ = run(ranks, "program", "fit_and_resume", tmp_path / "broken", 4, stop, "divided")
        assert done.returncode == 0, done.stderr
    broken = end(run(1, "program", "fit_and_resume", tmp_path / "broken", 4, -1)[0])
    straight = end(run(4, "program", "fit_and_resume", tmp_path / "straight", 4, -1)[0])
    assert broken == pytest.approx(straight, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("kind", ["dropout", "buffer", "scaled"])
def test_a_resumed_run_is_the_same_bit_for_bit(run, kind, tmp_path):
    """With dropout, with a buffer on which the training depends, and with a scaled loss and a divided state.

    It stops in the tenth update, and goes on behind the eighth, in the middle of an epoch; `fit` tries the loss thrice.
    """
    run(2, "program", "fit_and_resume", tmp_path / "broken", 3, 13, kind)
    broken = end(run(2, "program", "fit_and_resume", tmp_path / "broken", 3, -1, kind)[0])
    straight = end(run(2, "program", "fit_and_resume", tmp_path / "straight", 3, -1, kind)[0])
    n = 5 if kind == "buffer" else 4
    assert broken[:n] == straight[:n]  # the parameters and the buffers
    assert broken == pytest.approx(straight, rel=1e-14)  # losses, which were added in another order


@pytest.mark.parametrize(
    "wrong, seconds, words",
    [
        ("raises", 10, ["rank 3 of 4:", "ZeroDivisionError: what the last rank says", "in wrong"]),
        ("exits", 10, ["all_reduce of float64 (1000,): rank 3 has ended, while others wait"]),
        ("dies", 10, ["Killed (signal 9)"]),
        (
            "hangs",
            15,
            ["all_reduce of float64 (1000,): rank 3 is missing after", "while others wait: rank 0 in all_reduce"],
        ),
        ("hangs_before_a_channel", 15, ["barrier: rank 3 is missing after", "while others wait: rank 0 in barrier"]),
        (
            "calls_alone",
            15,
            ["not rank 0 in barrier (call 3)", "rank 3 in barrier (call 1). Does one stand under a condition"],
        ),
        (
            "differs",
            10,
            ["the model must be the same on all 4 ranks", "1.W: Parameter float32 (4, 5) on rank 1", *SPEAKS],
        ),
    ],
)
def test_a_rank_that_fails_ends_all_of_them_with_a_message(run, way, wrong, seconds, words):
    """`seconds` with the start of four processes; the timeout of the program is 4 s."""
    done, took = run(4, "program", wrong)
    assert done.returncode != 0
    assert took < seconds + 15 * (way == "torchrun")  # which imports PyTorch five times
    for word in words:
        word = TORCHRUN.get(word, word) if way == "torchrun" else word
        assert word in " ".join((done.stdout + done.stderr).split())
