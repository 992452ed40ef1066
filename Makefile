# Everything a developer, CI or an operator does to this repository. `make` lists it.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

LOCKSTEP := go run ./cmd/lockstep
GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
ACTIONLINT := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
VERSION ?= dev
export CHROMIUM_PATH ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome || true)
export NEXT_TELEMETRY_DISABLED := 1

.PHONY: help dev web setup generate migration verify contract lint test test-go test-major scale corpus soak bench test-deploy test-update test-sdk test-runtimes e2e build image clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: ## run Postgres, migrations, seed, issuer and server; Ctrl-C stops all
	@$(LOCKSTEP) dev

web: ## the same, and the Next.js app
	@$(LOCKSTEP) dev --web

setup: ## install npm packages, Postgres, the test browser and PgBouncer, where they are missing
	@$(LOCKSTEP) setup

generate: ## regenerate everything from ent/schema, and type-check it: make generate [args=--write-first]
	@$(LOCKSTEP) generate $(args)

migration: ## plan the next migration and its reverse: make migration name=add_x [args=--rename=users.a=b]
	@$(if $(name),,$(error say what it does: make migration name=add_projects))$(LOCKSTEP) migration --name $(name) $(args)

verify: ## prove that schema, migrations and their reverses agree
	@$(LOCKSTEP) migrate verify

contract: ## compare the contract with the base branch's, and check its version: make contract base=origin/main
	@$(LOCKSTEP) contract $(if $(base),--base $(base))

lint: setup ## check style, floors and types
	@echo "golangci-lint: built on first use, which takes some minutes"
	$(GOLANGCI) run
	cd deploy && $(GOLANGCI) run # a module of its own
	$(ACTIONLINT)
	npm run --silent typecheck

test: test-go test-deploy test-sdk e2e ## all tests: Go, manifests, SDK, and the real stack in a real browser

test-go: setup ## Go tests, on an embedded Postgres
	go vet ./...
	@echo "Atlas CLI, the planner's second witness: built on first use, which takes some minutes"
	go tool -modfile=tools/go.mod -n atlas >/dev/null
	go test -timeout 30m ./...

# What asks a database most; all of them takes minutes more: make test-major packages=./...
packages ?= ./internal/pgcatalog ./internal/migrate ./internal/pg ./internal/retention ./internal/rules
test-major: setup ## tests of the database on another major of Postgres: make test-major [major=18] [packages=./...]
	LOCKSTEP_POSTGRES_MAJOR=$(or $(major),18) go test -timeout 30m $(packages)

test-deploy: ## the Kubernetes manifests: rendered, decoded strictly, held to Pod Security and to the server's settings
	cd deploy && go vet ./... && go test ./...

scale: setup ## what 40 more entities cost: takes minutes
	go test ./cmd/lockstep -tags scale -run '^TestScale$$' -v -timeout 40m

corpus: setup ## odd schemas, generated, migrated up, down and up, served and type-checked: takes some minutes
	go test ./cmd/lockstep -tags corpus -run '^TestCorpus$$' -v -timeout 30m

soak: ## one tenant attacks, two others work: failures and latencies of those; takes some 13 minutes
	go run ./bench soak

bench: ## our server against a hand-written one on the same data: ratios, latencies, CPU, memory
	go run ./bench

# Commit of the release that servers are updated from.
PREVIOUS ?= b3fda74

test-update: setup ## servers of the release before and of this one, side by side, write nothing twice: make test-update [PREVIOUS=commit]
	LOCKSTEP_TEST_PREVIOUS=$(PREVIOUS) go test ./cmd/server -tags update -run '^TestUpdate' -count=1 -v

test-sdk: setup ## SDK tests against a local HTTP server
	npm test --silent -w clients/ts

test-runtimes: setup ## the SDK in Bun, Deno and workerd, which npm installs
	npm run --silent test:runtimes -w clients/ts

e2e: setup ## SDK and browser tests against the running stack
	npm run --silent e2e -w web

build: ## the production binary, bin/server
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/server ./cmd/server
	@ls -l bin/server | awk '{printf "built %s, %.1f MB\n", $$NF, $$5/1e6}'

image: ## the same as a container image, without a daemon: make image VERSION=1.4.0 [platforms=linux/amd64,linux/arm64]
	@$(LOCKSTEP) image --version $(VERSION) $(if $(platforms),--platform $(platforms))

clean: ## remove build output; data and tokens in .lockstep stay
	rm -rf bin clients/ts/dist clients/ts/.test web/.next web/.e2e
