"""The outer form: base64url and its oddities, the number of parts, JWE, nesting, detached payloads, size."""

import json

from jwcrypto import jwe as jwcrypto_jwe
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from corpus import PRIVATE, File, b64, claims, compact, jwks, policy, public_jwk, resign, secret, sign, token

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def make():
    base64()
    forms()


def base64():
    file = File("base64", "cryptography; see generate/README.md")
    file.key("p256-a", jwks("p256-a"))
    file.key("p384-a", jwks("p384-a"))
    file.key("rsa-a", jwks("rsa-a"))
    file.key("secret-32", secret("secret-32"))
    for name in ("ES256", "ES384", "RS256", "HS256"):
        file.policy(name, policy(name))
    for part in ("header", "payload", "signature"):
        oddities(file, part)
    trailing_bits(file)
    whole(file)
    file.write()


def parts_of(header=None, payload=None, algorithm="ES256", key="p256-a"):
    header = {"alg": algorithm} if header is None else header
    parts = [b64(compact(header)), b64(compact(claims() if payload is None else payload))]
    return parts + [b64(sign(algorithm, key, ".".join(parts).encode()))]


def with_part(part, text, parts):
    """The token with that text as one of its parts, and a signature over what is written."""
    if part == "signature":
        return ".".join([*parts[:2], text])
    if part == "header":
        return resign("ES256", "p256-a", f"{text}.{parts[1]}")
    return resign("ES256", "p256-a", f"{parts[0]}.{text}")


