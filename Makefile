# Two commands: `make run` brings everything up on this machine, `make test` runs every test.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

RUN_LOCKS := requirements.txt requirements-local.txt requirements-demo.txt
TEST_LOCKS := $(RUN_LOCKS) requirements-dev.txt sdk/pyproject.toml
# A stamp is named after what is in the locks: the second time costs nothing, a changed lock installs.
mark = $(VENV)/.$(1)-$(shell cat $(2) | cksum | tr ' ' '-')
RUN_STAMP := $(call mark,run,$(RUN_LOCKS))
TEST_STAMP := $(call mark,test,$(TEST_LOCKS))

# uv does not read pip's settings; a company's own index is passed on.
UV = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}}" \
	VIRTUAL_ENV=$(VENV) $(BIN)/python -m uv

.PHONY: run test lock
.DEFAULT_GOAL := run

run: $(RUN_STAMP)
	@exec $(BIN)/python manage.py up

test: $(TEST_STAMP)
	@.ci/chromium
	@exec $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

# For every Python from 3.11.0 on: some packages need a backport before 3.11.3, which is Debian's.
lock: $(TEST_STAMP)
	@for part in requirements requirements-local requirements-dev; do \
		$(UV) pip compile --quiet --no-header --universal --python-version 3.11 $$part.in --output-file $$part.txt || exit 1; done

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Signet needs Python 3.11 or newer, and $(PYTHON) is not. Install one," \
		"or name it: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian: apt install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(RUN_STAMP): | $(BIN)/uv
	@echo "Installing what Signet needs (once, about a minute) …"
	@rm -f $(VENV)/.run-* $(VENV)/.test-*
	@$(UV) pip install --quiet -r requirements.txt -r requirements-local.txt
	@$(UV) pip install --quiet --no-deps -r requirements-demo.txt
	@touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@echo "Installing what the tests need …"
	@$(UV) pip install --quiet -r requirements-dev.txt
	@touch $@
