"""`make bench`: prints each figure beside its limit; exit code 1 when one is missed."""

from tests.bench import board, engine, executable

MODULES = (executable, engine, board)


def main() -> int:
    kept = True
    for module in MODULES:
        for figure in module.measure():
            print(figure.line(), flush=True)
            kept = kept and figure.kept
    return int(not kept)


if __name__ == "__main__":
    raise SystemExit(main())
