"""What the header can say: algorithms and their confusion, typ, cty, crit, keys it brings along, kid."""

import json

from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from corpus import PRIVATE, File, b64, claims, compact, jwks, loaded, policy, public_der, public_jwk, public_pem
from corpus import resign, secret, token, unb64

ODD_ALGORITHMS = [
    "", " ", "es256", "Es256", "eS256", "ES256 ", " ES256", "ES256\u0000", "ES-256", "ES 256", "\u200bES256", "ЕS256",
    "ES256K", "ES512", "ESP256", "Ed25519", "Ed448", "eddsa", "EDDSA", "hs256", "HS1", "RS1", "rs256", "PS1", "RSA1_5",
    "RSA-OAEP", "dir", "A128KW", "ECDH-ES", "none ", "SHA256withECDSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
]  # fmt: skip


def make():
    algorithms()
    header()


def algorithms():
    file = File("algorithms", "cryptography, jwcrypto; see generate/README.md")
    file.key("p256-a", jwks(public_jwk("p256-a", kid="p256-a")))
    file.key("rsa-a", jwks(public_jwk("rsa-a", kid="rsa-a")))
    file.key("rsa-a pem", {"pem": public_pem("rsa-a")})
    file.key("p256-a pem", {"pem": public_pem("p256-a")})
    for name in ("ES256", "ES384", "RS256", "PS256", "EdDSA", "HS256"):
        file.policy(name, policy(name))
    everything = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA HS256 HS384 HS512".split()
    file.policy("everything", policy(*everything))
    file.policy("RS256 or HS256", policy("RS256", "HS256"))
    file.policy("ES256 or HS256", policy("ES256", "HS256"))

    unsecured(file)
    for odd in ODD_ALGORITHMS:
        text = token("ES256", "p256-a", claims(), {"alg": odd})
        file.case(f"alg {json.dumps(odd)} over an ES256 signature", "p256-a", "everything", text, "algorithm")
    confusion(file)
    swapped(file)
    file.write()


def unsecured(file):
    signature = b64(b"\x00" * 64)
    for name in ("none", "None", "NONE", "nOnE", "NonE"):
        message = f"{b64(compact({'alg': name, 'typ': 'JWT'}))}.{b64(compact(claims()))}"
        file.case(f"alg {name}, no signature", "p256-a", "everything", f"{message}.", "algorithm")
        file.case(f"alg {name}, 64 zero bytes", "p256-a", "everything", f"{message}.{signature}", "algorithm")
        text = resign("ES256", "p256-a", message)
        file.case(f"alg {name}, a good ES256 signature", "p256-a", "everything", text, "algorithm")
    message = f"{b64(compact({'alg': 'none'}))}.{b64(compact(claims()))}"
    file.case("alg none, two parts only", "p256-a", "everything", message, "malformed")
    text = f"{b64(compact({'alg': 'ES256'}))}.{b64(compact(claims()))}."
    file.case("ES256 with the signature cut off", "p256-a", "everything", text, "malformed")
    header = {"alg": "none", "kid": "p256-a"}
    text = f"{b64(compact(header))}.{b64(compact(claims()))}."
    file.case("alg none with a kid that the set has", "p256-a", "ES256", text, "algorithm")


