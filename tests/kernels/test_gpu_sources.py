"""NVRTC compiles every raw CUDA text for every dtype. It needs no GPU: CuPy and CUDA's compiler are enough."""

import importlib
import os
import pkgutil
import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograd.kernels import gpu

for module in pkgutil.iter_modules(gpu.__path__):
    importlib.import_module(f"{gpu.__name__}.{module.name}")

RAW = {name: source for name, source in gpu.SOURCES.items() if source.kind == "RawKernel"}


@pytest.fixture(scope="module")
def compiled():
    """text -> the log of NVRTC, in which there is nothing"""
    missing = "NVRTC is not installed: pip install 'cupy-cuda12x[ctk]'"
    cupy = pytest.importorskip("cupy", reason=missing)
    nvrtc = cupy.cuda.nvrtc
    try:
        nvrtc.getVersion()
    except Exception:  # whatever CuPy raises where there is no library
        pytest.skip(missing)
    folders = [Path(cupy.__file__).parent / "_core" / "include"]
    headers = find_spec("nvidia.cuda_runtime") if find_spec("nvidia") else None
    if headers is not None:
        folders += [Path(place) / "include" for place in headers.submodule_search_locations]
    if "CUDA_PATH" in os.environ:
        folders.append(Path(os.environ["CUDA_PATH"]) / "include")
    options = ["--gpu-architecture=compute_80", "--std=c++17", *[f"-I{folder}" for folder in folders]]

    def log(name, text):
        program = nvrtc.createProgram(text, f"{name}.cu", (), ())
        with suppress(nvrtc.NVRTCError):
            nvrtc.compileProgram(program, options)
        found = nvrtc.getProgramLog(program)
        nvrtc.destroyProgram(program)
        return found

    return log


@pytest.mark.parametrize("char", "efdE")
@pytest.mark.parametrize("name", RAW)
def test_nvrtc_compiles_every_text(compiled, name, char):
    for long in (False, True):
        assert compiled(name, RAW[name].text(char, long)).strip("\0\n ") == ""


@pytest.mark.parametrize("char", "?bBhHilqQ")
@pytest.mark.parametrize("name", [name for name in RAW if name in ("im2col", "col2im") or name.startswith("window")])
def test_and_those_for_whole_numbers(compiled, name, char):
    assert compiled(name, RAW[name].text(char)).strip("\0\n ") == ""


def test_every_source_is_listed_by_its_name():
    assert {"im2col", "window_max", "channel_statistics"} <= gpu.SOURCES.keys()
    for name, source in gpu.SOURCES.items():
        assert source.name == name
        assert source.kind in ("ElementwiseKernel", "RawKernel")
        if source.kind == "RawKernel":
            assert re.search(rf"__global__\s[^;{{]*\b{name}\(", source.text())
