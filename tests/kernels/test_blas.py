"""The threads of OpenBLAS sleep when there is nothing to multiply."""

import os
import subprocess
import sys

import pytest

from autograd.kernels.blas import NUMPY, TIMEOUT, WAIT, blas_threads, library

switch = blas_threads()
pytestmark = pytest.mark.skipif(
    switch is None or switch[0]() == 1 or not hasattr(library(NUMPY), "openblas_read_env"),
    reason="a BLAS of one thread, or one that has no switch for its threads",
)

SPINS = """
import time
def spins(product):
    product()
    time.sleep(0.01)  # what ends now does not count
    start = time.process_time()
    time.sleep(0.09)
    return time.process_time() - start > 0.004  # a thread that spins gets so much of a busy core, too
"""
MATRIX = "import numpy; A = numpy.ones((700, 700))"
NUMPYS = f"{MATRIX}; print(spins(lambda: A @ A))"
SCIPYS = f"{MATRIX}; import scipy.linalg.blas as blas; print(spins(lambda: blas.dgemm(1, A, A)))"
OTHER = """
import threading
end, ended = threading.Event(), []
def forever():
    while not ended:
        pass
thread = threading.Thread(target={}, daemon=True)
thread.start()
"""


def seen(*lines, **environment):
    """What is printed in a fresh process."""
    free = {key: value for key, value in os.environ.items() if key != TIMEOUT and not key.endswith("_NUM_THREADS")}
    run = [sys.executable, "-c", "\n".join([SPINS, *lines])]
    found = subprocess.run(run, capture_output=True, text=True, env=free | environment, timeout=60)
    assert not found.returncode, found.stderr
    return found.stdout.split()


def test_without_this_package_they_spin():
    assert seen(NUMPYS) == ["True"]  # so the tests below can fail


@pytest.mark.parametrize("before", ["", "import numpy", f"{MATRIX}; A @ A"])
def test_they_sleep_after_a_product(before):
    assert seen(before, "import autograd", NUMPYS) == ["False"]


@pytest.mark.parametrize("before", ["", "import scipy.linalg"])
def test_those_of_scipy_sleep_too(before):
    pytest.importorskip("scipy")
    assert seen(before, "import autograd", SCIPYS) == ["False"]


def test_what_the_user_has_set_stays():
    assert seen("import autograd", NUMPYS, **{TIMEOUT: "28"}) == ["True"]


@pytest.mark.parametrize("does", ["end.wait", "forever", "lambda: forever()"])
def test_no_thread_is_started_anew_beside_another(does):
    stop = "end.set(); ended.append(1); thread.join()"
    assert seen("import numpy", OTHER.format(does), "import autograd", stop, NUMPYS) == ["True"]
    assert seen(OTHER.format(does), "import autograd", stop, NUMPYS) == ["False"]  # NumPy finds it in the environment


def test_the_import_does_not_hang_beside_products():
    """A thread that runs a function of NumPy itself has no line of Python of its own."""
    multiply = "import numpy, threading; A = numpy.ones((1500, 1500)); out = A.copy()"
    thread = "thread = threading.Thread(target=numpy.matmul, args=(A, A, out)); thread.start()"
    wait = "thread.join(); print(out[0, 0])"
    for _ in range(3):
        assert seen(multiply, thread, "import autograd", wait) == ["1500.0"]


def test_a_forked_process_multiplies_and_sleeps():
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    child = f"import os\nif not os.fork():\n    {NUMPYS}\nelse:\n    os.wait()"
    assert seen("import autograd", child) == ["False"]


def test_the_number_of_threads_stays():
    count = "from autograd.kernels.blas import blas_threads; print(blas_threads()[0]())"
    assert seen("import autograd", count, OPENBLAS_NUM_THREADS="1") == ["1"]
    assert seen("import numpy", "import autograd", count, OPENBLAS_NUM_THREADS="1") == ["1"]
    assert seen("import autograd", count, OPENBLAS_NUM_THREADS="2") == ["2"]


def test_processes_that_this_one_starts_find_it_in_the_environment():
    assert seen("import autograd, os", f"print(os.environ['{TIMEOUT}'])") == [WAIT]
