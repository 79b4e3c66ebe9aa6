# The commands of the project. `make demo` and `make test` are all that a new user needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLDEST := .venv-oldest
PIP := -m pip install --quiet --disable-pip-version-check
ALL := ".[dev,all]"
OLDEST_ALL := ".[minilm,sql,test,tune]"
# Installs $(3) into the environment $(1), held to the versions of $(2): torch by pip, whose settings
# say where its build for CPUs lies; the rest by uv, in a quarter of the time, or else by pip
define install_into
	$(1)/bin/python $(PIP) -c $(2) torch
	{ $(1)/bin/python $(PIP) uv && UV_FIND_LINKS="$(PIP_FIND_LINKS)" \
		$(1)/bin/uv pip install --quiet --python $(1)/bin/python -c $(2) -e $(3); } \
		|| $(1)/bin/python $(PIP) -c $(2) -e $(3)
endef
# Where other versions of the libraries would differ, as few as would notice: tables, texts, solvers,
# metrics, a fit, a saved model, the command, a report
OLDEST_TESTS := tests/test_dependencies.py tests/posterior tests/metrics/test_metrics_reference.py \
	tests/data/test_readers.py tests/data/test_from_frames.py tests/data/test_load_sql.py \
	tests/encoders/test_tabular.py tests/encoders/test_text_encoder.py \
	tests/recommenders/test_recommenders_collaborative.py tests/meta/test_saved_models.py \
	tests/cli/test_fit.py::test_fit_writes_a_model_and_nothing_beside_it \
	tests/cli/test_fit.py::test_settings_overrule_the_file_and_the_file_the_defaults \
	tests/cli/test_command.py::test_help_shows_an_example tests/jobs/test_tuning.py \
	tests/evaluation/test_evaluation_report.py::test_the_report_fetches_nothing_and_is_well_formed
DATA ?=
SHOP ?=
OUT ?= demo
ARGS ?=

export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false
# Tests start Python many times: compiling each import anew is a third of their time
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test test-all oldest check fix install bench bench-service mutants clean

demo: install ## Fit, evaluate and explain on the synthetic shop, or on DATA=folder
	$(BIN)/metarec demo $(if $(DATA),--data "$(DATA)") --out "$(OUT)"

serve: install ## A service on the synthetic shop, or on SHOP=folder or SHOP=model; Ctrl+C ends it
	$(if $(SHOP),,test -d demo-shop || $(BIN)/metarec data generate demo-shop --users 400 --items 200 --kind implicit)
	$(BIN)/metarec serve "$(or $(SHOP),demo-shop)"

test: install ## The default tests: about five minutes at most
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-all: install ## The slow tier too: large data, kills, real data
	$(BIN)/python -m pytest -q -n 2 -m "slow or not slow"

oldest: $(OLDEST)/.installed ## A few of the tests with the oldest versions that pyproject.toml allows
	$(OLDEST)/bin/python -m pytest -q -n 2 $(OLDEST_TESTS)

check: install ## Format, lint and types
	$(BIN)/ruff format --check src tests benchmarks tools examples
	$(BIN)/ruff check src tests benchmarks tools examples
	$(BIN)/mypy

fix: install ## Format and lint, changing files
	$(BIN)/ruff format src tests benchmarks tools examples
	$(BIN)/ruff check --fix src tests benchmarks tools examples

bench: install ## The numbers of the README, from real data where it is present
	$(BIN)/python -m benchmarks

bench-service: install ## The service at full sizes: load, mixed requests, memory, kills, a million items
	$(BIN)/python -m benchmarks service_load service_mixed service_memory service_kills service_million

mutants: install ## Break the code on purpose, a sample of each room, and see whether the tests notice
	$(BIN)/python -m tools.mutants $(ARGS)

install: $(STAMP) ## .venv with the package and all that the other targets use

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(call install_into,$(VENV),constraints.txt,$(ALL))
	touch $(STAMP)

$(OLDEST)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv --clear $(OLDEST)
	$(call install_into,$(OLDEST),constraints-oldest.txt,$(OLDEST_ALL))
	touch $@

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(OLDEST) demo demo-shop demo-shop.model demo-shop.db* build .mutants .pytest_cache .mypy_cache .ruff_cache
