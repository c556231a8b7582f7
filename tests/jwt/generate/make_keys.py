"""Makes keys.json, once: the private keys that the tokens of this corpus are signed with.

They are TEST KEYS, published with this repository. Whoever trusts one of them anywhere else trusts
everybody. Making them anew changes every token, so this is run only to add a key that is missing.
"""

import json
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, rsa, x25519
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk
from jwcrypto.common import base64url_encode

FILE = Path(__file__).with_name("keys.json")

RSA = {
    "rsa-a": (2048, 65537),
    "rsa-b": (2048, 65537),
    "rsa-3072": (3072, 65537),
    "rsa-4096": (4096, 65537),
    "rsa-8192": (8192, 65537),
    "rsa-8200": (8200, 65537),
    "rsa-1024": (1024, 65537),
    "rsa-2040": (2040, 65537),
    "rsa-2047": (2047, 65537),
    "rsa-e3": (2048, 3),
}
CURVES = {
    "p256-a": ec.SECP256R1(),
    "p256-b": ec.SECP256R1(),
    "p384-a": ec.SECP384R1(),
    "p384-b": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
OTHERS = {
    "ed25519-a": ed25519.Ed25519PrivateKey,
    "ed25519-b": ed25519.Ed25519PrivateKey,
    "ed448": ed448.Ed448PrivateKey,
    "x25519": x25519.X25519PrivateKey,
}
SECRETS = {"secret-32": 32, "secret-48": 48, "secret-64": 64}


def to_jwk(private):
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    members = json.loads(jwk.JWK.from_pem(pem).export_private())
    members.pop("kid", None)
    return members


def main():
    keys = json.loads(FILE.read_text())["keys"] if FILE.exists() else {}
    for name, (bits, exponent) in RSA.items():
        if name not in keys:
            print(name, file=sys.stderr)
            keys[name] = to_jwk(rsa.generate_private_key(exponent, bits))
    for name, curve in CURVES.items():
        if name not in keys:
            keys[name] = to_jwk(ec.generate_private_key(curve))
    if "p256-short" not in keys:
        # An x that begins with a zero byte: what happens to keys of those who write it with 31 bytes.
        private = ec.generate_private_key(ec.SECP256R1())
        while private.public_key().public_numbers().x >> 248:
            private = ec.generate_private_key(ec.SECP256R1())
        keys["p256-short"] = to_jwk(private)
    for name, kind in OTHERS.items():
        if name not in keys:
            keys[name] = to_jwk(kind.generate())
    for name, length in SECRETS.items():
        if name not in keys:
            keys[name] = {"kty": "oct", "k": base64url_encode(secrets.token_bytes(length))}
    warning = "Test keys, published with this repository: whoever trusts one of them trusts everybody."
    FILE.write_text(json.dumps({"warning": warning, "keys": keys}, indent=2) + "\n")


main()
