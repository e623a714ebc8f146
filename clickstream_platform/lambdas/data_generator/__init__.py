"""An invented shop that sends its traffic to Kinesis every five minutes."""
