"""Figures are numbered by chapter: the third of notebooks/04_… is 4.3; on other pages they count from 1."""

import re


def setup(app):
    """Renumber after Sphinx has numbered all figures of the site in one row."""
    app.connect("env-get-updated", renumber, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def renumber(app, env):
    """Give each page numbers of its own."""
    for page, kinds in env.toc_fignumbers.items():
        chapter = re.match(r"notebooks/(\d+)", page)
        for numbers in kinds.values():
            ordered = sorted(numbers, key=numbers.get)
            for place, figure in enumerate(ordered, 1):
                numbers[figure] = (int(chapter[1]), place) if chapter else (place,)
    return []
