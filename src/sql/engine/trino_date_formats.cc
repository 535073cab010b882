// MySQL's and Joda's formats of dates, written and read.
#include <vector>

#include "sql/engine/trino_calendar.h"
#include "sql/engine/trino_dates.h"

namespace tarn::sql::engine::trino {

using std::string;

// --- MySQL's formats -------------------------------------------------------------------------------------------------

string mysql_format(int64_t micros, const string& format) {
  const Civil c = civil_of(micros);
  const int64_t hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
  string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 >= format.size()) {
      out += format[i];
      continue;
    }
    const char f = format[++i];
    switch (f) {
      case 'a': out += string(kDays[static_cast<size_t>(weekday(c) - 1)]).substr(0, 3); break;
      case 'b': out += string(kMonths[static_cast<size_t>(c.month - 1)]).substr(0, 3); break;
      case 'c': out += std::to_string(c.month); break;
      case 'd': out += two(c.day); break;
      case 'e': out += std::to_string(c.day); break;
      case 'f': out += padded(c.micro, 6); break;
      case 'H': out += two(c.hour); break;
      case 'h':
      case 'I': out += two(hour12); break;
      case 'i': out += two(c.minute); break;
      case 'j': out += padded(duckdb::Date::ExtractDayOfTheYear(c.date), 3); break;
      case 'k': out += std::to_string(c.hour); break;
      case 'l': out += std::to_string(hour12); break;
      case 'M': out += kMonths[static_cast<size_t>(c.month - 1)]; break;
      case 'm': out += two(c.month); break;
      case 'p': out += c.hour < 12 ? "AM" : "PM"; break;
      case 'r': out += two(hour12) + ":" + two(c.minute) + ":" + two(c.second) + (c.hour < 12 ? " AM" : " PM"); break;
      case 'S':
      case 's': out += two(c.second); break;
      case 'T': out += two(c.hour) + ":" + two(c.minute) + ":" + two(c.second); break;
      case 'v': out += two(iso_week(c)); break;
      case 'x': out += padded(iso_year(c), 4); break;
      case 'W': out += kDays[static_cast<size_t>(weekday(c) - 1)]; break;
      case 'Y': out += padded(c.year, 4); break;
      case 'y': out += two(c.year % 100); break;
      case 'D':
      case 'U':
      case 'u':
      case 'V':
      case 'w':
      case 'X': raise("INVALID_FUNCTION_ARGUMENT", string("%") + f + " not supported in date format string");
      default: out += f;
    }
  }
  return out;
}

namespace {

// What a format has read; put together at its end.
struct Read {
  Civil c;
  std::optional<int64_t> hour12, week, week_year, week_day, year_day;
  bool afternoon = false;
  string zone;

