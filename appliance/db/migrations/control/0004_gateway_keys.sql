-- What a key covers: a project, the models it may name (JSON list, [] is all), and how much at a time.
ALTER TABLE api_keys ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN models TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN requests_per_min BIGINT;
ALTER TABLE api_keys ADD COLUMN tokens_per_min BIGINT;
ALTER TABLE api_keys ADD COLUMN parallel BIGINT;
