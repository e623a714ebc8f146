"""Wrong settings, told so that they can be put right."""

import os
from typing import TYPE_CHECKING

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from clickstream_platform.config import Settings

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic.fields import FieldInfo


def explain_settings(error: "ValidationError") -> str:
    """Each wrong variable, its value, what is wrong with it and what to do; values of secrets are left out."""
    return "\n".join(_explain(str(item["loc"][0]), item["msg"], item["input"]) for item in error.errors())


def _explain(name: str, problem: str, value: object) -> str:
    field = Settings.model_fields[name]
    variable = f"CLICKSTREAM_{name.upper()}"
    place = "" if variable in os.environ else " in .env"
    shown = "" if "SecretStr" in str(field.annotation) else f"={value}"
    problem = problem[:1].lower() + problem[1:]
    return f"{variable}{shown}{place}: {problem}.\n  {field.description} Correct it, or unset it{_default(field)}."


def _default(field: "FieldInfo") -> str:
    default = field.get_default(call_default_factory=True)
    if default is PydanticUndefined or isinstance(default, SecretStr) or default is None or default == ():
        return ""
    return f" for the default, {default}"
