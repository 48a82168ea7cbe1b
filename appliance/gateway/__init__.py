"""The world of language models: one file per wire family, prices, failures. Knows neither the database nor the web."""
