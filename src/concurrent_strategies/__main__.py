"""`python -m concurrent_strategies` and the console script: hands over to the command line, or says how to get it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and exit with its status."""
    try:
        from .cli.commands import run

        sys.exit(run())
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("click", "rich"):
            raise
        sys.exit(f"The command line needs {error.name}: pip install 'concurrent-strategies[cli]'")
    except KeyboardInterrupt:  # so early that nothing had started
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
