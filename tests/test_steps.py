"""Every step runs alone, and prints what the table of the steps promises, to its digits."""

import re
import subprocess
import sys
from math import isclose
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STEPS = sorted((ROOT / "steps").glob("step[0-9][0-9].py"))
NUMBER = r"-?\d*\.?\d+(?:e[-+]?\d+)?"

# What a step must print, besides passing its own assertions. A number in it stands for itself to the digits given.
PRINTED = {
    1: ["x.data = 1.0", "x.data = 2.0"],
    2: ["y.data = 100"],
    3: ["= 1.648721270700128"],
    4: ["square at 2: 4.000000000004", "composite at 0.5: 3.2974426293330694"],
    5: ["step 04 by the chain rule: 3.297442541400256", "10,100,000 110,000"],
    6: ["x.grad = 3.297442541400256"],
    7: ["x.grad = 3.297442541400256"],
    8: ["x.grad = 3.297442541400256", "100,000 functions by the loop"],
    9: ["x.grad = 3.297442541400256", "TypeError"],
    10: ["test_forward passed", "test_backward passed", "test_gradient_check passed"],
    11: ["2 + 3 = 5.0"],
    12: ["2 + 3 = 5.0"],
    13: ["= 13.0", "gradients: 4.0 6.0"],
    14: ["x + x: x.grad = 2.0", "x + x + x: x.grad = 3.0"],
    15: ["so that 32.0 are missed"],
    16: ["y = 32.0", "x.grad = 64.0"],
    17: ["weak references: live nodes = 0"],
    18: ["None None", "2.0 1.0"],
    19: ["shape: (2, 3)"],
    20: ["Variable(7.0)", "gradients: 2.0 3.0"],
    21: ["Variable(5.0) Variable(5.0)", "Variable(5.0)", "Variable(7.0)"],
    22: [
        "-x = Variable(-2.0)",
        "2 - x = Variable(0.0)",
        "x - 1 = Variable(1.0)",
        "3 / x = Variable(1.5)",
        "x ** 3 = Variable(8.0)",
    ],
    23: ["y = Variable(16.)", "x.grad = Variable(8.)"],
    24: ["sphere z = 2", "gradient = (-5376, 8064)"],
    25: ["digraph {", '[label="x0"]', '[label="Mul", shape=box]', "6 nodes, 6 arrows"],
    26: ["z = 1876.0 gradient: (-5376.0, 8064.0)", "drawn: runs/steps/step26"],
    27: ["sin: 0.7071067811865475", "Taylor to 1e-04: 0.7071064695751781 gradient 0.7071032148228457"],
    28: ["1000 updates: (0.6837118569, 0.4659526837)"],
    29: ["1 1.4545454545 2 1.1510467894 3 1.0253259290", "9 1.0000000000"],
    30: ["x.grad = Variable(12.) its creator: None", "f''(2) = Variable(12.)"],
    31: ["2 -0.8414709848 0.0000000000 -0.8414709848"],
    32: ["[36.0, 50.0, 48.0, 24.0]"],
    33: ["1 1.4545454545 2 1.1510467894 3 1.0253259290", "9 1.0000000000"],
    34: ["derivative 3: at most"],
    35: ["derivative 7: 12.288367894320 by the formula 12.288367894320 functions:", "drawn: runs/steps/step35"],
    36: ["dy/dx = 4.0", "dz/dx = 100.0"],
    37: ["that of the sum is the same: True"],
    38: ["reshape: (2, 3) -> (6,)", "transpose: (2, 3) -> (3, 2)"],
    39: ["sum of all: 21.0", "sum of the rows: [5.0, 7.0, 9.0]"],
    40: ["[11 12 13] [3]"],
    41: [
        "[1 2 3] @ [4 5 6] = 32",
        "= [[19, 22], [43, 50]]",
        "= [[14], [32]]",
        "[[-1.6708675 1.1336914 2.3872026 2.8629150] [-1.4496910 2.2099499 2.4079520 2.9823985]]",
        "[1.80467285 0.20281495 3.24414674]",
        "(2, 3) and (3, 4)",
    ],
    42: ["W = 2.11807369, b = 5.46608905, loss 0.0790861"],
    43: ["0 loss 0.847", "1000 loss 0.251"],
    44: ["loss 0.8473696, after 1,000 updates 0.2514286"],
    45: ["TwoLayerNet loss 0.8473696, after 1,000 updates 0.2514286", "MLP loss 0.8473696"],
    46: ["SGD loss after 1,000 updates 0.2514286"],
    47: ["in one function: 1.4967442462"],
    48: ["training accuracy 0.9"],
    49: ["30,001 samples were asked for", "accuracy on data.spiral(), which it has not seen: 0.9"],
    50: ["epoch 300 accuracy 0.9"],
    51: ["epoch 15 loss", "the network says:"],
    52: ["cpu: loss", "GPU"],
    53: ["loaded, bit for bit: True", "ten updates later: True"],
    54: ["test mode: [1. 1. 1. 1. 1. 1. 1. 1.]", "0. 0."],
    55: ["stride 1, pad 1: 4 4"],
    56: ["a small one: [[15.0, 16.0], [6.0, 15.0]]", "equal: True"],
    57: ["(9, 75)", "(90, 75)", "[[13.0, 17.0, 21.0], [29.0, 33.0, 37.0], [45.0, 49.0, 53.0]]"],
    58: ["has no place in a file of weights"],
    59: ["epoch 60 loss", "on new waves"],
    60: ["RNN loss", "LSTM loss"],
}
ROUGH = {48, 49, 50}  # accuracies: the digits given are a floor


