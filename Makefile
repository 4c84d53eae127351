# Everything stands on one virtual environment in .stack/, which `setup` makes from stack/requirements.txt.
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .stack/venv/bin/python
ADDONS := $(wildcard odoo_addons/*/pyproject.toml)
export PYTHONPATH :=

.PHONY: help setup demo test lint bench chaos mutants schema runbooks wheels pins clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## Make the virtual environment, when it is not there or its pins have changed
	@$(PYTHON) -m stack.environment

demo: setup ## Build a private stack and play the story on it (ONCE=1: end afterwards)
	@$(VENV) -m stack demo

test: setup ## Run every test: sidecar, add-ons on a real Odoo, contract, whole-system scenarios
	@$(VENV) -m stack test

lint: setup ## Check style, types, add-on conventions and the links of the docs
	@$(VENV) -m stack lint

bench: setup ## Measure, print as JSON and write docs/benchmarks.md
	@$(VENV) -m bench

SECONDS := 120
SEED := 7
SEEDS := $(SEED)
chaos: setup ## Play random business and random faults on the real parts, and check the promises (SECONDS=120 SEED=7, or SEEDS=1-100)
	@$(VENV) -m chaos --seconds $(SECONDS) --seeds $(SEEDS)

mutants: setup ## Play a scene on each mutant of the code, where the promise it breaks must be seen to fail
	@$(VENV) -m chaos.hunt

schema: setup ## Write the contract's JSON Schema from the sidecar's messages
	@$(VENV) -m lockgate schema contract/lockgate-v1.schema.json odoo_addons/lockgate/data/contract-v1.schema.json

runbooks: setup ## Write docs/runbooks as the pages that Odoo serves
	@$(VENV) -m stack.runbooks

WHEELS := dist
wheels: setup ## Build the sidecar and each add-on as wheels into dist/
	@export WHOOL_POST_VERSION_STRATEGY_OVERRIDE=none; for project in sidecar $(ADDONS:/pyproject.toml=); do $(VENV) -m build --wheel --no-isolation --outdir $(WHEELS) $$project || exit 1; done

pins: setup ## Resolve stack/requirements.in and the sidecar's requirements into stack/requirements.txt
	@.stack/venv/bin/uv pip compile --quiet --upgrade --python-version 3.11 --custom-compile-command "make pins" \
		--output-file stack/requirements.txt stack/requirements.in sidecar/pyproject.toml

clean: ## Remove the private stacks and what was built; the downloads in the cache stay
	@$(PYTHON) -m stack.clean
