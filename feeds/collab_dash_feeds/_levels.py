"""The eight severities of syslog (RFC 5424, section 6.2.1), which the journal shares, and the levels they stand for."""

from __future__ import annotations

SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By number, under the names that ``journalctl`` and ``logger`` use."""

LEVELS = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
"""By a severity's number: the words that all feeds of log lines use."""
