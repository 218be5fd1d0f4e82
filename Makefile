# Casework: `make run` serves the demo, `make check` is what CI runs. docs/deploy.md is for real desks.
SHELL := /bin/sh
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON  := .venv/bin/python
RUNTIME := $(PYTHON) -m casework.runtime
PYTEST  := $(RUNTIME) with-database -- .venv/bin/pytest
WORKERS ?= 2
# Where tests and figures take model weights and demo pictures from; the same place as the default home.
ARTEFACTS := var
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all:

.PHONY: run test lint check bench chaos corpus fuzz reference-scores models screenshots messages lock clean \
        environment dev-environment bench-environment

run: environment
	@exec $(RUNTIME) run

test: dev-environment models
	$(PYTEST) -n $(WORKERS) --dist loadgroup

lint: dev-environment
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(RUNTIME) with-database -- .ci/lint-with-database
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet templates
	$(PYTHON) .ci/messages.py --check

check: lint test

# The long forms of what `make test` does in a bounded way.
chaos: dev-environment models
	CHAOS_LONG=1 $(PYTEST) -m chaos

corpus: dev-environment
	CORPUS_LONG=1 $(PYTEST) -m corpus

fuzz: dev-environment
	$(PYTHON) -m tests.corpus.fuzz --seconds $(or $(SECONDS),600)
	HYPOTHESIS_PROFILE=long $(PYTEST) -n $(WORKERS) -k property

# BENCH_LONG=1 reads our own marks back from all pictures and not from a fifth of them, which takes minutes.
bench: dev-environment models bench-environment
	$(PYTHON) -m tests.bench

reference-scores: dev-environment models
	$(PYTHON) tests/detection/reference/make_scores.py
	$(PYTHON) tests/detection/reference/make_regions.py

screenshots: dev-environment models
	$(PYTHON) -m tests.screenshots

# MODELS="nudenet ..." also fetches models whose licence has to be accepted: naming one is accepting it (docs/models.md).
# MODEL_CARDS="DIRECTORY ..." reads cards of your own, as the setting of that name does.
models: environment
	@$(PYTHON) -m detection.artefacts --into $(ARTEFACTS)/models --set models \
	  $(addprefix --model ,$(MODELS)) $(addprefix --cards ,$(MODEL_CARDS))
	@$(PYTHON) -m detection.artefacts --into $(ARTEFACTS)/demo --set demo

messages: dev-environment
	$(PYTHON) .ci/messages.py
	$(PYTHON) -m casework.runtime.catalogues

# The lock files, with hashes, from the *.in files beside them.
lock: dev-environment
	cd requirements && for name in run dev; do \
	  constraint=; [ $$name = run ] || constraint="-c run.txt"; \
	  ../.venv/bin/uv pip compile --universal --only-binary :all: --generate-hashes --no-emit-index-url \
	    --no-emit-find-links -p 3.11 $$constraint $$name.in -o $$name.txt; \
	done; \
	../.venv/bin/uv pip compile --universal --only-binary :all: --generate-hashes --no-emit-index-url \
	  --no-emit-find-links -p 3.11 --override bench.override bench.in -o bench.txt

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@echo "Kept: $${CASEWORK_HOME:-var} (database, evidence and keys). Remove it by hand if nothing in it matters."

# An environment is made again only when its lock file differs from the one it was made from.
environment: .venv/bin/python
	@cmp -s requirements/run.txt .venv/run.lock || cmp -s requirements/dev.txt .venv/dev.lock || { \
	  echo "Installing the locked dependencies..." && \
	  $(PIP) -r requirements/run.txt && cp requirements/run.txt .venv/run.lock; }

dev-environment: .venv/bin/python
	@cmp -s requirements/dev.txt .venv/dev.lock || { \
	  echo "Installing the locked dependencies for development..." && \
	  $(PIP) -r requirements/dev.txt && cp requirements/dev.txt .venv/dev.lock; }

# What figures are compared with. Where it cannot be installed, the figures say so and the rest is measured.
bench-environment: .venv/bin/python
	@cmp -s requirements/bench.txt .venv-bench/bench.lock || { \
	  echo "Installing what the figures are compared with..." && rm -rf .venv-bench && \
	  $(PYTHON) -m venv .venv-bench && \
	  .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
	    --only-binary :all: --no-deps -r requirements/bench.txt && \
	  cp requirements/bench.txt .venv-bench/bench.lock; } || { rm -rf .venv-bench; echo "Not installable here."; }

.venv/bin/python:
	@.ci/make-environment
