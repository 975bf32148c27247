"""odd_csv.py SEED RECORDS FILE: a CSV file for csv.test, mostly usual records, some odd or bad, in another order of columns
than the program's. Event times jump back now and then, so that records wait for watermarks and come late."""
import random
import sys

seed, records, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
print(f"seed {seed}")
r = random.Random(seed)

FIELDS = ["id", "at", "small", "wide", "real", "single", "flag", "name", "maybe", "day", "span", "side", "raw", "unread"]
ODD = ["", " ", " 12", "+1", "1e5", "007", "1_0", "-0", "nan", "inf", "-inf", "1.", ".5", "99999999999999999999", "300",
       "18446744073709551615", "12345678901234567.5", "0.30000000000000004", "true", "F", "2020-02-30", "2020-01-01",
       "2020-01-01T01:00:00+01:00", "2020-01-01T24:00:00", "1h30min", "LEFT", "left", "YWJj", "NA", "caf\u00e9", "\r", "x\ry"]


def usual(field, i):
    if field in ("id", "wide"):
        return str(i if field == "id" else r.randrange(-10 ** r.randrange(1, 18), 10 ** r.randrange(1, 18)))
    if field == "at":
        second = max(0, i // 3 - (r.randrange(900) if r.random() < 0.05 else 0))
        text = f"2020-01-{1 + second // 86400 % 28:02}{r.choice('T ')}{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        return text + r.choice(["", "Z", ".5", f".{r.randrange(1000):03}Z"])
    if field == "small":
        return str(r.randrange(-128, 128))
    if field in ("real", "single"):
        return r.choice([f"{r.uniform(-180, 180):.6f}", str(r.randrange(100)), repr(r.uniform(0, 1)), f"{r.uniform(0, 99):.2f}"])
    if field == "flag":
        return r.choice(["true", "false"])
    if field == "name":
        return r.choice(["Ann", "Bob", "a name of more than twelve bytes", ""])
    if field == "maybe":
        return r.choice(["NA", "", str(r.randrange(1000))])
    if field == "day":
        return f"2020-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}"
    if field == "span":
        return f"{r.randrange(100)}ms"
    if field == "side":
        return r.choice(["LEFT", "the right"])
    return r.choice(["YWJj", "YWI="])


with open(path, "wb") as file:
    columns = FIELDS + ["other"]
    r.shuffle(columns)
    file.write((";".join(columns) + "\n").encode())
    for i in range(records):
        odd = 0.02 if i // 500 % 2 else 0.0005  # long runs of usual records, and stretches where every third is not
        values = [r.choice(ODD) if r.random() < odd else usual(c, i) for c in columns]
        if r.random() < odd:
            values = values[: r.randrange(len(values))] if r.random() < 0.5 else values + ["more"]
        if r.random() < odd:
            values[0:1] = ['"' + v.replace('"', '""') + r.choice(["", ";", "\n", '""']) + '"' for v in values[0:1]]
        line = ";".join(values).encode()
        if r.random() < odd:
            line = line[:5] + b"\xff" + line[5:]
        file.write(line + (b"\r\n" if i // 700 % 3 == 1 or r.random() < odd / 4 else b"\n"))
        if r.random() < odd / 4:
            file.write(r.choice([b"\n", b"\r\n"]))
