-- What people did to the box as a chain: `seq` has no gaps, `hash` is keyed over the line and the one before it.
-- Lines from before are chained by the first start with the master key.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_seq ON audit (seq);
