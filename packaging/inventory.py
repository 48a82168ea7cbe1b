"""What is inside the executable: the CycloneDX list and the licence texts, taken from what the build really packed."""

import json
import platform
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pysqlite3

LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)


class Part(NamedTuple):
    name: str
    version: str
    licence: str
    purl: str
    texts: tuple[Path, ...]
    kind: str = "library"


def version(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def inside(work: Path) -> list[Path]:
    (listing,) = work.rglob("inside.json")
    return [Path(name) for name in json.loads(listing.read_text())]


def parts(packed: list[Path], root: Path) -> list[Part]:
    """Python itself, the distributions and system libraries that own a packed file, and the vendored browser assets."""
    packages, claimed = distributions(packed)
    libraries = [path for path in packed if path not in claimed and re.search(r"\.so(\.|$)", path.name)]
    return [python(), sqlite(), *packages, *system_libraries(libraries), *vendored(root / "ui/static/vendor")]


def distributions(packed: list[Path]) -> tuple[list[Part], set[Path]]:
    wanted, found, claimed = set(packed), [], set()
    for distribution in metadata.distributions():
        files = {Path(str(file.locate())).resolve() for file in distribution.files or []}
        used = files & wanted
        if used and distribution.name != "agenthq":
            claimed |= used
            found.append(_distribution(distribution, files))
    return sorted(found), claimed


def _distribution(distribution: metadata.Distribution, files: Iterable[Path]) -> Part:
    about = distribution.metadata.json
    named = [line.split(" :: ")[-1] for line in about.get("classifier", ()) if line.startswith("License ::")]
    licence = about.get("license_expression") or " AND ".join(named) or str(about.get("license", "")).split("\n")[0]
    texts = tuple(sorted(path for path in files if ".dist-info" in str(path) and LICENCE_FILE.search(path.name)))
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', distribution.name).lower()}@{distribution.version}"
    return Part(distribution.name, distribution.version, str(licence) or "see text", purl, texts)


def python() -> Part:
    texts = tuple(Path(sys.base_prefix, "lib").glob("python3*/LICENSE.txt")) or _debian_texts("python3")
    name = platform.python_version()
    return Part("CPython", name, "PSF-2.0", f"pkg:generic/cpython@{name}", texts[:1], "platform")


def sqlite() -> Part:
    number = pysqlite3.sqlite_version
    return Part("SQLite", number, "blessing", f"pkg:generic/sqlite@{number}", ())


def system_libraries(libraries: list[Path]) -> list[Part]:
    """The Debian packages that own shared libraries taken from this machine, e.g. libssl."""
    found = {}
    for path in libraries:
        owner = _ask("dpkg-query", "-S", str(path)) or _ask("dpkg-query", "-S", str(path).removeprefix("/usr"))
        package = owner.split(":")[0].split(",")[0]
        if package and package not in found:
            number = _ask("dpkg-query", "-W", "-f=${Version}", package)
            purl = f"pkg:deb/debian/{package}@{number}"
            found[package] = Part(package, number, "see text", purl, _debian_texts(package))
    return sorted(found.values())


def _debian_texts(package: str) -> tuple[Path, ...]:
    text = Path("/usr/share/doc", package, "copyright")
    return (text,) if text.exists() else ()


def vendored(folder: Path) -> list[Part]:
    found = []
    for place in sorted(path for path in folder.glob("**/*@*") if path.is_dir()):
        name, _, number = place.relative_to(folder).as_posix().rpartition("@")
        texts = tuple(sorted(path for path in place.rglob("*") if LICENCE_FILE.search(path.name)))
        found.append(Part(name, number, "see text", f"pkg:npm/{name.replace('@', '%40')}@{number}", texts))
    return found


def _ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def sbom(found: list[Part]) -> str:
    root = Path(__file__).resolve().parents[1]
    own = {"type": "application", "name": "agenthq", "version": version(root), "bom-ref": "agenthq"}
    components = [
        {
            "type": part.kind,
            "bom-ref": part.purl,
            "name": part.name,
            "version": part.version,
            "purl": part.purl,
            "licenses": [{"license": {"name": part.licence}}],
        }
        for part in found
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "component": own},
        "components": components,
        "dependencies": [{"ref": "agenthq", "dependsOn": [part.purl for part in found]}],
    }
    return json.dumps(document, indent=1) + "\n"


def licences(found: list[Part]) -> str:
    own = (Path(__file__).resolve().parents[1] / "LICENSE").read_text(encoding="utf-8")
    pieces = [f"AgentHQ\n\n{own}"]
    for part in found:
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in part.texts]
        pieces.append(f"{part.name} {part.version} ({part.licence})\n\n" + "\n\n".join(texts))
    return f"\n{'=' * 100}\n".join(pieces)
