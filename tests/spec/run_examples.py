#!/usr/bin/python3
"""run_examples.py --url URL --admin-key KEY: sends every request example of
api-spec/openapi.yaml to a running service, in an order that makes sense, and holds every
answer, its headers too, against the file. Fails for an operation or an example left out.

The key must be an admin's of the studio `default`. Running it twice on one store is fine."""
import argparse
import http.client
import json
import os
import struct
import sys
import time
import urllib.parse
import zlib

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

from contract import Contract, Report, examples_of, strict_json

TIMEOUT_S = 20


def png(seed):
    """A small grey picture with soft shapes in it, different for each seed."""
    side = 160
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            wave = ((x * (3 + seed) + y * 2) // 9) * 37 ^ ((x - y * (1 + seed % 3)) // 17) * 59
            rows.append((wave + x * y // 40) & 0xff)

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))


def fingerprint_stream(assets):
    """The binary form of (id, kind, PDQ hash in hexadecimal) of some assets; see
    docs/fingerprint-format.md."""
    stream = b""
    for name, kind, pdq in assets:
        fingerprint = (struct.pack(">BBHIIBB", 2, 0, 1, 0, 0, 100, 0)
                       + struct.pack(">HBBHHHH", 1, 1, 0, 0, 0, 65535, 65535)
                       + bytes.fromhex(pdq) + struct.pack(">H", 0))
        raw = name.encode("utf-8")
        record = struct.pack(">BBQH", 1, kind, 0, len(raw)) + raw + fingerprint
        stream += struct.pack(">I", len(record)) + record
    return stream


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]


class Failed(Exception):
    """A step whose answer the following steps need."""


class Runner:
    def __init__(self, contract, url, report):
        self.contract = contract
        self.address = urllib.parse.urlsplit(url)
        self.report = report
        self.exercised = set()
        self.used = set()  # (operation, media type, example) of requests sent

    def send(self, method, target, key=None, body=None, headers=None, stream=False):
        connection = http.client.HTTPConnection(
            self.address.hostname, self.address.port or 80, timeout=TIMEOUT_S)
        all_headers = dict(headers or {})
        if key:
            all_headers["Authorization"] = "Bearer " + key
        try:
            connection.request(method, target, body, all_headers)
            response = connection.getresponse()
            raw = read_first_event(response) if stream else response.read()
            found = {k.lower(): v for k, v in response.getheaders()}
            return Answer(response.status, found, raw.decode("utf-8"))
        finally:
            connection.close()

    def target(self, op, values):
        """Path and query of an operation; what `values` does not give is the file's example
        for a path and left out for a query. A query value True means: the file's example."""
        path, query = op.path, []
        for param in op.params:
            example = next(iter(examples_of(self.contract, param).values()), None)
            value = values.get(param["name"], example if param["in"] == "path" else None)
            value = example if value is True else value
            if param["in"] == "path":
                path = path.replace("{%s}" % param["name"], urllib.parse.quote(str(value), safe=""))
            elif param["in"] == "query" and value is not None:
                query.append((param["name"], value))
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def request_body(self, op, example, picture, media_type):
        """(bytes, media type) of a request"""
        if picture is not None:
            return picture, media_type or "application/octet-stream"
        for kind, media in op.request_media.items():
            if example in media.get("examples", {}):
                self.used.add((op.id, kind, example))
                value = examples_of(self.contract, media)[example]
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                return text.encode("utf-8"), kind
        return None, None

    def call(self, op_id, status, key=None, example=None, picture=None, media_type=None,
             values=None, headers=None, stream=False, code=None, name=None, need=False):
        """One request and its test. status: one or several that are right."""
        op = self.contract.by_id[op_id]
        self.exercised.add(op_id)
        wanted = (status,) if isinstance(status, int) else status
        body, kind = self.request_body(op, example, picture, media_type)
        all_headers = dict(headers or {})
        if kind:
            all_headers["Content-Type"] = kind
        label = "example_%s_%s" % (op_id, name or example or code or wanted[0])
        try:
            answer = self.send(op.method, self.target(op, values or {}), key, body, all_headers,
                               stream)
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as e:
            self.report.check(label, ["no answer: %r" % e])
            raise Failed(label) from e
        wrong = []
        if answer.status not in wanted:
            wrong.append("answered %s, not %s: %s" % (answer.status, "/".join(map(str, wanted)),
                                                      answer.body[:300]))
        wrong += self.contract.check_answer(op, answer.status, answer.headers.get("content-type"),
                                            answer.body, answer.headers)
        if code and not wrong and answer.json().get("code") != code:
            wrong.append("code %s, not %s" % (answer.json().get("code"), code))
        if not self.report.check(label, wrong) and need:
            raise Failed(label)
        return answer

    def expect(self, name, condition, why):
        self.report.check("example_%s" % name, [] if condition else [why])

    def check_complete(self):
        for op in self.contract.operations:
            self.report.check("exercised_%s" % op.id,
                              [] if op.id in self.exercised else ["no request was made"])
            for kind, media in op.request_media.items():
                for example in media.get("examples", {}):
                    if (op.id, kind, example) not in self.used:
                        self.report.check("exercised_%s_%s" % (op.id, example),
                                          ["the example was not sent"])


