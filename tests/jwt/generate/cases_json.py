"""Header and payload as JSON: what two readers could take for two things."""

import zlib

from corpus import File, b64, claims, compact, jwks, policy, resign, token

GOOD = '"iss":"https://id.example.com/","sub":"alice","aud":"crm","exp":1900000300'


def make():
    file = File("json", "cryptography; see generate/README.md")
    keys = file.key("p256-a", jwks("p256-a"))
    rules = file.policy("ES256", policy("ES256"))
    unchecked = file.policy("ES256, neither iss nor aud", policy("ES256", issuer=None, audience=None))

    def header(name, text, expect="malformed"):
        file.case(f"header: {name}", keys, rules, token("ES256", "p256-a", claims(), text), expect)

    def payload(name, text, expect="malformed", by=rules):
        file.case(f"payload: {name}", keys, by, token("ES256", "p256-a", text), expect)

    header_duplicates(header)
    payload_duplicates(payload)
    structure(header, payload)
    text_encoding(header, payload)
    strings(header, payload)
    numbers(header, payload)
    names(header, payload, unchecked)
    file.write()


def header_duplicates(header):
    header("alg twice, the same", '{"alg":"ES256","alg":"ES256"}')
    header("alg twice, none first", '{"alg":"none","alg":"ES256"}')
    header("alg twice, none last", '{"alg":"ES256","alg":"none"}')
    header("alg twice, one escaped", '{"alg":"ES256","\\u0061lg":"none"}')
    header("alg twice, the escaped one first", '{"\\u0061\\u006c\\u0067":"none","alg":"ES256"}')
    header("kid twice", '{"alg":"ES256","kid":"a","kid":"b"}')
    header("typ twice", '{"alg":"ES256","typ":"JWT","typ":"at+jwt"}')
    header("crit twice", '{"alg":"ES256","crit":[],"crit":["x"]}')
    header("an unknown member twice", '{"alg":"ES256","x":1,"x":1}')
    header("twice in a nested object", '{"alg":"ES256","x":{"y":1,"y":2}}')
    header("twice in an object of an array", '{"alg":"ES256","x":[{"y":1,"y":2}]}')
    header("the empty name twice", '{"alg":"ES256","":1,"":2}')


def payload_duplicates(payload):
    payload("exp twice, the first past", "{" + GOOD.replace('"exp"', '"exp":1,"exp"') + "}")
    payload("exp twice, the last past", "{" + GOOD + ',"exp":1}')
    payload("exp twice, the same", "{" + GOOD + ',"exp":1900000300}')
    payload("exp twice, one escaped", "{" + GOOD + ',"\\u0065xp":1}')
    payload("exp twice, all of one escaped", "{" + GOOD + ',"\\u0065\\u0078\\u0070":1900000300}')
    payload("sub twice", "{" + GOOD + ',"sub":"mallory"}')
    payload("aud twice", "{" + GOOD + ',"aud":["crm"]}')
    payload("iss twice", "{" + GOOD + ',"iss":"https://evil.example/"}')
    payload("scope twice", "{" + GOOD + ',"scope":"a","scope":"b"}')
    payload("an unknown claim twice", "{" + GOOD + ',"x":1,"x":1}')
    payload("twice in a nested object", "{" + GOOD + ',"x":{"y":1,"y":2}}')
    payload("twice, five levels down", "{" + GOOD + ',"x":[[{"y":[{"z":1,"z":1}]}]]}')
    payload("twice by an escaped slash", "{" + GOOD + ',"a/b":1,"a\\/b":1}')
    payload("twice by a surrogate pair and its character", "{" + GOOD + ',"\\ud83d\\ude00":1,"\U0001f600":1}')
    payload("names that differ in case are two names", "{" + GOOD + ',"Exp":1,"SUB":"mallory"}', "accept")
    payload("the same name in two objects", "{" + GOOD + ',"x":{"exp":1},"y":{"exp":1}}', "accept")
    payload("precomposed and combining are two names", "{" + GOOD + ',"\u00e9":1,"e\u0301":1}', "accept")


def structure(header, payload):
    rest = GOOD
    for where, body in ((header, '"alg":"ES256"'), (payload, rest)):
        where("trailing comma", "{" + body + ",}")
        where("leading comma", "{," + body + "}")
        where("two commas", "{" + body + ',,"x":1}')
        where("a block comment", "{/* */" + body + "}")
        where("a line comment", "{" + body + "} // end")
        where("a hash comment", "{" + body + "} # end")
        where("single quotes", "{" + body.replace('"', "'") + "}")
        where("a name without quotes", "{" + body + ",x:1}")
        where("two documents", "{" + body + "}{}")
        where("something after the end", "{" + body + "}x")
        where("a NUL after the end", "{" + body + "}\x00")
        where("a NUL before the start", "\x00{" + body + "}")
        where("cut off", "{" + body)
        where("one brace too many", "{" + body + "}}")
        where("NaN", "{" + body + ',"x":NaN}')
        where("Infinity", "{" + body + ',"x":-Infinity}')
        where("True with a capital", "{" + body + ',"x":True}')
        where("undefined", "{" + body + ',"x":undefined}')
        where("an array around the object", "[{" + body + "}]")
        where("a string", '"{}"')
        where("null", "null")
        where("true", "true")
        where("a number", "1")
        where("an empty array", "[]")
        where("white space only", " ")
        where("a form feed as white space", "\x0c{" + body + "}")
        where("a no-break space as white space", "\u00a0{" + body + "}")
        where("300 levels of arrays", "{" + body + ',"x":' + "[" * 300 + "]" * 300 + "}")
        where("300 levels of objects", "{" + body + ',"x":' + '{"x":' * 300 + "1" + "}" * 300 + "}")
        where("600 arrays that never close", "{" + body + ',"x":' + "[" * 600)
        where("eight levels", "{" + body + ',"x":' + "[" * 7 + "]" * 7 + "}", "accept")
        where("white space wherever it may be", " \r\n\t{ " + body.replace(":", " :\t").replace("https :\t", "https:") + " \n} \n", "accept")
    payload("the empty object", "{}", "claim")
    payload("a token", token("ES256", "p256-b", claims()))
    payload("deflated", zlib.compress(compact(claims())))
    payload("form encoded", "iss=https%3A%2F%2Fid.example.com%2F&sub=alice")
    payload("XML", "<claims><sub>alice</sub></claims>")


