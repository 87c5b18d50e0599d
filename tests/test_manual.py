"""The manual is true.

docs/names.md: names of ours exist, missing ones are answered as the page says, and numbers agree. docs/programs.md: the
programs are those of today. All pages: what they show runs, page by page in order, and links lead somewhere. The API
reference: no public name is missing. The pages in a browser: tests/test_pages.py.
"""

import doctest
import importlib
import inspect
import io
import re
import runpy
import sys
from operator import attrgetter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "names.md").read_text(encoding="utf-8")
MODEL = L.Linear(2, 3)
ROOTS = {"ag": ag, "F": F, "L": L, "O": O, "np": np, "x": ag.Variable([1.0]), "model": MODEL, "optimizer": O.SGD(MODEL)}
NAME = re.compile(rf"(?<![\w.])({'|'.join(ROOTS)})\.(\w[\w.]*\w|\w)")


def rows():
    """(topic, names of PyTorch, names of ours, note) for each row; `F`, same names: written out."""
    topic = ""
    for line in PAGE.splitlines():
        topic = line[3:] if line.startswith("## ") else topic
        if not line.startswith("| `"):
            continue
        theirs, ours, note = [cell.strip() for cell in line.strip("|").split("|")]
        theirs = re.findall("`([^`]+)`", theirs)
        root = ours.removesuffix(", same names").strip("`")
        named = [f"{root}.{name.split('.')[-1]}" for name in theirs]
        yield topic, theirs, named if ours.endswith("same names") else re.findall("`([^`]+)`", ours), note


ROWS = list(rows())
PAIRS = [(t, *pair, note) for t, theirs, ours, note in ROWS if len(theirs) == len(ours) for pair in zip(theirs, ours)]
ARGUMENTS = {  # by topic: what every required argument is in the comparison
    "Elementwise": lambda i: np.linspace(0.2, 0.7, 6).reshape(2, 3) + 0.1 * i,
    "Special functions": lambda i: np.linspace(0.3, 0.8, 6).reshape(2, 3) + 0.1 * i,
    "Activations": lambda i: np.linspace(-2, 2, 8).reshape(2, 4),
    "Losses": lambda i: np.linspace(0.2, 0.8, 6).reshape(2, 3) ** (i + 1),
    "Reductions and sorting": lambda i: np.linspace(-1, 2, 6).reshape(2, 3) ** 3,
}
EQUAL = [(t, theirs, ours) for t, theirs, ours, note in PAIRS if t in ARGUMENTS and not note]


def found(name):
    root, _, path = name.partition(".")
    return attrgetter(path)(ROOTS[root])


def test_every_name_of_ours_exists():
    assert len(ROWS) > 100
    for *_, ours, note in ROWS:
        for name in [*ours, *(".".join(match) for match in NAME.findall(note))]:
            assert found(name) is not None or name in ("x.creator", "x.grad"), name


@pytest.mark.parametrize("theirs, ours", [(their, ours) for _, theirs, ours, _ in ROWS if ours for their in theirs])
def test_a_missing_name_is_answered_as_the_page_says(theirs, ours):
    word, root = theirs.split(".")[-1], ours[0].split(".")[0]
    if theirs.startswith("Tensor."):
        root = "x"
    elif theirs.startswith("nn.") and word[0].isupper() and root == "F":
        root = "L"  # a layer there, a function here
    try:
        getattr(ROOTS[root], word)
    except AttributeError as error:
        text = str(error)
        assert "it is" in text, text
        assert any(name.split(".")[-1] in text for name in ours), text


@pytest.mark.standin_exempt("torch shares its memory with NumPy")
@pytest.mark.parametrize("topic, theirs, ours", EQUAL)
def test_pairs_without_a_note_give_the_same_numbers(topic, theirs, ours):
    torch = pytest.importorskip("torch", reason="PyTorch is what these are compared with: make compare")
    kinds = inspect.signature(found(ours)).parameters.values()
    n = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in kinds)
    args = [ARGUMENTS[topic](i) for i in range(n)]
    if theirs.endswith("polygamma"):
        args[0] = 1
    if theirs.endswith("multi_margin_loss"):
        args[1] = np.array([0, 2])
    tensors = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    with np.errstate(all="ignore"):
        got = found(ours)(*args)
    np.testing.assert_allclose(got, attrgetter(theirs)(torch)(*tensors).numpy(), rtol=1e-9, atol=1e-12)


def test_every_name_of_pytorch_exists():
    torch = pytest.importorskip("torch", reason="PyTorch is what these are compared with: make compare")
    for _, theirs, *_ in ROWS:
        for name in theirs:
            assert name.startswith("utils.tensorboard") or attrgetter(name)(torch) is not ..., name


def unlike(page, today):
    """The first lines in which two texts differ."""
    pairs = zip(page.splitlines(), today.splitlines())
    return next((f"{a!r} is {b!r} today" for a, b in pairs if a != b), "one is longer")


