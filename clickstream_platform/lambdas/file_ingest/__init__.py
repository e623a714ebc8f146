"""Files that shops drop into `landing/` of the bucket, or upload: into bronze, as on a laptop."""
