#!/usr/bin/python3
"""The checkers, checked: each is given something right, which it must let pass, and something
wrong, which it must refuse, with the test that says so."""
import copy
import http.server
import io
import json
import sys
import tempfile
import threading

import yaml

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

import check_exchanges
import check_routes
import run_examples
import validate_spec
from contract import Contract, Report


def failures(check, *args):
    """Names of the tests that fail in a run of `check`."""
    out = io.StringIO()
    report = Report(out)
    check(*args, report)
    lines = out.getvalue().splitlines()
    named = [line.split(":")[0][len("not ok "):] for line in lines if line.startswith("not ok ")]
    assert named == report.failed and report.exit_code() == (1 if named or not lines else 0)
    return named


# ---- validate_spec ----------------------------------------------------------------------


def break_spec(spec, how):
    paths, parts = spec["paths"], spec["components"]
    if how == "ref":
        paths["/v1/keys"]["get"]["responses"]["401"]["$ref"] = "#/components/responses/Gone"
    elif how == "example":
        parts["examples"]["collection"]["value"]["assets"] = "many"
    elif how == "request_example":
        media = paths["/v1/keys"]["post"]["requestBody"]["content"]["application/json"]
        media["examples"]["studio"]["value"]["role"] = "king"
    elif how == "line":
        media = paths["/v1/sightings"]["post"]["requestBody"]["content"]["application/x-ndjson"]
        media["examples"]["two_lines"]["value"] += '{"colour":"red"}\n'
    elif how == "summary":
        del paths["/v1/events"]["get"]["summary"]
    elif how == "roles":
        paths["/v1/match"]["post"]["x-roles"] = ["studio"]
    elif how == "code":
        parts["schemas"]["Code"]["enum"].remove("busy")
    elif how == "status":
        parts["examples"]["not_found"]["value"]["status"] = 410
    elif how == "open":
        del parts["schemas"]["Match"]["additionalProperties"]
    elif how == "schema":
        parts["schemas"]["Weak"]["type"] = "maybe"
    elif how == "parameter":
        del parts["parameters"]["Limit"]["example"]


def test_validate(report, spec):
    report.check("selftest_validate_lets_the_file_pass",
                 failures(validate_spec.validate, Contract(spec)))
    for how, test in (("ref", "spec_refs_resolve"), ("example", "spec_examples_getCollection"),
                      ("request_example", "spec_examples_createKey"),
                      ("line", "spec_examples_recordSighting"),
                      ("summary", "spec_operation_listEvents"), ("roles", "spec_operation_match"),
                      ("code", "spec_codes"), ("status", "spec_codes"),
                      ("open", "spec_objects_are_closed"), ("schema", "spec_schemas_are_schemas"),
                      ("parameter", "spec_examples_listAssets")):
        broken = copy.deepcopy(spec)
        break_spec(broken, how)
        try:
            failed = failures(validate_spec.validate, Contract(broken))
        except Exception as e:  # a broken schema may stop the validator; that is a refusal too
            failed = [test] if how == "schema" else ["%r" % e]
        report.check("selftest_validate_refuses_%s" % how,
                     [] if test in failed else ["%s did not fail: %s" % (test, failed)])


def test_yaml(report):
    for name, text in (("a_name_twice", "a: 1\nb: {c: 1, c: 2}\n"), ("no_yaml", "a: [1\n")):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(text)
            f.flush()
            try:
                Contract.load(f.name)
                refused = False
            except yaml.YAMLError:
                refused = True
        report.check("selftest_yaml_refuses_%s" % name, [] if refused else ["it was read"])


# ---- check_routes -----------------------------------------------------------------------


def routes_of(contract):
    return ["%s %s %s" % (op.method, op.path, ",".join(op.roles) or "-")
            for op in contract.operations]


def test_routes(report, contract):
    good = routes_of(contract)
    renamed = [line.replace("{c}", "{collection}") for line in reversed(good)]
    wrong_roles = [line.replace("admin", "auditor") if "GET /v1/keys " in line else line
                   for line in good]
    for name, lines, want in (
            ("lets_the_same_pass", good, []),
            ("does_not_mind_names_of_holes", renamed, []),
            ("refuses_a_missing_route", [g for g in good if "/healthz" not in g],
             ["route GET /healthz"]),
            ("refuses_a_route_too_many", good + ["PUT /v1/events auditor"],
             ["route PUT /v1/events"]),
            ("refuses_other_roles", wrong_roles, ["route GET /v1/keys"])):
        failed = failures(check_routes.compare, contract, lines)
        report.check("selftest_routes_%s" % name,
                     [] if failed == want else ["failed: %s" % failed])


# ---- check_exchanges --------------------------------------------------------------------

PROBLEM = {"type": "/problems#not_found", "title": "Not found", "status": 404, "detail": "None.",
           "code": "not_found", "request_id": "1"}
EVENT = ('{"seq":1,"at":"2026-11-05T03:12:50Z","type":"key.created","actor":"90aa17cc5d20e1f3",'
         '"collection":null,"subject":"90aa17cc5d20e1f3","incident":null,"detail":null,'
         '"hash":"' + 'c0' * 32 + '"}')


def exchange(path, status, content_type, body, method="GET"):
    return {"method": method, "path": path, "status": status, "content_type": content_type,
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "request_content_type": None}


