"""The command by the name of the package: `python -m stillwatch`."""

from stillwatch.cli import main

if __name__ == "__main__":
    main()
