# Every target sets up what it needs: a virtual environment in .venv, by pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# Two cores run the tests side by side; the default suits a laptop and a small server alike.
WORKERS ?= 2
# Names that LLVM gives to processors: without AVX, and with AVX2 and no AVX-512; elsewhere the plainest of the kind.
PROCESSORS ?= $(if $(filter x86_64 amd64,$(shell uname -m)),x86-64 haswell,generic)
CONTRACT := tests/engines/test_cpu.py::TestCpuEngine
# Python on 64-bit ARM with this library's dependencies, pytest and hypothesis: a command, such as an emulator with its
# Python.  Under emulation a kernel takes minutes to compile, so that these tests use few.
ARM_PYTHON ?=
ARM_TESTS ?= tests/engines/cpu/test_subnormals.py tests/engines/cpu/test_processors.py \
	$(CONTRACT)::test_predictions_equal_those_of_the_equations $(CONTRACT)::test_a_whole_run_equals_that_of_the_equations \
	$(CONTRACT)::test_short_runs_in_float32
# Other Pythons to run all tests with.
PYTHONS ?= python3.11 python3.12 python3.13 python3.14
# Where a Python of another version may be, the likeliest first, and what is tested with the first one.
OTHER_PYTHONS ?= python3.13 python3.12 python3.14 $(wildcard $(HOME)/.pyenv/versions/3.1[234]*/bin/python3)
SOME_TESTS ?= tests/test_network.py tests/storage tests/files/test_models.py tests/estimators/test_classifier.py
VERSION := 'import sys; print("%d.%d" % sys.version_info[:2])'

.PHONY: demo test docs dist run-tests run-some-tests test-other-python test-processors test-pythons structure lint format clean

demo: $(VENV)/.runtime
	$(BIN)/multilayer demo --out demo

# The engine's contract is kept without the compiler too; then everything else, whose summary comes last.
test: lint run-tests

run-tests: $(VENV)/.dev
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(WORKERS) -q tests/engines/test_cpu.py
	$(BIN)/python -m pytest -n $(WORKERS) -q

# A part of the tests that few kernels are compiled for, with the first Python found here that is not $(PYTHON)'s.
test-other-python:
	@ours=$$($(PYTHON) -c $(VERSION)); for python in $(OTHER_PYTHONS); do \
		version=$$($$python -c $(VERSION) 2>/dev/null) || continue; \
		if [ $$version != $$ours ]; then \
			echo "With Python $$version:"; \
			exec $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$version run-some-tests; \
		fi; \
	done; echo "Skipped: there is no other Python here (looked for: $(OTHER_PYTHONS))."

run-some-tests: $(VENV)/.some-tests
	$(BIN)/python -m pytest -n $(WORKERS) -q $(SOME_TESTS)

# The engine's contract, compiled for processors with narrower vectors than this one's, and for 64-bit ARM.
test-processors: $(VENV)/.dev
	@for name in $(PROCESSORS); do \
		echo "Compiled for $$name:"; \
		NUMBA_CPU_NAME=$$name NUMBA_CPU_FEATURES= $(BIN)/python -m pytest -n $(WORKERS) -q tests/engines/cpu $(CONTRACT) \
			|| exit 1; \
	done
ifeq ($(strip $(ARM_PYTHON)),)
	@echo "Skipped: 64-bit ARM. Set ARM_PYTHON to a command that runs a Python for it."
else
	@echo "On 64-bit ARM:"
	PYTHONPATH=src $(ARM_PYTHON) -m pytest -q $(ARM_TESTS)
endif

# All tests with each of these Pythons, in an environment of its own; those that are not here are skipped.
test-pythons:
	@tested=; for python in $(PYTHONS); do \
		if ! $$python -c $(VERSION) >/dev/null 2>&1; then echo "Skipped: there is no $$python here."; continue; fi; \
		echo "With $$($$python --version):"; \
		$(MAKE) --no-print-directory PYTHON=$$python \
			VENV=.venv-$$($$python -c $(VERSION)) run-tests || exit 1; \
		tested=yes; \
	done; [ -n "$$tested" ] || { echo "None of these Pythons is here: $(PYTHONS). Set PYTHONS."; exit 1; }

# The site, with warnings as errors; then each link, anchor and picture within it is looked up.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -j $(WORKERS) -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

# An sdist and a wheel, each installed in an environment of its own, where a program uses it.
dist: $(VENV)/.runtime
	$(BIN)/python release/distributions.py

# How many calls and files lie between fit and the engine, circles of imports, lines.
structure: $(VENV)/.runtime
	$(BIN)/python tests/structure.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tests/docstrings.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.runtime: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[all]"
	touch $@

# Without the tools and the clusters, which take most of the time to install.
$(VENV)/.some-tests: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[some-tests]"
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

# Two runs of pip must not change one environment at a time: of lint and docs in one command, lint's packages come first.
$(VENV)/.docs: $(VENV)/.runtime $(if $(filter lint,$(MAKECMDGOALS)),| $(VENV)/.dev)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[docs]"
	touch $@

clean:
	rm -rf docs/_build docs/gallery docs/learn/lessons docs/reference/api docs/reference/commands $(VENV) .venv-* demo build dist .mypy_cache .pytest_cache .ruff_cache
