# Every target sets up what it needs: python3 (3.11 or newer), pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILED := $(VENV)/.compiled

# Compiled modules are kept whatever the environment says: hundreds of processes start in one run of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test run lint types suite long bench hostile score scale campaign docs lock clean

setup: $(READY)

$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: $(READY)
	$(BIN)/gateway demo

run: $(READY)
	$(BIN)/gateway serve

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

# About twice the processor's cores: half of what tests do is waiting for processes that they started.
WORKERS ?= 4

suite: $(COMPILED)
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# In a new clone each process of the suite would compile all modules of the tests for itself: one does, beside the checks.
# What is wrong with them the suite tells.
$(COMPILED): $(READY)
	$(BIN)/pytest --collect-only -qq >/dev/null || true
	touch $(COMPILED)

test:
	$(MAKE) -j2 lint types $(COMPILED)
	$(MAKE) suite

# The tests with their full numbers: every attack by every stranger, 20 mails of 25 MB at once, thousands of examples.
long: $(READY)
	GATEWAY_TESTS=long $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -o timeout=1200

bench: $(READY)
	$(BIN)/python -m benchmarks

scale: $(READY)
	$(BIN)/python -m benchmarks.scale accept drain wake budget recovery soak

hostile: $(READY)
	GATEWAY_TESTS=long $(BIN)/pytest -q --timeout 1800 tests/web/test_browser.py -k hostile

score: $(READY)
	$(BIN)/python -m tests.score

campaign: $(READY)
	$(BIN)/python -m tests.faults

docs: $(READY)
	$(BIN)/python docs/generate.py

lock: $(READY)
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
