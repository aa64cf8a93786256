"""The quiet house theme of all figures: colours, fonts, and bytes that do not change.

Figures are made without pyplot, so that no global state and no backend decides how
they look. Colours are Okabe and Ito's, told apart by colour-blind readers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any, Literal

from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from crmstudy.errors import CrmStudyError

#: Okabe & Ito (2008), Color Universal Design; without black and yellow.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
INK = "#333333"
QUIET = "#B8B8B8"

#: Families with Chinese glyphs, in the order of preference.
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)
CHINESE_FONT_PACKAGE = "pylopdf-fonts-zh-cn"
DOTS_PER_INCH = 150


@cache
def chinese_font() -> str:
    """Name an installed font family with Chinese glyphs; empty when there is none.

    The font that the optional package pylopdf-fonts-zh-cn brings is used first, so
    that figures look the same on every machine that was set up from the lock.
    """
    try:
        package = distribution(CHINESE_FONT_PACKAGE)
    except PackageNotFoundError:
        files = []
    else:
        files = [f for f in package.files or () if f.suffix.lower() in (".ttf", ".otf")]
    for file in files:
        place = str(package.locate_file(file))
        font_manager.fontManager.addfont(place)
        return font_manager.FontProperties(fname=place).get_name()
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in installed), "")


def _families() -> list[str]:
    """Name the fonts in which a glyph is looked for, one after the other."""
    return ["DejaVu Sans", *filter(None, [chinese_font()])]


def bold(text: str) -> dict[str, str]:
    """Give the style of a text set in bold; Chinese fonts often have no bold face.

    Asked for one, Matplotlib would write a warning into the notebook.
    """
    latin = all(ord(sign) < 0x2E80 for sign in text)
    return {"weight": "bold", "family": "DejaVu Sans"} if latin else {}


def _theme() -> Any:
    return {
        "font.family": _families(),
        "font.size": 9.5,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 9.5,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#888888",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.color": INK,
        "grid.color": "#E6E6E6",
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.hashsalt": "crmstudy",
        "svg.fonttype": "path",
    }


@contextmanager
def house_figure(
    width: float = 7.0, height: float = 3.6, columns: int = 1
) -> Iterator[tuple[Figure, Any]]:
    """Open an empty figure in the house theme.

    Parameters
    ----------
    width, height : float
        Inches; 7 fills the text width of a thesis page.
    columns : int
        Panels beside each other; one Axes is yielded for 1, else an array.
    """
    with rc_context(_theme()):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(1, columns)
        _require_glyphs(figure)
        figure.draw_without_rendering()


def save_bytes(figure: Figure, kind: Literal["png", "svg"] | str) -> bytes:
    """Write a figure into bytes that are the same on every run.

    A PNG has a palette of 256 colours: a third of the bytes, in the picture and again in
    the executed notebook, for differences that no eye sees.

    Raises
    ------
    CrmStudyError
        If a text needs a glyph, a Chinese one for instance, that no font has: names what
        to install.
    """
    _require_glyphs(figure)
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": "crmstudy"}
    with rc_context(_theme()):
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    return _reduce_colours(buffer) if kind == "png" else buffer.getvalue()


def _reduce_colours(picture: io.BytesIO) -> bytes:
    """Write a PNG again with a palette, keeping its resolution."""
    from PIL import Image, PngImagePlugin

    said = PngImagePlugin.PngInfo()
    said.add_text("Software", "crmstudy")
    reduced = io.BytesIO()
    with Image.open(picture) as image:
        # No dithering: it would speckle flat areas.
        colours = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        colours.save(reduced, "png", optimize=True, dpi=(DOTS_PER_INCH,) * 2, pnginfo=said)
    return reduced.getvalue()


def _require_glyphs(figure: Figure) -> None:
    fonts = [font_manager.get_font(font_manager.findfont(name)) for name in _families()]
    for text in figure.findobj(Text):
        lacking = [
            sign
            for sign in text.get_text()
            if sign.isprintable() and not any(font.get_char_index(ord(sign)) for font in fonts)
        ]
        if lacking:
            raise CrmStudyError(
                f"a figure says {text.get_text()!r}, but no installed font has the glyph "
                f"{lacking[0]!r}; install one with Chinese glyphs: "
                f"pip install {CHINESE_FONT_PACKAGE}, or the Debian package fonts-noto-cjk"
            )
