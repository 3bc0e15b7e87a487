"""The command line, ``lma``: one module per command, thin over ``lma.client`` and the programs it starts."""
