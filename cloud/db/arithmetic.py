"""Sums that are whole numbers in every database."""

from typing import Any

from sqlalchemy import BigInteger, Cast, ColumnElement, cast, func


def total(column: ColumnElement[Any]) -> Cast[int]:
    """Return the sum of an integer column; PostgreSQL would make a decimal of it."""
    return cast(func.sum(column), BigInteger)
