"""Every example runs alone, in a folder of its own, holds its assertions, and leaves the pictures that it names.

With `--fast` where an example has it: less training, the same assertions. In all less than three minutes on one core.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the examples draw pictures: pip install 'define-by-run[plot]'")
pytestmark = pytest.mark.standin_exempt("starts processes")

FOLDER = Path(__file__).parents[1] / "examples"
LECTURE = sorted((FOLDER / "lecture").glob("[0-9]*.py"))
COMPLETE = sorted(FOLDER.glob("*.py"))
LONG = {"fashion_mnist"}  # trains for many minutes

paths = pytest.mark.parametrize("path", [*COMPLETE, *LECTURE], ids=lambda path: path.stem)


def run(path, folder, *options):
    """What the example prints. It runs with warnings as errors, and one thread for products of matrices."""
    command = [sys.executable, "-X", "utf8", "-W", "error", "-W", "ignore:no renderer", str(path), *options]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def docstring(path):
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def named_pictures(path):
    return [Path(name) for name in re.findall(r"runs/[\w/]+\.(?:png|svg)", docstring(path))]


def check_png(path):
    """A PNG with a width and a height that suit a page, and not an empty one."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n", path
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
    assert 300 <= width <= 2000, f"{path.name} is {width} pixels wide"
    assert 200 <= height <= 2000, f"{path.name} is {height} pixels high"
    assert len(content) > 5000, f"{path.name} has hardly anything in it"


@paths
def test_example(path, tmp_path):
    if path.stem in LONG:
        assert "usage:" in run(path, tmp_path, "--help")
        pytest.skip("it trains for many minutes")
    run(path, tmp_path, *["--fast"] * ("--fast" in docstring(path)))
    for picture in named_pictures(path):
        drawn = tmp_path / picture
        if picture.suffix == ".svg":  # the picture of a graph; without a renderer it is DOT
            assert drawn.exists() or drawn.with_suffix(".dot").exists()
        else:
            assert drawn.exists(), f"{picture} was not drawn"
    pictures = list(tmp_path.glob("runs/**/*.png"))
    assert pictures
    for picture in pictures:
        check_png(picture)


@paths
def test_an_example_says_what_it_is_and_is_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert path.stem in LONG or re.search(r"^ *assert ", text, re.MULTILINE)
    assert f"python examples/{path.relative_to(FOLDER).as_posix()}" in docstring(path)
    if path in LECTURE:
        number = re.match(r"0?(\d\w?)_", path.name)[1]
        assert docstring(path).startswith(f"{number}. ")
        assert named_pictures(path)


@pytest.mark.parametrize("path", [FOLDER / "lecture" / "04c_digits.py", FOLDER.parent / "steps" / "step51.py"])
def test_a_damaged_mnist_is_named_and_something_else_is_taken(path, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path / "sets"))
    (tmp_path / "sets" / "mnist").mkdir(parents=True)
    (tmp_path / "sets" / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"no images")
    said = run(path, tmp_path)
    assert "MNIST: there is a copy of train-images-idx3-ubyte, but it is not the published file\n" in said
    assert re.search("the digits (that come along will do|above are all)|Fashion-MNIST; |Fashion-MNIST: ", said)


def test_languages_are_those_of_programs_where_there_are_no_translations(tmp_path):
    text = (FOLDER / "languages.py").read_text(encoding="utf-8")
    (tmp_path / "languages.py").write_text(text.replace("/usr/share/locale", "nowhere"), encoding="utf-8")
    said = run(tmp_path / "languages.py", tmp_path, "--fast")
    assert "the languages: English, Python and C, because there are too few translations in nowhere\n" in said
    check_png(tmp_path / "runs" / "languages.png")


def test_the_page_of_the_lecture_shows_all_pictures_in_order(tmp_path):
    names = [picture.name for path in LECTURE for picture in named_pictures(path)]
    (tmp_path / "runs" / "lecture").mkdir(parents=True)
    for name in names:
        (tmp_path / "runs" / "lecture" / name).touch()
    run(FOLDER / "lecture" / "all.py", tmp_path, "--page")
    page = (tmp_path / "runs" / "lecture" / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<figure><img src="([^"]+)" alt="[^"]+" loading="lazy"><figcaption>[^\n]+</figcaption>', page)
    assert shown == names
    assert re.findall(r'<h2 id="([^"]+)">', page) == [path.stem for path in LECTURE]
    assert re.findall(r'<a href="#([^"]+)">', page) == [path.stem for path in LECTURE]
    assert "http" not in page


def test_the_index_of_the_lecture_lists_all_files():
    index = (FOLDER / "lecture" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\[(\w+\.py)\]\((\w+\.py)\)", index)
    assert all(text == target for text, target in listed)
    assert [target for _, target in listed] == [*[path.name for path in LECTURE], "pictures.py"]
