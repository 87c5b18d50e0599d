"""What `import autograd` does: define things, load NumPy and nothing heavier, and warn of a namesake."""

import subprocess
import sys

import pytest

import autograd


def run(program, cwd, *, ok=True):
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)
    assert (result.returncode == 0) is ok, result.stderr
    return result


def test_only_numpy_is_loaded(tmp_path):
    program = """
import sys, numpy
before = {name.partition(".")[0] for name in sys.modules}
import autograd
after = {name.partition(".")[0] for name in sys.modules}
print(sorted(name for name in after - before if name not in sys.stdlib_module_names))
"""
    assert run(program, tmp_path).stdout.strip() == "['autograd']"


def test_importing_draws_no_random_numbers(tmp_path):
    program = """
import numpy as np
np.random.seed(1); state = np.random.get_state()[1].copy()
import autograd, autograd.functions, autograd.layers, autograd.optimizers, autograd.data
assert (np.random.get_state()[1] == state).all()
"""
    run(program, tmp_path)


def test_the_namesake_is_named_with_the_remedy(tmp_path):
    (tmp_path / "autograd-1.8.0.dist-info").mkdir()
    program = f"import sys; sys.path.append({str(tmp_path)!r}); import autograd"
    message = run(program, tmp_path, ok=False).stderr
    assert "HIPS" in message
    assert "pip uninstall -y autograd define-by-run && pip install define-by-run" in message


def test_other_names_do_not_warn(tmp_path):
    for name in ("autograd_gamma-0.5.0.dist-info", "define_by_run-0.1.0.dist-info", "autogradient-1.dist-info"):
        (tmp_path / name).mkdir()
    run(f"import sys; sys.path.append({str(tmp_path)!r}); import autograd", tmp_path)


@pytest.mark.parametrize("name", autograd.PARTS)
def test_parts_are_imported_when_asked_for(name):
    if name == "visualize":
        pytest.importorskip("graphviz", reason="drawing is optional: pip install 'define-by-run[graph]'")
    assert getattr(autograd, name).__name__ == f"autograd.{name}"


def test_a_part_that_does_not_exist_is_named():
    with pytest.raises(AttributeError, match="no attribute 'quux'; its parts are data, derivatives, estimators"):
        _ = autograd.quux
    with pytest.raises(AttributeError, match="no attribute 'optim': it is optimizers here"):
        _ = autograd.optim
