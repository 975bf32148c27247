"""The taxi rides and fares of the well-known stream-processing training, made from a ride's number.

Every field of a ride comes from a fresh Java-style random generator seeded with the ride's number, so the streams are
the same everywhere. This is the plain version that stdlib/taxi.flow is compared with.
"""

import math
import struct

BEGIN_S = 1577880000  # 2020-01-01T12:00:00Z
SECONDS_BETWEEN_RIDES = 20
DRIVERS = 200
LON_WEST, LON_EAST, LAT_SOUTH, LAT_NORTH = -74.05, -73.7, 40.5, 41.0


def f32(value):
    """The nearest 32-bit float."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Random:
    """The 48-bit linear congruential generator of java.util.Random."""

    def __init__(self, seed):
        self.state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)
        self.spare = None

    def bits(self, count):
        self.state = (self.state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self.state >> (48 - count)

    def below(self, bound):
        """nextInt of a bound that is no power of two."""
        while True:
            bits = self.bits(31)
            value = bits % bound
            if bits - value + (bound - 1) < 1 << 31:
                return value

    def double(self):
        return ((self.bits(26) << 27) + self.bits(27)) * 2.0**-53

    def gaussian(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            a = 2 * self.double() - 1
            b = 2 * self.double() - 1
            square = a * a + b * b
            if 0 < square < 1:
                factor = math.sqrt(-2 * math.log(square) / square)
                self.spare = b * factor
                return a * factor


def whole_number(ride, low, high, mean=None, deviation=None):
    """A rounded Gaussian, redrawn until it lies in low … high."""
    if mean is None:
        mean, deviation = (low + high) / 2, (high - low) / 8
    random = Random(ride)
    while True:
        value = math.floor(deviation * random.gaussian() + mean + 0.5)
        if low <= value <= high:
            return value


def coordinate(seed, low, high):
    low, high = f32(low - 0.1), f32(high + f32(0.1))
    mean, deviation = f32(f32(low + high) / 2), f32(f32(high - low) / 8)
    random = Random(seed)
    while True:
        value = f32(f32(deviation * random.gaussian()) + mean)
        if low <= value <= high:
            return value


def ride(number):
    """The fields of ride `number` (from 1), times in seconds; `end` is its end time."""
    start = BEGIN_S + SECONDS_BETWEEN_RIDES * number
    driver = 2013000000 + Random(number).below(DRIVERS)
    minutes = whole_number(number, 0, 600, 20, 40)
    tip = whole_number(number, 0, 60, 10, 15)
    tolls = whole_number(number, 0, 5) if number % 10 == 0 else 0
    return {
        "ride_id": number, "driver_id": driver, "taxi_id": driver, "start": start, "end": start + 60 * minutes,
        "minutes": minutes, "passengers": whole_number(number, 1, 4),
        "start_lon": coordinate(number, LON_WEST, LON_EAST), "start_lat": coordinate(number, LAT_SOUTH, LAT_NORTH),
        "end_lon": coordinate(number + 42, LON_WEST, LON_EAST), "end_lat": coordinate(number + 42, LAT_SOUTH, LAT_NORTH),
        "payment": "CARD" if number % 2 == 0 else "CASH", "tip": tip, "tolls": tolls,
        "total_fare": 3 + minutes + tip + tolls,
    }


def is_in_city(lon, lat):
    return LON_WEST <= lon <= LON_EAST and LAT_SOUTH <= lat <= LAT_NORTH


def passes_cleansing(r):
    return is_in_city(r["start_lon"], r["start_lat"]) and is_in_city(r["end_lon"], r["end_lat"])
