#!/usr/bin/python3
"""Holds api-spec/openapi.yaml against its own rules: every $ref resolves, every operation is
complete, every example is what its schema says, every problem code is a known one."""
import sys

import jsonschema

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

from contract import PROBLEM, SPEC_FILE, Contract, Report, bare, examples_of

ROLES = ("studio", "crawler", "reviewer", "auditor", "admin")


def walk(node, path=""):
    yield path, node
    if isinstance(node, dict):
        for key, child in node.items():
            yield from walk(child, "%s/%s" % (path, key))
    elif isinstance(node, list):
        for i, child in enumerate(node):
            yield from walk(child, "%s/%d" % (path, i))


def bad_refs(contract):
    out = []
    for path, node in walk(contract.spec):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                contract.resolver.resolve(node["$ref"])
            except jsonschema.RefResolutionError:
                out.append("%s: %s leads nowhere" % (path, node["$ref"]))
    return out


def bad_schemas(contract):
    out = []
    for name, schema in contract.spec.get("components", {}).get("schemas", {}).items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            out.append("%s: %s" % (name, e.message))
    return out


def open_objects(contract):
    """Objects of ours are closed: an unknown member is a mistake."""
    out = []
    for path, node in walk(contract.spec.get("components", {}).get("schemas", {})):
        if (isinstance(node, dict) and node.get("type") == "object"
                and node.get("additionalProperties") is not False):
            out.append("%s: additionalProperties is not false" % path)
    return out


def bad_operation(contract, op):
    node = op.node
    out = ["no %s" % word for word in ("operationId", "summary", "description", "tags")
           if not node.get(word)]
    tags = {t["name"] for t in contract.spec.get("tags", [])}
    out += ["tag %s is not described" % t for t in node.get("tags", []) if t not in tags]
    out += bad_roles(op)
    holes = {p["name"] for p in op.params if p["in"] == "path"}
    in_path = {part[1:-1] for part in op.path.split("/") if part.startswith("{")}
    if holes != in_path:
        out.append("path parameters %s, in the path %s" % (sorted(holes), sorted(in_path)))
    if not any(s.startswith("2") for s in op.responses):
        out.append("no 2xx answer")
    for status, response in op.responses.items():
        if "X-Request-Id" not in response.get("headers", {}):
            out.append("%s: X-Request-Id is not named" % status)
        if status == "503" and "Retry-After" not in response.get("headers", {}):
            out.append("503: Retry-After is not named")
        if status >= "400" and PROBLEM not in response.get("content", {}):
            out.append("%s is no problem" % status)
        if status < "400" and status != "204" and not response.get("content"):
            out.append("%s says nothing" % status)
    return out + ["no answer %s" % s for s in ("400", "500", "503") if s not in op.responses]


def bad_roles(op):
    if op.roles is None:
        return ["no x-roles"]
    out = ["unknown role %s" % r for r in op.roles if r not in ROLES]
    security = op.node.get("security")
    scopes = [r for way in security or [] for r in way.get("key", [])]
    if scopes != op.roles:
        out.append("security says %s, x-roles %s" % (scopes, op.roles))
    text = op.node.get("description", "")
    said = text.split("Roles:")[-1].strip().rstrip(".")
    if op.roles and said.split(", ") != op.roles:
        out.append("description says roles %r" % said[:60])
    if not op.roles and "No key needed" not in text:
        out.append("description does not say that no key is needed")
    return out


def bad_examples(contract, op):
    """Every example of an operation, held against its schema; and that there are some."""
    out = []
    for param in op.params:
        examples = examples_of(contract, param)
        if not examples:
            out.append("parameter %s has no example" % param["name"])
        for value in examples.values():
            out += ["parameter %s%s" % (param["name"], c)
                    for c in contract.complaints(value, param["schema"])]
    out += bad_media(contract, "request", op.request_media)
    if op.request_media and not any(m.get("examples") for m in op.request_media.values()):
        out.append("the request has no example")
    for status, response in op.responses.items():
        out += bad_media(contract, status, response.get("content", {}))
        for media_type, media in response.get("content", {}).items():
            if not examples_of(contract, media):
                out.append("%s %s has no example" % (status, media_type))
        for name, header in response.get("headers", {}).items():
            header = contract.deref(header)
            out += ["header %s%s" % (name, c) for c in
                    contract.complaints(header.get("example"), header["schema"])]
    return out


def bad_media(contract, where, content):
    out = []
    for media_type, media in content.items():
        for name, value in examples_of(contract, media).items():
            wrong = contract.complaints(value, media.get("schema", {}))
            if "x-line-schema" in media and isinstance(value, str):
                wrong += contract.check_body(bare(media_type), media, value)
            out += ["%s example %s %s" % (where, name, c) for c in wrong]
    return out


def bad_codes(contract):
    """Examples are named by their code, and the code has one status everywhere."""
    enum = contract.spec["components"]["schemas"]["Code"]["enum"]
    out = ["%s stands twice in the enum" % c for c in enum if enum.count(c) > 1]
    used = set()
    answers = [("", r) for r in contract.spec["components"].get("responses", {}).values()]
    answers += [(s, r) for op in contract.operations for s, r in op.responses.items()]
    for status, response in answers:
        media = response.get("content", {}).get(PROBLEM, {})
        for name, value in examples_of(contract, media).items():
            used.add(name)
            if name not in enum:
                out.append("code %s is not in the enum" % name)
            if value.get("code") != name or value.get("type") != "/problems#" + name:
                out.append("example %s is of code %s" % (name, value.get("code")))
            if status and str(value.get("status")) != status:
                out.append("%s has status %s among the %s" % (name, value.get("status"), status))
    said = " ".join(r.get("description", "") for _, r in answers)
    out += ["code %s is explained nowhere" % c for c in enum if "`%s`" % c not in said]
    return out + ["code %s is used nowhere" % c for c in enum if c not in used]


def validate(contract, report):
    report.check("spec_is_openapi_3.1",
                 [] if contract.spec.get("openapi") == "3.1.0" else ["not openapi: 3.1.0"])
    if not report.check("spec_refs_resolve", bad_refs(contract)):
        return
    report.check("spec_schemas_are_schemas", bad_schemas(contract))
    report.check("spec_objects_are_closed", open_objects(contract))
    report.check("spec_codes", bad_codes(contract))
    ids = [op.id for op in contract.operations]
    report.check("spec_operation_ids_differ",
                 ["%s stands twice" % i for i in set(ids) if ids.count(i) > 1])
    for op in contract.operations:
        report.check("spec_operation_%s" % op.id, bad_operation(contract, op))
        report.check("spec_examples_%s" % op.id, bad_examples(contract, op))


def main():
    report = Report()
    path = sys.argv[1] if len(sys.argv) > 1 else SPEC_FILE
    try:
        spec = Contract.load(path)
    except Exception as e:  # whatever a broken file makes the readers say
        report.check("spec_can_be_read", ["%s: %s" % (type(e).__name__, e)])
        return report.exit_code()
    validate(spec, report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
