"""Detecting fields in log lines as Loki does for ``/detected_fields``: JSON first, then logfmt, never by a query."""

from query.logql.detect.fields import DetectedField, detect_fields, field_values
from query.logql.detect.json_fields import json_fields
from query.logql.detect.logfmt_fields import logfmt_fields

__all__ = ["DetectedField", "detect_fields", "field_values", "json_fields", "logfmt_fields"]
