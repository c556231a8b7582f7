"""Claims: times to the second and its fractions, issuer, audience, what is required, who it is, scopes."""

import json

from corpus import NOW, File, claims, compact, jwks, policy, token


class Claims:
    """A file of tokens that differ in their payload only."""

    def __init__(self, name):
        self.file = File(name, "cryptography; see generate/README.md")
        self.keys = self.file.key("p256-a", jwks("p256-a"))
        self.rules("ES256")

    def rules(self, name, **more):
        return self.file.policy(name, policy("ES256", **more))

    def case(self, name, expect, *without, rules="ES256", **more):
        """A claim given as bytes is its JSON text."""
        body = claims(*without, **{key: value for key, value in more.items() if not isinstance(value, bytes)})
        text = compact(body).decode()
        for key, value in more.items():
            if isinstance(value, bytes):
                body.pop(key, None)
                text = f'{compact(body).decode()[:-1]},"{key}":{value.decode()}}}'
        self.file.case(name, self.keys, rules, token("ES256", "p256-a", text), expect)


def make():
    times()
    parties()
    principals()


def times():
    made = Claims("times")
    made.rules("no leeway", leeway_seconds=0)
    expiry(made)
    for claim, fault in (("nbf", "not_yet"), ("iat", "issued_ahead")):
        starts(made, claim, fault)
    made.file.write()


def expiry(made):
    edges = [
        (300, "accept"), (1, "accept"), (0, "accept"), (-1, "accept"), (-29, "accept"), (-30, "expired"),
        (-31, "expired"), (-29.5, "accept"), (-29.75, "accept"), (-30.5, "expired"), (-30.25, "expired"), (-3600, "expired"),
    ]  # fmt: skip
    for offset, expect in edges:
        made.case(f"exp {offset:+} s, leeway 30", expect, exp=NOW + offset)
    for offset, expect in [(1, "accept"), (0.5, "accept"), (0.25, "accept"), (0, "expired"), (-0.5, "expired"), (-1, "expired")]:
        made.case(f"exp {offset:+} s, no leeway", expect, rules="no leeway", exp=NOW + offset)
    texts = {
        b"1900000300.0": "accept", b"1900000300.5": "accept", b"1.9000003e9": "accept", b"19000003E+2": "accept",
        b"190000030000e-2": "accept", b"1e10": "accept", b"1E10": "accept", b"1e300": "accept",
        b"9007199254740991": "accept", b"253402300800": "accept", b"9007199254740992": "malformed",
        b"18446744073709551615": "malformed", b"9223372036854775808": "malformed", b"1e309": "malformed",
        b"1900000300.00000000001": "malformed", b"1e-400": "malformed",
        b"0": "expired", b"0.0": "expired", b"0e9": "expired", b"1": "expired", b"1e-300": "expired", b"2147483647": "accept",
        b"1.9e9": "accept", b"1.8e9": "expired", b"1900000300000": "accept",
        b"-1": "claim", b"-0.5": "claim", b"-1900000300": "claim", b"-1e10": "claim", b"-1e-300": "claim",
        b'"1900000300"': "claim", b'"2034-01-01T00:00:00Z"': "claim", b'""': "claim", b"null": "claim", b"true": "claim",
        b"false": "claim", b"[1900000300]": "claim", b"[]": "claim", b"{}": "claim", b'{"$date":1900000300}': "claim",
    }  # fmt: skip
    for text, expect in texts.items():
        made.case(f"exp written {text.decode()}", expect, exp=text)
    made.case("exp absent", "claim", "exp")
    made.case("exp absent, nbf there", "claim", "exp", nbf=NOW)


