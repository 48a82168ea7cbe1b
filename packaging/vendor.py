"""Fetch the browser assets with npm, once, and keep them in the repository.

`python packaging/vendor.py` fetches, extracts and records checksums; with `--check` it verifies what is on disk and
needs no network.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "ui/static/vendor"
CHECKSUMS = VENDOR / "CHECKSUMS"
BROWSER_TESTS = ROOT / "tests/browser/vendor"
SVG = "{http://www.w3.org/2000/svg}"

ASSETS: dict[str, dict[str, str]] = {
    "htmx.org@4.0.1": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"},
    "uplot@1.6.32": {
        "dist/uPlot.iife.min.js": "uplot.min.js",
        "dist/uPlot.min.css": "uplot.min.css",
        "LICENSE": "LICENSE",
    },
    "@fontsource-variable/inter@5.3.0": {
        "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
        "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        "LICENSE": "LICENSE",
    },
    "lucide-static@1.62.0": {"LICENSE": "LICENSE"},
}
TEST_ASSETS = {"axe-core@4.14.1": {"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE"}}
LUCIDE = "lucide-static@1.62.0"
ICONS = """
    activity arrow-down arrow-right arrow-up arrow-up-right bot building-2 calendar chart-column check chevron-down
    chevron-left chevron-right chevrons-up-down circle-alert circle-check circle-dashed circle-dot circle-question-mark
    circle-stop circle-x clock coins command copy download ellipsis external-link eye file-text flag folder git-branch
    git-compare globe hand history house inbox info key-round link list list-filter lock log-out message-square monitor
    moon pause pencil play plug plus refresh-cw repeat rotate-ccw search send server settings shield-check sparkles
    split square-kanban sun table-2 tag terminal trash-2 triangle-alert upload user users wallet workflow wrench x zap
"""


def folder(package: str) -> Path:
    return VENDOR / package.lstrip("@").replace("/", "-")


def npm_pack(package: str, where: Path) -> Path:
    done = subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(where), package],
        check=True,
        capture_output=True,
        text=True,
    )
    return where / done.stdout.split()[-1]


def member(archive: tarfile.TarFile, path: str) -> bytes:
    handle = archive.extractfile(f"package/{path}")
    if handle is None:
        raise SystemExit(f"vendor: {path} is not a file in the package")
    return handle.read()


def extract(archive: tarfile.TarFile, files: Mapping[str, str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for source, name in files.items():
        (target / name).write_bytes(member(archive, source))


def symbol(name: str, source: bytes) -> str:
    shapes = [
        f"<{shape.tag.removeprefix(SVG)} " + " ".join(f'{key}="{value}"' for key, value in shape.items()) + "/>"
        for shape in ElementTree.fromstring(source)
    ]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(shapes)}</symbol>'


def sprite(archive: tarfile.TarFile) -> str:
    symbols = [symbol(name, member(archive, f"icons/{name}.svg")) for name in ICONS.split()]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def fetch() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for package, files in {**ASSETS, **TEST_ASSETS}.items():
            with tarfile.open(npm_pack(package, Path(scratch))) as archive:
                extract(archive, files, BROWSER_TESTS if package in TEST_ASSETS else folder(package))
                if package == LUCIDE:
                    (folder(package) / "sprite.svg").write_text(sprite(archive))
    CHECKSUMS.write_text("".join(f"{digest}  {path}\n" for path, digest in sorted(on_disk().items())))


def on_disk() -> dict[str, str]:
    found = [path for top in (VENDOR, BROWSER_TESTS) for path in top.rglob("*") if path.is_file() and path != CHECKSUMS]
    return {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def recorded() -> dict[str, str]:
    return {path: digest for digest, path in (line.split() for line in CHECKSUMS.read_text().splitlines())}


def differences() -> list[str]:
    have, want = on_disk(), recorded()
    return sorted(path for path in have.keys() | want.keys() if have.get(path) != want.get(path))


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    if not arguments:
        fetch()
    wrong = differences()
    for path in wrong:
        print(f"vendor: {path} differs from CHECKSUMS; run python packaging/vendor.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
