"""Signatures: damage, truncation, values at the edges of what ECDSA, EdDSA and RSA allow."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from corpus import PRIVATE, File, b64, claims, compact, jwks, loaded, policy, public_jwk, secret, sign, token, unb64

ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
}
FIELDS = {
    "ES256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "ES384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
}
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SIGNERS = {"ES256": "p256-a", "ES384": "p384-a", "EdDSA": "ed25519-a", "RS256": "rsa-a", "PS256": "rsa-a", "HS256": "secret-32"}


def make():
    damage()
    values()


def new_file(name):
    file = File(name, "cryptography; see generate/README.md")
    for algorithm, key in SIGNERS.items():
        file.key(key, secret(key) if key.startswith("secret") else jwks(public_jwk(key, kid=key)))
        file.policy(algorithm, policy(algorithm))
    return file


def damage():
    file = new_file("damage")
    for algorithm, key in SIGNERS.items():
        good = token(algorithm, key, claims(), kid=key)
        flips(file, algorithm, key, good)
        cuts(file, algorithm, key, good, 24 if algorithm == "ES256" else 6)
    mixed(file)
    file.write()


def flips(file, algorithm, key, good):
    """One bit of the decoded part at a time. What comes out has one fault; the model says which."""
    parts = good.split(".")
    for index, name, count in ((0, "header", 8), (1, "payload", 6), (2, "signature", 7)):
        data = unb64(parts[index])
        for step in range(count):
            at = step * (len(data) - 1) // (count - 1)
            bit = step % 8
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            text = ".".join(parts[:index] + [b64(bytes(flipped))] + parts[index + 1 :])
            expect = None if index == 0 else "signature"
            file.case(f"{algorithm}: bit {bit} of byte {at} of the {name} flipped", key, algorithm, text, expect)


def cuts(file, algorithm, key, good, count):
    for step in range(count):
        length = len(good) * step // count
        file.case(f"{algorithm}: only the first {length} characters", key, algorithm, good[:length], None)
    for less in (1, 2, 3, 4):
        file.case(f"{algorithm}: the last {less} characters cut off", key, algorithm, good[:-less], None)
    file.case(f"{algorithm}: the first character cut off", key, algorithm, good[1:], None)
    file.case(f"{algorithm}: four characters appended", key, algorithm, good + "AAAA", "signature")


def mixed(file):
    """Parts of one good token in another."""
    one = token("ES256", "p256-a", claims()).split(".")
    two = token("ES256", "p256-a", claims(sub="bob"), typ="JWT").split(".")
    for name, parts in {
        "signature of another token": [one[0], one[1], two[2]],
        "payload of another token": [one[0], two[1], one[2]],
        "header of another token": [two[0], one[1], one[2]],
    }.items():
        file.case(f"the {name}", "p256-a", "ES256", ".".join(parts), "signature")
    for name, parts in {
        "payload and header exchanged": [one[1], one[0], one[2]],
        "signature first": [one[2], one[0], one[1]],
    }.items():
        file.case(name, "p256-a", "ES256", ".".join(parts), "malformed")
    text = token("ES256", "p256-b", claims())
    file.case("a good token by another P-256 key", "p256-a", "ES256", text, "signature")
    file.case("a good token by another RSA key", "rsa-a", "RS256", token("RS256", "rsa-b", claims()), "signature")
    file.case("a good token by another Ed25519 key", "ed25519-a", "EdDSA", token("EdDSA", "ed25519-b", claims()), "signature")
    file.case("a good token by another P-384 key", "p384-a", "ES384", token("ES384", "p384-b", claims()), "signature")
    file.case("a good token by another secret", "secret-32", "HS256", token("HS256", "secret-48", claims()), "signature")


def values():
    file = new_file("signature_values")
    for algorithm in ("ES256", "ES384"):
        ecdsa(file, algorithm)
    ed25519(file)
    rsa(file)
    hmac(file)
    file.write()


def message_of(algorithm, **more):
    return f"{b64(compact({'alg': algorithm}))}.{b64(compact(claims(**more)))}"


def ecdsa(file, algorithm):
    key, n, p = SIGNERS[algorithm], ORDERS[algorithm], FIELDS[algorithm]
    size = n.bit_length() // 8
    message = message_of(algorithm)
    signature = sign(algorithm, key, message.encode())
    r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))

    def case(name, raw, expect="signature"):
        file.case(f"{algorithm}: {name}", key, algorithm, f"{message}.{b64(raw)}", expect)

    def pair(name, r, s, expect="signature"):
        case(name, r.to_bytes(size, "big") + s.to_bytes(size, "big"), expect)

    case("as it was made", signature, "accept")
    pair("s the low one of both", r, min(s, n - s), "accept")
    pair("s the high one of both", r, max(s, n - s), "accept")
    for first, r_value in (("0", 0), ("1", 1), ("n", n), ("as made", r)):
        for second, s_value in (("0", 0), ("1", 1), ("n", n), ("as made", s)):
            if (first, second) != ("as made", "as made"):
                pair(f"r {first}, s {second}", r_value, s_value)
    top = 256**size - 1
    for what, value in (("n-1", n - 1), ("n+1", n + 1), ("p", p), ("p-1", p - 1), ("all ones", top), ("(n-1)/2", (n - 1) // 2), ("2", 2)):
        pair(f"r {what}", value, s)
        pair(f"s {what}", r, value)
        pair(f"r and s {what}", value, value)
    pair("r and s exchanged", s, r)
    pair("r negated", n - r, s)
    pair("r negated, s negated", n - r, n - s)
    pair("r one more", r + 1, s)
    pair("s one more", r, s + 1)
    encodings(case, r, s, size)


def encodings(case, r, s, size):
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    der = utils.encode_dss_signature(r, s)
    case("DER", der)
    case("DER with zeros up to some length", der + b"\x00" * 8)
    case("the SSH form", b"\x00\x00\x00" + bytes([size]) + raw[:size] + b"\x00\x00\x00" + bytes([size]) + raw[size:])
    case("r alone", raw[:size])
    case("a byte short", raw[:-1])
    case("without the first byte", raw[1:])
    case("a zero byte after", raw + b"\x00")
    case("a zero byte before", b"\x00" + raw)
    case("a zero byte before each half", b"\x00" + raw[:size] + b"\x00" + raw[size:])
    case("a zero byte after each half", raw[:size] + b"\x00" + raw[size:] + b"\x00")
    case("recovery byte after", raw + b"\x1b")
    case("twice", raw * 2)
    case("each half little end first", raw[:size][::-1] + raw[size:][::-1])
    case("in hexadecimal", raw.hex().encode())
    case("in base64url once more", b64(raw).encode())
    case("one zero byte", b"\x00")
    case("300 zero bytes", b"\x00" * 300)


def ed25519(file):
    message = message_of("EdDSA")
    signature = sign("EdDSA", "ed25519-a", message.encode())
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    order = ED25519_ORDER

    def case(name, raw, expect="signature"):
        file.case(f"EdDSA: {name}", "ed25519-a", "EdDSA", f"{message}.{b64(raw)}", expect)

    def scalar(value):
        return value.to_bytes(32, "little")

    case("as it was made", signature, "accept")
    for factor in range(1, 16):
        if factor in (1, 2, 8, 14):
            case(f"S plus {factor} times the order", r + scalar(s + factor * order))
    case("S negated", r + scalar(order - s))
    case("S zero", r + scalar(0))
    case("S the order", r + scalar(order))
    case("S one more", r + scalar(s + 1))
    case("S all ones", r + b"\xff" * 32)
    case("S with the top bit set", r + scalar(s | 1 << 255))
    case("R zero", b"\x00" * 32 + signature[32:])
    case("R the identity", scalar(1) + signature[32:])
    case("R the identity, S zero", scalar(1) + scalar(0))
    case("R the identity with its sign bit, S zero", scalar(1 | 1 << 255) + scalar(0))
    case("R not canonical", scalar(2**255 - 18) + scalar(0))
    case("R with the other sign", bytes([*r[:31], r[31] ^ 0x80]) + signature[32:])
    case("R all ones", b"\xff" * 32 + signature[32:])
    case("64 zero bytes", b"\x00" * 64)
    case("R and S exchanged", signature[32:] + r)
    case("big end first", signature[::-1])
    case("a byte short", signature[:-1])
    case("a zero byte after", signature + b"\x00")
    case("a zero byte before", b"\x00" + signature)
    case("R alone", r)
    case("message after it, as signed messages are", signature + message.encode())
    # Not the algorithm of JWS: the hash of the message is signed.
    digest = hashes.Hash(hashes.SHA512())
    digest.update(message.encode())
    case("over the SHA-512 of the message", loaded("ed25519-a").sign(digest.finalize()))
    case("over the payload alone", loaded("ed25519-a").sign(message.split(".")[1].encode()))


def rsa(file):
    private = loaded("rsa-a")
    numbers = private.private_numbers()
    n, d = numbers.public_numbers.n, numbers.d
    size = 256

    def raw(block):
        return pow(int.from_bytes(block, "big"), d, n).to_bytes(size, "big")

    for algorithm in ("RS256", "PS256"):
        message = message_of(algorithm)
        signature = sign(algorithm, "rsa-a", message.encode())

        def case(name, value, expect="signature", algorithm=algorithm, message=message):
            file.case(f"{algorithm}: {name}", "rsa-a", algorithm, f"{message}.{b64(value)}", expect)

        case("as it was made", signature, "accept")
        case("a zero byte before", b"\x00" + signature)
        case("a zero byte after", signature + b"\x00")
        case("a byte short", signature[:-1])
        case("without the first byte", signature[1:])
        case("twice", signature * 2)
        for what, value in (("0", 0), ("1", 1), ("n-1", n - 1), ("n", n), ("n+1", n + 1), ("all ones", 256**size - 1)):
            case(f"the number {what}", value.to_bytes(size, "big"))
        case("negated", (n - int.from_bytes(signature, "big")).to_bytes(size, "big"))
        case("little end first", signature[::-1])
        case("one zero byte", b"\x00")
    small_and_short(file, n, size)
    paddings(file, private, raw, size)


def small_and_short(file, n, size):
    """Signatures that are small numbers: n more is as long, and the first byte is zero."""
    short = wrapped = None
    for nonce in range(20000):
        message = message_of("RS256", jti=str(nonce))
        signature = sign("RS256", "rsa-a", message.encode())
        value = int.from_bytes(signature, "big")
        if wrapped is None and value + n < 256**size:
            wrapped = f"{message}.{b64((value + n).to_bytes(size, 'big'))}"
        if short is None and signature[0] == 0:
            short = message, signature
        if short and wrapped:
            break
    file.case("RS256: n more than the signature", "rsa-a", "RS256", wrapped, "signature")
    message, signature = short
    file.case("RS256: first byte zero", "rsa-a", "RS256", f"{message}.{b64(signature)}", "accept")
    text = f"{message}.{b64(signature[1:])}"
    file.case("RS256: first byte zero, left out", "rsa-a", "RS256", text, "signature")


def paddings(file, private, raw, size):
    message = message_of("RS256")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message.encode())
    digest = digest.finalize()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    no_null = bytes.fromhex("302f300b0609608648016503040201" + "0420") + digest
    long_length = bytes.fromhex("308131300d060960864801650304020105000420") + digest

    def padded(info, kind=1, fill=b"\xff", length=None):
        length = size - 3 - len(info) if length is None else length
        return b"\x00" + bytes([kind]) + fill * length + b"\x00" + info

    blocks = {
        "DigestInfo without NULL": padded(no_null),
        "DigestInfo with a long length": padded(long_length),
        "no DigestInfo, the hash alone": padded(digest),
        "block type 2": padded(info, kind=2),
        "block type 0": padded(info, kind=0, fill=b"\x00"),
        "padding of another byte": padded(info, fill=b"\xfe"),
        "eight bytes of padding, rubbish after": (padded(info, length=8) + b"\xaa" * size)[:size],
        "eight bytes of padding, zeros after": (padded(info, length=8) + b"\x00" * size)[:size],
        "rubbish in place of the NULL": padded(info.replace(b"\x05\x00\x04", b"\x04\x00\x04")),
        "the hash twice": padded(info + digest),
        "no padding at all": b"\x00" * (size - len(info)) + info,
        "a zero byte within the padding": padded(info).replace(b"\xff" * 20, b"\xff" * 10 + b"\x00" + b"\xff" * 9, 1),
    }
    for name, block in blocks.items():
        file.case(f"RS256: {name}", "rsa-a", "RS256", f"{message}.{b64(raw(block))}", "signature")
    text = f"{message}.{b64(raw(padded(info)))}"
    file.case("RS256: the padding done by hand, rightly", "rsa-a", "RS256", text, "accept")
    for name, hashed in (("SHA-1", hashes.SHA1()), ("SHA-224", hashes.SHA224()), ("SHA3-256", hashes.SHA3_256())):
        signature = private.sign(message.encode(), padding.PKCS1v15(), hashed)
        file.case(f"RS256: {name} in place of SHA-256", "rsa-a", "RS256", f"{message}.{b64(signature)}", "signature")

    message = message_of("PS256")
    schemes = {
        "salt of no byte": (hashes.SHA256(), 0, hashes.SHA256()), "salt of 20 bytes": (hashes.SHA256(), 20, hashes.SHA256()),
        "salt of 31 bytes": (hashes.SHA256(), 31, hashes.SHA256()), "salt of 33 bytes": (hashes.SHA256(), 33, hashes.SHA256()),
        "the longest salt": (hashes.SHA256(), 222, hashes.SHA256()), "MGF1 with SHA-1": (hashes.SHA1(), 32, hashes.SHA256()),
        "MGF1 with SHA-512": (hashes.SHA512(), 32, hashes.SHA256()), "hash SHA-1": (hashes.SHA256(), 32, hashes.SHA1()),
        "all of SHA-1": (hashes.SHA1(), 20, hashes.SHA1()), "hash SHA-512": (hashes.SHA256(), 32, hashes.SHA512()),
    }  # fmt: skip
    for name, (mask, salt, hashed) in schemes.items():
        signature = private.sign(message.encode(), padding.PSS(padding.MGF1(mask), salt), hashed)
        file.case(f"PS256: {name}", "rsa-a", "PS256", f"{message}.{b64(signature)}", "signature")


def hmac(file):
    message = message_of("HS256")
    tag = sign("HS256", "secret-32", message.encode())
    key = unb64(PRIVATE["secret-32"]["k"])

    def case(name, value, expect="signature"):
        file.case(f"HS256: {name}", "secret-32", "HS256", f"{message}.{b64(value)}", expect)

    case("as it was made", tag, "accept")
    for length in (1, 10, 16, 20, 31):
        case(f"only the first {length} bytes of the tag", tag[:length])
    case("only the last 16 bytes of the tag", tag[16:])
    case("a zero byte after the tag", tag + b"\x00")
    case("a zero byte before the tag", b"\x00" + tag)
    case("the tag twice", tag * 2)
    case("the tag reversed", tag[::-1])
    case("the tag in hexadecimal", tag.hex().encode())
    case("32 zero bytes", b"\x00" * 32)
    case("the tag of HS512, cut to 32 bytes", sign("HS512", "secret-32", message.encode())[:32])
    case("the tag of HS512", sign("HS512", "secret-32", message.encode()))
    case("the secret's base64url text as the secret", sign("HS256", b64(key).encode(), message.encode()))
    case("the secret with its case bent", sign("HS256", key.swapcase(), message.encode()))
    # HMAC fills keys up with zeros: this is the very same key, and no fault of anybody's.
    case("the secret with a zero byte appended", sign("HS256", key + b"\x00", message.encode()), "accept")
    case("without the payload", sign("HS256", "secret-32", message.split(".")[0].encode()))
    case("over decoded parts", sign("HS256", "secret-32", b".".join(unb64(part) for part in message.split("."))))