def starts(made, claim, fault):
    edges = [
        (0, "accept"), (29, "accept"), (30, "accept"), (31, fault), (30.5, fault), (30.25, fault), (29.5, "accept"),
        (-3600, "accept"), (3600, fault),
    ]  # fmt: skip
    # A token that starts after it ends would have two faults.
    for offset, expect in edges:
        made.case(f"{claim} {offset:+} s, leeway 30", expect, exp=NOW + 7200, **{claim: NOW + offset})
    for offset, expect in [(0, "accept"), (-0.5, "accept"), (0.5, fault), (1, fault)]:
        made.case(f"{claim} {offset:+} s, no leeway", expect, rules="no leeway", **{claim: NOW + offset})
    texts = {
        b"0": "accept", b"1.9e9": "accept", b"1900000000.0": "accept", b"1e10": fault, b"1e300": fault,
        b"9007199254740991": fault, b"1900000000000": fault, b"9007199254740993": "malformed", b"1e999": "malformed",
        b"-1": "claim", b"-0.25": "claim", b'"1900000000"': "claim", b'"0"': "claim", b"null": "claim", b"false": "claim", b"[0]": "claim",
        b"{}": "claim",
    }  # fmt: skip
    for text, expect in texts.items():
        made.case(f"{claim} written {text.decode()}", expect, **{claim: text})
    made.case(f"{claim} absent", "accept", claim)


def parties():
    made = Claims("parties")
    issuers(made)
    audiences(made)
    required(made)
    made.file.write()


def issuers(made):
    made.rules("any issuer", issuer=None)
    made.rules("issuer without slash", issuer="https://id.example.com")
    right = "https://id.example.com/"
    for wrong in ("https://id.example.com", "https://id.example.com//", "https://ID.example.com/", "http://id.example.com/",
                  "https://id.example.com/x", "https://id.example.com/ ", " https://id.example.com/", "https://id.example.com/\u0000",
                  "https://id.example.com:443/", "https://id.example.com.evil.example/", "https://evil.example/", "", "*",
                  "https://id.ex\u0430mple.com/", "https%3A%2F%2Fid.example.com%2F", "https://id.example.com/?", "https://id.example.com/#"):
        made.case(f"iss {json.dumps(wrong)}", "issuer", iss=wrong)
    made.case("iss absent", "issuer", "iss")
    made.case("iss right", "accept", iss=right)
    for what, value in {"an array of the right one": [right], "null": None, "a number": 1, "an object": {"url": right}, "true": True}.items():
        made.case(f"iss is {what}", "claim", iss=value)
        made.case(f"iss is {what}, any taken", "claim", rules="any issuer", iss=value)
    made.case("iss absent, any taken", "accept", "iss", rules="any issuer")
    made.case("iss another, any taken", "accept", rules="any issuer", iss="https://evil.example/")
    made.case("iss empty, any taken", "accept", rules="any issuer", iss="")
    made.case("iss with a slash, asked without", "issuer", rules="issuer without slash", iss=right)
    made.case("iss without a slash, asked so", "accept", rules="issuer without slash", iss=right[:-1])


def audiences(made):
    made.rules("any audience", audience=None)
    made.rules("two audiences", audience=["crm", "https://crm.example.com/"])
    for value in ("crm", ["crm"], ["erp", "crm"], ["crm", "erp"], ["crm", "crm"], ["", "crm"]):
        made.case(f"aud {json.dumps(value)}", "accept", aud=value)
    for value in ("erp", "CRM", "crm ", " crm", "crm,erp", "crm erp", "crm\u0000", "cr", "crmx", "", "*", '["crm"]',
                  [], [""], ["erp"], ["CRM"], ["crm "], ["crm,erp"], ["c", "r", "m"]):
        made.case(f"aud {json.dumps(value)}", "audience", aud=value)
    for value in (None, 1, True, {"crm": True}, [1], ["crm", 1], ["crm", None], [["crm"]], [{"crm": 1}], {}):
        made.case(f"aud {json.dumps(value)}", "claim", aud=value)
    made.case("aud absent", "audience", "aud")
    made.case("aud of 200 with the right one last", "accept", aud=[f"api-{n}" for n in range(200)] + ["crm"])
    for value in ("crm", "https://crm.example.com/", ["erp", "https://crm.example.com/"]):
        made.case(f"aud {json.dumps(value)}, one of two asked", "accept", rules="two audiences", aud=value)
    for value in ("https://crm.example.com", "crmhttps://crm.example.com/", ["erp"]):
        made.case(f"aud {json.dumps(value)}, one of two asked", "audience", rules="two audiences", aud=value)
    for value in ("erp", ["erp"], [], ""):
        made.case(f"aud {json.dumps(value)}, any taken", "accept", rules="any audience", aud=value)
    for value in (None, 1, ["crm", 1]):
        made.case(f"aud {json.dumps(value)}, any taken", "claim", rules="any audience", aud=value)
    made.case("aud absent, any taken", "accept", "aud", rules="any audience")


