"""What is put around FATE from PyPI so that it looks like its images: programs of their names, nginx's router."""
