# Set-up and daily work. `make help` lists the targets.
# Needs Python 3.11 or newer; `make PYTHON=/path/to/python3.12 test` chooses one.

SHELL = /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-long fuzz check bench format clean demo-environment environment peers

# The first Python of PATH that is new enough; looked for only when a recipe needs it.
PYTHON = $(or $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$python; break; }; done),$(error No Python 3.11 or newer found. Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)))

BIN = .venv/bin
# Quietly do nothing more on Ctrl-C (130); the trap keeps the shell waiting for the program.
UNTIL_INTERRUPTED = trap : INT; status=0; $(1) || status=$$?; [ $$status -eq 130 ] || exit $$status
CHECKED = $(wildcard src tests benchmarks scripts)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z].*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  ARGS='...' hands arguments on, for example: make test ARGS='-k image'"

demo: demo-environment  ## a server, a client and a live table of messages, until Ctrl-C (ARGS=--once ends by itself)
	@$(call UNTIL_INTERRUPTED,$(BIN)/igtl demo $(ARGS))

test: environment peers  ## import rules, unit tests, docstring examples, interop with other programs
	@$(BIN)/python -m pytest $(ARGS)

test-long: environment peers  ## the same with many more and random generated cases
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest --timeout=1200 $(ARGS)

fuzz: test-long

check: environment  ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m mypy $(CHECKED)
	@$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_project.py

bench: environment peers  ## igtl beside the C++ library, pyigtl and raw sockets
	@$(call UNTIL_INTERRUPTED,$(BIN)/python -m benchmarks $(ARGS))

format: environment  ## put the code into its format, mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove the virtual environment, caches and builds
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

demo-environment:
	@"$(PYTHON)" scripts/environment.py demo

environment:
	@"$(PYTHON)" scripts/environment.py dev

# PEERS=skip leaves the system's packages alone.
peers:
	@[ "$(PEERS)" = skip ] || $(BIN)/python scripts/peers.py