def required(made):
    made.rules("tenant required", required=["tenant"])
    made.rules("nbf, iat and jti required", required=["nbf", "iat", "jti"])
    made.case("required claim there", "accept", rules="tenant required", tenant="acme")
    for value in ("", 0, False, [], {}):
        made.case(f"required claim is {json.dumps(value)}", "accept", rules="tenant required", tenant=value)
    made.case("required claim absent", "claim", rules="tenant required")
    made.case("required claim in another case", "claim", rules="tenant required", Tenant="acme")
    made.case("required claim only in a nested object", "claim", rules="tenant required", x={"tenant": "acme"})
    made.case("all three required claims there", "accept", rules="nbf, iat and jti required", nbf=NOW, jti="1")
    made.case("required nbf absent", "claim", rules="nbf, iat and jti required", jti="1")
    made.case("required iat absent", "claim", "iat", rules="nbf, iat and jti required", nbf=NOW, jti="1")
    made.case("required jti absent", "claim", rules="nbf, iat and jti required", nbf=NOW)


def principals():
    made = Claims("principals")
    by_client = made.rules("principal client_id", principal="client_id")
    by_email = made.rules("principal email", principal="email")
    for value in ("alice", "a", "a" * 256, "alice smith", "~!@#$%^&*()_+", "auth0|5f7c8ec7c33c6c004bbafe82", "0", "null",
                  "CN=alice, OU=crm, O=Example", '"quoted"', "back\\slash", "a:b", "a  b"):
        made.case(f"sub {json.dumps(value[:60])} of {len(value)}", "accept", sub=value)
    for value in ("", " ", " alice", "alice ", "   ", "a" * 257, "a" * 4000, "alice\n", "\nalice", "alice\r\nX-Admin: true", "al\tice",
                  "alice\u0000", "\u0000", "alice\u007f", "\u001balice", "Zo\u00eb", "\u0430lice", "alice\u200b", "\ufeffalice",
                  "alice\u00a0", "\u202ealice", "\U0001f600", "a\u0301lice", "\u0080"):
        made.case(f"sub {json.dumps(value[:60])} of {len(value)}", "principal", sub=value)
    for value in (None, 1, 0, 1.5, True, [], ["alice"], {}, {"name": "alice"}):
        made.case(f"sub is {json.dumps(value)}", "principal", sub=value)
    made.case("sub absent", "principal", "sub")
    made.case("Sub in another case", "principal", "sub", Sub="alice")
    made.case("client_id asked and there", "accept", "sub", rules=by_client, client_id="batch-7")
    made.case("client_id asked, sub another", "accept", rules=by_client, client_id="batch-7")
    made.case("client_id asked, only sub there", "principal", rules=by_client)
    made.case("email asked and there", "accept", rules=by_email, email="alice@example.com")
    made.case("email asked, an array", "principal", rules=by_email, email=["alice@example.com"])
    scopes(made)
    made.file.write()


def scopes(made):
    taken = {
        "absent": {}, "one": {"scope": "crm.read"}, "two": {"scope": "crm.read crm.write"},
        "in the order as written": {"scope": "z a m"}, "duplicates dropped": {"scope": "a b a c b"},
        "in two cases are two": {"scope": "a A"}, "empty": {"scope": ""},
        "with every character of a token": {"scope": "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"},
        "URLs": {"scope": "https://example.com/a https://example.com/b"}, "openid": {"scope": "openid profile email"},
        "scp a string": {"scp": "crm.read crm.write"}, "scp an array": {"scp": ["crm.read", "crm.write"]},
        "scp an array with duplicates": {"scp": ["b", "a", "b"]}, "scp an empty array": {"scp": []},
        "scp an array of one": {"scp": ["crm.read"]}, "scope before scp": {"scope": "a", "scp": ["b"]},
        "scope before scp, scp first": {"scp": ["b"], "scope": "a"}, "roles are no scopes": {"roles": ["admin"], "permissions": ["x"]},
        "Scope in another case is none": {"Scope": "admin"}, "sixty": {"scope": " ".join(f"s{n}" for n in range(60))},
    }  # fmt: skip
    for name, members in taken.items():
        made.case(f"scopes {name}", "accept", "scope", **members)
