# Everything that this repository does, from a fresh clone on: `make help`.
# `make notebooks` and `make test` install what they need, into the checkout itself.

# The newest Python found of those that the tests are run on.
ifndef PYTHON
PYTHON := $(or $(shell for minor in 13 12 11 10 9; do python3.$$minor -c '' 2> /dev/null && echo python3.$$minor && break; done),python3)
endif
CTX ?= cpu
ONLY ?=
FAST ?=
FRAMEWORKS ?=
SAMPLE ?=
UNLISTED ?=
PORT ?= 8000
SHORT ?=
SEEDS ?= 10
LAB ?=

MXNET1 := .venv
MXNET2 := .venv-mxnet2
SITE := .venv-docs
DIST := .venv-dist
THEIRS := .venv-frameworks
LIST_$(MXNET1) := mxnet1
LIST_$(MXNET2) := mxnet2
LIST_$(SITE) := docs
LIST_$(DIST) := dist
LIST_$(THEIRS) := frameworks
OLDEST_$(SITE) := 3.11
OLDEST_$(THEIRS) := 3.11
PYTEST := -m pytest -n 2 --dist worksteal -p no:cacheprovider
# Two tests at a time have a core each; with 2.0.0b1 they have two threads each, as people have.
ALONE := OMP_NUM_THREADS=1
PATIENT := OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
# Pages run in one thread each, two pages at a time; every sum is then made in one order.
NBVAL := $(ALONE) JUPYTER_PREFER_ENV_PATH=1 CTX=cpu
# The same text from another machine: MXNet 2.0.0b1 runs the pages as an older processor with two threads would.
OTHER := $(PATIENT) DNNL_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem
NBVAL_OPTIONS := --nbval --nbval-current-env --dist loadfile -W ignore
# MXNet 2.0.0b1 was published for x86-64 only.
HAS_MXNET2 := $(filter x86_64,$(shell uname -m))
# What builds the site wants Python 3.11 or later.
HAS_SITE := $(shell $(PYTHON) -c 'import sys; print("yes" * (sys.version_info >= (3, 11)))' 2> /dev/null)

export CTX
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help notebooks seeds checks environments test test-quick lab lint format figures outputs accuracy bench exercises results simulation clinic lock clean distclean \
  docs serve test-docs errors curves mutants zoo coefficients dist check-dist matrix licences update frameworks \
  $(MXNET1) $(MXNET2) $(SITE) $(DIST) $(THEIRS)

help:
	@echo 'make notebooks    execute every page into build/notebooks/ (CTX=gpu, FAST=1, ONLY=04)'
	@echo 'make seeds        execute every page at ten seeds (FAST=1, ONLY=04, SEEDS=3)'
	@echo 'make checks       every check that a page makes, and what each page asks of its reader'
	@echo 'make test         all tests: package on both versions of MXNet, strict check of every page (CTX=gpu)'
	@echo 'make test-quick   the package tests alone, on MXNet 1.9.1'
	@echo 'make docs         build the site into build/site/ (EXECUTE=1 runs its pages anew)'
	@echo 'make serve        show the site on http://127.0.0.1:8000/ (PORT=8001 for another port)'
	@echo 'make test-docs    the site in a browser, all outside requests refused (part of make test)'
	@echo 'make lab          open the pages in JupyterLab'
	@echo 'make lint         check code style, types and the directions of imports;  make format mends the style'
	@echo 'make figures      draw the pictures and write the list of the README anew'
	@echo 'make outputs      execute the pages and store their outputs in them (ONLY=04)'
	@echo 'make accuracy     the largest error of every activation, in units in the last place (FRAMEWORKS=path/to/python: also of'
	@echo '                  PyTorch and JAX, in an environment of your own with torch, jax)'
	@echo 'make curves       the error of every activation against x, for the pictures of the atlas (FRAMEWORKS= as above)'
	@echo 'make errors       measure the errors found in MXNet anew, for docs/errors_in_mxnet.md (FRAMEWORKS=path/to/python: also PyTorch)'
	@echo 'make bench        the time of activations and of training steps: ours, MXNet itself (FRAMEWORKS=path/to/python: also PyTorch, JAX)'
	@echo 'make frameworks   hold the names of PyTorch, JAX, Keras, timm and transformers against all that those export (downloads 2.6 GB)'
	@echo 'make zoo          look into every net of the model zoo, and swap its activations (ONLY=resnet18_v1)'
	@echo 'make mutants      change the package in many small places: do its tests notice? (ONLY=catalog,'
	@echo '                  SAMPLE=60: so many of each module, drawn by lot; UNLISTED=1: not what is on the list)'
	@echo 'make exercises    write the exercises without their answers into build/exercises/'
	@echo 'make results      compute the tables of page 09 anew (some 70 minutes; what build/results/ holds is kept)'
	@echo 'make simulation   false alarms, coverage and power of compare(), where the answers are known (some 5 minutes)'
	@echo 'make clinic       how often diagnose() is right: nets that are ill in known ways, and healthy ones (some 5 minutes)'
	@echo 'make dist         an sdist, and a wheel that carries the compiled kernels for this kind of machine, into build/dist/'
	@echo 'make check-dist   install that wheel into an empty environment on every Python found, and run the examples (ONLY=3.13)'
	@echo 'make matrix       the tests of the package on every Python found and both versions of MXNet (SHORT=1, ONLY=3.13)'
	@echo 'make licences     write the list of all dependencies with their licences, docs/licences.md'
	@echo 'make coefficients the polynomials of the compiled kernels, gluon_activations/fused/coefficients.h'
	@echo 'make lock         resolve requirements/*.in into exact, hashed lists (needs uv);  make update to the newest versions'
	@echo 'make clean        remove what can be made again;  make distclean the environments too'
	@echo
	@echo 'PYTHON=python3.11 (after any target) picks another Python than the newest found of 3.9 to 3.13.'

