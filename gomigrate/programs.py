"""Programs of the user, found so that nothing of a hostile checkout is taken for one."""

from __future__ import annotations

import os
import shutil


def find_program(name: str) -> str | None:
    """The full path of a program. Relative folders on PATH are passed over: they may lead into the checkout."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = shutil.which(name, path=os.pathsep.join(filter(os.path.isabs, folders)))
    return found if found and os.path.isabs(found) else None
