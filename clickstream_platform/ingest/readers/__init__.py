"""From bytes to records: JSON lines, JSON arrays and CSV, plain or compressed, all in constant memory."""