$(MXNET1) $(MXNET2) $(SITE) $(DIST) $(THEIRS):
	@$(PYTHON) -c '' 2> /dev/null || { echo 'There is no $(PYTHON) that runs: install one of Python 3.9 to 3.13.'; exit 1; }
	@$(PYTHON) -m tools.environment $@ requirements/$(LIST_$@).txt $(OLDEST_$@)
	@$(if $(filter-out $(DIST) $(THEIRS),$@),$@/bin/python -W ignore -m gluon_activations.fused --quiet)

notebooks: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.run_notebooks --ctx '$(CTX)' --only '$(ONLY)' $(if $(filter-out 0,$(FAST)),--fast)

seeds: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.run_notebooks --seeds $(SEEDS) --only '$(ONLY)' $(if $(filter-out 0,$(FAST)),--fast)

checks: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.folds --list
	@$(MXNET1)/bin/python -m tools.folds --table

outputs: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.run_notebooks --only '$(ONLY)' --in-place

# What the tests run in, made side by side.
environments:
	@$(MAKE) --no-print-directory -j3 $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2)) $(if $(HAS_SITE),$(SITE))

test: environments lint
	@echo '== package and pages, MXNet 1.9.1'
	$(ALONE) $(MXNET1)/bin/python $(PYTEST) tests
ifdef HAS_MXNET2
	@echo '== package and pages, MXNet 2.0.0b1'
	$(PATIENT) $(MXNET2)/bin/python $(PYTEST) -m 'not once' tests
else
	@echo '== MXNet 2.0.0b1 has no wheel for this processor: its tests are left out'
endif
	@echo '== what may depend on Python and NumPy, on the other Pythons found'
	@$(ALONE) $(PYTHON) -m tools.matrix --short
	@echo '== strict nbval of every page, MXNet 1.9.1'
	$(NBVAL) $(MXNET1)/bin/python $(PYTEST) $(NBVAL_OPTIONS) notebooks
ifdef HAS_MXNET2
	@echo '== strict nbval of every page, MXNet 2.0.0b1, as on an older processor with two threads'
	$(NBVAL) $(OTHER) $(MXNET2)/bin/python $(PYTEST) $(NBVAL_OPTIONS) notebooks
endif
ifdef HAS_SITE
	@echo '== the site, in a browser'
	@$(MAKE) --no-print-directory test-docs
else
	@echo '== the site wants Python 3.11 or later: its tests are left out'
endif

docs: $(SITE)
	@$(SITE)/bin/python -m tools.website build

serve: $(SITE)
	@$(SITE)/bin/python -m tools.website serve $(PORT)

test-docs: docs
	@$(SITE)/bin/python -m tools.browser
	$(ALONE) $(SITE)/bin/python $(PYTEST) docs/tests

test-quick: $(MXNET1)
	$(ALONE) $(MXNET1)/bin/python $(PYTEST) tests

lab: $(MXNET1)
	$(MXNET1)/bin/python -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks $(LAB) $(if $(filter 0,$(shell id -u)),--allow-root)

lint: $(MXNET1)
	@$(MXNET1)/bin/python -m ruff check --no-cache .
	@$(MXNET1)/bin/python -m ruff format --no-cache --check .
	@$(MXNET1)/bin/mypy
	@$(MXNET1)/bin/lint-imports --no-cache

format: $(MXNET1)
	@$(MXNET1)/bin/python -m ruff check --no-cache --fix .
	@$(MXNET1)/bin/python -m ruff format --no-cache .
	@$(MXNET1)/bin/python -m tools.folds

# The polynomials of the compiled kernels.
coefficients: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.coefficients > gluon_activations/fused/coefficients.h

figures: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.readme

accuracy: $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2))
	@$(MXNET1)/bin/python -m benchmarks.accuracy measure
	@$(if $(HAS_MXNET2),$(MXNET2)/bin/python -m benchmarks.accuracy measure)
	@$(if $(FRAMEWORKS),$(MXNET1)/bin/python -m benchmarks.accuracy frameworks $(FRAMEWORKS))
	@$(MXNET1)/bin/python -m benchmarks.accuracy report

