"""An emulated AWS on this machine: its server, its resources, and what AWS itself does between them."""
