"""A case file to start from."""

from __future__ import annotations

import re
from pathlib import Path

from containment import share
from containment.errors import UsageError

_START = """\
# {name}: starts from the shipped case {like}; everything not written here is taken from there.
# `containment check {name}.toml` shows every value, its source and its path.
schema = 1
name = "{name}"
title = "{name}"
extends = "{like}"

# For example: another mass, known better than in the baseline.
# [vehicle]
# mass = {{ value = "95 kg", source = "my mass budget", confidence = "derived",
#          uncertainty = {{ kind = "epistemic", distribution = "normal", sd = "2 kg" }} }}
"""


def write_new(name: str, like: str, *, whole: bool = False, folder: Path | None = None) -> Path:
    """Write NAME.toml that extends `like` (or is a whole copy of it); an existing file is never overwritten."""
    stem = Path(name).stem
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", stem):
        raise UsageError(
            f"found the name {name!r}, expected small letters, digits, dots and dashes", advice="rename it"
        )
    target = (folder or Path()) / f"{stem}.toml"
    source = share.find("cases", like)
    text = _START.format(name=stem, like=like)
    if whole:
        text = re.sub(r'(?m)^name\s*=\s*".*"', f'name = "{stem}"', source.read_text(encoding="utf-8"), count=1)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} is already there", advice="choose another name or remove the file") from None
    return target
