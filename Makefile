# The only list of commands. Each sets up what it needs on a fresh machine with Python 3.11+, make and git.
.PHONY: help setup demo dev test check format docs wheel clean
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3)
UV_VERSION := 0.13.8
RUN := .venv/bin
PORT ?= 2024

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready ## Make .venv from the lock file

.venv/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv .venv
	@test -x $(RUN)/uv || $(RUN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(RUN)/uv sync --frozen --quiet --compile-bytecode
	@touch $@

demo: setup ## Handle the sample mailbox in desk/mail
	@$(RUN)/countersign run desk/mail --workers 2

dev: setup ## Serve the graph on this machine with langgraph dev (docs/dev-server.md)
	@LANGGRAPH_STRICT_MSGPACK=true LANGGRAPH_CLI_NO_ANALYTICS=1 $(RUN)/langgraph dev --config langgraph.json --host 127.0.0.1 \
		--port $(PORT) --no-browser --no-reload --n-jobs-per-worker 4

test: setup ## Run the tests
	@$(RUN)/pytest -n auto --dist loadgroup

check: setup ## Format, lint, types, import contracts, generated docs
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/pyright
	@$(RUN)/lint-imports
	@$(RUN)/python -m docs.generate --check

format: setup ## Put the code in its one format
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

docs: setup ## Write the tables and pictures in docs/ and README.md that are generated from the code
	@$(RUN)/python -m docs.generate

wheel: setup ## Build the wheel into dist/
	@$(RUN)/uv build --wheel --quiet
	@ls dist/*.whl

clean: ## Remove .venv, caches and runtime files
	@rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist var