def oddities(file, part):
    index = ("header", "payload", "signature").index(part)
    good = parts_of()[index]

    def case(name, text, parts=None):
        text = with_part(part, text, parts or parts_of())
        file.case(f"{part}: {name}", "p256-a", "ES256", text, "malformed")

    case("one = after it", good + "=")
    case("two = after it", good + "==")
    case("right padding", good + "=" * (-len(good) % 4 or 4))
    case("%3D after it", good + "%3D")
    case("a space before it", " " + good)
    case("a space after it", good + " ")
    case("a space within it", good[:9] + " " + good[9:])
    case("a tab within it", good[:9] + "\t" + good[9:])
    case("a newline within it", good[:9] + "\n" + good[9:])
    case("CRLF within it", good[:9] + "\r\n" + good[9:])
    case("a newline after it", good + "\n")
    case("a NUL after it", good + "\x00")
    case("a NUL within it", good[:8] + "\x00" + good[8:])
    case("an exclamation mark within it", good[:8] + "!" + good[8:])
    case("a percent escape within it", good[:8] + "%41" + good[9:])
    case("a letter that is not ASCII within it", good[:8] + "\u0410" + good[9:])
    case("a fullwidth letter within it", good[:8] + "\uff21" + good[9:])
    case("a zero width space after it", good + "\u200b")
    case("in quotes", f'"{good}"')
    # One character more than whole groups says six bits, which is no byte.
    whole = good[: len(good) // 4 * 4]
    case("a length that no bytes have", whole + "A")
    # Both alphabets: a part that holds the two characters in question, written in the other one.
    if part == "signature":
        for number in range(200):
            parts = parts_of(payload=claims(jti=str(number)))
            if "-" in parts[2] and "_" in parts[2]:
                break
    else:
        more = {"x": "\u07ff?>\u07ff??>>~~~"}
        text = json.dumps({"alg": "ES256", **more} if part == "header" else claims(**more), ensure_ascii=False)
        parts = parts_of(**{part: text})
        if "-" not in parts[index] or "_" not in parts[index]:
            parts = parts_of(**{part: text.replace('"x": ', '"xyz":"","x": ')})
    text = parts[index]
    assert "-" in text and "_" in text, part
    file.case(f"{part}: both characters that base64url has for itself", "p256-a", "ES256", ".".join(parts), "accept")
    case("the other alphabet, + and /", text.replace("-", "+").replace("_", "/"), parts)
    case("+ in place of -", text.replace("-", "+"), parts)
    case("/ in place of _", text.replace("_", "/"), parts)


def trailing_bits(file):
    """The last character of a part whose length is no multiple of four has bits to spare: they are zero."""
    for part in ("header", "payload"):
        index = ("header", "payload").index(part)
        for spaces in range(3):
            # White space before the end brings about each length modulo three.
            text = compact({"alg": "ES256"} if part == "header" else claims()).decode()[:-1] + " " * spaces + "}"
            parts = parts_of(**{part: text})
            encoded = parts[index]
            file.case(f"{part}: length {len(encoded) % 4} modulo 4", "p256-a", "ES256", ".".join(parts), "accept")
            spare = {2: 4, 3: 2, 0: 0}[len(encoded) % 4]
            for bit in range(spare):
                last = ALPHABET[ALPHABET.index(encoded[-1]) | 1 << bit]
                odd = with_part(part, encoded[:-1] + last, parts)
                name = f"{part}: length {len(encoded) % 4} modulo 4, spare bit {bit} set"
                file.case(name, "p256-a", "ES256", odd, "malformed")
    for algorithm, key in (("ES256", "p256-a"), ("RS256", "rsa-a"), ("HS256", "secret-32")):
        parts = parts_of(algorithm=algorithm, key=key)
        spare = {2: 4, 3: 2, 0: 0}[len(parts[2]) % 4]
        for bit in range(spare):
            last = ALPHABET[ALPHABET.index(parts[2][-1]) | 1 << bit]
            text = ".".join([*parts[:2], parts[2][:-1] + last])
            file.case(f"{algorithm} signature: spare bit {bit} set", key, algorithm, text, "malformed")
    # 96 bytes are 128 characters, and nothing to spare.
    parts = parts_of(algorithm="ES384", key="p384-a")
    file.case("ES384 signature: one = after it", "p384-a", "ES384", ".".join(parts) + "=", "malformed")
    file.case("ES384 signature: four = after it", "p384-a", "ES384", ".".join(parts) + "====", "malformed")


def whole(file):
    good = token("ES256", "p256-a", claims())
    header, payload, signature = good.split(".")
    odd = {
        "nothing at all": "", "a space": " ", "one dot": ".", "two dots": "..", "three dots": "...", "five dots": ".....",
        "a word": "secret", "header alone": header, "header and a dot": header + ".", "payload alone": f".{payload}.",
        "signature alone": f"..{signature}", "no header": f".{payload}.{signature}", "no payload": f"{header}..{signature}",
        "no signature": f"{header}.{payload}.", "no signature and no dot": f"{header}.{payload}",
        "a dot before": "." + good, "a dot after": good + ".", "two dots within": f"{header}..{payload}.{signature}",
        "four parts": f"{good}.{signature}", "six parts": f"{good}.{good}", "ten dots": "." * 10,
        "a space before": " " + good, "a space after": good + " ", "a newline after": good + "\n", "a tab before": "\t" + good,
        "in quotes": f'"{good}"', "in angle brackets": f"<{good}>", "Bearer before": f"Bearer {good}",
        "a semicolon and a parameter after": f"{good};a=b", "in base64url once more": b64(good),
        "commas in place of dots": good.replace(".", ","), "escaped dots": good.replace(".", "%2E"),
        "fullwidth dots": good.replace(".", "\uff0e"), "in upper case": good.upper(), "in lower case": good.lower(),
        "a byte order mark before": "\ufeff" + good, "URL encoded braces": "%7B%22alg%22%3A%22ES256%22%7D." + payload + "." + signature,
        "header not encoded": '{"alg":"ES256"}.' + f"{payload}.{signature}",
        "JWS as flattened JSON": json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "JWS as general JSON": json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}),
    }  # fmt: skip
    for name, text in odd.items():
        file.case(f"whole: {name}", "p256-a", "ES256", text, "malformed")
    file.case("whole: two tokens, a comma between", "p256-a", "ES256", f"{good},{good}", "encrypted")
    file.case("whole: two tokens, a space between", "p256-a", "ES256", f"{good} {good}", "encrypted")
    file.case("whole: four dots", "p256-a", "ES256", "....", "encrypted")
    file.case("whole: five parts of one letter", "p256-a", "ES256", "a.b.c.d.e", "encrypted")


def forms():
    file = File("forms", "jwcrypto, cryptography; see generate/README.md")
    file.key("p256-a", jwks("p256-a"))
    file.key("rsa-a", jwks("rsa-a"))
    file.key("secret-32", secret("secret-32"))
    file.policy("ES256", policy("ES256"))
    file.policy("RS256", policy("RS256"))
    file.policy("HS256", policy("HS256"))
    encrypted(file)
    nested(file)
    detached(file)
    sizes(file)
    file.write()


def encrypted(file):
    inner = token("ES256", "p256-a", claims())
    kinds = [
        ("RSA-OAEP-256", "A256GCM", "rsa-a", "RS256"), ("RSA-OAEP", "A128CBC-HS256", "rsa-a", "RS256"),
        ("ECDH-ES", "A128GCM", "p256-a", "ES256"), ("ECDH-ES+A128KW", "A256CBC-HS512", "p256-a", "ES256"),
        ("dir", "A256GCM", "secret-32", "HS256"), ("A256KW", "A256GCM", "secret-32", "HS256"),
    ]  # fmt: skip
    for algorithm, encryption, key, rules in kinds:
        for what, plain in (("claims", compact(claims()).decode()), ("a signed token", inner)):
            header = {"alg": algorithm, "enc": encryption, **({"cty": "JWT"} if plain is inner else {})}
            made = jwcrypto_jwe.JWE(plain, json.dumps(header))
            private = PRIVATE[key]
            made.add_recipient(jwcrypto_jwk.JWK(**(private if private["kty"] == "oct" else public_jwk(key))))
            text = made.serialize(compact=True)
            file.case(f"JWE {algorithm} {encryption} with {what}", key, rules, text, "encrypted")
    good = token("ES256", "p256-a", claims())
    file.case("a good token and two empty parts", "p256-a", "ES256", good + "..", "encrypted")
    file.case("a good token within five parts", "p256-a", "ES256", f".{good}.", "encrypted")