def read_first_event(response):
    """An event stream has no end: reads until the first event is whole."""
    raw = b""
    if response.status != 200:
        return response.read()
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        line = response.readline()
        if not line:
            break
        raw += line
        if line == b"\n" and b"data:" in raw:
            break
    return raw


# ---- the story, in chapters -------------------------------------------------------------


def public_routes(r):
    until = time.monotonic() + 30
    while r.send("GET", "/readyz").status != 200 and time.monotonic() < until:
        time.sleep(0.1)
    for op_id in ("getHealth", "getReady", "getMetrics", "getOpenApi", "getPage",
                  "getPageScript", "getPageStyle"):
        answer = r.call(op_id, 200)
        if op_id == "getOpenApi":
            r.expect("served_file_is_the_file", strict_json(answer.body) == r.contract.spec,
                     "/openapi.json is not api-spec/openapi.yaml")


def make_keys(r, admin):
    keys = {"admin": admin}
    for name in r.contract.by_id["createKey"].request_media["application/json"]["examples"]:
        answer = r.call("createKey", 201, admin, example=name, need=True).json()
        keys[name] = answer["key"]
        keys[name + "_id"] = answer["id"]
    items = r.call("listKeys", 200, admin).json().get("items", [])
    r.expect("listKeys_has_the_new_key", keys["reviewer_id"] in [k["id"] for k in items],
             "a new key is not in the list")
    return keys


def make_collections(r, keys):
    r.call("putCollection", (200, 201), keys["studio"], example="season")
    r.call("putCollection", (200, 201), keys["studio"], example="name_only")
    r.call("getCollection", 200, keys["reviewer"])
    page = r.call("listCollections", 200, keys["reviewer"], values={"limit": True}, name="page")
    cursor = page.json().get("next")
    r.expect("listCollections_Link", cursor and "link" in page.headers,
             "a page with a next one has no Link")
    r.call("listCollections", 200, keys["reviewer"], values={"limit": 1, "cursor": cursor},
           name="next_page")
    r.call("getCollection", 404, keys["admin_of_other_studio"], code="not_found")


def register(r, keys):
    # Seen before it is registered: the answer must say so.
    r.call("recordSighting", 200, keys["crawler_receipt"], example="two_lines")
    lines = r.call("addAssets", 200, keys["studio"], example="two_lines", need=True).lines()
    r.expect("addAssets_a_line_for_a_line", len(lines) == 2, "%d lines" % len(lines))
    new = [line for line in lines if line.get("status") == "registered"]
    r.expect("addAssets_seen_before", not new or any(line["seen_before"] for line in new),
             "an asset seen before is not said to be")
    binary = "application/vnd.celwatch.fingerprints"
    stream = fingerprint_stream([("ep03/sc022/0101.png", 1, "5a" * 32),
                                 ("ep03/sc022/0102.png", 9, "a5" * 32)])
    lines = r.call("addAssets", 200, keys["studio"], picture=stream, media_type=binary,
                   name="fingerprints").lines()
    r.expect("addAssets_a_line_for_a_record",
             [line.get("id") for line in lines] == ["ep03/sc022/0101.png", "ep03/sc022/0102.png"]
             and lines[1].get("pointer") == "/kind", "the answers are %r" % lines)
    r.call("addAssets", 400, keys["studio"], picture=stream[:-1], media_type=binary,
           code="bad_batch")
    r.call("putAsset", (200, 201), keys["studio"], example="frame")
    again = r.call("putAsset", 200, keys["studio"], example="frame", name="frame_again")
    r.expect("putAsset_unchanged", again.json().get("status") == "unchanged",
             "the same again is %r" % again.json().get("status"))
    r.call("putAsset", (200, 201), keys["studio"], picture=png(1), media_type="image/png",
           values={"id": "ep03/sc023/0002.png", "kind": True, "embargo_until": True},
           name="picture")
    r.call("addAssets", (200, 201), keys["studio"], example="full_fingerprint")
    made = r.call("addAssets", 201, keys["studio"], example="without_id")
    r.expect("addAssets_makes_an_id", made.json().get("id", "").startswith("a-"),
             "the id is %r" % made.json().get("id"))
    r.call("addAssets", (200, 201), keys["studio"], picture=png(2),
           values={"id": True, "kind": True, "embargo_until": True}, name="picture")
    r.call("addAssets", 409, keys["studio"], picture=png(3), values={"id": True},
           code="asset_exists")
    r.call("addAssets", 415, keys["studio"], picture=b"no picture at all " * 8,
           code="not_a_picture")
    r.call("getAsset", 200, keys["reviewer"])
    r.call("getAsset", 404, keys["reviewer"], values={"id": "no/such"}, code="not_found")
    r.call("listAssets", 200, keys["studio"], values={"limit": True}, name="page")


