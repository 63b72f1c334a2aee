"""``python -m waystage``."""

from waystage.cli import main

if __name__ == "__main__":
    main()