def nested(file):
    inner = token("ES256", "p256-a", claims())
    for cty in ("JWT", "jwt", "application/JWT"):
        text = token("ES256", "p256-a", inner, cty=cty)
        file.case(f"a token within a token, cty {cty}", "p256-a", "ES256", text, "nested")
    text = token("ES256", "p256-a", inner)
    file.case("a token within a token, no cty", "p256-a", "ES256", text, "malformed")
    text = token("ES256", "p256-a", json.dumps(inner))
    file.case("a token within a token as a JSON string", "p256-a", "ES256", text, "malformed")


def detached(file):
    """RFC 7797: what is signed is the payload as it is, not its base64url."""
    payload = compact(claims())
    for name, header in {
        "b64 false, crit says so": {"alg": "ES256", "b64": False, "crit": ["b64"]},
        "b64 true, crit says so": {"alg": "ES256", "b64": True, "crit": ["b64"]},
    }.items():
        start = b64(compact(header))
        signed = payload if not header["b64"] else b64(payload).encode()
        signature = b64(sign("ES256", "p256-a", start.encode() + b"." + signed))
        file.case(f"{name}, payload in place", "p256-a", "ES256", f"{start}.{b64(payload)}.{signature}", "critical")
    made = jwcrypto_jws.JWS(payload)
    made.add_signature(jwcrypto_jwk.JWK(**PRIVATE["p256-a"]), None, json.dumps({"alg": "ES256", "b64": False, "crit": ["b64"]}))
    made.detach_payload()
    text = made.serialize(compact=True)
    file.case("b64 false by jwcrypto, payload left out", "p256-a", "ES256", text, "malformed")
    start = b64(compact({"alg": "ES256", "b64": False}))
    signature = b64(sign("ES256", "p256-a", start.encode() + b"." + payload))
    file.case("b64 false, crit absent", "p256-a", "ES256", f"{start}.{b64(payload)}.{signature}", "signature")
    header, _, signature = token("ES256", "p256-a", claims()).split(".")
    file.case("payload left out", "p256-a", "ES256", f"{header}..{signature}", "malformed")
    file.case("signature over an empty payload", "p256-a", "ES256", token("ES256", "p256-a", ""), "malformed")


def sizes(file):
    for limit in (512, 1024, 8192):
        rules = file.policy(f"{limit} bytes", policy("ES256", max_token_bytes=limit))
        for length in (limit - 1, limit, limit + 1):
            expect = "too_long" if length > limit else "accept"
            file.case(f"{length} bytes, {limit} allowed", "p256-a", rules, of_length(length), expect)
    rules = "512 bytes"
    file.case("2000 dots, 512 allowed", "p256-a", rules, "." * 2000, "too_long")
    file.case("513 letters, 512 allowed", "p256-a", rules, "A" * 513, "too_long")
    file.case("512 letters, 512 allowed", "p256-a", rules, "A" * 512, "malformed")
    file.case("too long in bytes, not in characters", "p256-a", rules, "\u00e9" * 300, "too_long")
    long = json.dumps({"alg": "none", "x": "y" * 600})
    file.case("order: too long before all else", "p256-a", rules, token("ES256", "p256-a", "no JSON", long), "too_long")
    made = jwcrypto_jwe.JWE(compact(claims(x="y" * 600)).decode(), json.dumps({"alg": "dir", "enc": "A256GCM"}))
    made.add_recipient(jwcrypto_jwk.JWK(**PRIVATE["secret-32"]))
    file.case("order: too long before encrypted", "p256-a", rules, made.serialize(compact=True), "too_long")


def of_length(length):
    """base64url has no text of 1 modulo 4 characters, so both parts are made longer."""
    for first in range(4):
        header = {"alg": "ES256", "x": "y" * first}
        bare = len(token("ES256", "p256-a", claims(pad=""), **header))
        about = (length - bare) * 3 // 4
        for pad in range(max(0, about - 4), about + 5):
            text = token("ES256", "p256-a", claims(pad="p" * pad), **header)
            if len(text) == length:
                return text
    raise AssertionError(length)
