"""Where the program begins: nothing is imported yet, so that Ctrl-C ends it plainly at once.

What the commands need takes a second to import, and more on a Raspberry Pi; a person who stops
the program meanwhile gets a line and the usual status, as later on (`cli.main`).
"""

import os
import sys


def main() -> int:
    """Run the command line; return the exit status."""
    try:
        from outrider import cli
    except KeyboardInterrupt:
        os.write(2, b"outrider: interrupted\n")
        return 130
    cli.name_standard_output()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