def sight(r, keys):
    once = {"Idempotency-Key": next(iter(examples_of(
        r.contract, r.contract.deref({"$ref": "#/components/parameters/IdempotencyKey"})).values()))}
    receipt = r.call("recordSighting", 202, keys["crawler_receipt"], example="near_copy",
                     headers=once, need=True)
    again = r.call("recordSighting", 202, keys["crawler_receipt"], example="near_copy",
                   headers=once, name="replayed")
    r.expect("recordSighting_replayed_says_so",
             again.headers.get("idempotency-replayed") == "true"
             and again.json() == receipt.json(), "a retry is not answered like the first time")
    r.call("recordSighting", 422, keys["crawler_receipt"], example="address_only",
           headers=once, code="idempotency_mismatch")
    r.expect("recordSighting_receipt_only", set(receipt.json()) == {"sighting", "disclosure"},
             "a receipt says more")
    told = r.call("recordSighting", 202, keys["crawler_verdict"], example="near_copy",
                  name="verdict")
    r.expect("recordSighting_strong", told.json().get("verdict") == "strong",
             "the verdict on a near copy is %r" % told.json().get("verdict"))
    r.call("recordSighting", 202, keys["crawler_verdict"], example="address_only")
    r.call("recordSighting", 202, keys["admin"], picture=png(2), media_type="image/png",
           values={"url": True, "ip": True, "fetched_at": True}, name="picture")
    r.call("recordSighting", 400, keys["crawler_receipt"], picture=png(2), code="bad_query")
    seen = {"id": told.json()["sighting"]}
    r.call("getSighting", 200, keys["crawler_verdict"], values=seen, name="own")
    r.call("getSighting", 200, keys["reviewer"], values=seen, name="as_reviewer")
    r.call("getSighting", 403, keys["crawler_receipt"],
           values={"id": receipt.json()["sighting"]}, code="disclosure_forbidden")
    r.call("getSighting", 404, keys["reviewer"], values={"id": "0" * 32}, code="not_found")


def match(r, keys):
    found = r.call("match", 200, keys["studio"], example="pdq")
    r.expect("match_finds_it", found.json().get("matches"), "a near copy is not found")
    r.call("match", 200, keys["reviewer"], example="fingerprint", values={"all": True})
    r.call("match", 200, keys["reviewer"], picture=png(2), media_type="image/png", name="picture")
    r.call("match", 200, keys["crawler_verdict"], example="pdq", name="verdict")
    r.call("match", 403, keys["crawler_receipt"], example="pdq", code="disclosure_forbidden")
    pdq = examples_of(r.contract, r.contract.by_id["match"].request_media["application/json"])["pdq"]
    batch = bytes.fromhex(pdq["pdq"]) + bytes(range(32))
    lines = r.call("match", 200, keys["reviewer"], picture=batch, name="batch",
                   media_type="application/vnd.celwatch.hashes", values={"radius": True}).lines()
    r.expect("match_batch_a_line_a_hash", [line.get("n") for line in lines] == [0, 1],
             "not one line a hash, in order")
    r.call("match", 400, keys["reviewer"], picture=batch[:40], code="bad_batch",
           media_type="application/vnd.celwatch.hashes")


