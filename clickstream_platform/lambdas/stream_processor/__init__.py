"""`stream_processor`: Kinesis batches to bronze and live state."""
