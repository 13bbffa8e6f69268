"""The hub's doors: one port for the peer link and HTTP, and the process around it."""
