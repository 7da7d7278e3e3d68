"""The centre's pages: what people of each role see in a browser. They know no SQL and no key."""
