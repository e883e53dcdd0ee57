# Every target sets up what it needs: a virtual environment in .venv, by pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two cores run the tests side by side; the default suits a laptop and a small server alike.
WORKERS ?= 2

.PHONY: demo test lint format clean

demo: $(VENV)/.runtime
	$(BIN)/multilayer demo --out demo

# The engine's contract is kept without the compiler too; then everything else, whose summary comes last.
test: lint
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(WORKERS) -q tests/engines/test_cpu.py
	$(BIN)/python -m pytest -n $(WORKERS) -q

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.runtime: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[all]"
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .pytest_cache .ruff_cache
