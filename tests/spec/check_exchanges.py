#!/usr/bin/python3
"""check_exchanges.py FILE: every exchange the end-to-end tests had with the service, held
against api-spec/openapi.yaml.

FILE has one JSON object a line: {"method", "path" (with query), "status", "content_type",
"body" (text, null if it was not kept), "request_content_type"}. One test an operation and
status, so that a failure names what is wrong and not five hundred requests."""
import collections
import json
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

from contract import PROBLEM, Contract, Report, bare

# What a path that is not in the file, or not proper HTTP, may be answered with.
STRAY = {404: "no_route", 400: "bad_request"}


def problem_code(exchange):
    try:
        return json.loads(exchange["body"])["code"]
    except (TypeError, KeyError, ValueError):
        return None


def check_stray(contract, exchange, template):
    """An exchange without an operation: another method, or a path that is not there."""
    status, body = exchange["status"], exchange["body"]
    what = "%s %s answered %s" % (exchange["method"], exchange["path"][:120], status)
    wanted = {405: "method_not_allowed"} if template else STRAY
    if template and status == 400:
        wanted = STRAY
    if status not in wanted:
        return ["%s and the file does not have it" % what]
    if exchange["method"] == "HEAD" or body is None:
        return []
    if bare(exchange["content_type"]) != PROBLEM:
        return ["%s as %s" % (what, exchange["content_type"])]
    media = {"schema": {"$ref": "#/components/schemas/Problem"}}
    out = contract.check_body(PROBLEM, media, body)
    if not out and problem_code(exchange) != wanted[status]:
        out = ["%s with code %s" % (what, problem_code(exchange))]
    return out


def check_one(contract, exchange):
    """(name of the test it counts for, complaints)"""
    method, path = exchange["method"].upper(), exchange["path"]
    head = method == "HEAD"  # answers as GET does, without the body (RFC 9110, 9.3.2)
    op = contract.find("GET" if head else method, path)
    if op is None:
        template = contract.path_of(path)
        name = "%s_%s" % ("other_method" if template else "other_path", exchange["status"])
        return name, check_stray(contract, exchange, template)
    complaints = contract.check_answer(op, exchange["status"], exchange["content_type"],
                                       None if head else exchange["body"])
    return ("%s_%s" % (op.id, exchange["status"]),
            ["%s %s: %s" % (method, path[:120], c) for c in complaints])


def check_file(contract, lines, report):
    found = collections.OrderedDict()
    for n, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name, complaints = check_one(contract, json.loads(line))
        except (ValueError, KeyError, AttributeError, TypeError) as e:
            name, complaints = "record_%d" % n, ["not a record: %r" % e]
        found.setdefault(name, []).extend(complaints)
    if not found:
        report.check("exchanges", ["there are none"])
    for name, complaints in found.items():
        report.check("exchanges_%s" % name, complaints)


def main():
    if len(sys.argv) != 2:
        sys.exit("use: check_exchanges.py FILE")
    report = Report()
    with open(sys.argv[1], encoding="utf-8") as f:
        check_file(Contract.load(), f, report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
