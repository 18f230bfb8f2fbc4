"""What the checks of the API contract share: reading api-spec/openapi.yaml, finding an
operation by method and path, and holding an answer against what the file says of it."""
import json
import os
import re
import sys

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC_FILE = os.path.join(ROOT, "api-spec", "openapi.yaml")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
PROBLEM = "application/problem+json"


class Report:
    """One line a test; the exit status of the script."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.failed = []
        self.passed = 0

    def check(self, name, complaints):
        """complaints: a list of texts, empty if all is well"""
        if complaints:
            self.failed.append(name)
            why = "; ".join(" ".join(c.split()) for c in complaints[:5])
            print("not ok %s: %s" % (name, why[:1000]), file=self.out)
        else:
            self.passed += 1
            print("ok %s" % name, file=self.out)
        self.out.flush()
        return not complaints

    def exit_code(self):
        return 0 if self.passed and not self.failed else 1


class StrictLoader(yaml.SafeLoader):
    """As safe_load, but a name that stands twice in one mapping is an error."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(key, deep) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, "%r stands here twice" % name, node.start_mark)
        return super().construct_mapping(node, deep)


class Operation:
    def __init__(self, contract, path, method, node, shared):
        self.method = method.upper()
        self.path = path
        self.node = node
        self.id = node.get("operationId", "%s %s" % (self.method, path))
        self.roles = node.get("x-roles")
        self.params = [contract.deref(p) for p in shared + node.get("parameters", [])]
        body = contract.deref(node.get("requestBody", {}))
        self.request_media = body.get("content", {})
        self.responses = {str(status): contract.deref(r)
                          for status, r in node.get("responses", {}).items()}


