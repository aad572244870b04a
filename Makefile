# From a fresh clone, with nothing but Python 3.10 or newer and make:
#
#   make demo    train, score, package and use a tagger on the demo corpus (offline)
#   make test    run the tests that are not slow (eight minutes on two idle cores)
#   make test-slow    run the slow ones: whole projects, other processes, kills
#   make lint    ruff, mypy, and the site's links
#   make docs    the site, in build/site; no network
#
# Each sets up what it needs in .venv from the pinned constraints. Another interpreter:
# make test PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
# The environment in which the demo's wheels are tried: emptied each time.
DEMO_VENV ?= .venv-demo

BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SENTENCE := Ingrid Okafor, chief executive of Corvena, told reporters in Bergen in May that she may leave Jordan.

# The models are small: on a machine that does anything else, threads that wait for each
# other cost far more than they bring.
export OMP_NUM_THREADS ?= 1

.DELETE_ON_ERROR:
.PHONY: demo test test-slow lint docs clean

# torch comes first and alone, so that pip's own configuration decides which build of it
# is taken: a CPU build that it finds satisfies everything after.
$(VENV)/.installed: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) torch
	$(BIN)/python $(PIP_INSTALL) --editable ".[dev]"
	@touch $@

# The last step tags and scores with what was installed from the two wheels alone: the
# console scripts run outside the checkout's import path.
demo: $(VENV)/.installed
	$(BIN)/python -m spacy project run all .
	rm -rf dist
	$(BIN)/python -m build --quiet --no-isolation --outdir dist .
	$(PYTHON) -m venv --clear $(DEMO_VENV)
	$(DEMO_VENV)/bin/python $(PIP_INSTALL) torch
	$(DEMO_VENV)/bin/python $(PIP_INSTALL) dist/*.whl
	$(DEMO_VENV)/bin/python $(PIP_INSTALL) --no-index packages/en_birnn_demo-*/dist/*.whl
	$(DEMO_VENV)/bin/python -m pip check
	@echo "--- the installed package tags a sentence and scores the test file ---"
	echo "$(SENTENCE)" | $(DEMO_VENV)/bin/spacy-birnn tag en_birnn_demo - --input-format text
	$(DEMO_VENV)/bin/spacy-birnn evaluate en_birnn_demo assets/demo/test.conll

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not slow"

# Clusters of Ray run one after another: the end of one disturbs the next beside it.
test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --maxprocesses 2 --dist loadgroup -m slow

lint: $(VENV)/.installed docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts
	MYPYPATH=scripts $(BIN)/mypy benchmarks

docs: $(VENV)/.installed
	$(BIN)/python scripts/site_pages.py build/pages
	$(BIN)/zensical build --clean --strict

clean:
	rm -rf $(VENV) $(DEMO_VENV) .cache build dist *.egg-info corpus training metrics packages vectors project.lock
