# The only list of commands. Each sets up what it needs on a fresh machine with Python 3.11+, make and git.
.PHONY: help setup demo dev test cover check format docs bench notebooks wheel clean
.DEFAULT_GOAL := help

# The first that runs and is new enough: a name on the PATH may be a shim without a version behind it.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$name -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && echo $$name && break; done)
UV_VERSION := 0.13.8
RUN := .venv/bin
PORT ?= 2024

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready ## Make .venv from the lock file

.venv/ready: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv .venv
	@test -x $(RUN)/uv || $(RUN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(RUN)/uv sync --frozen --quiet --compile-bytecode
	@touch $@

demo: setup ## Handle the sample mailbox in desk/mail
	@$(RUN)/countersign run desk/mail --workers 2

# langgraph dev keeps rows of its own in .langgraph_api of the folder it is started in: a private one, emptied each time.
dev: VAR = $(abspath $(or $(COUNTERSIGN_VAR),var))
dev: setup ## Serve the graph on this machine with langgraph dev (docs/dev-server.md)
	@umask 077; mkdir -p $(VAR)/dev; rm -rf $(VAR)/dev/.langgraph_api; cd $(VAR)/dev; \
		export COUNTERSIGN_VAR=$(VAR) $(if $(COUNTERSIGN_DESK),COUNTERSIGN_DESK=$(abspath $(COUNTERSIGN_DESK))); \
		LANGGRAPH_STRICT_MSGPACK=true LANGGRAPH_CLI_NO_ANALYTICS=1 exec $(CURDIR)/$(RUN)/langgraph dev \
		--config $(CURDIR)/langgraph.json --host 127.0.0.1 --port $(PORT) --no-browser --no-reload --n-jobs-per-worker 4

test: setup ## Run the tests
	@$(RUN)/pytest -n auto --dist loadfile --no-loadscope-reorder

cover: setup ## Run the tests and fail where a branch of ledger, policy, gateway, domain or checkpoints was not taken
	@$(RUN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing

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

bench: setup ## Measure what governing costs and write it into docs/performance.md (under ten minutes on two cores)
	@$(RUN)/python -m bench

notebooks: setup ## Execute the notebooks and compare what they say with what is committed
	@$(RUN)/python notebooks/execute.py

wheel: setup ## Build the wheel into dist/
	@$(RUN)/uv build --wheel --quiet
	@ls dist/*.whl

clean: ## Remove .venv, caches and runtime files
	@rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist var
