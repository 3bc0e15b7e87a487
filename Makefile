# Everything a person or CI runs, on a machine with only Python (3.11 or newer), Go and make.
# Each target sets up what it needs and does nothing where nothing changed. ARGS goes to the program:
#   make demo ARGS=--check      make test ARGS='tests/parts -x'

.DEFAULT_GOAL := help
.PHONY: help setup parts demo test test-clusters lint types conformance fuzz bench docs lock clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

ARGS ?=
# Processes that run tests: more than cores, as they often wait for servers. 0 runs them in one, for a debugger.
JOBS ?= 4
VENV := .venv
STAMPS := .stamps
UV_VERSION := 0.13.9
# The parts that the demo and the tests start; `make parts` builds the others too.
RUN_PARTS := prometheus promtool thanos loki logcli node_exporter
CLUSTER_PARTS := etcd kube-apiserver kubelet coredns prometheus loki
TEST_PARTS := $(RUN_PARTS) grafana_promlib

# The first interpreter that is new enough, python3 preferred; empty if there is none.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# A stamp is worth nothing once what it stands for is gone.
UV := $(shell cat $(STAMPS)/uv 2>/dev/null)
ifeq ($(shell test -x "$(UV)" && echo yes),)
$(shell rm -f $(STAMPS)/uv)
endif
ifeq ($(shell test -x $(VENV)/bin/python && echo yes),)
$(shell rm -f $(STAMPS)/venv)
endif

help: ## show this list
	@echo 'usage: make TARGET [ARGS=…]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

setup: $(STAMPS)/venv ## make .venv with everything pinned in requirements.lock
	@:

parts: setup ## find or build every real part (Prometheus, Thanos, Loki, Alertmanager, Helm …)
	@$(VENV)/bin/python -m lma.parts build $(ARGS)

demo: setup ## start three real clusters with the service on top; ARGS=--check asks, tells and stops
	@$(VENV)/bin/python -m lma.parts build $(RUN_PARTS) >/dev/null
	@exec $(VENV)/bin/lma demo $(ARGS)

test: setup ## run the tests, against real Prometheus, Thanos and Loki
	@$(VENV)/bin/python -m lma.parts build $(TEST_PARTS) >/dev/null
	@exec $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

test-clusters: setup ## run the tests on real Kubernetes clusters, as root; says why where it can't
	@if [ "$$(id -u)" = 0 ]; then $(VENV)/bin/python -m lma.parts build $(CLUSTER_PARTS) >/dev/null; fi
	@exec $(VENV)/bin/python -m pytest --clusters tests/cluster $(ARGS)

lint: setup ## ruff (rules and format) and the import layers
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports

types: setup ## mypy, strict
	@$(VENV)/bin/mypy $(ARGS)

conformance: setup ## the whole differential suite; writes docs/conformance.md (about 20 minutes)
	@$(VENV)/bin/python -m lma.parts build prometheus thanos >/dev/null
	@exec $(VENV)/bin/python -m tests.real.conformance $(ARGS)

fuzz: setup ## throw mutated queries at both parsers; ARGS='--minutes 10'
	@exec $(VENV)/bin/python -m tests.fuzz $(ARGS)

bench: setup ## the gateway against Thanos Query and a bare client
	@$(VENV)/bin/python -m lma.parts build $(RUN_PARTS) >/dev/null
	@exec $(VENV)/bin/python -m bench $(ARGS)

docs: setup ## check that the documentation's links lead somewhere and its commands exist
	@exec $(VENV)/bin/python -m pytest -q tests/docs $(ARGS)

lock: $(STAMPS)/uv ## bring requirements.lock up to what pyproject.toml asks for
	@"$$(cat $(STAMPS)/uv)" lock
	@"$$(cat $(STAMPS)/uv)" export --quiet --no-emit-project --all-groups --no-header \
		--no-emit-index-url --output-file requirements.lock
	@echo 'requirements.lock is up to date; commit it'

clean: ## remove what was made in this checkout (built parts stay in the cache)
	rm -rf $(VENV) .venv-uv $(STAMPS) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/venv: requirements.lock pyproject.toml $(STAMPS)/uv
	@echo 'setting up $(VENV) …'
	@"$$(cat $(STAMPS)/uv)" venv --quiet --allow-existing --python "$(PYTHON)" $(VENV)
	@"$$(cat $(STAMPS)/uv)" pip sync --python $(VENV)/bin/python --require-hashes requirements.lock
	@"$$(cat $(STAMPS)/uv)" pip install --quiet --python $(VENV)/bin/python --no-deps --editable .
	@touch $@

$(STAMPS)/uv:
	@mkdir -p $(STAMPS)
	@test -n "$(PYTHON)" || { echo 'error: no Python 3.11 or newer on PATH'; \
		echo '  remedy: install one, or name it: make PYTHON=/path/to/python3.11 …'; exit 1; } >&2
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'error: $(PYTHON) does not run, or is older than 3.11'; \
		echo '  remedy: make PYTHON=/path/to/python3.11 …'; exit 1; } >&2
	@if have=$$(command -v uv) && uv --version | grep -Eq '^uv (0\.(1[0-9]|[2-9][0-9])|[1-9])'; then \
		echo "$$have" > $@; \
	else \
		"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
			echo 'error: $(PYTHON) comes without its venv module'; \
			echo '  remedy: install it (Debian: apt-get install python3-venv), or put uv on PATH'; exit 1; } >&2; \
		echo 'installing uv $(UV_VERSION) into .venv-uv …'; \
		"$(PYTHON)" -m venv .venv-uv && \
		.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
			echo 'error: uv could not be installed'; \
			echo '  remedy: check the network and pip (pip config list), or put uv on PATH'; exit 1; } >&2; \
		echo "$(CURDIR)/.venv-uv/bin/uv" > $@; \
	fi
