# Everything here sets itself up in .venv on a machine that has Python 3.11 and make.
PYTHON ?= python3.11
VENV   ?= .venv
INFRA  ?= .venv-infra
ENV    ?= dev
JOBS   ?= 2

BIN := $(VENV)/bin
PIP_QUIET := --quiet --disable-pip-version-check --no-input
export DAGSTER_DISABLE_TELEMETRY := 1
# Compiling every library again for every command would take longer than the commands.
unexport PYTHONDONTWRITEBYTECODE

# `make dev` shows the demo's lake unless the environment or a .env file names another.
ifeq ($(wildcard .env),)
export CLICKSTREAM_LAKE_URI ?= demo/lake
export DAGSTER_HOME ?= $(CURDIR)/demo/dagster
endif

.DEFAULT_GOAL := help
.PHONY: help demo dev aws-local test test-all lint bench docs pictures lock clean infra infra-deploy infra-destroy
.DELETE_ON_ERROR:

help: ## Show these targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# -- set-up: stamps make a second call do nothing while the locks are the same ---------------------------------------

$(VENV)/.bootstrap: requirements/bootstrap.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python 3.11 is needed and '$(PYTHON)' was not found. Install it, or say where: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Python 3.11 is needed; $(PYTHON) is `$(PYTHON) -V`."; exit 1; }
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu, install python3.11-venv."; exit 1; }
	@# uv installs in seconds; where it cannot be had, pip does everything.
	@$(BIN)/python -m pip install $(PIP_QUIET) -r $< || echo "uv is not to be had here: going on with pip"
	@touch $@

# uv first; pip where uv fails, for example behind an index that only pip is configured for.
define install
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r $(1) 2>$(VENV)/uv.log || { \
	  [ ! -x $(BIN)/uv ] || echo "uv could not install $(1) ($(VENV)/uv.log): going on with pip"; \
	  $(BIN)/python -m pip install $(PIP_QUIET) -r $(1); }
endef

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml $(VENV)/.bootstrap
	@echo "Installing requirements/runtime.txt"
	$(call install,requirements/runtime.txt)
	@$(BIN)/python -m pip install $(PIP_QUIET) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing requirements/dev.txt"
	$(call install,requirements/dev.txt)
	@touch $@

# The CDK app has an environment of its own: jsii wants an older typeguard than Pandera.
$(INFRA)/.installed: requirements/infra.txt $(VENV)/.bootstrap
	@echo "Setting up $(INFRA)"
	@$(PYTHON) -m venv $(INFRA)
	@$(BIN)/uv pip install --quiet --python $(INFRA)/bin/python -r requirements/infra.txt 2>$(INFRA)/uv.log || \
	  $(INFRA)/bin/python -m pip install $(PIP_QUIET) -r requirements/infra.txt
	@touch $@

FUNCTION_MODULES := $(foreach part,contract ingest lambdas realtime simulate,$(wildcard clickstream_platform/$(part)/*.py clickstream_platform/$(part)/*/*.py))

build/functions/.built: requirements/runtime.txt infra/package.py $(FUNCTION_MODULES) | $(VENV)/.dev
	@echo "Packaging the functions"
	@$(BIN)/python -m infra.package
	@touch $@

# -- use -------------------------------------------------------------------------------------------------------------

DEMO_ENV := CLICKSTREAM_LAKE_URI=demo/lake DAGSTER_HOME=$(CURDIR)/demo/dagster
DEMO_SQL := select date, sum(total_orders) as orders, sum(total_revenue) as revenue from daily_sales_summary group by date order by date limit 7

demo: $(VENV)/.runtime ## From simulated raw files to gold in demo/, with checks.
	@[ -f demo/truth/counts.json ] || $(BIN)/clickstream simulate demo --days 30 --events 510000 --seed 1
	@$(DEMO_ENV) $(BIN)/clickstream ingest demo/landing
	@$(DEMO_ENV) $(BIN)/clickstream build
	@$(DEMO_ENV) $(BIN)/clickstream sql "$(DEMO_SQL)"
	@echo
	@echo "Next:"
	@echo "  make dev      the Dagster UI over this lake, with sensors running"
	@echo "  CLICKSTREAM_LAKE_URI=demo/lake $(BIN)/clickstream sql      SQL over every table"
	@echo "  make test     linters, types and tests"

