"""Programs that run in a peer's own environment, not in ours: they import nothing of Outrider.

Each reads JSON lines `{"file", "boxes"}` from standard input and answers each with
`{"reads": [{"text", "conf", "box"}], "cpu_ms"}`, boxes as x, y, width, height in px.
"""
