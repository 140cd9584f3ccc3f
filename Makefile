# Everything mien's developers and newcomers type. `make` alone lists it.
#
# One environment, .venv, serves all: `make run` puts the device's dependencies there, `make test` adds the rest.
# Both lock files come from one resolution, so the order of the two does not matter.

PYTHON ?= python3
ARGS ?=
# Of the devices that are packaged for.
ARCH ?= arm64
SUITE ?= trixie

VENV := .venv
BIN := $(VENV)/bin
# Wheels only: on a Pi a package without one should say so, not compile for an hour.
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet
LOCKED := $(PIP_INSTALL) --require-hashes --only-binary :all:
EDITABLE := $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
# An editable install knows the top-level packages it was made with.
PROJECT := pyproject.toml $(wildcard */__init__.py)

DEBIAN_TEST_PACKAGES := chromium chromium-driver minisign mosquitto mosquitto-clients openssl systemd-container \
	gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good python3-gi mmdebstrap zstd \
	cpio dosfstools e2fsprogs fdisk mtools shellcheck

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-slow faults soak lint types format train-env test-deps lock deb offline image clean

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/.device ## Run mien on the demo clip; other flags with ARGS="--camera 0"
	@$(BIN)/mien run $(ARGS)

# A worker a core, a file of tests to one worker: its fixtures are made once. For a debugger: ARGS="-n 0 --pdb".
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile

test: lint types ## Check style and types, then run the tests; some of them with ARGS="-k camera"
	$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS)

test-slow: $(VENV)/.dev ## Run the long proofs that `make test` leaves out (a few minutes)
	$(BIN)/pytest -m slow $(ARGS)

faults: $(VENV)/.dev ## Cause every fault that the daemon has to survive (as root, 4 minutes)
	$(BIN)/python -m benchmarks.service.faults $(ARGS)

soak: $(VENV)/.dev ## Run the daemon under load for half an hour (as root)
	$(BIN)/python -m benchmarks.service.soak $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev ## Put the code into the layout that `make test` asks for
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

train-env: $(VENV)/.masks ## Install what training and conversion need, dlib's landmarks included (about 2 GB)

test-deps: ## Install the Debian packages that some tests use (browser, broker, container; skipped without)
	@echo "Installing Debian packages for the tests: $(DEBIAN_TEST_PACKAGES)"
	@$(SUDO) apt-get update -qq
	@$(SUDO) apt-get install -qq -y --no-install-recommends $(DEBIAN_TEST_PACKAGES)
test-deps: SUDO = $(if $(filter-out 0,$(shell id -u)),sudo)

lock: build/uv/bin/uv ## Bring the lock files in line with pyproject.toml; newer versions with ARGS=--upgrade
	$(COMPILE) pyproject.toml --group build --extra dev --output-file requirements-dev.txt $(ARGS)
	$(COMPILE) pyproject.toml --group build --constraints requirements-dev.txt --output-file requirements.txt $(ARGS)
lock: COMPILE = $< pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

deb: $(VENV)/.device ## Build mien_VERSION_ARCH.deb in dist/; ARCH=amd64 SUITE=bookworm for others
	$(SHIP) deb --arch $(ARCH) --suite $(SUITE) $(ARGS)

offline: $(VENV)/.device ## Build mien-offline-ARCH.tar.zst in dist/, for machines without dpkg
	$(SHIP) offline --arch $(ARCH) $(ARGS)
deb offline: SHIP = PYTHONPATH=.:packaging $(BIN)/python -m shipping

image: $(VENV)/.device ## Put mien onto a Raspberry Pi OS image; STOCK=FILE.img.xz ARGS="--hostname kiosk --ssh-key FILE.pub"
	@PYTHONPATH=.:packaging $(BIN)/python -m image $(if $(STOCK),'$(STOCK)') $(if $(DEB),--deb $(DEB)) $(ARGS)
image: DEB ?= $(lastword $(sort $(wildcard dist/mien_*_$(ARCH).deb)))

clean: ## Remove .venv, caches and builds
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps. They live in .venv, so they go when it goes.
$(VENV)/.device: requirements.txt $(PROJECT) | $(BIN)/python
	@echo "Installing the device's dependencies into $(VENV) (once, about 350 MB on disk)"
	@$(LOCKED) -r requirements.txt
	@$(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(PROJECT) | $(BIN)/python
	@echo "Installing the dependencies for training and tests into $(VENV) (once, about 2 GB on disk)"
	@$(LOCKED) -r requirements-dev.txt
	@$(EDITABLE)
	@touch $(VENV)/.device $@

$(VENV)/.masks: requirements-masks.txt | $(VENV)/.dev
	@$(PIP_INSTALL) --require-hashes --no-deps --no-build-isolation -r requirements-masks.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "mien needs Python 3.11, 3.12 or 3.13 and '$(PYTHON)' is not one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "'$(PYTHON)' cannot make virtual environments: sudo apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip --disable-pip-version-check install --quiet uv
