"""The gate's order of checks, written down a second time and independently of the gate, in Python.

Every case of this corpus is run through it, so that a token cannot have another fault than the one that
its case names. Slow and plain on purpose. It uses `cryptography` for the primitives and nothing else.
"""

import base64
import hashlib
import hmac
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"P-256": (ec.SECP256R1, 32), "P-384": (ec.SECP384R1, 48)}
KNOWN = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
KNOWN += ["HS256", "HS384", "HS512"]
MAX_DEPTH = 64
INTEROPERABLE = 2**53 - 1


class Fault(Exception):
    """A verdict other than acceptance."""


class KeysFault(Exception):
    """The key material itself is refused."""


# --- encodings -----------------------------------------------------------------------------------


def unbase64url(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Fault("malformed")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise Fault("malformed")
    return data


def strict_object(data):
    """One I-JSON object (RFC 7493), as the gate reads bodies."""
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("byte order mark")
        deep(text)
        value = json.loads(
            text, object_pairs_hook=members, parse_int=integer, parse_float=fraction, parse_constant=constant
        )
        characters(value)
    except (ValueError, RecursionError) as error:
        raise Fault("malformed") from error
    if not isinstance(value, dict):
        raise Fault("malformed")
    return value


def deep(text):
    depth = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        if depth > MAX_DEPTH:
            raise ValueError("too deep")


def members(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same name twice")
    return dict(pairs)


def integer(text):
    if abs(int(text)) > INTEROPERABLE:
        raise ValueError("integer out of range")
    return int(text)


def fraction(text):
    mantissa = re.split("[eE]", text)[0].lstrip("-")
    significant = mantissa.strip("0.").replace(".", "")
    value = float(text)
    if len(significant) > 17 or value in (float("inf"), float("-inf")) or (value == 0 and significant):
        raise ValueError("number out of range")
    return value


def constant(text):
    raise ValueError(text)


def characters(value):
    if isinstance(value, str):
        for point in map(ord, value):
            if 0xD800 <= point <= 0xDFFF or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:
                raise ValueError("not a character")
    elif isinstance(value, list):
        for item in value:
            characters(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            characters(name)
            characters(item)


# --- keys ----------------------------------------------------------------------------------------


class Key:
    def __init__(self, public, jwk=None):
        self.public = public
        self.jwk = jwk or {}

    def fits(self, algorithm, kid):
        if kid is not None and self.jwk.get("kid", kid) != kid:
            return False
        if self.jwk.get("alg", algorithm) != algorithm or self.jwk.get("use", "sig") != "sig":
            return False
        if "verify" not in self.jwk.get("key_ops", ["verify"]):
            return False
        return self.takes(algorithm)

    def takes(self, algorithm):
        public = self.public
        if isinstance(public, bytes):
            return algorithm.startswith("HS")
        if isinstance(public, rsa.RSAPublicKey):
            return algorithm[:2] in ("RS", "PS")
        if isinstance(public, ec.EllipticCurvePublicKey):
            return algorithm == {"secp256r1": "ES256", "secp384r1": "ES384"}[public.curve.name]
        return algorithm == "EdDSA"

    def verifies(self, algorithm, message, signature):
        public, bits = self.public, algorithm[2:]
        if algorithm.startswith("HS"):
            name = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}[bits]
            return hmac.compare_digest(hmac.new(public, message, name).digest(), signature)
        try:
            if algorithm == "EdDSA":
                public.verify(signature, message)
            elif algorithm.startswith("ES"):
                size = (public.curve.key_size + 7) // 8
                if len(signature) != 2 * size:
                    return False
                r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
                public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(HASHES[bits]()))
            else:
                scheme = padding.PKCS1v15()
                if algorithm.startswith("PS"):
                    scheme = padding.PSS(padding.MGF1(HASHES[bits]()), HASHES[bits]().digest_size)
                public.verify(signature, message, scheme, HASHES[bits]())
        except InvalidSignature:
            return False
        return True


def load(source, algorithms):
    if "secret" in source:
        secret = unbase64url(source["secret"])
        need = max(int(name[2:]) // 8 for name in algorithms if name.startswith("HS"))
        if len(secret) < need:
            raise KeysFault("a secret shorter than the hash")
        return [Key(secret)]
    if "pem" in source:
        try:
            public = serialization.load_pem_public_key(source["pem"].encode())
        except Exception as error:
            raise KeysFault("not a public key in PEM") from error
        if not usable(public):
            raise KeysFault("a key that the gate does not take")
        return [Key(public)]
    keys = [Key(from_jwk(jwk), jwk) for jwk in source["jwks"]["keys"]]
    return [key for key in keys if key.public is not None]


def usable(public):
    if isinstance(public, rsa.RSAPublicKey):
        return 2048 <= public.key_size <= 8192
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.curve.name in ("secp256r1", "secp384r1")
    return isinstance(public, ed25519.Ed25519PublicKey)


def from_jwk(jwk):
    """None for a key that is ignored."""
    if "d" in jwk:
        return None
    try:
        if jwk.get("kty") == "RSA":
            n, e = (int.from_bytes(unbase64url(jwk[name]), "big") for name in ("n", "e"))
            public = rsa.RSAPublicNumbers(e, n).public_key() if 2048 <= n.bit_length() <= 8192 else None
            return public
        if jwk.get("kty") == "EC" and jwk.get("crv") in CURVES:
            curve, size = CURVES[jwk["crv"]]
            x, y = (unbase64url(jwk[name]) for name in ("x", "y"))
            if len(x) != size or len(y) != size:
                return None
            x, y = int.from_bytes(x, "big"), int.from_bytes(y, "big")
            return ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()
        if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
            x = unbase64url(jwk["x"])
            return ed25519.Ed25519PublicKey.from_public_bytes(x) if len(x) == 32 else None
    except (KeyError, ValueError, Fault):
        return None
    return None


# --- the order of checks ---------------------------------------------------------------------------


def verdict(token, source, policy):
    """(verdict, principal, scopes)"""
    try:
        keys = load(source, policy["algorithms"])
    except KeysFault:
        return "keys_fault", None, None
    try:
        return ("accept", *verify(token, keys, policy))
    except Fault as fault:
        return str(fault), None, None


def verify(token, keys, policy):
    if len(token.encode()) > policy["max_token_bytes"]:
        raise Fault("too_long")
    parts = token.split(".")
    if len(parts) == 5:
        raise Fault("encrypted")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise Fault("malformed")
    header = strict_object(unbase64url(parts[0]))
    judge_header(header, policy)
    algorithm = header["alg"]
    candidates = [key for key in keys if key.fits(algorithm, header.get("kid"))]
    if not candidates:
        raise Fault("unknown_key")
    if not parts[2]:
        raise Fault("malformed")
    signature = unbase64url(parts[2])
    message = ".".join(parts[:2]).encode()
    if not any(key.verifies(algorithm, message, signature) for key in candidates):
        raise Fault("signature")
    return judge_claims(strict_object(unbase64url(parts[1])), policy)


def judge_header(header, policy):
    for name in ("alg", "kid", "typ", "cty"):
        if name in header and not isinstance(header[name], str):
            raise Fault("malformed")
    if "alg" not in header or not isinstance(header.get("crit", []), list):
        raise Fault("malformed")
    if "crit" in header:
        raise Fault("critical")
    if any(name in header for name in ("jwk", "jku", "x5u", "x5c")):
        raise Fault("embedded_key")
    if media_type(header.get("cty", "")) == "jwt":
        raise Fault("nested")
    if policy["typ"] is not None and media_type(header.get("typ", "")) != media_type(policy["typ"]):
        raise Fault("type")
    if header["alg"] not in KNOWN or header["alg"] not in policy["algorithms"]:
        raise Fault("algorithm")


def media_type(text):
    return text.lower().removeprefix("application/")


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def strings(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def judge_claims(claims, policy):
    times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
    if "exp" not in claims or not all(number(time) and time >= 0 for time in times):
        raise Fault("claim")
    if "iss" in claims and not isinstance(claims["iss"], str):
        raise Fault("claim")
    if "aud" in claims and not isinstance(claims["aud"], str) and not strings(claims["aud"]):
        raise Fault("claim")
    if any(name not in claims for name in policy["required"]):
        raise Fault("claim")
    now, leeway = policy["now"], policy["leeway_seconds"]
    if claims["exp"] + leeway <= now:
        raise Fault("expired")
    if claims.get("nbf", 0) > now + leeway:
        raise Fault("not_yet")
    if claims.get("iat", 0) > now + leeway:
        raise Fault("issued_ahead")
    if policy["issuer"] is not None and claims.get("iss") != policy["issuer"]:
        raise Fault("issuer")
    audience = claims.get("aud", [])
    audience = [audience] if isinstance(audience, str) else audience
    if policy["audience"] is not None and not set(audience) & set(policy["audience"]):
        raise Fault("audience")
    principal = claims.get(policy["principal"])
    if not isinstance(principal, str) or not re.fullmatch(r"[!-~]([ -~]{0,254}[!-~])?", principal):
        raise Fault("principal")
    return principal, scopes(claims)


def scopes(claims):
    value = claims.get("scope", claims.get("scp", []))
    value = value.split(" ") if isinstance(value, str) else value
    return list(dict.fromkeys(name for name in value if name))
