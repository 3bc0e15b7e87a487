"""LogQL's syntax: text to tree (``parse_query``) and back (``print_query``, ``prettify``).

Example::

    >>> tree = parse_query('sum by (app) (rate({env="prod"} |= "error" [5m]))')
    >>> print_query(tree)
    'sum by (app) (rate({env="prod"} |= "error" [5m]))'

Input is bounded (:mod:`query.syntax.limits`); what is wrong raises ``QuerySyntaxError`` with line and column, worded as
Loki words it where people know the text.
"""

from query.logql.syntax.parser import parse_query, parse_selector
from query.logql.syntax.pretty import prettify
from query.logql.syntax.printer import print_query, print_selector

__all__ = ["parse_query", "parse_selector", "prettify", "print_query", "print_selector"]
