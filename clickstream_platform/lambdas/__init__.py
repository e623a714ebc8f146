"""AWS Lambda functions, one package each: thin handlers over the contract, ingest and live state."""
