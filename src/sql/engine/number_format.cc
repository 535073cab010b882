#include "sql/engine/number_format.h"

#include <array>
#include <vector>

#include "base/text.h"

namespace tarn::sql::engine {
namespace {

enum class Kind {
  kDigit,       // 9
  kZero,        // 0
  kPoint,       // . D
  kGroup,       // , G
  kSign,        // S
  kMinus,       // MI
  kPlus,        // PL
  kSignHere,    // SG
  kBrackets,    // PR
  kCurrency,    // L $
  kOrdinal,     // TH th
  kRoman,       // RN rn
  kShift,       // V
  kText,
};

struct Item {
  Kind kind;
  std::string text;  // as written
};

struct Known {
  std::string_view pattern;
  Kind kind;
};
constexpr std::array<Known, 16> kPatterns = {{{"MI", Kind::kMinus},
                                              {"PL", Kind::kPlus},
                                              {"SG", Kind::kSignHere},
                                              {"PR", Kind::kBrackets},
                                              {"TH", Kind::kOrdinal},
                                              {"RN", Kind::kRoman},
                                              {"9", Kind::kDigit},
                                              {"0", Kind::kZero},
                                              {".", Kind::kPoint},
                                              {"D", Kind::kPoint},
                                              {",", Kind::kGroup},
                                              {"G", Kind::kGroup},
                                              {"S", Kind::kSign},
                                              {"L", Kind::kCurrency},
                                              {"$", Kind::kCurrency},
                                              {"V", Kind::kShift}}};

struct Format {
  std::vector<Item> items;
  bool fill = true;
  int whole = 0, decimals = 0, shift = 0;
  bool has(Kind kind) const {
    for (const Item& item : items)
      if (item.kind == kind) return true;
    return false;
  }
};

Format read(const std::string& text) {
  Format format;
  bool behind = false, shifted = false;
  for (size_t i = 0; i < text.size();) {
    const std::string up = upper(std::string_view(text).substr(i, 2));
    if (up == "FM") {
      format.fill = false;
      i += 2;
      continue;
    }
    if (text[i] == '"') {
      const size_t end = std::min(text.find('"', i + 1), text.size());
      format.items.push_back({Kind::kText, text.substr(i + 1, end - i - 1)});
      i = end + 1;
      continue;
    }
    const Known* found = nullptr;
    for (const Known& known : kPatterns) {
      if (up.starts_with(known.pattern)) {
        found = &known;
        break;
      }
    }
    const size_t size = found ? found->pattern.size() : 1;
    const Kind kind = found ? found->kind : Kind::kText;
    if (kind == Kind::kDigit || kind == Kind::kZero) {
      ++(shifted ? format.shift : behind ? format.decimals : format.whole);
    }
    if (kind == Kind::kPoint) behind = true;
    if (kind == Kind::kShift) shifted = true;
    format.items.push_back({kind, text.substr(i, size)});
    i += size;
  }
  format.whole += format.shift;
  return format;
}

struct Number {
  bool negative = false;
  std::string whole, fraction;  // whole without leading zeros
};

Number number_of(std::string_view text) {
  Number number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  const size_t point = text.find('.');
  number.whole = text.substr(0, point);
  if (point != std::string_view::npos) number.fraction = text.substr(point + 1);
  number.whole.erase(0, number.whole.find_first_not_of('0'));
  return number;
}

// To so many digits behind the point, half away from zero.
void round_to(Number& number, size_t decimals) {
  const bool up = number.fraction.size() > decimals && number.fraction[decimals] >= '5';
  number.fraction.resize(decimals, '0');
  if (up) {
    std::string digits = "0" + number.whole + number.fraction;
    for (size_t i = digits.size(); i-- > 0;) {
      if (digits[i] != '9') {
        ++digits[i];
        break;
      }
      digits[i] = '0';
    }
    number.whole = digits.substr(0, digits.size() - decimals);
    number.fraction = digits.substr(digits.size() - decimals);
    number.whole.erase(0, number.whole.find_first_not_of('0'));
  }
  const bool zero = number.whole.empty() && number.fraction.find_first_not_of('0') == std::string::npos;
  if (zero) number.negative = false;
}

std::string roman(const std::string& digits, bool fill) {
  constexpr size_t kWidth = 15;
  static constexpr std::pair<int, const char*> kParts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                                                           {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                                                           {5, "V"},    {4, "IV"},   {1, "I"}};
  int value = digits.size() > 4 ? 4000 : static_cast<int>(parse_int(digits.empty() ? "0" : digits).value_or(4000));
  std::string text;
  if (value < 1 || value > 3999) return std::string(kWidth, '#');
  for (const auto& [size, letters] : kParts)
    for (; value >= size; value -= size) text += letters;
  if (fill && text.size() < kWidth) text.insert(0, kWidth - text.size(), ' ');
  return text;
}

const char* ordinal(const std::string& whole) {
  const size_t n = whole.size();
  if (n == 0 || (n > 1 && whole[n - 2] == '1')) return "TH";
  switch (whole[n - 1]) {
    case '1': return "ST";
    case '2': return "ND";
    case '3': return "RD";
    default: return "TH";
  }
}

// Prints the items one after the other.
class Printer {
 public:
  Printer(const Format& format, const Number& number) : format_(format), number_(number) {
    overflows_ = number.whole.size() > static_cast<size_t>(format.whole);
    const bool signs = format.has(Kind::kSign) || format.has(Kind::kMinus) || format.has(Kind::kPlus) ||
                       format.has(Kind::kSignHere) || format.has(Kind::kBrackets);
    own_sign_ = !signs;
    bool digits_seen = false;
    for (const Item& item : format.items) {
      digits_seen = digits_seen || item.kind == Kind::kDigit || item.kind == Kind::kZero;
      if (item.kind == Kind::kSign && !digits_seen) sign_before_ = true;
    }
    // What FM leaves out at the end: digits 9 that are zeros.
    kept_ = number.fraction.size();
    if (!format.fill) {
      int position = 0, required = 0;
      bool behind = false;
      for (const Item& item : format.items) {
        if (item.kind == Kind::kPoint) behind = true;
        if (!behind || (item.kind != Kind::kDigit && item.kind != Kind::kZero)) continue;
        ++position;
        if (item.kind == Kind::kZero) required = position;
      }
      while (kept_ > static_cast<size_t>(required) && number.fraction[kept_ - 1] == '0') --kept_;
    }
  }