def confusion(file):
    """HS256 with what everybody knows of a public key as the secret."""
    for key, rules in (("rsa-a", "RS256"), ("p256-a", "ES256")):
        pem = public_pem(key)
        known = {
            "PEM": pem.encode(),
            "PEM without its last newline": pem.rstrip("\n").encode(),
            "PEM with CRLF": pem.replace("\n", "\r\n").encode(),
            "DER": public_der(key),
            "JWK as JSON": compact(public_jwk(key)),
            "JWKS as JSON": compact({"keys": [public_jwk(key)]}),
        }
        if key == "rsa-a":
            known["modulus bytes"] = unb64(PRIVATE[key]["n"])
            known["modulus text"] = PRIVATE[key]["n"].encode()
        else:
            known["x and y"] = unb64(PRIVATE[key]["x"]) + unb64(PRIVATE[key]["y"])
            known["uncompressed point"] = b"\x04" + known["x and y"]
            known["x alone"] = unb64(PRIVATE[key]["x"])
        for what, material in known.items():
            text = token("HS256", material, claims(), kid=key)
            file.case(f"HS256 by the {what} of {key}, {rules} asked", key, rules, text, "algorithm")
            file.case(f"HS256 by the {what} of {key}, HS256 allowed too", key, f"{rules} or HS256", text, "unknown_key")
        for algorithm in ("HS384", "HS512"):
            text = token(algorithm, pem.encode(), claims())
            file.case(f"{algorithm} by the PEM of {key}, which is the key", f"{key} pem", rules, text, "algorithm")
        text = token("HS256", pem.encode(), claims())
        file.case(f"HS256 by the PEM of {key}, which is the key", f"{key} pem", rules, text, "algorithm")
    for what, material in {"empty secret": b"", "zero byte": b"\x00", "the word secret": b"secret"}.items():
        text = token("HS256", material, claims())
        file.case(f"HS256 by {what}, ES256 asked", "p256-a", "ES256", text, "algorithm")
        file.case(f"HS256 by {what}, no secret there", "p256-a", "everything", text, "unknown_key")
    file.key("secret-64", secret("secret-64"))
    for algorithm in ("HS384", "HS512"):
        text = token(algorithm, "secret-64", claims())
        file.case(f"{algorithm} by the right secret, HS256 asked", "secret-64", "HS256", text, "algorithm")
    text = token("RS256", "rsa-a", claims())
    file.case("RS256 where a secret is held", "secret-64", "HS256", text, "algorithm")


def swapped(file):
    """A good signature under the name of another algorithm, and algorithms that the policy lacks."""
    others = [
        ("RS256", "PS256", "rsa-a"), ("PS256", "RS256", "rsa-a"), ("RS256", "RS384", "rsa-a"),
        ("RS384", "RS256", "rsa-a"), ("RS512", "RS256", "rsa-a"), ("PS384", "PS256", "rsa-a"),
        ("PS256", "PS512", "rsa-a"), ("RS512", "PS512", "rsa-a"),
    ]  # fmt: skip
    for made, said, key in others:
        text = token(made, key, claims(), {"alg": said, "kid": key})
        file.case(f"{made} signature that says {said}", key, "everything", text, "signature")
    for made, rules in (("PS256", "RS256"), ("RS384", "RS256"), ("RS512", "RS256"), ("RS256", "PS256"), ("PS512", "PS256")):
        text = token(made, "rsa-a", claims())
        file.case(f"{made} where {rules} is asked", "rsa-a", rules, text, "algorithm")
    file.key("p384-a", jwks("p384-a"))
    file.key("both curves", jwks("p256-a", "p384-a"))
    file.key("ed25519-a", jwks("ed25519-a"))
    # SHA-256 on P-384 and SHA-384 on P-256: sound cryptography, but no algorithm of RFC 7518.
    text = token("ES256", "p384-a", claims())
    file.case("ES256 by a P-384 key, only that there", "p384-a", "everything", text, "unknown_key")
    file.case("ES256 by a P-384 key, both curves there", "both curves", "everything", text, "signature")
    text = token("ES384", "p256-a", claims())
    file.case("ES384 by a P-256 key, only that there", "p256-a", "everything", text, "unknown_key")
    file.case("ES384 by a P-256 key, both curves there", "both curves", "everything", text, "signature")
    text = token("ES384", "p384-a", claims())
    file.case("ES384 where ES256 is asked", "p384-a", "ES256", text, "algorithm")
    text = token("ES256", "p256-a", claims(), {"alg": "EdDSA"})
    file.case("ES256 signature that says EdDSA", "p256-a", "everything", text, "unknown_key")
    text = token("EdDSA", "ed25519-a", claims(), {"alg": "ES256"})
    file.case("EdDSA signature that says ES256", "both curves", "everything", text, "signature")
    file.case("EdDSA signature that says ES256, only Ed25519 there", "ed25519-a", "everything", text, "unknown_key")
    text = token("RS256", "rsa-a", claims())
    file.case("RS256 where only EC keys are", "both curves", "everything", text, "unknown_key")
    for algorithm, key in (("ES512", "p521"), ("ES256K", "secp256k1")):
        made = jwcrypto_jws.JWS(compact(claims()))
        made.allowed_algs = [algorithm]
        made.add_signature(jwcrypto_jwk.JWK(**PRIVATE[key]), None, json.dumps({"alg": algorithm, "kid": key}))
        file.key(key, jwks(public_jwk(key, kid=key)))
        file.case(f"{algorithm} by jwcrypto, its key in the set", key, "everything", made.serialize(compact=True), "algorithm")
    file.key("ed448", jwks("ed448"))
    message = f"{b64(compact({'alg': 'EdDSA'}))}.{b64(compact(claims()))}"
    text = f"{message}.{b64(loaded('ed448').sign(message.encode()))}"
    file.case("EdDSA by an Ed448 key, its key in the set", "ed448", "everything", text, "unknown_key")


