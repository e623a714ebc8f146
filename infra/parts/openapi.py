"""The platform's OpenAPI document as API Gateway takes it: with integrations, authorisation and validation.

API Gateway judges what makes a request a request: its parameters, and the form of its body. What an event is, is judged
by the function, one by one, since one bad record must not cost a shop the other 499.
"""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Aws

from clickstream_platform.lambdas.http_routes import ROUTES, Route
from clickstream_platform.lambdas.ingest_api.openapi import openapi_document

_OPEN: Final = {("OPTIONS", "/events"), ("OPTIONS", "/collect"), ("GET", "/health")}
"""What anybody may ask."""

_COLLECT: Final = ("POST", "/collect")
_BODIES: Final = {
    "/events": {"anyOf": [{"type": "object"}, {"type": "array", "minItems": 1, "maxItems": 500}]},
    "/replay": {"type": "object", "minProperties": 1},
}
_INVOKE: Final = f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}:lambda:path/2015-03-31"
BINARY: Final = ["application/gzip", "application/octet-stream", "application/x-ndjson", "text/csv"]


def gateway_document(functions: Mapping[str, str], *, has_write_keys: bool) -> dict[str, Any]:
    """The document.

    Args:
        functions: ARN of each function by the name that routes have for it.
        has_write_keys: Whether pages may send events with a write key, and no signature.
    """
    document = openapi_document()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        is_open = (route.method, route.path) in _OPEN or ((route.method, route.path) == _COLLECT and has_write_keys)
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, functions[route.function], is_open)
    return {
        "openapi": "3.0.1",
        "info": document["info"],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            }
        },
        "x-amazon-apigateway-binary-media-types": BINARY,
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True}
        },
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-gateway-responses": {
            "BAD_REQUEST_BODY": {
                "statusCode": 400,
                "responseTemplates": {
                    "application/json": '{"error": "the body: $context.error.validationErrorString"}'
                },
            }
        },
    }


def _operation(route: Route, function: str, is_open: bool) -> dict[str, Any]:
    body = _BODIES.get(route.path) if route.method == "POST" else None
    return {
        "operationId": route.method.lower() + "".join(part.strip("{}").title() for part in route.path.split("/")),
        "summary": route.summary,
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.is_required,
                "schema": {"type": "string"},
            }
            for parameter in route.parameters
        ],
        **({"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}),
        "responses": {str(status): {"description": one.description} for status, one in route.responses.items()},
        "security": [] if is_open else [{"iam": []}],
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": f"{_INVOKE}/functions/{function}/invocations",
            "timeoutInMillis": 29_000,
        },
    }