def review(r, keys):
    r.call("listIncidents", 200, keys["reviewer"], values={"state": True, "limit": True}, name="new")
    items = r.call("listIncidents", 200, keys["reviewer"], need=True).json()["items"]
    if not items:
        r.report.check("example_an_incident_opened", ["there is none"])
        raise Failed("no incident")
    which = {"id": items[0]["id"]}
    r.call("listIncidentMatches", 200, keys["reviewer"], values=which)
    incident = r.call("getIncident", 200, keys["reviewer"], values=which, need=True)
    first = etag = incident.headers.get("etag", "")
    for name, value in examples_of(r.contract, r.contract.by_id["decideIncident"]
                                   .request_media["application/json"]).items():
        answer = r.call("decideIncident", 200, keys["reviewer"], example=name, values=which,
                        headers={"If-Match": etag}, need=True)
        etag = answer.headers.get("etag", "")
        body = answer.json()
        # The undo comes last and takes back the reopening of a closed incident.
        state = {"reopen": "new", "undo": "closed"}.get(name, value["decision"])
        r.expect("decideIncident_%s_state" % name, body["state"] == state,
                 "the state is %s" % body["state"])
        r.expect("decideIncident_%s_etag" % name, etag == '"%d"' % body["version"],
                 "ETag %s of version %d" % (etag, body["version"]))
    r.call("decideIncident", 412, keys["reviewer"], example="confirmed", values=which,
           headers={"If-Match": first}, code="version_conflict", name="version_conflict")
    r.call("decideIncident", 428, keys["reviewer"], example="confirmed", values=which,
           code="version_required", name="version_required")
    r.call("commentIncident", 201, keys["reviewer"], example="note", values=which)
    r.call("getIncident", 404, keys["admin_of_other_studio"], values=which, code="not_found")
    r.call("decideIncident", 403, keys["studio"], example="confirmed", values=which,
           headers={"If-Match": etag}, code="role_forbidden", name="role_forbidden")


def events(r, keys):
    lines = r.call("listEvents", 200, keys["auditor"], name="ndjson",
                   values={"after": True, "limit": True}).lines()
    order = [line["seq"] for line in lines]
    r.expect("listEvents_in_order", order and order == sorted(set(order)), "not in order")
    stream = r.call("listEvents", 200, keys["auditor"], stream=True, name="event_stream",
                    headers={"Accept": "text/event-stream", "Last-Event-ID": str(order[0])})
    r.expect("listEvents_goes_on", "id: %d\n" % order[1] in stream.body,
             "the stream does not go on after Last-Event-ID")


def refusals(r, keys):
    r.call("listIncidents", 401, None, code="no_key")
    r.call("listIncidents", 403, keys["crawler_receipt"], code="role_forbidden")
    r.call("listIncidents", 400, keys["reviewer"], values={"limit": 0}, code="bad_query")
    bad = {"Content-Type": "application/json"}
    for code, text in (("bad_json", b"{"), ("empty_body", b""), ("bad_field", b'{"role":"king"}'),
                       ("unknown_field", b'{"role":"studio","colour":"red"}')):
        r.call("createKey", 400, keys["admin"], picture=text, media_type="application/json",
               headers=bad, code=code)
    r.call("createKey", 415, keys["admin"], picture=b"role=studio",
           media_type="application/x-www-form-urlencoded", code="unsupported_media")
    for method, target, status, code in (("GET", "/v1/nothing", 404, "no_route"),
                                         ("DELETE", "/v1/match", 405, "method_not_allowed")):
        answer = r.send(method, target, keys["admin"])
        wrong = r.contract.check_body("application/problem+json",
                                      {"schema": {"$ref": "#/components/schemas/Problem"}},
                                      answer.body)
        if not wrong and (answer.status, answer.json()["code"]) != (status, code):
            wrong = ["answered %s %s" % (answer.status, answer.json()["code"])]
        if status == 405 and "allow" not in answer.headers:
            wrong.append("no Allow")
        r.report.check("example_%s" % code, wrong)


def clean_up(r, keys):
    gone = {"id": "ep03/sc023/0001.png"}
    r.call("retireAsset", 204, keys["studio"], values=gone)
    r.call("getAsset", 404, keys["studio"], values=gone, code="not_found", name="retired")
    r.call("retireAsset", 404, keys["studio"], values={"id": "no/such"}, code="not_found")
    for name in [n for n in keys if n.endswith("_id")]:
        owner = keys["admin"] if name != "admin_of_other_studio_id" else keys[name[:-3]]
        r.call("revokeKey", 204, owner, values={"id": keys[name]}, name=name[:-3])
    r.call("listIncidents", 401, keys["reviewer"], code="no_key", name="revoked_key")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--admin-key", default=os.environ.get("CELWATCH_KEY"),
                        help="or in CELWATCH_KEY, where other users cannot read it")
    args = parser.parse_args()
    report = Report()
    runner = Runner(Contract.load(), args.url, report)
    keys = {}
    for chapter in (public_routes, make_keys, make_collections, register, sight, match, review,
                    events, refusals, clean_up):
        try:
            if chapter is public_routes:
                chapter(runner)
            elif chapter is make_keys:
                keys = make_keys(runner, args.admin_key)
            else:
                chapter(runner, keys)
        except Failed as e:
            report.check("chapter_%s" % chapter.__name__, ["given up after %s" % e])
        except (LookupError, ValueError, TypeError, AttributeError) as e:
            report.check("chapter_%s" % chapter.__name__, ["cannot go on: %r" % e])
        except (OSError, http.client.HTTPException) as e:
            report.check("chapter_%s" % chapter.__name__, ["no answer: %r" % e])
    runner.check_complete()
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
