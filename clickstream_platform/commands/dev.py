"""`clickstream dev`: the Dagster UI and its daemon on this machine."""

import os
import sys

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the UI listens on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port of the UI.")
def dev(host: str, port: int) -> None:
    """Start the Dagster UI with sensors and automation running.

    Files dropped into LAKE/landing/events, /customers, /products or /orders flow through to gold by themselves.
    Stop it with Ctrl-C; what was under way goes on at the next start.
    """
    from clickstream_platform.config import get_settings
    from clickstream_platform.lib.home import ensure_home

    home, lake = ensure_home(), get_settings().lake_uri
    click.echo(f"UI    http://{host}:{port}\nlake  {lake}\nstate {home}", err=True)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "clickstream_platform.definitions"]
    os.execv(sys.executable, [*command, "--host", host, "--port", str(port)])
