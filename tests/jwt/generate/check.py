"""What PyJWT, jwcrypto and joserfc make of every case, beside Node's; and README.md with the outcome.

    check.py NODE      where NODE is the file that `generate.mjs check` wrote

Ends with 1 where a token that we accept is refused by every library but the one that made it.
"""

import datetime
import json
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import jwt
import jwt.api_jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

from corpus import HERE, SIGNATURES, TOKENS, unb64
from readme import readme

CLOCK = {"now": 0}
MAKERS = ("PyJWT", "jwcrypto", "joserfc", "jose", "jsonwebtoken")


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(CLOCK["now"], tz)


jwt.api_jwt.datetime = Clock
time.time = lambda: CLOCK["now"]


def candidates(source, text):
    """The keys that somebody would try: by kid where the token has one, else all."""
    if "secret" in source:
        return [("oct", {"kty": "oct", "k": source["secret"]})]
    if "pem" in source:
        return [("pem", source["pem"])]
    try:
        kid = json.loads(unb64(text.split(".")[0])).get("kid")
    except Exception:
        kid = None
    return [("jwk", key) for key in source["jwks"]["keys"] if kid is None or key.get("kid", kid) == kid]


def by_pyjwt(text, kind, key, rules):
    if kind == "pem":
        material = key
    elif kind == "oct":
        material = unb64(key["k"])
    else:
        material = jwt.PyJWK(key, algorithm=None).key
    options = {"require": ["exp", *rules["required"]], "verify_aud": rules["audience"] is not None}
    jwt.decode(
        text, material, algorithms=rules["algorithms"], issuer=rules["issuer"], audience=rules["audience"],
        leeway=rules["leeway_seconds"], options=options,
    )  # fmt: skip


def by_jwcrypto(text, kind, key, rules):
    material = jwcrypto_jwk.JWK.from_pem(key.encode()) if kind == "pem" else jwcrypto_jwk.JWK(**key)
    asked = {"exp": None, **{name: None for name in rules["required"]}}
    if rules["issuer"] is not None:
        asked["iss"] = rules["issuer"]
    if rules["audience"] is not None:
        asked["aud"] = rules["audience"]
    token = jwcrypto_jwt.JWT(algs=rules["algorithms"], check_claims=asked, expected_type="JWS")
    token.leeway = rules["leeway_seconds"]
    token.deserialize(text, material)


def by_joserfc(text, kind, key, rules):
    material = pem(key) if kind == "pem" else joserfc_jwk.import_key(key)
    token = joserfc_jwt.decode(text, material, algorithms=rules["algorithms"])
    asked = {"exp": {"essential": True}, **{name: {"essential": True} for name in rules["required"]}}
    if rules["issuer"] is not None:
        asked["iss"] = {"essential": True, "value": rules["issuer"]}
    if rules["audience"] is not None:
        asked["aud"] = {"essential": True, "values": rules["audience"]}
    registry = joserfc_jwt.JWTClaimsRegistry(now=rules["now"], leeway=rules["leeway_seconds"], **asked)
    registry.validate(token.claims)


def pem(text):
    for kind in ("RSA", "EC", "OKP"):
        try:
            return joserfc_jwk.import_key(text, kind)
        except Exception:
            continue
    raise ValueError("no key")


LIBRARIES = {"PyJWT": by_pyjwt, "jwcrypto": by_jwcrypto, "joserfc": by_joserfc}


def asked(library, case, file):
    source, rules = file["keys"][case["keys"]], file["policies"][case["policy"]]
    CLOCK["now"] = rules["now"]
    why = "no key"
    for kind, key in candidates(source, case["token"]):
        try:
            LIBRARIES[library](case["token"], kind, key, rules)
            return "accept"
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
    return why


def main(node):
    files = {path.name: json.loads(path.read_text()) for path in sorted(TOKENS.glob("*.json"))}
    signatures = {path.name: json.loads(path.read_text()) for path in sorted(SIGNATURES.glob("*.json"))}
    verdicts = json.loads(Path(node).read_text())
    for library in LIBRARIES:
        verdicts[library] = {
            case["name"]: asked(library, case, file) for file in files.values() for case in file["cases"] if "token" in case
        }
    every = [case["name"] for file in files.values() for case in file["cases"]]
    every += [case["name"] for file in signatures.values() for group in file["groups"] for case in group["cases"]]
    twice = [name for name, count in Counter(every).items() if count > 1]
    alone = list(unconfirmed(files, verdicts))
    versions = {name: version(name) for name in ("PyJWT", "jwcrypto", "joserfc", "cryptography")}
    text, elsewhere = readme(files, signatures, verdicts, versions)
    (HERE / "README.md").write_text(text)
    (HERE / "accepted_elsewhere.md").write_text(elsewhere)
    for name in twice:
        print("a name twice:", name)
    for name, whys in alone:
        print("no second library accepts:", name, whys)
    sys.exit(bool(twice or alone))


def unconfirmed(files, verdicts):
    for file in files.values():
        for case in file["cases"]:
            if case.get("expect") != "accept":
                continue
            maker = next((name for name in MAKERS if case["name"].endswith(f" by {name}")), "cryptography")
            others = {name: given[case["name"]] for name, given in verdicts.items() if name != maker}
            if "accept" not in others.values():
                yield case["name"], others


if __name__ == "__main__":
    main(sys.argv[1])
