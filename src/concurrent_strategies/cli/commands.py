"""All commands in one group, and how the program ends: which status, and one line instead of a traceback."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from .. import __version__
from .._errors import StrategyError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME: Final = "concurrent-strategies"
INTERRUPTED: Final = 128 + signal.SIGINT
PIPE_CLOSED: Final = 128 + 13  # what a shell reports of programs that SIGPIPE ended


#: Command -> "module:object" of this package, imported when it is used: `map` should not wait for the others.
COMMANDS: Final = {
    "compare": "compare:compare",
    "map": "mapping:map_items",
    "advise": "advise:advise",
    "list": "listing:list_strategies",
    "config": "config:config",
    "doctor": "doctor:doctor",
}


class _Group(click.Group):
    """A group whose commands may be interrupted, and whose output may be cut off, without a word too many."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if "Did you mean" in error.format_message():  # click says it from 8.4 on
                raise
            raise click.UsageError(error.format_message() + suggestion(args[0], COMMANDS), ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            return INTERRUPTED
        except BrokenPipeError:
            # `... | head -1` has seen enough. The interpreter would flush once more at exit, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED


@click.group(NAME, cls=_Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run a function over items by threads, processes, gevent, asyncio or trio, and find out which one pays."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: as typed after the program's name; default: those of this process.

    Returns:
        the exit status: 0, 1 if something failed, 2 for what cannot be understood, 130 after Ctrl-C, 141 if the
        reader of the output went away.
    """
    try:
        status = cli.main(arguments, NAME, standalone_mode=False)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.UsageError as error:
        place = error.ctx.command_path if error.ctx else NAME
        click.echo(f"Error: {_line(error.format_message())} (see: {place} --help)", err=True)
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"Error: {_line(error.format_message())}", err=True)
        return error.exit_code
    except StrategyError as error:  # whatever was asked for cannot be; the message says what to do
        click.echo(f"Error: {_line(str(error))}", err=True)
        return 2
    return status if isinstance(status, int) else 0


def _line(message: str) -> str:
    return " ".join(message.split())
