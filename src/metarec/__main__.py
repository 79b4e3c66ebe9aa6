"""`python -m metarec` is the command `metarec`."""

from metarec.cli import main

if __name__ == "__main__":
    main()
