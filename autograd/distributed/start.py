"""How a program finds the processes that it trains with."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from autograd.checks import number, shown
from autograd.distributed.gloo import started_by_torchrun
from autograd.distributed.group import Group
from autograd.distributed.mpi import MPIGroup
from autograd.distributed.waiting import end_all_on_error

__all__ = ["init"]

BY_TORCHRUN = {"MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE"}  # what it leaves
STARTED = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # what mpiexec and srun leave
groups: dict[str, Group] = {}  # that of the program, once it is asked for


def init(comm: Any = None, *, timeout: float = 300.0) -> Group:
    """The group of all processes that `mpiexec -n 4 python train.py` has started; a group of one without mpiexec.

    Those of `torchrun --nproc-per-node 4 train.py` are a group by PyTorch's gloo.

    comm      a communicator of mpi4py, for a part of the processes; None: all of them
    timeout   seconds that a rank waits for the others, after which it is an error with the ranks that are missing

    From here on an error that nobody catches ends all ranks, with its traceback. The second call gives the same group.
    Raises RuntimeError if mpi4py, or PyTorch, is not installed, or mpi4py does not fit the mpiexec.
    """
    timeout = number("init: timeout", timeout, above=0)
    if comm is not None:
        if not hasattr(comm, "Iallreduce"):
            raise TypeError(f"init: comm must be a communicator of mpi4py, or None, not {shown(comm)}")
        return started(comm, timeout)
    if "all" not in groups:
        by_torchrun = os.environ.keys() >= BY_TORCHRUN and os.environ["WORLD_SIZE"] != "1"
        by_mpiexec = any(name in os.environ for name in STARTED)
        groups["all"] = by_gloo(timeout) if by_torchrun else started(None, timeout) if by_mpiexec else Group()
    return groups["all"]


def by_gloo(timeout: float) -> Group:
    """The group of the processes of torchrun."""
    try:
        torch, _ = import_module("torch"), import_module("torch.distributed")
    except ImportError as error:
        raise RuntimeError("several processes of torchrun need PyTorch: pip install torch") from error
    group = started_by_torchrun(torch, timeout)
    end_all_on_error(os._exit, group.rank, group.size)
    return group


def started(comm: Any, timeout: float) -> Group:
    """The group of a communicator, of all processes for None."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: there is no library of MPI
        raise RuntimeError("several processes need MPI: pip install 'define-by-run[mpi]', mpi4py and mpich") from error
    comm = MPI.COMM_WORLD if comm is None else comm
    if comm.Get_size() == 1:
        check_started_together(comm)
        return Group()
    end_all_on_error(MPI.COMM_WORLD.Abort, comm.Get_rank(), comm.Get_size())
    return MPIGroup(MPI, comm, timeout)


def check_started_together(comm: Any) -> None:
    """Raises RuntimeError for a process alone that mpiexec has started with others."""
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        if int(os.environ.get(name, 1)) > 1 and "all" not in groups:
            raise RuntimeError(
                f"mpiexec has started {os.environ[name]} processes, and mpi4py sees one: they are of different MPIs. "
                "pip install mpi4py mpich, and start with the mpiexec beside this Python"
            )
