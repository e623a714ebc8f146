"""`ingest_api`: events over HTTP, judged one by one and put on Kinesis."""
