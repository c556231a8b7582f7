"""Vectors of RFC 7515 (appendix A), RFC 7520 (section 4) and RFC 8037 (appendix A.4), as the tests of
jwcrypto and joserfc hold them. Their payloads are not all claims: what is signed rightly and is no JSON
ends in `malformed`, which is told only after the signature was found good."""

import importlib.util
import json

from corpus import File, SIGNATURES, b64, policy, unb64, write


def make(jwcrypto, joserfc):
    tests = load(jwcrypto / "jwcrypto" / "tests.py")
    cookbook = load(jwcrypto / "jwcrypto" / "tests-cookbook.py")
    fixtures = json.loads((joserfc / "tests" / "fixtures" / "jws_rfc7520.json").read_text())
    source = f"RFC 7515, RFC 7520 and RFC 8037 by the sources of {jwcrypto.name} and {joserfc.name}"
    file = File("published", source)
    groups = []
    rfc7515(file, groups, tests)
    rfc7520(file, groups, cookbook, fixtures, joserfc / "tests" / "keys")
    rfc8037(file, groups, tests)
    file.write()
    write(SIGNATURES / "published.json", {"source": source, "groups": groups})


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public(key):
    key = {name: value for name, value in key.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
    return {"secret": key["k"]} if key["kty"] == "oct" else {"jwks": {"keys": [key]}}


def group(groups, name, key, algorithm, token):
    """The same as a raw vector, and with its last bit flipped."""
    header, payload, signature = token.split(".")
    raw = unb64(signature)
    public_key = public(key)
    public_key = public_key if "secret" in public_key else public_key["jwks"]["keys"][0]
    message = f"{header}.{payload}".encode().hex()
    bad = raw[:-1] + bytes([raw[-1] ^ 1])
    cases = [
        {"name": f"signature of {name}", "message": message, "signature": raw.hex(), "valid": True},
        {"name": f"signature of {name}, last bit flipped", "message": message, "signature": bad.hex(), "valid": False},
    ]
    groups.append({"key": public_key, "algorithm": algorithm, "cases": cases})


def rfc7515(file, groups, tests):
    for example, algorithm, now, expect in (
        ("A1", "HS256", 1300819370, "accept"), ("A2", "RS256", 1300819370, "accept"), ("A3", "ES256", 1300819370, "accept"),
        ("A4", "ES512", 1300819370, "algorithm"), ("A5", "none", 1300819370, "algorithm"),
    ):  # fmt: skip
        vector = getattr(tests, f"{example}_example")
        key = dict(vector["key"]) if example != "A5" else dict(tests.A3_key)
        token = ".".join(b64(part) for part in (vector["protected"], vector["payload"], vector["signature"]))
        name = f"RFC 7515 {example[0]}.{example[1]}, {algorithm}"
        known = algorithm if expect == "accept" else "ES256"
        file.key(example, public(key))
        asked = dict(issuer="joe", audience=None, principal="iss")
        rules = file.policy(f"{known} by joe", policy(known, **asked, now=now))
        file.case(name, example, rules, token, expect)
        if expect == "accept":
            group(groups, name, key, algorithm, token)
            for when, later, verdict in (("in its last second", 1300819379, "accept"), ("at its end", 1300819380, "expired")):
                late = file.policy(f"{known} by joe at {later}", policy(known, **asked, leeway_seconds=0, now=later))
                file.case(f"{name}, {when}", example, late, token, verdict)


def rfc7520(file, groups, cookbook, fixtures, keys):
    """4.1 to 4.4 as joserfc has them, the rest as jwcrypto has it."""
    for section, test in zip(("4.1", "4.2", "4.3", "4.4"), fixtures["tests"]):
        key = json.loads((keys / (test.get("public_key") or test["key"])).read_text())
        algorithm = test["protected"]["alg"]
        seen(file, groups, section, algorithm, key, test["compact"])
        ours = getattr(cookbook, f"JWS_compact_{section.replace('.', '_')}_3")
        assert ours == test["compact"], section
    payload = cookbook.Payload_plaintext_b64_4
    secret = dict(cookbook.Symmetric_Key_MAC_3_5)
    rsa = dict(cookbook.RSA_Public_Key_3_3)
    token = f"{cookbook.JWS_Protected_Header_4_6_2}.{payload}.{cookbook.JWS_Signature_4_6_2}"
    seen(file, groups, "4.6", "HS256", secret, token)
    signature = cookbook.JWS_Signature_4_8_4
    token = f"{cookbook.JWS_Protected_Header_4_8_4}.{payload}.{signature}"
    seen(file, groups, "4.8, the third signature", "HS256", secret, token)
    token = f"{cookbook.JWS_Protected_Header_4_8_2}.{payload}.{cookbook.JWS_Signature_4_8_2}"
    seen(file, groups, "4.8, the first signature", "RS256", rsa, token)


def seen(file, groups, section, algorithm, key, token):
    name = f"RFC 7520 {section}, {algorithm}"
    file.key(f"RFC 7520 {section}", public(key))
    known = algorithm if algorithm != "ES512" else "ES256"
    rules = file.policy(f"{known}, nothing asked", policy(known, issuer=None, audience=None))
    file.case(name, f"RFC 7520 {section}", rules, token, "algorithm" if algorithm == "ES512" else "malformed")
    if algorithm != "ES512":
        group(groups, name, key, algorithm, token)


def rfc8037(file, groups, tests):
    vector = tests.E_Ed25519
    key = json.loads(vector["key_json"])
    token = vector["jws_serialization_compact"]
    file.key("RFC 8037", public(key))
    rules = file.policy("EdDSA, nothing asked", policy("EdDSA", issuer=None, audience=None))
    file.case("RFC 8037 A.4, EdDSA", "RFC 8037", rules, token, "malformed")
    group(groups, "RFC 8037 A.4, EdDSA", key, "EdDSA", token)