@pytest.mark.standin_exempt("programs are of NumPy alone")
def test_the_programs_on_the_page_are_those_of_today():
    page = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
    today = runpy.run_path(str(ROOT / "docs" / "programs.py"))["written"](page)
    assert page == today, f"run `python docs/programs.py`: {unlike(page, today)}"


def test_rows_that_repeat_are_shortened():
    shortened = runpy.run_path(str(ROOT / "docs" / "programs.py"))["shortened"]
    rows = [f"    v{i} = x[{i}]\n    v{i} += 1" for i in range(7)]
    more = "    # ... 4 more like these"
    assert shortened("\n".join(["a = 1", *rows, "b = 2"])) == "\n".join(["a = 1", *rows[:2], more, rows[-1], "b = 2"])
    assert shortened("\n".join(rows[:3])) == "\n".join(rows[:3])
    names = ", ".join([f"v{i}" for i in range(20)])
    assert shortened(f"    del {names}") == "    del v0, v1, ..., v19"


def blocks(page):
    """(kind, line, text) of each block of Python on a page, but for those that a script has written."""
    page = re.sub(r"<!-- \w+ -->\n.*?<!-- end -->", lambda m: "\n" * m[0].count("\n"), page, flags=re.DOTALL)
    for match in re.finditer(r"^```(python|pycon)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        yield match[1], page.count("\n", 0, match.start(2)), match[2]


def run_page(name, folder):
    """Runs the blocks of a page in order, as one module. Each is a file, since some programs read their own source."""
    module = sys.modules["page"] = ModuleType("page")
    for kind, line, text in blocks((ROOT / name).read_text(encoding="utf-8")):
        file = folder / f"page{line}.py"
        file.write_text("\n" * line + text, encoding="utf-8")  # the lines of errors are those of the page
        if kind == "python":
            exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), vars(module))
        else:
            options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
            case = doctest.DocTestParser().get_doctest(text, vars(module), name, name, line)
            failed = io.StringIO()
            doctest.DocTestRunner(optionflags=options).run(case, out=failed.write, clear_globs=False)
            assert not failed.getvalue(), failed.getvalue()
            vars(module).update(case.globs)
    return module


PAGES = [
    "README.md",
    *[str(p.relative_to(ROOT)) for folder in ("", "guide") for p in sorted((ROOT / "docs" / folder).glob("*.md"))],
]
CODE = [name for name in PAGES if "```py" in (ROOT / name).read_text(encoding="utf-8")]


@pytest.mark.standin_exempt("its data are NumPy's")
@pytest.mark.parametrize("name", CODE)
def test_what_a_page_shows_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "page", None)
    ag.seed(0)
    made = run_page(name, tmp_path)
    if name in ("README.md", "docs/programs.md"):
        assert "def step(x, t" in made.step.source
        assert "def step(x, t" in capsys.readouterr().out


REFERENCE = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "reference.py")))
TEXTS = REFERENCE.texts()


@pytest.mark.standin_exempt("reads docstrings")
def test_the_reference_has_every_public_name():
    found, others = REFERENCE.pages()
    described = {path for page in found.values() for path in page.entries}
    names = REFERENCE.names()
    assert len(names) > 500
    assert set(names) == described | set(others)
    assert set(others.values()) <= described
    for page in found.values():
        text = TEXTS[f"{page.name}.md"]
        for path in page.entries:
            head = path.rpartition(".")[2]
            assert re.search(rf"^`+{{py:(function|class|data)}} {head}(\(.*\))?$", text, re.MULTILINE), path
    for path, target in others.items():
        assert f"`{path.rpartition('.')[2]} <{target}>`" in TEXTS["index.md"], path


@pytest.mark.standin_exempt("reads docstrings")
def test_the_reference_leaves_out_what_only_the_package_calls():
    """Its table of such names has none that is gone; a Parameter repeats nothing of a Variable."""
    classes = {base for value in REFERENCE.names().values() if isinstance(value, type) for base in value.__mro__}
    for name, words in REFERENCE.INNER.items():
        has = {word for c in classes if name in [base.__name__ for base in c.__mro__] for word in vars(c)}
        assert set(words.split()) <= has, name
    shown = {c: {name for _, name, _ in REFERENCE.members(c)} for c in (O.Optimizer, O.Adam, L.Parameter, L.LSTM)}
    assert shown[O.Optimizer] == {"step", "update", "lr_now", "state_dict", "load_state_dict"}
    assert shown[O.Adam] == {"step"}
    assert shown[L.Parameter] == {"data", "freeze", "thaw", "lazy"}
    assert shown[L.LSTM] == {"forward", "h", "c"}


@pytest.mark.standin_exempt("reads docstrings")
def test_every_public_name_is_described():
    texts = {path: inspect.getdoc(value) or "" for path, value in REFERENCE.names().items() if callable(value)}
    assert not [path for path, text in texts.items() if len(text.split()) < 3]


def test_the_reference_is_the_same_on_every_machine():
    for name, text in TEXTS.items():
        assert str(ROOT) not in text, name
        assert " at 0x" not in text, name


