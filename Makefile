# `make` lists what there is to do. Everything works from a bare machine with python3, make and git.
ifndef PYTHON
PYTHON := $(shell packaging/interpreter.sh)
endif
export PYTHON
BIN := .venv/bin
DIST := build/dist-venv

.DEFAULT_GOAL := help
.PHONY: help setup run test check python dist audit bench crash semantics clients screenshots clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Create .venv with everything to develop; instant the second time

run: setup ## Set up and run the demo: a throw-away box with a team at work
	@$(BIN)/agenthq demo

test: ## Install what the tests need (Debian packages), then check
	@packaging/need.sh postgresql redis-server chromium binutils libpython prometheus openssh-server npm
	@$(MAKE) --no-print-directory check

check: setup ## Lint, types, layers, docs, sizes, all tests, the executable and its smoke test
	@$(BIN)/python -m tests.check $(STAGE)

python: ## Compile the Python that a release carries, once: plain Python takes a quarter less time with it
	@packaging/python.sh .python

dist: $(DIST)/.ready ## Build dist/agenthq, the folder build, checksums, SBOM and licences
	@packaging/need.sh binutils libpython
	@$(DIST)/bin/python packaging/build.py

audit: setup ## Ask the advisory service whether anything we ship has a known hole; needs a network
	@$(BIN)/pip-audit --strict --disable-pip --no-deps -r packaging/constraints.txt

bench: setup dist ## Measure start, memory, size and speed beside their limits and beside peers; SCENE=engine for one, PROGRAM=FILE to run an executable
	@$(BIN)/python -m tests.bench $(SCENE)

semantics: build/semantics/.ready ## Play the table of docs/semantics.md on our engine and on Temporal's own test server
	@build/semantics/bin/python -m pytest -q tests/semantics

crash: setup ## The crash suite in full: 10,000 runs, 100 kills, on SQLite and on PostgreSQL; GIVEN='--seed 7 --on sqlite'
	@$(BIN)/python -m tests.crash $(GIVEN)

clients: setup build/clients/.ready ## The real Claude Code, Codex, aider and SDKs against a box: which of them work; GIVEN='--only codex'
	@$(BIN)/python -m tests.clients $(GIVEN)

screenshots: setup ## Pictures of every page, light, dark and phone, in build/screenshots; DOCS=--docs for docs/images
	@$(BIN)/python -m tests.browser.screenshots $(DOCS)

clean: ## Remove what was built; keeps .venv and .python
	@rm -rf build dist *.egg-info

.venv/.ready: pyproject.toml packaging/constraints.txt $(wildcard .python/bin/python3)
	@packaging/venv.sh .venv -e '.[dev,dist]'

build/clients/.ready: tests/clients/install.sh
	@tests/clients/install.sh build/clients

build/semantics/.ready: pyproject.toml packaging/constraints.txt
	@packaging/venv.sh build/semantics -e '.[dev,semantics]'

$(DIST)/.ready: pyproject.toml packaging/constraints.txt $(wildcard .python/bin/python3)
	@packaging/venv.sh $(DIST) -e '.[dist]'
