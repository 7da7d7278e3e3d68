"""Every question takes a Scope, is written down before it is asked, and says where it is blind."""
