"""The protocols that tools outside speak to the box, one file each of the same shape; pure: bytes in, bytes out."""
