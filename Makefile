# `make help` lists the targets. Everything runs in .venv, made once from constraints.txt.

PYTHON ?= python3
PY_MIN := 3.11
EXTRAS := report,tune,live,check,fleet,js,notebooks,test,dev
OUT ?= reports
CONTENDERS := socket.io-client reconnecting-websocket phoenix @microsoft/signalr \
  aws-full-jitter tac-webbuilder
BIN := .venv/bin
STAMP := .venv/.installed
comma := ,
LATEST := .venv-latest

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test test-all test-latest lint types docs notebooks clean \
  real-code-doc selftest-doc mutants mutation

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
	  | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

report: $(STAMP) ## the reference reports: analysed case, six policies compared, promises
	$(BIN)/stormlab reproduce --out $(OUT)/tac-webbuilder
	$(BIN)/stormlab compare $(CONTENDERS) --scenario outage-60s --out $(OUT)/outage-60s
	$(BIN)/stormlab judge --out $(OUT)/promises

test: $(STAMP) ## the fast tests
	$(BIN)/pytest -n 2

test-all: $(STAMP) ## all tests, the slow ones too
	$(BIN)/pytest -n 2 -m ""

test-latest: ## the fast tests against the newest dependencies (own venv, needs network)
	$(call make_venv,$(LATEST))
	@echo "Installing the newest dependencies into $(LATEST) ..."
	@$(LATEST)/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager -e '.[$(EXTRAS)]'
	$(LATEST)/bin/pytest -n 2

lint: $(STAMP) ## style, format and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

docs: $(STAMP) ## rewrite the tables of the documents from runs (some minutes)
	$(BIN)/python -m stormlab_models.tac_webbuilder.application_doc docs/application.md
	$(BIN)/python -m stormlab_models.metrics_doc docs/metrics.md
	$(BIN)/python -m stormlab.statistics.selftest docs/statistics.md
	$(BIN)/python -m stormlab_models.promises_doc docs/promises.md
	$(BIN)/python -m stormlab_models.libraries.recipes_doc docs/recipes.md

real-code-doc: $(STAMP) ## compare the code of libraries with their policies; rewrite docs/real-code.md
	$(BIN)/python -m stormlab_models.libraries.agreement docs/real-code.md

selftest-doc: $(STAMP) ## rewrite the discovery table of docs/selftest.md (some minutes)
	$(BIN)/python -m stormlab_models.planted_doc docs/selftest.md

mutants: $(STAMP) ## change the promises on purpose; rewrite the table of survivors
	$(BIN)/python -m stormlab_models.planted_mutants docs/selftest.md

mutation: $(STAMP) ## change policies and laws on purpose (cosmic-ray); rewrite docs/mutation.md
	@$(BIN)/python -c 'import cosmic_ray' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[mutation]'
	nice -n 10 $(BIN)/python -m benchmarks.mutation docs/mutation.md

# Without times and interpreter version, so that the stored notebook changes only with its output.
define RUN_NOTEBOOKS
import pathlib, sys, nbclient, nbformat
paths = sorted(pathlib.Path("notebooks").glob("*.ipynb"))
for path in paths:
    print(path, flush=True)
    book = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(book, resources=place, record_timing=False).execute()
    book.metadata.pop("language_info", None)
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(book, path)
sys.exit(0 if paths else "no notebook in notebooks/")
endef
export RUN_NOTEBOOKS

notebooks: $(STAMP) ## run every notebook and store its output in place
	@$(BIN)/python -c "$$RUN_NOTEBOOKS"

clean: ## remove both environments, caches and builds (reports stay)
	rm -rf .venv $(LATEST) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis
	find sim models tests -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# Only when an environment is made: later its own Python is used.
define make_venv
@test -x $(1)/bin/python || { \
  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < ($(subst .,$(comma),$(PY_MIN))))' \
    2>/dev/null || { echo "stormlab needs Python $(PY_MIN) or newer, but '$(PYTHON)' is" \
    "$$($(PYTHON) --version 2>&1 | grep '^Python' || echo 'not there'):" \
    "try 'make PYTHON=python3.12'" >&2; exit 1; }; \
  $(PYTHON) -m venv $(1); }
endef

$(STAMP): pyproject.toml constraints.txt
	$(call make_venv,.venv)
	@echo "Installing stormlab and its tools into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
