"""The command `agenthq`. Asking for the version must not wait for the rest to load."""

import gc
import sys

from appliance import __version__


def main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        print(f"agenthq {__version__}")
        return
    if sys.argv[1:2] == ["_warden"]:
        from appliance.children import warden  # noqa: PLC0415  and nothing else

        warden.main(int(sys.argv[2]))
        return
    # What imports make stays: looking through it again and again would take a tenth of a start, which makes 180,000.
    gc.set_threshold(300_000, 20, 20)
    from appliance.cli import root  # noqa: PLC0415  loading everything else takes longer than the version may

    sys.exit(root.run(sys.argv[1:]))


if __name__ == "__main__":
    main()
