"""Signs a release for `agenthq update`. Keep the private key off the machine that builds.

python packaging/release.py key > release.key            # prints the public half on standard error
python packaging/release.py sign dist/agenthq 1.4.0 --key release.key --out agenthq-1.4.0.release
"""

import argparse
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from appliance.crypto import signatures
from appliance.release import packages


def main() -> int:
    parser = argparse.ArgumentParser(description="Sign a release for agenthq update.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("key", help="make a pair of keys")
    sign = verbs.add_parser("sign", help="sign the single file, or a .tar.gz of the folder")
    sign.add_argument("program", type=Path)
    sign.add_argument("version")
    sign.add_argument("--key", type=Path, required=True)
    sign.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.verb == "key":
        private, public = signatures.new_signing_key()
        print(private)
        print(f"update_key = {public}", file=sys.stderr)
        return 0
    private, libc = given.key.read_text().strip(), platform.libc_ver()[1]
    made = packages.write(given.program, given.version, private, given.out, libc=libc)
    print(f"{given.out}: {made.version} for {made.platform}, sha256 {made.sha256}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
