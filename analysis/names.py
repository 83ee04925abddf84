"""Names that become paths: each is one path component, whoever gave it. Pure functions of texts.

Contract: a name that comes from a file or an option goes through :func:`component`, a path inside a folder through
:func:`inside`, before a path is made of it. Both raise ValueError, whose text is the rest of a sentence about the name.
"""

LONGEST = 240
"""Bytes of a name: most file systems take 255, and a suffix is added to some."""


def component(name: str) -> str:
    """The name itself, where it is one component of a path on every system: a file's or folder's name, and no other."""
    if name in ("", ".", "..") or any(sign in "/\\" or not sign.isprintable() for sign in name):
        raise ValueError("is no name of a file or folder: expected one without / and \\ that can be printed")
    if len(name.encode()) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} bytes")
    return name


def inside(path: str) -> str:
    """The path itself, where it stays inside the folder that it is relative to: components with slashes between."""
    for part in path.split("/"):
        component(part)
    return path
