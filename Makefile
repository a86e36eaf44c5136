# One task runner. `make demo` and `make test` set themselves up on a machine with only git, python3 (3.11+) and make.
SHELL := /bin/bash
PY := .venv/bin/python
BIN := .venv/bin
# One more than there are cores: tests also wait, for processes and answers.
WORKERS ?= 3
# Without compiled modules every process would read all sources anew, which takes longer than most commands.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test prove lint types imports docs docs-check bench eval serve clean lock ci

demo: .venv/.runtime
	$(BIN)/roastery demo $(if $(ONCE),--once,)

serve: .venv/.runtime
	$(BIN)/roastery serve

test: .venv/.dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove" $(ARGS)

prove: export ROASTERY_TESTS_EXAMPLES = all
prove: .venv/.dev
	$(BIN)/pytest -n $(WORKERS) -m "prove or hypothesis" $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: .venv/.dev
	$(BIN)/mypy

imports: .venv/.dev
	$(BIN)/lint-imports

docs: .venv/.dev
	$(BIN)/roastery docs

docs-check: .venv/.dev
	$(BIN)/roastery docs --check
	$(BIN)/roastery validate

bench: .venv/.dev
	$(BIN)/roastery bench

eval: .venv/.dev
	$(BIN)/roastery eval

lock: .venv/.dev
	$(BIN)/uv export -q --no-emit-project --no-annotate --no-header --format requirements-txt -o requirements.lock
	$(BIN)/uv export -q --no-emit-project --no-annotate --no-header --group dev --format requirements-txt -o requirements-dev.lock
	rm -f uv.lock

.venv/.runtime: requirements.lock pyproject.toml
	@bash .ci/setup requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml
	@bash .ci/setup requirements-dev.lock
	@touch $@ .venv/.runtime

clean:
	rm -rf .venv .roastery
