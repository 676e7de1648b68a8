"""``python -m braid_db``: the command line, of just this interpreter's installation."""

from braid_db.cli import main

if __name__ == "__main__":
    main(prog_name="braid-db")
