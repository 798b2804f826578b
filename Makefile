# make demo    sets everything up in .venv and opens the page
# make test    sets up and runs the whole suite
# make docs    builds the documentation as a site
# make check   lint, format, types, import contracts, security, figures in the texts
PYTHON := .venv/bin/python
RUN := .venv/.requirements.ready
DOCS := .venv/.requirements-docs.ready
DEV := .venv/.requirements-dev.ready
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export NO_MKDOCS_2_WARNING := 1

.PHONY: demo setup test test-fast docs check format clean

demo: $(RUN)
	$(PYTHON) app.py --open

setup: $(DEV)

test: $(DEV)
	$(PYTHON) -m pytest -n 2 --dist loadfile -m "not browser"
	$(PYTHON) -m pytest -m browser

test-fast: $(DEV)
	$(PYTHON) -m pytest -m "not browser and not slow"

docs: $(DOCS)
	$(PYTHON) -m mkdocs build --strict
	@echo "The documentation is at build/site/index.html."

check: $(DEV)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/lint-imports
	.venv/bin/bandit -q -c pyproject.toml -r app app.py sadal_core sadal_demo scripts benchmarks examples
	$(PYTHON) scripts/audit.py
	$(PYTHON) scripts/measured_tables.py --check

format: $(DEV)
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp per list of requirements: made again when the list or the set-up changes.
.venv/.%.ready: %.txt scripts/setup.sh scripts/check_install.py
	@sh scripts/setup.sh $<
	@touch $@

$(DOCS): requirements.txt requirements/docs.txt
$(DEV): requirements.txt $(wildcard requirements/*.txt)
