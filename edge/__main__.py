"""``python -m edge``: the same commands as ``chengxin gateway``."""

from edge.commands import gateway

gateway()
