"""What the example sales must give: each window by looking at all rows once more."""

import collections
import csv
import os

Sale = collections.namedtuple("Sale", "at shop product customer cents seen")  # seen: the watermark before it
H, DAY = 3_600_000_000, 86_400_000_000
LAG = H // 2


def read_sales(path, microseconds):
    sales, newest = [], None
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = microseconds(row["at"].rstrip("Z"))
            seen = -DAY if newest is None else newest - LAG - 1
            sales.append(Sale(at, row["shop"], row["product"], row["customer"] or None, int(row["cents"]), seen))
            newest = at if newest is None else max(newest, at)
    return sales


def cumulate(sales, longest, step, offset=0):
    """{(start, end): rows}: a row is in every window that holds it and had not closed when it came."""
    windows = collections.defaultdict(list)
    starts = {(sale.at - offset) // longest * longest + offset for sale in sales}
    for start in starts:
        for end in range(start + step, start + longest + 1, step):
            # A window that is told is one that rows had come for when it closed.
            rows = [sale for sale in sales if start <= sale.at < end and sale.seen < end - 1]
            if rows:
                windows[start, end] = rows
    return windows


def hopping(sales, size, slide):
    windows = collections.defaultdict(list)
    for sale in sales:
        start = sale.at // slide * slide
        while start > sale.at - size:
            if sale.seen < start + size - 1:
                windows[start, start + size].append(sale)
            start -= slide
    return windows


def customers(sales):
    return len({sale.customer for sale in sales} - {None})


def late(sales, longest, offset=0):
    """Rows whose longest window had closed."""
    return [sale for sale in sales
            if (sale.at - offset) // longest * longest + offset + longest - 1 <= sale.seen]


def by(rows, field):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[getattr(row, field)].append(row)
    return groups


def f64(value):
    return str(int(value)) if value == int(value) else repr(value)


def sales(folder, microseconds, instant):
    rows = read_sales(os.path.join(folder, "sales.csv"), microseconds)
    hours = {window: {product: group for product, group in by(inside, "product").items()}
             for window, inside in cumulate(rows, DAY, H).items()}
    totals = {window: {product: sum(sale.cents for sale in group) for product, group in products.items()}
              for window, products in hours.items()}

    def so_far():
        for (start, end), products in hours.items():
            for product, group in products.items():
                dearest = min(group, key=lambda sale: (-sale.cents, sale.at))
                yield (product, instant(start), instant(end), len(group), customers(group), totals[start, end][product],
                       f64(sum(sale.cents for sale in group) / len(group)), instant(max(sale.at for sale in group)),
                       dearest.customer or "")

    def visitors():
        for (start, end), inside in hopping(rows, DAY, 12 * H).items():
            for shop, group in by(inside, "shop").items():
                yield (shop, instant(start), instant(end), len(group), customers(group),
                       customers([sale for sale in group if sale.cents >= 500]), len({sale.product for sale in group}),
                       instant(min(sale.at for sale in group)))

    def by_hour():
        for (start, _), inside in hopping(rows, H, H).items():
            yield instant(start), customers(inside)

    def prices():
        for (start, end), inside in hopping(rows, H // 2, H // 2).items():
            for shop, group in by(inside, "shop").items():
                yield shop, instant(start), instant(end), len({sale.cents for sale in group})

    def leaders(count):
        for (start, end), cents in totals.items():
            best = sorted(cents.items(), key=lambda pair: (-pair[1], pair[0]))
            for place, (product, total) in enumerate(best[:count], 1):
                yield start, end, product, total, place

    def dearest():
        for (start, end), inside in cumulate(rows, 12 * H, 4 * H, 6 * H).items():
            for shop, group in by(inside, "shop").items():
                order = sorted(group, key=lambda s: (-s.cents, s.at, s.product, s.customer is None, s.customer))
                for sale in order[:3]:
                    yield (shop, instant(start), instant(end), instant(sale.at), sale.product, sale.customer or "",
                           sale.cents)

    def together():
        for (_, end), inside in cumulate(rows, DAY, 6 * H).items():
            for a in inside:
                for b in inside:
                    is_pair = a.product == "apples" and b.product == "bread" and a.shop == b.shop
                    if is_pair and a.customer is not None and a.customer == b.customer:
                        yield instant(end), a.shop, a.customer, instant(a.at), instant(b.at)

    def tardy(among, longest):
        return [(instant(s.at), s.shop, s.product, s.customer or "", s.cents) for s in late(among, longest)]

    return {
        "so_far": ("product,window_start,window_end,sold,customers,cents,mean,latest,dearest_to", so_far()),
        "leaders": ("window_end,product,cents,place",
                    [(instant(end), *rest) for _, end, *rest in leaders(2)]),
        "totals": ("window_start,window_end,products,cents",
                   [(instant(start), instant(end), len(cents), sum(cents.values()))
                    for (start, end), cents in totals.items()]),
        "shares": ("window_end,product,percent",
                   [(instant(end), product, cents * 100 // sum(totals[start, end].values()))
                    for start, end, product, cents, _ in leaders(1)]),
        "dearest": ("shop,window_start,window_end,at,product,customer,cents", dearest()),
        "together": ("window_end,shop,customer,apples_at,bread_at", together()),
        "visitors": ("shop,window_start,window_end,sold,customers,generous,products,first_sale", visitors()),
        "by_hour": ("window_start,customers", by_hour()),
        "prices": ("shop,window_start,window_end,prices", prices()),
        "late_prices": ("at,shop,product,customer,cents", tardy(rows, H // 2)),
        "tardy": ("at,shop,product,customer,cents", tardy(rows, DAY)),
    }
