"""One version after another on this machine: its data brought along, its files laid out, its service, its updates."""