  std::optional<int64_t> micros() {
    if (hour12) c.hour = *hour12 % 12 + (afternoon ? 12 : 0);
    if (year_day) {
      c.month = c.day = 1;
      const auto start = micros_of(c);
      if (!start) return std::nullopt;
      return *start + (*year_day - 1) * kDay;
    }
    if (week) {
      Civil first;
      first.year = static_cast<int32_t>(week_year.value_or(c.year));
      first.day = 4;
      const auto fourth = micros_of(first);
      if (!fourth) return std::nullopt;
      const int64_t days = (*week - 1) * 7 + week_day.value_or(1) - weekday(civil_of(*fourth));
      return *fourth + days * kDay + ((c.hour * 60 + c.minute) * 60 + c.second) * 1'000'000LL + c.micro;
    }
    return micros_of(c);
  }
};

bool put(std::optional<int64_t> n, int64_t& to) {
  if (n) to = *n;
  return n.has_value();
}
bool put(std::optional<int64_t> n, int32_t& to) {
  if (n) to = static_cast<int32_t>(*n);
  return n.has_value();
}

bool half_day(Cursor& in, Read& read) {
  const string word = upper(in.text.substr(in.at, 2));
  if (word != "AM" && word != "PM") return false;
  read.afternoon = word == "PM";
  in.at += 2;
  return true;
}

// Two digits of a year: 1970 to 2069.
int32_t whole_year(int64_t n) {
  return static_cast<int32_t>(n < 70 ? 2000 + n : 1900 + n);
}

bool mysql_field(char f, Cursor& in, Read& read) {
  Civil& c = read.c;
  switch (f) {
    case 'a': return in.name(kDays, true).has_value();
    case 'W': return in.name(kDays, false).has_value();
    case 'b':
    case 'M': {
      const auto month = in.name(kMonths, true);
      if (month) c.month = static_cast<int32_t>(*month) + 1;
      return month.has_value();
    }
    case 'c':
    case 'm': return put(in.digits(1, 2), c.month);
    case 'd':
    case 'e': return put(in.digits(1, 2), c.day);
    case 'f': {
      const auto fraction = in.fraction();
      return put(fraction, c.micro);
    }
    case 'H':
    case 'k': return put(in.digits(1, 2), c.hour);
    case 'h':
    case 'I':
    case 'l': return (read.hour12 = in.digits(1, 2)).has_value() && *read.hour12 >= 1 && *read.hour12 <= 12;
    case 'i': return put(in.digits(1, 2), c.minute);
    case 'j': return (read.year_day = in.digits(1, 3)).has_value();
    case 'p': return half_day(in, read);
    case 'r':
      return mysql_field('h', in, read) && in.take(':') && mysql_field('i', in, read) && in.take(':') &&
             mysql_field('s', in, read) && in.take(' ') && half_day(in, read);
    case 'S':
    case 's': return put(in.digits(1, 2), c.second);
    case 'T':
      return mysql_field('H', in, read) && in.take(':') && mysql_field('i', in, read) && in.take(':') &&
             mysql_field('s', in, read);
    case 'v': return (read.week = in.digits(1, 2)).has_value();
    case 'x': return (read.week_year = in.digits(1, 4)).has_value();
    case 'Y': return put(in.digits(1, 4), c.year);
    case 'y': {
      const auto year = in.digits(1, 2);
      if (year) c.year = whole_year(*year);
      return year.has_value();
    }
    default: return in.take(f);
  }
}

}  // namespace

std::optional<int64_t> mysql_parse(const string& text, const string& format) {
  Cursor in{text};
  Read read;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 >= format.size()) {
      if (!in.take(format[i])) return std::nullopt;
      continue;
    }
    const char f = format[++i];
    if (std::string_view("DUuVwX").find(f) != string::npos) {
      raise("INVALID_FUNCTION_ARGUMENT", string("%") + f + " not supported in date format string");
    }
    if (!mysql_field(f, in, read)) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return read.micros();
}

// --- Joda's formats --------------------------------------------------------------------------------------------------

namespace {

// One run of a letter, or a text.
struct Piece {
  char letter = 0;
  size_t count = 0;
  string text;
};

std::vector<Piece> pieces_of(const string& format) {
  std::vector<Piece> pieces;
  const auto text = [&](char c) {
    if (pieces.empty() || pieces.back().letter) pieces.push_back({});
    pieces.back().text += c;
  };
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == '\'') {
      if (i + 1 < format.size() && format[i + 1] == '\'') {
        text('\'');
        ++i;
        continue;
      }
      for (++i; i < format.size(); ++i) {
        if (format[i] == '\'') {
          if (i + 1 >= format.size() || format[i + 1] != '\'') break;
          ++i;
        }
        text(format[i]);
      }
    } else if (std::isalpha(static_cast<unsigned char>(c))) {
      size_t end = i;
      while (end < format.size() && format[end] == c) ++end;
      pieces.push_back({c, end - i, ""});
      i = end - 1;
    } else {
      text(c);
    }
  }
  return pieces;
}

[[noreturn]] void bad_pattern(char letter) {
  raise("INVALID_FUNCTION_ARGUMENT", string("Illegal pattern component: ") + letter);
}

