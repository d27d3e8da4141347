"""How a picture looks: its format, its size, its colours."""

from dataclasses import fields

from service.schemas.plots import HEIGHT_PX, WIDTH_PX, ThemeName
from workers.immutable import immutable

MEDIA_TYPES = ("image/svg+xml", "image/png")


@immutable
class Look:
    """How a picture is to look.

    Attributes
    ----------
    media_type
        One of `MEDIA_TYPES`.
    theme
        `auto` is light or dark as the reader's system prefers, in an SVG; a PNG is light then.
    width_px, height_px
        Its size. It is laid out for a common size and then scaled, so small pictures have small text.
    frame
        Which frame of a training to show, from 0; its end if none is named.
    """

    media_type: str = MEDIA_TYPES[0]
    theme: ThemeName = "light"
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX
    frame: int | None = None


@immutable
class Theme:
    """Colours by what they are for. None is black, which an SVG leaves out, and no two of a theme are equal."""

    paper: str
    ink: str
    muted: str
    grid: str
    data: str
    function: str
    kink: str
    second: str
    dual: str
    other_dual: str
    envelope: str
    region: str
    positive: str
    negative: str
    step0: str
    step1: str
    step2: str
    step3: str
    step4: str

    @property
    def steps(self) -> tuple[str, ...]:
        """Colours of a sequence."""
        return (self.step0, self.step1, self.step2, self.step3, self.step4)


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2328",
    muted="#59636e",
    grid="#e4e7eb",
    data="#3d4752",
    function="#0969b8",
    kink="#d14900",
    second="#8250c8",
    dual="#0f7b55",
    other_dual="#a8620a",
    envelope="#7a8590",
    region="#7db4e8",
    positive="#5aa9e6",
    negative="#f0a35e",
    step0="#c79500",
    step1="#6a9e1f",
    step2="#0c9a7d",
    step3="#2579a9",
    step4="#6a4fb3",
)
DARK = Theme(
    paper="#14171c",
    ink="#e8eaed",
    muted="#a3abb5",
    grid="#2b313a",
    data="#c4cad2",
    function="#62b0ff",
    kink="#ff9455",
    second="#c49bff",
    dual="#45d09b",
    other_dual="#e8b34b",
    envelope="#8b96a1",
    region="#4a90d9",
    positive="#4f9fe0",
    negative="#d98a3a",
    step0="#ffd24d",
    step1="#b4e05a",
    step2="#4fd6ac",
    step3="#5cb6ee",
    step4="#b3a8fa",
)


def theme_of(look: Look) -> Theme:
    """The colours to draw with."""
    return DARK if look.theme == "dark" else LIGHT


def _rules() -> str:
    """CSS that turns a light picture dark: it overrides what the elements say of their colours."""
    pairs = [(getattr(LIGHT, field.name), getattr(DARK, field.name)) for field in fields(Theme)]
    properties = ("fill", "stroke")
    rules = (f'[style*="{name}: {old}"]{{{name}:{new}!important}}' for old, new in pairs for name in properties)
    return "@media (prefers-color-scheme: dark) {" + "".join(rules) + "}"


DARK_IF_PREFERRED = _rules()