  std::string run() {
    for (const Item& item : format_.items) print(item);
    if (!started_) begin();
    if (format_.has(Kind::kBrackets)) out_ += number_.negative ? ">" : format_.fill ? " " : "";
    return out_;
  }

 private:
  // The sign stands right before the first digit.
  void begin() {
    if (started_) return;
    started_ = true;
    if (format_.has(Kind::kBrackets)) {
      out_ += number_.negative ? "<" : format_.fill ? " " : "";
    } else if (sign_before_) {
      out_ += number_.negative ? '-' : '+';
    } else if (own_sign_) {
      out_ += number_.negative ? "-" : format_.fill ? " " : "";
    }
  }

  void blank() {
    if (format_.fill) out_ += ' ';
  }

  void digit(bool zero) {
    if (behind_) {
      begin();
      if (overflows_) {
        out_ += '#';
      } else if (decimal_ < kept_) {
        out_ += number_.fraction[decimal_];
      }
      ++decimal_;
      return;
    }
    const int missing = format_.whole - static_cast<int>(number_.whole.size());
    zeros_ = zeros_ || zero;
    const int at = place_++;
    if (overflows_) {
      begin();
      out_ += '#';
    } else if (at >= missing) {
      begin();
      out_ += number_.whole[static_cast<size_t>(at - missing)];
    } else if (zeros_ || (at == format_.whole - 1 && format_.decimals == 0)) {
      begin();
      out_ += '0';
    } else {
      blank();
    }
  }