dev: $(VENV)/.runtime ## The Dagster UI with sensors running, on http://127.0.0.1:3000.
	@$(BIN)/clickstream dev

aws-local: $(VENV)/.dev ## Everything on an emulated AWS, a shop's events flowing; the Dagster UI on port 3000.
	@$(BIN)/clickstream aws-local

infra: $(VENV)/.dev $(INFRA)/.installed build/functions/.built ## The CloudFormation templates of ENV=dev, checked.
	@$(INFRA)/bin/python -m infra.app $(ENV)
	@$(BIN)/cfn-lint "infra/cdk.out/$(ENV)/*.template.json"
	@echo "infra/cdk.out/$(ENV) is ready: make infra-deploy ENV=$(ENV)"

CDK := npx --yes aws-cdk@2.1148.1
CDK_APP := --app "$(INFRA)/bin/python -m infra.app $(ENV)" --output infra/cdk.out/$(ENV)

infra-deploy: infra ## Deploy ENV=dev to the account of your AWS credentials; needs Node and npm.
	@$(CDK) deploy $(CDK_APP) --all --require-approval broadening

infra-destroy: infra ## Take ENV=dev down; data stays where the settings keep it.
	@# What writes goes first, then what it wrote unless the settings keep it, then the rest.
	-@$(CDK) destroy $(CDK_APP) --exclusively $(foreach stack,api streaming orchestration,clickstream-$(ENV)-$(stack))
	@$(BIN)/python -m infra.empty $(ENV)
	@$(CDK) destroy $(CDK_APP) --all

test: lint $(INFRA)/.installed build/functions/.built ## Linters, types and the fast tests.
	@$(BIN)/pytest -q -n $(JOBS) -m "not slow and not browser"

test-all: lint $(INFRA)/.installed build/functions/.built ## The same with the slow and the browser tests.
	@$(BIN)/pytest -q -n $(JOBS)

lint: $(VENV)/.dev ## ruff, mypy and import-linter.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev ## Throughput and memory, beside hand-written DuckDB SQL.
	@$(BIN)/python -m benchmarks

docs: $(VENV)/.runtime ## Write the generated parts of docs/ anew.
	@$(BIN)/python docs/generate.py

pictures: $(VENV)/.runtime ## Draw the pictures of docs/analyst anew, from half a year of an invented shop.
	@[ -f build/pictures/truth/counts.json ] || $(BIN)/clickstream simulate build/pictures --days 180 --shoppers 8000 --seed 1
	@CLICKSTREAM_LAKE_URI=build/pictures/lake $(BIN)/clickstream ingest build/pictures/landing
	@CLICKSTREAM_LAKE_URI=build/pictures/lake DAGSTER_HOME=$(CURDIR)/build/pictures/dagster $(BIN)/clickstream build
	@$(BIN)/python docs/pictures.py build/pictures/lake

lock: $(VENV)/.bootstrap ## Write requirements/*.txt anew from pyproject.toml.
	@$(BIN)/uv pip compile --quiet --upgrade $(LOCK) -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --upgrade $(LOCK) -c requirements/runtime.txt $(DEV_EXTRAS) -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --upgrade requirements/infra.in --python-version 3.11 --no-header --no-annotate --no-emit-index-url -o requirements/infra.txt

LOCK := pyproject.toml --python-version 3.11 --no-header --no-annotate --no-emit-index-url
DEV_EXTRAS := --extra dev --extra aws-local --extra dashboard --extra postgres --extra spark

clean: ## Remove the demo, caches and .venv; a lake of your own stays.
	@rm -rf demo .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(VENV) $(INFRA) infra/cdk.out
	@find clickstream_platform clickstream_platform_tests -name __pycache__ -type d -prune -exec rm -rf {} +
