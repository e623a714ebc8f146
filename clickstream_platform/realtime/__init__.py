"""Live state in DynamoDB: event index, sessions, five-minute metrics and first clicks, exactly once under retries."""