curves: $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2))
	@$(MXNET1)/bin/python -m benchmarks.curves measure
	@$(if $(HAS_MXNET2),$(MXNET2)/bin/python -m benchmarks.curves measure)
	@$(if $(FRAMEWORKS),$(MXNET1)/bin/python -m benchmarks.curves frameworks $(FRAMEWORKS))

errors: $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2))
	@$(MXNET1)/bin/python -m benchmarks.faults measure
	@$(if $(HAS_MXNET2),$(MXNET2)/bin/python -m benchmarks.faults measure)
	@$(if $(FRAMEWORKS),$(MXNET1)/bin/python -m benchmarks.faults frameworks $(FRAMEWORKS))
	@$(MXNET1)/bin/python -m benchmarks.faults report

frameworks: $(MXNET1) $(THEIRS)
	@$(MXNET1)/bin/python -W ignore -m benchmarks.frameworks $(THEIRS)/bin/python
	@$(THEIRS)/bin/python -m benchmarks.moved frameworks

bench: $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2))
	@$(MXNET1)/bin/python -m benchmarks.bench passes $(FRAMEWORKS)
	@$(if $(HAS_MXNET2),$(MXNET2)/bin/python -m benchmarks.bench passes $(FRAMEWORKS))
	@$(MXNET1)/bin/python -m benchmarks.bench steps $(FRAMEWORKS)

# Sets come in one order, so that two runs are alike.
mutants: $(MXNET1)
	@PYTHONHASHSEED=0 $(MXNET1)/bin/python -m tools.mutants $(ONLY) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(UNLISTED),--unlisted)

zoo: $(MXNET1)
	@$(MXNET1)/bin/python -W ignore -m tools.zoo $(ONLY)

exercises: $(MXNET1)
	@$(MXNET1)/bin/python -m tools.exercises

results: $(MXNET1)
	@$(MXNET1)/bin/python -W ignore -m tools.results

simulation: $(MXNET1)
	@OPENBLAS_NUM_THREADS=1 $(MXNET1)/bin/python -m benchmarks.simulation

clinic: $(MXNET1)
	@$(ALONE) $(MXNET1)/bin/python -W ignore -m benchmarks.clinic

dist: $(MXNET1) $(if $(HAS_MXNET2),$(MXNET2)) $(DIST)
	@$(DIST)/bin/python -m tools.dist $(MXNET1)/bin/python $(if $(HAS_MXNET2),$(MXNET2)/bin/python)

check-dist: $(DIST)
	@$(DIST)/bin/python -m tools.check_dist $(ONLY)

matrix:
	@$(PYTHON) -m tools.matrix $(if $(filter-out 0,$(SHORT)),--short) $(if $(ONLY),--only $(ONLY))

licences: $(SITE)
	@$(SITE)/bin/python -m tools.licences > docs/licences.md

# What cosmic-ray wants for its own command, which is not called: some of it has no wheel. The site uses two of them.
UNUSED_docs := aiohappyeyeballs aiohttp aiosignal anybadge async-timeout exit-codes frozenlist gitdb gitpython \
  multidict propcache smmap yarl yattag
# What PyTorch's wheel for CUDA, the only one for Linux, asks for and opens on a GPU alone.
UNUSED_frameworks := triton cuda-bindings cuda-pathfinder nvidia-cusolver nvidia-cuda-cupti nvidia-cuda-cccl nvidia-nvtx
UNUSED_mxnet1 := $(UNUSED_docs) greenlet sqlalchemy
# Two lists for what holds MXNet: Python 3.13 has no NumPy 1, whatever MXNet asks for, and one list for all would let older
# Pythons have libraries that want NumPy 2. What is locked already stays, unless `make update` asks for the newest.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
  --custom-compile-command 'make lock' $(UPGRADE)
lock:
	@for list in mxnet1 mxnet2 docs matrix; do \
	  case $$list in mxnet1) unused='$(UNUSED_mxnet1:%=--no-emit-package %)';; docs) unused='$(UNUSED_docs:%=--no-emit-package %)';; *) unused=;; esac; \
	  $(COMPILE) --python-version $$([ $$list = docs ] && echo $(OLDEST_$(SITE)) || echo 3.9) $$unused \
	    requirements/$$list.in --output-file requirements/$$list.txt || exit 1; \
	  $(COMPILE) --python-version 3.13 --no-config --override requirements/numpy2-override.in $$unused \
	    requirements/$$list.in --output-file requirements/$$list-numpy2.txt || exit 1; \
	done
	@$(COMPILE) --python-version 3.9 --no-config requirements/dist.in --output-file requirements/dist.txt
	@$(COMPILE) --python-version $(OLDEST_$(THEIRS)) --no-config --fork-strategy fewest \
	  $(UNUSED_frameworks:%=--no-emit-package %) \
	  requirements/frameworks.in --output-file requirements/frameworks.txt

update:
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade

clean:
	rm -rf build/notebooks build/mutants build/site build/site-sources build/site-doctrees build/dist build/*.* .ruff_cache .pytest_cache gluon_activations.egg-info
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(MXNET1) $(MXNET2) $(SITE) $(DIST) $(THEIRS)
