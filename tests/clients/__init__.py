"""The real clients, as their makers publish them, against a box: `make clients`. Not a part of `make check`."""