string joda_piece(const Civil& c, const Piece& piece, const string& zone, int64_t offset) {
  const size_t n = piece.count;
  switch (piece.letter) {
    case 'G': return c.year > 0 ? "AD" : "BC";
    case 'C': return padded(c.year / 100, n);
    case 'Y':
    case 'y': return n == 2 ? two(c.year % 100) : padded(c.year, n);
    case 'x': return n == 2 ? two(iso_year(c) % 100) : padded(iso_year(c), n);
    case 'w': return padded(iso_week(c), n);
    case 'e': return padded(weekday(c), n);
    case 'E': {
      const string name = kDays[static_cast<size_t>(weekday(c) - 1)];
      return n >= 4 ? name : name.substr(0, 3);
    }
    case 'D': return padded(duckdb::Date::ExtractDayOfTheYear(c.date), n);
    case 'M': {
      const string name = kMonths[static_cast<size_t>(c.month - 1)];
      return n >= 4 ? name : n == 3 ? name.substr(0, 3) : padded(c.month, n);
    }
    case 'd': return padded(c.day, n);
    case 'a': return c.hour < 12 ? "AM" : "PM";
    case 'K': return padded(c.hour % 12, n);
    case 'h': return padded(c.hour % 12 == 0 ? 12 : c.hour % 12, n);
    case 'H': return padded(c.hour, n);
    case 'k': return padded(c.hour == 0 ? 24 : c.hour, n);
    case 'm': return padded(c.minute, n);
    case 's': return padded(c.second, n);
    case 'S': {
      string digits = padded(c.micro, 6);
      digits.resize(n, '0');
      return digits;
    }
    case 'z': return zone;
    case 'Z': {
      if (n >= 3) return zone;
      const int64_t size = offset < 0 ? -offset : offset;
      return string(offset < 0 ? "-" : "+") + two(size / 60) + (n == 2 ? ":" : "") + two(size % 60);
    }
    default: bad_pattern(piece.letter);
  }
}

bool joda_field(const Piece& piece, bool next_is_number, Cursor& in, Read& read) {
  const size_t n = piece.count;
  Civil& c = read.c;
  // Numbers beside numbers have exactly their letters' digits.
  const auto number = [&](size_t most) { return next_is_number ? in.digits(n, n) : in.digits(1, std::max(n, most)); };
  switch (piece.letter) {
    case 'Y':
    case 'y': {
      const size_t from = in.at;
      const bool negative = in.take('-');
      const auto year = n == 2 ? in.digits(1, next_is_number ? 2 : 9) : number(9);
      if (!year) return false;
      c.year = n == 2 && in.at - from == 2 ? whole_year(*year) : static_cast<int32_t>(negative ? -*year : *year);
      return true;
    }
    case 'x': return (read.week_year = number(9)).has_value();
    case 'w': return (read.week = number(2)).has_value();
    case 'e': return (read.week_day = number(1)).has_value();
    case 'E': return in.name(kDays, true).has_value();
    case 'D': return (read.year_day = number(3)).has_value();
    case 'M': {
      if (n < 3) return put(number(2), c.month);
      const auto month = in.name(kMonths, true);
      if (month) c.month = static_cast<int32_t>(*month) + 1;
      return month.has_value();
    }
    case 'd': return put(number(2), c.day);
    case 'a': return half_day(in, read);
    case 'K':
    case 'h': return (read.hour12 = number(2)).has_value();
    case 'H': return put(number(2), c.hour);
    case 'k': {
      const auto hour = number(2);
      if (hour) c.hour = *hour % 24;
      return hour.has_value();
    }
    case 'm': return put(number(2), c.minute);
    case 's': return put(number(2), c.second);
    case 'S': return put(in.fraction(), c.micro);
    case 'z':
    case 'Z': {
      size_t end = in.at;
      while (end < in.text.size() && (std::isalnum(static_cast<unsigned char>(in.text[end])) ||
                                      std::string_view("+-:/_").find(in.text[end]) != string::npos)) {
        ++end;
      }
      read.zone = in.text.substr(in.at, end - in.at);
      in.at = end;
      return !read.zone.empty();
    }
    default: bad_pattern(piece.letter);
  }
}

}  // namespace

string joda_format(int64_t micros, const string& format, const string& zone, int64_t offset) {
  const Civil c = civil_of(micros);
  string out;
  for (const Piece& piece : pieces_of(format)) out += piece.letter ? joda_piece(c, piece, zone, offset) : piece.text;
  return out;
}

std::optional<Moment> joda_parse(const string& text, const string& format) {
  Cursor in{text};
  Read read;
  const auto pieces = pieces_of(format);
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].letter) {
      if (text.compare(in.at, pieces[i].text.size(), pieces[i].text) != 0) return std::nullopt;
      in.at += pieces[i].text.size();
      continue;
    }
    const bool next_is_number = i + 1 < pieces.size() && pieces[i + 1].letter &&
                                std::string_view("YyxweDdKhHkmsSM").find(pieces[i + 1].letter) != string::npos;
    if (!joda_field(pieces[i], next_is_number, in, read)) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  const auto micros = read.micros();
  if (!micros) return std::nullopt;
  return Moment{*micros, read.zone};
}

}  // namespace tarn::sql::engine::trino
