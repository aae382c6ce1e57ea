"""Switch under the lead seal of the virtual board: CHENGXIN_SEAL=broken, as the bench sets it; it has no panel."""

import os


def is_open() -> bool:
    """Tell whether the switch under the seal is set to "adjust"."""
    return os.getenv("CHENGXIN_SEAL") == "broken"
