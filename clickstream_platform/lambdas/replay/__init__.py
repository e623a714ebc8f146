"""Replays: which events are brought again is selected here, page by page; `replay_processor` brings them."""
