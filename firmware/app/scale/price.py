"""What goods cost: integer grams times integer fen per kilogram, and money as people write it.

Apart from everything else because it is a part of the sealed metrology core: displayed net weight times displayed unit
price, rounded to the nearest price interval of 1 fen, half upward (R 76-1:2006, 4.14.2).
"""

from tracewire.errors import Misuse


def amount_fen(net_grams: int, price_fen_per_kg: int) -> int:
    """Return the price to pay in fen; Misuse for a negative weight or price, which never get this far."""
    if net_grams < 0 or price_fen_per_kg < 0:
        raise Misuse("price.negative")
    return (net_grams * price_fen_per_kg + 500) // 1000


def yuan(fen: int) -> str:
    """Write ``fen`` as yuan with two decimals, by integers alone: 1205 -> "12.05"."""
    return "%d.%02d" % (fen // 100, fen % 100)


def kilograms(grams: int) -> str:
    """Write ``grams`` as kilograms with three decimals, by integers alone: -35 -> "-0.035"."""
    sign = "-" if grams < 0 else ""
    grams = abs(grams)
    return "%s%d.%03d" % (sign, grams // 1000, grams % 1000)
