# The commands of the project. `make demo` and `make test` are all that a new user needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?=
OUT ?= demo
ARGS ?=

export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test test-all check fix install bench mutants clean

demo: install ## Fit, evaluate and explain on the synthetic shop, or on DATA=folder
	$(BIN)/metarec demo $(if $(DATA),--data "$(DATA)") --out "$(OUT)"

test: install ## The default tests: about five minutes at most
	$(BIN)/python -m pytest -q -n 2

test-all: install ## The slow tier too: large data, kills, real data
	$(BIN)/python -m pytest -q -n 2 -m "slow or not slow"

check: install ## Format, lint and types
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/mypy

fix: install ## Format and lint, changing files
	$(BIN)/ruff format src tests benchmarks tools
	$(BIN)/ruff check --fix src tests benchmarks tools

bench: install ## The numbers of the README, from real data where it is present
	$(BIN)/python -m benchmarks

mutants: install ## Break the code on purpose, a sample of each room, and see whether the tests notice
	$(BIN)/python -m tools.mutants $(ARGS)

install: $(STAMP) ## .venv with the package and all that the other targets use

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,all]"
	touch $(STAMP)

clean: ## Remove what the other targets made
	rm -rf $(VENV) demo build .mutants .pytest_cache .mypy_cache .ruff_cache
