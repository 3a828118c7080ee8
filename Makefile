# Every target does its own set-up: a fresh machine needs Python 3.11 or newer, make and the package registries.
PYTHON ?= python3
BIN := .venv/bin
OUT ?= demo-run
# make demo DEMO=--no-serve, in scripts that want no service.
DEMO ?=
# The certificates that the machine trusts, as pip does: some registries are reached through a proxy.
export UV_SYSTEM_CERTS ?= 1

.PHONY: setup demo test test-slow test-dspy test-browser pictures lint bench coverage lock messages clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --editable .
	$(BIN)/python -m compileall -q src  # where the environment forbids Python to, every process would compile all of it
	touch $@

.venv/.bench-ready: .venv/.ready requirements/bench.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements/bench.txt
	touch $@

demo: setup
	$(BIN)/tidegate demo --out $(OUT) $(DEMO)

test: setup lint
	$(BIN)/pytest -m "not slow and not browser" -n 2

test-slow: setup
	$(BIN)/pytest -m slow -n 2

# The optimiser that policies are improved through, which nothing else needs.
.venv/.dspy-ready: .venv/.ready requirements/dspy.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements/dspy.txt
	touch $@

test-dspy: .venv/.dspy-ready
	$(BIN)/pytest -n 2 tests/runs/test_dspy.py

# The console in Debian's chromium; TIDEGATE_CHROMIUM names another one.
test-browser: setup
	$(BIN)/pytest -m browser -n 2 --dist loadfile

# The pictures of docs/, as the tests see the pages.
pictures: setup
	mkdir -p docs/pictures
	TIDEGATE_PICTURES=docs/pictures $(BIN)/pytest -m browser

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.bench-ready
	$(BIN)/python -m benchmarks

# 5,000 audits of each setting on one core: a quarter to half an hour.
coverage: .venv/.bench-ready
	POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.bench_coverage 5000 docs/measurement/coverage.md
	POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.bench_disagreement 5000 docs/measurement/designs.md

# Lock files carry hashes and no addresses, so that any mirror serves them.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dspy -c requirements/dev.txt pyproject.toml -o requirements/dspy.txt
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements/uv.txt

# Compiled by Babel, since msgfmt is no Python package; a test compares.
messages: setup
	$(BIN)/python -c "import pathlib; from babel.messages import mofile, pofile; p = pathlib.Path('src/tidegate/server/locale/zh_Hans/LC_MESSAGES/django.po'); mofile.write_mo(p.with_suffix('.mo').open('wb'), pofile.read_po(p.open('rb'), locale='zh_Hans'))"

clean:
	-test -x $(BIN)/tidegate && $(BIN)/tidegate demo --out $(OUT) --stop
	rm -rf .venv demo-run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
