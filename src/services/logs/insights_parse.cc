// Reading Insights queries.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "services/logs/insights.h"

namespace tarn::logs::insights {
namespace {

constexpr int kDeepest = 100;
constexpr size_t kMostRows = 10'000;
constexpr size_t kShortestPrefix = 3, kMostPrefixes = 5;  // AWS: "SOURCE": namePrefix

Failure malformed(std::string why) {
  return fail(400, "MalformedQueryException", std::move(why));
}

struct Token {
  enum class Kind : uint8_t { kWord, kQuotedName, kText, kNumber, kPeriod, kRegex, kSign, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t begin = 0, end = 0;
};

bool word_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '@' || c == '.';
}

// ms, s, m, h, d, w and their long names, in milliseconds; 0: none.
int64_t unit_of(std::string_view unit) {
  const std::string name = lower(unit);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (is({"ms", "msec", "millisecond", "milliseconds"})) return 1;
  if (is({"s", "sec", "second", "seconds"})) return 1000;
  if (is({"m", "min", "minute", "minutes"})) return 60'000;
  if (is({"h", "hr", "hour", "hours"})) return 3'600'000;
  if (is({"d", "day", "days"})) return 86'400'000;
  if (is({"w", "week", "weeks"})) return 7 * 86'400'000LL;
  return 0;
}

// mo, q, y and their long names, in months; 0: none.
int32_t months_of(std::string_view unit) {
  const std::string name = lower(unit);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (is({"mo", "mon", "month", "months"})) return 1;
  if (is({"q", "qtr", "quarter", "quarters"})) return 3;
  if (is({"y", "yr", "year", "years"})) return 12;
  return 0;
}

// --- tokens -------------------------------------------------------------------------------------------------------------

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // `regex`: a slash begins a regular expression here, not a division.
  Result<Token> next(bool regex) {
    skip();
    Token token{.begin = at_};
    if (at_ == text_.size()) {
      token.end = at_;
      return token;
    }
    const char c = text_[at_];
    if (c == '"' || c == '\'') return quoted(token, c, Token::Kind::kText);
    if (c == '`') return quoted(token, c, Token::Kind::kQuotedName);
    if (c == '/' && regex) return quoted(token, c, Token::Kind::kRegex);
    if (std::isdigit(static_cast<unsigned char>(c))) return number(token);
    if (word_letter(c) && c != '.') return word(token);
    for (const std::string_view sign : {"!=", "<=", ">=", "=~", "==", "<>"})
      if (text_.substr(at_).starts_with(sign)) return sign_of(token, sign);
    if (std::string_view("|,()[]=<>+-*/^%:").find(c) != std::string_view::npos)
      return sign_of(token, text_.substr(at_, 1));
    return malformed(fmt::format("unexpected '{}' at position {}.", c, at_ + 1));
  }
  std::string_view text() const { return text_; }

 private:
  void skip() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])))
        ++at_;
      else if (text_[at_] == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else
        return;
    }
  }
  Token done(Token token, Token::Kind kind, std::string text, size_t end) {
    at_ = end;
    token.kind = kind;
    token.text = std::move(text);
    token.end = end;
    return token;
  }
  Result<Token> quoted(Token token, char quote, Token::Kind kind) {
    std::string out;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) return done(token, kind, std::move(out), i + 1);
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        // In a regular expression only the slash is Insights' own to escape.
        if (kind == Token::Kind::kRegex && text_[i + 1] != '/') out += '\\';
        ++i;
      }
      out += text_[i];
    }
    return malformed(fmt::format("the {} at position {} is not closed.", quote, at_ + 1));
  }
  Token number(Token token) {
    size_t end = at_;
    while (end < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '.')) ++end;
    if (end + 1 < text_.size() && (text_[end] == 'e' || text_[end] == 'E') &&
        (std::isdigit(static_cast<unsigned char>(text_[end + 1])) || text_[end + 1] == '-')) {
      end += 2;
      while (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end]))) ++end;
    }
    size_t unit = end;
    while (unit < text_.size() && std::isalpha(static_cast<unsigned char>(text_[unit]))) ++unit;
    const Token::Kind kind = unit > end ? Token::Kind::kPeriod : Token::Kind::kNumber;
    return done(token, kind, std::string(text_.substr(at_, unit - at_)), unit);
  }
  Token word(Token token) {
    size_t end = at_;
    while (end < text_.size() && word_letter(text_[end])) ++end;
    return done(token, Token::Kind::kWord, std::string(text_.substr(at_, end - at_)), end);
  }
  Token sign_of(Token token, std::string_view sign) {
    return done(token, Token::Kind::kSign, std::string(sign), at_ + sign.size());
  }

  std::string_view text_;
  size_t at_ = 0;
};

