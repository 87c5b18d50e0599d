"""The wheel, as pip installs it beside NumPy alone: it trains, saves and loads, and says what else to install.

Nothing is downloaded. hatchling, of the group `test`, builds the wheel. A fresh environment gets links to the NumPy
that runs the tests, and pip installs the wheel there without an index.
"""

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parents[1]

pytestmark = pytest.mark.standin_exempt

PROGRAM = r"""
import json, os, struct, sys
import numpy as np
import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

loaded = {name.partition(".")[0] for name in sys.modules} - {"__main__", *sys.stdlib_module_names}
x, t = ag.data.digits()
model = L.Sequential(L.Linear(32, in_size=x.shape[1], rng=0), F.relu, L.Linear(10, in_size=32, rng=1))
loader = ag.data.DataLoader((x, t), 32, rng=0)
history = ag.training.fit(model, F.softmax_cross_entropy, O.Adam(model, lr=0.01), loader, epochs=3)
ag.serialize.save(model, "model.npz")
other = L.Sequential(L.Linear(32, in_size=x.shape[1]), F.relu, L.Linear(10, in_size=32))
ag.serialize.load(other, "model.npz")
with ag.test_mode():
    same = bool((ag.as_array(model(x)) == ag.as_array(other(x))).all())

header = json.dumps({"W": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
with open("W.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + np.array([1, 2], "<f4").tobytes())
W = ag.formats.read_weights("W.safetensors")["W"].tolist()

y = model(ag.Variable(x[:2])).sum()
doors = {
    "matplotlib": lambda: history.plot("curves.png"),
    "graphviz-pure": lambda: ag.visualize.plot(y, "graph.svg"),
    "graphviz": lambda: ag.visualize.to_graphviz(y),
    "tensorboardX": lambda: ag.training.tensorboard("runs"),
    "tokenizers": lambda: ag.data.Tokenizer("tokenizer.json"),
    "numba": lambda: ag.fast(),
    "scipy": lambda: F.gammaln(ag.Variable(3.0)),
    "cupy": lambda: model.to("gpu"),
    "onnx": lambda: ag.formats.onnx.export(model, "model.onnx", x[:2]),
    "scikit-learn": lambda: ag.estimators.Classifier(model),
}
said = {}
for name, door in doors.items():
    try:
        door()
    except Exception as error:
        said[name] = [type(error).__name__, str(error)]
    else:
        said[name] = ["", "no error"]
summary = str(model.summary(x[:2])) if hasattr(model, "summary") else None
html = str(ag.visualize.plot(y, "graph.html"))
print(json.dumps({
    "loaded": sorted(loaded), "loss": history.loss, "same": same, "W": W, "said": said, "summary": summary,
    "file": ag.__file__, "version": ag.__version__, "text": repr(y), "html": html,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this source tree."""
    pytest.importorskip("hatchling", reason="the wheel is built by hatchling, which is in the group `test`")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def result(wheel, tmp_path_factory):
    """What PROGRAM prints in an environment that has NumPy and the installed wheel, and nothing else."""
    pytest.importorskip("pip", reason="pip installs the wheel")
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip())
    for name in {file.parts[0] for file in metadata.files("numpy") if ".." not in file.parts}:
        (packages / name).symlink_to(Path(metadata.distribution("numpy").locate_file(name)))
    options = ["--no-index", "--no-cache-dir", "--disable-pip-version-check", "--no-compile"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    quiet |= {"PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, timeout=120)
    assert done.returncode == 0, done.stderr
    (folder / "home").mkdir()
    clean = {"PATH": "", "HOME": str(folder / "home"), "OPENBLAS_NUM_THREADS": "1"}
    command = [str(python), "-I", "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder / "home", env=clean, timeout=120)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "packages": packages}


def test_it_is_installed_beside_numpy_alone(result):
    assert [name for name in result["loaded"] if "cython" not in name] == ["autograd", "numpy"]
    assert Path(result["file"]).is_relative_to(result["packages"])
    assert result["version"] == autograd.__version__


def test_it_trains_saves_and_loads(result):
    assert result["loss"][-1] < result["loss"][0] / 2
    assert result["same"]
    assert result["W"] == [1.0, 2.0]
    assert result["text"].startswith("Variable(")


def test_a_graph_as_a_page_and_a_summary_need_nothing(result):
    assert result["html"] == "graph.html"
    if result["summary"] is not None:
        assert "Linear" in result["summary"]
        assert str(64 * 32 + 32) in result["summary"].replace(",", "")


EXTRAS = {
    "matplotlib": "pip install 'define-by-run[plot]'", "graphviz-pure": "'define-by-run[graph]'",
    "graphviz": "pip install", "tensorboardX": "pip install 'define-by-run[tensorboard]'",
    "tokenizers": "pip install 'define-by-run[text]'", "numba": "pip install 'define-by-run[fast]'",
    "scipy": "pip install 'define-by-run[science]'",
    "cupy": "pip install 'define-by-run[cuda12]' or 'define-by-run[cuda13]'",
    "onnx": "pip install 'define-by-run[onnx]'", "scikit-learn": "pip install 'define-by-run[sklearn]'",
}  # fmt: skip


@pytest.mark.parametrize("package", EXTRAS)
def test_each_optional_thing_says_what_to_install(result, package):
    """As RuntimeError, at the door. A picture becomes its text with a warning; fit goes on without tqdm's bar."""
    kind, message = result["said"][package]
    assert kind == ("UserWarning" if package == "graphviz-pure" else "RuntimeError")
    assert EXTRAS[package] in message


def test_every_extra_that_a_message_names_exists(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        text = archive.read(name).decode()
        names = archive.namelist()
    extras = {line.removeprefix("Provides-Extra: ") for line in text.splitlines() if line.startswith("Provides-Extra")}
    words = {word.split("]")[0] for line in EXTRAS.values() for word in line.split("define-by-run[")[1:]}
    assert words <= extras
    assert [line for line in text.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line] == [
        "Requires-Dist: numpy>=2.0"
    ]
    assert {"autograd/py.typed", "autograd/data/digits.npz"} <= set(names)
    assert not [name for name in names if not name.startswith(("autograd/", "define_by_run-"))]
