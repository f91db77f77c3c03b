#!/usr/bin/env python3
"""Breaks one law of the product after the other, and sees who catches it.

    run.py [--only NAME[,NAME…]] [--sample COUNT --seed SEED]

Every file in List/ is one mutant: the law that it breaks, the exact text that is found in the sources, what is put in its place, and who is to catch
it. Those that are asked for are built at once into one scratch copy, each behind a switch that only its own run turns on (MUTANT=name): a build for
each would take the better part of a day. Nothing is ever changed in the work tree. Where a folder may be mounted, the copy takes what the work tree has
built with it and lies, for its own commands alone, where the work tree is: the compiler goes by whole paths. Elsewhere it is built from nothing.
"""
import argparse, os, random, re, shutil, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TREE = os.path.join(ROOT, ".build", "mutants")
# What setup and a build leave; the copy has no use for the rest.
BUILT = {"artifacts", "build.db", "checkouts", "debug", "debug.yaml", "pg", "plugin-tools.yaml", "plugins", "python", "repositories", "workspace-state.json"}
SWITCH = """import Foundation

/// Which law is broken in this run.
private let broken = ProcessInfo.processInfo.environment["MUTANT"]
func mutant(_ name: String) -> Bool { broken == name }
"""
SECONDS = 420


class Mutant:
    def __init__(self, path):
        self.name = os.path.basename(path)
        text = open(path).read()
        head, found, put = re.fullmatch(r"(.*?)^---- found\n(.*?)^---- put\n(.*?)^----\n", text, re.S | re.M).groups()
        fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
        self.law, self.file, self.form, self.catcher = fields["law"], fields["file"], fields["form"], fields["caught by"]
        self.found, self.put = found[:-1], put[:-1]

    def switched(self):
        """What stands in the scratch copy: both, told apart by the switch."""
        on = f'mutant("{self.name}")'
        if self.form == "expression":
            return f"({on} ? ({self.put}) : ({self.found}))"
        if self.form == "statement":
            return f"if {on} {{\n{self.put}\n}} else {{\n{self.found}\n}}"
        if self.form == "text":  # The text says itself where the switch goes.
            return self.put.replace("MUTANT", on)
        raise SystemExit(f"{self.name}: no form {self.form}")

    def command(self):
        kind, what = self.catcher.split(" ", 1)
        if kind == "test":
            # That the sources are these is held by StandTests, which any mutant would make red.
            return [".build/debug/cutoverPackageTests.xctest", "--testing-library", "swift-testing", "--filter", what, "--skip", "StandTests"]
        return ["bash", "-c", what]


def mutants(only, sample, seed):
    folder = os.path.join(HERE, "List")
    every = [Mutant(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    unknown = set(only) - {mutant.name for mutant in every}
    if unknown:
        raise SystemExit(f"no such mutant: {', '.join(sorted(unknown))}")
    if sample:
        print(f"{sample} of {len(every)} mutants, seed {seed}", flush=True)
        return random.Random(seed).sample(every, min(sample, len(every)))
    return [mutant for mutant in every if not only or mutant.name in only]


def place():
    """What is written before a command that is to find the copy where the work tree is; nothing where no folder may be mounted."""
    there = ["unshare", "--mount", "bash", "-c", 'mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"', TREE, ROOT]
    may = shutil.which("unshare") and subprocess.run([*there, "true"], capture_output=True).returncode == 0
    return there if may else []


def scratch():
    """The work tree as it is, committed or not."""
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(os.path.join(TREE, ".build"))
    names = [name for name in os.listdir(ROOT) if name not in (".build", ".git", ".lab")]
    subprocess.run(["cp", "-a", *names, TREE], cwd=ROOT, check=True)
    there = place()
    debug = os.path.join(ROOT, ".build", "debug")
    # A clone that has built nothing yet has no such link.
    built = BUILT | {os.path.dirname(os.readlink(debug))} if there and os.path.islink(debug) else {"pg", "python"}
    kept = [name for name in os.listdir(os.path.join(ROOT, ".build")) if name in built]
    subprocess.run(["cp", "-a", *kept, os.path.join(TREE, ".build")], cwd=os.path.join(ROOT, ".build"), check=True)
    return there


def apply(chosen):
    rooms, lost = set(), []
    for mutant in chosen:
        path = os.path.join(TREE, mutant.file)
        text = open(path).read()
        if text.count(mutant.found) != 1:
            lost.append(f"{mutant.name}: its text is {'not found' if mutant.found not in text else 'found more than once'} in {mutant.file}")
            continue
        with open(path, "w") as file:
            file.write(text.replace(mutant.found, mutant.switched()))
        rooms.add(os.sep.join(mutant.file.split(os.sep)[:2]))
    for room in rooms:
        with open(os.path.join(TREE, room, "Mutants.swift"), "w") as file:
            file.write(SWITCH)
    if lost:
        raise SystemExit("\n".join(lost))


def run(command, name, within=SECONDS):
    began = time.time()
    # A group of its own: whatever the catcher began ends with it.
    log = open(os.path.join(TREE, ".build", f"mutant-{name or 'none'}.log"), "w")
    child = subprocess.Popen(command, cwd=TREE, env=dict(os.environ, MUTANT=name), stdout=log, stderr=log, start_new_session=True)
    try:
        code = child.wait(within)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        child.wait()
        code = "no end"
    return code, time.time() - began


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--only", default="")
    arguments.add_argument("--sample", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    chosen = mutants([name for name in given.only.split(",") if name], given.sample, given.seed)
    there = scratch()
    apply(chosen)
    build = run([*there, "swift", "build", "--build-tests"], "build", 5400)
    if build[0] != 0:
        raise SystemExit(f"the mutants can not be built ({build[0]}): {TREE}/.build/mutant-build.log")
    print(f"built in {build[1]:.0f} s", flush=True)
    bad = 0
    sound = {}
    for mutant in chosen:
        # A catcher that is red by itself catches nothing.
        if mutant.catcher not in sound:
            sound[mutant.catcher] = run(there + mutant.command(), "")[0]
        if sound[mutant.catcher] != 0:
            print(f"{mutant.name}: {mutant.catcher} is red without it ({sound[mutant.catcher]})", flush=True)
            bad += 1
            continue
        code, took = run(there + mutant.command(), mutant.name)
        if code == 0:
            bad += 1
            print(f"{mutant.name} SURVIVED {mutant.catcher}: {mutant.law}", flush=True)
        else:
            print(f"{mutant.name} caught by {mutant.catcher} ({code}, {took:.0f} s)", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} caught")
    sys.exit(1 if bad else 0)


main()
