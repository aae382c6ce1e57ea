"""Power-on: let the loader choose a slot, forget the loader, start the program in that slot.

    from update import boot                  # this is all of a board's boot.py
    boot.main("scale.main")

Nothing is caught here: a program that ends or dies ends this too, and the board restarts. Why modules are imported
inside of a function and then forgotten: the program brings its own copies, and what the loader no longer needs is heap.
"""

import gc
import sys

_LOADER_PACKAGES = ("tracewire", "update", "hal")
_COLLECT_EVERY_BYTES = 8192  # sweep early: what the program needs later are large free pieces
_KEPT = "hal.flash"  # it has mounted the flash that the program is read from; a second one would mount it twice


def main(program: str) -> None:
    """Run ``main()`` of the module ``program`` in the slot that the loader chose; returns when the program ends."""
    gc.threshold(_COLLECT_EVERY_BYTES)
    folder = _chosen_folder()
    _forget_loader()
    sys.path[:] = [folder, ".frozen"]  # and nothing else: no module from the root of the flash
    __import__(program)
    sys.modules[program].main()


def _chosen_folder() -> str:
    from hal import flash  # noqa: PLC0415 (forgotten before the program starts, see above)

    from update import board, loader, slots  # noqa: PLC0415 (as above)

    root = flash.mount()
    return slots.folder(root, loader.choose(root, board.load(root), _say))


def _say(line: str) -> None:
    sys.stdout.write("loader: " + line + "\n")


def _forget_loader() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in _LOADER_PACKAGES and name != _KEPT:
            del sys.modules[name]
    gc.collect()
