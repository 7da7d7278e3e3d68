"""What makes one unit of an image that all units share: settings, a ticket, the depot's Wi-Fi."""
