"""Power-on: let the loader choose a slot, forget the loader, start the program in that slot, or its fetcher.

    from update import boot                  # this is all of a board's boot.py
    boot.main("scale.main")

Nothing is caught here: a program that ends or dies ends this too, and the board restarts. Why modules are imported
inside of a function and then forgotten: the program brings its own copies, and what the loader no longer needs is heap.

A slot that holds a ROM image is run from the board's program memory, where bytecode costs no heap; ``hal.firmware``
puts it there unless it is there already. ``sys.argv`` names the slot that runs.
"""

import gc
import os
import sys

ROM_FILE = "rom.img"
OFFER = "offer"  # at the root of the flash: somebody wants the fetcher to run
FETCHER = "update.fetcher"

_LOADER_PACKAGES = ("tracewire", "update", "hal")
_COLLECT_EVERY_BYTES = 8192  # sweep early: what the program needs later are large free pieces
_KEPT = "hal.flash"  # it has mounted the flash that the program is read from; a second one would mount it twice


def main(program: str) -> None:
    """Run ``main()`` of the module ``program`` in the slot that the loader chose; returns when the program ends."""
    gc.threshold(_COLLECT_EVERY_BYTES)
    folder = _chosen_folder()
    place = _place(folder)
    _forget_loader()
    sys.argv[:] = [folder]
    sys.path[:] = [place, ".frozen"]  # and nothing else: no module from the root of the flash
    if OFFER in os.listdir(folder.rpartition("/")[0] or "/"):
        program = FETCHER
    __import__(program)
    sys.modules[program].main()


def _chosen_folder() -> str:
    from hal import flash  # noqa: PLC0415 (forgotten before the program starts, see above)

    from update import board, loader, slots  # noqa: PLC0415 (as above)

    root = flash.mount()
    return slots.folder(root, loader.choose(root, board.load(root), _say))


def _place(folder: str) -> str:
    """Return where the program is imported from: the mounted ROM, or the folder itself when it holds single modules."""
    if ROM_FILE not in os.listdir(folder):
        return folder
    from hal import firmware  # noqa: PLC0415 (forgotten before the program starts, see above)

    return firmware.install(folder + "/" + ROM_FILE)


def _say(line: str) -> None:
    sys.stdout.write("loader: " + line + "\n")


def _forget_loader() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in _LOADER_PACKAGES and name != _KEPT:
            del sys.modules[name]
    gc.collect()
