"""Everything that stands around the web application: home directory, keys, database, processes.

Nothing here imports Django or an app of Casework: the supervisor starts in a moment and holds little memory,
and reaches the application only by running ``manage.py`` and gunicorn as child processes.
"""
