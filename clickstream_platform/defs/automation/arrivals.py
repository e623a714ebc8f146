from clickstream_platform.lib.arrival_sensor import arrival_sensor, reconciliation_sensor
from clickstream_platform.lib.sqs_queue import arrival_queue

bronze_arrivals = arrival_sensor("bronze_arrivals", arrival_queue, every_seconds=5)
bronze_reconciliation = reconciliation_sensor("bronze_reconciliation", every_seconds=600)
