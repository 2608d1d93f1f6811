"""What a worker process runs. A fresh interpreter has to import all of it, so nothing heavy may be imported here."""