def header():
    file = File("header", "cryptography; see generate/README.md")
    keys = file.key("p256-a", jwks(public_jwk("p256-a", kid="p256-a")))
    any_typ = file.policy("ES256", policy("ES256"))
    at = file.policy("at+jwt", policy("ES256", typ="at+jwt"))
    jwt = file.policy("JWT", policy("ES256", typ="JWT"))

    def case(name, rules, expect, **more):
        file.case(name, keys, rules, token("ES256", "p256-a", claims(), **more), expect)

    for typ in ("at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT"):
        case(f"typ {typ}, at+jwt asked", at, "accept", typ=typ)
    for typ in ("JWT", "jwt", "at", "at+jwt ", " at+jwt", "at-jwt", "application/", "application/jwt", "dpop+jwt",
                "application/application/at+jwt", "text/at+jwt", "at+jwt;charset=utf-8", "logout+jwt", ""):
        case(f"typ {json.dumps(typ)}, at+jwt asked", at, "type", typ=typ)
    case("typ absent, at+jwt asked", at, "type")
    for typ in ("JWT", "jwt", "application/jwt", "Application/JWT"):
        case(f"typ {typ}, JWT asked", jwt, "accept", typ=typ)
    case("typ at+jwt, JWT asked", jwt, "type", typ="at+jwt")
    for typ in ("JWT", "at+jwt", "JOSE", "anything at all", ""):
        case(f"typ {json.dumps(typ)}, none asked", any_typ, "accept", typ=typ)
    for member in ("typ", "cty", "kid", "alg"):
        for what, value in {"null": None, "a number": 1, "an array": ["JWT"], "an object": {}, "true": True}.items():
            case(f"{member} is {what}", any_typ, "malformed", **{member: value})
    case("typ null, at+jwt asked", at, "malformed", typ=None)
    case("typ an array of the right one, at+jwt asked", at, "malformed", typ=["at+jwt"])

    for cty in ("JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT", "application/JWT"):
        case(f"cty {cty}", any_typ, "nested", cty=cty)
    for cty in ("json", "application/json", "text/plain"):
        case(f"cty {cty}", any_typ, "accept", cty=cty)
    critical(case, any_typ)
    embedded(file, keys, any_typ)
    others(file, keys, any_typ)
    order(file, keys)
    file.write()


def critical(case, rules):
    case("crit names exp", rules, "critical", crit=["exp"], exp=1900000300)
    case("crit names b64, which is true", rules, "critical", crit=["b64"], b64=True)
    case("crit names alg", rules, "critical", crit=["alg"])
    case("crit names something absent", rules, "critical", crit=["absent"])
    case("crit names a private extension", rules, "critical", crit=["https://example.com/x"], **{"https://example.com/x": 1})
    case("crit names the same twice", rules, "critical", crit=["x", "x"], x=1)
    case("crit names the empty string", rules, "critical", crit=[""], **{"": 1})
    case("crit names itself", rules, "critical", crit=["crit"])
    case("crit is an empty list", rules, "critical", crit=[])
    for what, value in {"null": None, "a string": "exp", "a number": 1, "an object": {"exp": 1}, "false": False}.items():
        case(f"crit is {what}", rules, "malformed", crit=value)
    case("Crit in another case is only an unknown member", rules, "accept", Crit=["exp"])


