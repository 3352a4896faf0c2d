# Everything a person or CI does with a checkout. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help demo stack test lint faults fuzz corpus bench screenshots soak image sbom release lock clean

# Where scripts/fetch-tools keeps what it fetches, for all checkouts; a tool that is on PATH already goes before it.
FETCHED := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/syncwatch/tools
export PATH := $(PATH):$(FETCHED)/bin

PYTHON_IN := .venv/bin/python
VERSION ?= $(shell .venv/bin/hatchling version)
# Containers are only tried as root.
TOOLS := promtool prometheus alertmanager amtool postgres $(if $(filter 0,$(shell id -u)),podman debian)
COMPILE := .venv/bin/uv pip compile --quiet --python $(PYTHON_IN) --python-version 3.11 \
	--universal --generate-hashes --no-header --no-annotate
AS_RUN := --constraints requirements/run.lock --constraints requirements/build.lock

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 13

demo: ## watch 25 simulated tenants until Ctrl-C (or for DEMO_SECONDS)
	@scripts/bootstrap run
	@$(PYTHON_IN) scripts/demo.py

stack: ## the same fleet with Prometheus and Alertmanager, and what is notified, until Ctrl-C (or for STACK_SECONDS)
	@scripts/bootstrap run
	@scripts/fetch-tools prometheus alertmanager
	@$(PYTHON_IN) scripts/stack.py

# Hundreds of processes start in the tests: each would compile the program anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: ## run the tests, in parallel
	@scripts/bootstrap dev
	@scripts/fetch-tools $(TOOLS)
	$(PYTHON_IN) -m pytest -n auto --dist loadscope --no-loadscope-reorder -m "not soak"

lint: ## check style, formatting, types and the direction of imports
	@scripts/bootstrap dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile

faults: ## show what each way in which a panel can misbehave comes to
	@scripts/bootstrap dev
	@$(PYTHON_IN) scripts/faults.py

fuzz: ## look for inputs that break what reads them (FUZZ_SECONDS=60)
	@scripts/bootstrap fuzz
	@.fuzz/bin/python scripts/fuzz.py

corpus: ## measure the rules against labelled error texts (CORPUS=FILE)
	@scripts/bootstrap dev
	$(PYTHON_IN) scripts/corpus.py $(if $(CORPUS),--corpus $(CORPUS))

bench: ## measure throughput and latency
	@scripts/bootstrap dev
	$(PYTHON_IN) benchmarks/run.py

screenshots: ## draw the dashboards with real data into docs/images; needs node and chromium (SCREENSHOT_MINUTES=30)
	@scripts/bootstrap run
	@scripts/fetch-tools prometheus
	@$(PYTHON_IN) scripts/screenshots.py

soak: ## run the long forms of the tests
	@scripts/bootstrap dev
	@scripts/fetch-tools $(TOOLS)
	$(PYTHON_IN) -m pytest -m soak

image: ## build the container image, by the docker, podman or buildah that is there
	@scripts/bootstrap dev
	@scripts/build-image $(VERSION)

sbom: ## write what of Python the image holds to dist/, as CycloneDX
	@scripts/bootstrap dev
	@mkdir -p dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
		$(PYTHON_IN) scripts/sbom.py $(VERSION) dist/syncwatch-$(VERSION).cdx.json
	@echo dist/syncwatch-$(VERSION).cdx.json

release: ## build all of a release into dist/, from the tag on this commit
	@scripts/bootstrap dev
	@$(PYTHON_IN) scripts/release.py build

lock: ## bring requirements/ in line with pyproject.toml (LOCK=--upgrade for the newest of everything)
	@scripts/bootstrap dev
	$(COMPILE) $(LOCK) pyproject.toml --output-file requirements/run.lock
	$(COMPILE) $(LOCK) --group build --constraints requirements/run.lock --output-file requirements/build.lock
	$(COMPILE) $(LOCK) pyproject.toml --group dev $(AS_RUN) --output-file requirements/dev.lock
	$(COMPILE) $(LOCK) pyproject.toml --group build --group fuzz $(AS_RUN) --output-file requirements/fuzz.lock

clean: ## remove everything that was installed or cached here
	rm -rf .venv .fuzz dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "what was fetched for all checkouts stays in $(FETCHED)"
