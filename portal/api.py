"""What every API view shares: strict JSON and bounded pages."""

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON without NaN or infinity."""

    strict = True


class Pages(LimitOffsetPagination):
    """`limit` up to 200 and `offset`."""

    default_limit = 50
    max_limit = 200
