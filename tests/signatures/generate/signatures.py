"""Requests signed by the Python package http-message-signatures, then as they are or changed on their way.

Writes ../python.json: what the gate has to say of each stands beside it, by the word of RFC 9421 and of
docs/authentication.md, not of any verifier.
"""

import base64
import datetime
import hashlib
import json
import pathlib

from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

NOW = 1_782_864_000
TEXT = b"the-first-secret-of-acme-0123456789abcdef"
BYTES = bytes(range(32))
SECRETS = {"acme-1": TEXT, "acme-2": BYTES, "globex": b"the-secret-of-globex-0123456789abcdefghi"}


class Unjudged:
    """Digests are made here, good and bad; the signer is to sign what stands there."""

    @staticmethod
    def prepare(headers, body, use_existing_digest=False):
        pass


class Signer(HTTPMessageSigner):
    content_digest_class = Unjudged


class Resolver(HTTPSignatureKeyResolver):
    def __init__(self, secret=None):
        self.secret = secret

    def resolve_private_key(self, key_id):
        return self.secret or SECRETS.get(key_id, TEXT)

    def resolve_public_key(self, key_id):
        return self.resolve_private_key(key_id)


class Fields:
    """Field lines in order."""

    def __init__(self, lines):
        self.lines = list(lines)

    def items(self):
        return list(self.lines)

    def __iter__(self):
        return iter([name for name, _ in self.lines])

    def __contains__(self, name):
        return any(known.lower() == name.lower() for known, _ in self.lines)

    def __getitem__(self, name):
        return ", ".join(value for known, value in self.lines if known.lower() == name.lower())

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __setitem__(self, name, value):
        if name in self:
            del self[name]
        self.lines.append((name, value))

    def __delitem__(self, name):
        self.lines = [(known, value) for known, value in self.lines if known.lower() != name.lower()]

    def keys(self):
        return [name for name, _ in self.lines]


class Request:
    def __init__(self, method, target, lines, host):
        self.method, self.target, self.headers = method, target, Fields(lines)
        self.url = f"http://{host}{target}"


def digest(body, algorithm="sha256"):
    name = {"sha256": "sha-256", "sha512": "sha-512"}[algorithm]
    return f"{name}=:{base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}:"


def signed(
    method="GET",
    target="/things",
    lines=(),
    body=None,
    covers=("@method", "@authority", "@request-target"),
    key="acme-1",
    secret=None,
    created=0,
    expires=None,
    nonce=None,
    tag=None,
    alg=True,
    host="gate.test",
):
    """A request with its signature; its lines may be changed afterwards."""
    lines = [("Host", host), *lines]
    if body is not None:
        lines += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        lines += [] if any(name == "Content-Digest" for name, _ in lines) else [("Content-Digest", digest(body))]
        covers = (*covers, "content-digest") if "content-digest" not in covers else covers
    request = Request(method, target, lines, host)
    at = lambda offset: datetime.datetime.fromtimestamp(NOW + offset, datetime.timezone.utc)
    Signer(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Resolver(secret)).sign(
        request,
        key_id=key,
        created=at(created),
        expires=None if expires is None else at(expires),
        nonce=nonce,
        tag=tag,
        include_alg=alg,
        label="sig1",
        covered_component_ids=covers,
    )
    request.body = body or b""
    return request


def line(request, name, change):
    """Changes the value of one field's lines."""
    request.headers.lines = [
        (known, change(value) if known.lower() == name.lower() else value) for known, value in request.headers.lines
    ]
    return request


def without(request, name):
    del request.headers[name]
    return request


def raw(request):
    head = f"{request.method} {request.target} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.lines)
    return (head + "\r\n").encode("latin-1") + request.body


CASES = []


def case(name, request, verdict="pass", **more):
    text = request if isinstance(request, bytes) else raw(request)
    CASES.append({"name": name, "verdict": verdict, "request": text.decode("latin-1"), **more})


