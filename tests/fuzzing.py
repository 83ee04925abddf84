"""Damage to a results folder and to documents, drawn from a seed: what a crash, an editor or another program leaves.

Contract: `spoilt(random, folder)` damages one thing in a folder of files, and says what; `copied(random, folder)` puts
something into it that is there already, which must not change what it holds. The same seed does the same.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

DEEP = "[" * 100_000
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 1.5, 1e18, 1e308, -1e308, 5e-324, 2**63, 10**400, -(10**400)),
    *(math.nan, math.inf, -math.inf),
    *("", " ", "a", "\0", "a\0b", "../../x", "/x", ".", "..", "a\nb", "a\x1b[31m", "\ud800", "é", "x" * 5000, "1e400"),
    *("'modes'", "10**9", "9" * 400, "-5", "0", "'" * 3, "(" * 300, "[1, 2]", "lambda: 0", "'\\ud800'"),
    *([], {}, [None], [[None]], [[]], {"a": None}, [math.nan], [1e308, -1e308], [0.0] * 20, ["x"], {"machine": "../x"}),
)  # fmt: skip
BYTES: tuple[Callable[[Random, bytes], bytes], ...] = (
    lambda random, content: content[: random.randrange(len(content) + 1)],
    lambda random, content: b"",
    lambda random, content: content + b"}",
    lambda random, content: b"\xef\xbb\xbf" + content,
    lambda random, content: content.decode("latin-1").encode("utf-16"),
    lambda random, content: DEEP.encode() + b"]" * len(DEEP),
    lambda random, content: b'{"version": 2, "results": ' + b'{"a": ' * 900 + b"1" + b"}" * 901,
    lambda random, content: flipped(random, content),
    lambda random, content: bytes(random.randrange(256) for _ in range(200)),
    lambda random, content: content.replace(b"\n", b"\r\n").replace(b'"', b'"\\u0000', 1),
    lambda random, content: content.replace(b'1"', b'\\ud8001"', 1),
)


def flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(random.choice([1, 1, 3, 30])):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def changed(random: Random, data: Any) -> str:
    """Change one place in JSON, any as likely as its siblings; returns what was done."""
    path: list[Any] = []
    place = data
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return f"nothing at {path}"
        key = random.choice(keys)
        inside = place[key]
        if isinstance(inside, dict | list) and inside and random.random() < 0.85:
            path.append(key)
            place = inside
            continue
        break
    done = random.choice(["replace"] * 5 + ["delete", "double", "swap", "rename", "every"])
    value = random.choice(VALUES)
    if done == "delete":
        del place[key]
    elif done == "double" and isinstance(place, list):
        place.insert(key, inside)
    elif done == "swap":
        other = random.choice(keys)
        place[key], place[other] = place[other], place[key]
    elif done == "rename" and isinstance(place, dict):
        place[str(value)[:300]] = place.pop(key)
    elif done == "every":
        for each in keys:
            place[each] = value
    else:
        place[key] = value
    return f"{done} {key!r} at {path}: {str(value)[:40]!r}"


def spoilt(random: Random, folder: Path) -> str:
    """Damage one file of a folder; returns what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = random.choice(files)
    name = path.relative_to(folder)
    kind = random.random()
    if kind < 0.03:
        path.unlink()
        return f"{name}: deleted"
    if kind < 0.05:
        path.unlink()
        path.mkdir()
        return f"{name}: a folder"
    if kind < 0.07:
        path.unlink()
        os.mkfifo(path)
        return f"{name}: a pipe"
    if kind < 0.09:
        path.unlink()
        path.symlink_to(random.choice([path.name, "/dev/zero", "nowhere"]))
        return f"{name}: a link"
    content = path.read_bytes()
    if kind < 0.3:
        which = random.randrange(len(BYTES))
        path.write_bytes(BYTES[which](random, content))
        return f"{name}: bytes, {which}"
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        path.write_bytes(flipped(random, content))
        return f"{name}: flipped"
    done = changed(random, data) if isinstance(data, dict | list) else "nothing"
    path.write_text(json.dumps(data))
    return f"{name}: {done}"


def copied(random: Random, folder: Path) -> str:
    """Put what the folder holds into it once more; returns what was done."""
    results = sorted(path for path in folder.rglob("*.json") if path.parent != folder and path.name != "machine.json")
    path = random.choice(results)
    done = random.choice(["folder", "backup", "hidden", "file", "hidden file", "whole"])
    if done == "folder":
        shutil.copytree(path.parent, path.parent.with_name(f"{path.parent.name}-copy"), dirs_exist_ok=True)
    elif done == "backup":
        shutil.copytree(path.parent, folder / "backup" / path.parent.name, dirs_exist_ok=True)
    elif done == "hidden":
        shutil.copytree(path.parent, folder / ".trash" / path.parent.name, dirs_exist_ok=True)
    elif done == "file":
        shutil.copy(path, path.with_name(f"{path.stem} (copy).json"))
    elif done == "hidden file":
        shutil.copy(path, path.with_name(f".{path.name}"))
    else:
        kept = folder.with_name("kept")
        shutil.copytree(folder, kept)
        shutil.move(kept, folder / "old")
    return done
