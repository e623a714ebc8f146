from clickstream_platform.config import get_settings
from clickstream_platform.lib import experiments
from clickstream_platform.lib.automation import on_quiet
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=on_quiet())
def experiment_results(experiment_exposures: Frame, entity_activity: Frame) -> Frame:
    plans = experiments.load_plans(get_settings().experiments_file)
    return experiments.experiment_results(experiment_exposures, entity_activity, plans)
