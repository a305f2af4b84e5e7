# Set-up and daily work. `make help` lists the targets.
# Needs Python 3.11 or newer; `make PYTHON=/path/to/python3.12 test` chooses one.

SHELL = /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-long fuzz check bench bench-view format clean page demo-environment environment peers

# The first Python of PATH that is new enough; looked for only when a recipe needs it.
PYTHON = $(or $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$python; break; }; done),$(error No Python 3.11 or newer found. Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)))

BIN = .venv/bin
# Quietly do nothing more on Ctrl-C (130); the trap keeps the shell waiting for the program.
UNTIL_INTERRUPTED = trap : INT; status=0; $(1) || status=$$?; [ $$status -eq 130 ] || exit $$status
# The demo opens its page where there is a screen.
OPEN = $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname)),--open)
CHECKED = $(wildcard src tests benchmarks scripts hatch_build.py)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z].*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  ARGS='...' hands arguments on, for example: make test ARGS='-k image'"

demo: demo-environment  ## a simulated operating room, its page and a table, until Ctrl-C (ARGS=--once ends by itself)
	@$(BIN)/python -m scripts.page build || true
	@$(call UNTIL_INTERRUPTED,$(BIN)/igtl demo $(OPEN) $(ARGS))

test: page peers  ## import rules, unit tests, docstring examples, the page, interop with other programs
	@$(BIN)/python -m scripts.page test
	@$(BIN)/python -m pytest $(ARGS)

test-long: page peers  ## the same with many more and random generated cases
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest --timeout=1200 $(ARGS)

fuzz: test-long

check: environment  ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m mypy $(CHECKED)
	@$(BIN)/python -m scripts.page check
	@$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_project.py

bench: environment peers  ## igtl beside the C++ library, pyigtl and raw sockets
	@$(call UNTIL_INTERRUPTED,$(BIN)/python -m benchmarks $(ARGS))

bench-view: page peers  ## the page in headless Chromium: pictures per second, delays, memory over ten minutes
	@$(call UNTIL_INTERRUPTED,$(BIN)/python -m benchmarks.viewing $(ARGS))

format: environment  ## put the code into its format, mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove the virtual environment, caches and builds
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf frontend/node_modules src/igtl/viewer/page
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# IGTL_PAGE=skip does without: igtl then has no page, and the tests of the page fail.
page: environment  ## the page of `igtl view`, when frontend/ is newer
	@$(BIN)/python -m scripts.page build

demo-environment:
	@"$(PYTHON)" -m scripts.environment demo

environment:
	@"$(PYTHON)" -m scripts.environment dev

# PEERS=skip leaves the system's packages alone.
peers:
	@[ "$(PEERS)" = skip ] || $(BIN)/python scripts/peers.py