def change(request, **parts):
    for part, value in parts.items():
        setattr(request, part, value)
    return request


WRONG, MALFORMED, LABELS = "it does not verify", "is malformed", "not one signature"
BODY = b'{"name":"Ada","size":3}'
FIELDS = [("Date", "Wed, 01 Jul 2026 00:00:00 GMT"), ("X-Order", "17"), ("X-List", "a"), ("X-List", "b, c")]
ALL = ("@method", "@authority", "@request-target", "date", "x-order", "x-list")

# What holds.
case("what must be covered", signed())
case("without alg", signed(alg=False))
case("with all parameters", signed(expires=60, nonce="n-1", tag="app"))
case("by the target URI", signed(target="/things?a=1&b=%7e", covers=("@method", "@authority", "@target-uri")))
case("by path and query", signed(target="/things?a=1", covers=("@method", "@authority", "@path", "@query")))
case("by path, without a query", signed(covers=("@method", "@authority", "@path")))
case("the scheme, too", signed(covers=("@method", "@authority", "@path", "@scheme")))
case("in another order", signed(covers=("@path", "@authority", "@method")))
case("fields, one of them in two lines", signed(lines=FIELDS, covers=ALL))
case("an empty field", signed(lines=[("X-Empty", "")], covers=("@method", "@authority", "@path", "x-empty")))
case("a default port", signed(host="gate.test:80"))
case("another port", signed(host="gate.test:8080"))
case("a host in capitals", line(signed(), "Host", str.upper))
case("a secret of bytes", signed(key="acme-2"))
case("a body", signed("POST", body=BODY))
case("an empty body of a POST", signed("POST", body=b"", covers=("@method", "@authority", "@path")))
case("a body by SHA-512", signed("POST", lines=[("Content-Digest", digest(BODY, "sha512"))], body=BODY))
case("a body by both", signed("POST", lines=[("Content-Digest", f"{digest(BODY)}, {digest(BODY, 'sha512')}")], body=BODY))
case("a body by both, in two lines", signed("POST", lines=[("Content-Digest", digest(BODY)), ("Content-Digest", digest(BODY, "sha512"))], body=BODY))
case("a digest that nobody knows, and one that holds", signed("POST", lines=[("Content-Digest", f"md5=:AAAA:, {digest(BODY)}")], body=BODY))
case("made at the end of the window", signed(created=-300))
case("made at its other end", signed(created=300))
case("expires in a second", signed(created=-60, expires=1))