def text_encoding(header, payload):
    for where, body in ((header, '{"alg":"ES256"}'), (payload, "{" + GOOD + "}")):
        where("byte order mark", "\ufeff" + body)
        where("UTF-16, big end first", body.encode("utf-16-be"))
        where("UTF-16, little end first", body.encode("utf-16-le"))
        where("UTF-16 with a byte order mark", body.encode("utf-16"))
        where("UTF-32", body.encode("utf-32-be"))
        start = body.encode()[:-1]
        where("Latin-1", start + b',"x":"\xe9"}')
        where("overlong UTF-8", start + b',"x":"\xc0\xaf"}')
        where("overlong UTF-8 of three bytes", start + b',"x":"\xe0\x80\xaf"}')
        where("a surrogate in UTF-8", start + b',"x":"\xed\xa0\x80"}')
        where("a surrogate pair in UTF-8", start + b',"x":"\xed\xa0\xbd\xed\xb8\x80"}')
        where("beyond U+10FFFF", start + b',"x":"\xf4\x90\x80\x80"}')
        where("a UTF-8 sequence cut off", start + b',"x":"\xe2\x82"}')
        where("a lone continuation byte", start + b',"x":"\x80"}')
        where("characters of every length", start + ',"x":"a\u00e9\u20ac\U0001f600"}'.encode(), "accept")


def strings(header, payload):
    for where, body in ((header, '{"alg":"ES256"'), (payload, "{" + GOOD)):
        where("lone high surrogate", body + ',"x":"\\ud800"}')
        where("lone low surrogate", body + ',"x":"\\udc00"}')
        where("surrogates the wrong way round", body + ',"x":"\\udc00\\ud800"}')
        where("lone surrogate in a name", body + ',"\\ud800":1}')
        where("a noncharacter", body + ',"x":"\\uffff"}')
        where("a noncharacter written as it is", body + ',"x":"\ufdd0"}')
        where("a control character in a string", body + ',"x":"a\nb"}')
        where("a tab in a string", body + ',"x":"a\tb"}')
        where("an unknown escape", body + ',"x":"\\x41"}')
        where("an escape of three digits", body + ',"x":"\\u041"}')
        where("an escape with a sign", body + ',"x":"\\u+041"}')
        where("a string that never ends", body + ',"x":"a')
        where("a surrogate pair", body + ',"x":"\\ud83d\\ude00"}', "accept")
        where("every short escape", body + ',"x":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', "accept")
        where("DEL in a string", body + ',"x":"\x7f"}', "accept")
        where("an escaped NUL", body + ',"x":"a\\u0000b"}', "accept")


def numbers(header, payload):
    refused = {
        "a leading zero": "01", "a plus": "+1", "no digit before the point": ".5", "no digit after the point": "1.",
        "no digit in the exponent": "1e", "hexadecimal": "0x10", "an underscore": "1_000", "a lone minus": "-",
        "beyond a double": "1e400", "below a double": "1e-400", "far beyond a double": "1e999999999",
        "2^53": "9007199254740992", "-2^53": "-9007199254740992", "2^64": "18446744073709551616",
        "100 digits": "1" * 100, "18 significant digits": "1.00000000000000001", "Arabic digits": "\u0661",
    }  # fmt: skip
    taken = {"2^53-1": "9007199254740991", "minus zero": "-0", "1e308": "1e308", "17 significant digits": "1.0000000000000001", "1E+2": "1E+2"}
    for where, body in ((header, '{"alg":"ES256"'), (payload, "{" + GOOD)):
        for name, text in refused.items():
            where(f"a number with {name}" if " " in name else f"a number {name}", body + f',"x":{text}' + "}")
        for name, text in taken.items():
            where(f"a good number, {name}", body + f',"x":{text}' + "}", "accept")


def names(header, payload, unchecked):
    header("alg with an escaped name", '{"\\u0061lg":"ES256"}', "accept")
    header("alg with an escaped value", '{"alg":"\\u0045S256"}', "accept")
    payload("exp with an escaped name", "{" + GOOD.replace("exp", "\\u0065xp") + "}", "accept")
    payload("slashes escaped in iss", "{" + GOOD.replace("/", "\\/") + "}", "accept")
    payload("sub escaped", "{" + GOOD.replace("alice", "\\u0061lice") + "}", "accept")
    payload("a claim __proto__", "{" + GOOD + ',"__proto__":{"admin":true}}', "accept")
    payload("claims in a nested object only", '{"claims":{' + GOOD + "}}", "claim")
    payload("EXP instead of exp", "{" + GOOD.replace("exp", "EXP") + "}", "claim", unchecked)
    payload("exp with a space in its name", "{" + GOOD.replace("exp", "exp ") + "}", "claim", unchecked)
    payload("exp with a NUL in its name", "{" + GOOD.replace('"exp"', '"exp\\u0000"') + "}", "claim", unchecked)
