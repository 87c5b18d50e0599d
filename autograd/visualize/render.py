"""From DOT text to a picture, by Graphviz itself or by a package that replaces it.

A renderer is a program of its own. It runs without a shell, with the text on its standard input and a time limit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from unicodedata import category, east_asian_width

__all__: list[str] = []

INSTALL = "pip install graphviz-pure (or 'define-by-run[graph]') for SVG and PNG, pip install pygraphviz for PDF too"
PYGRAPHVIZ = """
import sys, pygraphviz
text = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(pygraphviz.AGraph(string=text).draw(format=sys.argv[1], prog="dot"))
"""


def commands(form: str) -> Iterator[list[str]]:
    """The commands of this machine that write the format, the best first."""
    dot = shutil.which("dot")
    if dot:
        yield [dot, f"-T{form}"]
    scripts = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    pure = shutil.which("graphviz-pure", path=scripts)
    if pure and form != "pdf":
        yield [pure, f"-T{form}"]
    if find_spec("pygraphviz"):
        yield [sys.executable, "-c", PYGRAPHVIZ, form]


def undrawn(dot: str, form: str) -> str:
    """The letters of a text that the renderer has no picture of, each once: graphviz-pure has a font of its own."""
    command = next(commands(form), [""])
    if form != "png" or "graphviz-pure" not in command[0]:
        return ""
    return "".join(sorted({c for c in dot if category(c) == "Lo" or east_asian_width(c) in "WF"}))


def render(dot: str, form: str, timeout: float = 60) -> bytes | None:
    """The picture in the format `"svg"`, `"png"` or `"pdf"`; None if this machine has no renderer for it.

    Raises RuntimeError with the renderer's message if it fails, or if it takes more than `timeout` seconds.
    """
    command = next(commands(form), None)
    if command is None:
        return None
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{command[0]} was not done after {timeout:g} seconds: draw less with max_nodes or fold, or write .html"
        ) from None
    if done.returncode or not done.stdout:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}): {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
