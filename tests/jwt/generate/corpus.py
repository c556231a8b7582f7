"""What the cases are made with: the test keys, signing by hand, and the files that hold the cases."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from jwcrypto import jwk as jwcrypto_jwk

import model

HERE = Path(__file__).parent
TOKENS = HERE.parent / "tokens"
SIGNATURES = HERE.parent / "signatures"
PRIVATE = json.loads((HERE / "keys.json").read_text())["keys"]
PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi")
NOW = 1900000000
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
NAMES = set()


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    """JSON as libraries write it; strings and bytes are taken as they are."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


# --- keys ------------------------------------------------------------------------------------------


def private_key(name):
    pem = jwcrypto_jwk.JWK(**PRIVATE[name]).export_to_pem(private_key=True, password=None)
    return serialization.load_pem_private_key(pem, None)


_LOADED = {}


def loaded(name):
    if name not in _LOADED:
        key = PRIVATE[name]
        _LOADED[name] = unb64(key["k"]) if key["kty"] == "oct" else private_key(name)
    return _LOADED[name]


def public_jwk(name, **more):
    members = {member: value for member, value in PRIVATE[name].items() if member not in PRIVATE_MEMBERS}
    return {key: value for key, value in {**members, **more}.items() if value is not None}


def public_pem(name):
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return loaded(name).public_key().public_bytes(encoding, form).decode()


def public_der(name):
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return loaded(name).public_key().public_bytes(encoding, form)


def private_pem(name):
    form = serialization.PrivateFormat.PKCS8
    return loaded(name).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def jwks(*keys):
    return {"jwks": {"keys": [public_jwk(key) if isinstance(key, str) else key for key in keys]}}


def secret(name, length=None):
    return {"secret": b64(loaded(name)[:length])}


# --- signing ---------------------------------------------------------------------------------------


def sign(algorithm, key, message):
    """The signature, with nothing but the primitives. ECDSA is deterministic here (RFC 6979)."""
    bits = algorithm[2:]
    if algorithm.startswith("HS"):
        secret_bytes = key if isinstance(key, bytes) else loaded(key)
        return hmac.new(secret_bytes, message, getattr(hashlib, f"sha{bits}")).digest()
    key = loaded(key) if isinstance(key, str) else key
    if algorithm == "EdDSA":
        return key.sign(message)
    if algorithm.startswith("ES"):
        hashed = HASHES[bits[:3]]()
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashed, deterministic_signing=True)))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    hashed = HASHES[bits]()
    scheme = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(HASHES[bits]()), hashed.digest_size)
    return key.sign(message, scheme, hashed)


def token(algorithm, key, payload, header=None, **more):
    """header: JSON text or members of its own; otherwise {"alg", **more}."""
    header = compact({"alg": algorithm, **more} if header is None else header)
    message = f"{b64(header)}.{b64(compact(payload))}"
    return f"{message}.{b64(sign(algorithm, key, message.encode()))}"


def resign(algorithm, key, message):
    """For parts that are written otherwise than anybody would."""
    return f"{message}.{b64(sign(algorithm, key, message.encode()))}"


CLAIMS = {
    "iss": "https://id.example.com/",
    "sub": "alice",
    "aud": "crm",
    "exp": NOW + 300,
    "iat": NOW - 10,
    "scope": "crm.read crm.write",
}


def claims(*without, **more):
    return {name: value for name, value in {**CLAIMS, **more}.items() if name not in without}


def policy(*algorithms, **more):
    return {
        "algorithms": list(algorithms),
        "issuer": "https://id.example.com/",
        "audience": ["crm"],
        "leeway_seconds": 30,
        "typ": None,
        "required": [],
        "principal": "sub",
        "max_token_bytes": 8192,
        "now": NOW,
        **more,
    }


# --- files -----------------------------------------------------------------------------------------


class File:
    """One file of cases. Each is held against the model before it is taken."""

    def __init__(self, name, source):
        self.path = TOKENS / f"{name}.json"
        self.source = source
        self.keys, self.policies, self.cases = {}, {}, []

    def key(self, name, source):
        assert self.keys.setdefault(name, source) == source, name
        return name

    def policy(self, name, rules):
        assert self.policies.setdefault(name, rules) == rules, name
        return name

    def case(self, name, keys, rules, text, expect):
        """expect: "accept", a fault, or None for what the model says."""
        assert name not in NAMES, name
        NAMES.add(name)
        found, principal, scopes = model.verdict(text, self.keys[keys], self.policies[rules])
        assert expect in (None, found), f"{name}: {expect}, but the model says {found}"
        case = {"name": name, "keys": keys, "policy": rules, "token": text, "expect": found}
        if found == "accept":
            case |= {"principal": principal, "scopes": scopes}
        self.cases.append(case)

    def keys_fault(self, name, keys, rules):
        assert name not in NAMES, name
        NAMES.add(name)
        assert model.verdict("", self.keys[keys], self.policies[rules])[0] == "keys_fault", name
        self.cases.append({"name": name, "keys": keys, "policy": rules, "keys_fault": True})

    def write(self):
        used = {"keys": {case["keys"] for case in self.cases}, "policies": {case["policy"] for case in self.cases}}
        content = {
            "source": self.source,
            "keys": {name: value for name, value in self.keys.items() if name in used["keys"]},
            "policies": {name: value for name, value in self.policies.items() if name in used["policies"]},
            "cases": self.cases,
        }
        write(self.path, content)


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
