"""The Dagster instance of embedded mode: a folder of the project's own, set up on first use."""

import os
from importlib.resources import files
from pathlib import Path

DEFAULT_HOME = ".dagster"


def ensure_home() -> Path:
    """The folder in DAGSTER_HOME, by default `.dagster` here, with an instance configuration in it.

    A `dagster.yaml` that is there already is left alone.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or DEFAULT_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(files("clickstream_platform").joinpath("instance/embedded.yaml").read_text())
    os.environ["DAGSTER_HOME"] = str(home)
    # Run-status sensors look at five runs a tick by default, far fewer than an hour of late data can start.
    os.environ.setdefault("DAGSTER_RUN_STATUS_SENSOR_PROCESS_LIMIT", "50")
    return home
