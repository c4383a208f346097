# `make` alone prints the targets. Everything is installed into .venv, from the package registry only.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 2
ACCOUNTS ?= 300
# Where it is set, each of the hundreds of processes that tests start would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow coverage diff-sweep fuzz faults rights mutants check lint types docs generate data bench bench-size bench-organization bench-peers deploy-check locks compare clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dask,demo,dev,oracle]'
	@touch $@

demo: $(STAMP) ## the whole tour on the embedded account: audit, fix, audit again
	$(BIN)/koding-audit demo

test: $(STAMP) ## all tests but the slow ones (under five minutes on two cores)
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist worksteal

test-slow: $(STAMP) ## the other tests: clusters, tours, faults, browsers, thousands of examples (under ten minutes on two cores)
	$(BIN)/python -m pytest -m slow -n $(WORKERS) --dist worksteal

coverage: $(STAMP) ## all tests, with branch coverage, which makes them half as fast again
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

diff-sweep: $(STAMP) ## compare 10,000 pairs of policies with brute force, and 500 with z3 (some minutes)
	DIFF_PAIRS=10000 DIFF_Z3_PAIRS=500 $(BIN)/python -m pytest -n $(WORKERS) tests/policy/diff

fuzz: $(STAMP) ## files, replies, documents and reports with 2,000 mutations of each kind, and as many decisions (half an hour or so)
	FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest -n $(WORKERS) tests/fuzz tests/policy/evaluation/test_properties.py

faults: $(STAMP) ## every fault at every call of a fix, rivals, twins, deaths, seeded runs with several (an hour on 2 cores)
	$(BIN)/python -m tests.simulator.sweep --processes $(WORKERS)

rights: $(STAMP) ## take away each action that `permissions` prints, for each shape of file (a minute)
	EVERY_ACTION=1 $(BIN)/python -m pytest tests/cli/commands/test_permissions.py

mutants: $(STAMP) ## break promises on purpose in copies, and see that the slice of the sweep notices (some minutes)
	$(BIN)/python -m tests.simulator.mutants

check: lint types docs ## lint, types, generated files and docs in step

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python tests/generate.py --check

generate: $(STAMP) ## write the generated files again: the validator, the tables in the docs
	$(BIN)/python tests/generate.py

data: $(STAMP) ## bake the AWS reference data and NOTICE again (tools/bake.py, which does not ship; needs npm)
	$(BIN)/python -m tools.bake
	$(BIN)/python -m tools.sdk_services

bench: $(STAMP) ## measure speed and calls over TLS, near and far, and print the tables (AGAINST=REV: beside a revision; some minutes)
	$(BIN)/python -m benchmarks.bench $(if $(AGAINST),--against $(AGAINST))
	$(BIN)/python -m benchmarks.file
	$(BIN)/python -m benchmarks.decisions
	$(BIN)/python -m benchmarks.difference
	$(BIN)/python -m benchmarks.stack
	$(BIN)/python -m benchmarks.credentials

bench-size: $(STAMP) ## measure a scan of the fullest account that AWS's quotas allow, against its limits (a minute)
	$(BIN)/python -m benchmarks.size

bench-organization: $(STAMP) ## audit a simulated organization by each engine, and count what is lost (ACCOUNTS=10000: half an hour)
	$(BIN)/python -m benchmarks.organization $(ACCOUNTS)

bench-peers: $(STAMP) ## the same cases decided, and the same gate, by this tool and by peers, each in .venv/peers (half an hour)
	$(BIN)/python -m benchmarks.peers
	$(BIN)/python -m benchmarks.peers.audits

deploy-check: $(STAMP) ## what is in deploy/ before cfn-lint, Kubernetes' schemas and others, and the image's commands
	$(BIN)/python -m tests.deploy.check

locks: $(STAMP) ## write the locks of deploy/ again: what the image and the GitHub action install, by hash
	$(BIN)/python -m tools.lock

compare: $(STAMP) ## REV=... against this checkout, byte for byte: the commands' output and files, what they call (MORE=--words, --start)
	$(BIN)/python -m tools.compare_revisions $(REV) $(MORE)

clean: ## remove .venv and everything made by a build
	rm -rf .venv build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
