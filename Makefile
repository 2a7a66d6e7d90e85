# What people and CI call. Everything that a target needs and that is missing is installed or built by it.
# CONTRIBUTING.md says more.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
DEBUG_BINARY := .build/debug/martlet
RELEASE_BINARY := .build/release/martlet
DATA_DIR ?= ./martlet-data

# Developers' builds treat warnings as errors. It is part of the build plan, so every debug target must set it:
# otherwise SwiftPM builds everything again.
DEBUG_BUILD := MARTLET_WARNINGS_AS_ERRORS=1 swift build
DEBUG_TEST := MARTLET_WARNINGS_AS_ERRORS=1 swift test

# Passed here and not in the manifest: unsafe flags there would bar the device library from being a dependency.
RELEASE_FLAGS := -c release -Xswiftc -enforce-exclusivity=unchecked --static-swift-stdlib
RELEASE_BUILD := swift build --product martlet $(RELEASE_FLAGS)

BUILD_PACKAGES := libsqlite3-dev
TEST_PACKAGES := python3 python3-venv mosquitto-clients openssl nodejs node-mqtt
BENCH_PACKAGES := python3 gcc libc6-dev libssl-dev openssl mosquitto

# $(call install,PACKAGES): asks Debian for those that are missing, and for nothing when none is. A daemon that such a
# package brings is not started.
define install
missing=""; for package in $(1); do \
  dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
  command -v apt-get >/dev/null || { echo "make: no Debian here; needed is the like of:$$missing" >&2; missing=""; }; \
fi; \
if [ -n "$$missing" ]; then \
  root=""; [ "$$(id -u)" = 0 ] || root=sudo; \
  [ -z "$$root" ] || command -v sudo >/dev/null || { echo "make: run as root: apt-get install$$missing" >&2; exit 1; }; \
  echo "make: installing$$missing"; \
  $$root apt-get update -qq; \
  $$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef

# $(call stage,NAME,COMMAND): runs it and prints how long it took.
define stage
@start=$$(date +%s); $(2); \
printf -- '-- %s: %d.%d minutes\n' '$(1)' $$(( ($$(date +%s) - start) / 60 )) $$(( ($$(date +%s) - start) % 60 / 6 ))
endef

.PHONY: help setup setup-build setup-test setup-bench run build release test test-build test-swift test-compatibility bench bench-durable soak kills simulate fuzz clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-20s %s\n", $$1, $$2 }'

setup: setup-build setup-test ## install what builds and tests need, once

setup-build:
	@command -v swift >/dev/null || { echo "make: there is no swift on the PATH; see https://www.swift.org/install" >&2; exit 1; }
	@$(call install,$(BUILD_PACKAGES))

setup-test: $(VENV)/ready

setup-bench: setup-build
	@had=$$(command -v mosquitto || ls /usr/sbin/mosquitto 2>/dev/null || true); \
	$(call install,$(BENCH_PACKAGES)); \
	[ -n "$$had" ] || { systemctl disable --now mosquitto || service mosquitto stop || true; } >/dev/null 2>&1

$(VENV)/ready: Compatibility/requirements.txt
	@$(call install,$(TEST_PACKAGES))
	@echo "make: making $(VENV) with the AWS clients of $<"
	@rm -rf $(VENV) && python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

run: release ## build, then run the server in this terminal with its data in ./martlet-data
	@exec $(RELEASE_BINARY) serve --data-dir $(DATA_DIR)

release: setup-build ## build .build/release/martlet
	@[ -x $(RELEASE_BINARY) ] || echo "make: the first release build takes about ten minutes; later ones take seconds"
	$(RELEASE_BUILD)

build: setup-build ## build the debug binary with warnings as errors, as the tests use it
	$(DEBUG_BUILD) --product martlet

