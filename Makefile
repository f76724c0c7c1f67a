# AlgoTrendy: every target in a line each by `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

STAGE ?= local
# The longest tests wait for processes: three workers keep two cores busy.
WORKERS ?= 3
# How many seeds make simulate plays.
N ?= 10000
PYTHON ?= python3
UV_VERSION := 0.13.9
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)
export UV_NO_PROGRESS := 1
# Where this is set, every process compiles every module that it imports, again and again.
unexport PYTHONDONTWRITEBYTECODE

APP := .venv/.synced
INFRA := .venv-infra/.synced
EMULATOR := .venv-emulator/.synced
NODE := node_modules/.synced
BENCH := .venv-bench/.synced
CHART_PEERS := .venv-bench-charts/.synced
SETUP := $(APP) $(INFRA) $(EMULATOR) $(NODE)

## ---- Run it ------------------------------------------------------------------------------

demo: setup ## Set up everything, run the main job on the local platform, print where the report lies
	.venv/bin/algotrendy demo

up: setup ## Start the local platform and deploy to it (seconds when nothing has changed)
	.venv/bin/algotrendy up

down: $(APP) ## Stop the local platform; no process is left
	.venv/bin/algotrendy down

setup: python ## Install what the project needs (uv, three Python environments, the CDK command line)
	@$(MAKE) --no-print-directory -j4 $(SETUP)

python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "AlgoTrendy needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	    "name another: make PYTHON=/path/to/python3.12 ..." >&2; exit 2; }

## ---- Check it ----------------------------------------------------------------------------

test: setup ## Set up everything and run all the tests, real deploy included (under 10 minutes)
	.venv/bin/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

unit: $(APP) ## Run the tests that need nothing but Python (seconds)
	.venv/bin/pytest -m "not platform" tests/unit tests/property tests/contract tests/sagas $(PYTEST_ARGS)

properties: $(APP) ## Try every property on all its examples, of which the tests try a share (SHARE=10: ten times as many)
	.venv/bin/pytest tests/property --examples $(or $(SHARE),1) $(PYTEST_ARGS)

acceptance: $(APP) ## Put every broker adapter through the numbered acceptance suite
	.venv/bin/pytest -q tests/acceptance --every-adapter $(PYTEST_ARGS)

chaos: setup ## Attack a real platform of its own with SIGKILL and a hostile exchange (RUNS=200, SEED=n for one)
	PYTHONPATH=tests .venv/bin/python -m chaos $(if $(SEED),--seed $(SEED),--runs $(or $(RUNS),200))

chaos-quick: setup ## The same, a few runs, as the tests do
	PYTHONPATH=tests .venv/bin/python -m chaos --runs 6

soak-stream: setup ## Stream a hostile feed on a platform of its own, kill what works on it, count every tick (MINUTES=5)
	PYTHONPATH=tests .venv/bin/python -m soak --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED))

security: setup ## Attack a platform of its own as every role, fuzz each route, look through code, templates and git (EXAMPLES=6)
	PYTHONPATH=tests .venv/bin/python -m security --examples $(or $(EXAMPLES),6)

load: setup ## Send ten times the demo's traffic through the gateway of a platform of its own (MINUTES=3); prints JSON lines
	PYTHONPATH=tests .venv/bin/python -m load --minutes $(or $(MINUTES),3)

scan: $(APP) ## Look through the code for mistakes of security (bandit) and through git for secrets
	PYTHONPATH=tests .venv/bin/python -m security.code

simulate: $(APP) ## Play the order path from N seeds on virtual time, full of faults; SEED=n tells one
	PYTHONHASHSEED=0 PYTHONPATH=tests .venv/bin/python -m simulation \
	  --seeds $(N) $(if $(SEED),--seed $(SEED))

pr: setup lint scan types imports synth-check published-check coverage ## Run the whole gate that a change must pass

coverage: setup ## Run all the tests and hold the coverage
	.venv/bin/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=90 $(PYTEST_ARGS)

lint: $(APP) ## Check style, formatting and common security mistakes (ruff, its bandit rules among them)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: $(APP) ## Format the code and mend what can be mended
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

types: $(APP) $(INFRA) ## Check the types, strictly
	.venv/bin/mypy
	.venv/bin/mypy --python-executable .venv-infra/bin/python infra_cdk

imports: $(APP) ## Check who imports whom
	.venv/bin/lint-imports