# Changed on the way: what is covered.
case("another method", change(signed(), method="HEAD"), WRONG)
case("another path", change(signed(), target="/thingz"), WRONG)
case("the path spelt otherwise", change(signed(), target="/%74hings"), WRONG)
case("a query added", change(signed(), target="/things?a"), WRONG)
case("a query taken away", change(signed(target="/things?a=1"), target="/things"), WRONG)
case("a query changed", change(signed(target="/things?a=1"), target="/things?a=2"), WRONG)
case("a query in another order", change(signed(target="/things?a=1&b=2"), target="/things?b=2&a=1"), WRONG)
case("an empty query", change(signed(), target="/things?"), WRONG)
case("another authority", line(signed(), "Host", lambda _: "other.test"), WRONG)
case("another port than was signed", line(signed(), "Host", lambda _: "gate.test:81"), WRONG)
case("a covered field changed", line(signed(lines=FIELDS, covers=ALL), "X-Order", lambda _: "18"), WRONG)
case("a covered field's case", line(signed(lines=FIELDS, covers=ALL), "Date", str.lower), WRONG)
case("a covered field taken away", without(signed(lines=FIELDS, covers=ALL), "X-Order"), "a component that is not there")
doubled = signed(lines=FIELDS, covers=ALL)
doubled.headers.lines.append(("X-Order", "17"))
case("a covered field once more", doubled, WRONG)
swapped = signed(lines=FIELDS, covers=ALL)
at = [i for i, (name, _) in enumerate(swapped.headers.lines) if name == "X-List"]
swapped.headers.lines[at[0]], swapped.headers.lines[at[1]] = swapped.headers.lines[at[1]], swapped.headers.lines[at[0]]
case("the lines of a covered field in another order", swapped, WRONG)
joined = signed(lines=FIELDS, covers=ALL)
joined.headers.lines = [(n, v) for n, v in joined.headers.lines if n != "X-List"] + [("x-LIST", "a, b, c")]
case("the lines of a covered field as one, elsewhere, its name in capitals", joined)
case("a comma without its blank", line(joined, "x-LIST", lambda _: "a,b, c"), WRONG)
case("blanks around a covered value", line(signed(lines=FIELDS, covers=ALL), "X-Order", lambda value: f"  {value}\t "))
case("blanks within a covered value", line(signed(lines=FIELDS, covers=ALL), "Date", lambda value: value.replace(" ", "  ", 1)), WRONG)
case("a covered value in two lines", line(signed(lines=FIELDS, covers=ALL), "Date", lambda value: value.replace(" ", "\r\n ", 1)), "malformed_request")
shuffled = signed(lines=FIELDS, covers=ALL)
shuffled.headers.lines.sort(key=lambda pair: pair[0].lower())
case("all fields in another order", shuffled)
added = signed(lines=FIELDS, covers=ALL)
added.headers.lines.append(("X-Other", "1"))
case("a field that is not covered", added)
case("the body changed", change(signed("POST", body=BODY), body=BODY.replace(b"3", b"4")), "digest_mismatch")
case("the body and its digest changed", change(line(signed("POST", body=BODY), "Content-Digest", lambda _: digest(BODY.replace(b"3", b"4"))), body=BODY.replace(b"3", b"4")), WRONG)
case("the digest taken away", without(signed("POST", body=BODY), "Content-Digest"), "a component that is not there")
case("only one of two digests holds", signed("POST", lines=[("Content-Digest", f"{digest(BODY)}, {digest(b'', 'sha512')}")], body=BODY), "digest_mismatch")
case("no digest that anybody knows", signed("POST", lines=[("Content-Digest", "unixsum=:AAAA:")], body=BODY), "no digest that is known")
case("a digest that is too short", signed("POST", lines=[("Content-Digest", "sha-256=:AAAA:")], body=BODY), "no digest that is known")

# Changed on the way: the signature's own fields.
case("created is changed", line(signed(), "Signature-Input", lambda v: v.replace(f"created={NOW}", f"created={NOW - 1}")), WRONG)
case("a nonce is changed", line(signed(nonce="a"), "Signature-Input", lambda v: v.replace('nonce="a"', 'nonce="b"')), WRONG)
case("expires is taken away", line(signed(created=-60, expires=-30), "Signature-Input", lambda v: v.replace(f";expires={NOW - 30}", "")), WRONG)
case("alg is added", line(signed(alg=False), "Signature-Input", lambda v: v + ';alg="hmac-sha256"'), WRONG)
case("parameters in another order", line(signed(), "Signature-Input", lambda v: v.replace(f";created={NOW}", "") + f";created={NOW}"), WRONG)
case("components in another order", line(signed(), "Signature-Input", lambda v: v.replace('"@method" "@authority"', '"@authority" "@method"')), WRONG)
case("a component is dropped", line(signed(lines=FIELDS, covers=ALL), "Signature-Input", lambda v: v.replace(' "x-order"', "")), WRONG)
case("white space is no change", line(signed(), "Signature-Input", lambda v: v.replace('("', '(  "').replace('" "', '"  "').replace(";created", ";  created")))
case("the label is not covered", line(line(signed(), "Signature-Input", lambda v: v.replace("sig1=", "b=")), "Signature", lambda v: v.replace("sig1=", "b=")))
case("the label of one field", line(signed(), "Signature", lambda v: v.replace("sig1=", "b=")), LABELS)
case("a second label", line(signed(), "Signature-Input", lambda v: f"{v}, b=()"), LABELS)
case("the same label twice", line(signed(), "Signature-Input", lambda v: f"{v}, {v}"), LABELS)
case("a second signature", line(signed(), "Signature", lambda v: f"{v}, b=:AAAA:"), LABELS)
case("the signature without its padding", line(signed(), "Signature", lambda v: v.removesuffix("=:") + ":"))
case("a bit of the signature", line(signed(), "Signature", lambda v: v[:6] + ("A" if v[6] != "A" else "B") + v[7:]), WRONG)
case("half a signature", line(signed(), "Signature", lambda v: v[:6] + v[6:28] + ":"), MALFORMED)
case("a signature and a byte", line(signed(), "Signature", lambda v: "sig1=:" + base64.b64encode(base64.b64decode(v[6:-1]) + b"\0").decode() + ":"), MALFORMED)
case("a signature as a text", line(signed(), "Signature", lambda v: f'sig1="{v[6:-1]}"'), MALFORMED)
case("no Signature-Input", without(signed(), "Signature-Input"), "is missing")
case("no Signature", without(signed(), "Signature"), "is missing")
case("neither", without(without(signed(), "Signature"), "Signature-Input"), "unauthenticated")
twice = signed()
twice.headers.lines.append(("Signature", twice.headers["Signature"]))
case("Signature in two lines", twice, "ambiguous_credentials")
nominated = signed(lines=[("Connection", "signature")])
case("Connection names Signature", nominated, "malformed_request")

