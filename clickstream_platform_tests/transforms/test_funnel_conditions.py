"""What a funnel's step may ask of an event."""

import json
from typing import Any

import pytest

from clickstream_platform.contract.funnels import Condition, Funnel, FunnelStep
from clickstream_platform_tests.transforms.funnels import reached
from clickstream_platform_tests.transforms.rows import DAY, at, event, item


@pytest.mark.parametrize(
    ("condition", "fits", "does_not"),
    [
        (Condition("page_path", ("/a", "/b")), {"page_path": "/b"}, {"page_path": "/b/c"}),
        (Condition("page_path_prefix", ("/b",)), {"page_path": "/b/c"}, {"page_path": "/c/b"}),
        (Condition("page_path_prefix", ("/a", "/b")), {"page_path": "/b"}, {"page_path": None}),
        (Condition("channel", ("Email",)), {"channel": "Email"}, {"channel": "Direct"}),
        (Condition("country", ("DE",)), {"country": "DE"}, {"country": None}),
        (Condition("product_category", ("tea",)), {"items": [item("p", category="tea")]}, {"items": [item("tea")]}),
        (Condition("product_id", ("p",)), {"items": [item("q"), item("p"), item("p")]}, {"items": []}),
        (
            Condition("property", ('"a \\"b\\" .*"',), "q"),
            {"properties": '{"q": "a \\"b\\" .*"}'},
            {"properties": "{}"},
        ),
        (Condition("property", ("5", "true"), "n"), {"properties": '{"m":1,"n":5}'}, {"properties": '{"n":55}'}),
        (Condition("property", ("true",), "n"), {"properties": '{"n" : true ,"o":0}'}, {"properties": '{"n":"true"}'}),
        (Condition("property", (json.dumps("größe"),), "q"), {"properties": '{"q":"größe"}'}, {"properties": None}),
        (Condition("property", ('"größe"',), "q"), {"properties": '{"q":"gr\\u00f6\\u00dfe"}'}, {"properties": "{}"}),
    ],
)
def test_conditions(condition: Condition, fits: dict[str, Any], does_not: dict[str, Any]) -> None:
    step = FunnelStep("add_to_cart", "step", (condition,))
    funnel = Funnel("f", (FunnelStep("view_item", "first"), step))
    for fields, count in ((fits, 1), (does_not, 0)):
        rows = [event(at("09:00"), "view_item"), event(at("09:05"), "add_to_cart", **fields)]
        assert reached(funnel, *rows) == {DAY: [1, count]}


def test_all_conditions_on_goods_hold_for_one_of_them() -> None:
    both = (Condition("product_id", ("p",)), Condition("product_category", ("tea",)))
    funnel = Funnel("f", (FunnelStep("view_item", "first", both), FunnelStep("purchase", "last")))
    mixed = [item("p", category="mugs"), item("q", category="tea")]
    assert reached(funnel, event(at("09:00"), "view_item", items=mixed)) == {}
    assert reached(funnel, event(at("09:00"), "view_item", items=[*mixed, item("p", category="tea")])) == {DAY: [1, 0]}
