"""The tables of the lake: columns, Parquet files, commits; knows neither rules nor state."""
