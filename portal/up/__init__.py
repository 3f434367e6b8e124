"""`manage.py up`: everything that Signet needs, on this machine, under one supervisor."""
