"""The numbers of the table of benchmarks, its text, and one row from end to end."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.standin_exempt("benchmarks compare NumPy with other frameworks")


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import table

    return table


@pytest.fixture
def results(table):
    """Two rows, three columns: 0.5 and 4 times PyTorch's time; JAX has one of them."""
    Cell = table.Cell
    return {
        "fast_row": {
            "plain": Cell([1.0, 2.0, 3.0], 3.0),
            "torch": Cell([2.0, 4.0, 6.0], 4.0),
            "jax": Cell([1.0, 1.0, 1.0]),
        },
        "slow_row": {
            "plain": Cell([4.0, 8.0, 9.0], 8.0),
            "torch": Cell([1.0, 2.0, 1.0], 4.0),
            "jax": Cell(reason="not written"),
        },
    }


def test_a_ratio_is_the_median_of_the_turns_own(table):
    drifting, steady = table.Cell([1.0, 10.0, 100.0]), table.Cell([2.0, 20.0, 100.0])
    assert table.ratio(drifting, steady) == 0.5
    assert math.isnan(table.ratio(table.Cell(), steady))


def test_geometric_mean(table):
    assert table.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert math.isnan(table.geometric_mean([]))


def test_difference_is_relative_to_the_largest_of_each_array(table):
    a, b = np.array([1.0, 100.0]), np.array([1e-3, 2e-3])
    assert table.difference([a, b], [a, b]) == 0
    assert table.difference([a, b], [a, b + [0, 2e-4]]) == pytest.approx(2e-4 / 2.2e-3)
    assert table.difference([a, b], [np.concatenate([a, b])]) == 0, "another form, the same numbers"
    assert table.difference([a], [a, b]) == math.inf
    assert table.difference([np.zeros((0, 3)), np.zeros(2)], [np.zeros((0, 3)), np.zeros(2)]) == 0
    assert math.isnan(table.difference([a, np.array([1.0, np.nan])], [a, a]))


def test_lines_and_footnotes(table, results):
    notes = {}
    first, second = (table.line(row, cells, notes).split() for row, cells in results.items())
    assert first == ["fast_row", "2000.000", "4000.000", "0.50", "0.25", "3.0", "4.0"]
    assert second == ["slow_row", "8000.000", "1000.000", "4.00", "(1)", "8.0", "4.0"]
    assert table.footnotes(notes) == "(1) not written"
    names, units = table.header(["plain", "torch", "jax"]).splitlines()
    assert names.split() == ["plain", "torch", "plain", "jax", "plain", "torch"]
    assert units.startswith("row")


def test_the_summary_names_what_is_slower_or_larger(table, results):
    text = table.summary(results)
    assert "| plain NumPy | 2 | 1.41 | 1 | 1 |" in text
    assert "Slower than PyTorch, plain NumPy: 1 of 2 rows (mean 1.41): `slow_row` 4.00." in text
    assert "Against JAX's compiled step, plain NumPy: 1 of 1 rows (mean 2.00): `fast_row` 2.00." in text
    assert "Peak memory against PyTorch's, plain NumPy: 1 of 2 rows (mean 1.22): `slow_row` 2.00." in text
    assert "captured" not in text, "no column, no line"


def test_json_has_every_turn(table, results):
    found = json.loads(json.dumps(table.as_json(results, {"threads": 2}), allow_nan=False))
    assert found["about"] == {"threads": 2}
    assert found["rows"]["slow_row"]["plain"]["seconds"] == [4.0, 8.0, 9.0]
    assert found["rows"]["slow_row"]["jax"] == {"seconds": [], "megabytes": None, "reason": "not written"}


def test_a_picture(table, results, tmp_path):
    pytest.importorskip("matplotlib")
    table.picture(results, str(tmp_path / "bench.png"))
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_rows_are_found_by_group_and_by_name(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import rows

    assert len(rows.ROWS) == sum(len(group) for group in rows.GROUPS.values()), "a name in two groups"
    assert rows.chosen([]) == list(rows.ROWS)
    names = rows.chosen(["layers", "mlp_b1_sgd", "gpt_decoding"])
    assert names[:4] == ["layernorm", "batchnorm2d", "mlp_b1_sgd", "gpt_decoding_128"]
    assert rows.chosen(["mlp_b1_sgd"]) == ["mlp_b1_sgd"], "a row, though others have this in their names"


@pytest.mark.parametrize("name", ["seventh_200", "conv_first3_32_3x3", "gru_seq", "adam", "hvp_20_50_50_1"])
def test_all_sides_start_from_the_same_arrays(monkeypatch, name):
    """The data of a row, drawn twice; a step of ours on each gives the same numbers."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from columns import arrays
    from rows import ROWS

    row, found = ROWS[name], []
    for _ in range(2):
        work = row.ours(*row.data(np.random.default_rng(0)))
        found.append([*arrays(work.step(*work.args)), *arrays(work.state())])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def run(*args):
    """bench.py in a process of its own, which imports the package that is tested."""
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)}
    command = [sys.executable, str(BENCHMARKS / "bench.py"), *args]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def test_a_row_from_end_to_end(tmp_path):
    """Ours alone: PyTorch may not be there. Each column has times, memory on Linux, or a reason."""
    path = tmp_path / "bench.json"
    ran = run("seventh_200", "--quick", "--columns", "plain", "fast", "captured", "--json", str(path))
    assert ran.returncode == 0, ran.stderr
    (cells,) = json.loads(path.read_text())["rows"].values()
    assert len(cells["plain"]["seconds"]) == 5
    assert all(cell["reason"] or min(cell["seconds"]) > 0 for cell in cells.values())
    assert "seventh_200" in ran.stdout


def test_an_unknown_row_is_named():
    ran = run("seventeenth")
    assert ran.returncode == 2
    assert "no row is named like 'seventeenth'" in ran.stderr
