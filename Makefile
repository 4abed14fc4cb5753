# Everything runs inside .venv, made on first use. PYTHON names the interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# Two processes, as much of a test's time is one core's; whole files, as their tests share corpora and runs.
BOTH_CORES := -n 2 --dist loadfile
# Tests start hundreds of processes, and none compiles the package's source again.
unexport PYTHONDONTWRITEBYTECODE
# Of two tests at once each has a core: torch's second thread would wait for it in a busy loop.
test faults walkthroughs test-all: export OMP_NUM_THREADS := 1

.PHONY: demo docs test faults walkthroughs test-all soak lint types golden clean
.DELETE_ON_ERROR:

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trmpipe needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP)
	$(BIN)/python -m trmpipe.cli.demo demo

# The site, into ./site/. A link, an anchor or a name that leads nowhere, and a page that is in no list, end the build.
docs: $(STAMP)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --fresh-env -d $(VENV)/doctrees -b html docs site

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy -p trmpipe

test: lint types
	$(BIN)/python -m pytest $(BOTH_CORES) -m "not slow and not walkthrough" --ignore=tests/fault --ignore=tests/fuzz

# What is killed, lost, full, damaged or made by a stranger: each fault for real, most of them in processes of their own.
faults: $(STAMP)
	$(BIN)/python -m pytest $(BOTH_CORES) -m "not slow and not walkthrough" tests/fault tests/fuzz

# What pages tell their readers to do, done as they stand: tutorials, packages installed from wheels, the whole site.
walkthroughs: $(STAMP)
	$(BIN)/python -m pytest $(BOTH_CORES) -m "walkthrough and not slow"

test-all: lint types
	$(BIN)/python -m pytest $(BOTH_CORES)

# Hours: each test of tests/fuzz tries so many damaged files. --timeout=0, since one of them takes longer than any other test.
soak: $(STAMP)
	TRMPIPE_FUZZ_INPUTS=100000 $(BIN)/python -m pytest --timeout=0 tests/fuzz

golden: $(STAMP)
	$(BIN)/python -m tests.golden.renew

clean:
	rm -rf $(VENV) demo build dist site *.egg-info
