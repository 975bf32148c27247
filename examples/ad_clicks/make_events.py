"""Makes events.csv: ads that were shown and clicks on them, in twenty minutes. Always the same.

Rows come up to 15 s out of order. Some have no user; a few users see most of the ads."""
import datetime
import random

random = random.Random(20)
START = datetime.datetime(2024, 5, 1, 12)
PLACES = ["front page", "sidebar", "archive of last year's articles", "search results, second page", "footer"]


def user():
    if random.random() < 0.08:
        return ""
    return f"user {int(random.paretovariate(0.7)) % 60}" + (" of the newsletter" if random.random() < 0.2 else "")


rows = []
for number in range(1400):
    at = random.randrange(20 * 60 * 1000)
    kind = "shown" if random.random() < 0.65 else "click"
    rows.append((at + random.randrange(15_000), at, kind, user(), random.randrange(1, 5), random.choice(PLACES)))
print("at,kind,user,ad,place")
for _, at, kind, who, ad, place in sorted(rows):
    time = (START + datetime.timedelta(milliseconds=at)).isoformat(timespec="milliseconds") + "Z"
    text = f'"{place}"' if "," in place else place
    print(f"{time},{kind},{who},{ad},{text}")
