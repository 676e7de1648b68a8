"""``braid-db completion``: the script that lets a shell complete commands."""

from __future__ import annotations

import click

from braid_db.cli.options import CONTEXT

_PROGRAM = "braid-db"
_VARIABLE = "_BRAID_DB_COMPLETE"

# The first line keeps click from making one paragraph of it.
_HELP = """\b
Put the line for your shell into the file that it reads when it starts:
  ~/.bashrc                                eval "$(braid-db completion bash)"
  ~/.zshrc                                 eval "$(braid-db completion zsh)"
  ~/.config/fish/completions/braid-db.fish braid-db completion fish | source
"""


@click.command(context_settings=CONTEXT, epilog=_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Write the script that makes SHELL complete braid-db's commands and options."""
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    assert script is not None
    root = context.find_root().command
    click.echo(script(root, {}, _PROGRAM, _VARIABLE).source())
