"""What several tests share."""

from support import type_checker as type_checker  # which a hook finds as an attribute
