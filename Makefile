# Each target makes the environment that it needs on first use: a virtual environment in .venv,
# with the versions pinned in constraints/ for its Python; by uv where it is installed (UV= forces
# pip). To keep a torch that is installed already, run
# `make benchmark VENV_OPTIONS=--system-site-packages CONSTRAINTS=` with its Python.

VENV ?= .venv
VENV_OPTIONS ?=
INSTALL_OPTIONS ?=

# The newest supported Python that runs: a name on the path may have no Python behind it.
SUPPORTED := python3.14 python3.13 python3.12 python3.11 python3.10
ifndef PYTHON
PYTHON := $(shell for each in $(SUPPORTED) python3; do \
    "$$each" -c 'import sys; (3, 10) <= sys.version_info < (3, 15) or sys.exit(1); \
    print(sys.executable)' 2>/dev/null && break; done)
endif
ifndef UV
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)
endif

RUN := $(VENV)/bin
LOG := $(VENV)/install.log
VERSION = $$($(RUN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
CONSTRAINTS ?= --constraint constraints/python$(VERSION).txt
ifneq ($(UV),)
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(RUN)/python
else
INSTALL = $(RUN)/python -m pip install --quiet --disable-pip-version-check
endif

# $(call install,extras): the project with some of its extras, and one line where that fails.
UNREACHABLE := connection broken|failed to establish|error sending request|failed to fetch
define install
	@echo "Installing srgnn-bench$(1) and what it needs into $(VENV): minutes, and gigabytes with torch."
	@$(INSTALL) $(CONSTRAINTS) $(INSTALL_OPTIONS) --editable '.$(1)' >$(LOG) 2>&1 || { \
	    if grep -qiE '$(UNREACHABLE)' $(LOG); then \
	        echo "The package index cannot be reached: check the network, or name a proxy (HTTPS_PROXY) or another index (PIP_INDEX_URL; for uv UV_DEFAULT_INDEX), and run make again." >&2; \
	    else \
	        tail -n 20 $(LOG) >&2; \
	        echo "Installing failed; $(LOG) has all that was said." >&2; \
	    fi; exit 1; }
	@touch $@
endef

.PHONY: benchmark test test-slow lint docs constraints clean

benchmark: $(VENV)/.installed
	$(RUN)/python run_benchmark.py $(ARGUMENTS)

# Of a test that hangs, what its threads are at is shown after four minutes, and it ends after five.
test: $(VENV)/.installed-test
	$(RUN)/python -m pytest -n auto -o faulthandler_timeout=240 --timeout 300 \
	    --timeout-method thread $(ARGUMENTS)

test-slow: $(VENV)/.installed-test
	$(RUN)/python -m pytest -m slow $(ARGUMENTS)

lint: $(VENV)/.installed-lint
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The documentation, in site/, with its numbers from the stored tables; it needs no network.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict

# Resolve the ranges of pyproject.toml anew and pin what comes of them.
constraints:
	@test -n "$(UV)" || { echo "make constraints needs uv: pip install uv." >&2; exit 1; }
	$(PYTHON) constraints/make.py

clean:
	rm -rf $(VENV) build dist site

$(VENV)/bin/python:
ifneq ($(UV),)
	@$(UV) venv --quiet --python "$(or $(PYTHON),3.13)" $(VENV_OPTIONS) $(VENV) || { \
	    echo "uv could not make $(VENV): install Python 3.10 to 3.14, or name one: make PYTHON=/path/to/python3.13." >&2; \
	    exit 1; }
else
	@test -n "$(PYTHON)" || { \
	    echo "No supported Python is on the path: install Python 3.10 to 3.14, or uv, which fetches one, or name one: make PYTHON=/path/to/python3.13." >&2; \
	    exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt install python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv), or uv, and run make again." >&2; \
	    exit 1; }
	@$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)
endif

$(VENV)/.installed: pyproject.toml $(wildcard constraints/*.txt) | $(VENV)/bin/python
	$(call install,)

$(VENV)/.installed-test: $(VENV)/.installed
	$(call install,[test])

$(VENV)/.installed-lint: $(VENV)/.installed
	$(call install,[lint])

$(VENV)/.installed-docs: $(VENV)/.installed
	$(call install,[docs])
