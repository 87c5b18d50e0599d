"""A step is recorded with one thread of BLAS, and eager steps may take two, which add in another order."""

import pytest

from autograd.kernels.threads import hold


@pytest.fixture(autouse=True)
def one_thread_of_blas():
    with hold():
        yield
