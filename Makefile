# The course's commands. `make` alone lists them.
#
#   PYTHON=python3.12 make book     another interpreter (3.11 to 3.14)
#   VENV=/big/disk/venv make book   the environment elsewhere

PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check
TORCH  := $(shell sed -n '/^torch==/p' requirements.txt)

# On Linux the registry's torch brings gigabytes of CUDA; PyTorch's own index has the CPU build, which is taken
# where there is no NVIDIA card. One package, no retries: where that index does not answer, it costs five
# seconds once. The whole environment was measured at 2.3 GB with the CPU build and at 5.4 GB with CUDA.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
NEEDED_GB      := 3
NEEDED_GB_CUDA := 6
WANTS_CPU_TORCH = [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1
WANTS_CUDA      = [ "$$(uname -s)" = Linux ] && command -v nvidia-smi >/dev/null 2>&1

# Stop with one line if the environment's disk has less than $$need gigabytes free.
DISK_HOLDS_IT = free=$$(df -Pk $(dir $(VENV)). | awk 'NR==2{print int($$4/1048576)}'); [ $$free -ge $$need ] || \
  { echo "make: $$free GB free on this disk and the environment takes up to $$need GB$$why: free some, or run VENV=/another/disk/venv make" >&2; exit 1; }

# Chapter N's notebooks, or all.
CHAPTER = $(if $(N),$(shell printf '%02d' $(N)))
PAGES   = $(wildcard book/$(CHAPTER)*.ipynb)
SOURCES = $(wildcard exercises/source/$(CHAPTER)*.ipynb)

.DEFAULT_GOAL := help
.PHONY: help book serve lab chapter test notebooks bench clean distclean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

book: $(VENV)/.book  ## build the website
	@$(BIN)/python -m book._ext.build

serve: book  ## build the website and serve it on this machine (PORT=8000)
	@echo "Serving http://localhost:$(PORT)/ (Ctrl-C stops)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(VENV)/.lab  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/book/01_probability.ipynb

chapter: $(VENV)/.test  ## build one chapter and run its tests alone (N=1)
	@$(BIN)/python -m book._ext.chapter $(N)

# One thread a process: the workers already keep all cores busy, and matrix products would fight for them.
test: $(VENV)/.test  ## run every check and test
	@$(BIN)/ruff check .
	@$(BIN)/python -m course_lib.grading.notebooks --check book/*.ipynb exercises/*.ipynb exercises/source/*.ipynb
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --nbval --doctest-modules \
	  course_lib book/*.ipynb tests

notebooks: $(VENV)/.test  ## run the chapters (N=1: one), normalise notebooks, regenerate what is generated
	@$(if $(PAGES)$(SOURCES),,echo "make: there is no chapter '$(N)'" >&2; exit 1)
	@$(BIN)/node book/_static/explorables/kit/describe.mjs
	@$(if $(PAGES),$(BIN)/jupyter execute --inplace $(PAGES))
	@$(BIN)/python -m course_lib.grading.author $(SOURCES)
	@$(BIN)/python -m course_lib.grading.notebooks book/*.ipynb exercises/*.ipynb exercises/source/*.ipynb

bench: $(VENV)/.bench  ## time and measure the library beside its peers
	@$(BIN)/python -m benchmarks

clean:  ## remove what was built, keep the environment
	rm -rf _build .pytest_cache .ruff_cache .hypothesis benchmarks/_build

distclean: clean  ## remove the environment too
	rm -rf $(VENV) book/_ext/node_modules

# --- the environment: one virtual environment, extended as a command needs more -------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || \
	  { echo "make: this course needs Python 3.11 to 3.14 and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true): install one, then run PYTHON=python3.12 make" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: '$(PYTHON)' comes without venv: on Debian or Ubuntu run 'sudo apt install python3-venv', then make again" >&2; exit 1; }
	@mkdir -p $(dir $(VENV)).; need=$(NEEDED_GB); if $(WANTS_CUDA); then need=$(NEEDED_GB_CUDA); fi; $(DISK_HOLDS_IT)
	@echo "Making the environment in $(VENV) (two to five minutes, once)"
	@$(PYTHON) -m venv $(VENV) || { echo "make: could not create $(VENV): see the line above" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.torch: requirements.txt | $(BIN)/python
	@if $(WANTS_CPU_TORCH); then \
	  $(PIP) --retries 0 --timeout 5 --no-deps --index-url $(TORCH_CPU_INDEX) $(TORCH) >/dev/null 2>&1 || { \
	  need=$(NEEDED_GB_CUDA) why=" with the CUDA build of PyTorch, because PyTorch's CPU index does not answer"; $(DISK_HOLDS_IT); \
	  echo "PyTorch's CPU index does not answer: taking torch with CUDA from the ordinary registry (up to $(NEEDED_GB_CUDA) GB)"; }; fi
	@$(PIP) -c constraints.txt $(TORCH) || { echo "make: installing $(TORCH) failed: see the lines above" >&2; exit 1; }
	@touch $@

$(VENV)/.book: requirements.txt constraints.txt pyproject.toml $(VENV)/.torch
	@echo "Installing what the book needs"
	@$(PIP) -c constraints.txt -r requirements.txt || { echo "make: the installation failed: see the lines above (no space left? free some and run make again)" >&2; exit 1; }
	@touch $@

$(VENV)/.test $(VENV)/.lab $(VENV)/.bench: $(VENV)/.%: $(VENV)/.book
	@echo "Installing what 'make $*' needs"
	@$(PIP) -c constraints.txt -e '.[$*]' || { echo "make: the installation failed: see the lines above (no space left? free some and run make again)" >&2; exit 1; }
	@touch $@
