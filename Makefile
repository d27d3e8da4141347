# Everything a developer or an operator runs. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.installed
# Beside the compiled code that it stands for, and as new as all that was compiled.
INSTALLED := workers/minnorm/__pycache__/.compiled

.DEFAULT_GOAL := check
.PHONY: help install run test faults audit check lint types arrows format bench openapi pictures upgrade clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## the environment, and the compiled code: then the service starts within seconds

run: $(INSTALLED) ## gateway, worker and embedded broker on this machine; Ctrl-C stops all
	@exec $(BIN)/python -m service

test: $(INSTALLED) ## the whole test suite, with coverage, in two halves side by side
	$(BIN)/python -m tests

faults: $(INSTALLED) ## kill everything that can be killed, in full size, and count what is lost
	$(BIN)/python -m tests.faults

audit: $(PACKAGES) ## known vulnerabilities of what the service runs on; says so if no database can be reached
	$(BIN)/python -m tests.audit

check: lint types arrows test ## everything CI runs

lint: $(PACKAGES) ## format and lint, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(PACKAGES) ## mypy, strict, tests included
	$(BIN)/mypy

arrows: $(PACKAGES) ## which module may import which
	$(BIN)/lint-imports

format: $(PACKAGES) ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) ## each figure beside its rival, as ratios; installs the rivals, PyTorch among them
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c '$(RIVALS)')
	$(BIN)/python -m tests.benchmarks

RIVALS := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["rivals"])

openapi: $(INSTALLED) ## write openapi/openapi.json and docs/errors.md from the code
	$(BIN)/python -m service.document

pictures: $(INSTALLED) ## draw the pictures of the docs
	$(BIN)/python -m service.pictures

# `--universal` resolves for every platform and Python at once; hashes pin the files themselves.
LOCK := uv pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
	--python-version 3.11 --custom-compile-command "make upgrade"
upgrade: $(PACKAGES) ## newest allowed versions of all dependencies, into the lock files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/$(LOCK) pyproject.toml -o requirements.lock
	$(BIN)/$(LOCK) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment, caches and local data
	rm -rf $(VENV) .data .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --no-deps: the lock file names everything. Left to resolve, pip looks at releases that are newer than the lock,
# and refuses them for want of a hash instead of taking the pinned one (seen with coverage[toml]).
$(PACKAGES): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) \
		|| { echo "The module venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(INSTALLED): $(PACKAGES) $(wildcard workers/*.py workers/*/*.py)
	@echo "Compiling the mathematics, once: this takes half a minute"
	@$(BIN)/python -c "from workers.compute import warm_up; warm_up()"
	@mkdir -p $(@D) # which Python leaves out where its compiled files are kept elsewhere
	@touch $@
