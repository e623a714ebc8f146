"""A person in every kind of file that a shop may send, and a search for traces that knows nothing of erasure."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

CORE = "x7q9zk"
"""In every id and address of the person, and in nothing else."""
USER = f'Zoë "50%", it\'s/{CORE}\\ a+b'
BROWSER = f"browser-{CORE}"
EMAIL = f"Zoe.{CORE}@Shop.Example"
OTHER = "neighbour"
DAYS = [f"2024-03-0{number}" for number in (1, 2, 3)]


def event(number: int, day: str, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"event-{number}",
        "event_name": "page_view",
        "event_time": f"{day}T10:{number % 60:02d}:00Z",
        "received_at": f"{day}T10:{number % 60:02d}:01Z",
        "country": "DE",
        **fields,
    }


def is_theirs(record: dict[str, Any]) -> bool:
    """The rule, said once more."""
    ids = {record.get(name) for name in ("user_id", "anonymous_id", "customer_id")}
    return bool(ids & {USER, BROWSER}) or record.get("email", "").lower() == EMAIL.lower()


def events(day: str, start: int, *, everyone: bool = True) -> list[dict[str, Any]]:
    """Theirs and a neighbour's: signed in, as a browser, with their address alone; over midnight, and a purchase."""
    who: list[dict[str, Any]] = [
        {"user_id": USER, "anonymous_id": BROWSER},
        {"user_id": OTHER, "anonymous_id": "b2"},
        {"anonymous_id": BROWSER, "url": "https://shop.example/?utm_source=news&utm_medium=email"},
        {"anonymous_id": "b2", "properties": {"note": "zo\u00eb\u2028"}},
        {"user_id": USER, "email": EMAIL, "event_name": "purchase", "value": 12.5, "order_id": f"o-{start}"},
        {"user_id": OTHER, "event_name": "purchase", "value": 3.25, "order_id": f"n-{start}"},
        {"anonymous_id": "kiosk", "email": EMAIL.lower()},
        {"anonymous_id": "kiosk"},
        {"user_id": OTHER, "event_name": "begin_checkout", "event_time": f"{day}T23:59:30Z"},
        {"user_id": USER, "event_name": "add_to_cart", "event_time": f"{day}T23:59:30Z"},
    ]
    found = [event(start + number, day, **one) for number, one in enumerate(who)]
    return [one for one in found if everyone or not is_theirs(one)]


REFUSED = [
    {**event(900, DAYS[0], user_id=USER), "value": -1},
    {**event(901, DAYS[0], user_id=OTHER), "value": -1},
    {"nobody knows": {"what": [USER]}},
    {"nobody knows": {"what": ["this is"]}},
]
TORN = [
    json.dumps(event(910, DAYS[0], user_id=USER))[:-20].encode(),
    json.dumps(event(911, DAYS[0], user_id=USER), ensure_ascii=False)[:-20].encode(),
    json.dumps(event(912, DAYS[0], user_id=OTHER))[:-20].encode(),
    f"user={BROWSER} did something".encode(),
    f"mail to {EMAIL.upper()}".encode(),
    b"\xff\xfe\xfd",
]


def as_lines(records: Iterable[Any], end: bytes = b"\n", **choices: Any) -> bytes:
    return b"".join(json.dumps(one, **choices).encode() + end for one in records)


def as_csv(records: list[dict[str, Any]], separator: str = ",") -> bytes:
    columns = list(dict.fromkeys(name for one in records for name in one))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows([{k: json.dumps(v) if isinstance(v, dict) else v for k, v in one.items()} for one in records])
    return text.getvalue().encode()


def shop_files(*, everyone: bool = True) -> dict[str, bytes]:
    """Files for `landing/`; without the person's records where not of everyone."""
    customers = [
        {"customer_id": USER, "email": EMAIL, "name": "Zoe", "region": "BE", "updated_at": "2024-03-01T00:00:00Z"},
        {
            "customer_id": OTHER,
            "email": "n@shop.example",
            "name": "Nan\nNo",
            "region": "BE",
            "updated_at": "2024-03-01T00:00:00Z",
        },
    ]
    products = [
        {"product_id": "mug", "name": "Mug", "category": "home", "price": 5, "updated_at": "2024-03-01T00:00:00Z"}
    ]
    orders = [
        {
            "order_id": f"{who[0]}-{day}", "customer_id": who, "product_id": "mug", "quantity": 1, "unit_price": 5,
            "total_amount": 5, "status": "completed", "order_time": f"{day}T12:00:00Z",
            "updated_at": f"{day}T12:00:00Z",
        }
        for day in DAYS for who in (USER, OTHER)
    ]  # fmt: skip
    if not everyone:
        customers, orders = customers[1:], [one for one in orders if not is_theirs(one)]

    def made(day: int, start: int) -> list[dict[str, Any]]:
        return events(DAYS[day], start, everyone=everyone)

    theirs = [event(720 + n, DAYS[0], user_id=USER) for n in range(3)] if everyone else []
    lines = as_lines(made(0, 0), b"\r\n") + as_lines(REFUSED) + b"\n".join(TORN)
    array = json.dumps(made(1, 200), indent=1, ensure_ascii=False).encode()
    return {
        "events/lines.jsonl": lines,
        "events/lines.jsonl.gz": gzip.compress(as_lines(made(0, 20), ensure_ascii=False)),
        "events/lines.zst": zstandard.compress(as_lines(made(1, 100))),
        "events/array.json": array,
        "events/array.json.gz": gzip.compress(json.dumps(made(1, 300)).encode()),
        "events/table.csv": as_csv(made(2, 400)),
        "events/table.tsv.zst": zstandard.compress(as_csv(made(2, 500), "\t")),
        "events/torn.gz": gzip.compress(as_lines(made(2, 600)), mtime=0)[:-30],
        "events/others.jsonl": as_lines([event(700 + n, DAYS[0], user_id=OTHER) for n in range(3)]),
        "events/theirs.jsonl": as_lines(theirs),
        "customers/customers.csv": as_csv(customers),
        "orders/orders.csv": as_csv(orders, ";"),
        "products/products.jsonl": as_lines(products),
    }


def deliveries(*, everyone: bool = True) -> dict[str, bytes]:
    """Objects that a stream's delivery put below `raw/`: a line a record, records without lines, indented ones."""
    own, more, last = (events(DAYS[day], 800 + 20 * day, everyone=everyone) for day in range(3))
    return {
        "2024/03/01/10/lines.gz": gzip.compress(as_lines(own) + TORN[0] + b"\n"),
        "2024/03/02/10/seams.gz": gzip.compress(as_lines(more, b"")),
        "2024/03/03/indented.zst": zstandard.compress(as_lines(last, indent=2)),
    }


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [folder / name for name in files]


def text_of(name: str, data: bytes) -> bytes:
    """All that an object says, decompressed, and nested columns of Parquet too; and its own bytes."""
    if name.endswith(".parquet"):
        frame = pl.read_parquet(io.BytesIO(data), hive_partitioning=False)
        return data + b"\n".join(repr(row).encode("utf-8", "replace") for row in frame.iter_rows())
    if data.startswith(b"\x1f\x8b"):
        return _inflated(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return data


def _inflated(data: bytes) -> bytes:
    import zlib

    return zlib.decompressobj(31).decompress(data)


def traces(objects: Iterable[tuple[str, bytes]], core: str = CORE) -> list[str]:
    """Objects that have any of it, in their name or in what they say."""
    return sorted(
        name for name, data in objects if core in name.lower() or core.encode() in text_of(name, data).lower()
    )


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
