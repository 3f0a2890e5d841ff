"""The public names: those that insitu has, the older ones made of them, and what to say of the rest."""

from __future__ import annotations

import difflib

from insitu import (
    RxComputeContext,
    RxDataSource,
    RxFileData,
    RxGlmResults,
    RxInPostgres,
    RxLinModResults,
    RxLocalParallel,
    RxLocalSeq,
    RxLogitResults,
    RxOptions,
    RxPostgresData,
    RxSummaryResults,
    rx_anova,
    rx_auc,
    rx_get_compute_context,
    rx_get_info,
    rx_get_var_info,
    rx_get_var_names,
    rx_glm,
    rx_lin_mod,
    rx_logit,
    rx_margins,
    rx_predict,
    rx_predict_default,
    rx_roc,
    rx_roc_curve,
    rx_serialize_model,
    rx_set_compute_context,
    rx_set_temp_compute_context,
    rx_summary,
    rx_unserialize_model,
)
from insitu.info import GetVarInfoResults

from ._early import (
    RxInSqlServer,
    RxMissingValues,
    RxNativeFileSystem,
    RxOdbcData,
    RxParquetData,
    RxSqlServerData,
    RxTextData,
    rx_import,
    rx_import_datasource,
    rx_lin_mod_ex,
    rx_logit_ex,
    rx_predict_ex,
    rx_privacy_control,
    rx_set_computecontext,
    rx_summary_ex,
)

__all__ = [
    "GetVarInfoResults",
    "RxComputeContext",
    "RxDataSource",
    "RxFileData",
    "RxGlmResults",
    "RxInPostgres",
    "RxInSqlServer",
    "RxLinModResults",
    "RxLocalParallel",
    "RxLocalSeq",
    "RxLogitResults",
    "RxMissingValues",
    "RxNativeFileSystem",
    "RxOdbcData",
    "RxOptions",
    "RxParquetData",
    "RxPostgresData",
    "RxSqlServerData",
    "RxSummaryResults",
    "RxTextData",
    "rx_anova",
    "rx_auc",
    "rx_get_compute_context",
    "rx_get_info",
    "rx_get_var_info",
    "rx_get_var_names",
    "rx_glm",
    "rx_import",
    "rx_import_datasource",
    "rx_lin_mod",
    "rx_lin_mod_ex",
    "rx_logit",
    "rx_logit_ex",
    "rx_margins",
    "rx_predict",
    "rx_predict_default",
    "rx_predict_ex",
    "rx_privacy_control",
    "rx_roc",
    "rx_roc_curve",
    "rx_serialize_model",
    "rx_set_compute_context",
    "rx_set_computecontext",
    "rx_set_temp_compute_context",
    "rx_summary",
    "rx_summary_ex",
    "rx_unserialize_model",
]

# Names of the original that insitu does not have: what to do instead. docs/compat.md lists the same.
_FRAMES = "read with rx_import, or write transforms and row_selection as SQL expressions in the fit"
_MODELS = "linear and generalised linear models are here so far"
_JOBS = "computations here wait for their result"
_PARALLEL = "use concurrent.futures; each fit already uses all threads"
_HADOOP = "use pyarrow.fs or fsspec"
_SPARK = "read the files themselves with RxParquetData"
_OBJECTS = "store the bytes of rx_serialize_model in a table, or a file with model.save"
_XDF = "the format is not public; export to Parquet and read it with RxParquetData"
NOT_HERE: dict[str, str] = {
    **dict.fromkeys(
        [
            "RxDTreeResults",
            "RxDForestResults",
            "RxBTreesResults",
            "rx_dtree",
            "rx_dtree_ex",
            "rx_dforest",
            "rx_dforest_ex",
            "rx_btrees",
            "rx_btrees_ex",
            "rx_predict_rx_dtree",
            "rx_predict_rx_dforest",
        ],
        _MODELS,
    ),
    **dict.fromkeys(
        [
            "rx_data_step",
            "rx_data_step_ex",
            "rx_create_col_info",
            "rx_set_var_info",
        ],
        _FRAMES,
    ),
    **dict.fromkeys(["RxXdfData", "rx_read_xdf"], _XDF),
    **dict.fromkeys(
        ["rx_partition", "rx_get_partitions"], "write a hive-partitioned Parquet directory"
    ),
    **dict.fromkeys(["rx_exec", "rx_exec_by", "RxExecByResults"], _PARALLEL),
    **dict.fromkeys(
        [
            "RxRemoteComputeContext",
            "RxRemoteJob",
            "RxRemoteJobStatus",
            "rx_get_job_status",
            "rx_wait_for_job",
            "rx_get_job_results",
            "rx_get_job_output",
            "rx_get_job_info",
            "rx_get_jobs",
            "rx_cancel_job",
            "rx_cleanup_jobs",
        ],
        _JOBS,
    ),
    **dict.fromkeys(
        ["rx_write_object", "rx_read_object", "rx_delete_object", "rx_list_keys"], _OBJECTS
    ),
    **dict.fromkeys(
        [
            "RxSpark",
            "RxHiveData",
            "RxOrcData",
            "RxSparkData",
            "RxSparkDataFrame",
            "rx_spark_connect",
            "rx_spark_disconnect",
            "rx_get_pyspark_connection",
            "rx_spark_cache_data",
            "rx_spark_list_data",
            "rx_spark_remove_data",
        ],
        _SPARK,
    ),
    **dict.fromkeys(
        [
            "RxFileSystem",
            "RxHdfsFileSystem",
            "rx_hadoop_command",
            "rx_hadoop_copy",
            "rx_hadoop_copy_from_local",
            "rx_hadoop_copy_to_local",
            "rx_hadoop_file_exists",
            "rx_hadoop_list_files",
            "rx_hadoop_make_dir",
            "rx_hadoop_move",
            "rx_hadoop_remove",
            "rx_hadoop_remove_dir",
        ],
        _HADOOP,
    ),
    "rx_get_sql_loopback_connection_string": "give the connection string itself",
}


class NotHereError(NotImplementedError):
    """A name of the original that insitu does not have. `from revoscalepy import name` shows its sentence."""


def missing(name: str) -> Exception:
    """What to raise for a name that is not here: it shows in `from revoscalepy import …` too."""
    if name in NOT_HERE:
        return NotHereError(
            f"revoscalepy's {name} is not in this version of insitu: {NOT_HERE[name]}. See docs/compat.md."
        )
    near = difflib.get_close_matches(name, [*__all__, *NOT_HERE], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return AttributeError(f"module 'revoscalepy' has no attribute {name!r}{hint}")
