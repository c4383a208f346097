"""Reads names of actions from the Python package cdk-iam-floyd, made of the service authorization reference, too.

It is often newer than the npm package, but has no resource types. So only names that the npm package lacks are taken.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from email.parser import Parser
from pathlib import Path
from typing import Any

FLOYD = "cdk-iam-floyd"

_PREFIX = re.compile(r"servicePrefix = '([a-z0-9-]+)'")
_NAME = re.compile(r"return this\.to\('([A-Za-z0-9-]+)'\)")
_SIGNS = re.compile(r"[^a-z0-9]")


def download_floyd(chosen: str, folder: Path) -> Path:
    """Return the wheel, which is not installed. chosen: its version, "" for the newest."""
    wanted = f"{FLOYD}=={chosen}" if chosen else FLOYD
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    return wheel


def read_newer(wheel: Path, known: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return the origin, and by service the actions of the wheel that are not known, in order.

    known: the names of actions by service. A name that differs in signs only is the same: the wheel drops hyphens.
    """
    with zipfile.ZipFile(wheel) as archive:
        every = _read_names(archive)
        origin = _read_origin(archive)
    newer = {}
    for prefix in sorted(every):
        there = {_plain(each) for each in known.get(prefix, ())}
        if names := {each for each in every[prefix] if _plain(each) not in there}:
            newer[prefix] = sorted(names, key=str.lower)
    counts = {"services": len(newer), "actions": sum(map(len, newer.values()))}
    return {"origin": {**origin, "counts": counts}, "actions": newer}


def _plain(name: str) -> str:
    return _SIGNS.sub("", name.lower())


def _read_names(archive: zipfile.ZipFile) -> Mapping[str, set[str]]:
    found = defaultdict(set)
    for text in _read_scripts(archive):
        for prefix in _PREFIX.findall(text):
            found[prefix].update(_NAME.findall(text))
    return found


def _read_scripts(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the script of each service, which the wheel holds as a packed npm package."""
    (packed,) = (each for each in archive.namelist() if each.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(archive.read(packed))) as package:
        for member in package:
            if "/policy-statements/" in member.name and member.name.endswith(".js"):
                file = package.extractfile(member)
                yield file.read().decode("utf-8") if file else ""


def _read_origin(archive: zipfile.ZipFile) -> dict[str, str]:
    (about,) = (each for each in archive.infolist() if each.filename.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(archive.read(about).decode("utf-8"), headersonly=True)
    licence = archive.read(about.filename.replace("METADATA", "LICENSE")).decode("utf-8")
    copyright_line = re.search(r"^\s*(Copyright \d.*)$", licence, re.MULTILINE)
    return {
        "source": FLOYD,
        "version": metadata["Version"],
        # It does not say when it read the reference: on the day on which it was built.
        "date": "-".join(f"{part:02}" for part in about.date_time[:3]),
        "licence": metadata["License"],
        "copyright": copyright_line[1].strip() if copyright_line else f"{metadata['Author']}",
    }
