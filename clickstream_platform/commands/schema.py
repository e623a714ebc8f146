"""`clickstream schema`: the contract as JSON Schema."""

import click

_KINDS = {"event": "events", "customer": "customers", "product": "products", "order": "orders"}


@click.command()
@click.argument("kind", type=click.Choice(list(_KINDS)), default="event")
def schema(kind: str) -> None:
    """Print the JSON Schema of what shops send: event, customer, product or order."""
    click.echo(schema_text(_KINDS[kind]), nl=False)


def schema_text(dataset: str) -> str:
    """The JSON Schema of a dataset's records, as it is printed and kept in docs/schema."""
    import json

    from clickstream_platform.contract.schema import json_schema

    return json.dumps(json_schema(dataset), indent=2) + "\n"
