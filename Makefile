# Everything runs in .venv, which `make install` makes; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two more processes work while the tests of two wait for a time, a process or an answer.
WORKERS ?= 4
MINUTES ?= 60
CLEO_TEST_SERVER ?= $(shell command -v redis-server)
# What depends on the server most: access lists, and each way that a task can take.
ON_REDIS := $(addprefix tests/engine/,access dead_letters test_life_of_a_task.py test_retries.py test_lost_workers.py \
	test_group_settings.py test_locks.py test_schedules.py test_events.py)

.PHONY: install demo test test-redis check format bench bench-console bench-groups bench-history bench-peers soak chaos screenshots snapshots clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cleo needs Python 3.11 or later; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

demo: install ## A server, workers and a workload that never ends, and the console on them.
	@$(BIN)/cleo-tui demo

test: install ## The whole suite, on servers of its own.
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist loadgroup -m 'not slow'

test-redis: install ## The core of the suite on the server that CLEO_TEST_SERVER names, or the installed redis-server.
	@test -x "$(CLEO_TEST_SERVER)" || { echo "There is no redis-server. Install it, or name one: make test-redis CLEO_TEST_SERVER=/path/to/it"; exit 1; }
	CLEO_TEST_SERVER=$(CLEO_TEST_SERVER) $(BIN)/python -m pytest $(ON_REDIS) -n $(WORKERS) --dist loadgroup -m 'not slow'

chaos: install ## The long forms: workers and servers killed for minutes.
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist loadgroup -m slow --timeout 900

check: install ## Lint, formatting, strict types, import contracts.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## The engine alone: goal and measured side by side.
	$(BIN)/python -m benchmarks.engine

bench-console: install ## The console on a real terminal: goal and measured side by side.
	$(BIN)/python -m benchmarks.console

soak: install ## The console on the demo's workload at full rate for MINUTES (60): memory flat, nothing logged, counts exact.
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

bench-groups: install ## Groups: cost of a claim, changes of the rules, fairness, shares; draws docs/groups-fairness.svg.
	$(BIN)/python -m benchmarks.groups --svg docs/groups-fairness.svg

bench-history: install ## What counters by group, worker and task name cost the drain, on and off in turn.
	$(BIN)/python -m benchmarks.history

bench-peers: install ## The engine beside its peers, in one run.
	$(BIN)/python -m benchmarks.engine --peers

screenshots: install ## The pictures of the README, out of the running console.
	$(BIN)/python -m tests.console.screenshots

snapshots: install ## Accept how the console's screens look now.
	$(BIN)/python -m pytest tests/console -n $(WORKERS) --dist loadgroup --snapshot-update

clean:
	rm -rf $(VENV) .bench-venvs .pytest_cache .ruff_cache .hypothesis
