# Commands of this project; `make` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
STACK ?= korea-pilot
BIN := $(VENV)/bin
# A folder with real CustomResourceDefinitions; without one the lab serves permissive stand-ins and says so.
CRDS := $(wildcard $(CURDIR)/../shared/crds)
export AIFACTORY_CRDS ?= $(CRDS)

.DEFAULT_GOAL := help
PHONY_LANES := lint types imports unit golden engine gitops kind
.PHONY: help up down test check fmt $(PHONY_LANES) schema bench lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: $(VENV)/ready ## bring the stack up on a simulated cluster (STACK=korea-pilot)
	@$(BIN)/aifactory up $(STACK) --target simulated

down: $(VENV)/ready ## remove every lab, its processes and files
	@$(BIN)/aifactory lab down

test: $(VENV)/ready $(VENV)/oracle/ready ## run every lane that can run on this machine
	@$(BIN)/python -m tests.lanes

check: $(VENV)/ready $(VENV)/oracle/ready ## lint, types, import contracts and unit tests
	@$(BIN)/python -m tests.lanes lint types imports unit

lint types imports unit golden engine gitops kind: $(VENV)/ready $(VENV)/oracle/ready
	@$(BIN)/python -m tests.lanes $@

fmt: $(VENV)/ready ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

golden: ## compare the rendered trees with tests/golden (UPDATE=1 rewrites them)
ifdef UPDATE
	@$(BIN)/pytest tests/golden --update-golden
endif

schema: $(VENV)/ready ## write stacks/stack.schema.json
	@$(BIN)/aifactory schema

bench: $(VENV)/ready ## measure up, no-op and growth, as ratios of one run
	@$(BIN)/python bench/plan.py
	@$(BIN)/python bench/up.py

lock: ## resolve the locked requirements anew
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install -q uv
	@build/lock/bin/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--no-header --no-annotate -q --override requirements.pins -o requirements.lock
	@echo "network-config-analyzer==2.1.0" | build/lock/bin/uv pip compile - --generate-hashes --universal \
		--python-version 3.11 --no-header --no-annotate -q -o requirements.oracle.lock

clean: ## remove the virtual environment and caches of the checkout
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/ready: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked Python packages"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# A second opinion on network policies, asked by tests; it pins other versions than ours, so it lives by itself.
$(VENV)/oracle/ready: requirements.oracle.lock $(VENV)/ready
	@test -x $(VENV)/oracle/bin/python || $(PYTHON) -m venv $(VENV)/oracle
	@$(VENV)/oracle/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.oracle.lock
	@touch $@
