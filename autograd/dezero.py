"""Scripts written for DeZero, unmodified, on this framework.

    python -m autograd.dezero script.py arguments

`import autograd.dezero` does the same inside a program: from then on `import dezero` means `autograd.compat.dezero`.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from autograd.compat.dezero import register

__all__: list[str] = []

register()
if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        given = f"there is no file {sys.argv[1]!r}" if len(sys.argv) > 1 else "no script was given"
        sys.exit(f"{given}. Usage: python -m autograd.dezero script.py [arguments]")
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
