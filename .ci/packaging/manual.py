#!/usr/bin/env python3
"""Writes the manual page of cutoverctl (man(7)) from what `cutoverctl --experimental-dump-help` prints on standard input.

The parser's own generator is a plugin that has to be built for it; this reads the same document."""
import json
import re
import sys

COMMON = {"plan", "fleet", "journal", "bundle", "as", "version", "help"}


def plain(text):
    """Text that the formatter takes as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def spelled(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def shown(command):
    return [one for one in command.get("arguments", []) if one.get("shouldDisplay", True)]


def is_common(argument):
    return argument["kind"] != "positional" and argument["preferredName"]["name"] in COMMON


def synopsis(path, command):
    words = []
    for one in shown(command):
        if is_common(one):
            continue
        if one["kind"] == "positional":
            word = "\\fI" + plain(one["valueName"]) + "\\fR" + (" ..." if one["isRepeating"] else "")
        else:
            word = "\\fB" + plain(spelled(one["preferredName"])) + "\\fR"
            if one["kind"] == "option":
                word += " \\fI" + plain(one["valueName"]) + "\\fR"
        words.append("[" + word + "]" if one["isOptional"] else word)
    return "\\fB" + plain(" ".join(path)) + "\\fR " + " ".join(words)


def paragraphs(text):
    return "\n.PP\n".join(plain(" ".join(part.split())) for part in text.split("\n\n"))


def argument(one):
    if one["kind"] == "positional":
        head = "\\fI" + plain(one["valueName"]) + "\\fR"
    else:
        head = ", ".join("\\fB" + plain(spelled(name)) + "\\fR" for name in one["names"])
        if one["kind"] == "option":
            head += " \\fI" + plain(one["valueName"]) + "\\fR"
    words = one.get("abstract", "")
    if one.get("defaultValue"):
        words += " Default: " + one["defaultValue"] + "."
    return ".TP\n" + head + "\n" + (plain(words) or "\\&")


def section(path, command, out):
    subcommands = [one for one in command.get("subcommands", []) if one.get("shouldDisplay", True) and one["commandName"] != "help"]
    if not subcommands:
        out.append(".SS " + plain(" ".join(path[1:])))
        out.append(plain(command.get("abstract", "")))
        out.append(".PP\n" + synopsis(path, command))
        if command.get("discussion"):
            out.append(".PP\n" + paragraphs(command["discussion"]))
        out += [argument(one) for one in shown(command) if not is_common(one)]
    for one in subcommands:
        section(path + [one["commandName"]], one, out)


def common(command):
    """Those that commands share, as the first one says them."""
    found = {}

    def visit(one):
        for each in shown(one):
            if is_common(each):
                found.setdefault(each["preferredName"]["name"], each)
        for below in one.get("subcommands", []):
            visit(below)

    visit(command)
    return [found[name] for name in ("plan", "fleet", "journal", "bundle", "as", "help", "version") if name in found]


FILES = [
    ("./cutover.yaml", "Names plan, fleet and journal for whoever works in that folder."),
    ("./cutover.db", "The journal, where nothing names another."),
    ("cutover.hold", "Beside the journal: while it is there, nothing new begins; its first line says why."),
    ("/etc/cutover/cutover.env", "The environment of the service cutover.service."),
]
VARIABLES = [
    ("CUTOVER_PLAN, CUTOVER_FLEET, CUTOVER_JOURNAL, CUTOVER_BUNDLE, CUTOVER_OPERATOR", "What the options of these names say."),
    ("CUTOVER_KEY", "The key you sign with."),
    ("CUTOVER_HOLD_FILE", "Another file that holds the fleet while it is there."),
    ("CUTOVER_SSH_CONFIG", "The OpenSSH client's configuration for hosts reached by ssh."),
    ("CUTOVER_PROGRAM_URL, CUTOVER_SSM_LOOK, CUTOVER_SSM_CALLS", "For hosts reached by AWS Systems Manager."),
    ("NO_COLOR", "No colours, not on a terminal either."),
]


def main():
    version = sys.argv[1] if len(sys.argv) > 1 else "cutoverctl"
    command = json.load(sys.stdin)["command"]
    name = command["commandName"]
    discussion = command.get("discussion", "").split("\n\n")
    out = ['.TH %s 1 "" "%s" "Cutover"' % (name.upper(), version), ".SH NAME", plain(name) + " \\- " + plain(command["abstract"].rstrip("."))]
    out += [".SH SYNOPSIS", "\\fB" + plain(name) + "\\fR \\fIcommand\\fR [\\fIarguments\\fR]"]
    out += [".SH DESCRIPTION", "\n.PP\n".join(plain(" ".join(part.split())) for part in discussion if not part.startswith("Exit codes"))]
    out += [".SH COMMANDS"]
    section([name], command, out)
    out += [".SH COMMON OPTIONS"] + [argument(one) for one in common(command)]
    out += [".SH EXIT STATUS"]
    codes = " ".join(" ".join(part.split()) for part in discussion if part.startswith("Exit codes")).removeprefix("Exit codes: ").rstrip(".")
    for part in re.split(r", (?=[0-9])", codes):
        number, _, words = part.partition(" ")
        out.append(".TP\n\\fB" + number + "\\fR\n" + plain(words))
    for title, rows in (("ENVIRONMENT", VARIABLES), ("FILES", FILES)):
        out += [".SH " + title] + [".TP\n\\fB" + plain(head) + "\\fR\n" + plain(words) for head, words in rows]
    out += [".SH SEE ALSO", plain("The runbooks in share/doc/cutover/runbooks, and docs/architecture.md there. ") + "\n.BR ssh (1)"]
    print("\n".join(out))


if __name__ == "__main__":
    main()
