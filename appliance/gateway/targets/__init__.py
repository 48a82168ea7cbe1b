"""Places outside the box where backups are kept: a folder, a machine reached by SFTP, an S3-compatible store."""
