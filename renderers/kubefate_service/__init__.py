"""Target `kubefate`: sites that KubeFATE's service installs, spoken to through its REST API."""
