"""Answers to uploads: stored in `landing/` first, then ingested at once."""

from collections.abc import Mapping
from typing import Any

from clickstream_platform.ingest.identity import identity_of
from clickstream_platform.ingest.ledger import Ledger
from clickstream_platform.lambdas.file_ingest.taking import LANDING, FileIngest
from clickstream_platform.lambdas.file_ingest.upload import Upload, read_upload
from clickstream_platform.lambdas.http_api import Answer, Refusal, refused
from clickstream_platform.lambdas.http_api import answer as said
from clickstream_platform.lambdas.observability import emit_metrics, log


def answer(ingest: FileIngest, event: Mapping[str, Any], max_bytes: int, correlation_id: str) -> Answer:
    """The answer to a request: 200 ingested (now or before), 202 stored, 4xx refused, 500 with nothing but an id."""
    try:
        upload = read_upload(event, max_bytes)
        return _taken(ingest, upload, correlation_id)
    except Refusal as refusal:
        log("WARNING", "an upload was refused", why=str(refusal), correlation_id=correlation_id)
        emit_metrics({"refused_uploads": (1, "Count")}, {"status": str(refusal.status)})
        return refused(refusal, correlation_id)
    except Exception as error:
        log("ERROR", "an upload failed", error=repr(error), correlation_id=correlation_id)
        return said(500, {"correlation_id": correlation_id})


def _taken(ingest: FileIngest, upload: Upload, correlation_id: str) -> Answer:
    identity, ledger = identity_of(upload.body), Ledger(ingest.store, upload.dataset)
    digest = identity.partition("-")[2][:12]
    path = f"{LANDING}{upload.dataset}/{digest}-{upload.name}"
    about = {"dataset": upload.dataset, "source_id": identity, "correlation_id": correlation_id}
    taken = None
    if ledger.entry(identity) is None:
        ingest.store.put(path, upload.body)
        try:
            taken = ingest.take(path, correlation_id)
        except Exception as error:
            # It is safe in landing/, and its notification has it ingested later.
            log("ERROR", "an upload is stored, but could not be ingested at once", error=repr(error), **about)
    entry = ledger.entry(identity)
    if entry is None:
        return said(202, {**about, "status": "stored", "where": {"landing": path}})
    where = {
        "bronze": entry["objects"],
        "rejected": f"rejected/{upload.dataset}/{identity}.parquet" if entry["rejected"] else None,
        "original": taken.original if taken else None,
    }
    status = taken.report.status if taken else "already_ingested"
    counts = {"rows_read": entry["rows_read"], "accepted": entry["accepted"], "rejected": entry["rejected"]}
    return said(200, {**about, "status": status, **counts, "where": where})
