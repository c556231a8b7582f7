# What one does with this project, by name. `make help` lists it.
#
# Every target looks for the tools it needs first and installs what is missing, saying so; none needs a
# second run. A toolchain from rustup is found even where the shell has not been restarted since.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.PHONY: help demo test test-peers fmt lint check doc bench fuzz fuzz-wire schema deny

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name does; do \
		printf '  make %-12s%s\n' "$$name" "$$does"; done

demo: ## The gate on 127.0.0.1:8080 with a customers API behind it; Ctrl-C ends both
	@scripts/need cargo cc cmake
	@scripts/demo $(ARGS)

test: ## Every test, and the pure core once more without anything async
	@scripts/need cargo cc cmake
	cargo test --locked
	cargo test --locked --no-default-features --lib

test-peers: ## What others make of it: curl, jq, OpenSSL, promtool, logrotate, systemd, mandoc; hyper, h11, Node; htpasswd
	@scripts/need cargo cc cmake curl jq logrotate mandoc openssl promtool systemd-analyze node h11 htpasswd argon2 passlib
	@scripts/test-peers

fmt: ## Format the code
	@scripts/need cargo rustfmt
	cargo fmt

lint: ## Clippy, warnings forbidden
	@scripts/need cargo clippy cc cmake
	cargo clippy --locked --all-targets -- -D warnings

check: ## What must hold before a commit: format, clippy, tests
	@scripts/need cargo rustfmt
	cargo fmt --check
	@$(MAKE) --no-print-directory lint test

doc: ## The documentation of the code, warnings forbidden
	@scripts/need cargo cc cmake
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

bench: ## Micro-benchmarks of the decision, of knowing who asks and of telling of it
	@scripts/need cargo cc cmake
	cargo bench --locked

fuzz: ## Every fuzz target for a minute; or TARGET=json_body TIME=600
	@scripts/need cargo cc nightly cargo-fuzz
	@scripts/fuzz "$(TARGET)" "$(or $(TIME),60)"

fuzz-wire: ## Requests to hyper, h11 and Node, too, for a minute; or SEED=7, COUNT=100000 or TIME=600
	@scripts/need cargo cc node h11
	@scripts/fuzz-wire "$(or $(SEED),$(shell date +%s))" "$(or $(COUNT),0)" "$(or $(TIME),$(if $(COUNT),0,60))"

schema: ## Write schemas/portcullis.schema.json anew from the types of the configuration
	@scripts/need cargo cc cmake
	cargo run --locked --quiet -- schema > schemas/.portcullis.schema.json
	mv schemas/.portcullis.schema.json schemas/portcullis.schema.json

deny: ## Licences, advisories, duplicates and sources of the dependencies
	@scripts/need cargo cargo-deny
	cargo deny --all-features check
