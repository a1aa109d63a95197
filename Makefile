# make demo   sets up all it needs and runs the main job on the bundled sample feeds
# make test   sets up all it needs and runs every test
# make faults kills, dead servers, bad answers: what becomes of the mail (minutes; FAULTS="--postgresql --only SIGKILL")
# make bench  how fast it is, beside named references (long; BENCH="--full", BENCH="--only sending")
# make check  format, lint, types, walls, tests

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

# Trust the certificates that the system trusts, as pip does.
export UV_SYSTEM_CERTS = 1
export UV_NATIVE_TLS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test faults bench check format lint types walls wheel clean

demo: $(VENV)/.runtime
	$(BIN)/digest demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal -q

# Kills, two and four processes at once, and some 37 faults of mail servers, 500 mails each.
faults: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m faults.suite $(FAULTS)

# Needs Debian's postfix and postgresql; says the machine, the date and the load.
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/suite.py $(BENCH)

check: lint types walls test

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

walls: $(VENV)/.dev
	$(BIN)/lint-imports

wheel: $(VENV)/.dev
	$(BIN)/python -m hatchling build -t wheel

clean:
	rm -rf $(VENV) build dist digest-demo

# Installs with uv if it can be had, with plain pip otherwise; always with the pinned versions.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Digest needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	    || { command -v uv >/dev/null && uv venv -q --clear -p $(PYTHON) $(VENV); }
	@uv=$$(command -v uv || echo $(BIN)/uv); \
	 test -x "$$uv" || $(BIN)/python -m pip install -q uv || true; \
	 test -x "$$uv" && "$$uv" pip install -q -p $(BIN)/python -c constraints.txt -e . $(1) \
	 || { $(BIN)/python -m pip install -q 'pip>=25.1' \
	      && $(BIN)/python -m pip install -q -c constraints.txt -e . $(1); }
	@touch $@
endef

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(call install,)

$(VENV)/.dev: pyproject.toml constraints.txt
	$(call install,--group dev)

$(VENV)/.bench: pyproject.toml constraints.txt
	$(call install,--group dev --group bench)