test: setup ## everything: Swift tests, then real clients against the built binary
	@$(MAKE) --no-print-directory test-build
	@$(MAKE) --no-print-directory test-swift
	@$(MAKE) --no-print-directory test-compatibility

test-build: setup-build
	$(call stage,build,$(DEBUG_BUILD) --build-tests)

test-swift:
	$(call stage,Swift tests,$(DEBUG_TEST) --skip-build)
	@.build/debug/simulate --seeds 2400
	@.build/debug/MQTTCodecFuzz $(wildcard Fuzz/Corpus/mqtt/* Fuzz/Found/mqtt/*)
	@SWIFT_DETERMINISTIC_HASHING=1 .build/debug/ConnectionFuzz $(wildcard Fuzz/Corpus/connection/* Fuzz/Found/connection/*)
	@.build/debug/IoTPolicyFuzz $(wildcard Fuzz/Corpus/policy/* Fuzz/Found/policy/*)
	@.build/debug/AWSModelFuzz $(wildcard Fuzz/Corpus/api/* Fuzz/Found/api/*)
	@.build/debug/ShadowFuzz $(wildcard Fuzz/Corpus/shadow/* Fuzz/Found/shadow/*)
	@.build/debug/MessageLogFuzz $(wildcard Fuzz/Corpus/log/* Fuzz/Found/log/*)
	@.build/debug/WebSocketFuzz $(wildcard Fuzz/Corpus/websocket/* Fuzz/Found/websocket/*)

# pytest closes with its own time, so that its line stays the last one.
test-compatibility: setup-test
	@MARTLET_BINARY=$(abspath $(DEBUG_BINARY)) $(VENV)/bin/pytest Compatibility

bench: setup-bench release ## measure start, memory and the standard set beside Debian's mosquitto
	@python3 Benchmarks/run.py $(BENCH)

bench-durable: setup-bench release ## measure durable messages, a long queue and the start after a kill, beside the bare disk
	@python3 Benchmarks/durable.py $(BENCH)

# make soak SOAK="--seconds 60 --connections 1000"
soak: setup-bench release ## 10,000 clients come, go and are killed for five minutes: nothing lost, nothing out of order, memory flat
	@python3 Benchmarks/soak.py $(SOAK)

# make kills KILLS="--kills 200 --seed 7"
kills: setup-test build ## 1,000 real SIGKILLs under load, about 12 minutes: nothing acknowledged is lost
	@MARTLET_BINARY=$(abspath $(DEBUG_BINARY)) $(VENV)/bin/python Compatibility/kill_loop.py $(KILLS)

# make simulate SEEDS=100000, or SIMULATE="--mode faults --first 17 --seeds 1 --trace"
SEEDS ?= 100000
SIMULATE ?= --seeds $(SEEDS)
simulate: setup-build ## the whole broker on a disk that fails, against its model: SEEDS
	swift build --product simulate $(RELEASE_FLAGS)
	@.build/release/simulate $(SIMULATE)

# make fuzz TARGET=IoTPolicyFuzz CORPUS=policy FUZZ_SECONDS=600
TARGET ?= MQTTCodecFuzz
CORPUS ?= mqtt
FUZZ_SECONDS ?= 60
fuzz: setup-build ## search for inputs that break a parser: TARGET, CORPUS, FUZZ_SECONDS
	swift build --scratch-path .build-fuzz --product $(TARGET) -Xswiftc -sanitize=fuzzer,address -Xswiftc -DFUZZING
	mkdir -p .build-fuzz/corpus/$(CORPUS)
	SWIFT_DETERMINISTIC_HASHING=1 .build-fuzz/debug/$(TARGET) -max_len=2000 -rss_limit_mb=2048 -timeout=20 -max_total_time=$(FUZZ_SECONDS) .build-fuzz/corpus/$(CORPUS) Fuzz/Corpus/$(CORPUS)

clean: ## remove what was built; data directories stay
	rm -rf .build $(VENV) Benchmarks/bin Benchmarks/results
