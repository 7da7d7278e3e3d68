"""Journeys of users through the whole product, from the first command to what they wanted."""
