"""``u8sync init``: a few questions, then a configuration, a mapping and the first plan.

``command.py`` the road, ``given.py`` the options, ``questions.py`` what is asked, ``asker.py`` how, ``terminal.py``
where, ``answers.py`` what is made of the answers, ``secret.py`` where the secret goes, ``trying.py`` the way into U8,
``placing.py`` all files or none, ``telling.py`` what comes next.
"""

from u8sync.cli.setup.command import init

__all__ = ["init"]
