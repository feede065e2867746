"""`python -m containment`: the same as the command."""

from containment.cli import main

main()
