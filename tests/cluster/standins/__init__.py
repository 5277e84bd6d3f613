"""Images that stand in for FATE's: small programs that read what they are given, listen where it says, and answer."""
