"""``python -m cloud …`` is ``chengxin cloud …``."""

from cloud.commands import cloud

cloud(prog_name="python -m cloud")
