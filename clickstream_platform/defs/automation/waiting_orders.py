from clickstream_platform.lib.waiting_orders import waiting_orders

__all__ = ["waiting_orders"]