// --- queries ------------------------------------------------------------------------------------------------------------

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Query> parse() {
    TRY(step());
    Query query;
    int stats = 0;
    if (TRY(take_word("source"))) {
      query.prefixes = TRY(source());
      if (token_.kind != Token::Kind::kEnd && !TRY(take("|"))) return unexpected("|");
    }
    do {
      if (token_.kind == Token::Kind::kEnd && !query.commands.empty()) break;  // a bar at the end
      query.commands.push_back(TRY(command()));
      stats += query.commands.back().kind == Command::Kind::kStats;
    } while (TRY(take("|")));
    if (token_.kind != Token::Kind::kEnd) return unexpected("the end of the command, or |");
    if (stats > 2) return malformed("A query has two stats commands at most.");
    query.indexed = std::move(indexed_);
    return query;
  }

 private:
  // --- moving on ---
  Status step() {
    end_of_last_ = token_.end;
    // A slash behind a value divides.
    const bool value = token_.kind == Token::Kind::kNumber || token_.kind == Token::Kind::kQuotedName ||
                       (token_.kind == Token::Kind::kSign && (token_.text == ")" || token_.text == "]")) ||
                       (token_.kind == Token::Kind::kWord && !equals_ignore_case(token_.text, "like") &&
                        !equals_ignore_case(token_.text, "parse") && !after_parse_source_);
    token_ = TRY(lexer_.next(!value));
    return {};
  }
  Result<bool> take(std::string_view sign) {
    if (token_.kind != Token::Kind::kSign || token_.text != sign) return false;
    TRY(step());
    return true;
  }
  bool word_is(std::string_view word) const {
    return token_.kind == Token::Kind::kWord && equals_ignore_case(token_.text, word);
  }
  Result<bool> take_word(std::string_view word) {
    if (!word_is(word)) return false;
    TRY(step());
    return true;
  }
  Failure unexpected(std::string_view wanted) const {
    const std::string found = token_.kind == Token::Kind::kEnd ? "the end" : "'" + token_.text + "'";
    return malformed(fmt::format("unexpected {} at position {}: {} is expected.", found, token_.begin + 1, wanted));
  }
  Status expect(std::string_view sign) {
    if (!TRY(take(sign))) return unexpected(sign);
    return {};
  }

  // --- commands ---
  Result<Command> command() {
    if (token_.kind != Token::Kind::kWord) return unexpected("a command");
    const std::string name = lower(token_.text);
    if (name == "parse") {
      after_parse_source_ = true;
      TRY(step());
      return parse_command();
    }
    TRY(step());
    if (name == "fields") return list(Command::Kind::kFields);
    if (name == "display") return list(Command::Kind::kDisplay);
    if (name == "dedup") return list(Command::Kind::kDedup);
    if (name == "filter") {
      Command out{.kind = Command::Kind::kFilter};
      out.expressions.push_back({TRY(expression(0)), ""});
      return out;
    }
    if (name == "filterindex") return filter_index();
    if (name == "sort") return sort();
    if (name == "limit" || name == "head") return limit();
    if (name == "stats") return stats();
    if (name == "unnest") return unnest();
    if (name == "pattern") {
      Command out{.kind = Command::Kind::kPattern};
      out.expressions.push_back(TRY(named()));
      return out;
    }
    constexpr std::string_view kOthers[] = {"diff", "anomaly", "unmask",     "lookup",
                                            "join", "source",  "subqueries", "appendcols"};
    if (std::ranges::find(kOthers, name) != std::end(kOthers))
      return malformed(fmt::format("The command {} is not supported by this server.", name));
    return malformed(fmt::format("'{}' is no command.", name));
  }

  // filterIndex field = "value", filterIndex field in [..]. AWS: "filterIndex".
  Result<Command> filter_index() {
    Command out{.kind = Command::Kind::kFilter};
    Expression all = TRY(expression(0));
    TRY(take_indexed(all));
    out.expressions.push_back({std::move(all), ""});
    return out;
  }
  Status take_indexed(const Expression& expression) {
    if (expression.kind == Expression::Kind::kAnd) {
      TRY(take_indexed(expression.parts[0]));
      return take_indexed(expression.parts[1]);
    }
    const bool equal = (expression.kind == Expression::Kind::kCompare && expression.name == "=") ||
                       expression.kind == Expression::Kind::kIn;
    if (!equal || expression.parts[0].kind != Expression::Kind::kField)
      return malformed("filterIndex takes a field with = or in, or several of these with and.");
    indexed_.push_back(expression.parts[0].name);
    return {};
  }

  Result<Named> named() {
    const size_t begin = token_.begin;
    Named out{.expression = TRY(expression(0))};
    out.name = out.expression.kind == Expression::Kind::kField
                   ? out.expression.name
                   : std::string(trim(lexer_.text().substr(begin, end_of_last_ - begin)));
    if (TRY(take_word("as"))) out.name = TRY(name());
    return out;
  }
  Result<std::string> name() {
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kQuotedName) return unexpected("a name");
    std::string out = token_.text;
    TRY(step());
    return out;
  }

  Result<Command> list(Command::Kind kind) {
    Command out{.kind = kind};
    do out.expressions.push_back(TRY(named()));
    while (TRY(take(",")));
    return out;
  }

  Result<Command> sort() {
    Command out{.kind = Command::Kind::kSort};
    do {
      out.expressions.push_back(TRY(named()));
      const bool descending = TRY(take_word("desc"));
      if (!descending) TRY(take_word("asc"));
      out.descending.push_back(descending);
    } while (TRY(take(",")));
    return out;
  }

  // unnest field into name
  Result<Command> unnest() {
    Command out{.kind = Command::Kind::kUnnest};
    out.expressions.push_back(TRY(named()));
    if (!TRY(take_word("into"))) return unexpected("into, and a name");
    out.names.push_back(TRY(name()));
    return out;
  }

  // logGroups(namePrefix: ["a", "b"]). AWS: "SOURCE".
  Result<std::vector<std::string>> source() {
    if (!TRY(take_word("logGroups"))) return unexpected("logGroups(namePrefix: [..])");
    TRY(expect("("));
    if (!TRY(take_word("namePrefix")))
      return malformed(
          "SOURCE logGroups takes namePrefix on this server: classes, accounts and other sources are not supported.");
    TRY(expect(":"));
    TRY(expect("["));
    std::vector<std::string> prefixes;
    do {
      if (token_.kind != Token::Kind::kText || token_.text.size() < kShortestPrefix)
        return unexpected("a quoted prefix of three letters or more");
      prefixes.push_back(token_.text);
      TRY(step());
    } while (TRY(take(",")));
    TRY(expect("]"));
    TRY(expect(")"));
    if (prefixes.size() > kMostPrefixes)
      return malformed(fmt::format("SOURCE takes {} prefixes at most.", kMostPrefixes));
    return prefixes;
  }

  Result<Command> limit() {
    const auto count = token_.kind == Token::Kind::kNumber ? parse_int(token_.text) : std::nullopt;
    if (!count || *count < 1 || *count > static_cast<int64_t>(kMostRows))
      return unexpected(fmt::format("a number from 1 to {}", kMostRows));
    TRY(step());
    return Command{.kind = Command::Kind::kLimit, .limit = static_cast<size_t>(*count)};
  }

  Result<Command> stats() {
    Command out{.kind = Command::Kind::kStats};
    aggregating_ = true;
    do out.expressions.push_back(TRY(named()));
    while (TRY(take(",")));
    aggregating_ = false;
    if (TRY(take_word("by"))) do
        out.by.push_back(TRY(named()));
      while (TRY(take(",")));
    return out;
  }

  // parse [source] "glob * .." as a, b     parse [source] /(?<name>..)/ [as a, b]
  Result<Command> parse_command() {
    Command out{.kind = Command::Kind::kParse};
    out.expressions.push_back({Expression{.kind = Expression::Kind::kField, .name = "@message"}, ""});
    if (token_.kind == Token::Kind::kWord || token_.kind == Token::Kind::kQuotedName)
      out.expressions.back().expression = TRY(primary(0));
    after_parse_source_ = false;
    const bool glob = token_.kind == Token::Kind::kText;
    if (!glob && token_.kind != Token::Kind::kRegex) return unexpected("\"a glob with *\" or /a regular expression/");
    out.regex = TRY(regex_of(glob ? regex_of_glob(token_.text) : token_.text));
    TRY(step());
    for (const auto& [group, name] : out.regex->names()) {
      if (out.names.size() < group) out.names.resize(group);
      out.names[group - 1] = name;
    }
    if (TRY(take_word("as"))) {
      out.names.clear();
      do out.names.push_back(TRY(name()));
      while (TRY(take(",")));
    }
    if (out.names.empty()) return unexpected("as, and a name for each *");
    if (out.names.size() > out.regex->groups() || (glob && out.names.size() != out.regex->groups()))
      return malformed(fmt::format("parse finds {} values and names {}.", out.regex->groups(), out.names.size()));
    return out;
  }

  static std::string regex_of_glob(std::string_view glob) {
    std::string out = "(?s)";
    for (size_t i = 0; i < glob.size(); ++i) {
      if (glob[i] == '*')
        out += i + 1 == glob.size() ? "(.*)" : "(.*?)";
      else if (std::isalnum(static_cast<unsigned char>(glob[i])) || static_cast<unsigned char>(glob[i]) >= 0x80)
        out += glob[i];
      else
        (out += '\\') += glob[i];
    }
    return out;
  }
  static Result<Regex> regex_of(std::string_view text) {
    auto regex = logs::regex_of(text);
    if (!regex) return malformed(regex.error().message);
    return regex;
  }

  // --- expressions ---
  Result<Expression> expression(int depth) {
    if (depth > kDeepest) return malformed("The query's parentheses are nested too deeply.");
    Expression left = TRY(conjunction(depth));
    while (TRY(take_word("or"))) left = join(Expression::Kind::kOr, "or", std::move(left), TRY(conjunction(depth)));
    return left;
  }
  Result<Expression> conjunction(int depth) {
    Expression left = TRY(negation(depth));
    while (TRY(take_word("and"))) left = join(Expression::Kind::kAnd, "and", std::move(left), TRY(negation(depth)));
    return left;
  }
  Result<Expression> negation(int depth) {
    if (depth > kDeepest) return malformed("The query's parentheses are nested too deeply.");
    if (!TRY(take_word("not"))) return comparison(depth);
    Expression out{.kind = Expression::Kind::kNot};
    out.parts.push_back(TRY(negation(depth + 1)));
    return out;
  }

  Result<Expression> comparison(int depth) {
    Expression left = TRY(sum(depth));
    if (token_.kind == Token::Kind::kSign)
      for (const std::string_view sign : {"=", "==", "!=", "<>", "<", "<=", ">", ">=", "=~"})
        if (token_.text == sign) {
          TRY(step());
          if (sign == "=~") return like(std::move(left), depth);
          const std::string_view known = sign == "==" ? "=" : sign == "<>" ? "!=" : sign;
          return join(Expression::Kind::kCompare, known, std::move(left), TRY(sum(depth)));
        }
    if (TRY(take_word("like"))) return like(std::move(left), depth);
    if (word_is("in")) return in(std::move(left), depth);
    if (!TRY(take_word("not"))) return left;
    Expression out{.kind = Expression::Kind::kNot};
    if (TRY(take_word("like")))
      out.parts.push_back(TRY(like(std::move(left), depth)));
    else
      out.parts.push_back(TRY(in(std::move(left), depth)));
    // Of an absent field neither holds.
    Expression there{.kind = Expression::Kind::kCall, .name = "ispresent"};
    there.parts.push_back(out.parts[0].parts[0]);
    return join(Expression::Kind::kAnd, "and", std::move(there), std::move(out));
  }

  Result<Expression> like(Expression left, int depth) {
    Expression right;
    if (token_.kind == Token::Kind::kRegex) {
      right = {.kind = Expression::Kind::kRegex, .regex = TRY(regex_of(token_.text))};
      TRY(step());
    } else {
      right = TRY(sum(depth));
    }
    return join(Expression::Kind::kLike, "like", std::move(left), std::move(right));
  }

  Result<Expression> in(Expression left, int depth) {
    if (!TRY(take_word("in"))) return unexpected("in or like");
    TRY(expect("["));
    Expression list{.kind = Expression::Kind::kList};
    while (!TRY(take("]"))) {
      list.parts.push_back(TRY(sum(depth + 1)));
      if (!TRY(take(",")) && !(token_.kind == Token::Kind::kSign && token_.text == "]")) return unexpected(", or ]");
    }
    return join(Expression::Kind::kIn, "in", std::move(left), std::move(list));
  }

  Result<Expression> sum(int depth) {
    Expression left = TRY(product(depth));
    while (token_.kind == Token::Kind::kSign && (token_.text == "+" || token_.text == "-")) {
      const std::string sign = token_.text;
      TRY(step());
      left = join(Expression::Kind::kArithmetic, sign, std::move(left), TRY(product(depth)));
    }
    return left;
  }
  Result<Expression> product(int depth) {
    Expression left = TRY(power(depth));
    while (token_.kind == Token::Kind::kSign && (token_.text == "*" || token_.text == "/" || token_.text == "%")) {
      const std::string sign = token_.text;
      TRY(step());
      left = join(Expression::Kind::kArithmetic, sign, std::move(left), TRY(power(depth)));
    }
    return left;
  }
  Result<Expression> power(int depth) {
    Expression left = TRY(primary(depth));
    if (!TRY(take("^"))) return left;
    return join(Expression::Kind::kArithmetic, "^", std::move(left), TRY(primary(depth)));
  }

  Result<Expression> primary(int depth) {
    if (depth > kDeepest) return malformed("The query's parentheses are nested too deeply.");
    if (TRY(take("("))) {
      Expression inner = TRY(expression(depth + 1));
      TRY(expect(")"));
      return inner;
    }
    if (TRY(take("-"))) {
      Expression out{.kind = Expression::Kind::kNegate};
      out.parts.push_back(TRY(primary(depth + 1)));
      return out;
    }
    const Token token = token_;
    Expression out{.name = token.text};
    switch (token.kind) {
      case Token::Kind::kText: out.literal = token.text; break;
      case Token::Kind::kNumber: {
        const auto number = parse_double(token.text);
        if (!number) return unexpected("a number");
        out.literal = *number;
        break;
      }
      case Token::Kind::kPeriod: {
        out.kind = Expression::Kind::kPeriod;
        const size_t unit = std::min(token.text.find_first_not_of("0123456789"), token.text.size());
        const auto count = parse_int(token.text.substr(0, unit));
        const bool fits = count && *count > 0 && *count <= 1'000'000;
        if (fits) out.months = static_cast<int32_t>(*count) * months_of(token.text.substr(unit));
        if (fits) out.period = *count * unit_of(token.text.substr(unit));
        if (out.months <= 0 && out.period <= 0) return unexpected("a period: 30s, 5m, 1h, 1d, 1w, 1mo, 1q, 1y");
        break;
      }
      case Token::Kind::kQuotedName: out.kind = Expression::Kind::kField; break;
      case Token::Kind::kWord: out.kind = Expression::Kind::kField; break;
      default: return unexpected("a field, value or function");
    }
    TRY(step());
    if (token.kind == Token::Kind::kWord && token_.kind == Token::Kind::kSign && token_.text == "(")
      out = TRY(function(token.text, depth));
    while (out.kind != Expression::Kind::kLiteral && TRY(take("["))) {
      out = join(Expression::Kind::kPart, "[", std::move(out), TRY(sum(depth + 1)));
      TRY(expect("]"));
    }
    return out;
  }

  Result<Expression> function(const std::string& name, int depth) {
    Expression out{.kind = Expression::Kind::kCall, .name = lower(name)};
    TRY(expect("("));
    if (is_aggregate(out.name) && !aggregating_)
      return malformed(fmt::format("{}() stands in a stats command only.", name));
    if (out.name == "count" && TRY(take("*"))) {
      TRY(expect(")"));
      return out;
    }
    while (!TRY(take(")"))) {
      out.parts.push_back(TRY(expression(depth + 1)));
      if (!TRY(take(",")) && !(token_.kind == Token::Kind::kSign && token_.text == ")")) return unexpected(", or )");
    }
    TRY(check_function(out.name, out.parts.size()));
    for (const Expression& part : out.parts)
      if (part.months > 0 && out.name != "bin" && out.name != "datefloor" && out.name != "dateceil")
        return malformed(fmt::format("{}() takes no months.", name));
    return out;
  }

  static Expression join(Expression::Kind kind, std::string_view name, Expression left, Expression right) {
    Expression out{.kind = kind, .name = std::string(name)};
    out.parts.push_back(std::move(left));
    out.parts.push_back(std::move(right));
    return out;
  }

  Lexer lexer_;
  Token token_;
  size_t end_of_last_ = 0;
  bool aggregating_ = false, after_parse_source_ = false;
  std::vector<std::string> indexed_;  // of filterIndex
};

}  // namespace

Result<Query> parse(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace tarn::logs::insights
