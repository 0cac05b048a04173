"""Figures as people read them: thousands separators, units and no more digits than the figure is good for."""

NOT_KNOWN = "not known"
_BILLION, _MILLION, _THOUSAND = 1e9, 1e6, 1e3


def count(value: float) -> str:
    """A whole number, for example ``12,345``."""
    return f"{value:,.0f}"


def units(value: float) -> str:
    """A number of which parts may be there, for example ``0.5`` or ``119.3``."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def power(kw: float, scale_kw: float) -> str:
    """An amount of power in megawatts, with the digits that fit the site's size.

    Args:
        kw: The amount.
        scale_kw: The largest amount it stands beside, so that all of them have the same digits.
    """
    megawatts = scale_kw / _THOUSAND
    digits = 1 if megawatts >= 100 else 2 if megawatts >= 1 else 3  # noqa: PLR2004 - megawatts
    return f"{kw / _THOUSAND:,.{digits}f} MW"


def money(usd: float) -> str:
    """US dollars, for example ``$50.0 bn``, ``$12.3 M``, ``$9,500`` or ``$0.119``."""
    sign, amount = ("-" if usd < 0 else ""), abs(usd)
    if amount >= _BILLION:
        return f"{sign}${amount / _BILLION:,.1f} bn"
    if amount >= _MILLION:
        return f"{sign}${amount / _MILLION:,.1f} M"
    if amount >= _THOUSAND:
        return f"{sign}${amount:,.0f}"
    return f"{sign}${amount:,.2f}" if amount >= 1 else f"{sign}${amount:.3g}"


def large(value: float) -> str:
    """A large number to three or four digits, for example ``2.94 M`` or ``1.36 bn``."""
    if abs(value) >= _BILLION:
        return f"{value / _BILLION:,.2f} bn"
    if abs(value) >= _MILLION:
        return f"{value / _MILLION:,.2f} M"
    return f"{value:,.0f}"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; nothing where there is no whole."""
    return f"{part / whole:.1%}" if whole else ""


def plural(value: int, noun: str) -> str:
    """A count with its noun, for example ``1 cell`` or ``22 cells``."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"
