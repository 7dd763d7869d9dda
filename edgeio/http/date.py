"""HTTP dates (RFC 9110 section 5.6.7), by whole-number arithmetic: no locale, no 32-bit time_t."""

_DAYS = ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')
_MONTHS = ('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec')


def http_date(seconds):
    """`seconds` since 1970 (int or float) as an IMF-fixdate: 'Sun, 06 Nov 1994 08:49:37 GMT'."""
    days, second = divmod(int(seconds), 86400)
    year, month, day = _civil(days)
    clock = '%02d:%02d:%02d' % (second // 3600, second // 60 % 60, second % 60)
    return '%s, %02d %s %04d %s GMT' % (_DAYS[(days + 3) % 7], day, _MONTHS[month - 1], year, clock)


def parse_http_date(text):
    """Seconds since 1970 (int) of an HTTP date in any of its three forms; None where it is not one."""
    fields = text.replace('-', ' ').split()
    try:
        if len(fields) == 6 and fields[5] == 'GMT':
            return _seconds(_year(fields[3]), fields[2], fields[1], fields[4])
        if len(fields) == 5 and len(fields[4]) == 4:  # asctime: Sun Nov  6 08:49:37 1994
            return _seconds(int(fields[4]), fields[1], fields[2], fields[3])
    except (ValueError, IndexError):
        pass
    return None


def _year(text):
    year = int(text)
    if len(text) == 4:
        return year
    # RFC 850's two digits: RFC 9110 has them mean the past where they would be 50 years ahead.
    return year + (2000 if year < 70 else 1900)


def _seconds(year, month, day, clock):
    hour, minute, second = [int(part) for part in clock.split(':')]
    number, day = _MONTHS.index(month) + 1, int(day)
    if not (1 <= day <= 31 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60 and year >= 1):
        raise ValueError
    days = _days(year, number, day)
    if _civil(days) != (year, number, day):
        raise ValueError  # 31 April
    return days * 86400 + hour * 3600 + minute * 60 + second


def _days(year, month, day):
    """Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here: the leap day is last."""
    if month < 3:
        year -= 1
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _civil(days):
    """(year, month, day) of a day counted from 1970-01-01; the inverse of `_days`."""
    era, of_era = divmod(days + 719468, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month < 3), month, of_year - (153 * shifted + 2) // 5 + 1
