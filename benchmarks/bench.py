"""One table: our times and memory beside PyTorch's and JAX's, after checking that all compute the same.

    python benchmarks/bench.py                         all rows
    python benchmarks/bench.py conv mlp_b1_sgd lstm    a group, a row, rows with this in their names
    python benchmarks/bench.py --quick --columns plain torch --json bench.json --picture bench.png --threads 1

Columns: ours in plain NumPy, with the extra `fast`, captured (with `fast` where it is installed); PyTorch eager and
compiled; JAX, jitted. What is not installed stays empty. Sides take turns with a pause before each; a turn is a block
of calls that do not count, and one as long that does. A ratio is the median of the turns' own ratios.

Each side has a process of its own, so its memory is what the system counts: the peak of the resident process over three
steps, above what it held before its first step, with inputs, weights and the library's own start there.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

from columns import COLUMNS
from measure import CLOCKS, environment, measure
from rows import GROUPS, chosen
from table import as_json, footnotes, header, line, picture, summary

from autograd.kernels.blas import NUMPY, library


def about(threads: int, clock: str) -> dict[str, object]:
    found = {
        "python": platform.python_version(),
        "threads": threads,
        "clock": clock,
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "BLAS for": processor(),
    }
    for name in ("numpy", "torch", "jax", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """The processor for which OpenBLAS has chosen its code: "Haswell" has AVX2, "SkylakeX" AVX-512."""
    for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
        if hasattr(blas := library(NUMPY), name):
            found = getattr(blas, name)
            found.restype = ctypes.c_char_p
            return found().decode()
    return "an unknown one"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"rows, or groups: {', '.join(GROUPS)}")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=list(COLUMNS))
    parser.add_argument("--quick", action="store_true", help="five turns a row, for a first look")
    parser.add_argument("--check", action="store_true", help="compare results and memory, time nothing")
    parser.add_argument("--seconds", type=float, default=4.0, help="for the turns of a row; at least seven turns")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds a side may take for its first steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu where others compute, and --threads 1")
    parser.add_argument("--json", metavar="FILE", help="write all turns here")
    parser.add_argument("--picture", metavar="FILE", help="draw the ratios here (matplotlib)")
    options = parser.parse_args()
    try:
        names = chosen(options.rows)
    except ValueError as error:
        parser.error(str(error))
    environment(options.threads)
    known = about(options.threads, options.clock)
    print(", ".join(f"{key} {value}" for key, value in known.items()))
    if known["load"] > 0.5 and options.clock == "wall":
        print("others use the machine, and threads that wait for each other wait for them too: take --clock cpu")
    print(header(options.columns), flush=True)
    results, notes = {}, {}
    budget, least = (0.0, 0) if options.check else (0.0, 5) if options.quick else (options.seconds, 7)
    for name in names:
        results[name] = measure(name, options.columns, budget, least, options.patience, options.clock)
        print(line(name, results[name], notes), flush=True)
    print("", footnotes(notes), "", summary(results), sep="\n")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(as_json(results, known), file, indent=1)
    if options.picture:
        picture(results, options.picture)


if __name__ == "__main__":
    main()
