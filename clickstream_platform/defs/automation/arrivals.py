from clickstream_platform.lib.arrival_queue import FolderQueue
from clickstream_platform.lib.arrival_sensor import arrival_sensor, reconciliation_sensor

bronze_arrivals = arrival_sensor("bronze_arrivals", FolderQueue, every_seconds=5)
bronze_reconciliation = reconciliation_sensor("bronze_reconciliation", every_seconds=600)
