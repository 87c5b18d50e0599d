"""Every step runs alone, and prints what the table of the steps promises, to its digits; the index is true."""

import ast
import re
import runpy
import subprocess
import sys
from itertools import pairwise
from math import isclose
from pathlib import Path

import numpy as np
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
    27: [
        "sin: 0.7071067811865475",
        "Taylor to 1e-04: 0.7071064695751781 gradient 0.7071032148228457: 4 terms, 12 functions",
        "9 terms, 27 functions",
    ],
    28: ["1000 updates: (0.6837118569, 0.4659526837)"],
    29: ["1 1.4545454545 2 1.1510467894 3 1.0253259290", "9 1.0000000000"],
    30: ["x.grad = Variable(12.) its creator: None", "f''(2) = Variable(12.)"],
    31: ["2 -0.8414709848 0.0000000000 -0.8414709848"],
    32: ["[36.0, 50.0, 48.0, 24.0]"],
    33: ["1 1.4545454545 2 1.1510467894 3 1.0253259290", "9 1.0000000000"],
    34: ["derivative 3: at most"],
    35: [
        "derivative 1: 0.419974341614 by the formula 0.419974341614 functions: 4",
        "derivative 7: 12.288367894320 by the formula 12.288367894320 functions: 921",
        "drawn: runs/steps/step35",
        "the same by the package's tanh: 12.288367894320 functions: 8",
    ],
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
    61: ["all places: equal to the loop: True", "no later place: equal to the loop: True", "gradients too: True"],
    62: ["a later letter changes no earlier score: True", "new text, nats a letter:"],
    63: [
        "J e0 = [0.5 0. ], its first column; e0 J = [0.5 2. 0. ]",
        "(65, 65): it bends 1619 times as much",
        "7 loss 0.0776428153",
        "threes and eights that it has not seen: 0.986",
    ],
    64: [
        *[f"without the {part} the same weights: False" for part in ("model", "optimizer", "loader", "generator")],
        "with all four parts the same weights: True",
        "killed behind update 57",
        "the same weights as without a stop: True",
    ],
    65: [
        "two processes, by hand: the same weights in both, bit for bit: True",
        "and those of one process: True",
    ],
    66: [
        "functions in a step: 13 as it was written, 4 with one function for the loss",
        "without the gradient of the batch a step makes 8192 bytes less",
        "2 no gradient of the batch | 3 captured: weights apart by at most 0",
        "fc1 = x @ fc1_W",
    ],
}
ROUGH = {48, 49, 50}  # accuracies: the digits given are a floor


def number(step):
    return int(step.stem.removeprefix("step"))


STEP = {number(step): step for step in STEPS}


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
    assert len(lines) <= (150 if 18 <= number(step) <= 22 else 110)
    assert "sys.path" not in text
    assert lines[0].startswith(f'"""Step {number(step):02}: ')
    assert "import autograd" not in text or number(step) > 22, "the first 22 steps are self-contained"
    assert re.search(r"^ *assert ", text, re.MULTILINE)
    for i, line in enumerate(lines):
        if "import" in line and "matplotlib" in line:
            assert lines[i - 1] == "try:"
            assert lines[i + 1] == "except ImportError:"


def test_all_steps_are_there():
    """The README names the numbers that have no step."""
    assert STEP.keys() >= set(PRINTED)
    missing = [i for i in range(1, max(STEP)) if i not in STEP]
    said = re.search(r"Steps? ([\d, and]+) (?:is|are) not there yet", README)
    assert [int(i) for i in re.findall(r"\d+", said[1] if said else "")] == missing


def features(step):
    """The methods of the step's Variable and Function with their parameters, what they keep, and its no_grad."""
    names = set()
    for part in ast.parse(step.read_text(encoding="utf-8")).body:
        if isinstance(part, ast.ClassDef) and part.name in ("Variable", "Function"):
            for node in ast.walk(part):
                if isinstance(node, ast.FunctionDef):
                    args = [*node.args.args, *filter(None, [node.args.vararg])]
                    names |= {f"{part.name}.{node.name}({arg.arg})" for arg in args}
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    names.add(f"{part.name}: {node.attr}")
        elif isinstance(part, ast.FunctionDef) and part.name in ("no_grad", "as_variable"):
            names.add(part.name)
    return names - {"Variable.backward(visit_once)"}  # the remedy of step 15 that is none


@pytest.mark.parametrize("earlier, later", [*pairwise(STEPS[10:22])], ids=lambda step: step.stem)
def test_what_has_grown_stays(earlier, later):
    assert features(earlier) <= features(later)


