"""Valid tokens: every algorithm by every Python library, every form that keys come in."""

import json
from importlib.metadata import version

import jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

from corpus import PRIVATE, File, claims, jwks, loaded, policy, private_pem, public_jwk, public_pem, secret, token

SIGNERS = {
    "RS256": "rsa-a", "RS384": "rsa-a", "RS512": "rsa-a",
    "PS256": "rsa-a", "PS384": "rsa-a", "PS512": "rsa-a",
    "ES256": "p256-a", "ES384": "p384-a", "EdDSA": "ed25519-a",
    "HS256": "secret-32", "HS384": "secret-48", "HS512": "secret-64",
}  # fmt: skip


def source_of(name):
    return secret(name) if name.startswith("secret") else jwks(public_jwk(name, kid=name))


def by_pyjwt(algorithm, key, body):
    private = loaded(key) if key.startswith("secret") else private_pem(key)
    return jwt.encode(body, private, algorithm, headers={"kid": key})


def by_jwcrypto(algorithm, key, body):
    made = jwcrypto_jwt.JWT(header={"alg": algorithm, "kid": key, "typ": "JWT"}, claims=json.dumps(body))
    made.make_signed_token(jwcrypto_jwk.JWK(**PRIVATE[key]))
    return made.serialize()


def by_joserfc(algorithm, key, body):
    header = {"alg": algorithm, "kid": key, "typ": "JWT"}
    return joserfc_jwt.encode(header, body, joserfc_jwk.import_key(PRIVATE[key]), algorithms=[algorithm])


def by_hand(algorithm, key, body):
    return token(algorithm, key, body)


LIBRARIES = {"PyJWT": by_pyjwt, "jwcrypto": by_jwcrypto, "joserfc": by_joserfc, "cryptography": by_hand}


def make():
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    file = File("valid_python", versions)
    for algorithm, key in SIGNERS.items():
        file.key(key, source_of(key))
        file.policy(algorithm, policy(algorithm))
        for library, sign in LIBRARIES.items():
            text = sign(algorithm, key, claims())
            file.case(f"valid {algorithm} by {library}", key, algorithm, text, "accept")
    key_forms(file)
    many_algorithms(file)
    file.write()


def key_forms(file):
    for key, algorithm in [("rsa-3072", "RS256"), ("rsa-4096", "RS512"), ("rsa-8192", "RS256"), ("rsa-8192", "PS512")]:
        file.key(key, jwks(public_jwk(key, kid=key)))
        file.case(f"valid {algorithm} with {key}", key, algorithm, token(algorithm, key, claims()), "accept")
    file.key("rsa-e3", jwks("rsa-e3"))
    file.case("valid RS256 with exponent 3", "rsa-e3", "RS256", token("RS256", "rsa-e3", claims()), "accept")
    for key, algorithm in [("rsa-a", "RS256"), ("rsa-a", "PS384"), ("p256-a", "ES256"), ("p384-a", "ES384"), ("ed25519-a", "EdDSA")]:
        file.key(f"{key} pem", {"pem": public_pem(key)})
        text = token(algorithm, key, claims())
        file.case(f"valid {algorithm} with a PEM", f"{key} pem", algorithm, text, "accept")
        text = token(algorithm, key, claims(), kid="anything")
        file.case(f"valid {algorithm} with a PEM, kid in the token", f"{key} pem", algorithm, text, "accept")
    text = token("HS256", "secret-64", claims())
    file.key("secret-64", secret("secret-64"))
    file.case("valid HS256 with a secret longer than the hash", "secret-64", "HS256", text, "accept")
    text = token("HS256", "secret-32", claims(), kid="anything")
    file.case("valid HS256, kid in the token", "secret-32", "HS256", text, "accept")


def many_algorithms(file):
    every = [name for name in SIGNERS if not name.startswith("HS")]
    rules = file.policy("every public-key algorithm", policy(*every))
    keys = file.key("one key of each type", jwks("rsa-a", "p256-a", "p384-a", "ed25519-a"))
    for algorithm in every:
        text = token(algorithm, SIGNERS[algorithm], claims())
        file.case(f"valid {algorithm} from a set of every type, no kid", keys, rules, text, "accept")
