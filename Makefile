# Everything a person or CI does with a checkout. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help demo stack test lint faults fuzz corpus bench screenshots soak lock clean

# Where scripts/fetch-tools keeps what it fetches, for all checkouts; a tool that is on PATH already goes before it.
FETCHED := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/syncwatch/tools
export PATH := $(PATH):$(FETCHED)/bin

PYTHON_IN := .venv/bin/python
TOOLS := promtool prometheus alertmanager amtool postgres
COMPILE := .venv/bin/uv pip compile pyproject.toml --quiet --python $(PYTHON_IN) --python-version 3.11 \
	--universal --generate-hashes --no-header --no-annotate

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

lock: ## bring requirements/ in line with pyproject.toml (LOCK=--upgrade for the newest of everything)
	@scripts/bootstrap dev
	$(COMPILE) $(LOCK) --group build --output-file requirements/run.lock
	$(COMPILE) $(LOCK) --group dev --constraints requirements/run.lock --output-file requirements/dev.lock
	$(COMPILE) $(LOCK) --group build --group fuzz --constraints requirements/run.lock --output-file requirements/fuzz.lock

clean: ## remove everything that was installed or cached here
	rm -rf .venv .fuzz dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "what was fetched for all checkouts stays in $(FETCHED)"