synth: setup ## Synthesise the CloudFormation of STAGE (local, dev, prod) into cdk.out.STAGE, then lint it
	UV=$(UV) PATH="$(CURDIR)/.venv-infra/bin:$$PATH" node_modules/.bin/cdk synth --quiet -c stage=$(STAGE) --output cdk.out.$(STAGE)
	.venv-infra/bin/cfn-lint cdk.out.$(STAGE)/*.template.json
	@echo "synth: cdk.out.$(STAGE) is clean"

synth-check: setup ## Synthesise and lint dev and prod
	@$(MAKE) --no-print-directory synth STAGE=dev
	@$(MAKE) --no-print-directory synth STAGE=prod

golden: $(APP) ## Write the golden results of backtests on real bars anew (the commit says why they changed)
	WRITE_GOLDEN=1 .venv/bin/pytest -q tests/golden/backtest $(PYTEST_ARGS)

published: $(APP) ## Write from the code: the API's examples, docs/openapi.json, its Python client, docs/events
	PYTHONPATH=tests .venv/bin/python -m api_examples
	.venv/bin/python -m algotrendy.cli.published docs
	.venv/bin/python -m infra_cdk.observability.written

published-check: $(APP) ## Check that docs/openapi.json and docs/events are what the code says, and break no client
	PYTHONPATH=tests .venv/bin/python -m api_examples --check
	.venv/bin/python -m algotrendy.cli.published docs --check
	.venv/bin/python -m infra_cdk.observability.written --check

api-release: $(APP) ## Make the present docs/openapi.json the one that clients were promised
	.venv/bin/python -m algotrendy.cli.published docs --release

## ---- Measure it --------------------------------------------------------------------------

bench-exchange: $(APP) ## Measure the paper exchange: orders/s over HTTP, updates/s, ns an order; prints JSON
	.venv/bin/python benchmarks/exchange.py

bench-orders: setup ## Measure the order path on a platform of its own: to 202, to the broker's word, orders/s; prints JSON
	PYTHONPATH=tests .venv/bin/python benchmarks/orders.py

bench-backtest: $(APP) $(BENCH) ## Measure backtests, us and every peer that installs; prints JSON lines (OPTIONS="--quick --only ours,vectorbt")
	.venv/bin/python benchmarks/backtest.py $(OPTIONS)

bench-sweep: setup ## Measure one sweep by each executor, Ray too, on a platform of its own; prints JSON lines (OPTIONS=--quick)
	UV=$(UV) PYTHONPATH=tests .venv/bin/python benchmarks/sweep.py $(OPTIONS)

bench-charts: $(APP) $(BENCH) $(CHART_PEERS) ## Measure the chart styles, us and every peer that installs; prints JSON lines (OPTIONS="--only ours,tickbar")
	.venv/bin/python benchmarks/charts.py $(OPTIONS)

bench-migrate: $(APP) ## Move 5 million bars from a PostgreSQL of its own, killed half-way and run again; prints JSON
	.venv/bin/python benchmarks/migrate.py

bench-lake: $(APP) ## Scan 10 million bars: our lake beside PostgreSQL and DuckDB over Parquet; prints JSON lines
	.venv/bin/python benchmarks/lake.py $(OPTIONS)

## ---- Ship it -----------------------------------------------------------------------------

kernels: $(APP) ## Compile the engine and the library into the package, for any processor of this kind (minutes)
	PYTHONPATH=shared .venv/bin/python -m algotrendy.backtest.kernels make
	PYTHONPATH=shared .venv/bin/python -m algotrendy.backtest.kernels check

## ---- Keep it -----------------------------------------------------------------------------

lock: $(UV) ## Lock the dependencies again (uv.lock, package-lock.json)
	$(UV) lock
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

clean: ## Remove what was built and installed (the platform's data folder stays)
	rm -rf .venv .venv-infra .venv-emulator .venv-bench .venv-bench-nautilus .venv-bench-charts .venv-bench-sweep .uv .build cdk.out* node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^## ----/ {gsub(/^## -+ | -+$$/, ""); printf "\n%s\n", $$0} \
	  /^[a-z-]+:.*## / {printf "  \033[1m%-15s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(APP): pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --quiet --frozen --group dev --extra samples
	@touch $@

$(INFRA): pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.venv-infra $(UV) sync --quiet --frozen --only-group infra
	@touch $@

$(EMULATOR): pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.venv-emulator $(UV) sync --quiet --frozen --only-group emulator
	@touch $@

# Competitors, for benchmarks only: no target but theirs asks for it.
$(BENCH): $(wildcard benchmarks/peers/requirements*) benchmarks/peers/install.py | $(UV)
	$(PYTHON) benchmarks/peers/install.py $(UV)
	@touch $@

$(CHART_PEERS): benchmarks/chart_peers/requirements.txt benchmarks/chart_peers/install.py | $(UV)
	$(PYTHON) benchmarks/chart_peers/install.py $(UV)
	@touch $@

$(NODE): package.json package-lock.json
	npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: security load scan kernels python demo up down setup test unit acceptance simulate chaos chaos-quick pr coverage lint format types imports synth synth-check golden published published-check api-release bench-exchange bench-orders bench-backtest bench-sweep bench-charts bench-migrate bench-lake soak-stream lock clean help
