# Everything one does with a clone. `make` alone lists it.

PYTHON ?= python3
VENV   ?= .venv
TORCH  ?= torch==2.13.0
DEMO   ?= demo
ARGS   ?=
DATA   ?= $(or $(PARTIALSEG_DATA),../shared/data)
MODELWORK ?= build/default-model

BIN   := $(VENV)/bin
READY := $(VENV)/.ready
DOCS  := $(VENV)/.docs

.PHONY: help env demo test bench faults docs lint format lists model clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Another Python: make test PYTHON=python3.12. More options: make test ARGS='-k iuc'."

env: $(READY)  ## set up a Python environment in .venv

demo: $(READY)  ## run the whole loop on phantoms and write demo/report.html
	$(BIN)/partialseg demo --output $(DEMO) $(ARGS)

# One thread a worker: two workers with two threads each are slower on two cores than one alone.
test: $(READY)  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 $(ARGS)

bench: $(READY)  ## measure speed and memory against their limits, in about 10 minutes
	$(BIN)/python Testing/benchmarks/bench.py --output build/benchmarks $(ARGS)

faults: $(READY)  ## try files that lie and trainings that are killed, in a few minutes
	OMP_NUM_THREADS=1 $(BIN)/python Testing/faults/faults.py --keep build/faults $(ARGS)

docs: $(DOCS) $(DEMO)/report.html  ## build the site of Docs/ in build/site, with the demo's report
	NO_MKDOCS_2_WARNING=1 DEMO_REPORT=$(DEMO)/report.html $(BIN)/mkdocs build --strict $(ARGS)

lint: $(READY)  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## put style and formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

model: $(READY)  ## train the default model anew (two hours; needs the atlas, see PARTIALSEG_DATA)
	$(BIN)/python PartialSegTrainer/default_model/make_default_model.py \
	  --atlas "$(DATA)/spina-bifida-atlas" --work $(MODELWORK) --output PartialSeg/Resources/Models $(ARGS)

lists:  ## list every tracked file for Slicer's packaging
	$(PYTHON) Testing/repository/cmake_lists.py

clean:  ## remove the environment and caches; results stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find PartialSeg PartialSegTrainer Testing -name __pycache__ -type d -prune -exec rm -rf {} +

# torch first and pinned: its CPU build, where one is offered, is chosen before a dependency asks.
$(READY): PartialSegTrainer/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 10) or sys.exit( \
	  "PartialSeg needs Python 3.10 or newer and $(PYTHON) is %d.%d; name a newer one: " \
	  "make PYTHON=python3.12 ..." % v[:2])'
	@echo "Setting up $(VENV): a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e "PartialSegTrainer[test]"
	@touch $@

$(DOCS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e "PartialSegTrainer[docs]"
	@touch $@

$(DEMO)/report.html: | $(READY)
	$(BIN)/partialseg demo --output $(DEMO)
