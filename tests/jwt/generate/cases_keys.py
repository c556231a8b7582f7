"""Keys: kid and rotation, what a JWK is bound to, keys that are ignored, key material that is refused."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec

from corpus import PRIVATE, File, b64, claims, jwks, loaded, policy, private_pem, public_jwk, public_pem, secret
from corpus import token, unb64


def make():
    file = File("keys", "cryptography; see generate/README.md")
    file.policy("ES256", policy("ES256"))
    file.policy("RS256", policy("RS256"))
    file.policy("every RSA algorithm", policy("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"))
    everything = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA HS256 HS384 HS512".split()
    file.policy("everything", policy(*everything))
    key_ids(file)
    rotation(file)
    bound(file)
    ignored(file)
    bad_points(file)
    rsa_sizes(file)
    refused(file)
    file.write()


def key_ids(file):
    one = file.key("one with kid a", jwks(public_jwk("p256-a", kid="a")))
    bare = file.key("one without kid", jwks("p256-a"))
    good = token("ES256", "p256-a", claims(), kid="a")
    file.case("kid: as the set has it", one, "ES256", good, "accept")
    text = token("ES256", "p256-a", claims(), '{"alg":"ES256","kid":"\\u0061"}')
    file.case("kid: escaped", one, "ES256", text, "accept")
    file.case("kid: absent, one key with a kid", one, "ES256", token("ES256", "p256-a", claims()), "accept")
    file.case("kid: given, one key without", bare, "ES256", good, "accept")
    file.case("kid: absent, one key without", bare, "ES256", token("ES256", "p256-a", claims()), "accept")
    file.case("kid: empty, one key without", bare, "ES256", token("ES256", "p256-a", claims(), kid=""), "accept")
    for kid in ("b", "A", "", " a", "a ", "a\u0000", "\u0430", "../../../../etc/passwd", "/dev/null", "a/../a", "' OR '1'='1", "a'; DROP TABLE keys; --",
                "x' UNION SELECT 'secret", "file:///proc/self/environ", "https://evil.example/key.pem", "| cat /etc/passwd", "$(id)", "${jndi:ldap://evil.example/a}",
                "*", "a*", "%61", "0", "null", "<script>", "a" * 1000, "\r\nX-Injected: 1", "\U0001f600"):
        text = token("ES256", "p256-a", claims(), kid=kid)
        file.case(f"kid: {json.dumps(kid[:40])} of {len(kid)} where a is", one, "ES256", text, "unknown_key")
    odd = file.key("kids that look like something else", jwks(public_jwk("p256-a", kid="../a b'\u00e9"), public_jwk("p256-b", kid="")))
    text = token("ES256", "p256-a", claims(), kid="../a b'\u00e9")
    file.case("kid: any string will do", odd, "ES256", text, "accept")
    file.case("kid: empty in both", odd, "ES256", token("ES256", "p256-b", claims(), kid=""), "accept")
    file.case("kid: empty in both, signed by another", odd, "ES256", token("ES256", "p256-a", claims(), kid=""), "signature")


def rotation(file):
    both = file.key("old and new", jwks(public_jwk("p256-a", kid="old"), public_jwk("p256-b", kid="new")))
    only_new = file.key("new alone", jwks(public_jwk("p256-b", kid="new")))
    old, new = (token("ES256", key, claims(), kid=kid) for key, kid in (("p256-a", "old"), ("p256-b", "new")))
    file.case("rotation: by the old key", both, "ES256", old, "accept")
    file.case("rotation: by the new key", both, "ES256", new, "accept")
    file.case("rotation: by the old key, which is gone", only_new, "ES256", old, "unknown_key")
    file.case("rotation: by the old key under the new kid", both, "ES256", token("ES256", "p256-a", claims(), kid="new"), "signature")
    file.case("rotation: by the new key under the old kid", both, "ES256", token("ES256", "p256-b", claims(), kid="old"), "signature")
    for key in ("p256-a", "p256-b"):
        file.case(f"rotation: no kid, by {key}", both, "ES256", token("ES256", key, claims()), "accept")
    file.case("rotation: no kid, by neither", both, "ES256", token("ES256", "p256-short", claims()), "signature")

    types = file.key("one kid, four types", jwks(*(public_jwk(key, kid="x") for key in ("rsa-a", "p256-a", "p384-a", "ed25519-a"))))
    for algorithm, key in (("RS256", "rsa-a"), ("ES256", "p256-a"), ("ES384", "p384-a"), ("EdDSA", "ed25519-a"), ("PS512", "rsa-a")):
        file.case(f"one kid, four types: {algorithm}", types, "everything", token(algorithm, key, claims(), kid="x"), "accept")
    file.case("one kid, four types: HS256", types, "everything", token("HS256", b"x" * 32, claims(), kid="x"), "unknown_key")
    twice = file.key("one kid, two keys of a type", jwks(public_jwk("p256-a", kid="x"), public_jwk("p256-b", kid="x")))
    for key in ("p256-a", "p256-b"):
        file.case(f"one kid, two keys of a type: by {key}", twice, "ES256", token("ES256", key, claims(), kid="x"), "accept")
    text = token("ES256", "p256-short", claims(), kid="x")
    file.case("one kid, two keys of a type: by neither", twice, "ES256", text, "signature")
    mixed = file.key("kid a, and one without", jwks(public_jwk("p256-a", kid="a"), public_jwk("p256-b")))
    file.case("with and without kid: unknown kid, by the one without", mixed, "ES256", token("ES256", "p256-b", claims(), kid="z"), "accept")
    file.case("with and without kid: unknown kid, by the one with", mixed, "ES256", token("ES256", "p256-a", claims(), kid="z"), "signature")
    file.case("with and without kid: kid a, by the one without", mixed, "ES256", token("ES256", "p256-b", claims(), kid="a"), "accept")
    many = [public_jwk("p256-a" if n == 19 else "p256-b", kid=f"k{n}") for n in range(20)]
    crowd = file.key("twenty keys", jwks(*many))
    file.case("twenty keys: by the last, named", crowd, "ES256", token("ES256", "p256-a", claims(), kid="k19"), "accept")
    file.case("twenty keys: by the last, another named", crowd, "ES256", token("ES256", "p256-a", claims(), kid="k18"), "signature")
    file.case("twenty keys: none named has that kid", crowd, "ES256", token("ES256", "p256-a", claims(), kid="k20"), "unknown_key")
    empty = file.key("an empty set", jwks())
    file.case("an empty set", empty, "ES256", token("ES256", "p256-a", claims()), "unknown_key")


def bound(file):
    """alg, use and key_ops of a JWK."""
    good = {"alg ES256": {"alg": "ES256"}, "use sig": {"use": "sig"}, "key_ops verify": {"key_ops": ["verify"]},
            "key_ops sign and verify": {"key_ops": ["sign", "verify"]}, "all three": {"alg": "ES256", "use": "sig", "key_ops": ["verify"]},
            "members that nobody knows": {"x5t": "abc", "expires": 1, "iss": "https://evil.example/"}}  # fmt: skip
    for name, members in good.items():
        keys = file.key(f"p256-a with {name}", jwks(public_jwk("p256-a", **members)))
        file.case(f"JWK with {name}", keys, "everything", token("ES256", "p256-a", claims()), "accept")
    wrong = {"alg ES384": {"alg": "ES384"}, "alg RS256": {"alg": "RS256"}, "alg HS256": {"alg": "HS256"}, "alg ECDH-ES": {"alg": "ECDH-ES"},
             "alg es256": {"alg": "es256"}, "alg none": {"alg": "none"}, "alg empty": {"alg": ""}, "use enc": {"use": "enc"}, "use SIG": {"use": "SIG"},
             "use empty": {"use": ""}, "key_ops sign": {"key_ops": ["sign"]}, "key_ops none": {"key_ops": []},
             "key_ops encrypt": {"key_ops": ["encrypt", "deriveKey"]}, "key_ops Verify": {"key_ops": ["Verify"]},
             "use sig, key_ops sign": {"use": "sig", "key_ops": ["sign"]}, "use enc, key_ops verify": {"use": "enc", "key_ops": ["verify"]},
             "alg right, use enc": {"alg": "ES256", "use": "enc"}}  # fmt: skip
    for name, members in wrong.items():
        keys = file.key(f"p256-a with {name}", jwks(public_jwk("p256-a", **members)))
        file.case(f"JWK with {name}", keys, "everything", token("ES256", "p256-a", claims()), "unknown_key")
    every = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
    for bound_to in ("RS256", "PS256", "RS512"):
        keys = file.key(f"rsa-a with alg {bound_to}", jwks(public_jwk("rsa-a", alg=bound_to)))
        for algorithm in every:
            expect = "accept" if algorithm == bound_to else "unknown_key"
            text = token(algorithm, "rsa-a", claims())
            file.case(f"RSA key with alg {bound_to}: {algorithm}", keys, "every RSA algorithm", text, expect)
    keys = file.key("rsa-a with alg RSA-OAEP", jwks(public_jwk("rsa-a", alg="RSA-OAEP")))
    file.case("RSA key with alg RSA-OAEP: RS256", keys, "every RSA algorithm", token("RS256", "rsa-a", claims()), "unknown_key")
    keys = file.key("ed25519-a with use enc", jwks(public_jwk("ed25519-a", use="enc")))
    file.case("Ed25519 key with use enc", keys, "everything", token("EdDSA", "ed25519-a", claims()), "unknown_key")
    keys = file.key("ed25519-a with alg EdDSA", jwks(public_jwk("ed25519-a", alg="EdDSA")))
    file.case("Ed25519 key with alg EdDSA", keys, "everything", token("EdDSA", "ed25519-a", claims()), "accept")
    keys = file.key("one for each use", jwks(public_jwk("rsa-a", kid="x", use="enc"), public_jwk("rsa-b", kid="x", use="sig")))
    file.case("keys for both uses: by the one for signatures", keys, "RS256", token("RS256", "rsa-b", claims(), kid="x"), "accept")
    file.case("keys for both uses: by the one for encryption", keys, "RS256", token("RS256", "rsa-a", claims(), kid="x"), "signature")


def ignored(file):
    """Keys of a set that are not taken; the others of the set still are."""
    octet = dict(PRIVATE["secret-32"], kid="x")
    keys = file.key("a secret in a set", {"jwks": {"keys": [octet]}})
    text = token("HS256", "secret-32", claims(), kid="x")
    file.case("a secret in a set is no key", keys, "everything", text, "unknown_key")
    keys = file.key("a secret and an EC key", {"jwks": {"keys": [octet, public_jwk("p256-a")]}})
    file.case("a secret beside an EC key is no key", keys, "everything", text, "unknown_key")
    file.case("an EC key beside a secret", keys, "everything", token("ES256", "p256-a", claims()), "accept")
    for key, algorithm in (("rsa-a", "RS256"), ("p256-a", "ES256"), ("p384-a", "ES384"), ("ed25519-a", "EdDSA")):
        keys = file.key(f"{key} with its private members", {"jwks": {"keys": [dict(PRIVATE[key])]}})
        file.case(f"{algorithm} by a key whose private members are in the set", keys, "everything", token(algorithm, key, claims()), "unknown_key")
    keys = file.key("rsa-a with d only", jwks(public_jwk("rsa-a", d=PRIVATE["rsa-a"]["d"])))
    file.case("RS256 by a key whose d is in the set", keys, "everything", token("RS256", "rsa-a", claims()), "unknown_key")
    keys = file.key("a compromised key and another", {"jwks": {"keys": [dict(PRIVATE["p256-a"]), public_jwk("p256-b")]}})
    file.case("a compromised key beside another: by the other", keys, "ES256", token("ES256", "p256-b", claims()), "accept")
    file.case("a compromised key beside another: by it", keys, "ES256", token("ES256", "p256-a", claims()), "signature")

    right = public_jwk("p256-a")
    odd = {
        "kty unknown": {**right, "kty": "XYZ"}, "kty in lower case": {**right, "kty": "ec"}, "kty AKP": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        "kty absent": {name: value for name, value in right.items() if name != "kty"},
        "crv absent": {name: value for name, value in right.items() if name != "crv"},
        "crv unknown": {**right, "crv": "P-257"}, "crv in lower case": {**right, "crv": "p-256"}, "crv secp256k1": {**right, "crv": "secp256k1"},
        "kty OKP": {**right, "kty": "OKP"}, "an empty object": {},
    }  # fmt: skip
    for name, member in odd.items():
        keys = file.key(f"JWK: {name}", {"jwks": {"keys": [member]}})
        file.case(f"JWK ignored: {name}", keys, "everything", token("ES256", "p256-a", claims()), "unknown_key")
        keys = file.key(f"JWK: {name}, and a good one", {"jwks": {"keys": [member, public_jwk("p256-b")]}})
        file.case(f"JWK ignored: {name}, a good one beside it", keys, "everything", token("ES256", "p256-b", claims()), "accept")
    for key in ("p521", "secp256k1"):
        keys = file.key(f"{key} alone", jwks(key))
        file.case(f"JWK ignored: {key}, a token that says ES256", keys, "everything", token("ES256", key, claims()), "unknown_key")
    x = unb64(PRIVATE["ed25519-a"]["x"])
    for name, value in {"31 bytes": x[:31], "33 bytes": x + b"\x00", "none": b""}.items():
        keys = file.key(f"Ed25519 of {name}", jwks(public_jwk("ed25519-a", x=b64(value))))
        file.case(f"JWK ignored: Ed25519 of {name}", keys, "everything", token("EdDSA", "ed25519-a", claims()), "unknown_key")
    for crv in ("X25519", "Ed448"):
        keys = file.key(f"ed25519-a as {crv}", jwks(public_jwk("ed25519-a", crv=crv)))
        file.case(f"JWK ignored: an Ed25519 key that says {crv}", keys, "everything", token("EdDSA", "ed25519-a", claims()), "unknown_key")
    keys = file.key("x25519", jwks("x25519"))
    file.case("JWK ignored: X25519", keys, "everything", token("EdDSA", "ed25519-a", claims()), "unknown_key")


def bad_points(file):
    right = public_jwk("p256-a")
    x, y = unb64(right["x"]), unb64(right["y"])
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    negative = (prime - int.from_bytes(y, "big")).to_bytes(32, "big")
    points = {
        "y flipped in one bit": (x, y[:-1] + bytes([y[-1] ^ 1])), "x flipped in one bit": (x[:-1] + bytes([x[-1] ^ 1]), y),
        "x and y exchanged": (y, x), "zero": (b"\x00" * 32, b"\x00" * 32), "all ones": (b"\xff" * 32, b"\xff" * 32),
        "x a zero byte longer": (b"\x00" + x, y), "y a zero byte longer": (x, b"\x00" + y), "x a byte shorter": (x[1:], y),
        "y a byte shorter": (x, y[:-1]), "x empty": (b"", y), "y empty": (x, b""), "x with the tag of a point": (b"\x04" + x, y),
        "the whole point in x": (b"\x04" + x + y, b""), "48 bytes each": (x + b"\x00" * 16, y + b"\x00" * 16),
    }  # fmt: skip
    for name, (first, second) in points.items():
        keys = file.key(f"P-256 point: {name}", jwks(public_jwk("p256-a", x=b64(first), y=b64(second))))
        # A point of the right length that is off its curve shows when a signature is checked, and not before.
        off_curve_points = ("y flipped in one bit", "x flipped in one bit", "x and y exchanged", "zero", "all ones")
        verdict = "signature" if name in off_curve_points else "unknown_key"
        file.case(f"P-256 point: {name}", keys, "everything", token("ES256", "p256-a", claims()), verdict)
    for name in ("x", "y"):
        keys = file.key(f"P-256 point: {name} absent", jwks(public_jwk("p256-a", **{name: None})))
        file.case(f"P-256 point: {name} absent", keys, "everything", token("ES256", "p256-a", claims()), "unknown_key")
    keys = file.key("P-256 point: negated", jwks(public_jwk("p256-a", y=b64(negative))))
    file.case("P-256 point: negated, which is another key", keys, "everything", token("ES256", "p256-a", claims()), "signature")
    short = unb64(PRIVATE["p256-short"]["x"])
    keys = file.key("P-256 point: x begins with zero", jwks("p256-short"))
    file.case("P-256 point: x begins with zero", keys, "ES256", token("ES256", "p256-short", claims()), "accept")
    keys = file.key("P-256 point: x begins with zero, left out", jwks(public_jwk("p256-short", x=b64(short.lstrip(b"\x00")))))
    file.case("P-256 point: x begins with zero, left out", keys, "ES256", token("ES256", "p256-short", claims()), "unknown_key")
    keys = file.key("P-256 key that says P-384", jwks(public_jwk("p256-a", crv="P-384")))
    file.case("P-256 key that says P-384: ES256", keys, "everything", token("ES256", "p256-a", claims()), "unknown_key")
    file.case("P-256 key that says P-384: ES384", keys, "everything", token("ES384", "p256-a", claims()), "unknown_key")
    keys = file.key("P-384 key that says P-256", jwks(public_jwk("p384-a", crv="P-256")))
    file.case("P-384 key that says P-256: ES384", keys, "everything", token("ES384", "p384-a", claims()), "unknown_key")
    # The curve of the negated generator etc. is not asked for: what is on the curve is a key.
    generator = ec.derive_private_key(1, ec.SECP256R1())
    numbers = generator.public_key().public_numbers()
    point = public_jwk("p256-a", x=b64(numbers.x.to_bytes(32, "big")), y=b64(numbers.y.to_bytes(32, "big")))
    keys = file.key("the generator of P-256", jwks(point))
    file.case("P-256 point: the generator, another's token", keys, "ES256", token("ES256", "p256-a", claims()), "signature")


def rsa_sizes(file):
    for key in ("rsa-1024", "rsa-2040", "rsa-2047", "rsa-8200"):
        keys = file.key(key, jwks(key))
        for algorithm in ("RS256", "PS256"):
            text = token(algorithm, key, claims())
            file.case(f"{algorithm} by {key} in a set", keys, "every RSA algorithm", text, "unknown_key")
    keys = file.key("rsa-1024 and rsa-a", jwks("rsa-1024", "rsa-a"))
    file.case("RS256 by rsa-a beside rsa-1024", keys, "RS256", token("RS256", "rsa-a", claims()), "accept")
    file.case("RS256 by rsa-1024 beside rsa-a", keys, "RS256", token("RS256", "rsa-1024", claims()), "signature")
    for name in ("n", "e"):
        keys = file.key(f"rsa-a without {name}", jwks(public_jwk("rsa-a", **{name: None})))
        file.case(f"RS256, the key without its {name}", keys, "RS256", token("RS256", "rsa-a", claims()), "unknown_key")
    for what, value in {"0": b"\x00", "1": b"\x01", "2": b"\x02", "empty": b""}.items():
        keys = file.key(f"rsa-a with exponent {what}", jwks(public_jwk("rsa-a", e=b64(value))))
        file.case(f"RS256, the key's exponent {what}", keys, "RS256", token("RS256", "rsa-a", claims()), "unknown_key")
    # With exponent 1 a signature is its own padding: anybody can write one.
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    message = f"{b64(json.dumps({'alg': 'RS256'}))}.{b64(json.dumps(claims()))}"
    block = info + hashlib.sha256(message.encode()).digest()
    block = b"\x00\x01" + b"\xff" * (253 - len(block)) + b"\x00" + block
    file.case("RS256 forged for exponent 1", "rsa-a with exponent 1", "RS256", f"{message}.{b64(block)}", "unknown_key")


def refused(file):
    for length, rules in ((31, "HS256"), (16, "HS256"), (1, "HS256"), (0, "HS256"), (32, "HS384"), (47, "HS384"), (32, "HS512"), (63, "HS512")):
        file.policy(rules, policy(rules))
        keys = file.key(f"a secret of {length} bytes", secret("secret-64", length))
        file.keys_fault(f"a secret of {length} bytes for {rules}", keys, rules)
    for length, rules in ((32, "HS256"), (48, "HS384"), (64, "HS512")):
        keys = file.key(f"a secret of {length} bytes", secret("secret-64", length))
        text = token(rules, loaded("secret-64")[:length], claims())
        file.case(f"a secret of {length} bytes for {rules}", keys, rules, text, "accept")
    right = public_pem("p256-a")
    lines = right.strip().split("\n")
    pems = {
        "RSA of 1024 bits": (public_pem("rsa-1024"), "RS256"), "RSA of 2040 bits": (public_pem("rsa-2040"), "RS256"),
        "RSA of 2047 bits": (public_pem("rsa-2047"), "RS256"),
        "RSA of 8200 bits": (public_pem("rsa-8200"), "RS256"), "P-521": (public_pem("p521"), "ES256"),
        "secp256k1": (public_pem("secp256k1"), "ES256"), "Ed448": (public_pem("ed448"), "EdDSA"), "X25519": (public_pem("x25519"), "EdDSA"),
        "a private RSA key": (private_pem("rsa-a"), "RS256"), "a private EC key": (private_pem("p256-a"), "ES256"),
        "a private Ed25519 key": (private_pem("ed25519-a"), "EdDSA"), "empty": ("", "ES256"), "a word": ("secret", "ES256"),
        "the lines around it only": (f"{lines[0]}\n{lines[-1]}\n", "ES256"), "rubbish within the lines": (f"{lines[0]}\nAAAA\n{lines[-1]}\n", "ES256"),
        "a character that base64 lacks": ("\n".join([lines[0], "!" + lines[1][1:], *lines[2:]]) + "\n", "ES256"),
        "cut off": (right[: len(right) // 2], "ES256"), "without its first line": ("\n".join(lines[1:]) + "\n", "ES256"),
        "without its last line": ("\n".join(lines[:-1]) + "\n", "ES256"), "a line missing": ("\n".join([lines[0], *lines[2:]]) + "\n", "ES256"),
        "a JWK": (json.dumps(public_jwk("p256-a")), "ES256"), "labelled as a private key": (right.replace("PUBLIC", "PRIVATE"), "ES256"),
    }  # fmt: skip
    for name, (pem, rules) in pems.items():
        file.policy(rules, policy(rules))
        file.keys_fault(f"PEM: {name}", file.key(f"PEM: {name}", {"pem": pem}), rules)
