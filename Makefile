# make run: set up everything and answer for the baseline.   make test: set up everything and pass the tests.
# .ci/setup names what the system lacks and builds .venv; it returns at once when nothing has changed.

SHELL = /bin/sh
BIN = .venv/bin
export OMP_NUM_THREADS = 1

.PHONY: help setup run test test-slow bench lock clean

help:
	@echo "make run [ARGS='--fidelity standard']   set up, then containment run msr-ees"
	@echo "make test                               set up, then lint, types, import rules, tests"
	@echo "make test-slow                          the tests that take minutes"
	@echo "make bench                              the benchmark catalogue: containment verify"
	@echo "make setup                              only .venv, where containment then lives"
	@echo "make lock                               resolve requirements.lock anew (needs uv)"
	@echo "make clean                              remove .venv and caches, keep runs"

setup:
	@sh .ci/setup

run: setup
	$(BIN)/containment run msr-ees $(ARGS)

test: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

test-slow: setup
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: setup
	$(BIN)/containment verify $(ARGS)

lock:
	uv pip compile pyproject.toml --universal --python-version 3.12 --extra all --extra dev \
	    --generate-hashes --no-annotate --no-header -o requirements.lock

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
