"""The host side of the alarm unit: priorities, acknowledgement, queue, protocol."""