def test_the_framework_by_hand_is_whole():
    made = runpy.run_path(str(STEPS[21]))
    Variable = made["Variable"]

    class DivMod(made["Function"]):
        def forward(self, x0, x1):
            return x0 // x1, x0 % x1

        def backward(self, gq, gr):
            assert gq is None
            return gr, -(self.inputs[0].data // self.inputs[1].data) * gr

    a, b = Variable(np.array([17.0, 9.0]), name="a"), Variable(np.array([5.0, 2.0]))
    with pytest.raises(TypeError, match="write np.array"):
        Variable(1.0)
    q, r = DivMod()(a, b)
    del q
    y = r * r
    y.backward(retain_grad=True)
    assert (a.grad.tolist(), b.grad.tolist()) == ([4.0, 2.0], [-12.0, -8.0])
    assert isinstance(y.grad, np.ndarray)
    assert isinstance(r.grad, np.ndarray)
    assert (r.generation, y.generation) == (1, 2)
    a.cleargrad()
    r.cleargrad()
    y.backward()
    assert (y.grad, r.grad, a.grad.tolist()) == (None, None, [4.0, 2.0])
    assert (a.name, a.shape, a.dtype, len(a), repr(a)) == ("a", (2,), float, 2, "Variable([17.  9.])")
    with made["no_grad"]():
        assert (a * b).creator is None
    with pytest.raises(TypeError), made["no_grad"]():
        a * "b"
    assert (a * b).creator is not None


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
    assert number(step) in steps_back(file), f"the row of {file} does not name the step"


BACK = {row[0].split("](../")[1].rstrip(")"): row[1] for row in ROWS if "](../autograd/" in row[0]}


def steps_back(file):
    links = re.findall(r"\[(\d\d)\]\(step(\d\d)\.py\)", BACK[file])
    assert all(shown == target for shown, target in links), BACK[file]
    return [int(target) for _, target in links]


def defined():
    """For each file of the package, the functions and classes in it."""
    for file in (ROOT / "autograd").rglob("*.py"):
        parts = ast.parse(file.read_text(encoding="utf-8")).body
        yield file, {part.name for part in parts if isinstance(part, (ast.FunctionDef, ast.ClassDef))}


DEFINED = dict(defined())


def used(step):
    """The files of the package that the step leads to, names, or takes a function or class from; or whose it makes."""
    text = step.read_text(encoding="utf-8")
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
    named = {file for file in DEFINED if file.relative_to(ROOT).as_posix() in text}
    return named | {file for file, there in DEFINED.items() if there & names}


@pytest.mark.parametrize("file", BACK)
def test_a_file_leads_back_to_steps_that_use_it(file):
    """A file of the same name in another folder is as good: layers/conv.py for functions/conv.py."""
    for i in steps_back(file):
        files = used(STEP[i])
        if file.endswith("/"):
            assert any(path.is_relative_to(ROOT / file) for path in files), f"step {i} uses nothing of {file}"
        else:
            assert Path(file).stem in {path.stem for path in files}, f"step {i} uses nothing of {file}"


def span(text):
    """The numbers that "17 19-22" stands for."""
    for word in text.split():
        first, _, last = word.partition("-")
        yield from range(int(first), int(last or first) + 1)


def test_the_diagram_says_what_the_table_says():
    nodes = re.findall(r'^ +(\w+)\["([^"]+)"\]$', README, re.MULTILINE)
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", README, re.MULTILINE)
    shown = []
    for name, label in nodes:
        if "<br/>" not in label:
            assert (ROOT / "autograd" / label).exists(), label
            assert name == label.removesuffix(".py").strip("_/")
            continue
        numbers, words = label.split("<br/>")
        numbers = [*span(numbers)]
        assert name == f"s{numbers[0]:02}"
        files = {Path(package_file(STEP[i])).parts[1] for i in numbers}
        assert {b for a, b in arrows if a == name} == {file.removesuffix(".py").strip("_") for file in files}
        told = " ".join(" ".join(row) for row in ROWS if row[0][1:3].isdigit() and int(row[0][1:3]) in numbers).lower()
        for word in re.findall(r"\w+", words.lower()):
            assert word.removesuffix("s") in told, f"{label}: no step of these is about {word!r}"
        shown += numbers
    assert sorted(shown) == [number(step) for step in STEPS]
    parts = re.findall(r'subgraph \w+ \["(\d\d) to (\d\d): [^"]+"\]\n(.*?)\n    end', README, re.DOTALL)
    for first, last, part in parts:
        inside = [i for numbers in re.findall(r'\["(.*)<br/>', part) for i in span(numbers)]
        assert sorted(inside) == [i for i in STEP if int(first) <= i <= int(last)]
    assert len(parts) == 4
    assert {a for pair in arrows for a in pair} == {name for name, _ in nodes}


def test_every_file_of_the_package_is_in_the_index():
    for path in BACK:
        assert (ROOT / path).exists(), path
    for file in (ROOT / "autograd").rglob("*.py"):
        path = file.relative_to(ROOT).as_posix()
        folder = file.parent.relative_to(ROOT).as_posix() + "/"
        assert {path, folder} & BACK.keys(), f"steps/README.md: which step explains {path}?"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / "steps" / target).exists(), target
