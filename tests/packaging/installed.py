"""Run by an environment that holds an installed wheel: is all there that a checkout ships?

python installed.py CHECKOUT
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from braid_db.resources import folder

SHIPPED = ("functions", "endpoint_config", "flows")


def main(checkout: Path) -> int:
    """Compare the installed folders with the checkout's; return the exit code."""
    missing = [name for name in _kept_by_git(checkout) if not _is_installed(checkout, name)]
    for name in missing:
        print(f"The installed package lacks {name}, or has it otherwise.")
    if not missing:
        print(f"The installed package, in {folder('functions').parent}, has all it ships.")
    commands = [Path(sys.executable).with_name("braid-db"), "--help"]
    return subprocess.run(commands, stdout=subprocess.DEVNULL).returncode or bool(missing)


def _kept_by_git(checkout: Path) -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", *SHIPPED], cwd=checkout, check=True, capture_output=True, text=True
    )
    names = listing.stdout.splitlines()
    empty = [name for name in SHIPPED if not any(file.startswith(name) for file in names)]
    if empty:
        raise SystemExit(f"The checkout itself has nothing in {', '.join(empty)}.")
    return names


def _is_installed(checkout: Path, name: str) -> bool:
    top, _, rest = name.partition("/")
    installed = folder(top) / rest
    outside = not installed.resolve().is_relative_to(checkout.resolve())
    return (
        outside and installed.is_file() and installed.read_bytes() == (checkout / name).read_bytes()
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