def test_a_docstring_becomes_markdown():
    text = """y = x_1 * x_2, with *x* in [0, 1)   (N, C) -> (N,)

    Words, with `code_1` and `relu`. Raises ValueError if x < 0.
    Source: Somebody, 1999.

    >>> 1 + 1
    2
    """
    made = REFERENCE.markdown(inspect.cleandoc(text), {"relu": "autograd.functions.relu"})
    assert made.split("\n\n") == [
        "```text\ny = x_1 * x_2, with *x* in [0, 1)\n(N, C) -> (N,)\n```",
        "Words, with `code_1` and {py:obj}`relu <autograd.functions.relu>`.",
        "**Raises** ValueError if x \\< 0.",
        "**Source**: Somebody, 1999.",
        "```pycon\n>>> 1 + 1\n2\n```",
    ]


WRITTEN_FOR_READING = [
    name for name in PAGES if Path(name).name not in ("performance.md", "programs.md", "names.md", "changelog.md")
]


@pytest.mark.parametrize("name", WRITTEN_FOR_READING)
def test_names_on_a_page_exist(name):
    """`F.relu`, `ag.data.digits`, `O.Adam`: whatever stands in backticks with one of our modules in front."""
    text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    if name == "docs/from-dezero.md":  # its first column has DeZero's names
        text = re.sub(r"^\| [^|]* \|", "", text, flags=re.MULTILINE)
    for span in re.findall(r"`([^`\n]+)`", text):
        for match in NAME.findall(re.sub(r"\"[^\"]*\"", "", span)):  # not in names of files
            assert found(".".join(match)) is not None or match[1] in ("creator", "grad"), span


def test_names_of_dezero_exist_in_the_adapter():
    import autograd.dezero  # noqa: F401  (registers dezero)

    names = ["core", "functions", "layers", "models", "optimizers", "datasets", "dataloaders", "utils", "cuda"]
    modules = {name: importlib.import_module(f"dezero.{name}") for name in names}
    where = {"F": "functions", "L": "layers", **{name: name for name in names}}
    anywhere = [*modules.values(), modules["layers"].Layer]
    checked = 0
    for line in (ROOT / "docs" / "from-dezero.md").read_text(encoding="utf-8").splitlines():
        for span in re.findall(r"`([^`]+)`", line.split("|")[1] if line.startswith("| `") else ""):
            root, _, name = re.match(r"[\w.]+", span)[0].partition(".")
            if root == "x":
                assert hasattr(modules["core"].Variable, name), span
            elif name and root in where:
                assert hasattr(modules[where[root]], name), span
            elif root != "dezero":
                assert any(hasattr(module, root) for module in anywhere), span
            checked += 1
    assert checked > 40


@pytest.mark.parametrize("name", [*PAGES, "CONTRIBUTING.md", "steps/README.md"])
def test_a_sentence_has_at_most_25_words(name):
    for sentence in sentences((ROOT / name).read_text(encoding="utf-8")):
        assert len(sentence.split()) <= 25, f"{len(sentence.split())} words: {sentence}"


def sentences(page):
    """The sentences of a page: neither code, nor tables, nor headings."""
    text = re.sub(r"^```.*?^```|^[|#!].*?$", "\n\n", page, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "code", re.sub(r"\]\([^)]*\)|\*+(?! )|(?<! )\*+", "", text))
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        yield from re.split(r"(?<=[.:;?!)]) +(?=[A-Z`*\[(]|code)|(?<=[:;]) ", " ".join(paragraph.split()))


@pytest.mark.parametrize("name", [name for name in PAGES if "guide" in name or "start" in name or "recipes" in name])
def test_a_line_of_code_fits_its_page(name):
    """A page that is 1,400 pixels wide shows 90 letters of it; the rest would have to be scrolled to."""
    for _, line, text in blocks((ROOT / name).read_text(encoding="utf-8")):
        for i, code in enumerate(text.splitlines(), line + 1):
            assert len(code) <= 90, f"{name}:{i}: {len(code)} letters: {code}"


def test_the_changelog_says_everything_once():
    """A merge puts lines that were moved behind those that moved them."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    items = [" ".join(item.split()) for item in re.split(r"^- ", text, flags=re.MULTILINE)[1:]]
    openings = [item[:60] for item in items]
    assert {opening for opening in openings if openings.count(opening) > 1} == set()


# Links

MORE = ["CONTRIBUTING.md", "CHANGELOG.md", "steps/README.md", "examples/lecture/README.md"]


def anchors(text):
    """The anchors of the headings of a page, as GitHub and MyST make them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def page_links(name):
    """The targets of all links and pictures on a page."""
    text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))


@pytest.mark.parametrize("name", [*PAGES, *MORE])
def test_links_lead_somewhere(name):
    """Those inside the repository. `python docs/links.py` lists those to the outside, which need a network."""
    for target in page_links(name):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if "api" in file.parts:
            assert file.name in TEXTS, f"{name}: {target}"
            continue
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{name}: {target}"
