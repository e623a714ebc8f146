"""`clickstream schema`: the contract as JSON Schema, and the HTTP interface as OpenAPI."""

import click

_KINDS = {
    "event": "events",
    "customer": "customers",
    "product": "products",
    "order": "orders",
    "spend": "marketing_spend",
}


@click.command()
@click.argument("kind", type=click.Choice([*_KINDS, "openapi"]), default="event")
def schema(kind: str) -> None:
    """Print the JSON Schema of what shops send: event, customer, product, order, spend, or openapi for all of HTTP."""
    click.echo(openapi_text() if kind == "openapi" else schema_text(_KINDS[kind]), nl=False)


def schema_text(dataset: str) -> str:
    """The JSON Schema of a dataset's records, as it is printed and kept in docs/schema."""
    import json

    from clickstream_platform.contract.schema import json_schema

    return json.dumps(json_schema(dataset), indent=2) + "\n"


def openapi_text() -> str:
    """The OpenAPI document of the HTTP interface, as it is printed and kept in docs/openapi.json."""
    from clickstream_platform.lambdas.ingest_api import openapi

    return openapi.openapi_text()