# Who and when.
case("somebody else's secret", signed(secret=SECRETS["globex"]), WRONG)
case("somebody else's id", line(signed(), "Signature-Input", lambda v: v.replace("acme-1", "globex")), WRONG)
case("nobody's id", signed(key="initech"), "unknown keyid")
case("an id in capitals", signed(key="ACME-1"), "unknown keyid")
case("a second before the window", signed(created=-301), "too long ago")
case("a second behind it", signed(created=301), "too far ahead")
case("expires now", signed(created=-60, expires=0), "signature: expired")
case("expired a while ago", signed(created=-60, expires=-30), "signature: expired")
case("expires long after the window", signed(created=-301, expires=600), "too long ago")
case("presented again", signed(), "presented before", times=2)
case("presented again, spelt otherwise", line(signed(), "Signature-Input", lambda v: v.replace(";created", "; created")), "presented before", times=2)

# What is not covered enough.
case("no method", signed(covers=("@authority", "@path")), "@method is not covered")
case("no authority", signed(covers=("@method", "@target-uri")), "@authority is not covered")
case("no target", signed(covers=("@method", "@authority")), "none of @request-target")
case("no query", signed(target="/things?a", covers=("@method", "@authority", "@path")), "@query is not covered")
uncovered = signed("POST")
uncovered.headers.lines += [("Content-Type", "application/json"), ("Content-Length", "2"), ("Content-Digest", digest(b"{}"))]
case("a body that is not covered", change(uncovered, body=b"{}"), "content-digest is not covered")
case("a dictionary's member", signed("POST", body=BODY, covers=("@method", "@authority", "@path", '"content-digest";key="sha-256"')), "with a parameter")
case("a field strictly", signed(lines=[("Priority", "u=1")], covers=("@method", "@authority", "@path", '"priority";sf')), "with a parameter")
case("a field as bytes", signed(lines=[("X-A", "1")], covers=("@method", "@authority", "@path", '"x-a";bs')), "with a parameter")
case("a parameter of the query", signed(target="/things?a=1", covers=("@method", "@authority", "@request-target", '"@query-param";name="a"')), "with a parameter")

assert len({case["name"] for case in CASES}) == len(CASES)
out = pathlib.Path(__file__).parent.parent / "python.json"
out.write_text(json.dumps({"now": NOW, "by": "http-message-signatures 3.0.0 (Python)", "cases": CASES}, indent=1) + "\n")
print(f"{len(CASES)} cases")
