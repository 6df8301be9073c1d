"""How stored arrays and uploads are named, over HTTP, over FTP and in the data folder."""

from __future__ import annotations

import re

#: a stored array goes by the SHA-256 of its bytes
DIGEST = re.compile(r"[0-9a-f]{64}")
#: an upload, until it is whole and checked, by random digits that its sender makes
UPLOAD = re.compile(r"[0-9a-f]{32}")
#: how names of unfinished files in the data folder begin
PARTIAL = "partial-"
