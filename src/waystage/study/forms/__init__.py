"""The form of a study file: keys, types and ranges, each with the description that editors show.

Only the form stands here. What a name refers to, and what must agree between keys, is checked in
``waystage.study.names``, so that one wrong key does not hide the next.
"""
