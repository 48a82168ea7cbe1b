-- Who answers for the box as a whole: tenants, plans, backups, health. Being owner of a tenant is another matter.
ALTER TABLE users ADD COLUMN box_owner BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET box_owner = TRUE WHERE id IN (
  SELECT user_id FROM memberships WHERE role = 'owner' AND tenant_id = (SELECT MIN(id) FROM tenants)
);
