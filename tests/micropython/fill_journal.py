"""Write weighings into the journal of a board that is off, until it is ``nearly_full`` or ``full``, or so many.

The first argument is a state or a number of records.
"""

import sys

from device import config
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from hal import clock, entropy, flash, nvram
from scale import MAKE, identity
from tracewire import record

WEIGHING = {"gross_grams": 520, "tare_grams": 0, "tare_mode": 0, "net_grams": 520, "e_grams": 5}


def main(wanted):
    root = flash.mount()
    settings = config.load(root)
    journal = Journal(root + "/journal", settings.journal_bytes)
    boot = identity.boot_body(root, settings, MAKE, "power_on")
    key = KeyStore(root, entropy.read)
    history = History(journal, key, clock, boot, Mark(nvram, key.kid))
    history.start()
    while journal.state != wanted and str(journal.pending) != wanted:
        history.write([(record.WEIGHING, WEIGHING)])


main(sys.argv[1])
