"""Every read kept: rows, sealed image segments, outbox, retention."""
