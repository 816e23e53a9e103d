# Sets everything up in .venv, from nothing but Python 3.11 or later, and runs it.
# Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/installed
TRAINS := $(VENV)/installed-train

# Where it is set, every process of the tests would compile torch anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test pytest lint clean

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

demo: $(TRAINS) ## Film conversations, train on them, recognise one; write demo/*.html
	$(BIN)/synctva demo

test: $(READY) ## Check style and types, and run all tests
	$(MAKE) -j 2 lint pytest

pytest: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal --hypothesis-profile=ci

lint: $(READY) ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

clean: ## Delete the environment, the demo and what tools have cached
	rm -rf $(VENV) demo .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(TRAINS): EXTRAS = train
$(READY): EXTRAS = dev,tensorboard

$(READY) $(TRAINS): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or later is needed: make PYTHON=python3.11'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-compile -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
