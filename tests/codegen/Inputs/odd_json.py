"""odd_json.py SEED RECORDS FILE: JSON lines for json.test, mostly usual records in another order than the program declares,
some odd or bad. Event times jump back now and then, so that records wait for watermarks and come late."""
import json
import random
import sys

seed, records, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
print(f"seed {seed}")
r = random.Random(seed)

FIELDS = ["id", "at", "small", "wide", "real", "single", "flag", "name", "maybe", "day", "span", "side", "raw", "unread", "seen_ms"]
ODD = ["", " ", "1e3", "1.0", "007", "-0", "-", "nan", '"nan"', '"inf"', "1.", ".5", "99999999999999999999", "300", "[1,[2]]", "{}",
       '{"a":"b"}', "18446744073709551615", "12345678901234567.5", "0.30000000000000004", "true", "false", "null", '"2020-02-30"',
       '"2020-01-01"', '"2020-01-01T01:00:00+01:00"', '"1h30min"', '"LEFT"', '"left"', '"YWJj"', '"caf\u00e9"', '"a\\u0062\\n"', '"\\ud800"',
       '"\\x"', '"un', "1577840000000", "tru", "\t5", '"a\tb"']


def usual(field, i):
    if field in ("id", "wide"):
        return str(i if field == "id" else r.randrange(-10 ** r.randrange(1, 18), 10 ** r.randrange(1, 18)))
    if field == "at":
        second = max(0, i // 3 - (r.randrange(900) if r.random() < 0.05 else 0))
        text = f"2020-01-{1 + second // 86400 % 28:02}{r.choice('T ')}{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        return '"' + text + r.choice(["", "Z", ".5", f".{r.randrange(1000):03}Z"]) + '"'
    if field == "small":
        return str(r.randrange(-128, 128))
    if field in ("real", "single"):
        return r.choice([f"{r.uniform(-180, 180):.6f}", str(r.randrange(100)), repr(r.uniform(0, 1)), f"{r.uniform(0, 99):.2f}"])
    if field == "flag":
        return r.choice(["true", "false"])
    if field == "name":
        return '"' + r.choice(["Ann", "Bob", "a name of more than twelve bytes", "", "\u00c9va"]) + '"'
    if field == "maybe":
        return r.choice(["null", str(r.randrange(1000))])
    if field == "day":
        return f'"2020-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}"'
    if field == "span":
        return f'"{r.randrange(100)}ms"'
    if field == "side":
        return r.choice(['"LEFT"', '"the right"'])
    if field == "seen_ms":
        return str(1577840000000 + r.randrange(10 ** 9))
    if field == "unread":
        return r.choice(["1", "2.5", "true", "[]", '[3,4]'])
    return r.choice(['"YWJj"', '"YWI="'])


with open(path, "wb") as file:
    members = FIELDS + ["other"]
    r.shuffle(members)
    for i in range(records):
        odd = 0.02 if i // 500 % 2 else 0.0005  # long runs of usual records, and stretches where every third is not
        if i % 6000 == 5999:
            r.shuffle(members)
        order = members[:]
        if r.random() < odd:
            r.shuffle(order)
        if r.random() < odd:
            order = order[1:]
        if r.random() < odd:
            order.append(r.choice(order))
        colon, comma = (": ", ", ") if i // 3000 % 2 else (":", ",")
        line = "{" + comma.join(json.dumps(m) + colon + (r.choice(ODD) if r.random() < odd else usual(m, i)) for m in order) + "}"
        line = line.encode()
        if r.random() < odd:
            at = r.randrange(len(line))
            line = line[:at] + r.choice([b"\xff", b"", b"\x01", b"}", b'"', b"\\", b" "]) + line[at + 1:]
        file.write(line + (b"\r\n" if i // 700 % 3 == 1 or r.random() < odd / 4 else b"\n"))
        if r.random() < odd / 4:
            file.write(r.choice([b"\n", b" \r\n"]))
