"""Makes sales.csv: what three shops sold in four days. Always the same.

Shops are open from 8 to 20 o'clock, with a lull over noon. Rows come up to 25 min out of order, a few of them hours
late. Some customers are not known."""
import datetime
import random

random = random.Random(41)
START = datetime.datetime(2024, 3, 4)
PRODUCTS = ["apples", "bread", "cheese", "a basket of the season's vegetables", "olives"]
SHOPS = ["harbour", "market square", "old town"]


def customer():
    return "" if random.random() < 0.1 else f"customer {int(random.paretovariate(0.8)) % 40}"


def opening(day):
    """A moment of that day, in minutes."""
    while True:
        minute = random.uniform(8 * 60, 20 * 60)
        if not 12 * 60 + 30 < minute < 14 * 60 + 10 or random.random() < 0.05:
            return day * 24 * 60 + minute


rows = []
for number in range(1500):
    at = opening(random.randrange(4))
    delay = random.uniform(60, 30 * 60) if random.random() < 0.03 else random.uniform(0, 25)
    cents = random.randrange(1, 13) * 50
    rows.append((at + delay, at, random.choice(SHOPS), random.choice(PRODUCTS), customer(), cents))
print("at,shop,product,customer,cents")
for _, at, shop, product, who, cents in sorted(rows):
    time = (START + datetime.timedelta(seconds=round(at * 60))).isoformat() + "Z"
    print(f"{time},{shop},{product},{who},{cents}")
