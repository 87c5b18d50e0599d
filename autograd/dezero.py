"""Scripts written for DeZero, unmodified, on this framework.

    python -m autograd.dezero script.py arguments       a script
    python -m autograd.dezero -m pytest tests           a module, such as pytest, unittest or IPython
    python -m autograd.dezero -c "import dezero"        a text

`import autograd.dezero` does the same inside a program: from then on `import dezero` means `autograd.compat.dezero`.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType

from autograd.compat.dezero import register

__all__: list[str] = []

USAGE = """usage: python -m autograd.dezero script.py [arguments]
       python -m autograd.dezero -m module [arguments]
       python -m autograd.dezero -c text [arguments]

Runs a script, a module (such as pytest) or a text, in which `import dezero` means this framework."""


def run(arguments: list[str]) -> None:
    """Runs what the arguments of the command name, as `python` does. Exits with the usage if they name nothing."""
    first, *rest = arguments or [""]
    if first in ("-h", "--help"):
        print(USAGE)
    elif first in ("-m", "-c") and rest:
        sys.argv = [first, *rest[1:]]
        sys.path[0] = "" if first == "-c" else str(Path.cwd())
        run_text(rest[0]) if first == "-c" else runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif Path(first).is_file():
        sys.argv = arguments
        sys.path[0] = str(Path(first).resolve().parent)
        runpy.run_path(first, run_name="__main__")
    else:
        sys.exit(f"{f'there is no file {first!r}' if first else 'no script was given'}\n{USAGE}")


def run_text(text: str) -> None:
    """Runs a text as the main module, where pickle finds the classes that it defines."""
    sys.modules["__main__"] = main = ModuleType("__main__")
    exec(compile(text, "<string>", "exec"), vars(main))


register()
if __name__ == "__main__":
    run(sys.argv[1:])
