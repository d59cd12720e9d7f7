# Everything a fresh machine with Python 3.11 and make needs. Nothing here asks for root.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin
UV_VERSION := 0.13.9
STAMP := $(VENV)/.ready
SERVERS := $(VENV)/.servers
NEWER := 3.12 3.13 3.14

.PHONY: help env servers lint types floors test newer thorough test-all demo reference bench clean

help:  ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

env: $(STAMP)  ## make the environment in .venv

$(STAMP): pyproject.toml uv.lock
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.11 or say make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) has no venv module: on Debian install python3-venv" >&2; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@# --inexact: an exact sync would remove uv itself, which pip put there
	@# --compile-bytecode: as pip does; else each command compiles what it imports, again and again where
	@# PYTHONDONTWRITEBYTECODE is set
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(RUN)/uv sync --quiet --frozen --inexact --compile-bytecode
	@touch $(STAMP)

lint: env  ## style: ruff
	$(RUN)/ruff check src tests bench
	$(RUN)/ruff format --check src tests bench

types: env  ## types: mypy --strict
	$(RUN)/mypy

floors: env  ## who may import whom: import-linter
	$(RUN)/lint-imports

servers: $(SERVERS)  ## what tests start beside Trailcam: servers of S3 and SQS

$(SERVERS): $(STAMP)
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(RUN)/uv sync --quiet --frozen --inexact --group servers
	@touch $(SERVERS)

test: lint types floors servers  ## all but the long suites
	$(RUN)/pytest -n 2 --dist worksteal -m "not slow" --durations 30

newer: env  ## the fast suites on every newer Python that is found
	@for version in $(NEWER); do \
		found=; for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python$$version; do \
			"$$python" -c '' 2>/dev/null && found=$$(command -v "$$python"); done; \
		if [ -z "$$found" ]; then echo "Python $$version: not found, not tried"; continue; fi; \
		echo "Python $$version: trying"; \
		UV_PROJECT_ENVIRONMENT=.venv-$$version \
			$(RUN)/uv sync --quiet --frozen --group servers --python "$$found" || exit 1; \
		HYPOTHESIS_PROFILE=few .venv-$$version/bin/pytest -q -n 2 --dist worksteal tests/unit tests/contract tests/property || exit 1; \
	done

thorough: servers  ## whatever tries examples, with many more of them
	HYPOTHESIS_PROFILE=long $(RUN)/pytest -q -n 2 --dist worksteal -m hypothesis

test-all: test newer thorough  ## everything: what CI runs
	$(RUN)/pytest -n 2 --dist worksteal -m slow

reference: env  ## write the generated pages of docs/reference
	$(RUN)/python -m trailcam.app.reference docs/reference

demo: env  ## a breach in an organisation that does not exist, and what rules tell of it
	$(RUN)/trailcam demo

bench: env  ## CPU microseconds per event, stage by stage
	$(RUN)/python -m bench

clean:  ## remove what make made
	rm -rf $(VENV) .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