def number(step):
    return int(step.stem.removeprefix("step"))


def squeezed(text):
    return " ".join(text.split())


def printed(expected, text, floor=False):
    """Is `expected` in the text, up to white space, every number within half a unit of its last digit?"""
    words = re.split(f"({NUMBER})", squeezed(expected))
    pattern = "".join(f"({NUMBER})" if i % 2 else re.escape(word) for i, word in enumerate(words))
    pattern = rf"(?<![\d.])(?={pattern})"  # looks ahead, as one match may begin inside another
    return any(
        all(close(want, got, floor) for want, got in zip(words[1::2], match.groups()))
        for match in re.finditer(pattern, squeezed(text))
    )


def close(want, got, floor):
    digits = len(want.partition("e")[0].partition(".")[2])
    if floor and digits:
        return float(got) >= float(want)
    return isclose(float(want), float(got), rel_tol=1e-15, abs_tol=0.5000001 * 10.0**-digits if digits else 0)


def test_numbers_are_compared_to_their_digits():
    assert printed("= 1.6487", "x =  1.64872127")
    assert printed("(2, -1.5)", "at (2,\n-1.50)")
    assert not printed("= 1.6487", "= 1.6488")
    assert not printed("= 12", "= 123")
    assert not printed("12", "112")
    assert printed("1 2.5 3", "0 1 2.5 3")
    assert not printed("b = 1.5", "a = 1.5")
    assert printed("accuracy 0.9", "accuracy 0.96", floor=True)
    assert not printed("accuracy 0.9", "accuracy 0.89", floor=True)


@pytest.mark.parametrize("step", STEPS, ids=[step.stem for step in STEPS])
def test_step(step, tmp_path):
    fast = ["--fast"] if "--fast" in step.read_text(encoding="utf-8") else []
    command = [sys.executable, "-X", "utf8", "-W", "error", "-W", "ignore:no renderer", str(step), *fast]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    for expected in PRINTED.get(number(step), []):
        assert printed(expected, run.stdout, number(step) in ROUGH), f"{expected!r} is not in\n{run.stdout}"


@pytest.mark.parametrize("step", STEPS, ids=[step.stem for step in STEPS])
def test_a_step_runs_without_matplotlib_and_is_small(step):
    text = step.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 120
    assert "sys.path" not in text
    assert lines[0].startswith(f'"""Step {number(step):02}: ')
    assert "import autograd" not in text or number(step) > 22, "the first 22 steps are self-contained"
    assert re.search(r"^ *assert ", text, re.MULTILINE)
    for i, line in enumerate(lines):
        if "import" in line and "matplotlib" in line:
            assert lines[i - 1] == "try:"
            assert lines[i + 1] == "except ImportError:"


def test_all_steps_are_there():
    assert {number(step) for step in STEPS} >= set(PRINTED)


def package_file(step):
    """The file that the step says it leads to, from the last line of its docstring."""
    docstring = step.read_text(encoding="utf-8").split('"""')[1]
    return docstring.strip().splitlines()[-1].removeprefix("In the package: ")


README = (ROOT / "steps" / "README.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if line.startswith("| [")]


@pytest.mark.parametrize("step", STEPS, ids=[step.stem for step in STEPS])
def test_the_index_lists_the_step(step):
    title = step.read_text(encoding="utf-8").splitlines()[0].split(": ", 1)[1].rstrip(".")
    file = package_file(step)
    assert (ROOT / file).is_file(), f"{step.name} leads to {file}, which is not there"
    (row,) = [row for row in ROWS if row[0] == f"[{number(step):02}]({step.name})"]
    assert row[1] == title
    assert f"](../{file})" in row[3], "the index and the docstring name different files"
    (back,) = [row for row in ROWS if row[0].endswith(f"](../{file})")]
    assert f"[{number(step):02}]({step.name})" in back[1], f"the row of {file} does not name the step"


def test_every_file_of_the_package_is_in_the_index():
    explained = {row[0].split("](../")[1].rstrip(")") for row in ROWS if "](../autograd/" in row[0]}
    for path in explained:
        assert (ROOT / path).exists(), path
    for file in (ROOT / "autograd").rglob("*.py"):
        path = file.relative_to(ROOT).as_posix()
        folder = file.parent.relative_to(ROOT).as_posix() + "/"
        assert {path, folder} & explained, f"steps/README.md: which step explains {path}?"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / "steps" / target).exists(), target
