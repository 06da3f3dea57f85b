# Each target makes the environment that it needs on first use: a virtual environment in .venv,
# with the versions pinned in constraints/ for its Python. To keep a torch that is installed
# already, run `make benchmark VENV_OPTIONS=--system-site-packages CONSTRAINTS=` with its Python.

PYTHON ?= $(shell command -v python3.11 || command -v python3.10 || command -v python3)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV ?= .venv
VENV_OPTIONS ?=
CONSTRAINTS ?= --constraint constraints/python$(VERSION).txt

RUN := $(VENV)/bin
INSTALL := $(RUN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS)

.PHONY: benchmark test test-slow lint docs constraints clean

benchmark: $(VENV)/.installed
	$(RUN)/python run_benchmark.py $(ARGUMENTS)

test: $(VENV)/.installed-test
	$(RUN)/python -m pytest -n auto $(ARGUMENTS)

test-slow: $(VENV)/.installed-test
	$(RUN)/python -m pytest -m slow $(ARGUMENTS)

lint: $(VENV)/.installed-lint
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The documentation, in site/; the build imports nothing and needs no network.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict --quiet

# Resolve the ranges of pyproject.toml anew and pin what comes of them.
constraints: $(VENV)/bin/python
	$(RUN)/python constraints/make.py

clean:
	rm -rf $(VENV) build dist site

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)

$(VENV)/.installed: pyproject.toml $(wildcard constraints/*.txt) | $(VENV)/bin/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	$(INSTALL) --editable '.[lint]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(INSTALL) --editable '.[docs]'
	@touch $@
