"""``python -m multilayer.cli``."""

from __future__ import annotations

from multilayer.cli import main

if __name__ == "__main__":
    main(prog_name="multilayer")
