"""Capture: a step of training as a program of NumPy or CuPy alone, and that program in place of the step.

steps.py       `capture`: which program fits this call?
record.py      one run of the step on the recording device, and its replay
state.py       what a step can reach: arrays, and all else that must stay as it is
device.py      the recording device: arrays that put down what is done to them
program.py     the lines as a program: needed, constant, in order, named
text.py        lines as Python's text
gpu.py         what a program has on a GPU alone
fusing.py      formulas in it that are one kernel
parts.py       runs of lines in it that can be a CUDA graph
graphs.py      such a run as a CUDA graph
structures.py  arguments and results
emit.py        `emit`: a program as a file
"""

from autograd.programs.device import Refused
from autograd.programs.steps import Captured, capture
from autograd.programs.writing import emit

__all__ = ["Captured", "Refused", "capture", "emit"]
