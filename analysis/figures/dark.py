"""The figures on a dark page: which colour takes which one's place, and an SVG that knows both.

Contract: an SVG is drawn once, in the colours of a light page, which every program shows. To it :func:`adaptive` adds a
style sheet that a browser follows where the page is dark: each colour of DARK is exchanged for its counterpart, in
lines and in areas, and nothing else moves. A colour that is not there stays as it is; a test names it. The counterparts
keep what the colours say: their hue the mode or the engine, their distance from the ground how far a ratio is from 1.
"""

import re

INK, PAPER = "#000000", "#ffffff"
DARK = {
    INK: "#e6e6e6",
    PAPER: "#16181b",
    # the style's, and the engines'
    "#0072b2": "#58abe3",
    "#d55e00": "#f08b3e",
    "#009e73": "#33c69d",
    "#cc79a7": "#df9ec3",
    "#e69f00": "#e9b04a",
    "#56b4e9": "#8fcdf2",
    "#7f4f24": "#c18d5b",
    "#666666": "#a3a9b0",
    "#bbbbbb": "#5d646c",
    "#dddddd": "#30343a",
    "#f3f3f3": "#1e2125",
    # the map's classes, from far below 1 to far above
    "#4f9fcb": "#1f78b0",
    "#80bbdb": "#1c628e",
    "#abd2e7": "#1b4c6d",
    "#cfe5f1": "#1a3a50",
    "#eaf4f9": "#192a37",
    "#fcf1e7": "#33261a",
    "#f8dfc8": "#4c321b",
    "#f3c49d": "#6b431f",
    "#eba672": "#8b5421",
    "#e18a48": "#ae6724",
    # the three regions' grounds
    "#bfdcec": "#183a50",
    "#f5d6bf": "#50321b",
    "#bfe6da": "#17463a",
    # what a time is made of
    "#4d4d4d": "#c4cad0",
    "#8c8c8c": "#868d95",
    "#bfbfbf": "#555b63",
    "#f2f2f2": "#25292e",
}
"""A colour of a light page, and what takes its place on a dark one."""


def adaptive(svg: bytes) -> bytes:
    """The SVG with a style sheet for dark pages.

    Text without a colour of its own is black by SVG's rules, so that the sheet sets what it inherits.
    """
    rules = [f"svg{{fill:{DARK[INK]}}}"]
    for what, colour in sorted(set(re.findall(r"(fill|stroke): ?(#[0-9a-f]{6})", svg.decode()))):
        if colour in DARK:
            rules.append(f'[style*="{what}: {colour}"]{{{what}:{DARK[colour]}!important}}')
    for colour in sorted(set(re.findall(r'fill="(#[0-9a-f]{6})"', svg.decode()))):  # the grounds of hatches
        if colour in DARK:
            rules.append(f'[fill="{colour}"]{{fill:{DARK[colour]}!important}}')
    sheet = f"\n <style>@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"
    head = svg.index(b">", svg.index(b"<svg")) + 1
    return svg[:head] + sheet.encode() + svg[head:]
