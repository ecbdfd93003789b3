# Stillwatch: make TARGET. Each target first sets up .venv (Python 3.11 or later; the first time needs a package index).

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CORE := .venv/.core
CHECKS := .venv/.checks
SPREAD := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
unexport PYTHONDONTWRITEBYTECODE # with it every process would compile every module anew

.DEFAULT_GOAL := help
.PHONY: help demo forum-demo servers test quick whole check bench docs site dist sbom image newcomer lock clean

help: ## say what can be made
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

demo: $(CORE) ## write a day of traffic with known truth, scan it, compare (ARGS="--seed 8" for another day)
	$(BIN)/stillwatch demo $(ARGS)

forum-demo: $(CHECKS) ## five labs warn each other of one operator, over a hub and two custodians (ARGS="--seed 8" for another day)
	$(BIN)/stillwatch forum demo $(ARGS)

test: $(CHECKS) ## run every test
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

servers: $(CHECKS) ## install what the console, the gateway and the forum need

quick: $(CHECKS) ## run the tests that take no more than a few seconds each
	$(BIN)/python -m pytest -m "not slow" $(SPREAD) $(ARGS)

whole: $(CHECKS) ## run every test, those that try a seeded sample at their whole size; minutes more
	STILLWATCH_WHOLE=1 $(BIN)/python -m pytest $(SPREAD) $(ARGS)

check: $(CHECKS) ## lint, format, types, doors between rooms, reference pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make.py --check

bench: $(CHECKS) ## measure all that docs/benchmarks/ says, most of an hour (ARGS="ingest" for one part)
	$(BIN)/python bench/scan.py $(ARGS)

docs: $(CHECKS) ## write the reference pages from the code
	$(BIN)/python docs/make.py

SITE := .venv-site/.made

site: $(SITE) ## build the documentation site into build/site; a link that leads nowhere ends it
	.venv-site/bin/mkdocs build --strict --quiet
	@echo "build/site/index.html"

$(SITE): docs/site-constraints.txt
	@$(PYTHON) -m venv .venv-site
	@.venv-site/bin/pip install --quiet --disable-pip-version-check --require-hashes -r docs/site-constraints.txt
	@touch $@

# The moment that is written into what is released: that of the last commit, so that whoever builds it again gets the same bytes.
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2> /dev/null || echo 0))

dist: $(CORE) ## build wheel and source archive into dist/, the same bytes wherever they are built
	rm -rf dist
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m hatchling build -d dist
	cd dist && sha256sum *

sbom: $(CORE) ## write what all this is made of into dist/stillwatch.cdx.json (CycloneDX)
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python .ci/sbom.py dist/stillwatch.cdx.json

CONTAINERS ?= $(firstword $(foreach tool,podman docker,$(shell command -v $(tool))))

image: ## build the container image "stillwatch" with podman or docker (ARGS="--build-arg EXTRAS=gateway" for a smaller one)
	@test -n "$(CONTAINERS)" || { echo "make: neither podman nor docker is here; on Debian and Ubuntu: sudo apt install podman"; exit 1; }
	$(CONTAINERS) build $(ARGS) -t stillwatch -f deploy/Containerfile .

newcomer: ## walk the way of a newcomer, from a clone to findings in the console, timed
	$(PYTHON) bench/newcomer.py $(ARGS)

lock: ## choose the newest allowed versions and write constraints.txt
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --upgrade uv
	$(PYTHON) .ci/lock.py .venv-lock/bin/uv

clean: ## remove the environment, caches and the demo
	rm -rf .venv .venv-lock .venv-site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Nothing is compiled ahead: what is used is when it is first imported, once for all processes.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
OWN = $(INSTALL) --no-deps --no-build-isolation --editable .

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or later, or name it: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $$($(PYTHON) --version) is too old, Stillwatch needs 3.11 or later; name another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { echo "make: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv

# What runs and builds Stillwatch: the part of constraints.txt before "# development". By hash, and nothing is fetched to build it.
$(CORE): constraints.txt pyproject.toml | $(BIN)/python
	@sed '/^# development/,$$d' constraints.txt > .venv/core.txt
	@echo "Setting up .venv ..."
	@$(INSTALL) --require-hashes -r .venv/core.txt
	@$(OWN)
	@touch $@

# That and what checks it, in one go.
$(CHECKS): constraints.txt pyproject.toml | $(BIN)/python
	@echo "Setting up .venv ..."
	@$(INSTALL) --require-hashes -r constraints.txt
	@$(OWN)
	@touch $(CORE) $@
