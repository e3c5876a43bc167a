"""One frame for every page that the grader writes: legible in light and dark, on a phone, without scripts."""

from __future__ import annotations

import html

from .records import plain

__all__ = ["page", "quoted"]

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin: 1.5rem 0 .2rem }}
progress {{ width: 100%; height: 1rem; accent-color: #2563a8 }}
li {{ margin: .3rem 0 }} ul {{ list-style: none; padding: 0 }}
pre {{ white-space: pre-wrap; margin: .2rem 0 .6rem 1.5rem; font-size: .9rem }}
table {{ border-collapse: collapse; width: 100% }}
caption {{ text-align: left; color: color-mix(in srgb, currentColor 75%, transparent) }}
th, td {{ text-align: left; vertical-align: top; padding: .2rem .4rem; border-bottom: 1px solid #8886 }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal }}
td.n {{ white-space: nowrap }} td:first-child {{ min-width: 8rem }}
td i {{ display: block; height: .6rem; background: #4d86c4; margin: .3rem 0 }}
@media (max-width: 30rem) {{
  th, td {{ padding: .2rem }} th {{ font-size: .8rem }} td {{ font-size: .9rem }} }}
@media print {{ a {{ text-decoration: none; color: inherit }} }}
</style></head><body>
{body}
</body></html>
"""


def page(title: str, body: str) -> str:
    """Return a whole page; the title is quoted here, the body has been."""
    return _FRAME.format(title=quoted(title), body=body)


def quoted(text: str) -> str:
    """Return text as HTML, without control characters and marks that reorder text."""
    return html.escape(plain(text))
