"""The tasks `kubefate.*`: KubeFATE's service deployed, and what it stores listed and changed. Options in, text out."""
