# Two commands are all a new user needs: `make demo` and `make test`. Both set up everything they use.
.PHONY: setup build demo test test-all lab-down clean help

help:
	@echo "make demo      bring up a real fleet, cut it over, take one tenant back"
	@echo "make test      everything CI runs; long parts are sampled, the seed is printed"
	@echo "make test-all  everything, whole"
	@echo "make build     build the programs;  make setup: only install what they need"
	@echo "make lab-down  stop the lab in ./.lab"

setup:
	@.ci/setup

# The import check refuses an import that Package.swift does not declare, which a warm build would let through.
build: setup
	@swift build --explicit-target-dependency-import-check error

demo: build
	@.ci/demo

test: setup
	@.ci/test

test-all: setup
	@.ci/test --all

lab-down:
	@.build/debug/cutover-lab down

clean:
	@rm -rf .build
