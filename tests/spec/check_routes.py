#!/usr/bin/python3
"""check_routes.py ROUTES: the server's route table and api-spec/openapi.yaml name the same
routes and the same roles.

ROUTES has lines `METHOD /path/{template} role,role`, printed by a test program from the
table; a public route has no roles, or `-` or `public` in their place."""
import re
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

from contract import Contract, Report


def shape(path):
    """The path with its holes unnamed."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def read_routes(lines):
    routes = {}
    for line in lines:
        words = line.split()
        if not words:
            continue
        if len(words) not in (2, 3):
            raise ValueError("not a route: %r" % line)
        roles = words[2] if len(words) == 3 else "-"
        routes[(words[0].upper(), shape(words[1]))] = (
            words[1], set() if roles in ("-", "public") else set(roles.split(",")))
    return routes


def compare(contract, lines, report):
    served = read_routes(lines)
    written = {(op.method, shape(op.path)): op for op in contract.operations}
    for key in sorted(set(served) | set(written)):
        method, path = key[0], (served[key][0] if key in served else written[key].path)
        if key not in written:
            wrong = ["the server has it, the file does not"]
        elif key not in served:
            wrong = ["the file has it, the server does not"]
        else:
            roles = set(written[key].roles or [])
            wrong = [] if roles == served[key][1] else [
                "roles are %s in the server, %s in the file" %
                (",".join(sorted(served[key][1])) or "-", ",".join(sorted(roles)) or "-")]
        report.check("route %s %s" % (method, path), wrong)


def main():
    if len(sys.argv) != 2:
        sys.exit("use: check_routes.py ROUTES")
    report = Report()
    with open(sys.argv[1], encoding="utf-8") as f:
        compare(Contract.load(), f, report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
