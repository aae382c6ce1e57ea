"""Names of administrative divisions (GB/T 2260), old ones too: a code stays on records when a county is renamed."""

import functools

from stdnum import numdb


@functools.cache
def name_of(code: str) -> str:
    """Return the newest name of a six-digit division, or nothing for a code that never was one."""
    if len(code) != 6:
        return ""
    found = {key: value for _, properties in numdb.get("cn/loc").info(code) for key, value in properties.items()}
    newest = str(found.get("county", "")).rpartition(",")[2]
    return newest.rpartition("]")[2]  # "[1996-]长汀县": since when it has this name


def city_of(code: str) -> str:
    """Return the name of the city (prefecture) in which a division lies, or nothing."""
    return name_of(f"{code[:4]}00") if len(code) == 6 else ""
