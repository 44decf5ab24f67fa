"""Where a file of a repository can be read on the web: GitHub and GitLab, also those that a company runs itself.

The address of a remote comes from a checkout that nobody vouches for. Only one of a known form, of plain characters
only, becomes a link, and the link is https whatever the address was.
"""

from __future__ import annotations

import re

_HOST = r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,9}"
_PATH = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){1,20}"
_COMMIT = r"[0-9a-f]{40}([0-9a-f]{24})?"
_FOLDERS = {"github": "blob", "gitlab": "-/blob"}


def web_folder(origin: str, commit: str) -> str:
    """The page of the repository's top folder at a commit, for `web_page`; "" when none is known.

    `origin` is what git takes: https://host/path, ssh://user@host:port/path or user@host:path. The host says what it
    is: one of the words in its name is `github` or `gitlab`.
    """
    scheme, sep, rest = origin.partition("://")
    if not sep:
        scheme, rest = "ssh", origin.replace(":", "/", 1)
    place, _, path = rest.partition("/")
    # What stands before the host may be a password, which must not come into a report.
    host = place.rpartition("@")[2].lower()
    if scheme in ("ssh", "git"):
        host = host.partition(":")[0]
    elif scheme not in ("https", "http"):
        return ""
    path = path.removesuffix("/").removesuffix(".git")
    folder = next((_FOLDERS[word] for word in host.split(".") if word in _FOLDERS), "")
    known = re.fullmatch(_HOST, host) and re.fullmatch(_PATH, path) and re.fullmatch(_COMMIT, commit)
    return f"https://{host}/{path}/{folder}/{commit}" if folder and known else ""


def web_page(folder: str, path: str, line: int = 0) -> str:
    """The page of a file below `folder`, at a line (1-based, 0 for none); "" when `folder` is ""."""
    from urllib.parse import quote  # here, since only a report with links needs it

    if not folder:
        return ""
    return f"{folder}/{quote(path, errors='surrogateescape')}" + (f"#L{line}" if line else "")
