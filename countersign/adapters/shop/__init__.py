"""The demonstration business in SQL: SQLite by default, PostgreSQL by URL."""

from countersign.adapters.shop.engines import snapshot
from countersign.adapters.shop.seed import seed
from countersign.adapters.shop.sql import SqlShop, open_shop

__all__ = ["SqlShop", "open_shop", "seed", "snapshot"]
