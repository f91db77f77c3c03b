#!/usr/bin/env python3
"""Breaks one law of the product after the other, and sees who catches it.

    run.py [--only NAME[,NAME…]] [--tree FOLDER]

Every file in List/ is one mutant: the law that it breaks, the exact text that is found in the sources, what is put in its place, and who is to catch
it. All of them are built at once into one scratch copy, each behind a switch that only its own run turns on (MUTANT=name): a build for each would take
the better part of a day. Nothing is ever changed in the work tree.
"""
import argparse, os, re, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
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
            return [".build/debug/cutoverPackageTests.xctest", "--testing-library", "swift-testing", "--filter", what]
        return ["bash", "-c", what]


def mutants(only):
    folder = os.path.join(HERE, "List")
    every = [Mutant(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    unknown = set(only) - {mutant.name for mutant in every}
    if unknown:
        raise SystemExit(f"no such mutant: {', '.join(sorted(unknown))}")
    return every, [mutant for mutant in every if not only or mutant.name in only]


def scratch(tree):
    if not os.path.isdir(tree):
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--detach", tree, "HEAD"], check=True)
    else:
        subprocess.run(["git", "-C", tree, "checkout", "-q", "--force", "--detach", subprocess.check_output(["git", "-C", ROOT, "rev-parse", "HEAD"], text=True).strip()], check=True)
    # Postgres and whatever else setup has put there are the same.
    os.makedirs(os.path.join(tree, ".build"), exist_ok=True)
    for name in os.listdir(os.path.join(ROOT, ".build")):
        link = os.path.join(tree, ".build", name)
        if name in ("pg", "python") and not os.path.lexists(link):
            os.symlink(os.path.join(ROOT, ".build", name), link)


def apply(every, tree):
    rooms, lost = set(), []
    for mutant in every:
        path = os.path.join(tree, mutant.file)
        text = open(path).read()
        if text.count(mutant.found) != 1:
            lost.append(f"{mutant.name}: its text is {'not found' if mutant.found not in text else 'found more than once'} in {mutant.file}")
            continue
        with open(path, "w") as file:
            file.write(text.replace(mutant.found, mutant.switched()))
        rooms.add(os.sep.join(mutant.file.split(os.sep)[:2]))
    for room in rooms:
        with open(os.path.join(tree, room, "Mutants.swift"), "w") as file:
            file.write(SWITCH)
    return lost


def run(command, tree, name):
    began = time.time()
    # A group of its own: whatever the catcher began ends with it.
    log = open(os.path.join(tree, ".build", f"mutant-{name or 'none'}.log"), "w")
    child = subprocess.Popen(command, cwd=tree, env=dict(os.environ, MUTANT=name), stdout=log, stderr=log, start_new_session=True)
    try:
        code = child.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        child.wait()
        code = "no end"
    return code, time.time() - began


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--only", default="")
    arguments.add_argument("--tree", default=os.path.join(ROOT, ".build", "mutants"))
    arguments.add_argument("--as-it-is", action="store_true", help="the tree is built already")
    given = arguments.parse_args()
    every, chosen = mutants([name for name in given.only.split(",") if name])
    if not given.as_it_is:
        scratch(given.tree)
        lost = apply(every, given.tree)
        if lost:
            raise SystemExit("\n".join(lost))
        subprocess.run(["swift", "build", "--build-tests"], cwd=given.tree, check=True)
    bad = 0
    sound = {}
    for mutant in chosen:
        # A catcher that is red by itself catches nothing.
        if mutant.catcher not in sound:
            sound[mutant.catcher] = run(mutant.command(), given.tree, "")[0]
        if sound[mutant.catcher] != 0:
            print(f"{mutant.name}: {mutant.catcher} is red without it ({sound[mutant.catcher]})", flush=True)
            bad += 1
            continue
        code, took = run(mutant.command(), given.tree, mutant.name)
        if code == 0:
            bad += 1
            print(f"{mutant.name} SURVIVED {mutant.catcher}: {mutant.law}", flush=True)
        else:
            print(f"{mutant.name} caught by {mutant.catcher} ({code}, {took:.0f} s)", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} caught")
    sys.exit(1 if bad else 0)


main()