  void print(const Item& item) {
    switch (item.kind) {
      case Kind::kDigit: return digit(false);
      case Kind::kZero: return digit(true);
      case Kind::kPoint:
        begin();
        behind_ = true;
        out_ += '.';
        return;
      case Kind::kGroup:
        if (started_) {
          out_ += ',';
        } else {
          blank();
        }
        return;
      case Kind::kSign:
        if (!sign_before_) out_ += number_.negative ? '-' : '+';
        return;
      case Kind::kMinus: out_ += number_.negative ? "-" : format_.fill ? " " : ""; return;
      case Kind::kPlus: out_ += number_.negative ? (format_.fill ? " " : "") : "+"; return;
      case Kind::kSignHere: out_ += number_.negative ? '-' : '+'; return;
      case Kind::kBrackets:
      case Kind::kShift: return;
      case Kind::kCurrency: out_ += '$'; return;
      case Kind::kOrdinal: {
        const std::string ending = ordinal(number_.whole);
        if (!number_.negative && format_.decimals == 0) out_ += item.text == "th" ? lower(ending) : ending;
        return;
      }
      case Kind::kRoman: return;
      case Kind::kText: out_ += item.text; return;
    }
  }

  const Format& format_;
  const Number& number_;
  std::string out_;
  bool overflows_ = false, own_sign_ = true, sign_before_ = false, started_ = false, behind_ = false, zeros_ = false;
  int place_ = 0;
  size_t decimal_ = 0, kept_ = 0;
};

// 9.99EEEE: one digit before the point, an exponent of at least two digits behind.
std::string scientific(Number number, const Format& format) {
  std::string digits = number.whole + number.fraction;
  int exponent = static_cast<int>(number.whole.size()) - 1;
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) {
    digits = "0";
    exponent = 0;
  } else {
    digits.erase(0, first);
    exponent -= static_cast<int>(first);
  }
  Number one{number.negative, digits.substr(0, 1), digits.substr(1)};
  if (one.whole == "0") one.whole.clear();
  round_to(one, static_cast<size_t>(format.decimals));
  if (one.whole.size() > 1) {  // 9.99 became 10.0
    one.fraction = one.whole.substr(1) + one.fraction;
    one.fraction.resize(static_cast<size_t>(format.decimals));
    one.whole.resize(1);
    ++exponent;
  }
  const std::string size = std::to_string(std::abs(exponent));
  return (one.negative ? "-" : format.fill ? " " : "") + (one.whole.empty() ? "0" : one.whole) +
         (format.decimals > 0 ? "." + one.fraction : "") + "e" + (exponent < 0 ? "-" : "+") + (size.size() < 2 ? "0" : "") + size;
}

}  // namespace

std::optional<std::string> format_number(std::string_view text, const std::string& written) {
  const Format format = read(written);
  if (upper(written).find("EEEE") != std::string::npos) return scientific(number_of(text), format);
  Number number = number_of(text);
  if (format.shift > 0) {  // V multiplies by a power of ten
    number.fraction.resize(std::max(number.fraction.size(), static_cast<size_t>(format.shift)), '0');
    number.whole += number.fraction.substr(0, static_cast<size_t>(format.shift));
    number.fraction.erase(0, static_cast<size_t>(format.shift));
    number.whole.erase(0, number.whole.find_first_not_of('0'));
  }
  round_to(number, static_cast<size_t>(format.decimals));
  if (format.has(Kind::kRoman)) {
    const std::string letters = roman(number.whole, format.fill);
    return written.find("rn") != std::string::npos ? lower(letters) : letters;
  }
  return Printer(format, number).run();
}

int decimals_of(const std::string& format) {
  return read(format).decimals;
}

std::optional<std::string> parse_number(std::string_view text, const std::string& written) {
  const Format format = read(written);
  std::string digits;
  bool negative = false, point = false, any = false;
  int decimals = 0;
  for (const char c : text) {
    if (c == '-' || c == '<') negative = true;
    if (c == '.' && !point) {
      point = true;
      digits += '.';
    }
    if (c < '0' || c > '9') continue;
    if (point && ++decimals > format.decimals) continue;
    digits += c;
    any = true;
  }
  if (!any) return std::nullopt;
  if (digits.ends_with('.')) digits.pop_back();
  return (negative ? "-" : "") + digits;
}

}  // namespace tarn::sql::engine