class Contract:
    def __init__(self, spec):
        self.spec = spec
        self.resolver = jsonschema.RefResolver("", spec)
        self.operations = []
        for path, item in spec.get("paths", {}).items():
            for method, node in item.items():
                if method in METHODS:
                    self.operations.append(
                        Operation(self, path, method, node, item.get("parameters", [])))
        self.by_id = {op.id: op for op in self.operations}
        # A fixed path goes before one with a hole in it.
        self.patterns = sorted(
            {op.path for op in self.operations}, key=lambda p: (p.count("{"), p))

    @classmethod
    def load(cls, path=SPEC_FILE):
        with open(path, encoding="utf-8") as f:
            return cls(yaml.load(f, Loader=StrictLoader))

    def deref(self, node):
        """What a $ref leads to; {} if it leads nowhere, which validate_spec.py reports."""
        while isinstance(node, dict) and "$ref" in node:
            try:
                node = self.resolver.resolve(node["$ref"])[1]
            except jsonschema.RefResolutionError:
                return {}
        return node

    def complaints(self, value, schema):
        """What is wrong with a value, as a list of texts."""
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [self._explain(e) for e in
                sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.path)))]

    @staticmethod
    def _explain(error):
        # Of the branches of a oneOf, the one that got furthest says most.
        best = jsonschema.exceptions.best_match([error]) if error.context else error
        where = "/" + "/".join(str(p) for p in best.absolute_path)
        return "%s: %s" % (where, best.message[:300])

    def path_of(self, path):
        """The path template of a request path (query allowed), or None."""
        path = path.split("?", 1)[0]
        for template in self.patterns:
            pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path):
                return template
        return None

    def find(self, method, path):
        template = self.path_of(path)
        for op in self.operations:
            if op.path == template and op.method == method.upper():
                return op
        return None

    # ---- bodies ---------------------------------------------------------------------

    def check_body(self, media_type, media, body):
        """body: text, as it went over the wire"""
        if media_type == "text/event-stream":
            return self._check_stream(media, body)
        if "x-line-schema" in media:
            return self._check_lines(media, body)
        if media_type.endswith("json"):
            try:
                value = strict_json(body)
            except ValueError as e:
                return ["not JSON: %s" % e]
            return self.complaints(value, media.get("schema", {}))
        return self.complaints(body, media.get("schema", {}))

    def _check_lines(self, media, body):
        if body == "":
            return []
        if not body.endswith("\n"):
            return ["the last line has no end"]
        out = []
        for n, line in enumerate(body[:-1].split("\n"), 1):
            try:
                value = strict_json(line)
            except ValueError as e:
                out.append("line %d: not JSON: %s" % (n, e))
                continue
            out += ["line %d %s" % (n, c) for c in
                    self.complaints(value, media["x-line-schema"])]
        return out

    def _check_stream(self, media, body):
        out = []
        for block in body.split("\n\n")[:-1]:  # what is after the last one is unfinished
            fields = dict(line.partition(": ")[::2] for line in block.split("\n")
                          if line and not line.startswith(":"))
            if not fields:
                continue  # a heartbeat
            try:
                value = strict_json(fields.get("data", ""))
            except ValueError as e:
                out.append("event data is not JSON: %s" % e)
                continue
            out += self.complaints(value, media.get("x-line-schema", {}))
            if fields.get("id") != str(value.get("seq")):
                out.append("event id %r is not its seq" % fields.get("id"))
            if fields.get("event") != value.get("type"):
                out.append("event name %r is not its type" % fields.get("event"))
        return out

    def check_answer(self, op, status, content_type, body, headers=None):
        """Holds an answer against the file: status, media type, body, problem code, headers.

        body     text, or None if it was not kept
        headers  dict with lower-case names, or None if they were not kept"""
        response = op.responses.get(str(status))
        if response is None:
            return ["%s has no answer %s in the file" % (op.id, status)]
        out = self._check_headers(response, headers) if headers is not None else []
        content = response.get("content")
        if not content:
            if body:
                out.append("a body where the file has none: %r" % body[:80])
            return out
        media_type, media = media_of(content, content_type)
        if media is None:
            return out + ["content type %r is not one of %s" %
                          (content_type, ", ".join(content))]
        if body is None:
            return out
        out += self.check_body(media_type, media, body)
        if media_type == PROBLEM and not out:
            out += self._check_problem(op, status, media, json.loads(body), headers)
        return out

    def _check_headers(self, response, headers):
        out = []
        if not headers.get("x-request-id"):
            out.append("no X-Request-Id")
        for name, header in response.get("headers", {}).items():
            header = self.deref(header)
            value = headers.get(name.lower())
            if value is None:
                if header.get("required"):
                    out.append("no header %s" % name)
            else:
                out += ["header %s %s" % (name, c) for c in
                        self.complaints(value, header.get("schema", {}))]
        return out

    @staticmethod
    def _check_problem(op, status, media, problem, headers):
        out = []
        if problem["status"] != status:
            out.append("status %s in the body of a %s" % (problem["status"], status))
        if problem["type"] != "/problems#" + problem["code"]:
            out.append("type %s of code %s" % (problem["type"], problem["code"]))
        if problem["code"] not in media.get("examples", {}):
            out.append("code %s is not listed for %s of %s" %
                       (problem["code"], status, op.id))
        if headers is not None and problem["request_id"] != headers.get("x-request-id"):
            out.append("request_id is not X-Request-Id")
        if headers is not None and status == 503 and "retry-after" not in headers:
            out.append("503 without Retry-After")
        return out


def strict_json(text):
    """JSON as RFC 8259 has it: no NaN, no name twice."""
    def pairs(items):
        names = [k for k, _ in items]
        if len(names) != len(set(names)):
            raise ValueError("a member name twice")
        return dict(items)

    def constant(name):
        raise ValueError("%s is not JSON" % name)

    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)


def bare(media_type):
    return (media_type or "").split(";", 1)[0].strip().lower()


def media_of(content, content_type):
    """(type, media object) of `content` for a Content-Type, or (type, None)."""
    wanted = bare(content_type)
    for key, media in content.items():
        if bare(key) == wanted:
            return wanted, media
    for key, media in content.items():
        if key == "image/*" and wanted.startswith("image/"):
            return wanted, media
    return wanted, None


def examples_of(contract, holder):
    """name -> value of the `example` or `examples` of a media type, parameter or header."""
    out = {}
    if "example" in holder:
        out[""] = holder["example"]
    for name, example in holder.get("examples", {}).items():
        out[name] = contract.deref(example).get("value")
    return out