def problem(path, status=404, method="GET", **other):
    body = dict(PROBLEM, status=status, **other)
    body["type"] = "/problems#" + body["code"]
    return exchange(path, status, "application/problem+json", body, method)


def test_exchanges(report, contract):
    js, lines, sse = "application/json", "application/x-ndjson", "text/event-stream"
    good = [
        exchange("/healthz", 200, js + "; charset=utf-8", {"status": "ok"}),
        exchange("/metrics", 200, "text/plain; version=0.0.4", "a 1\n"),
        exchange("/openapi.json", 200, js, None),
        problem("/v1/collections/a/assets/x%2Fy.png?z=1"),
        problem("/nowhere", code="no_route"),
        problem("/%ff", 400, code="bad_request"),
        problem("/v1/match", 405, "DELETE", code="method_not_allowed"),
        exchange("/v1/match", 405, None, "", "HEAD"),
        exchange("/healthz", 200, "application/json", "", "HEAD"),
        exchange("/v1/keys/90aa17cc5d20e1f3", 204, None, "", "DELETE"),
        exchange("/v1/events?after=0", 200, lines, EVENT + "\n"),
        exchange("/v1/events", 200, lines, ""),
        exchange("/v1/events", 200, sse,
                 ": still here\n\nid: 1\nevent: key.created\ndata: %s\n\nid: 2" % EVENT),
    ]
    for record in good:
        name = "%s_%s_%s" % (record["method"], record["path"], record["status"])
        report.check("selftest_exchanges_let_pass_%s" % name,
                     failures(check_exchanges.check_file, contract, [json.dumps(record)]))
    bad = {
        "unknown_status": exchange("/healthz", 201, js, {"status": "ok"}),
        "wrong_body": exchange("/healthz", 200, js, {"status": "fine"}),
        "member_too_many": exchange("/healthz", 200, js, {"status": "ok", "more": 1}),
        "wrong_type": exchange("/healthz", 200, "text/html", "<p>"),
        "no_type": exchange("/healthz", 200, None, '{"status":"ok"}'),
        "no_json": exchange("/healthz", 200, js, "{"),
        "NaN": exchange("/healthz", 200, js, '{"status":NaN}'),
        "name_twice": exchange("/healthz", 200, js, '{"status":"ok","status":"ok"}'),
        "body_of_204": exchange("/v1/keys/90aa17cc5d20e1f3", 204, js, "{}", "DELETE"),
        "unknown_path": exchange("/nowhere", 200, js, "{}"),
        "other_code_of_no_path": problem("/nowhere", code="not_found"),
        "html_error": exchange("/nowhere", 404, "text/html", "<p>404"),
        "unknown_method": exchange("/v1/match", 200, js, "{}", "PUT"),
        "code_of_another_route": problem("/v1/keys/1", code="no_route", method="DELETE"),
        "unknown_code": problem("/v1/keys/1", code="lost", method="DELETE"),
        "status_in_body": dict(problem("/v1/keys/1", 404, "DELETE"),
                               body=json.dumps(dict(PROBLEM, status=400))),
        "bad_line": exchange("/v1/events", 200, lines, EVENT + '\n{"seq":2}\n'),
        "line_without_end": exchange("/v1/events", 200, lines, EVENT),
        "event_id": exchange("/v1/events", 200, sse,
                             "id: 7\nevent: key.created\ndata: %s\n\n" % EVENT),
        "no_record": "hello",
    }
    for name, record in bad.items():
        failed = failures(check_exchanges.check_file, contract, [json.dumps(record)])
        report.check("selftest_exchanges_refuse_%s" % name, [] if failed else ["it passed"])
    report.check("selftest_exchanges_refuse_an_empty_file",
                 [] if failures(check_exchanges.check_file, contract, []) else ["it passed"])


# ---- run_examples -----------------------------------------------------------------------


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers /healthz rightly, all else wrongly."""

    def do_GET(self):
        body = b'{"status":"ok"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.path != "/metrics":
            self.send_header("X-Request-Id", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask_liar(contract, url, report):
    runner = run_examples.Runner(contract, url, report)
    runner.call("getHealth", 200)
    runner.call("getReady", 200)
    runner.call("getMetrics", 200)
    runner.call("listKeys", 401, code="no_key")
    runner.check_complete()


def test_runner(report, contract):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    failed = failures(ask_liar, contract, "http://127.0.0.1:%d" % server.server_port)
    server.shutdown()
    server.server_close()
    for name, want in (("example_getHealth_200", False), ("example_getReady_200", True),
                       ("example_getMetrics_200", True), ("example_listKeys_no_key", True),
                       ("exercised_getHealth", False), ("exercised_match", True),
                       ("exercised_createKey_studio", True)):
        report.check("selftest_runner_%s_%s" % ("refuses" if want else "lets_pass", name),
                     [] if (name in failed) == want else ["it did not: %s" % failed[:8]])
    picture = run_examples.png(1)
    report.check("selftest_runner_pictures_differ",
                 [] if picture.startswith(b"\x89PNG") and picture != run_examples.png(2)
                 else ["the same picture twice"])


def main():
    report = Report()
    contract = Contract.load()
    test_yaml(report)
    test_validate(report, contract.spec)
    test_routes(report, contract)
    test_exchanges(report, contract)
    test_runner(report, contract)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
