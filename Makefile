# Everything a fresh machine with Python 3.11 and make needs. Nothing here asks for root.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin
UV_VERSION := 0.13.9
STAMP := $(VENV)/.ready

.PHONY: help env lint types floors test test-all bench clean

help:  ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

env: $(STAMP)  ## make the environment in .venv

$(STAMP): pyproject.toml uv.lock
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.11 or say make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) has no venv module: on Debian install python3-venv" >&2; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(RUN)/uv sync --quiet --frozen --inexact
	@touch $(STAMP)

lint: env  ## style: ruff
	$(RUN)/ruff check src tests bench
	$(RUN)/ruff format --check src tests bench

types: env  ## types: mypy --strict
	$(RUN)/mypy

floors: env  ## who may import whom: import-linter
	$(RUN)/lint-imports

test: lint types floors  ## all that CI runs before the long suites
	$(RUN)/pytest -n 2 -m "not slow"

test-all: test  ## the long suites too
	$(RUN)/pytest -n 2 -m slow

bench: env  ## CPU microseconds per event, stage by stage
	$(RUN)/python -m bench

clean:  ## remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
