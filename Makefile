# Two commands are all a new user needs: `make demo` and `make test`. Both set up everything they use.
.PHONY: setup build bundle install deb demo test test-all simulate crash-points endurance bench fuzz mutants sanitize lab-down clean help

help:
	@echo "make demo      bring up a real fleet, cut it over, take one tenant back; TRANSPORT=ssh over OpenSSH, TRANSPORT=ssm over AWS SSM"
	@echo "make test      everything CI runs; long parts are sampled, the seed is printed"
	@echo "make test-all  everything, whole"
	@echo "make simulate  whole rollouts in worlds in which everything goes wrong; SEEDS=n FROM=s"
	@echo "make crash-points  a rollout killed at each of its crash points; stopped, it goes on where it was; TENANTS=n side by side, KILLS=n a run"
	@echo "make endurance     rollouts there and back, with kills, watching what grows; MINUTES=n"
	@echo "make bench     the figures promised, measured; ONLY=name for one, ROWS=n to try with less"
	@echo "make fuzz      hostile input for what reads files and answers; TARGET=name for one, SECONDS=n, SEED=s"
	@echo "make mutants   breaks one law after the other and sees who catches it; ONLY=name for one"
	@echo "make sanitize  the tests under a sanitizer; KIND=thread or address, ONLY=filter"
	@echo "make bundle    what host.prepare puts on hosts of this architecture, in .build/bundles"
	@echo "make install   the program, its manual page, completions, unit and runbooks under PREFIX (/usr/local); DESTDIR=folder for packages"
	@echo "make deb       the same as a Debian package, in .build/packages"
	@echo "make build     build the programs;  make setup: only install what they need"
	@echo "make lab-down  stop the lab in ./.lab"

setup:
	@.ci/setup

# The import check refuses an import that Package.swift does not declare, which a warm build would let through.
build: setup
	@swift build --explicit-target-dependency-import-check error

bundle: setup
	@.ci/bundle

install: setup
	@PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DESTDIR=$(DESTDIR) .ci/install

deb: setup
	@.ci/deb

demo: build
	@TRANSPORT=$(TRANSPORT) .ci/demo

test: setup
	@.ci/test

test-all: setup
	@.ci/test --all

# Optimised, on every core.
simulate: setup
	@swift build -c release --product simulator
	@.ci/simulate $(or $(SEEDS),100) $(or $(FROM),1)

crash-points: build
	@TENANTS=$(TENANTS) KILLS=$(KILLS) .build/debug/end-to-end --only crash-points-whole

endurance: build
	@MINUTES=$(MINUTES) .build/debug/end-to-end --only endurance

# The same versions of everything as the product's own build.
bench: setup
	@[ ! -e Package.resolved ] || cp Package.resolved Benchmarks/
	@swift build --package-path Benchmarks --scratch-path .build/bench -c release --product cutover-bench
	@swift build --package-path Benchmarks --scratch-path .build/bench -c release --product cutoverctl
	@.build/bench/release/cutover-bench $(ONLY)

# Hostile input for one target or all of them: whatever breaks one is kept in Tests/Fuzz/Corpus and replayed by the tests.
fuzz: setup
	@swift build --product fuzz
	@.build/debug/fuzz $(or $(TARGET),all) --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

# One law after the other is broken in a scratch copy, and somebody has to catch it.
mutants: setup
	@Tests/Mutants/run.py $(if $(ONLY),--only $(ONLY))

sanitize: setup
	@.ci/sanitize $(or $(KIND),thread) $(ONLY)

lab-down:
	@.build/debug/cutover-lab down

clean:
	@rm -rf .build
