"""Runs a script written for DeZero: `python -m autograd.dezero script.py arguments`."""

import runpy
import sys
from pathlib import Path

import autograd.dezero  # noqa: F401  # from here on `import dezero` means it

if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
    given = f"there is no file {sys.argv[1]!r}" if len(sys.argv) > 1 else "no script was given"
    sys.exit(f"{given}. Usage: python -m autograd.dezero script.py [arguments]")
del sys.argv[0]
sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
runpy.run_path(sys.argv[0], run_name="__main__")
