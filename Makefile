# make help says what there is. Every target makes the environment it needs in .venv, once.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
STAMPS = $(VENV)/stamps

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check crate fuzz clean

help:
	@echo 'make demo    install with what the demo needs, and run studies/demo.yaml'
	@echo 'make test    install with what the tests need, and run them'
	@echo 'make check   what CI runs: format, lint, types, import rules, security rules, advisories, tests'
	@echo 'make fuzz    read ten thousand broken files of each kind (about an hour on two cores)'
	@echo 'make crate   check the metadata of a record with the validator of RO-Crates'
	@echo 'make clean   remove the environment and the caches (runs/ and the store stay)'
	@echo 'PYTHON=python3.12 make ... takes another Python; it must be 3.11 or later.'

demo: $(STAMPS)/demo
	$(BIN)/waystage run studies/demo.yaml

test: $(STAMPS)/dev
	$(BIN)/python -m pytest

check: $(STAMPS)/dev $(STAMPS)/crate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src
	$(BIN)/python checks/audit.py constraints.txt
	WAYSTAGE_CRATE_PYTHON=$(VENV)/crate/bin/python $(BIN)/python -m pytest

fuzz: $(STAMPS)/dev
	$(BIN)/python benchmarks/fuzz.py --inputs 10000

# The validator of RO-Crates wants other versions of packages than Waystage does, so it has an environment of its own.
crate: $(STAMPS)/dev $(STAMPS)/crate
	WAYSTAGE_CRATE_PYTHON=$(VENV)/crate/bin/python $(BIN)/python -m pytest tests/record/test_crate.py

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An empty file stands for "installed"; it is older than the project file or the constraints when these have changed.
$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Waystage needs Python 3.11 or later; $(PYTHON) is' \
	    "$$($(PYTHON) --version 2>&1 || true). Name another one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	  { echo '$(PYTHON) cannot make environments; on Debian and Ubuntu, install python3-venv' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/demo: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo "installing into $(VENV): this takes a few minutes the first time"
	$(PIP) install --quiet --constraint constraints.txt --editable '.[demo]'
	@touch $@

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo "installing into $(VENV): this takes a few minutes the first time"
	$(PIP) install --quiet --constraint constraints.txt --editable '.[demo,dev,figures,lora,s3,gs]'
	@touch $(STAMPS)/demo $@

$(STAMPS)/crate: $(STAMPS)/venv tests/record/crate/requirements.txt
	$(PYTHON) -m venv $(VENV)/crate
	$(VENV)/crate/bin/python -m pip --disable-pip-version-check install --quiet --requirement tests/record/crate/requirements.txt
	@touch $@
