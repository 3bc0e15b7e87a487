"""What PromQL and LogQL share below their grammars: scanning with positions, bounds, strings, numbers, durations.

Pure functions over text. The literal readers (:mod:`strings`, :mod:`numbers`, :mod:`durations`) know nothing of
positions and raise ``BadQueryError``; :class:`~query.syntax.scanner.Scanner` turns that into ``QuerySyntaxError`` with
line and column.
"""
