"""What Schemathesis is taught about Stillhouse: whose key it holds, which ids there are, what must never be answered.

Importing this package registers everything; the command names it as the module of hooks.
"""

from . import allowances, injection, record, sight  # noqa: F401
