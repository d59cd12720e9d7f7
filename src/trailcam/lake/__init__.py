"""The tables of the lake: their columns, their Parquet files, their commits; knows neither rules nor state."""
