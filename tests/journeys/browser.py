"""What somebody does in a browser to sign in: `python browser.py URL [PERSON]`.

Without a person: whether anybody answers there.
"""

import sys

import httpx


def main() -> int:
    """Follow the provider's form to the end. Exit 1: nobody answers."""
    url, person = sys.argv[1], sys.argv[2:]
    try:
        if person:
            httpx.post(url, data={"sub": person[0]}, follow_redirects=True, timeout=60)
        else:
            httpx.get(url)
    except httpx.HTTPError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
