"""The `clickstream` command. A subcommand's module is imported when it is run, so that help and completion are fast."""

import sys
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "ingest": "Read the files of a shop, marketing spend too, into bronze.",
    "simulate": "Write the files of an invented shop, and the truth of them.",
    "build": "Compute silver and gold tables, and run their checks.",
    "check": "Run the checks of given days, without computing anything.",
    "sql": "Query the lake's tables with SQL.",
    "funnel": "Print how far people come, from step to step.",
    "schema": "Print the JSON Schema of what shops send.",
    "rebuild-bronze": "Read events again from what the streams delivered.",
    "rebuild": "Compute days again, and tell what differs from before.",
    "replay": "Bring events of the past again, to wherever they are wanted.",
    "erase": "Remove a person from every layer, and prove it.",
    "purge": "Delete originals that are older than the retention.",
    "dev": "Start the Dagster UI with sensors running.",
    "aws-local": "Run everything on an emulated AWS, with events flowing.",
}
"""Every subcommand with its line in `clickstream --help`; `commands/<name>.py` holds it."""


class LazyGroup(click.Group):
    """A group whose commands are imported on demand, and whose errors read as messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, from its own module."""
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command = getattr(import_module(f"clickstream_platform.commands.{module}"), module)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; for one that is not there, the names close to it."""
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Wrong settings and the platform's own errors exit with 2, Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            sys.exit(130)
        except Exception as error:
            message = _explained(error)
            if message is None:
                raise
            click.echo(f"Error: {message}", err=True)
            sys.exit(2)


def _explained(error: BaseException | None) -> str | None:
    """What to tell the user of an error that is theirs to mend; None for a fault of the program."""
    from pydantic import ValidationError

    from clickstream_platform.commands.settings_errors import explain_settings

    while error is not None:
        if isinstance(error, ValidationError) and error.title == "Settings":
            return explain_settings(error)
        # The platform's own errors say what is wrong and what to do.
        if type(error).__module__.startswith("clickstream_platform."):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="clickstream-platform", prog_name="clickstream")
def main() -> None:
    """An e-commerce clickstream platform: raw events in, clean tables and business answers out.

    Settings are environment variables with the prefix CLICKSTREAM_, or lines of a .env file here;
    docs/operations.md lists them. CLICKSTREAM_LAKE_URI names the lake: a folder (default ./lake) or s3://bucket/prefix.
    """


if __name__ == "__main__":
    main(prog_name="clickstream")