def embedded(file, keys, rules):
    certificate = "MIIBszCCAVmgAwIBAgIUe"
    brought = {
        "jwk": public_jwk("p256-b"),
        "jku": "https://evil.example/keys.json",
        "x5u": "https://evil.example/chain.pem",
        "x5c": [certificate],
    }
    for name, value in brought.items():
        text = token("ES256", "p256-a", claims(), kid="p256-a", **{name: value})
        file.case(f"{name} in the header, signed by the right key", keys, rules, text, "embedded_key")
        text = token("ES256", "p256-b", claims(), kid="p256-a", **{name: value})
        file.case(f"{name} in the header, signed by a key of the sender's", keys, rules, text, "embedded_key")
        text = token("ES256", "p256-a", claims(), **{name: None})
        file.case(f"{name} null in the header", keys, rules, text, "embedded_key")
    text = token("ES256", "p256-a", claims(), jwk=public_jwk("p256-a"))
    file.case("jwk in the header is the right key itself", keys, rules, text, "embedded_key")
    text = token("ES256", "p256-a", claims(), jku="")
    file.case("jku empty", keys, rules, text, "embedded_key")
    text = token("HS256", b"chosen by the sender, 32 bytes!!", claims(), jwk={"kty": "oct", "k": b64("chosen by the sender, 32 bytes!!")})
    file.case("jwk in the header is a secret, HS256", keys, rules, text, "embedded_key")
    for name in ("x5t", "x5t#S256"):
        text = token("ES256", "p256-a", claims(), **{name: "7KITkGJF74IZ9NKVvHfuJILbuIZny6j-roaNjB1vgiA"})
        file.case(f"{name} in the header is only a thumbprint", keys, rules, text, "accept")
    for name in ("JWK", "Jku"):
        text = token("ES256", "p256-a", claims(), **{name: "https://evil.example/"})
        file.case(f"{name} in another case is only an unknown member", keys, rules, text, "accept")


def others(file, keys, rules):
    for name, value in {
        "an unknown member": {"x": 1},
        "a nested object": {"x": {"y": [1, 2, {"z": None}]}},
        "claims replicated": {"iss": "https://evil.example/", "sub": "mallory"},
        "epk of an ECDH": {"epk": public_jwk("p256-b")},
        "a member __proto__": {"__proto__": {"alg": "none"}},
        "ALG beside alg": {"ALG": "none"},
        "an empty member name": {"": ""},
    }.items():
        text = token("ES256", "p256-a", claims(), **value)
        file.case(f"header with {name}", keys, rules, text, "accept")
    for name, value in {"empty": {}, "without alg": {"typ": "JWT"}, "with ALG only": {"ALG": "ES256"}, "with Alg only": {"Alg": "ES256"}}.items():
        file.case(f"header {name}", keys, rules, token("ES256", "p256-a", claims(), value), "malformed")


def order(file, keys):
    """Tokens with two faults: the first in the order of checks is told."""
    at = file.policy("at+jwt, 8192 bytes", policy("ES256", typ="at+jwt"))
    jwk = public_jwk("p256-b")

    def case(name, expect, payload=None, by="p256-b", **more):
        text = token("ES256", by, claims() if payload is None else payload, **more)
        file.case(f"order: {name}", keys, at, text, expect)

    case("malformed kid before crit", "malformed", kid=1, crit=["x"])
    case("crit before embedded key", "critical", crit=["x"], jwk=jwk)
    case("embedded key before nested", "embedded_key", jwk=jwk, cty="JWT")
    case("nested before type", "nested", cty="JWT", typ="JWT")
    case("type before algorithm", "type", typ="JWT", alg="none")
    case("algorithm before unknown key", "algorithm", typ="at+jwt", alg="HS256", kid="unknown")
    case("unknown key before signature", "unknown_key", typ="at+jwt", kid="unknown")
    case("signature before payload that is no JSON", "signature", "no JSON", typ="at+jwt")
    case("signature before expired", "signature", claims(exp=1), typ="at+jwt")
    case("payload before claims", "malformed", '{"exp":1,"exp":1}', by="p256-a", typ="at+jwt")
    case("claim before expired", "claim", claims(exp=1, nbf="x"), by="p256-a", typ="at+jwt")
    case("expired before not yet", "expired", claims(exp=1, nbf=2000000000), by="p256-a", typ="at+jwt")
    case("not yet before issued ahead", "not_yet", claims(nbf=1900000200, iat=1900000200), by="p256-a", typ="at+jwt")
    case("issued ahead before issuer", "issued_ahead", claims("iss", iat=1900000200), by="p256-a", typ="at+jwt")
    case("issuer before audience", "issuer", claims("iss", "aud"), by="p256-a", typ="at+jwt")
    case("audience before principal", "audience", claims("aud", "sub"), by="p256-a", typ="at+jwt")
