# make demo    sets everything up and runs the tutorial on real flights
# make demo-postgres   the same in psql and Python, on a PostgreSQL in a temporary folder
# make test    everything: format, lint, types, C++, PostgreSQL and Python tests, doctests, conformance, docs, examples, the wheel, sanitizers, fuzzing, clang-tidy
# make check   the quick loop of a developer
# make bench   the tables of docs/benchmarks.md (ROW=name runs one row, QUICK=1 a small size)
SHELL := /bin/bash
PYTHON ?= python3
VENV := build/venv
PY := $(VENV)/bin/python
STEP := tools/step
CLANG_SUFFIX := -19

# The same objects serve the editable install, the wheel and every clone.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
# Warnings are errors in every check; a newcomer's compiler may warn as it likes.
export INSITU_WERROR ?= ON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export ASAN_OPTIONS ?= detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1
unexport PYTHONPATH

APT_BUILD := g++ cmake ninja-build ccache python3-venv python3-dev libboost-dev libeigen3-dev nlohmann-json3-dev
APT_POSTGRES := postgresql postgresql-server-dev-all
APT_TEST := $(APT_POSTGRES) libgtest-dev clang$(CLANG_SUFFIX) libclang-rt$(CLANG_SUFFIX)-dev

CXX_SOURCES := $(shell git ls-files 'core/**.cpp' 'core/**.hpp' 'core/**.h' 'python/src/ext/**.cpp' 'python/src/ext/**.hpp' 2>/dev/null)
PG_SOURCES := $(shell git ls-files 'postgres/src/*' 2>/dev/null)
BUILD_INPUTS := $(wildcard $(CXX_SOURCES)) CMakeLists.txt pyproject.toml $(shell git ls-files '*CMakeLists.txt')
PY_DIRS := python conformance bench examples tools postgres

.PHONY: all setup setup-build setup-test setup-bench demo demo-postgres test check bench clean \
  lint types dev unit asan tsan fuzz tidy postgres postgres-sanitized python-tests doctests examples conformance test-wheel docs
all: demo

# ---- setting up -------------------------------------------------------------------------------------------------------
setup: setup-test
setup-build:
	@tools/apt-need $(APT_BUILD)
	@$(MAKE) --no-print-directory $(VENV)/.build
setup-test: setup-build
	@tools/apt-need $(APT_TEST)
	@$(MAKE) --no-print-directory $(VENV)/.test
setup-bench: setup-test
	@$(MAKE) --no-print-directory $(VENV)/.bench

$(PY):
	@mkdir -p build
	$(PYTHON) -m venv $(VENV)
$(VENV)/.build $(VENV)/.test $(VENV)/.bench: $(VENV)/.%: tools/requirements-%.txt | $(PY)
	$(PY) -m pip install -q -r $<
	@touch $@
$(VENV)/.test: tools/requirements-build.txt
$(VENV)/.bench: tools/requirements-test.txt

# The package, with its Python files used where they lie and the extension built once.
$(VENV)/.package: $(BUILD_INPUTS) | $(VENV)/.build
	$(PY) -m pip install -q --no-build-isolation --no-deps --config-settings=build-dir=build/package -e .
	@touch $@

# ---- the demonstration ------------------------------------------------------------------------------------------------
demo: export INSITU_WERROR := OFF
demo: setup-build
	@$(MAKE) --no-print-directory $(VENV)/.package
	@$(PY) examples/demo.py build/demo

# The same inside PostgreSQL, in a server of its own; installs the extension for the system's server.
demo-postgres: export INSITU_WERROR := OFF
demo-postgres: setup-build
	@tools/apt-need $(APT_POSTGRES)
	@$(PY) -m pip install -q -r tools/requirements-postgres.txt
	@$(MAKE) --no-print-directory $(VENV)/.package
	@$(PY) tools/test_postgres.py --install
	@$(PY) examples/demo_postgres.py build/demo

# ---- one step each; `make test` runs them all -------------------------------------------------------------------------
lint:
	@$(STEP) clang-format $(VENV)/bin/clang-format --dry-run -Werror $(wildcard $(CXX_SOURCES) $(PG_SOURCES))
	@$(STEP) ruff-format $(VENV)/bin/ruff format --check $(PY_DIRS)
	@$(STEP) ruff $(VENV)/bin/ruff check $(PY_DIRS)
types: $(VENV)/.package
	@$(STEP) mypy $(VENV)/bin/mypy
dev:
	@$(STEP) build-gcc tools/build dev
unit: dev
	@$(STEP) unit-tests ctest --test-dir build/dev --output-on-failure -j$(CMAKE_BUILD_PARALLEL_LEVEL)
tidy: dev
	@$(STEP) clang-tidy tools/tidy $(VENV)/bin/clang-tidy build/dev
asan:
	@$(STEP) build-clang-address-undefined tools/build asan
	@$(STEP) address-and-undefined-tests ctest --test-dir build/asan --output-on-failure -j$(CMAKE_BUILD_PARALLEL_LEVEL)
tsan:
	@$(STEP) build-clang-thread tools/build tsan
	@$(STEP) thread-tests ctest --test-dir build/tsan --output-on-failure -j$(CMAKE_BUILD_PARALLEL_LEVEL)
fuzz:
	@$(STEP) build-clang-address-undefined tools/build asan
	@$(STEP) fuzz tools/fuzz build/asan $(or $(FUZZ_SECONDS),30)
python-tests: $(VENV)/.package
	@$(STEP) python-tests $(PY) -m pytest -q python/tests
doctests: $(VENV)/.package
	@$(STEP) doctests $(PY) -m pytest -q --doctest-modules python/src/insitu
examples: $(VENV)/.package
	@$(STEP) demo-postgres $(PY) examples/demo_postgres.py build/demo
	@$(STEP) demo $(PY) examples/demo.py build/demo
	@$(STEP) examples tools/examples $(PY)
	@$(STEP) bench-small env QUICK=1 $(PY) bench/run.py --out build/bench/quick.md
conformance: $(VENV)/.package
	@$(STEP) conformance $(PY) -m pytest -q -n $(CMAKE_BUILD_PARALLEL_LEVEL) conformance
postgres: $(VENV)/.package $(VENV)/.test
	@$(STEP) postgres $(PY) tools/test_postgres.py
postgres-sanitized: asan
	@$(STEP) postgres-sanitized $(PY) tools/test_postgres.py --sanitize
test-wheel:
	@$(STEP) wheel tools/test-wheel $(PY)
docs: $(VENV)/.package
	@$(STEP) docs $(VENV)/bin/mkdocs build --quiet --strict --site-dir build/site

STEPS := lint types unit postgres python-tests doctests conformance docs examples test-wheel postgres-sanitized fuzz tsan tidy
test:
	@rm -rf build/logs
	@tools/step setup $(MAKE) --no-print-directory setup-test
	@for step in $(STEPS); do $(MAKE) --no-print-directory $$step || exit 1; done
	@echo; echo "Every step passed:"; cat build/logs/summary

check: $(VENV)/.test
	@rm -rf build/logs
	@for step in lint types unit; do $(MAKE) --no-print-directory $$step || exit 1; done
	@$(STEP) python-tests $(PY) -m pytest -q -m "not slow" python/tests
	@$(STEP) conformance $(PY) -m pytest -q -m "not slow" conformance

bench: setup-bench
	@$(MAKE) --no-print-directory $(VENV)/.package
	$(if $(filter-out postgres,$(ROW)),,@$(PY) tools/test_postgres.py --install)
	@$(PY) bench/run.py $(if $(ROW),--row $(ROW)) $(if $(QUICK),--quick)

clean:
	rm -rf build dist
