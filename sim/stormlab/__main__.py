"""``python -m stormlab``: the same as the command ``stormlab``."""

from stormlab.cli import main

if __name__ == "__main__":
    main()
